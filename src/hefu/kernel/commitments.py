"""
Commitments to terms that only the parties need, one salt a field.

The ledger holds the Merkle root over the field commitments, in order of field name. Whoever holds the salts can open any
field without the others; deleting a field's salt is its erasure, for 128 bits of salt cannot be guessed
(docs/decisions/0004-commitments.md).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from hefu.kernel import merkle
from hefu.kernel.codec import Record, encode
from hefu.kernel.errors import UsageError
from hefu.kernel.hashing import TAGS, Hash, Tag

FieldValue = str | int | bytes
_FIELD = TAGS[Tag.FIELD]


class OpenField(Record, frozen=True):
    """
    One field with what opens it; `value` is a FieldValue.

    The codec cannot tell text from bytes inside a union, so the type is checked where a field is used.
    """

    name: str
    value: Any
    salt: bytes

    def __post_init__(self) -> None:
        if type(self.value) not in (str, int, bytes):
            raise ValueError("a field holds text, an integer or bytes")


class Terms(Record, frozen=True):
    """All fields of one set of terms, in order of name. Secret: it belongs into a vault, never onto a ledger."""

    fields: tuple[OpenField, ...]


class OpenedTerms(Record, frozen=True):
    """What a holder shows: every commitment, and the fields chosen, by position."""

    commitments: tuple[bytes, ...]
    opened: tuple[tuple[int, OpenField], ...]


def field_commitment(h: Hash, field: OpenField) -> bytes:
    """Hiding and binding commitment to one field."""
    return h(_FIELD + field.salt + encode((field.name, field.value)))


def terms_of(values: Mapping[str, FieldValue], salts: Mapping[str, bytes]) -> Terms:
    """
    Terms from values and a fresh salt for each.

    Raises:
        UsageError: A salt is missing or not 16 bytes, or a text is not in Unicode's normal form C.
    """
    fields = []
    for name in sorted(values):
        value, salt = values[name], salts.get(name, b"")
        if len(salt) != 16:
            raise UsageError(f"field {name} needs a salt of 16 bytes")
        if isinstance(value, str) and unicodedata.normalize("NFC", value) != value:
            raise UsageError(f"field {name} is not in Unicode normal form C")
        fields.append(OpenField(name, value, salt))
    return Terms(tuple(fields))


def terms_root(h: Hash, terms: Terms) -> bytes:
    """What goes onto the ledger for a set of terms, 32 bytes."""
    return merkle.root(h, [field_commitment(h, field) for field in terms.fields])


def open_fields(h: Hash, terms: Terms, names: frozenset[str]) -> OpenedTerms:
    """Open the named fields; the others stay commitments."""
    return OpenedTerms(
        tuple(field_commitment(h, field) for field in terms.fields),
        tuple((i, field) for i, field in enumerate(terms.fields) if field.name in names),
    )
