"""
From a table's texts to the integers of a model's fields, and to the words whose integers a fit has yet to find. Needs nothing but
the standard library, so that scoring a table does not either.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from hefu.credit.models.record import Field
from hefu.credit.models.schema import Column, Role, Schema
from hefu.credit.models.tables import Table
from hefu.credit.models.values import BOUND, NotANumberError, day_reader, is_blank, number, scaled, word
from hefu.kernel.errors import UsageError

#: Digits that a number needs at most; more than any measurement has.
_DIGITS_MAX = 12
#: Categories keep so many words; rarer ones are other words.
WORDS_MAX = 500
#: Log odds of a category's word are kept in thousandths.
CODE_BOUND = 10**6


@dataclass(slots=True)
class Coded:
    """
    A table as a model reads it.

    Args:
        integers: Of numbers and days: field to one integer a row, None where unknown.
        words: Of categories: field to one word a row, None where unknown.
        strange: Field to the rows (from 0) whose cell is neither a number nor a known way to say unknown; they count as unknown.
        infinite: Field to how many cells said infinite; they count as unknown too.
    """

    rows: int
    integers: dict[str, list[int | None]] = field(default_factory=dict)
    words: dict[str, list[str | None]] = field(default_factory=dict)
    strange: dict[str, list[int]] = field(default_factory=dict)
    infinite: dict[str, int] = field(default_factory=dict)


def digits_needed(values: Sequence[Decimal]) -> int:
    """
    Digits after the point that tell a column's values apart: those they are written with, or as many as split the middle of their
    range a million times; fewer where the largest would leave 64 bits.
    """
    if not values:
        return 0
    written = max(-int(v.as_tuple().exponent) if v else 0 for v in values)
    ordered = sorted(map(abs, values))
    middle = [v for v in ordered[len(ordered) // 20 :] if v]
    typical = middle[len(middle) // 20] if middle else Decimal(1)
    needed = 6 - typical.adjusted()
    room = 18 - max(0, ordered[-1].adjusted() + 1)
    return max(0, min(written, needed, _DIGITS_MAX, max(room, 0)))


def code_table(table: Table, schema: Schema, digits: Mapping[str, int] | None = None) -> tuple[Coded, dict[str, int]]:
    """
    Read the columns that a model reads.

    Args:
        digits: Of each number; found from the table where absent.

    Returns:
        The coded table, and the digits.

    Raises:
        UsageError: TABLE_COLUMN, a column is not there; NO_TIME, a day needs the day of the row; FIELD_NOT_NUMBERS, most cells of a
            number are none.
    """
    coded, used = Coded(table.rows), dict[str, int]()
    for column in schema.fields:
        cells = table.column(column.name)
        if column.role is Role.CATEGORY:
            coded.words[column.name] = [word(cell) for cell in cells]
        elif column.role is Role.DATE:
            coded.integers[column.name] = _days_before(table, schema, column, cells)
            used[column.name] = 0
        else:
            values = _numbers(table, column, cells, coded)
            asked = column.digits if column.digits is not None else (digits or {}).get(column.name)
            used[column.name] = digits_needed([v for v in values if v is not None]) if asked is None else asked
            coded.integers[column.name] = [None if v is None else scaled(v, used[column.name]) for v in values]
    return coded, used


def _numbers(table: Table, column: Column, cells: Sequence[str | None], coded: Coded) -> list[Decimal | None]:
    found, strange = list[Decimal | None](), list[int]()
    infinite = 0
    for i, cell in enumerate(cells):
        try:
            value = number(cell)
        except NotANumberError:
            strange.append(i)
            value = None
        else:
            infinite += value is None and cell is not None and "inf" in cell.lower()
        found.append(value)
    if 2 * len(strange) > len(cells) and len(cells) > 1:
        raise UsageError(
            "most cells of this column are no numbers; make it a category in the schema, or ignore it",
            code="FIELD_NOT_NUMBERS",
            where=f"{table.file}: {column.name}",
        )
    if strange:
        coded.strange[column.name] = strange
    if infinite:
        coded.infinite[column.name] = infinite
    return found


def _days_before(table: Table, schema: Schema, column: Column, cells: Sequence[str | None]) -> list[int | None]:
    if not schema.time:
        raise UsageError(
            "a day says nothing without the day of the row: name the time column in the schema, or ignore this one",
            code="NO_TIME",
            where=f"{table.file}: {column.name}",
        )
    decided = days(table, schema.time)
    return [
        None if day is None or at is None else at - day for day, at in zip(days(table, column.name, cells), decided)
    ]


def days(table: Table, name: str, cells: Sequence[str | None] | None = None) -> list[int | None]:
    """
    Days since 1970-01-01 of a column; a year or another whole number stands for itself.

    Raises:
        UsageError: BAD_DATE, with the row; a column of days and others.
    """
    cells = table.column(name) if cells is None else cells
    known = [cell.strip() for cell in cells if cell is not None and not is_blank(cell)]
    if known and all(text.lstrip("-").replace(".0", "").isdigit() and len(text) < 8 for text in known):
        return [None if cell is None or is_blank(cell) else int(float(cell)) for cell in cells]
    read, found = day_reader(cells), list[int | None]()
    for i, cell in enumerate(cells):
        try:
            found.append(read(cell))
        except ValueError:
            raise UsageError(
                "not a day; write 2026-06-30", code="BAD_DATE", where=f"{table.file}:{i + 2}: {name}"
            ) from None
    return found


# -- categories -------------------------------------------------------------------------------------------------------


def word_codes(words: Sequence[str | None], labels: Sequence[int], *, weight: float) -> dict[str, int]:
    """
    Integers of a category's words: log odds of default against the whole, in thousandths, drawn to zero where few rows have
    the word.
    Zero is no word's: it stands for words that are not among them.

    Args:
        labels: 1 default, 0 none.
        weight: How many rows the whole counts for.
    """
    rows, bads = Counter(words), Counter(w for w, y in zip(words, labels) if y)
    rate = (sum(labels) + 0.5) / (len(labels) + 1)
    found = {}
    for name, count in rows.most_common(WORDS_MAX):
        if name is None:
            continue
        share = (bads[name] + weight * rate) / (count + weight)
        odds = math.log(share / (1 - share)) - math.log(rate / (1 - rate))
        code = round(1000 * odds)
        found[name] = max(-CODE_BOUND, min(CODE_BOUND, code or (1 if bads[name] > rate * count else -1)))
    return found


def bounds(column: Column, digits: int) -> tuple[int, int]:
    """Least and greatest integer that the schema allows."""
    low = -BOUND if column.lowest is None else scaled(Decimal(column.lowest), digits)
    high = BOUND if column.highest is None else scaled(Decimal(column.highest), digits)
    return low, high


def record_columns(table: Table, schema: Schema, fields: Sequence[Field]) -> tuple[dict[str, list[int | None]], Coded]:
    """
    What a model scores, by field.

    Raises:
        UsageError: As `code_table`.
    """
    coded, _ = code_table(table, schema, {f.name: f.digits for f in fields})
    columns = dict(coded.integers)
    for f in fields:
        if f.name in coded.words:
            assert f.other is not None
            known = {w: f.codes.get(w, f.other) for w in set(coded.words[f.name]) if w is not None}
            columns[f.name] = [None if w is None else known[w] for w in coded.words[f.name]]
    return columns, coded
