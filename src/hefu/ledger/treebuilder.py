"""
The state tree over a whole state, as a snapshot brings it: entries in order of key, buckets in order of their keys' hashes.

Fed chunk by chunk to the tree itself, each bucket would be merged and hashed once for every chunk that has a key in it. Here the
hashes are sorted into 256 parts on the disk first, and each bucket is made once. Memory is one part, whatever the state.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

from hefu.kernel.hashing import Hash
from hefu.ledger.tree import ARITY, BUCKET, BUCKETS, ENTRY, KEY, PAGE_BUCKETS, VALUE, levels_over

_PARTS = 256
#: Of hashes that gather for a part before they are written.
_GATHERED = 64 << 10


class TreeBuilder:
    """
    Args:
        h: The chain's hash.
        folder: Where the parts lie meanwhile; they have no names there, and are gone when this is.
    """

    def __init__(self, h: Hash, folder: Path | None = None) -> None:
        self._h = h
        self._folder = folder
        self._files: dict[int, BinaryIO] = {}
        self._gathered = [bytearray() for _ in range(_PARTS)]
        self._root = b""

    def add(self, entries: Iterable[tuple[bytes, bytes]]) -> None:
        """Keys with their values; each key once."""
        h, gathered = self._h, self._gathered
        for key, value in entries:
            key_hash = h(KEY + key)
            part = gathered[key_hash[0]]
            part += key_hash
            part += h(VALUE + value)
            if len(part) > _GATHERED:
                self._file(key_hash[0]).write(part)
                part.clear()

    def _file(self, part: int) -> BinaryIO:
        file = self._files.get(part)
        if file is None:
            file = self._files[part] = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - open until `close`
        return file

    def _hashes(self, part: int) -> bytes:
        rest, file = bytes(self._gathered[part]), self._files.get(part)
        if file is None:
            return rest
        file.seek(0)
        return file.read() + rest

    def finish(self, progress: Callable[[], None] | None = None) -> Iterator[list[tuple[bytes, bytes | None]]]:
        """
        What a store must hold so that a tree opens over it, a part at a time; the root is there at the end.

        Args:
            progress: Called after each part.
        """
        h = self._h
        leaves = bytearray(h(BUCKET) * BUCKETS)
        touched: set[int] = set()
        for part in range(_PARTS):
            hashes = self._hashes(part)
            entries = sorted(hashes[at : at + ENTRY] for at in range(0, len(hashes), ENTRY))
            writes: list[tuple[bytes, bytes | None]] = []
            for index, of_bucket in groupby(entries, _bucket_of):
                content = b"".join(of_bucket)
                leaves[index * 32 : index * 32 + 32] = h(BUCKET + content)
                touched.add(index >> 4)
                writes.append((b"b" + index.to_bytes(3, "big"), content))
            yield writes
            if progress is not None:
                progress()
        self._root = bytes(levels_over(h, leaves, touched)[-1])
        size = PAGE_BUCKETS * 32
        pages = sorted({group * ARITY // PAGE_BUCKETS for group in touched})
        yield [(b"p" + page.to_bytes(2, "big"), bytes(leaves[page * size : (page + 1) * size])) for page in pages]

    @property
    def root(self) -> bytes:
        """Root of the state, 32 bytes, once it is finished."""
        return self._root

    def close(self) -> None:
        """Give the parts back."""
        for file in self._files.values():
            file.close()


def _bucket_of(entry: bytes) -> int:
    return int.from_bytes(entry[:3], "big") >> 4
