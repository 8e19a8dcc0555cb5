"""What receivables ask of others: documents and their capacity, attestations and payments, standing of accounts."""

from __future__ import annotations

from datetime import date
from typing import Any, Protocol

from hefu.assets.tags import Tag
from hefu.kernel.codec import Record
from hefu.kernel.money import Amount
from hefu.ledger.context import Context
from hefu.ledger.state import Reader


class Document(Protocol):
    """A document as receivables see it."""

    @property
    def kind(self) -> str: ...
    @property
    def seller(self) -> bytes: ...
    @property
    def buyer(self) -> bytes: ...
    @property
    def currency(self) -> str: ...
    @property
    def standing_acceptance(self) -> bool: ...
    @property
    def tags(self) -> tuple[Tag, ...]: ...


class Documents(Protocol):
    """Documents and their capacity. Each method that returns an event may refuse and writes nothing itself."""

    def document(self, state: Reader, document: bytes) -> Document:
        """Refuses UNKNOWN_DOCUMENT."""
        ...

    def reserve(
        self, state: Reader, document: bytes, right: bytes, amount: Amount, until_ms: int, context: Context
    ) -> Record:
        """Available to reserved. Refuses OVERDRAWN, TOO_MANY_RESERVATIONS."""
        ...

    def draw(
        self, state: Reader, document: bytes, right: bytes, amount: Amount, target: str, context: Context
    ) -> Record:
        """Available to live or spent. Refuses OVERDRAWN."""
        ...

    def move(self, document: bytes, right: bytes, amount: Amount, source: str, target: str) -> Record:
        """Between two parts, where the caller's record shows the amount to be there."""
        ...


class Attestations(Protocol):
    """What others vouched for."""

    def latest(
        self, state: Reader, subject: bytes, kind: str, results: tuple[str, ...], since_ms: int, *, but: bytes
    ) -> bytes | None:
        """The newest standing attestation that is not by the organisation `but`, or None."""
        ...

    def use_amount(
        self,
        state: Reader,
        attestation: bytes,
        *,
        subject: bytes,
        payee: bytes,
        currency: str,
        amount: Amount,
        whole: bool,
        payer: bytes,
    ) -> Record:
        """Refuses UNKNOWN_PAYMENT, PAYMENT_MISMATCH, SELF_ATTESTED, PAYMENT_USED; AMOUNT_OUT_OF_RANGE for crumbs unless `whole`."""
        ...

    def use_committed(
        self,
        state: Reader,
        attestation: bytes,
        *,
        subject: bytes,
        payee: bytes,
        currency: str,
        commitment: bytes,
        between: tuple[date, date],
        payer: bytes,
    ) -> Record:
        """Refuses as use_amount, and PAYMENT_LATE."""
        ...


class Standing(Protocol):
    """Whose an account is, and whether that organisation is active and has a role."""

    def organisation_of(self, state: Reader, account: bytes) -> bytes:
        """The owner of an account; refuses UNKNOWN_ACCOUNT."""
        ...

    def check_standing(self, state: Reader, account: bytes, roles: tuple[str, ...]) -> Any:
        """Refuses UNKNOWN_ACCOUNT, ORGANISATION_SUSPENDED, WRONG_ROLE."""
        ...
