"""Commands of the receivables contract. Amounts are minor units; accounts, documents and rights are 32-byte identifiers."""

from __future__ import annotations

from datetime import date

from hefu.assets.tags import Tag
from hefu.kernel.codec import Record
from hefu.kernel.money import Amount


class Propose(Record, frozen=True, tag="receivables.propose"):
    """The seller proposes a receivable on its document for the obligor to confirm; unanswered it lapses after `until_ms`."""

    document: bytes
    salt: bytes
    amount: Amount
    due_on: date
    terms: bytes
    until_ms: int


class Confirm(Record, frozen=True, tag="receivables.confirm"):
    """
    The obligor confirms what it owes (确权).

    `confirmation` is the digest of the text that settles defences and set-off; `tag` is the document's tag as the obligor
    computed it itself.
    """

    right: bytes
    amount: Amount
    confirmation: bytes
    tag: Tag


class Refuse(Record, frozen=True, tag="receivables.refuse"):
    """The obligor refuses a proposal for a reason of the closed list."""

    right: bytes
    reason: str


class Withdraw(Record, frozen=True, tag="receivables.withdraw"):
    """The seller withdraws a proposal."""

    right: bytes


class Raise(Record, frozen=True, tag="receivables.raise"):
    """The seller raises a receivable on evidence alone, unconfirmed and marked so for ever (脱核)."""

    document: bytes
    salt: bytes
    amount: Amount
    due_on: date
    terms: bytes
    delivery: bytes


class Split(Record, frozen=True, tag="receivables.split"):
    """The holder splits an amount off into a new right."""

    right: bytes
    salt: bytes
    amount: Amount


class Assign(Record, frozen=True, tag="receivables.assign"):
    """
    The holder pays its own supplier's invoice (`document`) by assigning the right as a whole.

    `tag` is that invoice's tag as the holder, its buyer, computed it itself.
    """

    right: bytes
    to: bytes
    document: bytes
    tag: Tag
    recourse: bool


class Pledge(Record, frozen=True, tag="receivables.pledge"):
    """
    The holder pledges the right for an obligation, up to a cap.

    `tag` is the tag of the invoice behind the right as the pledgee computed it; needed where no obligor confirmed.
    """

    right: bytes
    pledgee: bytes
    obligation: bytes
    cap: Amount
    tag: Tag | None


class Release(Record, frozen=True, tag="receivables.release"):
    """The pledgee releases its pledge."""

    right: bytes


class AcceptOffer(Record, frozen=True, tag="receivables.accept-offer"):
    """
    The holder accepts one financier's offer; the right is locked for it until `until_ms`.

    `offer` commits to the offer's terms and `price` to its amount alone, so that a bank can attest its payment without
    showing it. `method` is sale or pledge.
    """

    right: bytes
    financier: bytes
    method: str
    recourse: bool
    offer: bytes
    price: bytes
    until_ms: int


class DeclineOffer(Record, frozen=True, tag="receivables.decline-offer"):
    """The financier gives up its lock."""

    right: bytes


class CompleteFinance(Record, frozen=True, tag="receivables.complete-finance"):
    """
    The money arrived: the right goes to the financier, or its pledge begins.

    `payment` is a bank's attestation, or empty where the holder itself signs the receipt. `tag` is the tag of the invoice
    behind the right as the financier computed it; needed where no obligor confirmed.
    """

    right: bytes
    payment: bytes
    tag: Tag | None


class Notify(Record, frozen=True, tag="receivables.notify"):
    """The holder notifies the obligor whom and on which account to pay (`payee_account` is a digest)."""

    right: bytes
    payee_account: bytes


class Acknowledge(Record, frozen=True, tag="receivables.acknowledge"):
    """The obligor acknowledges the notice."""

    right: bytes
    payee_account: bytes


class Settle(Record, frozen=True, tag="receivables.settle"):
    """
    The obligor's payment discharges an amount, to the holder of the moment or its pledgee.

    `payment` is a settlement bank's attestation, or empty where the payee signs the receipt. Before the due date the payee
    signs in any case.
    """

    right: bytes
    amount: Amount
    payment: bytes


class Cancel(Record, frozen=True, tag="receivables.cancel"):
    """Seller and obligor cancel a receivable that never moved."""

    right: bytes


class SetCeiling(Record, frozen=True, tag="receivables.set-ceiling"):
    """An obligor sets the ceiling of what it confirms in all."""

    account: bytes
    currency: str
    ceiling: Amount
