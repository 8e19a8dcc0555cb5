"""A model on a table: scores of every row, or what is wrong with it; and how good they were where the outcome is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from hefu.credit.models.coding import Coded, record_columns
from hefu.credit.models.record import PPM, BadRecord, Model, Score
from hefu.credit.models.schema import Schema, from_document
from hefu.credit.models.tables import Table
from hefu.credit.models.values import is_blank
from hefu.kernel.errors import UsageError

#: From so many rows on arrays are quicker; the integers are the same.
BATCH_ROWS = 200
#: A field of which this share lies outside what the model saw is told of: its unit may be another one.
SHIFTED_SHARE = 0.2


@dataclass(slots=True)
class Scores:
    """
    Args:
        rows: Score of each row, or the error that stands in its place.
        strange: Row to the fields whose cell was neither a number nor a way to say unknown; they counted as unknown.
        shifted: Fields much of which lies outside what the model saw, with the share: check the unit.
        unknown: Fields that are unknown much more often than when the model was made: the shares now and then.
    """

    rows: list[Score | BadRecord]
    strange: dict[int, list[str]] = field(default_factory=dict)
    shifted: dict[str, float] = field(default_factory=dict)
    unknown: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def scored(self) -> list[int]:
        """Positions of rows with a score."""
        return [i for i, row in enumerate(self.rows) if isinstance(row, Score)]


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


def score_table(model: Model, table: Table) -> Scores:
    """
    Score every row.

    Raises:
        UsageError: As `read_fields`.
    """
    columns, coded, _ = read_fields(model, table)
    made = Scores(_scores(model, columns, table.rows))
    for name, rows in coded.strange.items():
        for i in rows:
            made.strange.setdefault(i, []).append(name)
    made.shifted = _shifted(made, table.rows)
    made.unknown = _unknown(model, columns, table.rows)
    return made


def _unknown(model: Model, columns: dict[str, list[int | None]], rows: int) -> dict[str, tuple[float, float]]:
    found = {}
    for f in model.fields:
        now = columns[f.name].count(None) / max(1, rows)
        try:
            then = int(model.about["then"]["fields"][f.name]["ppm"][-1]) / PPM
        except (KeyError, TypeError, ValueError, IndexError):
            then = 1.0 if f.unknown_seen else 0.0
        if now > then + SHIFTED_SHARE:
            found[f.name] = (now, then)
    return found


def groups_of(table: Table, schema: Schema, rows: Sequence[int]) -> list[str] | None:
    """The group of each of some rows, where the schema names one and the table has it; a row without one is a group of its own."""
    if not schema.group or schema.group not in table.names:
        return None
    column = table.column(schema.group)
    return [f"row {i}" if is_blank(column[i]) else f"group {(column[i] or '').strip()}" for i in rows]


def _scores(model: Model, columns: dict[str, list[int | None]], rows: int) -> list[Score | BadRecord]:
    if rows >= BATCH_ROWS:
        with suppress(ImportError):
            from hefu.credit.models.batch import Batch, arrays

            return Batch(model).explain(*arrays(columns, [f.name for f in model.fields], rows))
    found: list[Score | BadRecord] = []
    names = [f.name for f in model.fields]
    for values in zip(*(columns[name] for name in names)) if names else ((),) * rows:
        try:
            found.append(model.score(dict(zip(names, values))))
        except BadRecord as error:
            found.append(error)
    return found


def _shifted(made: Scores, rows: int) -> dict[str, float]:
    outside = Counter(
        note.field
        for row in made.rows
        if isinstance(row, Score)
        for note in row.notes
        if note.code in ("OUTSIDE_SEEN", "OTHER_WORD")
    )
    outside.update(row.where for row in made.rows if isinstance(row, BadRecord) and row.code == "RECORD_RANGE")
    return {name: n / rows for name, n in outside.items() if n > SHIFTED_SHARE * rows}
