"""Receivables from proposal to settlement. See README.md for the table of commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hefu.contracts.receivables import commands as c
from hefu.contracts.receivables import events as e
from hefu.contracts.receivables import state as s
from hefu.contracts.receivables import transitions as t
from hefu.contracts.receivables.authority import AUTHORITY, resolvers
from hefu.contracts.receivables.decisions import Decisions
from hefu.contracts.receivables.needs import Attestations, Documents, Standing
from hefu.kernel.codec import Record
from hefu.ledger.authority import Resolver
from hefu.ledger.context import Context, Link
from hefu.ledger.genesis import Genesis
from hefu.ledger.state import Reader, State

#: Every event with what it does. A look-up, where `match` would try twenty classes on the hottest path.
TRANSITIONS: Mapping[type[Record], Callable[[State, Any, Link], None]] = {
    e.Proposed: t.begin,
    e.Raised: t.begin,
    e.Confirmed: t.confirm,
    e.Refused: t.end,
    e.Withdrawn: t.end,
    e.Cancelled: t.end,
    e.SplitOff: t.split,
    e.Assigned: t.assign,
    e.Sold: t.sell,
    e.Pledged: t.encumber,
    e.Financed: t.encumber,
    e.Released: t.release,
    e.OfferAccepted: t.lock,
    e.OfferDeclined: t.unlock,
    e.Notified: t.notify,
    e.Acknowledged: t.acknowledge,
    e.Settled: t.settle,
    e.CeilingSet: t.set_ceiling,
}

#: What a command will probably read: the right, and the document that an assignment draws.
HINTS: Mapping[type[Record], Callable[[Any], list[bytes]]] = {
    **{row.command: lambda command: [s.right_key(command.right)] for row in AUTHORITY if row.subject == "right"},
    c.Assign: lambda command: [s.right_key(command.right), b"D" + command.document],
}


class ReceivablesContract:
    """
    Args:
        documents: Documents and their capacity.
        attestations: Deliveries and payments.
        standing: Roles of accounts.
    """

    name = "receivables"
    commands: tuple[type[Record], ...] = tuple(row.command for row in AUTHORITY)
    events: tuple[type[Record], ...] = tuple(TRANSITIONS)
    hints = HINTS
    since: Mapping[type[Record], Callable[[Any], int]] = {}
    authority = AUTHORITY

    def __init__(self, documents: Documents, attestations: Attestations, standing: Standing) -> None:
        self.resolvers: Mapping[str, Resolver] = resolvers(documents)
        d = Decisions(documents, attestations, standing)
        self._decisions: Mapping[type[Record], Callable[[Reader, Any, Context], list[Record]]] = {
            c.Propose: d.propose,
            c.Confirm: d.confirm,
            c.Refuse: d.refuse,
            c.Withdraw: d.withdraw,
            c.Raise: d.raise_on_evidence,
            c.Split: d.split,
            c.Assign: d.assign,
            c.Pledge: d.pledge,
            c.Release: lambda state, command, context: [e.Released(command.right)],
            c.AcceptOffer: d.accept_offer,
            c.DeclineOffer: lambda state, command, context: [e.OfferDeclined(command.right)],
            c.CompleteFinance: d.complete_finance,
            c.Notify: d.notify,
            c.Acknowledge: d.acknowledge,
            c.Settle: d.settle,
            c.Cancel: d.cancel,
            c.SetCeiling: d.set_ceiling,
        }
        assert self._decisions.keys() == frozenset(self.commands), "every command has a decision"

    def found(self, genesis: Genesis, chain_id: bytes) -> list[Any]:
        """No receivable at the start."""
        return []

    def decide(self, state: Reader, command: Record, context: Context) -> list[Record]:
        """Events of a command, or a refusal with a stable code."""
        return self._decisions[type(command)](state, command, context)

    def apply(self, state: State, event: Record, link: Link) -> None:
        """Write an event."""
        TRANSITIONS[type(event)](state, event, link)
