"""
Documents and their capacity. See README.md for the table of commands.

Capacity moves only inside other contracts' commands: they ask for the event here (`reserve`, `take`, `give_back`, `spend`,
`pay`) and return it with their own. There is no command for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, assert_never

import msgspec

from hefu.assets.tags import Tag
from hefu.contracts.evidence import state as s
from hefu.contracts.evidence.commands import Register, SetStandingAcceptance
from hefu.contracts.evidence.events import CapacityMoved, Registered, StandingAcceptanceSet
from hefu.contracts.evidence.needs import Accounts
from hefu.kernel.codec import Record
from hefu.kernel.errors import Rejected
from hefu.kernel.hashing import ZERO
from hefu.kernel.ids import SALT_BYTES
from hefu.kernel.money import AMOUNT_MAX, MINOR_DIGITS, Amount, add, equal, in_range, subtract, total, zero
from hefu.ledger.authority import Resolver, Row, Signer
from hefu.ledger.context import Context, Link
from hefu.ledger.genesis import Genesis
from hefu.ledger.state import Reader, State

KINDS = ("contract", "delivery", "invoice", "order")
TAG_KINDS = frozenset({"einvoice", "invoice", "invoice-weak", "contract", "delivery"})
TAGS_MAX = 8
_SCHEME = re.compile(r"[a-z0-9-]{1,32}/[0-9]{1,3}\Z", re.ASCII)

Command = Register | SetStandingAcceptance
Event = Registered | StandingAcceptanceSet | CapacityMoved


def _seller_of(state: Reader, command: SetStandingAcceptance, context: Context) -> bytes:
    return load(state, command.document).seller


class EvidenceContract:
    """
    Args:
        accounts: Tells whether an account exists.
    """

    name = "evidence"
    commands: tuple[type[Record], ...] = (Register, SetStandingAcceptance)
    events: tuple[type[Record], ...] = (Registered, StandingAcceptanceSet, CapacityMoved)
    since: Mapping[type[Record], Callable[[Any], int]] = {}
    hints: Mapping[type[Record], Callable[[Any], list[bytes]]] = {
        Register: lambda command: [
            s.tag_key(tag) for tag in command.tags if tag.kind in TAG_KINDS and _SCHEME.match(tag.scheme)
        ],
    }
    authority = (
        Row(
            Register,
            "The seller registers a document by its tags, once in the whole network.",
            signers=(Signer("seller", "register"),),
            becomes="registered",
        ),
        Row(
            SetStandingAcceptance,
            "The seller gives or withdraws its standing acceptance of payment by assignment.",
            signers=(Signer("document.seller", "accept"),),
            becomes="registered",
        ),
    )
    resolvers: Mapping[str, Resolver] = {
        "seller": lambda state, command, context: command.seller,
        "document.seller": _seller_of,
    }

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def found(self, genesis: Genesis, chain_id: bytes) -> list[Any]:
        """No document at the start."""
        return []

    # -- deciding -----------------------------------------------------------------------------------------------

    def decide(self, state: Reader, command: Command, context: Context) -> list[Event]:
        """Refuses DUPLICATE_DOCUMENT and AMOUNT_DIFFERS without naming anybody; BAD_TAG, BAD_KIND, AMOUNT_OUT_OF_RANGE."""
        match command:
            case Register():
                return self._register(state, command, context)
            case SetStandingAcceptance():
                load(state, command.document)
                return [StandingAcceptanceSet(command.document, command.accepts)]
            case _:
                assert_never(command)

    def _register(self, state: Reader, command: Register, context: Context) -> list[Event]:
        if command.kind not in KINDS:
            raise Rejected(f"documents are {', '.join(KINDS)}", code="BAD_KIND")
        if command.currency not in MINOR_DIGITS:
            raise Rejected("unknown currency", code="UNKNOWN_CURRENCY")
        if not in_range(command.gross, 1, AMOUNT_MAX):
            raise Rejected("a gross amount is above zero and within the bound", code="AMOUNT_OUT_OF_RANGE")
        if len(command.salt) != SALT_BYTES or len(command.terms) != 32 or len(command.buyer) != 32:
            raise Rejected("identifiers and digests have 32 bytes, salts 16", code="BAD_DIGEST")
        if command.buyer != ZERO:
            self._accounts.organisation_of(state, command.buyer)
            if command.buyer == command.seller:
                raise Rejected("a seller does not invoice its own account", code="SELF_TRADE")
        if not 0 < len(command.tags) <= TAGS_MAX or len(frozenset(command.tags)) != len(command.tags):
            raise Rejected(f"between 1 and {TAGS_MAX} different tags", code="BAD_TAG")
        for tag in command.tags:
            _check_tag(tag)
            held = state.get(s.tag_key(tag), s.TAG)
            if held is not None:
                if not equal(load(state, held.document).gross, command.gross):
                    raise Rejected("this document is registered with another amount", code="AMOUNT_DIFFERS")
                raise Rejected("this document is registered", code="DUPLICATE_DOCUMENT")
        document = context.new_id(command.seller, command.salt, "document")
        if state.get(s.document_key(document), s.DOCUMENT) is not None:
            raise Rejected("this identifier exists", code="ALREADY_EXISTS")
        return [
            Registered(
                document,
                command.seller,
                command.kind,
                command.buyer,
                command.currency,
                command.gross,
                command.tags,
                command.terms,
                command.standing_acceptance,
            )
        ]

    # -- applying -----------------------------------------------------------------------------------------------

    def apply(self, state: State, event: Event, link: Link) -> None:
        """Write an event."""
        match event:
            case CapacityMoved():
                key = s.document_key(event.document)
                record = state.get(key, s.DOCUMENT)
                assert record is not None
                state.put(key, _moved(record, event, link.business_at_ms))
            case Registered():
                state.put(
                    s.document_key(event.document),
                    s.DocumentRecord(
                        s.SCHEMA,
                        event.kind,
                        event.seller,
                        event.buyer,
                        event.currency,
                        event.gross,
                        event.gross,
                        (),
                        zero(),
                        zero(),
                        event.tags,
                        event.terms,
                        event.standing_acceptance,
                    ),
                )
                for tag in event.tags:
                    state.put(s.tag_key(tag), s.TagRecord(event.document))
            case StandingAcceptanceSet():
                record = state.get(s.document_key(event.document), s.DOCUMENT)
                assert record is not None
                state.put(
                    s.document_key(event.document),
                    msgspec.structs.replace(record, standing_acceptance=event.accepts),
                )
            case _:
                assert_never(event)

    # -- what others ask ----------------------------------------------------------------------------------------

    def document(self, state: Reader, document: bytes) -> s.DocumentRecord:
        """A document's record; refuses UNKNOWN_DOCUMENT."""
        return load(state, document)

    def reserve(
        self, state: Reader, document: bytes, right: bytes, amount: Amount, until_ms: int, context: Context
    ) -> CapacityMoved:
        """Hold an amount for a proposal. Refuses OVERDRAWN, TOO_MANY_RESERVATIONS."""
        record = load(state, document)
        if sum(1 for r in record.reserved if r.until_ms >= context.business_at_ms) >= context.rules.reservations_max:
            raise Rejected("too many open proposals on this document", code="TOO_MANY_RESERVATIONS")
        _check_available(record, amount, context.business_at_ms)
        return CapacityMoved(document, "available", "reserved", amount, right, until_ms)

    def draw(
        self, state: Reader, document: bytes, right: bytes, amount: Amount, target: str, context: Context
    ) -> CapacityMoved:
        """Move an amount from available to live or spent. Refuses OVERDRAWN."""
        _check_available(load(state, document), amount, context.business_at_ms)
        return CapacityMoved(document, "available", target, amount, right, 0)

    def move(self, document: bytes, right: bytes, amount: Amount, source: str, target: str) -> CapacityMoved:
        """Move an amount that the caller's own record shows to be there."""
        return CapacityMoved(document, source, target, amount, right, 0)


