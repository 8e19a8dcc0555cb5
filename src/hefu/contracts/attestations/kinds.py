"""
The kinds of attestation: who may give them, which results they know, and what stands in their detail.

docs/decisions/0005-attestations.md explains the shape; the table there is printed from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from hefu.kernel.codec import Codec, Record
from hefu.kernel.money import Amount
from hefu.ledger.versions import LETTERS


class PaymentDetail(Record, frozen=True):
    """
    A payment that a settlement bank saw arrive.

    Exactly one of `amount` (minor units, above zero) and `amount_commitment` (32 bytes) is given: a price that is nobody
    else's affair stays committed. `end_to_end` is the digest of the payment's end-to-end id.
    """

    end_to_end: bytes
    payee: bytes
    currency: str
    amount: Amount
    amount_commitment: bytes
    value_on: date


@dataclass(frozen=True)
class Kind:
    """One row: roles that may attest (empty: any organisation, about itself), results, and the detail's type (None: no detail)."""

    name: str
    roles: tuple[str, ...]
    results: tuple[str, ...]
    detail: Codec[PaymentDetail] | None = None
    #: The code version from which it is known.
    since: int = 1


PAYMENT = Kind("payment", ("settlement_bank",), ("paid",), Codec(PaymentDetail))
DELIVERY = Kind("delivery", ("core_enterprise", "verifier", "warehouse"), ("delivered", "partly"))
KINDS = {
    kind.name: kind
    for kind in (
        PAYMENT,
        DELIVERY,
        Kind("tax-check", ("bank", "factor", "tax_authority"), ("consistent", "red-letter", "unknown", "void")),
        Kind(
            "register",
            ("bank", "factor", "platform_operator"),
            ("cancelled", "clean", "expired", "registered", "submitted"),
        ),
        Kind("assessment", ("bank", "factor", "platform_operator"), ("graded",)),
        Kind("identity", ("bank", "platform_operator"), ("doubtful", "vetted")),
        Kind("letters", (), ("received",), since=LETTERS),
    )
}
