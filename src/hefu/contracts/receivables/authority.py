"""Who may do what with a receivable, in which state, and under which conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hefu.assets.header import ENCUMBERED, UNENCUMBERED, UNFROZEN, WHOLE
from hefu.contracts.receivables import commands as c
from hefu.contracts.receivables import state as s
from hefu.contracts.receivables.needs import Documents
from hefu.kernel.errors import Rejected
from hefu.ledger.authority import Precondition, Resolver, Row, Signer
from hefu.ledger.context import Context
from hefu.ledger.state import Reader

FINANCIERS = ("bank", "factor")


def load(state: Reader, right: bytes) -> s.RightRecord:
    """A right's record; refuses UNKNOWN_RIGHT."""
    record = state.get(s.right_key(right), s.RIGHT)
    if record is None:
        raise Rejected("no such right", code="UNKNOWN_RIGHT")
    return record


def is_locked(record: s.RightRecord, at_ms: int) -> bool:
    """Whether an accepted offer still holds the right."""
    return record.lock is not None and record.lock.until_ms >= at_ms


def payee_of(record: s.RightRecord) -> bytes:
    """Whom a payment discharges: the first pledgee, else the holder of the moment."""
    encumbrances = record.header.encumbrances
    return encumbrances[0].pledgee if encumbrances else record.header.owner


UNLOCKED = Precondition(
    "LOCKED", "an accepted offer locks it", lambda right, command, context: not is_locked(right, context.business_at_ms)
)
IS_LOCKED = Precondition(
    "NOT_LOCKED", "no accepted offer holds it", lambda right, command, context: is_locked(right, context.business_at_ms)
)
BEFORE_DUE = Precondition("EXPIRED", "it fell due", lambda right, command, context: context.business_on < right.due_on)
NOT_LAPSED = Precondition(
    "LAPSED", "the proposal lapsed", lambda right, command, context: right.until_ms >= context.business_at_ms
)
UNMOVED = Precondition(
    "ALREADY_MOVED",
    "it was split off or passed on",
    lambda right, command, context: right.depth == 0 and not right.endorsements,
)
CONFIRMED = Precondition(
    "UNCONFIRMED", "no obligor confirmed it", lambda right, command, context: right.backing == s.CONFIRMED_BACKING
)

_MOVABLE = (UNFROZEN, UNLOCKED, UNENCUMBERED, BEFORE_DUE)

