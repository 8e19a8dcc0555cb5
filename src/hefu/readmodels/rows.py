"""
Rows of the views from the ledger's records: one function a record, found by the first byte of its state key.

A record without a view (an index of the ledger's own) has no row here; `records` holds it like all others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from hefu.assets.tags import Tag
from hefu.contracts.attestations.contract import payment_detail
from hefu.contracts.attestations.state import (
    ATTESTATION,
    AttestationRecord,
    PaymentRecord,
    attestation_key,
    payment_key,
)
from hefu.contracts.evidence.state import DocumentRecord, TagRecord, document_key, tag_key
from hefu.contracts.parties.state import (
    AccountRecord,
    KeyRecord,
    OrganisationRecord,
    ProposalRecord,
    account_key,
    key_key,
    organisation_key,
    proposal_key,
)
from hefu.contracts.receivables.state import ExposureRecord, RightRecord, exposure_key, right_key
from hefu.ledger.state import Reader
from hefu.readmodels import schema
from hefu.readmodels.display import fields_json, list_json

Row = tuple[Any, ...]

#: Largest number that a column holds.
NUMBER_MAX = (1 << 63) - 1
_NO_LOCK = (None,) * 7
_NO_NOTICE = (None,) * 3


def number(value: int) -> int:
    """A number for a column; the ledger's own go up to 64 bits where no rule bounds them, and are shown as the largest."""
    return value if value <= NUMBER_MAX else NUMBER_MAX


def text(value: str) -> str:
    """A text that somebody outside chose, for a column; PostgreSQL takes no NUL."""
    return value.replace("\0", "\N{SYMBOL FOR NULL}") if "\0" in value else value


def _organisation(key: bytes, record: OrganisationRecord, state: Reader) -> Row:
    return (key[1:], record.identity, ",".join(record.roles), record.member, record.status, record.vetted_by)


def _account(key: bytes, record: AccountRecord, state: Reader) -> Row:
    return (key[1:], record.organisation)


def _key(key: bytes, record: KeyRecord, state: Reader) -> Row:
    return (
        key[1:],
        record.organisation,
        ",".join(record.purposes),
        number(record.limit_minor),
        number(record.valid_from),
        number(record.valid_until),
        record.certificate,
        record.mandate,
        record.vetted_by,
    )


def _proposal(key: bytes, record: ProposalRecord, state: Reader) -> Row:
    return (
        key[1:],
        str(type(record.change).__struct_config__.tag),
        fields_json(record.change),
        record.until_ms,
        list_json(record.approving),
        list_json(record.refusing),
        record.status,
    )


def _document(key: bytes, record: DocumentRecord, state: Reader) -> Row:
    return (
        key[1:],
        record.kind,
        record.seller,
        record.buyer,
        record.currency,
        record.gross,
        record.available,
        sum(reservation.amount for reservation in record.reserved),
        len(record.reserved),
        record.live,
        record.spent,
        record.terms,
        record.standing_acceptance,
    )


def _tag(key: bytes, record: TagRecord, state: Reader) -> Row:
    # The value may hold the separator; kind, scheme and epoch cannot.
    kind, scheme, epoch, value = key[1:].split(b"|", 3)
    return (kind.decode(), scheme.decode(), int(epoch), value, record.document)


def _right(key: bytes, record: RightRecord, state: Reader) -> Row:
    header, lock, notice = record.header, record.lock, record.notice
    return (
        key[1:],
        header.kind,
        header.owner,
        header.currency,
        header.face,
        header.open,
        header.settled,
        header.passed,
        len(header.encumbrances),
        list_json(header.freezes) if header.freezes else "[]",
        header.history,
        header.length,
        record.status,
        record.backing,
        record.document,
        record.obligor,
        record.due_on,
        record.root,
        record.parent,
        record.depth,
        len(record.endorsements),
        *(
            _NO_LOCK
            if lock is None
            else (lock.financier, lock.method, lock.recourse, lock.offer, lock.price, lock.since_on, lock.until_ms)
        ),
        *(_NO_NOTICE if notice is None else (notice.at_ms, notice.payee_account, notice.acknowledged_ms)),
        record.confirmation,
        record.terms,
        record.until_ms,
    )


def _attestation(key: bytes, record: AttestationRecord, state: Reader) -> Row:
    return (
        key[1:],
        record.attester,
        record.subject,
        record.kind,
        record.as_of_ms,
        record.result,
        record.digest,
        record.supersedes,
        record.superseded_by,
        record.detail,
    )


def _payment(key: bytes, record: PaymentRecord, state: Reader) -> Row:
    attestation = state.get(attestation_key(record.attestation), ATTESTATION)
    assert attestation is not None, "a payment stands on its attestation"
    detail = payment_detail(attestation.detail)
    return (
        key[1:],
        record.attestation,
        attestation.subject,
        detail.payee,
        text(detail.currency),
        detail.amount,
        detail.amount_commitment,
        detail.value_on,
        record.used,
        record.spent,
    )


def _exposure(key: bytes, record: ExposureRecord, state: Reader) -> Row:
    ceiling = record.ceiling
    room = None if ceiling is None else max(0, ceiling - record.live)
    return (key[1:33], record.currency, number(record.live), ceiling, room)


_KINDS: tuple[tuple[bytes, sa.Table, Callable[[bytes, Any, Reader], Row]], ...] = (
    (organisation_key(b""), schema.organisations, _organisation),
    (account_key(b""), schema.accounts, _account),
    (key_key(b""), schema.keys, _key),
    (proposal_key(b""), schema.proposals, _proposal),
    (document_key(b""), schema.documents, _document),
    (tag_key(Tag("", "", 0, b"")), schema.tags, _tag),
    (right_key(b""), schema.rights, _right),
    (attestation_key(b""), schema.attestations, _attestation),
    (payment_key(b""), schema.payments, _payment),
    (exposure_key(b"", ""), schema.exposures, _exposure),
)
#: First byte of a state key: table and row.
VIEWS: Mapping[int, tuple[sa.Table, Callable[[bytes, Any, Reader], Row]]] = {
    key[0]: (table, row) for key, table, row in _KINDS
}
RIGHTS = right_key(b"")[0]


def encumbrance_rows(right: bytes, record: RightRecord) -> list[Row]:
    """Pledges on a right, in order."""
    return [(right, i, p.obligation, p.pledgee, p.cap, p.rank) for i, p in enumerate(record.header.encumbrances)]


def endorsement_rows(right: bytes, record: RightRecord) -> list[Row]:
    """The chain of holders of a right, oldest first."""
    return [(right, i, step.assignor, step.recourse) for i, step in enumerate(record.endorsements)]
