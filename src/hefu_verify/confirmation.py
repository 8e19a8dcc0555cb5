"""The usual words of a confirmation, for a report to quote what the obligor signed; others it knows by their digest only."""

from __future__ import annotations

from hefu_verify.primitives import Hash

TEXTS = {
    "en": (
        "The obligor confirms that it owes the amount on the due date to whoever holds the right then, that goods or services were "
        "delivered, and that it waives defences and set-off from the base contract against every holder but the first."
    ),
    "zh": (
        "债务人确认：货物已交付或服务已提供；债务人将于到期日向届时的持有人足额支付所确认的金额；"
        "除首个持有人外，债务人对其后各持有人放弃基于基础合同的抗辩权和抵销权。"
    ),
}


def words_of(h: Hash, digest: bytes) -> str | None:
    """The words behind a digest, in the language in which they were signed, or None."""
    return next((text for text in TEXTS.values() if h(text.encode("utf-8")) == digest), None)
