"""
A vault: one organisation's encrypted store of openings (salts and terms), one SQLite file.

Each entry is sealed with AES-256-GCM under a random key of its own; that key is wrapped under one derived from the
vault's master key, and the master key stands in the header under a passphrase. Kind and id of an entry are inside the
seal; the file holds only keyed hashes of them. What a thief of the file still learns: how many entries there are, how
many share a kind, how large each is, and in which order they came. What someone who can write the file can do unseen:
remove entries, or put an older state of one or all in place of the newer.

What erasure reaches: the entry and its wrapped key are overwritten in this file, and its log is emptied. It does not
reach copies: a backup of the whole file opens with the passphrase as it did on the day it was made. A backup of the
table `entries` alone is erased with the wrapped key here, for without the table `entry_keys` nothing opens it. What a
disk keeps of overwritten or freed blocks is beyond the vault; it is ciphertext, and falls with the passphrase.

Source: AES-GCM, NIST SP 800-38D; HKDF, RFC 5869.
"""

from __future__ import annotations

import hmac
import os
import secrets
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hefu.kernel.codec import Codec, Record, encode
from hefu.kernel.errors import Busy, Closed, Corrupt, EngineError, UsageError
from hefu.kernel.keyfile import (
    COST,
    Sealed,
    checksum_of,
    damaged,
    move_into_place,
    seal,
    unseal,
)

FORMAT = "hefu-vault/1"
_APPLICATION_ID = 0x48655661
_NONCE_BYTES = 12
_BUSY_CODES = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_ENGINE_CODES = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
_SCHEMA = (
    "CREATE TABLE header (row INTEGER PRIMARY KEY CHECK (row = 1), body BLOB NOT NULL)",
    "CREATE TABLE entries (lookup BLOB PRIMARY KEY, kind BLOB NOT NULL, sealed BLOB NOT NULL)",
    "CREATE INDEX entries_by_kind ON entries (kind)",
    "CREATE TABLE entry_keys (lookup BLOB PRIMARY KEY, wrapped BLOB NOT NULL) WITHOUT ROWID",
)


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    sealed: Sealed
    checksum: str


class _Entry(Record, frozen=True):
    kind: str
    id: bytes
    payload: bytes


_ENTRY: Codec[_Entry] = Codec(_Entry)


