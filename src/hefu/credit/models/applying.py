"""A model on a table: scores of every row, or what is wrong with it; and how good they were where the outcome is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from hefu.credit.models.coding import Coded, record_columns
from hefu.credit.models.record import PPM, BadRecord, Field, Model, Score
from hefu.credit.models.schema import Schema, from_document
from hefu.credit.models.tables import Table
from hefu.credit.models.values import is_blank
from hefu.kernel.errors import UsageError

#: From so many rows on arrays are quicker; the integers are the same.
BATCH_ROWS = 200
#: A field of which this share lies outside what the model saw is told of: its unit may be another one.
SHIFTED_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Seen:
    """
    What somebody should know of a table before they trust its scores.

    Args:
        strange: Row to the fields whose cell was neither a number nor a way to say unknown; they counted as unknown.
        shifted: Fields much of which lies outside what the model saw, with the share: check the unit.
        unknown: Fields that are unknown much more often than when the model was made: the shares now and then.
    """

    strange: Mapping[int, list[str]]
    shifted: Mapping[str, float]
    unknown: Mapping[str, tuple[float, float]]


def schema_of(model: Model) -> Schema:
    """
    The schema that a model's file carries.

    Raises:
        UsageError: MODEL_WITHOUT_SCHEMA, it was not made from a table.
    """
    found = model.about.get("schema")
    try:
        return from_document(found)  # type: ignore[arg-type]
    except (TypeError, KeyError, ValueError, AttributeError):
        raise UsageError(
            "the model's file has no schema of a table; score records with it instead", code="MODEL_WITHOUT_SCHEMA"
        ) from None


def written_of(model: Model) -> dict[str, str]:
    """How the columns were written that it was made from, where its file says so."""
    found = model.about.get("written", {})
    return {name: how for name, how in found.items() if isinstance(how, str)} if isinstance(found, dict) else {}


def read_fields(model: Model, table: Table) -> tuple[dict[str, list[int | None]], Coded, Schema]:
    """
    Integers of the model's fields from a table.

    Raises:
        UsageError: As `schema_of` and `code_table`.
    """
    schema = schema_of(model)
    needed = {f.name for f in model.fields}
    read = tuple(c for c in schema.columns if c.name in needed)
    # A table to be scored need not have the columns that the model does not read.
    lean = Schema(
        label=schema.label, positive=schema.positive, negative=schema.negative, time=schema.time, columns=read
    )
    columns, coded = record_columns(table, lean, model.fields, written_of(model))
    return columns, coded, schema


def seen_of(model: Model, columns: Mapping[str, Sequence[int | None]], coded: Coded) -> Seen:
    """
    Look at what is to be scored.

    Args:
        columns, coded: As `read_fields` gives them.
    """
    strange: dict[int, list[str]] = {}
    for name, rows in coded.strange.items():
        for i in rows:
            strange.setdefault(i, []).append(name)
    shifted, unknown = dict[str, float](), dict[str, tuple[float, float]]()
    for f in model.fields:
        column = columns[f.name]
        outside = sum(map(_outside(f), column)) / max(1, len(column))
        if outside > _then(model, f.name, lambda then: then["other_ppm"], 0.0) + SHIFTED_SHARE:
            shifted[f.name] = outside
        now = column.count(None) / max(1, len(column))
        then = _then(model, f.name, lambda then: then["ppm"][-1], float(f.unknown_seen))
        if now > then + SHIFTED_SHARE:
            unknown[f.name] = (now, then)
    return Seen(strange, shifted, unknown)


def _outside(f: Field) -> Callable[[int | None], bool]:
    if f.is_category:
        is_word = f.other in f.codes.values()
        return lambda value: value is not None and value == f.other and not is_word
    low, high = max(f.lowest, f.seen_lowest), min(f.highest, f.seen_highest)
    return lambda value: value is not None and not low <= value <= high


def _then(model: Model, name: str, read: Callable[[Any], Any], default: float) -> float:
    try:
        return int(read(model.about["then"]["fields"][name])) / PPM
    except (KeyError, TypeError, ValueError, IndexError):
        return default


def groups_of(table: Table, schema: Schema, rows: Sequence[int]) -> list[str] | None:
    """The group of each of some rows, where the schema names one and the table has it; a row without one is a group of its own."""
    if not schema.group or schema.group not in table.names:
        return None
    column = table.column(schema.group)
    return [f"row {i}" if is_blank(column[i]) else f"group {(column[i] or '').strip()}" for i in rows]


def scores_of(model: Model, columns: Mapping[str, Sequence[int | None]], rows: int) -> Iterator[Score | BadRecord]:
    """Score each row in turn, or say why it has none; a part of the rows is worked on at a time, so that a million fit."""
    names = [f.name for f in model.fields]
    if rows >= BATCH_ROWS:
        with suppress(ImportError):
            from hefu.credit.models.batch import CHUNK, Batch, arrays

            batch = Batch(model)
            for start in range(0, rows, CHUNK):
                part = {name: columns[name][start : start + CHUNK] for name in names}
                yield from batch.explain(*arrays(part, names, min(CHUNK, rows - start)))
            return
    for values in zip(*(columns[name] for name in names)) if names else ((),) * rows:
        try:
            yield model.score(dict(zip(names, values)))
        except BadRecord as error:
            yield error
