"""
A state tree that holds only what differs from an empty one, so that a test can have a hundred ledgers.

The tree itself is the product's own; only its levels of hashes are kept in a dictionary instead of 35 MB of bytes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from hefu.kernel.hashing import Hash
from hefu.ledger import chain
from hefu.ledger.store import MemoryStore, Store
from hefu.ledger.tree import StateTree

GROUP = 512


class SparseLevel:
    """What a level of hashes does as a bytearray: read groups of sixteen, write one hash, and give its whole."""

    def __init__(self, empty: bytes, size: int, groups: dict[int, bytearray]) -> None:
        self._empty, self._size, self._groups = empty, size, groups

    def copy(self) -> SparseLevel:
        """Another level with the same hashes."""
        groups = {number: bytearray(group) for number, group in self._groups.items()}
        return SparseLevel(self._empty, self._size, groups)

    def __len__(self) -> int:
        return self._size

    def __bytes__(self) -> bytes:
        return self[0 : self._size]

    def __eq__(self, other: object) -> bool:
        return bytes(self) == bytes(other)  # type: ignore[call-overload, no-any-return]

    __hash__ = None  # type: ignore[assignment]

    def __getitem__(self, at: slice) -> bytes:
        number, start = divmod(at.start, GROUP)
        if at.stop - at.start == GROUP and not start:
            group = self._groups.get(number)
            return self._empty * 16 if group is None else bytes(group)
        whole = range(at.start // GROUP, -(-at.stop // GROUP))
        joined = b"".join(bytes(self._groups.get(n) or self._empty * 16) for n in whole)
        return joined[start : start + at.stop - at.start]

    def __setitem__(self, at: slice, value: bytes) -> None:
        number, start = divmod(at.start, GROUP)
        group = self._groups.get(number)
        if group is None:
            group = self._groups[number] = bytearray(self._empty * 16)
        group[start : start + len(value)] = value


@cache
def _opened(h: Hash) -> StateTree:
    """An empty tree, opened once; what is true of its levels is true of every fresh one."""
    return StateTree(h, MemoryStore())


def _sparse(tree: StateTree) -> list[SparseLevel]:
    levels = []
    for level, empty in zip(tree._levels, _opened(tree._h)._levels, strict=True):
        if isinstance(level, SparseLevel):
            levels.append(level.copy())
            continue
        step = 4096 * 32
        groups = {}
        for start in range(0, len(level), step):
            if level[start : start + step] != empty[start : start + step]:
                for at in range(start, min(start + step, len(level)), GROUP):
                    if level[at : at + GROUP] != empty[at : at + GROUP]:
                        groups[at // GROUP] = bytearray(level[at : at + GROUP].ljust(GROUP, b"\0"))
        levels.append(SparseLevel(bytes(empty[:32]), len(level), groups))
    return levels


@contextmanager
def opening_as(tree: StateTree) -> Iterator[None]:
    """While this holds, a chain that is opened gets a copy of this tree, instead of building one from its store."""
    built = chain.StateTree
    chain.StateTree = lambda h, store, buckets=0: _fork(tree, store)  # type: ignore[assignment, misc]
    try:
        yield
    finally:
        chain.StateTree = built  # type: ignore[misc]


def _fork(tree: StateTree, store: Store) -> StateTree:
    """The same tree over another store; what is written to one is not seen in the other."""
    copy = object.__new__(StateTree)
    copy.__dict__.update(tree.__dict__)
    copy._store = store
    copy._kept = defaultdict(lambda: None)  # type: ignore[assignment]
    copy._levels = _sparse(tree)  # type: ignore[assignment]
    copy._dirty_pages, copy._deltas = set(tree._dirty_pages), list(tree._deltas)
    return copy
