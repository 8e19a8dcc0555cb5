"""Events of the evidence contract."""

from __future__ import annotations

from hefu.assets.tags import Tag
from hefu.kernel.codec import Record
from hefu.kernel.money import Amount


class Registered(Record, frozen=True, tag="evidence.registered"):
    """A document is on the ledger."""

    document: bytes
    seller: bytes
    kind: str
    buyer: bytes
    currency: str
    gross: Amount
    tags: tuple[Tag, ...]
    terms: bytes
    standing_acceptance: bool


class StandingAcceptanceSet(Record, frozen=True, tag="evidence.standing-acceptance-set"):
    """The seller's standing acceptance is given or withdrawn."""

    document: bytes
    accepts: bool


class CapacityMoved(Record, frozen=True, tag="evidence.capacity-moved"):
    """
    An amount of a document's gross moved between available, reserved, live and spent.

    `right` is what it moved for; a reservation lapses after `until_ms`.
    """

    document: bytes
    source: str
    target: str
    amount: Amount
    right: bytes
    until_ms: int
