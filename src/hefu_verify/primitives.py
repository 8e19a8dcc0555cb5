"""The tags of the hash, Merkle paths over lists, and proofs in the state tree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from hefu_verify.codec import Record, require

Hash = Callable[[bytes], bytes]
ZERO = bytes(32)

LEAF, NODE, BUCKET, TREE_NODE, STATE_KEY, STATE_VALUE = (bytes((tag,)) for tag in range(6))
TRANSACTION, BLOCK, LINK, START, IDENTIFIER, FIELD, CHECKPOINT, CHAIN = (bytes((tag,)) for tag in range(0x10, 0x18))
TREE_LEVELS = 5


def merkle_root(h: Hash, items: Sequence[bytes]) -> bytes:
    """Root over a list; an odd last node moves up unchanged."""
    level = [h(LEAF + item) for item in items]
    while len(level) > 1:
        pairs = [h(NODE + left + right) for left, right in zip(level[::2], level[1::2])]
        level = pairs + (level[-1:] if len(level) % 2 else [])
    return level[0] if level else h(b"")


def root_from_path(h: Hash, item: bytes, index: int, count: int, path: Sequence[bytes]) -> bytes:
    """Root that one item of a list of `count` and its siblings lead to."""
    require(index < count, "BAD_PATH", "an item stands outside its list")
    node, used = h(LEAF + item), 0
    while count > 1:
        if index ^ 1 < count:
            require(used < len(path), "BAD_PATH", "a path is too short")
            sibling = path[used]
            node, used = h(NODE + (sibling + node if index & 1 else node + sibling)), used + 1
        index, count = index >> 1, (count + 1) >> 1
    require(used == len(path), "BAD_PATH", "a path is too long")
    return node


def check_state_proof(h: Hash, proof: Record, root: bytes) -> None:
    """Refuse unless the proof shows its value under its key in the state with this root."""
    key_hash, entries = h(STATE_KEY + proof.key), proof.entries
    well_formed = len(entries) % 64 == 0 and len(proof.siblings) == TREE_LEVELS
    require(well_formed, "BAD_PROOF", "a state proof has a wrong shape")
    keys = [entries[at : at + 32] for at in range(0, len(entries), 64)]
    require(all(a < b for a, b in pairwise(keys)), "BAD_PROOF", "a bucket's entries are out of order")
    require(key_hash in keys, "BAD_PROOF", "a state proof shows no such key")
    at = keys.index(key_hash) * 64 + 32
    require(entries[at : at + 32] == h(STATE_VALUE + proof.value), "BAD_PROOF", "a state proof is of another value")
    place, node = int.from_bytes(key_hash[:3], "big") >> 4, h(BUCKET + entries)
    for group in proof.siblings:
        own = (place & 15) * 32
        node, place = h(TREE_NODE + group[:own] + node + group[own:]), place >> 4
    require(node == root, "BAD_PROOF", "a state proof leads to another root")
