"""Records of the evidence contract and their keys."""

from __future__ import annotations

from hefu.assets.tags import Tag
from hefu.kernel.codec import Codec, Record
from hefu.kernel.money import Amount

SCHEMA = 1


class Reservation(Record, frozen=True):
    """An amount held for a proposal that nobody answered yet; lapses after `until_ms`."""

    right: bytes
    amount: Amount
    until_ms: int


class DocumentRecord(Record, frozen=True):
    """A document. gross = available + sum of reservations + live + spent, with lapsed reservations counted as reserved."""

    schema: int
    kind: str
    seller: bytes
    buyer: bytes
    currency: str
    gross: Amount
    available: Amount
    reserved: tuple[Reservation, ...]
    live: Amount
    spent: Amount
    tags: tuple[Tag, ...]
    terms: bytes
    standing_acceptance: bool


class TagRecord(Record, frozen=True):
    """Which document carries a tag."""

    document: bytes


DOCUMENT: Codec[DocumentRecord] = Codec(DocumentRecord)
TAG: Codec[TagRecord] = Codec(TagRecord)


def document_key(document: bytes) -> bytes:
    """State key of a document."""
    return b"D" + document


def tag_key(tag: Tag) -> bytes:
    """State key of a tag. Kind and scheme cannot contain the separator."""
    return b"T" + f"{tag.kind}|{tag.scheme}|{tag.epoch}|".encode("ascii") + tag.value
