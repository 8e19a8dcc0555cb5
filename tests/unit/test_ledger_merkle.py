"""Merkle roots and paths against RFC 6962, written down a second time as the text has it."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hefu.kernel import merkle
from hefu.kernel.hashing import hash_named, sha256

#: Source: certificate-transparency, merkletree test vectors: inputs and the roots of the first 0..8 of them.
INPUTS = [bytes.fromhex(i) for i in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")]
INPUTS.append(bytes(range(0x60, 0x70)))
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def tree_hash(items: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1."""
    if not items:
        return hashlib.sha256(b"").digest()
    if len(items) == 1:
        return hashlib.sha256(b"\0" + items[0]).digest()
    k = 1
    while k * 2 < len(items):
        k *= 2
    return hashlib.sha256(b"\1" + tree_hash(items[:k]) + tree_hash(items[k:])).digest()


def audit_path(index: int, items: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962 section 2.1.1."""
    if len(items) <= 1:
        return []
    k = 1
    while k * 2 < len(items):
        k *= 2
    if index < k:
        return [*audit_path(index, items[:k]), tree_hash(items[k:])]
    return [*audit_path(index - k, items[k:]), tree_hash(items[:k])]


def leaves_of(items: list[bytes]) -> list[bytes]:
    return [merkle.leaf_hash(sha256, item) for item in items]


@pytest.mark.parametrize("count", range(9))
def test_roots_are_the_published_ones(count):
    assert merkle.root(sha256, INPUTS[:count]).hex() == ROOTS[count]


@pytest.mark.parametrize("count", range(40))
def test_roots_and_paths_are_those_of_the_rfc(count):
    items = [f"item {i}".encode() for i in range(count)]
    leaves = leaves_of(items)
    root = merkle.root(sha256, items)
    assert root == merkle.root_of_leaves(sha256, leaves) == tree_hash(items)
    for index in range(count):
        siblings = merkle.path(sha256, leaves, index)
        assert siblings == audit_path(index, items)
        assert merkle.root_from_path(sha256, leaves[index], index, count, siblings) == root


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=70), st.data())
def test_a_path_leads_to_the_root_from_its_own_leaf_and_place_alone(items, data):
    index = data.draw(st.integers(0, len(items) - 1))
    leaves = leaves_of(items)
    root, siblings = tree_hash(items), merkle.path(sha256, leaves, index)
    lead = merkle.root_from_path
    assert lead(sha256, leaves[index], index, len(items), siblings) == root
    assert lead(sha256, sha256(leaves[index]), index, len(items), siblings) != root
    assert lead(sha256, leaves[index], index, len(items), [*siblings, root]) is None
    if siblings:
        assert lead(sha256, leaves[index], index, len(items), siblings[:-1]) is None
        at = data.draw(st.integers(0, len(siblings) - 1))
        changed = [sha256(s) if i == at else s for i, s in enumerate(siblings)]
        assert lead(sha256, leaves[index], index, len(items), changed) != root


@given(st.lists(st.binary(max_size=8), min_size=2, max_size=33, unique=True), st.data())
def test_no_leaf_can_be_shown_at_another_place(items, data):
    leaves = leaves_of(items)
    index = data.draw(st.integers(0, len(items) - 1))
    other = data.draw(st.integers(0, 2 * len(items)).filter(lambda i: i != index))
    siblings = merkle.path(sha256, leaves, index)
    assert merkle.root_from_path(sha256, leaves[index], other, len(items), siblings) != tree_hash(items)


def test_a_node_cannot_stand_for_a_leaf():
    items = [b"a", b"b"]
    node = merkle.root(sha256, items)
    inner = b"".join(leaves_of(items))
    assert merkle.leaf_hash(sha256, inner) != node


@given(st.lists(st.binary(max_size=40), max_size=20), st.lists(st.binary(max_size=40), max_size=20))
def test_other_lists_have_other_roots(one, other):
    assert (merkle.root(sha256, one) == merkle.root(sha256, other)) == (one == other)


def test_the_hash_is_the_one_given():
    sm3 = hash_named("sm3")
    assert merkle.root(sm3, INPUTS) != merkle.root(sha256, INPUTS)
    assert merkle.root(sm3, []) == sm3(b"")
