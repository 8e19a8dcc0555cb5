"""
What a node took from its members and knows no answer to yet, on the disk: CometBFT's mempool is not durable.

A transaction is in here before anybody is told that it was taken, and leaves when its answer is on the ledger or can never come.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from hefu.kernel.errors import EngineError
from hefu.ledger.store import is_full


class Outbox:
    """
    Args:
        path: The file; made if it is missing.
    """

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS waiting (id BLOB PRIMARY KEY, raw BLOB NOT NULL, expires_at_ms INTEGER NOT NULL)"
            " WITHOUT ROWID, STRICT"
        )

    def add(self, items: Iterable[tuple[bytes, bytes, int]]) -> None:
        """
        Keep transactions: identifier, bytes, the instant after which they are void. On the disk when this returns.

        Raises:
            EngineError: The disk refused (DISK_FULL, DISK); none is kept.
        """
        self._all_or_none("INSERT OR IGNORE INTO waiting VALUES (?, ?, ?)", items)

    def remove(self, ids: Iterable[bytes]) -> None:
        """
        These are answered.

        Raises:
            EngineError: The disk refused (DISK_FULL, DISK); all stay.
        """
        self._all_or_none("DELETE FROM waiting WHERE id = ?", [(id,) for id in ids])

    def _all_or_none(self, statement: str, rows: Iterable[tuple[bytes | int, ...]]) -> None:
        try:
            self._db.execute("BEGIN")
            self._db.executemany(statement, rows)
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise EngineError(
                f"the disk refused to keep what was taken: {error}", code="DISK_FULL" if is_full(error) else "DISK"
            ) from None

    def waiting(self) -> list[tuple[bytes, bytes, int]]:
        """Everything that is in here."""
        return self._db.execute("SELECT id, raw, expires_at_ms FROM waiting").fetchall()

    def close(self) -> None:
        """Close the file."""
        self._db.close()
