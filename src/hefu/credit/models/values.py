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
_CLUTTER = re.compile(r"[\s$¥￥€£,_']|%$|元$")
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


def number(cell: str | None) -> Decimal | None:
    """
    A number as it is written; None where unknown, infinite or no number at all is meant.

    Currency signs, thousands separators, a percent sign and an accountant's parentheses are taken off: `($1,200.50)` is -1200.50.

    Raises:
        NotANumberError: Something else.
    """
    if cell is None:
        return None
    text = cell.strip()
    if text.lower() in _BLANK_NUMBER or text.lower() in _INFINITE:
        return None
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = _cleaned(text)
    return found if found.is_finite() else None


def _cleaned(text: str) -> Decimal:
    text = unicodedata.normalize("NFKC", text).strip()
    negative = text.startswith("(") and text.endswith(")")
    try:
        found = Decimal(_CLUTTER.sub("", text.strip("()") if negative else text))
    except InvalidOperation:
        raise NotANumberError from None
    return -found if negative else found


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
_WITH_NAME = ("%d-%b-%y", "%d-%b-%Y", "%d %b %Y", "%b %d, %Y", "%B %d, %Y", "%d %B %Y", "%b-%Y", "%b-%y", "%d%b%Y")


def day_reader(cells: Iterable[str | None]) -> Callable[[str | None], int | None]:
    """
    How the days of a column are written, found from all of it.

    Returns:
        A function from cell to days since 1970-01-01, None where unknown.

    The function raises ValueError for a cell that is no day.
    """
    day_first = False
    for cell in cells:
        match = _NUMBERS.match(cell.strip()) if cell else None
        # 25/12/2019 can only be a day before a month; where no cell decides, a month is taken to come first.
        if match and len(match[1]) < 3 and int(match[1]) > 12:
            day_first = True
            break

    def read(cell: str | None) -> int | None:
        if is_blank(cell):
            return None
        assert cell is not None
        return _day(cell.strip(), day_first=day_first).toordinal() - _EPOCH

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
    for form in _WITH_NAME:
        try:
            return datetime.strptime(text.title(), form).date()  # noqa: DTZ007 - a day has no zone.
        except ValueError:
            continue
    raise ValueError("no day")


def _century(year: int) -> int:
    return year + (1900 if year > 68 else 2000)


def decimals(cells: Sequence[str | None]) -> list[Decimal | None]:
    """
    Numbers of a column.

    Raises:
        NotANumberError: With the position of the first cell that is none.
    """
    found = []
    for i, cell in enumerate(cells):
        try:
            found.append(number(cell))
        except NotANumberError:
            raise NotANumberError(i) from None
    return found
