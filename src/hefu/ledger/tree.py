"""
The authenticated state: 2^20 buckets by key hash, a tree of arity 16 above them (docs/decisions/0010-tree-codec-snapshots.md).

A proof shows a bucket's entries as pairs of hashes and the siblings up to the root, so it proves presence and absence alike.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Protocol

from hefu.kernel.codec import Record
from hefu.kernel.errors import Corrupt
from hefu.kernel.hashing import TAGS, Hash, Tag
from hefu.ledger.store import MemoryStore, Store, at_height

ARITY = 16
DEPTH = 5
BUCKETS = ARITY**DEPTH
PAGE_BUCKETS = 256
PAGES = BUCKETS // PAGE_BUCKETS
#: A rotation writes 1/64 of the pages for every 2,048 changed hashes, so at most some 130,000 deltas are read at opening.
PAGES_PER_STEP = PAGES // 64
CHANGES_PER_STEP = 2048

KEY, VALUE = TAGS[Tag.STATE_KEY], TAGS[Tag.STATE_VALUE]
BUCKET, NODE = TAGS[Tag.BUCKET], TAGS[Tag.TREE_NODE]
ENTRY = 64
_STEP = 8  # A delta begins with the rotation step after which it was written.
_GROUP = 32 * ARITY


class StateProof(Record, frozen=True):
    """
    Presence or absence of one key under a state root.

    `entries` are the bucket's (key hash, value hash) pairs, joined; `siblings` the other fifteen children of each level,
    joined, from the buckets upward.
    """

    key: bytes
    value: bytes | None
    entries: bytes
    siblings: tuple[bytes, ...]


class Tree(Protocol):
    """The authenticated state as a chain needs it: here, or in a process beside it."""

    @property
    def beside(self) -> bool:
        """Whether `begin` returns before the work is done."""
        ...

    @property
    def root(self) -> bytes:
        """Root of the state, 32 bytes."""
        ...

    def begin(self, changes: Sequence[tuple[bytes, bytes | None]], height: int) -> None:
        """Take a block's changed keys with their new values (None removes)."""
        ...

    def finish(self) -> list[tuple[bytes, bytes | None]]:
        """What must be written with the block that was begun; the root is the new one from now on."""
        ...

    def prove(self, key: bytes, value: bytes | None) -> StateProof:
        """Prove what a key holds now, between two blocks."""
        ...


