"""
What a ledger needs of a disk: get, iterate, and one atomic, synced write. RocksDB keeps it; a dictionary is the reference.

Key space, first byte:
    s state key -> value          b bucket -> entries           p page of bucket hashes     d delta of bucket hashes by height
    h sealed header by height     t bodies by height            r results by height         i transaction id -> (height, index)
    e asset, number -> link       c checkpoints by height       m facts about this store
    n block -> the engine's       v the engine's headers that announce other validators
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol, TypeVar, cast

from hefu.kernel.errors import Closed, Corrupt, EngineError

#: Blocks of the store that stay in memory.
CACHE_BYTES = 128 << 20
#: What is written gathers in memory until a file is worth writing; three of these at most.
BUFFER_BYTES = 128 << 20
#: Whoever was killed may have left a process that is just ending and holds the lock meanwhile.
LOCK_WAIT_S = 2.0
#: Values from this size lie in files of their own. Above any record or bucket, below what a block keeps of itself.
BLOB_BYTES = 2048

Writes = Iterable[tuple[bytes, bytes | None]]
T = TypeVar("T")


def at_height(prefix: bytes, height: int) -> bytes:
    """Key of what a block keeps under a prefix."""
    return prefix + height.to_bytes(8, "big")


class Store(Protocol):
    """Port of the ledger's disk."""

    def get(self, key: bytes) -> bytes | None:
        """The value under a key."""
        ...

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """The values under many keys, in their order."""
        ...

    def write(self, items: Writes, *, sync: bool = True) -> None:
        """All or none; with sync, on the disk before this returns. None deletes."""
        ...

    def scan(self, start: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Pairs with start <= key < end in order of key."""
        ...

    def close(self) -> None:
        """Release the disk."""
        ...


class MemoryStore:
    """The reference: a dictionary, gone with the process."""

    def __init__(self) -> None:
        self._data: dict[bytes, bytes] = {}

    def get(self, key: bytes) -> bytes | None:
        """The value under a key."""
        return self._data.get(key)

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """The values under many keys."""
        return [self._data.get(key) for key in keys]

    def write(self, items: Writes, *, sync: bool = True) -> None:
        """All or none."""
        for key, value in list(items):
            if value is None:
                self._data.pop(key, None)
            else:
                self._data[key] = value

    def scan(self, start: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Pairs in order of key."""
        yield from sorted((k, v) for k, v in self._data.items() if start <= k < end)

    def close(self) -> None:
        """Nothing to release."""


class PendingStore:
    """
    A store as it will be once the writes on their way to it have arrived.

    One thread holds; any may read; another may release what has arrived, oldest first.

    Args:
        base: The store that the writes go to.
    """

    def __init__(self, base: Store) -> None:
        self._base = base
        self._pending: list[dict[bytes, bytes | None]] = []

    def hold(self, pending: dict[bytes, bytes | None]) -> None:
        """Show these writes, and what is added to them, until they are given to `release`."""
        self._pending.append(pending)

    def release(self, pending: dict[bytes, bytes | None]) -> None:
        """The base has them."""
        # In place, for another thread may be holding the next one; by identity, for comparing two blocks' writes would cost as much
        # as making them.
        for at, held in enumerate(self._pending):
            if held is pending:
                del self._pending[at]
                return

    def get(self, key: bytes) -> bytes | None:
        """The value under a key."""
        for pending in reversed(self._pending):
            if key in pending:
                return pending[key]
        return self._base.get(key)

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """The values under many keys."""
        # A copy: what is released meanwhile is in the base, and its values are the same.
        overlays = list(reversed(self._pending))
        if not overlays:
            return self._base.get_many(keys)
        found: dict[bytes, bytes | None] = {}
        for overlay in reversed(overlays):
            found.update((key, overlay[key]) for key in keys if key in overlay)
        rest = [key for key in keys if key not in found]
        found.update(zip(rest, self._base.get_many(rest), strict=True))
        return [found[key] for key in keys]

    def write(self, items: Writes, *, sync: bool = True) -> None:
        """Straight to the base."""
        self._base.write(items, sync=sync)

    def scan(self, start: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Pairs of the base; meaningful only while nothing is pending."""
        return self._base.scan(start, end)

    def close(self) -> None:
        """Close the base."""
        self._base.close()


class RocksStore:
    """
    RocksDB with a synced write-ahead log.

    Args:
        path: Folder of the database.
        read_only: Open beside a process that writes.
        buffer_bytes: What gathers in memory before a file is written; three of these at most.
        cache_bytes: Blocks of files that were read.
        mapped: Read files through memory maps: faster, and the process looks as large as what it has read of them.

    Raises:
        Closed: Another process holds the folder.
        EngineError: There is no room to open it (DISK_FULL).
        Corrupt: The files contradict themselves.
    """

    def __init__(
        self,
        path: Path,
        *,
        read_only: bool = False,
        buffer_bytes: int = BUFFER_BYTES,
        cache_bytes: int = CACHE_BYTES,
        mapped: bool = True,
    ) -> None:
        from rocksdict import (
            AccessType,
            BlockBasedOptions,
            Cache,
            DBCompressionType,
            Options,
            Rdict,
            WriteBatch,
        )

        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        options = Options(raw_mode=True)
        options.create_if_missing(True)
        options.set_max_background_jobs(2)
        # Fewer, larger flushes: a look-up pays for the number of sorted runs, and hot keys are merged before they are written.
        options.set_write_buffer_size(buffer_bytes)
        options.set_max_write_buffer_number(3)
        options.set_keep_log_file_num(4)
        # Twice as fast a look-up here as reading through the block cache; the pages are the system's to drop.
        options.set_allow_mmap_reads(mapped)
        table = BlockBasedOptions()
        # Most look-ups of transaction ids are for ids never seen: the filter answers those without touching a block.
        table.set_bloom_filter(10, False)
        table.set_block_cache(Cache(cache_bytes))
        options.set_block_based_table_factory(table)
        # Bodies, results and deltas are written once and read seldom: in files of their own they are not rewritten by each
        # compaction (80 -> 21 us of background work an assignment), nor do they make the tree deeper for look-ups.
        options.set_enable_blob_files(True)
        options.set_min_blob_size(BLOB_BYTES)
        options.set_enable_blob_gc(True)
        # Hashes and signatures do not compress, and unpacking a block for each look-up made it five times slower.
        options.set_compression_type(DBCompressionType.none())
        try:
            access = AccessType.read_only() if read_only else AccessType.read_write()
            self._db = _patiently(lambda: Rdict(str(path), options, access_type=access))
        except Exception as error:
            if _is_locked(error):
                raise Closed("another process holds this ledger; stop it first", where=str(path)) from None
            if is_full(error):
                raise EngineError("the disk is full; nothing is lost", code="DISK_FULL", where=str(path)) from None
            raise Corrupt(f"the store cannot be opened: {error}", where=str(path)) from None
        self._batch = WriteBatch

    def get(self, key: bytes) -> bytes | None:
        """The value under a key."""
        return self._db.get(key)

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """
        The values under many keys, in one call.

        Each call gives the interpreter's lock away; beside other busy threads that costs a switch interval to get back.
        """
        return cast("list[bytes | None]", self._db.get(list(keys))) if keys else []

    def write(self, items: Writes, *, sync: bool = True) -> None:
        """
        All or none, synced.

        RocksDB's binding keeps the interpreter's lock while it writes, but not while it syncs: so the two are two calls.
        """
        batch = self._batch(raw_mode=True)
        put, delete = batch.put, batch.delete
        for key, value in items:
            if value is None:
                delete(key)
            else:
                put(key, value)
        try:
            self._db.write(batch)
            if sync:
                self._db.flush_wal(True)
        except Exception as error:
            full = is_full(error)
            raise EngineError(f"the disk refused a write: {error}", code="DISK_FULL" if full else "DISK") from None

    def scan(self, start: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Pairs in order of key."""
        pairs = cast(Iterable[tuple[bytes, bytes]], self._db.items(from_key=start))
        for key, value in pairs:
            if key >= end:
                return
            yield key, value

    def flush(self) -> None:
        """Move what is in memory into files."""
        self._db.flush()

    def close(self) -> None:
        """Flush and release the lock."""
        self._db.close()


def is_full(error: BaseException) -> bool:
    """Whether this is how the system, RocksDB or SQLite say that a disk has no room."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    text = str(error).lower()
    return "no space left on device" in text or "disk is full" in text


def _is_locked(error: Exception) -> bool:
    return "lock" in str(error).lower()


def _patiently(opening: Callable[[], T]) -> T:
    """Open, and wait a little for a lock."""
    end = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            return opening()
        except Exception as error:
            if not _is_locked(error) or time.monotonic() > end:
                raise
            time.sleep(0.02)
