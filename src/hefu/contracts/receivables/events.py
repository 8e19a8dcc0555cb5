"""Events of the receivables contract."""

from __future__ import annotations

from datetime import date

from hefu.kernel.codec import Record
from hefu.kernel.money import Amount


class Proposed(Record, frozen=True, tag="receivables.proposed"):
    """A receivable awaits the obligor's answer."""

    right: bytes
    document: bytes
    owner: bytes
    obligor: bytes
    currency: str
    amount: Amount
    due_on: date
    terms: bytes
    until_ms: int


class Confirmed(Record, frozen=True, tag="receivables.confirmed"):
    """The obligor confirmed: the receivable is live."""

    right: bytes
    confirmation: bytes


class Refused(Record, frozen=True, tag="receivables.refused"):
    """The obligor refused."""

    right: bytes
    reason: str


class Withdrawn(Record, frozen=True, tag="receivables.withdrawn"):
    """The seller withdrew its proposal."""

    right: bytes


class Raised(Record, frozen=True, tag="receivables.raised"):
    """An unconfirmed receivable is live on evidence alone."""

    right: bytes
    document: bytes
    owner: bytes
    obligor: bytes
    currency: str
    amount: Amount
    due_on: date
    terms: bytes
    delivery: bytes


class SplitOff(Record, frozen=True, tag="receivables.split-off"):
    """An amount went from a right into a new one of the same owner."""

    right: bytes
    child: bytes
    amount: Amount


class Assigned(Record, frozen=True, tag="receivables.assigned"):
    """The right has a new owner, whose document it paid."""

    right: bytes
    to: bytes
    document: bytes
    recourse: bool


class Pledged(Record, frozen=True, tag="receivables.pledged"):
    """The right secures an obligation."""

    right: bytes
    pledgee: bytes
    obligation: bytes
    cap: Amount


class Released(Record, frozen=True, tag="receivables.released"):
    """The pledge ended."""

    right: bytes


class OfferAccepted(Record, frozen=True, tag="receivables.offer-accepted"):
    """The right is locked for a financier."""

    right: bytes
    financier: bytes
    method: str
    recourse: bool
    offer: bytes
    price: bytes
    until_ms: int


class OfferDeclined(Record, frozen=True, tag="receivables.offer-declined"):
    """The financier gave up its lock."""

    right: bytes


class Sold(Record, frozen=True, tag="receivables.sold"):
    """The financier paid and owns the right; `payment` is the attestation, or empty for the holder's receipt."""

    right: bytes
    financier: bytes
    recourse: bool
    payment: bytes


class Financed(Record, frozen=True, tag="receivables.financed"):
    """The financier paid and holds a pledge; `payment` as for Sold."""

    right: bytes
    financier: bytes
    obligation: bytes
    payment: bytes


class Notified(Record, frozen=True, tag="receivables.notified"):
    """The notice to the obligor, dated by the ledger."""

    right: bytes
    payee_account: bytes


class Acknowledged(Record, frozen=True, tag="receivables.acknowledged"):
    """The obligor acknowledged the notice."""

    right: bytes
    payee_account: bytes


class Settled(Record, frozen=True, tag="receivables.settled"):
    """An amount was paid to `payee`; `payment` is the attestation, or empty for the payee's receipt."""

    right: bytes
    amount: Amount
    payee: bytes
    payment: bytes


class Cancelled(Record, frozen=True, tag="receivables.cancelled"):
    """The receivable was cancelled before it moved."""

    right: bytes


class CeilingSet(Record, frozen=True, tag="receivables.ceiling-set"):
    """An obligor's ceiling."""

    account: bytes
    currency: str
    ceiling: Amount
