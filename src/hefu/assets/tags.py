"""A document's tag, in the one shape that every contract uses (docs/decisions/0003-document-tags.md)."""

from __future__ import annotations

from hefu.kernel.codec import Record


class Tag(Record, frozen=True):
    """A fingerprint of a document's identity: which identity, how computed, under which key epoch."""

    kind: str
    scheme: str
    epoch: int
    value: bytes
