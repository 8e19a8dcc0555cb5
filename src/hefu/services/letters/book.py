"""
The book of a letter office, on the disk: letters that arrived, and letters on their way.

What a method has written is on the disk when it returns. Bodies are dropped as soon as whoever they are for has them, and
overwritten; what remains until a letter's end, and some time after it, is which letters there were, so that none is taken twice.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hefu.kernel.errors import Busy, Closed, Corrupt, EngineError, Rejected
from hefu.kernel.time import DAY_MS

#: Bounds of what one sender may leave unread at one door, and send to it in an hour; and of all that is unread there.
UNREAD_LETTERS, UNREAD_BYTES, LETTERS_AN_HOUR = 1_000, 64 << 20, 600
STORE_BYTES = 4 << 30
#: Bounds of what waits to be forwarded.
WAITING_LETTERS, WAITING_BYTES = 10_000, 1 << 30
HOUR_MS = 3_600_000
#: For how long after its end a letter is remembered.
REMEMBERED_MS = 30 * DAY_MS
WAITING, DELIVERED, EXPIRED = "waiting", "delivered", "expired"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS arrived (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE, digest BLOB NOT NULL, sender BLOB NOT NULL,
    receiver BLOB NOT NULL, raw BLOB, size INTEGER NOT NULL, arrival BLOB NOT NULL, at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS arrived_by_sender ON arrived (sender, at_ms);
CREATE INDEX IF NOT EXISTS arrived_by_receiver ON arrived (receiver, number);
CREATE TABLE IF NOT EXISTS sent (
    id BLOB PRIMARY KEY, digest BLOB NOT NULL, receiver BLOB NOT NULL, raw BLOB, size INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL, pause_ms INTEGER NOT NULL, code TEXT NOT NULL, arrival BLOB)
    WITHOUT ROWID, STRICT;
CREATE INDEX IF NOT EXISTS sent_by_due ON sent (due_ms) WHERE raw IS NOT NULL;
"""


@dataclass(frozen=True)
class Arrived:
    """A letter that arrived, by its number at this door, with the arrival that was answered."""

    number: int
    raw: bytes
    arrival: bytes


@dataclass(frozen=True)
class Outgoing:
    """What has become of a letter that was given here; `code` is what was last said against it, if anything."""

    state: str
    code: str
    arrival: bytes


