"""Blocks: header, seal, results, receipts. The header's bytes are hashed; the seal stands beside them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hefu.kernel import merkle
from hefu.kernel.codec import Codec, Record, encode
from hefu.kernel.hashing import TAGS, Hash, Tag

VERSION = 1
SEAL_PREFIX = b"hefu/block/1\n"
OK = "OK"
_BLOCK = TAGS[Tag.BLOCK]


class BlockHeader(Record, frozen=True):
    """Header of a block; times in milliseconds since 1970 UTC, roots and ids 32 bytes."""

    version: int
    chain_id: bytes
    height: int
    at_ms: int
    previous: bytes
    transactions_root: bytes
    results_root: bytes
    state_root: bytes
    code_version: int
    count: int


class Sealed(Record, frozen=True):
    """Header bytes with the proof that the engine committed them: `operator` is key and signature."""

    header: bytes
    seal_kind: str
    seal: tuple[bytes, ...]


class Result(Record, frozen=True):
    """What became of one transaction: `OK` or the stable code of the refusal, and its events."""

    transaction_id: bytes
    code: str
    events: tuple[bytes, ...]


class Receipt(Record, frozen=True):
    """
    The final answer about a transaction.

    `code` is REPLAYED when these bytes, or others under the same identifier, were answered before; height, index and
    `first_code` then say where and how.
    """

    transaction_id: bytes
    height: int
    index: int
    code: str
    events: tuple[bytes, ...]
    first_code: str = ""

    @property
    def ok(self) -> bool:
        """Whether it took effect, now or when it was first answered."""
        return self.code == OK or self.first_code == OK


HEADER: Codec[BlockHeader] = Codec(BlockHeader)
SEALED: Codec[Sealed] = Codec(Sealed)
RESULTS: Codec[tuple[Result, ...]] = Codec(tuple[Result, ...])
BODY: Codec[tuple[bytes, ...]] = Codec(tuple[bytes, ...])


def block_id(h: Hash, header: bytes) -> bytes:
    """Identifier of a block, from its header bytes."""
    return h(_BLOCK + header)


def transactions_root(h: Hash, body: Sequence[bytes]) -> bytes:
    """Root over the full bytes of the transactions, signatures included."""
    return merkle.root(h, body)


def results_root(h: Hash, results: Sequence[bytes]) -> bytes:
    """Root over the encoded results in the order of the transactions."""
    return merkle.root(h, results)


def join_encoded(parts: Sequence[bytes]) -> bytes:
    """The encoding of a list whose elements are encoded already."""
    return encode([msgspec.Raw(part) for part in parts])
