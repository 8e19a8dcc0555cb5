"""
Binary Merkle trees over lists, shaped as in RFC 6962 section 2.1: the left half is the largest power of two that is
smaller than the list. An empty list's root is the hash of nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from hefu.kernel.hashing import TAGS, Hash, Tag

_LEAF = TAGS[Tag.MERKLE_LEAF]
_NODE = TAGS[Tag.MERKLE_NODE]


def leaf_hash(h: Hash, item: bytes) -> bytes:
    """Hash of one item of the list."""
    return h(_LEAF + item)


def root_of_leaves(h: Hash, leaves: Sequence[bytes]) -> bytes:
    """Root over leaf hashes. One leaf is its own root."""
    if not leaves:
        return h(b"")
    level = list(leaves)
    while len(level) > 1:
        # Pairing from the left and carrying an odd last node up gives exactly the shape of RFC 6962.
        paired = [h(_NODE + level[i] + level[i + 1]) for i in range(0, len(level) - 1, 2)]
        if len(level) & 1:
            paired.append(level[-1])
        level = paired
    return level[0]


def root(h: Hash, items: Sequence[bytes]) -> bytes:
    """Root over items."""
    return root_of_leaves(h, [h(_LEAF + item) for item in items])


def path(h: Hash, leaves: Sequence[bytes], index: int) -> list[bytes]:
    """
    Sibling hashes from a leaf to the root.

    Args:
        leaves: Leaf hashes of the whole list.
        index: Position of the leaf, from 0.
    """
    level, siblings = list(leaves), []
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            siblings.append(level[sibling])
        paired = [h(_NODE + level[i] + level[i + 1]) for i in range(0, len(level) - 1, 2)]
        if len(level) & 1:
            paired.append(level[-1])
        level, index = paired, index >> 1
    return siblings


def root_from_path(h: Hash, leaf: bytes, index: int, count: int, siblings: Sequence[bytes]) -> bytes | None:
    """Root that a leaf and its siblings lead to; None where their number cannot be right."""
    node, remaining = leaf, list(siblings)
    while count > 1:
        if index ^ 1 < count:
            if not remaining:
                return None
            sibling = remaining.pop(0)
            node = h(_NODE + sibling + node) if index & 1 else h(_NODE + node + sibling)
        index, count = index >> 1, (count + 1) >> 1
    return None if remaining else node
