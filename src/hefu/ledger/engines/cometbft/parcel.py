"""
Parcels: individually signed transactions that a node gathered, carried by the engine as one of its own.

Every validator still checks every signature. A parcel itself is signed by nobody and is no part of the ledger: a block's body holds
the transactions, in the order of the parcels, and two nodes that pack them differently in the same order make the same block.

Each packing has a number of its own: the engine takes the same bytes once and never again, but what it decided may have to come
again, where a transaction was too early for the time of its block.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from hefu.kernel.codec import Codec, encode
from hefu.kernel.errors import Corrupt

NUMBER_BYTES = 8
_PARCEL: Codec[tuple[bytes, tuple[bytes, ...]]] = Codec(tuple[bytes, tuple[bytes, ...]])


def pack(raws: Sequence[bytes], number: bytes | None = None) -> bytes:
    """
    A parcel of some transactions.

    Args:
        number: Eight bytes; drawn at random if not given.
    """
    return encode((secrets.token_bytes(NUMBER_BYTES) if number is None else number, tuple(raws)))


def unpack(parcel: bytes) -> tuple[bytes, ...]:
    """
    The transactions of a parcel.

    Raises:
        Corrupt: No parcel in its one form (MALFORMED, NOT_CANONICAL), or an empty one (EMPTY_PARCEL).
    """
    number, raws = _PARCEL.load_canonical(parcel, "parcel")
    if len(number) != NUMBER_BYTES:
        raise Corrupt(f"a parcel's number has {NUMBER_BYTES} bytes", code="MALFORMED")
    if not raws:
        raise Corrupt("a parcel holds a transaction at least", code="EMPTY_PARCEL")
    return raws
