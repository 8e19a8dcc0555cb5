"""Attestations of every kind, and payments as far as they have been used. See README.md for the table of commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, assert_never

import msgspec

from hefu.contracts.attestations import state as s
from hefu.contracts.attestations.commands import Attest
from hefu.contracts.attestations.events import Attested, PaymentUsed
from hefu.contracts.attestations.kinds import KINDS, PAYMENT, PaymentDetail
from hefu.contracts.attestations.needs import Standing
from hefu.kernel.codec import Record
from hefu.kernel.errors import Corrupt, Rejected
from hefu.kernel.ids import SALT_BYTES
from hefu.kernel.money import AMOUNT_MAX, MINOR_DIGITS, Amount, add, equal, in_range, total, zero
from hefu.ledger.authority import NotAuthorized, Resolver, Row, Signer
from hefu.ledger.context import Context, Link
from hefu.ledger.genesis import Genesis
from hefu.ledger.state import Reader, State

DETAIL_BYTES_MAX = 512
#: Into how many parts one payment may be used. Each part is a link of the right's history, and whoever presents a payment could
#: otherwise use it cent by cent, until no proof of that right is short enough to be checked.
PARTS_MAX = 64


class AttestationsContract:
    """
    Args:
        standing: Tells the roles of an attester.
    """

    name = "attestations"
    commands: tuple[type[Record], ...] = (Attest,)
    events: tuple[type[Record], ...] = (Attested, PaymentUsed)
    hints: Mapping[type[Record], Callable[[Any], list[bytes]]] = {}
    since: Mapping[type[Record], Callable[[Any], int]] = {}
    authority = (
        Row(
            Attest,
            "An organisation whose role entitles it vouches for something about a subject.",
            signers=(Signer("attester", "attest", organisation=True),),
            becomes="attested",
        ),
    )
    resolvers: Mapping[str, Resolver] = {"attester": lambda state, command, context: command.attester}

    def __init__(self, standing: Standing) -> None:
        self._standing = standing

    def found(self, genesis: Genesis, chain_id: bytes) -> list[Any]:
        """Nothing is attested at the start."""
        return []

    def decide(self, state: Reader, command: Attest, context: Context) -> list[Attested]:
        """
        Refuses UNKNOWN_KIND, BAD_RESULT, WRONG_ROLE, BAD_SUBJECT, AS_OF_FUTURE, BAD_DETAIL, DUPLICATE_PAYMENT, BAD_SUPERSEDES.
        """
        match command:
            case Attest():
                return self._attest(state, command, context)
            case _:
                assert_never(command)

    def _attest(self, state: Reader, command: Attest, context: Context) -> list[Attested]:
        kind = KINDS.get(command.kind)
        if kind is None or kind.since > context.code_version:
            raise Rejected("no such kind of attestation", code="UNKNOWN_KIND")
        if command.result not in kind.results:
            raise Rejected(f"{kind.name} knows the results {', '.join(kind.results)}", code="BAD_RESULT")
        roles = self._standing.organisation_roles(state, command.attester)
        if not kind.roles:
            if command.subject != command.attester:
                raise Rejected(f"{kind.name} is attested by an organisation about itself", code="BAD_SUBJECT")
        elif not any(role in kind.roles for role in roles):
            raise NotAuthorized(f"{kind.name} is attested by {', '.join(kind.roles)}", code="WRONG_ROLE")
        if not 0 <= command.as_of_ms <= context.business_at_ms:
            raise Rejected("a statement is not about the future", code="AS_OF_FUTURE")
        if len(command.subject) != 32 or len(command.digest) != 32 or len(command.salt) != SALT_BYTES:
            raise Rejected("identifiers and digests have 32 bytes, salts 16", code="BAD_DIGEST")
        attestation = context.new_id(command.attester, command.salt, "attestation")
        if state.get(s.attestation_key(attestation), s.ATTESTATION) is not None:
            raise Rejected("this attestation exists", code="ALREADY_EXISTS")
        self._check_supersedes(state, command)
        if kind.detail is None:
            if command.detail:
                raise Rejected("this kind has no detail", code="BAD_DETAIL")
        else:
            self._check_payment(state, command, context)
        return [
            Attested(
                attestation,
                command.attester,
                command.subject,
                command.kind,
                command.as_of_ms,
                command.result,
                command.digest,
                command.supersedes,
                command.detail,
            )
        ]

    def _check_supersedes(self, state: Reader, command: Attest) -> None:
        if not command.supersedes:
            return
        old = state.get(s.attestation_key(command.supersedes), s.ATTESTATION)
        if (
            old is None
            or old.superseded_by
            or (old.attester, old.subject, old.kind) != (command.attester, command.subject, command.kind)
        ):
            raise Rejected("only one's own standing attestation of that kind and subject", code="BAD_SUPERSEDES")
        if command.kind == PAYMENT.name:
            raise Rejected("a payment is not superseded; it is contested", code="BAD_SUPERSEDES")

    def _check_payment(self, state: Reader, command: Attest, context: Context) -> None:
        detail = payment_detail(command.detail)
        plain = in_range(detail.amount, 1, AMOUNT_MAX) and detail.amount_commitment == b""
        committed = detail.amount == zero() and len(detail.amount_commitment) == 32
        if not (plain or committed) or len(detail.end_to_end) != 32 or len(detail.payee) != 32:
            raise Rejected("a payment has an amount or its commitment, payee and end-to-end digest", code="BAD_DETAIL")
        if detail.currency not in MINOR_DIGITS:
            raise Rejected("unknown currency", code="UNKNOWN_CURRENCY")
        if detail.value_on > context.business_on:
            raise Rejected("a payment's value date is not in the future", code="AS_OF_FUTURE")
        if state.get(s.payment_key(detail.end_to_end), s.PAYMENT_RECORD) is not None:
            raise Rejected("this end-to-end id was attested", code="DUPLICATE_PAYMENT")

    def apply(self, state: State, event: Attested | PaymentUsed, link: Link) -> None:
        """Write an event."""
        match event:
            case Attested():
                state.put(
                    s.attestation_key(event.attestation),
                    s.AttestationRecord(
                        s.SCHEMA,
                        event.attester,
                        event.subject,
                        event.kind,
                        event.as_of_ms,
                        event.result,
                        event.digest,
                        event.supersedes,
                        b"",
                        event.detail,
                    ),
                )
                key = s.newest_key(event.subject, event.kind)
                newest = state.get(key, s.NEWEST_CODEC)
                known = () if newest is None else newest.attestations
                state.put(key, s.NewestRecord((*known, event.attestation)[-s.NEWEST :]))
                if event.supersedes:
                    old = state.get(s.attestation_key(event.supersedes), s.ATTESTATION)
                    assert old is not None
                    state.put(
                        s.attestation_key(event.supersedes),
                        msgspec.structs.replace(old, superseded_by=event.attestation),
                    )
                if event.kind == PAYMENT.name:
                    detail = payment_detail(event.detail)
                    state.put(s.payment_key(detail.end_to_end), s.PaymentRecord(event.attestation, zero(), False))
            case PaymentUsed():
                record = state.get(s.attestation_key(event.attestation), s.ATTESTATION)
                assert record is not None
                detail = payment_detail(record.detail)
                key = s.payment_key(detail.end_to_end)
                payment = state.get(key, s.PAYMENT_RECORD)
                assert payment is not None
                used = add(payment.used, event.amount)
                spent = bool(detail.amount_commitment) or used == detail.amount
                state.put(key, s.PaymentRecord(payment.attestation, used, spent))
            case _:
                assert_never(event)

    # -- what others ask ----------------------------------------------------------------------------------------

    def latest(
        self, state: Reader, subject: bytes, kind: str, results: tuple[str, ...], since_ms: int, *, but: bytes = b""
    ) -> bytes | None:
        """
        The newest standing attestation of a kind about a subject with one of the results, as of since_ms or later.

        Args:
            but: An organisation whose own word does not count; empty for none.
        """
        newest = state.get(s.newest_key(subject, kind), s.NEWEST_CODEC)
        for attestation in reversed(() if newest is None else newest.attestations):
            record = state.get(s.attestation_key(attestation), s.ATTESTATION)
            assert record is not None
            standing = not record.superseded_by and record.attester != but
            if standing and record.result in results and record.as_of_ms >= since_ms:
                return attestation
        return None

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
    ) -> PaymentUsed:
        """
        Use a part of an attested payment.

        Refuses UNKNOWN_PAYMENT, PAYMENT_MISMATCH, SELF_ATTESTED, PAYMENT_USED, AMOUNT_OUT_OF_RANGE.

        Args:
            payer: Organisation that pays; its own word discharges nothing.
            whole: The amount is all that is owed, so that it may be a small part of the payment.
        """
        detail, payment = self._payment(state, attestation, subject, payee, currency, payer)
        used = add(payment.used, amount)
        if detail.amount_commitment or payment.spent or not in_range(used, 0, detail.amount):
            raise Rejected("this payment does not cover the amount", code="PAYMENT_USED")
        if not (whole or equal(used, detail.amount) or in_range(detail.amount, 0, total([amount] * PARTS_MAX))):
            raise Rejected(f"a payment is used in at most {PARTS_MAX} parts", code="AMOUNT_OUT_OF_RANGE")
        return PaymentUsed(attestation, amount, subject)

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
    ) -> PaymentUsed:
        """Use a payment of a secret amount as a whole, if its value date lies between two dates; refuses as `use_amount`."""
        detail, payment = self._payment(state, attestation, subject, payee, currency, payer)
        if detail.amount_commitment != commitment:
            raise Rejected("this payment is of another amount than the accepted price", code="PAYMENT_MISMATCH")
        if payment.spent:
            raise Rejected("this payment was used", code="PAYMENT_USED")
        if not between[0] <= detail.value_on <= between[1]:
            raise Rejected("this payment's value date lies outside the lock", code="PAYMENT_LATE")
        return PaymentUsed(attestation, zero(), subject)

    def _payment(
        self, state: Reader, attestation: bytes, subject: bytes, payee: bytes, currency: str, payer: bytes
    ) -> tuple[PaymentDetail, s.PaymentRecord]:
        record = state.get(s.attestation_key(attestation), s.ATTESTATION)
        if record is None or record.kind != PAYMENT.name:
            raise Rejected("no such attested payment", code="UNKNOWN_PAYMENT")
        detail = payment_detail(record.detail)
        if record.subject != subject or detail.payee != payee or detail.currency != currency:
            raise Rejected("this payment is for another right, payee or currency", code="PAYMENT_MISMATCH")
        if record.attester == payer:
            raise Rejected("who pays does not vouch for its own payment", code="SELF_ATTESTED")
        payment = state.get(s.payment_key(detail.end_to_end), s.PAYMENT_RECORD)
        assert payment is not None
        return detail, payment


def payment_detail(raw: bytes) -> PaymentDetail:
    """Detail of a payment; refuses BAD_DETAIL."""
    assert PAYMENT.detail is not None
    if len(raw) > DETAIL_BYTES_MAX:
        raise Rejected("the detail is too long", code="BAD_DETAIL")
    try:
        return PAYMENT.detail.load_canonical(raw, "detail")
    except Corrupt:
        raise Rejected("the detail is not a payment's", code="BAD_DETAIL") from None
