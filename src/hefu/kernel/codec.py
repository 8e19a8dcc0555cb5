"""
Canonical bytes: MessagePack arrays through msgspec, and the check that makes them canonical.

msgspec accepts integers that are longer than needed, so decoding alone is malleable. Whatever is hashed or signed is
therefore kept as the bytes received, and accepted only if encoding the decoded value gives those bytes again.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

from hefu.kernel.errors import Corrupt

T = TypeVar("T")

_encoder = msgspec.msgpack.Encoder()
encode = _encoder.encode


class Record(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True, gc=False):
    """Base of everything that is stored or signed: an immutable array of fields in a fixed order."""


class Codec(Generic[T]):
    """
    Reads one type from bytes.

    Args:
        kind: The type, a Record, a union of tagged Records, or a builtin.
    """

    __slots__ = ("_decoder", "load")

    def __init__(self, kind: Any) -> None:
        self._decoder: msgspec.msgpack.Decoder[T] = msgspec.msgpack.Decoder(kind)
        #: Decodes bytes that this process, or one it trusts, encoded itself; no canonical check.
        self.load = self._decoder.decode

    def load_canonical(self, raw: bytes, what: str) -> T:
        """
        Decode bytes from outside.

        Raises:
            Corrupt: Not this type, or not the one encoding of its value.
        """
        try:
            value = self._decoder.decode(raw)
        except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError) as error:
            raise Corrupt(f"{what} cannot be read: {error}", code="MALFORMED") from None
        if encode(value) != raw:
            raise Corrupt(f"{what} is not in canonical form", code="NOT_CANONICAL")
        return value
