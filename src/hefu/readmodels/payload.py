"""A committed block on its way to another process: `[header bytes, [transaction…], results bytes]`."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from hefu.kernel.codec import Codec, encode
from hefu.ledger import block as blocks
from hefu.ledger.chain import Chain, CommittedBlock

_PAYLOAD: Codec[tuple[bytes, tuple[bytes, ...], bytes]] = Codec(tuple[bytes, tuple[bytes, ...], bytes])
_FRONT: Codec[tuple[bytes, msgspec.Raw, msgspec.Raw]] = Codec(tuple[bytes, msgspec.Raw, msgspec.Raw])


def pack(block: CommittedBlock) -> bytes:
    """The bytes of a block."""
    return encode((encode(block.header), block.body, encode(block.results)))


def unpack(raw: bytes) -> CommittedBlock:
    """The block in bytes that `pack` made."""
    header_raw, body, results = _PAYLOAD.load(raw)
    header = blocks.HEADER.load(header_raw)
    return CommittedBlock(header.height, header, body, blocks.RESULTS.load(results))


def height_of(raw: bytes) -> int:
    """The height in bytes that `pack` made, without reading the rest."""
    return blocks.HEADER.load(_FRONT.load(raw)[0]).height


def source_of(chain: Chain) -> Callable[[int], bytes | None]:
    """Reads a chain's durable blocks as payloads; any thread may."""

    def read(height: int) -> bytes | None:
        block = chain.block(height)
        return None if block is None else pack(block)

    return read
