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
        self._changed = changed
        self._state = state

    def get(self, key: bytes, codec: Codec[R]) -> R | None:
        """The record under a key after the batch, for rows that draw on a second record."""
        record: R | None = self._changed.get(key)
        return record if record is not None else self._state.get(key, codec)

    def add(self, key: bytes, before: Any, born: bool) -> None:
        """
        One changed record.

        Args:
            before: The record in the tables, or None where it is not known or there is none.
            born: An asset that this batch began.
        """
        record = self._changed[key]
        view = VIEWS.get(key[0])
        if view is None:
            return
        table, row_of = view
        row = row_of(key, record, self)
        self._target(table.name, row, before, key).append(row)
        if key[0] == RIGHTS:
            self._below(key[1:], record, before, born)

    def _target(self, name: str, row: Row, before: Record | None, key: bytes) -> list[Row]:
        places = _PLACES[name]
        if before is None or not places:
            return self.rows[name]
        old = VIEWS[key[0]][1](key, before, self)
        return (self.unmoved if all(row[i] == old[i] for i in places) else self.rows)[name]

    def _below(self, right: bytes, record: RightRecord, before: RightRecord | None, born: bool) -> None:
        pledges = record.header.encumbrances
        if before is None or before.header.encumbrances != pledges:
            self.rows["encumbrances"] += encumbrance_rows(right, record)
            if not born and (before is None or len(before.header.encumbrances) > len(pledges)):
                self.cuts.append((right, len(pledges)))
        if before is None or len(before.endorsements) != len(record.endorsements):
            self.rows["endorsements"] += endorsement_rows(right, record)
