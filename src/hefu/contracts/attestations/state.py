"""Records of the attestations contract and their keys."""

from __future__ import annotations

from hefu.kernel.codec import Codec, Record
from hefu.kernel.money import Amount

SCHEMA = 1
NEWEST = 16


class AttestationRecord(Record, frozen=True):
    """What was attested; `superseded_by` is empty while it stands."""

    schema: int
    attester: bytes
    subject: bytes
    kind: str
    as_of_ms: int
    result: str
    digest: bytes
    supersedes: bytes
    superseded_by: bytes
    detail: bytes


class NewestRecord(Record, frozen=True):
    """The newest attestations of a kind about a subject, newest last, at most sixteen."""

    attestations: tuple[bytes, ...]


class PaymentRecord(Record, frozen=True):
    """A payment by its end-to-end digest: who attested it, how much of it is used, whether all of it is."""

    attestation: bytes
    used: Amount
    spent: bool


ATTESTATION: Codec[AttestationRecord] = Codec(AttestationRecord)
NEWEST_CODEC: Codec[NewestRecord] = Codec(NewestRecord)
PAYMENT_RECORD: Codec[PaymentRecord] = Codec(PaymentRecord)


def attestation_key(attestation: bytes) -> bytes:
    """State key of an attestation."""
    return b"E" + attestation


def newest_key(subject: bytes, kind: str) -> bytes:
    """State key of the index by subject and kind."""
    return b"F" + subject + kind.encode("ascii")


def payment_key(end_to_end: bytes) -> bytes:
    """State key of a payment."""
    return b"U" + end_to_end
