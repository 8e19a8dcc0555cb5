"""
Answers of the read models: one plain record a table, fields in the order of its columns.

Identifiers and digests are bytes, amounts minor units, `_ms` milliseconds since 1970 UTC, `_on` business dates.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Right:
    """A receivable or a part of one; `freezes` is a JSON list, the notice's and the lock's fields are None without one."""

    right_id: bytes
    kind: str
    owner: bytes
    currency: str
    face_minor: int
    open_minor: int
    settled_minor: int
    passed_minor: int
    encumbered: int
    freezes: str
    history: bytes
    length: int
    status: str
    backing: str
    document_id: bytes
    obligor: bytes
    due_on: date
    root_id: bytes
    parent_id: bytes
    depth: int
    endorsed: int
    lock_financier: bytes | None
    lock_method: str | None
    lock_recourse: bool | None
    lock_offer: bytes | None
    lock_price: bytes | None
    lock_since_on: date | None
    lock_until_ms: int | None
    notice_at_ms: int | None
    notice_payee_account: bytes | None
    notice_acknowledged_ms: int | None
    confirmation: bytes
    terms: bytes
    until_ms: int


@dataclass(frozen=True, slots=True)
class Encumbrance:
    """A pledge on a right."""

    right_id: bytes
    position: int
    obligation: bytes
    pledgee: bytes
    cap_minor: int
    rank: int


@dataclass(frozen=True, slots=True)
class Endorsement:
    """One step of a right's chain of holders."""

    right_id: bytes
    position: int
    assignor: bytes
    recourse: bool


@dataclass(frozen=True, slots=True)
class RightDetail:
    """A right with what stands below it."""

    right: Right
    encumbrances: tuple[Encumbrance, ...]
    endorsements: tuple[Endorsement, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A document and its capacity; `reserved_minor` counts reservations that lapsed as well."""

    document_id: bytes
    kind: str
    seller: bytes
    buyer: bytes
    currency: str
    gross_minor: int
    available_minor: int
    reserved_minor: int
    reservations: int
    live_minor: int
    spent_minor: int
    terms: bytes
    standing_acceptance: bool


@dataclass(frozen=True, slots=True)
class Exposure:
    """What an obligor's account owes in a currency; no ceiling, no room."""

    account_id: bytes
    currency: str
    live_minor: int
    ceiling_minor: int | None
    room_minor: int | None


@dataclass(frozen=True, slots=True)
class Attestation:
    """What somebody vouched for; `superseded_by` is empty while it stands."""

    attestation_id: bytes
    attester: bytes
    subject: bytes
    kind: str
    as_of_ms: int
    result: str
    digest: bytes
    supersedes: bytes
    superseded_by: bytes
    detail: bytes


@dataclass(frozen=True, slots=True)
class Block:
    """A block's header, its id, and how many events it brought."""

    height: int
    block_id: bytes
    at_ms: int
    previous: bytes
    transactions_root: bytes
    results_root: bytes
    state_root: bytes
    code_version: int
    count: int
    events: int


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction's place and answer; `commands` lists its different tags with commas."""

    transaction_id: bytes
    height: int
    position: int
    code: str
    commands: str
    count: int


@dataclass(frozen=True, slots=True)
class Event:
    """An event in its place; `fields` is a JSON object."""

    height: int
    transaction_position: int
    position: int
    transaction_id: bytes
    command: int
    tag: str
    subject: bytes | None
    business_at_ms: int
    fields: str

    @property
    def place(self) -> tuple[int, int, int]:
        """Block, transaction in it, event in that."""
        return self.height, self.transaction_position, self.position


@dataclass(frozen=True, slots=True)
class TransactionDetail:
    """A transaction with its events."""

    transaction: Transaction
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Total:
    """
    Rights of one status, backing and currency, and of one mark where a moment was given.

    Every yuan counts once: what a right passed on to parts counts with the parts.
    """

    status: str
    backing: str
    currency: str
    count: int
    face_minor: int
    open_minor: int
    settled_minor: int
    mark: str = ""