class StateTree:
    """
    The tree over the buckets, with the bucket hashes in memory and everything on disk.

    Args:
        h: The chain's hash.
        store: Where buckets, pages and deltas live; read at construction and when a bucket is first touched.
        buckets: How many stay in memory. With fewer than all of them, what an update gave to be written must be in the store
            before the next.
    """

    beside = False

    def __init__(self, h: Hash, store: Store, buckets: int = BUCKETS) -> None:
        self._h = h
        self._store = store
        self._most = buckets
        #: Buckets by index; None for one that was not touched yet. A list: one access to memory instead of a dictionary's three.
        self._kept: list[bytes | None] = [None] * BUCKETS
        #: Those that were read, oldest first. Keys are hashes, so it makes no difference which one goes.
        self._read: deque[int] = deque()
        self._empty = h(BUCKET)
        self._levels: list[bytearray] = []
        self._dirty_pages: set[int] = set()
        self._cursor = 0
        self._changes_since_step = 0
        self._deltas: list[tuple[int, int]] = []  # (height, rotation step after which it is no longer needed)
        self._step = 0
        self._begun: list[tuple[bytes, bytes | None]] = []
        self._load()

    # -- opening ------------------------------------------------------------------------------------------------

    def _load(self) -> None:
        leaves = bytearray(self._empty * BUCKETS)
        touched: set[int] = set()  # Groups of leaves that may hold something.
        for key, page in self._store.scan(b"p", b"q"):
            first = int.from_bytes(key[1:], "big") * PAGE_BUCKETS
            leaves[first * 32 : first * 32 + len(page)] = page
            touched.update(range(first >> 4, (first + PAGE_BUCKETS) >> 4))
        for key, delta in self._store.scan(b"d", b"e"):
            # Rotation goes on where it stood: a ledger that is opened for every few blocks would else never finish a round.
            step = int.from_bytes(delta[:_STEP], "big")
            if step != self._step:
                self._step, self._changes_since_step = step, 0
            self._changes_since_step += len(delta) // 35
            self._deltas.append((int.from_bytes(key[1:], "big"), step + PAGES // PAGES_PER_STEP))
            for i in range(_STEP, len(delta), 35):
                index = int.from_bytes(delta[i : i + 3], "big")
                leaves[index * 32 : index * 32 + 32] = delta[i + 3 : i + 35]
                touched.add(index >> 4)
                self._dirty_pages.add(index // PAGE_BUCKETS)
        self._cursor = self._step * PAGES_PER_STEP % PAGES
        self._levels = levels_over(self._h, leaves, touched)

    @property
    def root(self) -> bytes:
        """Root of the state, 32 bytes."""
        return bytes(self._levels[-1])

    def read_ahead(self, count: int) -> Iterator[None]:
        """
        Read every bucket into memory, so many between two steps of the iterator. What was changed meanwhile is in memory already
        and stays.
        """
        kept = self._kept
        for number, (key, content) in enumerate(self._store.scan(b"b", b"c")):
            index = int.from_bytes(key[1:], "big")
            if kept[index] is None:
                kept[index] = content
            if number % count == count - 1:
                yield
        # Whatever is still missing is empty, and no longer asked of the store.
        self._store = MemoryStore()

    def _bucket(self, index: int) -> bytes:
        self._fetch_buckets([index])
        return self._kept[index] or b""

    # -- writing ------------------------------------------------------------------------------------------------

    def begin(self, changes: Sequence[tuple[bytes, bytes | None]], height: int) -> None:
        """See the port; the work is done here and now."""
        self._begun = self.update(changes, height)

    def finish(self) -> list[tuple[bytes, bytes | None]]:
        """See the port."""
        begun, self._begun = self._begun, []
        return begun

    def update(self, changes: Iterable[tuple[bytes, bytes | None]], height: int) -> list[tuple[bytes, bytes | None]]:
        """
        Apply changed keys and return what must be written with the block.

        Args:
            changes: Keys with their new values; None removes.
            height: The block that the delta belongs to.
        """
        h, kept, number = self._h, self._kept, int.from_bytes
        while len(self._read) > self._most:
            kept[self._read.popleft()] = None
        by_bucket: dict[int, list[tuple[bytes, bytes | None]]] = {}
        for key, value in changes:
            key_hash = h(KEY + key)
            entry = (key_hash, None if value is None else h(VALUE + value))
            index = number(key_hash[:3], "big") >> 4
            if index in by_bucket:
                by_bucket[index].append(entry)
            else:
                by_bucket[index] = [entry]
        self._fetch_buckets(by_bucket)
        writes: list[tuple[bytes, bytes | None]] = []
        delta: list[bytes] = []
        leaves = self._levels[0]
        for index in sorted(by_bucket):
            kept[index] = content = _merge(kept[index] or b"", by_bucket[index])
            name = index.to_bytes(3, "big")
            digest = h(BUCKET + content)
            leaves[index * 32 : index * 32 + 32] = digest
            writes.append((b"b" + name, content or None))
            delta.append(name + digest)
        self._rehash(by_bucket.keys())
        if delta:
            writes.extend(self._rotate(by_bucket.keys(), height))
            writes.append((at_height(b"d", height), self._step.to_bytes(_STEP, "big") + b"".join(delta)))
        return writes

    def _fetch_buckets(self, indexes: Iterable[int]) -> None:
        """Read those buckets that are not in memory, in one call to the store."""
        missing = [index for index in indexes if self._kept[index] is None]
        if missing:
            contents = self._store.get_many([b"b" + index.to_bytes(3, "big") for index in missing])
            for index, content in zip(missing, contents, strict=True):
                self._kept[index] = content or b""
            self._read.extend(missing)

    def _rehash(self, dirty: Iterable[int]) -> None:
        h, levels = self._h, self._levels
        for depth in range(1, len(levels)):
            below, above = levels[depth - 1], levels[depth]
            dirty = {index >> 4 for index in dirty}
            for index in dirty:
                at = index * _GROUP
                above[index * 32 : index * 32 + 32] = h(NODE + below[at : at + _GROUP])

    def _rotate(self, changed: Collection[int], height: int) -> list[tuple[bytes, bytes | None]]:
        """Write a share of the dirty pages for every so many changes, and drop the deltas that a full round has covered."""
        writes: list[tuple[bytes, bytes | None]] = []
        self._dirty_pages.update({index // PAGE_BUCKETS for index in changed})
        self._changes_since_step += len(changed)
        while self._changes_since_step >= CHANGES_PER_STEP:
            self._changes_since_step -= CHANGES_PER_STEP
            for page in range(self._cursor, self._cursor + PAGES_PER_STEP):
                if page in self._dirty_pages:
                    self._dirty_pages.discard(page)
                    writes.append((b"p" + page.to_bytes(2, "big"), self._page(page)))
            self._cursor = (self._cursor + PAGES_PER_STEP) % PAGES
            self._step += 1
        self._deltas.append((height, self._step + PAGES // PAGES_PER_STEP))
        keep = 0
        # A delta is covered once every page has had its turn after it: strictly later than its own step.
        while keep < len(self._deltas) and self._deltas[keep][1] < self._step:
            writes.append((at_height(b"d", self._deltas[keep][0]), None))
            keep += 1
        del self._deltas[:keep]
        return writes

    def _page(self, page: int) -> bytes:
        size = PAGE_BUCKETS * 32
        return bytes(self._levels[0][page * size : (page + 1) * size])

    # -- proving ------------------------------------------------------------------------------------------------

    def prove(self, key: bytes, value: bytes | None) -> StateProof:
        """
        Prove what a key holds now.

        Args:
            value: The value as the store has it; None to prove absence.
        """
        index = int.from_bytes(self._h(KEY + key)[:3], "big") >> 4
        siblings = []
        at = index
        for level in self._levels[:-1]:
            start = (at >> 4) * _GROUP
            own = (at & 15) * 32
            group = level[start : start + _GROUP]
            siblings.append(bytes(group[:own] + group[own + 32 :]))
            at >>= 4
        return StateProof(key, value, self._bucket(index), tuple(siblings))


def levels_over(h: Hash, leaves: bytearray, touched: set[int]) -> list[bytearray]:
    """
    The levels of a tree, from its leaves to its root.

    Args:
        leaves: Hashes of all buckets, joined.
        touched: Groups of sixteen of them that may hold something.
    """
    levels, nothing = [leaves], h(BUCKET)
    while len(levels[-1]) > 32:
        # What holds nothing is the same everywhere; the rest is hashed.
        below = levels[-1]
        nothing = h(NODE + nothing * ARITY)
        above = bytearray(nothing * (len(below) // _GROUP))
        for index in touched:
            above[index * 32 : index * 32 + 32] = h(NODE + below[index * _GROUP : (index + 1) * _GROUP])
        levels.append(above)
        touched = {index >> 4 for index in touched}
    return levels


def _merge(content: bytes, changes: list[tuple[bytes, bytes | None]]) -> bytes:
    """A bucket's entries with changes applied, in order of key hash."""
    if len(changes) == 1:
        key_hash, value_hash = changes[0]
        if value_hash is not None:
            if not content:
                return key_hash + value_hash
            at = content.find(key_hash)
            # Found across two entries it would be a hash collision, but then the long way is as right.
            if at >= 0 and not at % ENTRY:
                return content[: at + 32] + value_hash + content[at + ENTRY :]
    entries = {content[i : i + 32]: content[i + 32 : i + 64] for i in range(0, len(content), ENTRY)}
    for key_hash, value_hash in changes:
        if value_hash is None:
            entries.pop(key_hash, None)
        else:
            entries[key_hash] = value_hash
    return b"".join([k + entries[k] for k in sorted(entries)])


def check_proof(h: Hash, proof: StateProof, root: bytes) -> None:
    """
    Check that a proof leads to a root.

    Raises:
        Corrupt: It does not.
    """
    key_hash = h(KEY + proof.key)
    entries = proof.entries
    if len(entries) % ENTRY or len(proof.siblings) != DEPTH:
        raise Corrupt("a state proof has a wrong shape", code="BAD_PROOF")
    pairs = [(entries[i : i + 32], entries[i + 32 : i + 64]) for i in range(0, len(entries), ENTRY)]
    if any(a[0] >= b[0] for a, b in pairwise(pairs)):
        raise Corrupt("a bucket's entries are out of order", code="BAD_PROOF")
    found = dict(pairs).get(key_hash)
    expected = None if proof.value is None else h(VALUE + proof.value)
    if found != expected:
        raise Corrupt("a state proof speaks of another value", code="BAD_PROOF")
    index = int.from_bytes(key_hash[:3], "big") >> 4
    node = h(BUCKET + entries)
    for group in proof.siblings:
        if len(group) != _GROUP - 32:
            raise Corrupt("a state proof has a wrong shape", code="BAD_PROOF")
        own = (index & 15) * 32
        node = h(NODE + group[:own] + node + group[own:])
        index >>= 4
    if node != root:
        raise Corrupt("a state proof leads to another root", code="BAD_PROOF")


def root_of(h: Hash, entries: Iterable[tuple[bytes, bytes | None]]) -> bytes:
    """Root over a whole state, by a fresh tree in memory; for audits and snapshots."""
    tree = StateTree(h, MemoryStore())
    tree.update(entries, 0)
    return tree.root
