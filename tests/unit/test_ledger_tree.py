"""The state tree against a plain one, its proofs, and what is left of it after reopening."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cache

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hefu.kernel.errors import Corrupt
from hefu.kernel.hashing import hash_named, sha256
from hefu.ledger import tree as t
from hefu.ledger import treebuilder
from hefu.ledger.store import MemoryStore
from hefu.ledger.treebuilder import TreeBuilder


def crowded(data: bytes) -> bytes:
    """SHA-256, but every state key falls into one of four buckets, two of them neighbours."""
    digest = sha256(data)
    if data[:1] != b"\x04":
        return digest
    bucket = ((0, 1, 0x80000, 0xFFFFF)[digest[0] & 3] << 4).to_bytes(3, "big")
    return bucket + digest[3:]


def plain_root(h, entries: Mapping[bytes, bytes]) -> bytes:
    """The root as docs/reference/format.md describes it, from nothing but the entries."""
    buckets: dict[int, list[bytes]] = {}
    for key, value in entries.items():
        key_hash = h(b"\x04" + key)
        buckets.setdefault(int.from_bytes(key_hash, "big") >> 236, []).append(key_hash + h(b"\x05" + value))
    level = {index: h(b"\x02" + b"".join(sorted(pairs))) for index, pairs in buckets.items()}
    empty = h(b"\x02")
    for _ in range(5):
        groups = frozenset(index // 16 for index in level)
        above = {g: h(b"\x03" + b"".join(level.get(g * 16 + i, empty) for i in range(16))) for g in groups}
        level, empty = above, h(b"\x03" + empty * 16)
    return level.get(0, empty)


def apply(entries: dict[bytes, bytes], changes: Iterable[tuple[bytes, bytes | None]]) -> None:
    for key, value in changes:
        if value is None:
            entries.pop(key, None)
        else:
            entries[key] = value


KEYS = st.integers(0, 60).map(lambda i: f"key {i}".encode())
BLOCK = st.dictionaries(KEYS, st.none() | st.binary(max_size=5), max_size=25).map(lambda d: list(d.items()))
BLOCKS = st.lists(BLOCK, min_size=1, max_size=8)


@cache
def opened(h) -> t.StateTree:
    return t.StateTree(h, MemoryStore())


@contextmanager
def borrowed(h) -> Iterator[tuple[t.StateTree, dict[bytes, bytes]]]:
    """
    An empty tree and the entries that a test says to be in it; emptied again afterwards.

    Opening costs a tenth of a second, so one tree a hash serves all examples, and that nothing stays of them is one more check.
    """
    tree = opened(h)
    before, entries = tree.root, {}
    yield tree, entries
    tree.update([(key, None) for key in entries], 0)
    assert tree.root == before == plain_root(h, {})


def test_an_empty_tree_has_the_root_of_nothing():
    for name in ("sha256", "sm3"):
        h = hash_named(name)
        assert t.StateTree(h, MemoryStore()).root == plain_root(h, {})


@pytest.mark.parametrize("h", [sha256, crowded], ids=["spread", "crowded"])
def test_updates_lead_to_the_root_of_a_tree_built_from_scratch(h):
    @settings(max_examples=60)
    @given(BLOCKS)
    def check(blocks):
        with borrowed(h) as (tree, entries):
            for height, changes in enumerate(blocks):
                tree.update(changes, height)
                apply(entries, changes)
                assert tree.root == plain_root(h, entries)

    check()


def test_the_root_for_audits_is_the_same():
    entries = {f"key {i}".encode(): f"value {i}".encode() for i in range(300)}
    assert t.root_of(sha256, entries.items()) == plain_root(sha256, entries)
    assert t.root_of(sha256, reversed(entries.items())) == plain_root(sha256, entries)


@pytest.mark.parametrize("h", [sha256, crowded], ids=["spread", "crowded"])
def test_presence_and_absence_are_provable_and_nothing_else_is(h):
    @settings(max_examples=40)
    @given(BLOCK, KEYS, st.binary(max_size=5))
    def check(changes, key, other):
        with borrowed(h) as (tree, entries):
            tree.update(changes, 0)
            apply(entries, changes)
            value = entries.get(key)
            t.check_proof(h, tree.prove(key, value), tree.root)
            for wrong in (other, None):
                if wrong != value:
                    with pytest.raises(Corrupt, match="another value"):
                        t.check_proof(h, tree.prove(key, wrong), tree.root)

    check()


def _proven() -> tuple[t.StateProof, t.StateProof, bytes]:
    tree = t.StateTree(crowded, MemoryStore())
    tree.update([(f"key {i}".encode(), f"value {i}".encode()) for i in range(12)], 0)
    return tree.prove(b"key 3", b"value 3"), tree.prove(b"key 99", None), tree.root


def test_every_changed_byte_of_a_proof_is_refused():
    present, absent, root = _proven()
    for proof in (present, absent):
        t.check_proof(crowded, proof, root)
        for at in range(len(proof.entries)):
            changed = bytearray(proof.entries)
            changed[at] ^= 1
            _refused(msgspec.structs.replace(proof, entries=bytes(changed)), root)
        for level, group in enumerate(proof.siblings):
            for at in range(0, len(group), 7):
                changed = bytearray(group)
                changed[at] ^= 0x80
                siblings = (*proof.siblings[:level], bytes(changed), *proof.siblings[level + 1 :])
                _refused(msgspec.structs.replace(proof, siblings=siblings), root)
        _refused(msgspec.structs.replace(proof, key=b"key 4"), root)
        for at in range(32):
            changed = bytearray(root)
            changed[at] ^= 1
            _refused(proof, bytes(changed))


def test_a_proof_of_another_shape_is_refused():
    present, absent, root = _proven()
    pair = bytes(64)
    for proof in (present, absent):
        entries, siblings = proof.entries, proof.siblings
        for other in (
            entries + pair,
            pair + entries,
            entries[:-64],
            entries[:-1],
            entries[64:128] + entries[:64] + entries[128:],
            entries[:64] + entries,
            b"",
        ):
            _refused(msgspec.structs.replace(proof, entries=other), root)
        for shape in (
            siblings[:-1],
            (*siblings, siblings[-1]),
            siblings[::-1],
            (siblings[0][:-32], *siblings[1:]),
            (siblings[0] + bytes(32), *siblings[1:]),
            (),
        ):
            _refused(msgspec.structs.replace(proof, siblings=shape), root)


def _refused(proof: t.StateProof, root: bytes) -> None:
    with pytest.raises(Corrupt) as refusal:
        t.check_proof(crowded, proof, root)
    assert refusal.value.code == "BAD_PROOF"


# -- persistence ----------------------------------------------------------------------------------------------------


@pytest.fixture
def hasty(monkeypatch):
    """Rotation so hasty that a few blocks write all pages and drop old deltas."""
    monkeypatch.setattr(t, "PAGES_PER_STEP", t.PAGES // 4)
    monkeypatch.setattr(t, "CHANGES_PER_STEP", 16)


def _run(blocks: list[list[tuple[bytes, bytes | None]]], reopen_after: frozenset[int]) -> int:
    """Write blocks, reopening after some of them; every leaf must be as before. How many deltas were dropped in all."""
    store, entries, dropped = MemoryStore(), {}, 0
    tree = t.StateTree(sha256, store)
    for height, changes in enumerate(blocks):
        writes = tree.update(changes, height)
        dropped += sum(1 for key, value in writes if key[:1] == b"d" and value is None)
        store.write(writes)
        apply(entries, changes)
        if height in reopen_after:
            before = tree._levels[0]
            tree = t.StateTree(sha256, store)
            assert tree._levels[0] == before, f"leaves differ after reopening at {height}"
            assert tree.root == plain_root(sha256, entries)
    return dropped


def _blocks(count: int, size: int, keys: int) -> list[list[tuple[bytes, bytes | None]]]:
    """Blocks whose every change overwrites, adds or removes one of a few keys, without chance."""
    blocks = []
    for height in range(count):
        changes: dict[bytes, bytes | None] = {}
        for i in range(size):
            draw = int.from_bytes(sha256(f"{height} {i}".encode())[:4], "big")
            changes[f"key {draw % keys}".encode()] = None if draw % 11 == 0 else f"{height} {i}".encode()
        blocks.append(list(changes.items()))
    return blocks


@pytest.mark.parametrize(("size", "keys"), [(1, 3), (5, 40), (40, 25), (60, 3000)])
def test_leaves_are_the_same_after_reopening_whatever_was_rotated(hasty, size, keys):
    count = 60 if size == 1 else 24
    dropped = _run(_blocks(count, size, keys), frozenset(range(count // 6, count, count // 6)))
    assert dropped > 0 or size < 5, "no delta was dropped: the test rotated nothing"


def test_reopening_after_every_block_loses_nothing(hasty):
    assert _run(_blocks(16, 30, 50), frozenset(range(16))) > 0


def test_old_deltas_go_once_all_pages_had_their_turn(hasty):
    store = MemoryStore()
    tree = t.StateTree(sha256, store)
    for height, changes in enumerate(_blocks(100, 16, 500)):
        store.write(tree.update(changes, height))
        deltas = [key for key, _ in store.scan(b"d", b"e")]
        assert len(deltas) <= 2 * (t.PAGES // t.PAGES_PER_STEP)
    assert int.from_bytes(deltas[-1][1:], "big") == 99


def test_a_block_without_changes_writes_nothing():
    with borrowed(sha256) as (tree, _):
        root = tree.root
        assert tree.update([], 1) == []
        assert tree.root == root


def test_a_tree_that_keeps_few_buckets_in_memory_is_the_same_tree():
    store, entries = MemoryStore(), dict[bytes, bytes]()
    tree = t.StateTree(sha256, store, buckets=5)
    for block in range(1, 40):
        changes = [
            (f"key {(block * 7 + i * 13) % 60}".encode(), None if i == block % 9 else bytes([block, i]))
            for i in range(9)
        ]
        store.write(tree.update(changes, block))
        apply(entries, changes)
        assert tree.root == plain_root(sha256, entries)
        kept = sum(1 for content in tree._kept if content is not None)
        assert kept <= 5 + 9, "what was kept went over its bound by more than one block"
    for key, value in entries.items():
        t.check_proof(sha256, tree.prove(key, value), tree.root)


# -- a whole state at once ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gathered", [0, 1 << 20])
@pytest.mark.parametrize("h", [sha256, crowded])
@pytest.mark.parametrize("count", [0, 1, 3000])
def test_a_tree_that_is_built_is_the_tree_that_grows(monkeypatch, h, count, gathered):
    monkeypatch.setattr(treebuilder, "_GATHERED", gathered)
    entries = {b"key %d" % i: b"value %d" % i for i in range(count)}
    store, turns = MemoryStore(), []
    with closing(TreeBuilder(h)) as builder:
        for start in range(0, count, 700):
            builder.add(list(entries.items())[start : start + 700])
        for writes in builder.finish(lambda: turns.append(1)):
            store.write(writes)
        assert builder.root == plain_root(h, entries)
    assert len(turns) == 256
    # What it wrote is what a tree opens over, proves from and goes on from.
    tree = t.StateTree(h, store)
    assert tree.root == builder.root
    for key in [*list(entries)[:5], b"absent"]:
        t.check_proof(h, tree.prove(key, entries.get(key)), tree.root)
    store.write(tree.update([(b"key 1", b"another"), (b"new", b"one")], 1))
    assert tree.root == plain_root(h, {**entries, b"key 1": b"another", b"new": b"one"})
    assert t.StateTree(h, store).root == tree.root


def test_a_key_that_comes_twice_leads_nowhere():
    entries = [(b"a", b"1"), (b"b", b"2"), (b"a", b"3")]
    with closing(TreeBuilder(sha256)) as builder:
        builder.add(entries)
        for _ in builder.finish():
            pass
        assert builder.root not in (plain_root(sha256, dict(entries)), plain_root(sha256, dict(entries[:2])))
