"""
What would make figures lie, looked for before a fit: labels that are none, a single class, copies of rows, fields that know the
outcome. A field that a person has looked at is named under `accepted` in the schema.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from hefu.credit.models.coding import Coded, days
from hefu.credit.models.metrics import auc
from hefu.credit.models.schema import ALARM_AUC, ALARM_SHARE, NAMES_ROWS, Role, Schema, bad
from hefu.credit.models.tables import Table
from hefu.credit.models.values import NotANumberError, is_blank, number
from hefu.kernel.errors import Rejected

#: A field that alone ranks so well is told of.
CAUTION_AUC = 0.85
#: A test of which this share was trained on is none.
TRAINED_SHARE = 0.1
#: A word of so many rows tells their rate.
COMMON_WORD = 20
LEAST_ROWS, LEAST_OF_CLASS = 20, 5


@dataclass(slots=True)
class Prepared:
    """
    Rows that can be fitted on.

    Args:
        rows: Their positions in the table.
        labels: 1 default, 0 none.
        unlabelled: Rows left out for want of a label.
        copies: Rows left out because another is the same in all fields and in the label.
        groups: One value a row: rows of one group, and rows alike but for the label, stay together; None where rows stand alone.
        cautions: Code and field of what was seen and is no reason to stop.
    """

    rows: list[int]
    labels: list[int]
    unlabelled: int = 0
    copies: int = 0
    groups: list[str] | None = None
    times: list[int | None] | None = None
    cautions: list[tuple[str, str]] = field(default_factory=list)


def labels_of(table: Table, schema: Schema) -> list[int | None]:
    """
    1 default, 0 none, None no label.

    Raises:
        UsageError: TABLE_COLUMN.
    """
    return [schema.outcome(cell) for cell in table.column(schema.label)]


def prepare(table: Table, coded: Coded, schema: Schema) -> Prepared:
    """
    Rows to fit on, and all checks.

    Raises:
        Rejected: NO_LABEL, ONE_CLASS, TOO_FEW_ROWS, LEAK_FIELD (ranks too well), LEAK_VALUE (a value that only defaults have),
            LEAK_IDENTIFIER (a category that names rows), LEAK_TIME (a day after the day of the decision), FIELD_RANGE (a number
            that the schema rules out).
        UsageError: BAD_SCHEMA, it names a column that the table has not.
    """
    _check_names(table, schema)
    given = labels_of(table, schema)
    kept = [i for i, y in enumerate(given) if y is not None]
    if not kept:
        raise Rejected(
            "no row has a label that the schema knows", code="NO_LABEL", where=f"{table.file}: {schema.label}"
        )
    prints = fingerprints(coded)
    rows, seen = list[int](), set[tuple[int, int | None]]()
    for i in kept:
        mark = prints[i]
        if mark is not None and (mark, given[i]) in seen:
            continue
        if mark is not None:
            seen.add((mark, given[i]))
        rows.append(i)
    labels = [given[i] or 0 for i in rows]
    _check_classes(table, schema, labels)
    made = Prepared(rows, labels, table.rows - len(kept), len(kept) - len(rows))
    made.groups = _groups(table, schema, [prints[i] for i in rows], rows)
    if schema.time:
        decided = days(table, schema.time)
        made.times = [decided[i] for i in rows]
    _check_ranges(table, coded, schema, rows)
    _check_times(coded, schema, rows)
    made.cautions = _check_fields(table, coded, schema, made)
    return made


def _check_names(table: Table, schema: Schema) -> None:
    """A misspelt name would keep nothing from the model, and hold no rows together."""
    for key in ("banned", "identifiers", "segments", "group"):
        found = getattr(schema, key)
        for name in [found] * bool(found) if isinstance(found, str) else found:
            if name not in table.names:
                raise bad(f"{key}: {name}", f"{table.file} has no such column")


def _check_ranges(table: Table, coded: Coded, schema: Schema, rows: Sequence[int]) -> None:
    for column in schema.fields:
        if column.role is not Role.NUMBER or column.lowest is column.highest is None:
            continue
        low, high = (None if text is None else Decimal(text) for text in (column.lowest, column.highest))
        cells, outside = table.column(column.name), list[int]()
        for i in rows:
            with suppress(NotANumberError):
                value = number(cells[i], coded.written.get(column.name))
                if value is not None and ((low is not None and value < low) or (high is not None and value > high)):
                    outside.append(i)
        if outside:
            # Such a row would not be scored either; who knows whether it or the bound is wrong decides.
            raise Rejected(
                f"{len(outside)} numbers lie outside lowest and highest of the schema, the first in row {outside[0] + 2}",
                code="FIELD_RANGE",
                where=column.name,
            )


def _check_classes(table: Table, schema: Schema, labels: Sequence[int]) -> None:
    where = f"{table.file}: {schema.label}"
    bads = sum(labels)
    if not bads or bads == len(labels):
        raise Rejected("all labelled rows have one outcome; there is nothing to learn", code="ONE_CLASS", where=where)
    if len(labels) < LEAST_ROWS or min(bads, len(labels) - bads) < LEAST_OF_CLASS:
        raise Rejected(
            f"{len(labels)} rows with {bads} defaults; at least {LEAST_ROWS} rows and {LEAST_OF_CLASS} of each outcome are needed",
            code="TOO_FEW_ROWS",
            where=where,
        )


def fingerprints(coded: Coded, *, all_rows: bool = False) -> list[int | None]:
    """
    A number that rows alike in all fields share, so many bits that no two rows share it by chance; None where the fields are
    too few
    or too coarse to tell a copy from a coincidence, unless `all_rows` are asked for.
    """
    columns: list[Sequence[object]] = [*coded.integers.values(), *coded.words.values()]
    surprise = np.zeros(coded.rows)
    # Fields that go together surprise less than their sum, hence more than the square of the rows would ask for.
    least = 0.0 if all_rows else 2.5 * math.log2(max(2, coded.rows)) + 10
    for column in columns:
        counts = Counter(column)
        surprise += np.array([math.log2(coded.rows / counts[value]) for value in column])
    return [
        int.from_bytes(blake2b(repr(values).encode(), digest_size=6).digest()) if bits >= least else None
        for values, bits in zip(zip(*columns), surprise)
    ]


def _groups(table: Table, schema: Schema, prints: Sequence[int | None], rows: Sequence[int]) -> list[str] | None:
    if schema.group:
        column = table.column(schema.group)
        # A row without a group is a group of its own.
        return [f"row {i}" if is_blank(column[i]) else f"group {(column[i] or '').strip()}" for i in rows]
    repeated = {mark for mark, n in Counter(prints).items() if n > 1 and mark is not None}
    if not repeated:
        return None
    return [f"same {mark}" if mark in repeated else f"row {i}" for mark, i in zip(prints, rows)]


def _check_times(coded: Coded, schema: Schema, rows: Sequence[int]) -> None:
    for column in schema.fields:
        if column.role is not Role.DATE or column.name in schema.accepted:
            continue
        found = [v for i in rows if (v := coded.integers[column.name][i]) is not None]
        late = sum(v < 0 for v in found)
        if found and 100 * late > len(found):
            raise Rejected(
                f"{late} of {len(found)} days lie after the day of the decision; ban the column, or accept it",
                code="LEAK_TIME",
                where=column.name,
            )


def _check_fields(table: Table, coded: Coded, schema: Schema, made: Prepared) -> list[tuple[str, str]]:
    y = np.array(made.labels, dtype=np.float64)
    cautions: list[tuple[str, str]] = []
    for column in schema.fields:
        name = column.name
        values: list[object] = [
            (coded.words[name] if name in coded.words else coded.integers[name])[i] for i in made.rows
        ]
        if name not in schema.accepted:
            if name in coded.words:
                _check_identifier(name, values)
            _check_value(name, values, made.labels)
        alone = auc_alone(values, y, is_words=name in coded.words)
        if alone >= ALARM_AUC and name not in schema.accepted and alone - _margin(alone, y) > ALARM_AUC - 0.02:
            raise Rejected(
                f"alone it ranks with an AUC of {alone:.3f}: was it known at the decision? Ban it, or name it under accepted",
                code="LEAK_FIELD",
                where=name,
            )
        if alone >= CAUTION_AUC:
            cautions.append(("STRONG_FIELD", name))
        if len(set(values)) == 1:
            cautions.append(("CONSTANT_FIELD", name))
        if strange := len(coded.strange.get(name, ())):
            cautions.append(("NOT_NUMBERS", f"{name}: {strange}"))
        if infinite := coded.infinite.get(name, 0):
            cautions.append(("INFINITE", f"{name}: {infinite}"))
    return cautions


def _check_identifier(name: str, values: Sequence[object]) -> None:
    known = [v for v in values if v is not None]
    if len(known) >= 50 and len(set(known)) > NAMES_ROWS * len(known):
        raise Rejected(
            "nearly every row has a word of its own, so it names rows; list it under identifiers, or ignore it",
            code="LEAK_IDENTIFIER",
            where=name,
        )


def _check_value(name: str, values: Sequence[object], labels: Sequence[int]) -> None:
    bads: dict[object, int] = defaultdict(int)
    rows = Counter(values)
    for value, y in zip(values, labels):
        bads[value] += y
    total = sum(labels)
    for value, n in rows.items():
        if n >= 10 and bads[value] == n and n >= ALARM_SHARE * total:
            raise Rejected(
                f"one value stands in {n} of {total} defaults and in no other row: was it written afterwards? Ban it, or name "
                "it under accepted",
                code="LEAK_VALUE",
                where=name,
            )
    # The same of being known at all, or of being unknown.
    known = sum(bads[v] for v in rows if v is not None)
    n = len(values) - rows.get(None, 0)
    if n >= 10 and known == n and n >= ALARM_SHARE * total:
        raise Rejected(
            f"it is known for {n} of {total} defaults and for no other row; ban it, or name it under accepted",
            code="LEAK_VALUE",
            where=name,
        )


def auc_alone(values: Sequence[object], y: NDArray[np.float64], *, is_words: bool) -> float:
    """
    AUC of one field by itself, whichever way it points; words by their rates, drawn to the mean; unknown by their rate too
    where that
    tells more.
    """
    if is_words:
        rows, bads = Counter(values), Counter(v for v, label in zip(values, y) if label)
        rate = float(y.mean())
        # A rare word is rated without the row itself, or a word of one row would know its label; a common one is not, or each
        # default would stand just below the other rows of its own word.
        own = [0.0 if rows[v] >= COMMON_WORD else 1.0 for v in values]
        scores = [(bads[v] - o * label + 5 * rate) / (rows[v] - o + 5) for v, label, o in zip(values, y, own)]
        return auc(y, np.array(scores))
    known = np.array([v is not None for v in values])
    missing = auc(y, known.astype(np.float64))
    number = 0.5
    if 0 < y[known].sum() < known.sum():
        number = auc(y[known], np.array([v for v in values if v is not None], dtype=np.float64))
    # A number known for few rows ranks few rows.
    part = 0.5 + (max(number, 1 - number) - 0.5) * float(known.mean())
    return max(part, missing, 1 - missing)


def _margin(area: float, y: NDArray[np.float64]) -> float:
    """Half of the 95 % interval of an AUC (Hanley and McNeil 1982)."""
    bads, goods = float(y.sum()), float(len(y) - y.sum())
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    variance = (area * (1 - area) + (bads - 1) * (q1 - area**2) + (goods - 1) * (q2 - area**2)) / (bads * goods)
    return 1.96 * math.sqrt(max(variance, 0))
