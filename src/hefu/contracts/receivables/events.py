"""Events of the receivables contract."""

from __future__ import annotations

from datetime import date

from hefu.kernel.codec import Record
from hefu.kernel.money import Amount


class Proposed(Record, tag="receivables.proposed"):
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


class Confirmed(Record, tag="receivables.confirmed"):
    """The obligor confirmed: the receivable is live."""

    right: bytes
    confirmation: bytes


class Refused(Record, tag="receivables.refused"):
    """The obligor refused."""

    right: bytes
    reason: str


class Withdrawn(Record, tag="receivables.withdrawn"):
    """The seller withdrew its proposal."""

    right: bytes


class Raised(Record, tag="receivables.raised"):
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


class SplitOff(Record, tag="receivables.split-off"):
    """An amount went from a right into a new one of the same owner."""

    right: bytes
    child: bytes
    amount: Amount


class Assigned(Record, tag="receivables.assigned"):
    """The right has a new owner, whose document it paid."""

    right: bytes
    to: bytes
    document: bytes
    recourse: bool


class Pledged(Record, tag="receivables.pledged"):
    """The right secures an obligation."""

    right: bytes
    pledgee: bytes
    obligation: bytes
    cap: Amount


class Released(Record, tag="receivables.released"):
    """The pledge ended."""

    right: bytes


class OfferAccepted(Record, tag="receivables.offer-accepted"):
    """The right is locked for a financier."""

    right: bytes
    financier: bytes
    method: str
    recourse: bool
    offer: bytes
    price: bytes
    until_ms: int


class OfferDeclined(Record, tag="receivables.offer-declined"):
    """The financier gave up its lock."""

    right: bytes


class Sold(Record, tag="receivables.sold"):
    """The financier paid and owns the right; `payment` is the attestation, or empty for the holder's receipt."""

    right: bytes
    financier: bytes
    recourse: bool
    payment: bytes


class Financed(Record, tag="receivables.financed"):
    """The financier paid and holds a pledge; `payment` as for Sold."""

    right: bytes
    financier: bytes
    obligation: bytes
    payment: bytes


class Notified(Record, tag="receivables.notified"):
    """The notice to the obligor, dated by the ledger."""

    right: bytes
    payee_account: bytes


class Acknowledged(Record, tag="receivables.acknowledged"):
    """The obligor acknowledged the notice."""

    right: bytes
    payee_account: bytes


class Settled(Record, tag="receivables.settled"):
    """An amount was paid to `payee`; `payment` is the attestation, or empty for the payee's receipt."""

    right: bytes
    amount: Amount
    payee: bytes
    payment: bytes


class Cancelled(Record, tag="receivables.cancelled"):
    """The receivable was cancelled before it moved."""

    right: bytes


class CeilingSet(Record, tag="receivables.ceiling-set"):
    """An obligor's ceiling."""

    account: bytes
    currency: str
    ceiling: Amount
