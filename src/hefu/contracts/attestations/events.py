"""Events of the attestations contract."""

from hefu.kernel.codec import Record
from hefu.kernel.money import Amount


class Attested(Record, frozen=True, tag="attestations.attested"):
    """Somebody entitled vouched."""

    attestation: bytes
    attester: bytes
    subject: bytes
    kind: str
    as_of_ms: int
    result: str
    digest: bytes
    supersedes: bytes
    detail: bytes


class PaymentUsed(Record, frozen=True, tag="attestations.payment-used"):
    """A payment discharged something for an amount; a committed one is used as a whole (amount 0)."""

    attestation: bytes
    amount: Amount
    purpose: bytes
