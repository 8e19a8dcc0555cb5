"""
What a cell means: a number, a day, a word, or unknown. Exact: texts become integers by decimal rounding, half to even, and never
pass through a float.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation

#: Texts that say nothing is known. A category may have "none" as a word of its own; a number cannot.
_BLANK = frozenset({"", "?", "na", "n/a", "#n/a", "nan", "null", "nil", "<na>", "nat", "n.a."})
_BLANK_NUMBER = _BLANK | {
    "none",
    "-",
    "--",
    ".",
    "..",
    "missing",
    "unknown",
    "无",
    "未知",
    "#div/0!",
    "#value!",
    "#num!",
}
_INFINITE = frozenset({"inf", "-inf", "+inf", "infinity", "-infinity", "+infinity", "∞", "-∞"})
#: Sign and currency, the digits with their marks, an exponent, a unit of money or percent.
_AMOUNT = re.compile(
    r"([-+]?)\s*[$¥€£]?\s*([-+]?)\s*(\d[\d.,_'\u2019 ]*|[.,]\d[\d.,]*)([eE][-+]?\d{1,9})?\s*[%元$¥€£]?", re.ASCII
)
#: Digits in threes, as an Indian lakh, or not grouped at all.
_GROUPS = re.compile(r"\d*|\d{1,3}([.,_'\u2019 ])\d{3}(\1\d{3})*|\d{1,2}(,\d{2})+,\d{3}", re.ASCII)
#: One mark before three digits: thousands to some, decimals to others.
_EITHER = re.compile(r"[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
_CONTEXT = Context(prec=60, rounding=ROUND_HALF_EVEN)
#: Bounds of an integer of record here; what lies beyond is held at the bound, which no table or tree can tell from it.
BOUND = 2**62
WORD_MAX = 80
_EPOCH = date(1970, 1, 1).toordinal()


class NotANumberError(ValueError):
    """The cell holds something else than a number."""


def is_blank(cell: str | None) -> bool:
    """Whether a cell of any kind says nothing."""
    return cell is None or cell.strip().lower() in _BLANK


def number(cell: str | None, mark: str | None = None) -> Decimal | None:
    """
    A number as it is written; None where unknown, infinite or no number at all is meant.

    Currency signs, thousands separators, a percent sign and an accountant's parentheses are taken off: `($1,200.50)` is -1200.50.

    Args:
        mark: Which of . and , parts off the decimals; by default what the cell itself shows, and of `1,234` that it has none.

    Raises:
        NotANumberError: Something else, or another decimal mark.

    >>> number("1,234"), number("1,234", ","), number("1.234,56"), number("0,5")
    (Decimal('1234'), Decimal('1.234'), Decimal('1234.56'), Decimal('0.5'))
    """
    if cell is None:
        return None
    text = cell.strip()
    if text.lower() in _BLANK_NUMBER or text.lower() in _INFINITE:
        return None
    try:
        found = _amount(text, mark) if mark == "," else Decimal(text)
    except InvalidOperation:
        found = _amount(text, mark)
    return found if found.is_finite() else None


def _amount(text: str, mark: str | None) -> Decimal:
    text = unicodedata.normalize("NFKC", text).strip()
    # NFKC has made one sign of both yens and commas; parentheses are an accountant's minus.
    negative = text.startswith("(") and text.endswith(")")
    match = _AMOUNT.fullmatch(text[1:-1].strip() if negative else text)
    if match is None or (match[1] and match[2]):
        raise NotANumberError
    sign, digits, power = match[1] or match[2], match[3].strip(), match[4] or ""
    mark = mark or _own_mark(digits) or "."
    whole, _, decimals = digits.partition(mark)
    if not _GROUPS.fullmatch(whole) or (decimals and not decimals.isdigit()) or digits.endswith(","):
        raise NotANumberError
    found = Decimal(f"{sign}{re.sub('[^0-9]', '', whole)}.{decimals}{power}")
    return found.copy_negate() if negative else found


def _own_mark(digits: str) -> str | None:
    """The decimal mark that the digits themselves show, None where they show none."""
    commas, points = digits.count(","), digits.count(".")
    if commas and points:
        return "," if digits.rindex(",") > digits.rindex(".") else "."
    if not commas and not points:
        return None
    own, other = (",", ".") if commas else (".", ",")
    if commas + points > 1:
        return other
    return None if _EITHER.fullmatch(digits) else own


def decimal_mark(cells: Sequence[str | None]) -> str | None:
    """
    Which of . and , parts off the decimals of a column, by what most of its cells show; None where none does.

    >>> decimal_mark(["1,234", "0,5"]), decimal_mark(["1,234", "0.5"]), decimal_mark(["1,234"])
    (',', '.', None)
    """
    marked = [cell for cell in cells if cell is not None and ("." in cell or "," in cell or "\uff0c" in cell)]
    # Most tables have no commas in their cells, and then the first cell that shows anything decides.
    is_plain = all(cell.isascii() and "," not in cell and cell.count(".") == 1 for cell in marked)
    votes = {".": 0, ",": 0}
    for cell in marked:
        match = _AMOUNT.fullmatch(unicodedata.normalize("NFKC", cell).strip(" ()\t"))
        if match is None or (own := _own_mark(match[3].strip())) is None:
            continue
        if is_plain:
            return own
        votes[own] += 1
    return None if votes["."] == votes[","] else max(votes, key=lambda mark: votes[mark])


def scaled(value: Decimal, digits: int) -> int:
    """
    The value times 10**digits, rounded half to even, held within BOUND.

    >>> scaled(Decimal("0.125"), 2), scaled(Decimal("0.135"), 2), scaled(Decimal("-2.5"), 0)
    (12, 14, -2)
    """
    # An exponent as in 1e999999999 would fill the memory before it is held.
    if value.adjusted() + digits > 20:
        return BOUND if value > 0 else -BOUND
    if value.adjusted() + digits < -2:
        return 0
    shifted = value.scaleb(digits, _CONTEXT).to_integral_value(ROUND_HALF_EVEN, _CONTEXT)
    return max(-BOUND, min(BOUND, int(shifted)))


def word(cell: str | None) -> str | None:
    """
    A category's word: without outer blanks, with inner ones single, in one form of letters and width; None where unknown.

    `Y`, `y ` and the same letter in full width are one word, and so are `1` and `1.0`.
    """
    if is_blank(cell):
        return None
    assert cell is not None
    text = " ".join(unicodedata.normalize("NFKC", cell).split()).casefold()[:WORD_MAX]
    return text[:-2] if text.endswith(".0") and text[:-2].lstrip("-").isdigit() else text


# -- days -------------------------------------------------------------------------------------------------------------

_NUMBERS = re.compile(r"(\d{1,4})[-/.年](\d{1,2})[-/.月](\d{1,4})日?")
_MONTH_ONLY = re.compile(r"(\d{4})[-/.年](\d{1,2})月?")
_COMPACT = re.compile(r"(19|20)\d{6}")
_LETTER = re.compile(r"[A-Za-z]")
_WITH_NAME = ("%d-%b-%y", "%d-%b-%Y", "%d %b %Y", "%b %d, %Y", "%B %d, %Y", "%d %B %Y", "%b-%Y", "%b-%y", "%d%b%Y")


def day_order(cells: Iterable[str | None]) -> str | None:
    """
    "day_first" or "month_first" of a column with days such as 25/12/2019; None where it has none of them.

    Where no cell decides, a month is taken to come first.
    """
    found = None
    for cell in cells:
        match = _NUMBERS.match(cell.strip()) if cell else None
        if match and len(match[1]) < 3:
            # 25/12/2019 can only be a day before a month.
            if int(match[1]) > 12:
                return "day_first"
            found = "month_first"
    return found


def day_reader(cells: Iterable[str | None], order: str | None = None) -> Callable[[str | None], int | None]:
    """
    How the days of a column are written.

    Args:
        order: "day_first" or "month_first"; found from all of the column where absent.

    Returns:
        A function from cell to days since 1970-01-01, None where unknown.

    The function raises ValueError for a cell that is no day, or one in another order.
    """
    day_first = (order or day_order(cells)) == "day_first"
    # Columns of days say the same day often, and a name of a month takes many tries.
    known: dict[str, int | None] = {}

    def read(cell: str | None) -> int | None:
        if cell is None:
            return None
        if cell not in known:
            known[cell] = None if is_blank(cell) else _day(cell.strip(), day_first=day_first).toordinal() - _EPOCH
        return known[cell]

    return read


def _day(text: str, *, day_first: bool) -> date:
    if match := _NUMBERS.match(text):
        first, second, third = (int(part) for part in match.groups())
        if len(match[1]) >= 3:
            return date(first, second, third)
        year = third if len(match[3]) > 2 else _century(third)
        return date(year, second, first) if day_first else date(year, first, second)
    if match := _MONTH_ONLY.fullmatch(text):
        return date(int(match[1]), int(match[2]), 1)
    if _COMPACT.fullmatch(text):
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    for form in _WITH_NAME if _LETTER.search(text) else ():
        try:
            return datetime.strptime(text.title(), form).date()  # noqa: DTZ007 - a day has no zone.
        except ValueError:
            continue
    raise ValueError("no day")


def _century(year: int) -> int:
    return year + (1900 if year > 68 else 2000)
