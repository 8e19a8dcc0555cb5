"""A column at first sight: how many cells say something, how many differ, whether they are numbers, days or words."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hefu.credit.models.values import NotANumberError, day_reader, decimal_mark, is_blank, number, word

#: So many cells are looked into.
SAMPLE = 20_000
_MANY = 1_000
#: A label has so many words at most, which is more than any scale of ratings with its notches; of a column so many are kept.
WORDS_SEEN = 25
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def plain_name(name: str) -> str:
    """
    A column's name in one form, so that one pattern fits all ways to write it.

    >>> plain_name("NumberOfTimes90DaysLate"), plain_name("not.fully.paid"), plain_name("Bankrupt?")
    ('number_of_times90_days_late', 'not_fully_paid', 'bankrupt')
    """
    text = _CAMEL.sub("_", unicodedata.normalize("NFKC", name))
    return re.sub(r"[\W_]+", "_", text).strip("_").lower()


@dataclass(frozen=True, slots=True)
class Seen:
    """
    What was seen of a column.

    Args:
        mark: What parts off its decimals, where a cell shows it.
        plain: Its name in one form.
        rows, blank, distinct: Of all rows; what looks unique in a sample may repeat in the whole.
        sampled: Known cells that were looked into; `numbers`, `finite` and `days` of them are such.
        words: The commonest first, WORDS_SEEN at most and one.
        low, high: Of the numbers.
        is_compact: All are days written 20191231.
    """

    name: str
    mark: str | None
    plain: str
    rows: int
    blank: int
    distinct: int
    sampled: int
    numbers: int
    finite: int
    days: int
    words: tuple[str, ...]
    low: str
    high: str
    is_whole: bool
    is_compact: bool

    @property
    def known(self) -> int:
        """Cells that say something."""
        return self.rows - self.blank

    @property
    def is_number(self) -> bool:
        """Cells such as "none" may stand in for a number, but a column of them and words is none of numbers."""
        return not self.is_compact and self.numbers >= 0.9 * self.sampled and self.finite >= max(1, 0.5 * self.sampled)

    @property
    def is_day(self) -> bool:
        """Nearly all are days."""
        return self.sampled > 0 and not self.is_number and self.days >= 0.95 * self.sampled


def look(name: str, column: Sequence[str | None]) -> Seen:
    """Look at a column: at all cells whether they differ, into a sample of them what they are."""
    everything = Counter(column)
    cells = everything if len(column) <= SAMPLE else Counter(column[:: len(column) // SAMPLE + 1])
    # Where so many differ, nobody asks whether `Y` and `y ` are one word.
    plain = word if len(everything) <= _MANY else _bare
    words = {cell: plain(cell) for cell in everything}
    blank = sum(n for cell, n in everything.items() if words[cell] is None)
    distinct = len({*words.values()} - {None})
    known = {cell: n for cell, n in cells.items() if cell is not None and words[cell] is not None}
    values, mark = {}, decimal_mark(list(known))
    for cell in known:
        try:
            values[cell] = number(cell, mark)
        except NotANumberError:
            continue
    finite = {cell: v for cell, v in values.items() if v is not None}
    sampled, numbers = sum(known.values()), sum(known[cell] for cell in values)
    compact = bool(known) and all(len(cell.strip()) == 8 and cell.strip().isdigit() for cell in known)
    days = _days(known) if compact or numbers < 0.9 * sampled else 0
    counts = Counter[str | None]()
    for cell, n in known.items():
        counts[words[cell]] += n
    return Seen(
        name=name,
        mark=mark,
        plain=plain_name(name),
        rows=len(column),
        blank=blank,
        distinct=distinct,
        sampled=sampled,
        numbers=numbers,
        finite=sum(known[cell] for cell in finite),
        days=days,
        words=tuple(str(w) for w, _ in counts.most_common(WORDS_SEEN + 1)),
        low=f"{float(min(finite.values())):.6g}" if finite else "",
        high=f"{float(max(finite.values())):.6g}" if finite else "",
        is_whole=all(v == v.to_integral_value() for v in finite.values()),
        is_compact=compact and days >= 0.95 * sampled,
    )


def _bare(cell: str | None) -> str | None:
    return None if cell is None or is_blank(cell) else cell.strip()


def _days(known: Mapping[str, int]) -> int:
    read, found, strange = day_reader(known), 0, 0
    for cell, n in known.items():
        try:
            found += n * (read(cell) is not None)
        except ValueError:
            strange += 1
            if strange > 50 + len(known) // 10:
                # Words are read in every way that a day is written: no need of all of them.
                return 0
    return found
