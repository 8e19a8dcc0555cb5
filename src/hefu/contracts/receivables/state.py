"""Records of the receivables contract and their keys."""

from __future__ import annotations

from datetime import date

from hefu.assets.header import AssetHeader
from hefu.kernel.codec import Codec, Record
from hefu.kernel.money import Amount

SCHEMA = 1
PROPOSED, LIVE, SETTLED = "proposed", "live", "settled"
REFUSED, WITHDRAWN, CANCELLED = "refused", "withdrawn", "cancelled"
CONFIRMED_BACKING, EVIDENCE_BACKING = "confirmed", "evidence"


class Endorsement(Record, frozen=True):
    """One step of the chain of holders: who passed the right on, and whether recourse reaches back to it."""

    assignor: bytes
    recourse: bool


class Lock(Record, frozen=True):
    """An accepted offer: until when the right waits for the financier's money."""

    financier: bytes
    method: str
    recourse: bool
    offer: bytes
    price: bytes
    since_on: date
    until_ms: int


class Notice(Record, frozen=True):
    """The notice to the obligor: when the ledger recorded it, where to pay, when it was acknowledged (0: not yet)."""

    at_ms: int
    payee_account: bytes
    acknowledged_ms: int


class RightRecord(Record, frozen=True):
    """
    A receivable or a part of one.

    `root` is the right that was proposed, `parent` what this was split from (the right itself for a root), `document` the
    invoice behind the root. `backing` never changes: what began on evidence alone stays marked so.
    """

    header: AssetHeader
    status: str
    backing: str
    document: bytes
    obligor: bytes
    due_on: date
    root: bytes
    parent: bytes
    depth: int
    endorsements: tuple[Endorsement, ...]
    lock: Lock | None
    notice: Notice | None
    confirmation: bytes
    terms: bytes
    until_ms: int


class ExposureRecord(Record, frozen=True):
    """What an obligor's account owes on confirmed receivables that are live, and its ceiling (None: none set)."""

    currency: str
    live: Amount
    ceiling: Amount | None


class PriceRecord(Record, frozen=True):
    """What a right's owner accepted when it first named a price's commitment: a payment of that price is for this alone."""

    financier: bytes
    method: str
    recourse: bool
    offer: bytes


RIGHT: Codec[RightRecord] = Codec(RightRecord)
EXPOSURE: Codec[ExposureRecord] = Codec(ExposureRecord)
PRICE: Codec[PriceRecord] = Codec(PriceRecord)


def right_key(right: bytes) -> bytes:
    """State key of a right."""
    return b"R" + right


def exposure_key(account: bytes, currency: str) -> bytes:
    """State key of an obligor's exposure."""
    return b"X" + account + currency.encode("ascii")


def price_key(right: bytes, price: bytes) -> bytes:
    """State key of the first acceptance of a price for a right."""
    return b"Q" + right + price
