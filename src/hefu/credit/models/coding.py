"""
From a table's texts to the integers of a model's fields, and to the words whose integers a fit has yet to find. Needs nothing but
the standard library, so that scoring a table does not either.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from hefu.credit.models.record import Field
from hefu.credit.models.schema import Column, Role, Schema
from hefu.credit.models.tables import Table
from hefu.credit.models.values import (
    BOUND,
    NotANumberError,
    day_order,
    day_reader,
    decimal_mark,
    is_blank,
    number,
    scaled,
    word,
)
from hefu.kernel.errors import UsageError

#: Digits that a number needs at most; more than any measurement has.
_DIGITS_MAX = 12
#: From so many numbers on the largest may be a slip.
_SLIP_ROWS = 20
#: Categories keep so many words; rarer ones are other words.
WORDS_MAX = 500
#: And only those of so many rows: what few rows have tells of them and not of others.
WORD_ROWS = 5
#: A year, a month as 202406, a number of days; eight digits are a day.
_WHOLE = re.compile(r"-?\d{1,7}(\.0)?", re.ASCII)
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
        held: Field to how many cells lie beyond what an integer of its digits can hold; they count as its bound.
        written: How the cells of a column were read: a number's decimal mark, the order of a day; what the cells do not show is
            not there.
    """

    rows: int
    integers: dict[str, list[int | None]] = field(default_factory=dict)
    words: dict[str, list[str | None]] = field(default_factory=dict)
    strange: dict[str, list[int]] = field(default_factory=dict)
    infinite: dict[str, int] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)


def digits_needed(values: Sequence[Decimal]) -> int:
    """
    Digits after the point that tell a column's values apart: those they are written with, or as many as split the middle of their
    range a million times; fewer where the largest but one in a hundred would leave 64 bits: one slip must not flatten the rest.
    """
    if not values:
        return 0
    written = max(-int(v.as_tuple().exponent) if v else 0 for v in values)
    # A context's bounds are none of record's: 1e1000000 has an absolute value too.
    ordered = sorted(v.copy_abs() for v in values)
    middle = [v for v in ordered[len(ordered) // 20 :] if v]
    typical = middle[len(middle) // 20] if middle else Decimal(1)
    needed = 6 - typical.adjusted()
    slips = max(len(ordered) // 100, int(len(ordered) >= _SLIP_ROWS))
    room = 18 - max(0, ordered[-1 - slips].adjusted() + 1)
    return max(0, min(written, needed, _DIGITS_MAX, max(room, 0)))


def code_table(
    table: Table, schema: Schema, digits: Mapping[str, int] | None = None, written: Mapping[str, str] | None = None
) -> tuple[Coded, dict[str, int]]:
    """
    Read the columns that a model reads.

    Args:
        digits: Of each number; found from the table where absent.
        written: As a model's file keeps it of the table that it was made from; found from the table where absent.

    Returns:
        The coded table, and the digits.

    Raises:
        UsageError: TABLE_COLUMN, a column is not there; NO_TIME, a day needs the day of the row; FIELD_NOT_NUMBERS, most cells of a
            number are none.
    """
    coded, used = Coded(table.rows, written=_written(table, schema, written or {})), dict[str, int]()
    for column in schema.fields:
        cells = table.column(column.name)
        if column.role is Role.CATEGORY:
            coded.words[column.name] = [word(cell) for cell in cells]
        elif column.role is Role.DATE:
            coded.integers[column.name] = _days_before(table, schema, column, coded)
            used[column.name] = 0
        else:
            values = _numbers(table, column, cells, coded)
            asked = column.digits if column.digits is not None else (digits or {}).get(column.name)
            used[column.name] = digits_needed([v for v in values if v is not None]) if asked is None else asked
            found = [None if v is None else scaled(v, used[column.name]) for v in values]
            coded.integers[column.name] = found
            if held := sum(v is not None and abs(v) == BOUND for v in found):
                coded.held[column.name] = held
    return coded, used


def _written(table: Table, schema: Schema, known: Mapping[str, str]) -> dict[str, str]:
    found, open_ones = dict(known), list[str]()
    for column in schema.fields:
        if column.name in found or column.role is Role.CATEGORY:
            continue
        cells = table.column(column.name)
        if column.role is Role.DATE:
            _put(found, column.name, day_order(cells))
        elif column.name not in table.numbers:
            _put(found, column.name, decimal_mark(cells))
            open_ones += [] if column.name in found else [column.name]
    if schema.time and schema.time in table.names and schema.time not in found:
        _put(found, schema.time, day_order(table.column(schema.time)))
    # Columns of one file are written alike: `1,234` is below two where the others show decimal commas.
    marks = {mark for mark in found.values() if mark in (".", ",")}
    return found | dict.fromkeys(open_ones, "," if marks == {","} else ".")


def _put(found: dict[str, str], name: str, value: str | None) -> None:
    if value is not None:
        found[name] = value


def _numbers(table: Table, column: Column, cells: Sequence[str | None], coded: Coded) -> list[Decimal | None]:
    found, strange = list[Decimal | None](), list[int]()
    infinite = 0
    # What a file keeps as a number was never written by anybody.
    mark = "." if column.name in table.numbers else coded.written.get(column.name)
    for i, cell in enumerate(cells):
        try:
            value = number(cell, mark)
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


def _days_before(table: Table, schema: Schema, column: Column, coded: Coded) -> list[int | None]:
    if not schema.time:
        raise UsageError(
            "a day says nothing without the day of the row: name the time column in the schema, or ignore this one",
            code="NO_TIME",
            where=f"{table.file}: {column.name}",
        )
    own, decided = (days(table, name, coded.written.get(name)) for name in (column.name, schema.time))
    return [None if day is None or at is None else at - day for day, at in zip(own, decided)]


def days(table: Table, name: str, order: str | None = None) -> list[int | None]:
    """
    Days since 1970-01-01 of a column; a year or another whole number stands for itself.

    Args:
        order: As `day_reader` takes it.

    Raises:
        UsageError: BAD_DATE, with the row; a column of days and others.
    """
    cells = table.column(name)
    known = [cell.strip() for cell in cells if cell is not None and not is_blank(cell)]
    if known and all(map(_WHOLE.fullmatch, known)):
        return [None if cell is None or is_blank(cell) else int(float(cell)) for cell in cells]
    read, found = day_reader(cells, order), list[int | None]()
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
    Zero is no word's: it stands for words that are not among them, and for those of fewer rows than WORD_ROWS, which may name
    somebody.

    Args:
        labels: 1 default, 0 none.
        weight: How many rows the whole counts for.
    """
    rows, bads = Counter(words), Counter(w for w, y in zip(words, labels) if y)
    rate = (sum(labels) + 0.5) / (len(labels) + 1)
    found = {}
    for name, count in rows.most_common(WORDS_MAX):
        if name is None or count < WORD_ROWS:
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


def record_columns(
    table: Table, schema: Schema, fields: Sequence[Field], written: Mapping[str, str] | None = None
) -> tuple[dict[str, list[int | None]], Coded]:
    """
    What a model scores, by field.

    Args:
        written: As `code_table` takes it.

    Raises:
        UsageError: As `code_table`.
    """
    coded, _ = code_table(table, schema, {f.name: f.digits for f in fields}, written)
    columns = dict(coded.integers)
    for f in fields:
        if f.name in coded.words:
            assert f.other is not None
            known = {w: f.codes.get(w, f.other) for w in set(coded.words[f.name]) if w is not None}
            columns[f.name] = [None if w is None else known[w] for w in coded.words[f.name]]
    return columns, coded