class Book:
    """
    Threads may share it.

    Args:
        path: The file; made if it is missing.

    Raises:
        Corrupt: The file is no book (LETTERS_DAMAGED).
    """

    def __init__(self, path: Path) -> None:
        self._where = str(path)
        self._lock = threading.Lock()
        self._closed = False
        with self._translated():
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            for setting in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON", "trusted_schema = OFF"):
                self._db.execute(f"PRAGMA {setting}")
            self._db.executescript(_SCHEMA)
        path.chmod(0o600)

    def close(self) -> None:
        """Close the file; whoever asks afterwards is told so."""
        with self._lock:
            self._closed = True
            self._db.close()

    # -- arriving -----------------------------------------------------------------------------------------------

    def known(self, id: bytes, digest: bytes) -> bytes | None:
        """
        The arrival of a letter that is here already; None for a new one.

        Raises:
            Rejected: Another letter has this identifier (LETTER_DIFFERS).
        """
        with self._transaction():
            return self._known(id, digest)

    def take(
        self,
        id: bytes,
        digest: bytes,
        sender: bytes,
        receiver: bytes,
        raw: bytes,
        arrival: bytes,
        at_ms: int,
        end_ms: int,
    ) -> bytes:
        """
        Keep a letter that arrived; one that is here already keeps its first arrival, which is returned.

        Raises:
            Rejected: Too much of this sender's is unread, or it sends too fast (LETTER_QUOTA); another letter has this
                identifier (LETTER_DIFFERS).
            Busy: The book is full.
        """
        with self._transaction():
            known = self._known(id, digest)
            if known is not None:
                return known
            self._check_quota(sender, len(raw), at_ms)
            self._db.execute(
                "INSERT INTO arrived (id, digest, sender, receiver, raw, size, arrival, at_ms, expires_at_ms)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (id, digest, sender, receiver, raw, len(raw), arrival, at_ms, end_ms),
            )
            return arrival

    def _known(self, id: bytes, digest: bytes) -> bytes | None:
        row = self._db.execute("SELECT digest, arrival FROM arrived WHERE id = ?", (id,)).fetchone()
        if row is None:
            return None
        if row[0] != digest:
            raise Rejected("another letter has this identifier", code="LETTER_DIFFERS")
        return bytes(row[1])

    def _check_quota(self, sender: bytes, size: int, at_ms: int) -> None:
        count, unread = self._db.execute(
            "SELECT count(*), coalesce(sum(size), 0) FROM arrived WHERE sender = ? AND raw IS NOT NULL", (sender,)
        ).fetchone()
        (recent,) = self._db.execute(
            "SELECT count(*) FROM arrived WHERE sender = ? AND at_ms > ?", (sender, at_ms - HOUR_MS)
        ).fetchone()
        if count >= UNREAD_LETTERS or unread + size > UNREAD_BYTES or recent >= LETTERS_AN_HOUR:
            raise Rejected("this sender's letters fill what it may fill here", code="LETTER_QUOTA")
        (stored,) = self._db.execute("SELECT coalesce(sum(size), 0) FROM arrived WHERE raw IS NOT NULL").fetchone()
        if stored + size > STORE_BYTES:
            raise Busy("this door has no room for more letters; send again later")

    def arrived(self, receiver: bytes, after: int, most: int, bytes_max: int) -> list[Arrived]:
        """Letters for an organisation that it has not acknowledged, by number, at least one if there is any."""
        found: list[Arrived] = []
        with self._reading():
            rows = self._db.execute(
                "SELECT number, raw, arrival FROM arrived WHERE receiver = ? AND number > ? AND raw IS NOT NULL"
                " ORDER BY number LIMIT ?",
                (receiver, after, most),
            )
            total = 0
            for number, raw, arrival in rows:
                total += len(raw)
                if found and total > bytes_max:
                    break
                found.append(Arrived(number, raw, arrival))
        return found

    def acknowledge(self, receiver: bytes, ids: Sequence[bytes]) -> None:
        """The organisation has these; their bytes are dropped."""
        with self._transaction():
            self._db.executemany(
                "UPDATE arrived SET raw = NULL WHERE receiver = ? AND id = ?", [(receiver, id) for id in ids]
            )

    # -- on their way -------------------------------------------------------------------------------------------

    def post(self, id: bytes, digest: bytes, receiver: bytes, raw: bytes, end_ms: int, now_ms: int) -> None:
        """
        Keep a letter to be forwarded; one that is here already is left as it is.

        Raises:
            Busy: Too many wait.
            Rejected: Another letter has this identifier (LETTER_DIFFERS).
        """
        with self._transaction():
            row = self._db.execute("SELECT digest FROM sent WHERE id = ?", (id,)).fetchone()
            if row is not None:
                if row[0] != digest:
                    raise Rejected("another letter has this identifier", code="LETTER_DIFFERS")
                return
            count, size = self._db.execute(
                "SELECT count(*), coalesce(sum(size), 0) FROM sent WHERE raw IS NOT NULL"
            ).fetchone()
            if count >= WAITING_LETTERS or size + len(raw) > WAITING_BYTES:
                raise Busy("too many letters wait here to be forwarded; send again later")
            self._db.execute(
                "INSERT INTO sent VALUES (?, ?, ?, ?, ?, ?, ?, 0, '', NULL)",
                (id, digest, receiver, raw, len(raw), end_ms, now_ms),
            )

    def due(self, now_ms: int, most: int) -> list[tuple[bytes, bytes, bytes]]:
        """Letters to be tried now: identifier, receiver, bytes."""
        with self._reading():
            return self._db.execute(
                "SELECT id, receiver, raw FROM sent WHERE raw IS NOT NULL AND due_ms <= ? AND expires_at_ms > ?"
                " ORDER BY due_ms LIMIT ?",
                (now_ms, now_ms, most),
            ).fetchall()

    def delivered(self, id: bytes, arrival: bytes) -> None:
        """The receiver's door has it."""
        with self._transaction():
            self._db.execute("UPDATE sent SET raw = NULL, arrival = ?, code = '' WHERE id = ?", (arrival, id))

    def failed(self, id: bytes, code: str, now_ms: int, first_ms: int, last_ms: int) -> None:
        """It did not get through: try again after a pause twice as long as the one before."""
        with self._transaction():
            self._db.execute(
                "UPDATE sent SET code = ?, pause_ms = max(?, min(?, 2 * pause_ms)),"
                " due_ms = ? + max(?, min(?, 2 * pause_ms)) WHERE id = ? AND raw IS NOT NULL",
                (code, first_ms, last_ms, now_ms, first_ms, last_ms, id),
            )

    def outgoing(self, id: bytes, now_ms: int) -> Outgoing | None:
        """What has become of a letter; None for one that was never given here, or is forgotten."""
        with self._reading():
            row = self._db.execute("SELECT arrival, code, expires_at_ms FROM sent WHERE id = ?", (id,)).fetchone()
        if row is None:
            return None
        arrival, code, end_ms = row
        if arrival is not None:
            return Outgoing(DELIVERED, "", arrival)
        return Outgoing(EXPIRED if end_ms <= now_ms else WAITING, code, b"")

    def counts(self) -> tuple[int, int]:
        """How many letters are unread here, and how many wait to be forwarded."""
        with self._reading():
            (unread,) = self._db.execute("SELECT count(*) FROM arrived WHERE raw IS NOT NULL").fetchone()
            (waiting,) = self._db.execute("SELECT count(*) FROM sent WHERE raw IS NOT NULL").fetchone()
        return unread, waiting

    def tidy(self, now_ms: int) -> None:
        """Drop the bytes of what expired on its way, and forget what ended long ago. What arrived and is unread stays."""
        with self._transaction():
            self._db.execute("UPDATE sent SET raw = NULL WHERE raw IS NOT NULL AND expires_at_ms <= ?", (now_ms,))
            self._db.execute("DELETE FROM sent WHERE raw IS NULL AND expires_at_ms < ?", (now_ms - REMEMBERED_MS,))
            self._db.execute("DELETE FROM arrived WHERE raw IS NULL AND expires_at_ms < ?", (now_ms - REMEMBERED_MS,))

    # -- the file -----------------------------------------------------------------------------------------------

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with self._lock, self._translated():
            self._check_open()
            yield

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock, self._translated():
            self._check_open()
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _check_open(self) -> None:
        if self._closed:
            raise Closed("the book of letters is closed", where=self._where)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.ProgrammingError:
            raise
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise Busy("another process holds the book of letters", where=self._where) from None
            raise EngineError(
                f"the book of letters could not be used: {error.sqlite_errorname}", where=self._where
            ) from None
        except sqlite3.DatabaseError:
            raise Corrupt("the book of letters is damaged", code="LETTERS_DAMAGED", where=self._where) from None
