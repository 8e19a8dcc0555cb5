"""
Offers of finance. They go from a financier straight to the holder and never onto the ledger; only the accepted one's
commitments do.
"""

from __future__ import annotations

import secrets

from hefu.kernel.codec import Codec, Record, encode
from hefu.kernel.commitments import Terms, field_commitment, terms_of, terms_root
from hefu.kernel.errors import Corrupt, UsageError
from hefu.kernel.hashing import TAGS, Hash, Tag
from hefu.kernel.ids import SALT_BYTES
from hefu.kernel.signer import Signer
from hefu.kernel.suites.port import Suite

PREFIX = b"hefu/offer/1\n"
PRICE = "price_minor"


class Offer(Record, frozen=True):
    """
    What a financier offers, with the salts that open it and its signature over the commitment.

    The terms hold `right`, `financier` (accounts in bytes), `method`, `recourse`, `price_minor`, `annual_rate_bps`, `until_ms`.
    """

    terms: Terms
    key: bytes
    signature: bytes

    def value(self, name: str) -> str | int | bytes:
        """One of its terms."""
        for field in self.terms.fields:
            if field.name == name:
                value: str | int | bytes = field.value
                return value
        raise UsageError(f"this offer has no {name}", code="BAD_OFFER")

    def number(self, name: str) -> int:
        """One of its terms that is a number."""
        value = self.value(name)
        if not isinstance(value, int):
            raise UsageError(f"{name} of this offer is no number", code="BAD_OFFER")
        return value

    def account(self, name: str) -> bytes:
        """One of its terms that is an identifier."""
        value = self.value(name)
        if not isinstance(value, bytes):
            raise UsageError(f"{name} of this offer is no identifier", code="BAD_OFFER")
        return value


OFFER: Codec[Offer] = Codec(Offer)


def make_offer(
    h: Hash,
    signer: Signer,
    *,
    right: bytes,
    financier: bytes,
    method: str,
    recourse: bool,
    price_minor: int,
    annual_rate_bps: int,
    until_ms: int,
) -> Offer:
    """A signed offer with a fresh salt for each of its terms."""
    values: dict[str, str | int | bytes] = {
        "right": right,
        "financier": financier,
        "method": method,
        "recourse": int(recourse),
        PRICE: price_minor,
        "annual_rate_bps": annual_rate_bps,
        "until_ms": until_ms,
    }
    terms = terms_of(values, {name: secrets.token_bytes(SALT_BYTES) for name in values})
    return Offer(terms, signer.public_key, signer.sign(PREFIX + terms_root(h, terms)))


def offer_id(h: Hash, offer: Offer) -> bytes:
    """What an accepted offer is called on the ledger: the root over its committed terms."""
    return terms_root(h, offer.terms)


def price_commitment(h: Hash, offer: Offer) -> bytes:
    """The commitment to the price alone, which a bank can attest to have been paid without showing it."""
    for field in offer.terms.fields:
        if field.name == PRICE:
            return h(TAGS[Tag.OFFER] + field_commitment(h, field))
    raise UsageError("this offer has no price", code="BAD_OFFER")


def check_offer(h: Hash, suite: Suite, offer: Offer) -> None:
    """
    Raises:
        Corrupt: The offer is not signed by the key that it names.
    """
    if not suite.verify(offer.key, offer.signature, PREFIX + terms_root(h, offer.terms)):
        raise Corrupt("this offer's signature is bad", code="BAD_SIGNATURE")


def pack(offer: Offer) -> bytes:
    """Bytes of an offer, for the vaults of both sides."""
    return encode(offer)
