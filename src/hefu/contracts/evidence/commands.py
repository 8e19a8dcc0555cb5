"""Commands of the evidence contract."""

from __future__ import annotations

from hefu.assets.tags import Tag
from hefu.kernel.codec import Record
from hefu.kernel.money import Amount


class Register(Record, frozen=True, tag="evidence.register"):
    """
    The seller registers a document.

    `buyer` is the buyer's account, or zeros where the buyer is not on this ledger. `gross` is in minor units. `terms` is the
    root over committed fields. `standing_acceptance` says that the seller takes payment of this document by assignment of
    its buyer's rights without signing each time.
    """

    seller: bytes
    salt: bytes
    kind: str
    buyer: bytes
    currency: str
    gross: Amount
    tags: tuple[Tag, ...]
    terms: bytes
    standing_acceptance: bool


class SetStandingAcceptance(Record, frozen=True, tag="evidence.set-standing-acceptance"):
    """The seller gives or withdraws its standing acceptance for a document."""

    document: bytes
    accepts: bool
