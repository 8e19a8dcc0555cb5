"""Whether a test was trained on: a model's file keeps marks of some of its rows, which tell nothing but that a row is the same."""

from __future__ import annotations

from hefu.credit.models.applying import schema_of
from hefu.credit.models.checks import TRAINED_SHARE, fingerprints
from hefu.credit.models.coding import code_table
from hefu.credit.models.record import Model
from hefu.credit.models.tables import Table
from hefu.kernel.errors import Rejected, UsageError


def check_overlap(model: Model, table: Table, *, allowed: bool) -> float:
    """
    Share of a table's rows that the model was made from; 0 where the table lacks a column that was there then, or its rows are too
    coarse to tell.

    Raises:
        Rejected: TRAINED_ON, a tenth of the rows or more, and the caller did not allow it.
    """
    data = model.about["data"]
    if data["sha256"] == table.digest:
        return _stop_at(1.0, table, allowed=allowed)
    marks, used = set(data["marks"]), int(data["used"])
    if not marks:
        return 0.0
    schema = schema_of(model)
    digits = model.about["digits"]
    try:
        coded, _ = code_table(table, schema, digits)
    except UsageError:
        return 0.0
    kept = _kept(marks, used, int(data["marked"]))
    found = [mark for mark in fingerprints(coded, all_rows=True) if mark is not None]
    near = [mark for mark in found if mark <= kept]
    share = sum(mark in marks for mark in near) / len(near) if near else 0.0
    return _stop_at(share, table, allowed=allowed)


def _stop_at(share: float, table: Table, *, allowed: bool) -> float:
    if share >= TRAINED_SHARE and not allowed:
        raise Rejected(
            f"{100 * share:.0f} % of the rows were trained on, so figures would flatter; use other rows, or say --training-rows",
            code="TRAINED_ON",
            where=table.file,
        )
    return share


def _kept(marks: set[int], used: int, marked: int) -> int:
    """Marks up to this one are all in the file."""
    return max(marks) if len(marks) < marked else 2**48
