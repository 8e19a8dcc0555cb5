"""Which rows a batch must write, from its changed records and what stood there before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, TypeVar

from hefu.contracts.receivables.state import RightRecord
from hefu.kernel.codec import Codec, Record
from hefu.ledger.state import State
from hefu.readmodels.rows import RIGHTS, VIEWS, Row, encumbrance_rows, endorsement_rows
from hefu.readmodels.writer import INDEXED

R = TypeVar("R", bound=Record)
Group = tuple[str, str, str]

_PLACES = {
    table.name: tuple(i for i, column in enumerate(table.columns) if column.name in INDEXED[table.name])
    for table, _ in VIEWS.values()
}


class Changes:
    """
    Rows by table: `rows` may be new or change an indexed column, `unmoved` change none.

    Args:
        changed: Records that the batch wrote, by key.
        state: All others.
    """

    def __init__(self, changed: Mapping[bytes, Any], state: State) -> None:
        self.rows: dict[str, list[Row]] = defaultdict(list)
        self.unmoved: dict[str, list[Row]] = defaultdict(list)
        #: Rights with the number of encumbrances that stay; those after it go.
        self.cuts: list[tuple[bytes, int]] = []
        #: By status, backing and currency: how count, face, open and settled amounts of rights move.
        self.totals: dict[Group, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        self._changed = changed
        self._state = state

    def get(self, key: bytes, codec: Codec[R]) -> R | None:
        """The record under a key after the batch, for rows that draw on a second record."""
        record: R | None = self._changed.get(key)
        return record if record is not None else self._state.get(key, codec)

    def add(self, key: bytes, before: Any) -> None:
        """
        One changed record.

        Args:
            before: The record in the tables. None where there is none; for other records than rights, also where it is not
                at hand.
        """
        view = VIEWS.get(key[0])
        if view is None:
            return
        record = self._changed[key]
        table, row_of = view
        row = row_of(key, record, self)
        self._target(table.name, row, before, key).append(row)
        if key[0] == RIGHTS:
            self._below(key[1:], record, before)
            self._count(record, 1)
            if before is not None:
                self._count(before, -1)

    def _target(self, name: str, row: Row, before: Record | None, key: bytes) -> list[Row]:
        places = _PLACES[name]
        if before is None or not places:
            return self.rows[name]
        old = VIEWS[key[0]][1](key, before, self)
        return (self.unmoved if all(row[i] == old[i] for i in places) else self.rows)[name]

    def _below(self, right: bytes, record: RightRecord, before: RightRecord | None) -> None:
        pledges, old_pledges = record.header.encumbrances, before.header.encumbrances if before else ()
        if pledges != old_pledges:
            self.rows["encumbrances"] += encumbrance_rows(right, record)
            if len(pledges) < len(old_pledges):
                self.cuts.append((right, len(pledges)))
        if before is None or len(before.endorsements) != len(record.endorsements):
            self.rows["endorsements"] += endorsement_rows(right, record)

    def _count(self, record: RightRecord, sign: int) -> None:
        header = record.header
        # What was passed on counts where it went, so that no yuan counts twice.
        face = header.face - header.passed
        total = self.totals[record.status, record.backing, header.currency]
        for i, amount in enumerate((1, face, header.open, header.settled)):
            total[i] += sign * amount
