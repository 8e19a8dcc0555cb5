"""
Parcels: individually signed transactions that a node gathered, carried by the engine as one of its own.

Every validator still checks every signature. A parcel itself is signed by nobody and is no part of the ledger: a block's body holds
the transactions, in the order of the parcels, and two nodes that pack them differently in the same order make the same block.
"""

from __future__ import annotations

from collections.abc import Sequence

from hefu.kernel.codec import Codec, encode
from hefu.kernel.errors import Corrupt

_PARCEL: Codec[tuple[bytes, ...]] = Codec(tuple[bytes, ...])


def pack(raws: Sequence[bytes]) -> bytes:
    """The parcel of some transactions."""
    return encode(tuple(raws))


def unpack(parcel: bytes) -> tuple[bytes, ...]:
    """
    The transactions of a parcel.

    Raises:
        Corrupt: No parcel in its one form (MALFORMED, NOT_CANONICAL), or an empty one (EMPTY_PARCEL).
    """
    raws = _PARCEL.load_canonical(parcel, "parcel")
    if not raws:
        raise Corrupt("a parcel holds a transaction at least", code="EMPTY_PARCEL")
    return raws