class Vault:
    """
    An open vault. Threads may share it; a forked process may not.

    A put that has returned survives the end of the process and of the machine's power. Make it by `create` or `open`.
    """

    def __init__(self, path: Path, database: sqlite3.Connection, master: bytes) -> None:
        self._where = str(path)
        self._database: sqlite3.Connection | None = database
        self._lock = threading.RLock()
        self._process = os.getpid()
        self._lookup_key, self._wrapping = _derive(master, "lookup"), AESGCM(_derive(master, "wrap"))

    @classmethod
    def create(cls, path: Path, passphrase: str, *, cost: int = COST) -> Vault:
        """
        Make a new vault and open it.

        Args:
            cost: scrypt's n, a power of two from 1,024.

        Raises:
            UsageError: The file exists (KEYFILE_EXISTS), its folder is missing, the passphrase is empty, or the cost is
                out of range.
        """
        master = secrets.token_bytes(32)
        sealed = seal(master, passphrase, (FORMAT,), cost=cost)
        header = msgspec.json.encode(_Header(FORMAT, sealed, checksum_of(FORMAT, sealed)))
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
        try:
            os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except FileNotFoundError:
            raise UsageError("no such folder", where=str(path.parent)) from None
        try:
            with _translated(str(path)):
                _initialise(temporary, header)
            move_into_place(temporary, path, overwrite=False)
        finally:
            with suppress(FileNotFoundError):
                temporary.unlink()
        with _translated(str(path)):
            return cls(path, _connect(path), master)

    @classmethod
    def open(cls, path: Path, passphrase: str) -> Vault:
        """
        Open a vault.

        Raises:
            UsageError: No such file (KEYFILE_MISSING), or the wrong passphrase (WRONG_PASSPHRASE).
            Corrupt: The file is no vault, or is damaged (KEYFILE_DAMAGED).
        """
        where = str(path)
        if not path.is_file():
            raise UsageError("no such vault", code="KEYFILE_MISSING", where=where)
        with _translated(where):
            database = _connect(path)
        try:
            with _translated(where):
                row = database.execute("SELECT body FROM header WHERE row = 1").fetchone()
            master = unseal(_sealed_master(row, where), passphrase, (FORMAT,), where)
        except BaseException:
            database.close()
            raise
        return cls(path, database, master)

    def put(self, kind: str, id: bytes, payload: bytes) -> None:
        """
        Store an entry, in place of one that has the same kind and id.

        Raises:
            Busy: Another process holds the vault; do it again.
            EngineError: The disk refused; do it again once it is well.
            Closed: The vault is closed.
        """
        self.put_many([(kind, id, payload)])

    def put_many(self, entries: Iterable[tuple[str, bytes, bytes]]) -> None:
        """
        Store entries (kind, id, payload), all or none.

        Raises:
            Busy, EngineError, Closed: As for `put`.
        """
        rows = [self._sealed(_Entry(kind, id, payload)) for kind, id, payload in entries]
        with self._transaction() as database:
            for lookup, kind_tag, wrapped, sealed in rows:
                database.execute("INSERT OR REPLACE INTO entries VALUES (?, ?, ?)", (lookup, kind_tag, sealed))
                database.execute("INSERT OR REPLACE INTO entry_keys VALUES (?, ?)", (lookup, wrapped))

    def get(self, kind: str, id: bytes) -> bytes | None:
        """
        Payload of an entry; None where there is none.

        Raises:
            Corrupt: The entry was altered, or stands in another's place (KEYFILE_DAMAGED).
            Closed: The vault is closed.
        """
        lookup = self._keyed_hash("entry", kind, id)
        with self._reading() as database:
            row = database.execute(
                "SELECT sealed, wrapped FROM entries LEFT JOIN entry_keys USING (lookup) WHERE lookup = ?", (lookup,)
            ).fetchone()
        if row is None:
            return None
        sealed, wrapped = row
        return self._opened(lookup, sealed, wrapped, kind).payload

    def list(self, kind: str) -> list[bytes]:
        """
        Ids of all entries of a kind, in order of their bytes. It opens each entry.

        Raises:
            Corrupt, Closed: As for `get`.
        """
        with self._reading() as database:
            rows = database.execute(
                "SELECT lookup, sealed, wrapped FROM entries LEFT JOIN entry_keys USING (lookup) WHERE kind = ?",
                (self._keyed_hash("kind", kind, b""),),
            ).fetchall()
        return sorted(self._opened(lookup, sealed, wrapped, kind).id for lookup, sealed, wrapped in rows)

    def erase(self, kind: str, id: bytes) -> bool:
        """
        Overwrite an entry and its key in this file; the module says what that reaches.

        Returns:
            Whether there was one. Erasing again is harmless, and finishes what a Busy left behind.

        Raises:
            Busy: Another process still reads the log; the entry is gone for readers, but its bytes are in the log until
                an erasure ends well.
            EngineError, Closed: As for `put`.
        """
        lookup = self._keyed_hash("entry", kind, id)
        with self._transaction() as database:
            erased = database.execute("DELETE FROM entries WHERE lookup = ?", (lookup,)).rowcount > 0
            database.execute("DELETE FROM entry_keys WHERE lookup = ?", (lookup,))
        with self._reading() as database:
            blocked, _, _ = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if blocked:
            raise Busy("erased for readers, but not yet from the vault's log; erase again", where=self._where)
        return erased

    def close(self) -> None:
        """Close the vault. Closing twice is harmless."""
        with self._lock:
            if self._database is not None:
                self._database.close()
                self._database = None

    def __enter__(self) -> Vault:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Vault({self._where!r})"

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            assert self._process == os.getpid(), "open the vault anew in a forked process"
            if self._database is None:
                raise Closed("the vault is closed", where=self._where)
            with _translated(self._where):
                yield self._database

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as database:
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
                database.execute("COMMIT")
            except BaseException:
                if database.in_transaction:
                    database.execute("ROLLBACK")
                raise

    def _keyed_hash(self, use: str, kind: str, id: bytes) -> bytes:
        return hmac.digest(self._lookup_key, encode((use, kind, id)), "sha256")

    def _sealed(self, entry: _Entry) -> tuple[bytes, bytes, bytes, bytes]:
        lookup = self._keyed_hash("entry", entry.kind, entry.id)
        key = secrets.token_bytes(32)
        return (
            lookup,
            self._keyed_hash("kind", entry.kind, b""),
            _encrypt(self._wrapping, key, b"key" + lookup),
            _encrypt(AESGCM(key), encode(entry), b"entry" + lookup),
        )

    def _opened(self, lookup: bytes, sealed: bytes, wrapped: bytes | None, kind: str) -> _Entry:
        try:
            key = _decrypt(self._wrapping, wrapped or b"", b"key" + lookup)
            entry = _ENTRY.load_canonical(_decrypt(AESGCM(key), sealed, b"entry" + lookup), "an entry")
        except (InvalidTag, ValueError, Corrupt):
            raise damaged("an entry of the vault was altered", self._where) from None
        if entry.kind != kind or self._keyed_hash("entry", entry.kind, entry.id) != lookup:
            raise damaged("an entry of the vault stands in another's place", self._where)
        return entry


def _derive(master: bytes, use: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=f"{FORMAT} {use}".encode()).derive(master)


def _encrypt(cipher: AESGCM, plain: bytes, bound: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plain, bound)


def _decrypt(cipher: AESGCM, sealed: bytes, bound: bytes) -> bytes:
    return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound)


def _connect(path: Path) -> sqlite3.Connection:
    # mode=rw: a file that is not there must stay so.
    database = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None, check_same_thread=False
    )
    try:
        for setting in ("synchronous = FULL", "secure_delete = ON", "trusted_schema = OFF", "journal_mode = WAL"):
            database.execute(f"PRAGMA {setting}")
    except BaseException:
        database.close()
        raise
    return database


def _initialise(path: Path, header: bytes) -> None:
    database = _connect(path)
    try:
        database.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        database.execute("BEGIN IMMEDIATE")
        for statement in _SCHEMA:
            database.execute(statement)
        database.execute("INSERT INTO header VALUES (1, ?)", (header,))
        database.execute("COMMIT")
    finally:
        # Closing the only connection moves the log into the file and removes it, so the one file can be renamed.
        database.close()


def _sealed_master(row: Any, where: str) -> Sealed:
    try:
        header = msgspec.json.decode(row[0], type=_Header) if row else None
    except (msgspec.MsgspecError, TypeError):
        header = None
    if header is None or header.format != FORMAT or checksum_of(header.format, header.sealed) != header.checksum:
        raise damaged("the vault's header is damaged or of another version", where)
    return header.sealed


@contextmanager
def _translated(where: str) -> Iterator[None]:
    try:
        yield
    except (sqlite3.ProgrammingError, sqlite3.DataError):
        # Our mistake, or a payload past SQLite's bound; neither says anything of the file.
        raise
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _BUSY_CODES:
            raise Busy("another process holds the vault; do it again", where=where) from None
        if code in _ENGINE_CODES:
            raise EngineError(f"the vault's file could not be used: {error.sqlite_errorname}", where=where) from None
        raise damaged("this is no vault, or a damaged one", where) from None
