"""Whether a test was trained on: a model's file keeps marks of some of its rows, which tell nothing but that a row is the same."""

from __future__ import annotations

from hefu.credit.models.applying import schema_of, written_of
from hefu.credit.models.checks import TRAINED_SHARE, fingerprints
from hefu.credit.models.coding import code_table
from hefu.credit.models.record import Model
from hefu.credit.models.tables import Table
from hefu.kernel.errors import Rejected, UsageError

#: So many rows are alike by no coincidence.
LEAST_HITS = 5


def check_overlap(model: Model, table: Table, *, allowed: bool) -> float:
    """
    Share of a table's rows that the model was made from; 0 where the table lacks a column that was there then, or its rows are too
    coarse to tell.

    Raises:
        UsageError: MODEL_WITHOUT_DATA, the file does not say what it was made from.
        Rejected: TRAINED_ON, a tenth of the rows or more and not by chance, and the caller did not allow it.
    """
    try:
        data, digits = model.about["data"], model.about["digits"]
        digest, marks, used, marked = data["sha256"], set(data["marks"]), int(data["used"]), int(data["marked"])
    except (KeyError, TypeError, ValueError):
        raise UsageError(
            "the model's file does not say what rows it was made from, so nobody can tell whether these are among them",
            code="MODEL_WITHOUT_DATA",
        ) from None
    if digest == table.digest:
        return _stopped(1.0, table, allowed=allowed)
    if not marks:
        return 0.0
    try:
        coded, _ = code_table(table, schema_of(model), digits, written_of(model))
    except UsageError:
        return 0.0
    kept = _kept(marks, used, marked)
    near = [mark for mark in fingerprints(coded, all_rows=True) if mark is not None and mark <= kept]
    hits = sum(mark in marks for mark in near)
    share = hits / len(near) if near else 0.0
    # One row alike in a small test is a coincidence; all of them are none.
    by_chance = hits < LEAST_HITS and not 2 <= hits == len(near)
    return _stopped(share, table, allowed=allowed or by_chance)


def _stopped(share: float, table: Table, *, allowed: bool) -> float:
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