AUTHORITY = (
    Row(
        c.Propose,
        "The seller proposes a receivable on its document; capacity is reserved.",
        signers=(Signer("document.seller", "transfer"),),
        becomes=s.PROPOSED,
    ),
    Row(
        c.Confirm,
        "The obligor confirms what it owes; capacity becomes live.",
        subject="right",
        statuses=(s.PROPOSED,),
        signers=(Signer("right.obligor", "confirm", amount="right.open"),),
        preconditions=(NOT_LAPSED,),
        becomes=s.LIVE,
    ),
    Row(
        c.Refuse,
        "The obligor refuses a proposal for a reason of the closed list; capacity returns.",
        subject="right",
        statuses=(s.PROPOSED,),
        signers=(Signer("right.obligor", "confirm"),),
        preconditions=(NOT_LAPSED,),
        becomes=s.REFUSED,
    ),
    Row(
        c.Withdraw,
        "The seller withdraws its proposal; capacity returns.",
        subject="right",
        statuses=(s.PROPOSED,),
        signers=(Signer("right.owner", "transfer"),),
        preconditions=(NOT_LAPSED,),
        becomes=s.WITHDRAWN,
    ),
    Row(
        c.Raise,
        "The seller raises a receivable on evidence alone, marked unconfirmed for ever.",
        signers=(Signer("document.seller", "transfer"),),
        becomes=s.LIVE,
    ),
    Row(
        c.Split,
        "The holder splits an amount off; the parent keeps the remainder.",
        subject="right",
        statuses=(s.LIVE,),
        signers=(Signer("right.owner", "transfer"),),
        preconditions=_MOVABLE,
        becomes=s.LIVE,
    ),
    Row(
        c.Assign,
        "The holder pays its supplier's document by assigning the right; that document's capacity is spent.",
        subject="right",
        statuses=(s.LIVE,),
        signers=(
            Signer("right.owner", "transfer", amount="right.open"),
            Signer("to", "accept", unless="standing acceptance"),
        ),
        preconditions=(*_MOVABLE, CONFIRMED),
        becomes=s.LIVE,
    ),
    Row(
        c.Pledge,
        "The holder pledges the right to a financier that agrees.",
        subject="right",
        statuses=(s.LIVE,),
        signers=(
            Signer("right.owner", "pledge", amount="right.open"),
            Signer("pledgee", "finance", roles=FINANCIERS),
        ),
        preconditions=_MOVABLE,
        becomes=s.LIVE,
    ),
    Row(
        c.Release,
        "The pledgee releases its pledge.",
        subject="right",
        statuses=(s.LIVE,),
        signers=(Signer("right.pledgee", "finance"),),
        preconditions=(ENCUMBERED,),
        becomes=s.LIVE,
    ),
    Row(
        c.AcceptOffer,
        "The holder accepts one of the offers it got; the right is locked for that financier.",
        subject="right",
        statuses=(s.LIVE,),
        signers=(Signer("right.owner", "transfer", amount="right.open"),),
        preconditions=_MOVABLE,
        becomes=s.LIVE,
    ),
    Row(
        c.DeclineOffer,
        "The financier gives up its lock.",
        subject="right",
        statuses=(s.LIVE,),
        signers=(Signer("right.lock.financier", "finance"),),
        preconditions=(IS_LOCKED,),
        becomes=s.LIVE,
    ),
    Row(
        c.CompleteFinance,
        "The money arrived and the financier takes the right: it owns it, or its pledge begins.",
        subject="right",
        statuses=(s.LIVE,),
        signers=(
            Signer("right.owner", "receive", amount="right.open", unless="payment attested"),
            Signer("right.lock.financier", "finance", roles=FINANCIERS),
        ),
        preconditions=(UNFROZEN, IS_LOCKED, UNENCUMBERED, BEFORE_DUE),
        becomes=s.LIVE,
    ),
    Row(
        c.Notify,
        "The holder notifies the obligor whom to pay; the ledger dates it.",
        subject="right",
        statuses=(s.LIVE,),
        signers=(Signer("right.owner", "transfer"),),
        preconditions=(CONFIRMED,),
        becomes=s.LIVE,
    ),
    Row(
        c.Acknowledge,
        "The obligor acknowledges the notice and the payee's account.",
        subject="right",
        statuses=(s.LIVE,),
        signers=(Signer("right.obligor", "confirm"),),
        becomes=s.LIVE,
    ),
    Row(
        c.Settle,
        "A payment discharges an amount, to the pledgee or the holder of the moment.",
        subject="right",
        statuses=(s.LIVE,),
        signers=(
            Signer("payee", "receive", amount="amount", unless="payment attested"),
            Signer("payee", "receive", unless="due"),
        ),
        preconditions=(UNFROZEN, UNLOCKED),
        becomes=f"{s.LIVE} or {s.SETTLED}",
    ),
    Row(
        c.Cancel,
        "Seller and obligor cancel a receivable that never moved; capacity returns.",
        subject="right",
        statuses=(s.LIVE,),
        signers=(
            Signer("right.owner", "transfer"),
            Signer("right.obligor", "confirm", amount="right.open"),
        ),
        preconditions=(UNFROZEN, UNLOCKED, UNENCUMBERED, WHOLE, UNMOVED, CONFIRMED),
        becomes=s.CANCELLED,
    ),
    Row(
        c.SetCeiling,
        "An obligor sets the ceiling of what it confirms in all.",
        signers=(Signer("account", "administer"),),
        becomes="set",
    ),
)


def resolvers(documents: Documents) -> Mapping[str, Resolver]:
    """The names that the table uses, bound to what the contract needs."""

    def of_right(read: Callable[[s.RightRecord], Any]) -> Resolver:
        return lambda state, command, context: read(load(state, command.right))

    def pledgee(record: s.RightRecord) -> bytes:
        if not record.header.encumbrances:
            raise Rejected("it is not pledged", code="NOT_PLEDGED")
        return record.header.encumbrances[0].pledgee

    def financier(record: s.RightRecord) -> bytes:
        if record.lock is None:
            raise Rejected("no accepted offer holds it", code="NOT_LOCKED")
        return record.lock.financier

    def due(state: Reader, command: c.Settle, context: Context) -> bool:
        return context.business_on >= load(state, command.right).due_on

    return {
        "right": lambda state, command, context: load(state, command.right),
        "right.owner": of_right(lambda record: record.header.owner),
        "right.obligor": of_right(lambda record: record.obligor),
        "right.open": of_right(lambda record: record.header.open),
        "right.pledgee": of_right(pledgee),
        "right.lock.financier": of_right(financier),
        "payee": of_right(payee_of),
        "document.seller": lambda state, command, context: documents.document(state, command.document).seller,
        "to": lambda state, command, context: command.to,
        "pledgee": lambda state, command, context: command.pledgee,
        "account": lambda state, command, context: command.account,
        "amount": lambda state, command, context: command.amount,
        "standing acceptance": lambda state, command, context: (
            documents.document(state, command.document).standing_acceptance
        ),
        "payment attested": lambda state, command, context: bool(command.payment),
        "due": due,
    }