def load(state: Reader, document: bytes) -> s.DocumentRecord:
    """A document's record; refuses UNKNOWN_DOCUMENT."""
    record = state.get(s.document_key(document), s.DOCUMENT)
    if record is None:
        raise Rejected("no such document", code="UNKNOWN_DOCUMENT")
    return record


def available_at(record: s.DocumentRecord, at_ms: int) -> Amount:
    """What is free at an instant: lapsed reservations count as free."""
    if not record.reserved:
        return record.available
    return add(record.available, total([r.amount for r in record.reserved if r.until_ms < at_ms]))


def adds_up(record: s.DocumentRecord) -> bool:
    """Whether gross is the sum of its four parts and none is below zero."""
    parts = (record.available, total([r.amount for r in record.reserved]), record.live, record.spent)
    return equal(record.gross, total(parts)) and all(in_range(part, 0, record.gross) for part in parts)


def _check_available(record: s.DocumentRecord, amount: Amount, at_ms: int) -> None:
    if not in_range(amount, 1, available_at(record, at_ms)):
        raise Rejected("the parts of a document never exceed the document", code="OVERDRAWN")


def _moved(record: s.DocumentRecord, event: CapacityMoved, at_ms: int) -> s.DocumentRecord:
    """The record after a move; reservations that lapsed return to available on the way."""
    available, live, spent, reserved = record.available, record.live, record.spent, record.reserved
    amount = event.amount
    if reserved:
        kept = tuple(r for r in reserved if r.until_ms >= at_ms)
        if len(kept) != len(reserved):
            available = add(available, total([r.amount for r in reserved if r.until_ms < at_ms]))
            reserved = kept
    match event.source:
        case "available":
            available = subtract(available, amount)
        case "reserved":
            reserved = tuple(r for r in reserved if r.right != event.right)
        case "live":
            live = subtract(live, amount)
    match event.target:
        case "available":
            available = add(available, amount)
        case "reserved":
            reserved = (*reserved, s.Reservation(event.right, amount, event.until_ms))
        case "live":
            live = add(live, amount)
        case "spent":
            spent = add(spent, amount)
    return s.DocumentRecord(
        record.schema,
        record.kind,
        record.seller,
        record.buyer,
        record.currency,
        record.gross,
        available,
        reserved,
        live,
        spent,
        record.tags,
        record.terms,
        record.standing_acceptance,
    )


def _check_tag(tag: Tag) -> None:
    if (
        tag.kind not in TAG_KINDS
        or not _SCHEME.match(tag.scheme)
        or not 0 <= tag.epoch < 1 << 32
        or len(tag.value) != 32
    ):
        raise Rejected("a tag has a known kind, a scheme, an epoch and 32 bytes", code="BAD_TAG")
