"""
The words with which an obligor confirms, in the languages that it may choose; the ledger holds the digest of the words chosen.

A text that has once been signed is never changed here: its digest stands on ledgers, and whoever has it must find it again.
"""

from __future__ import annotations

from collections.abc import Mapping

from hefu.kernel.hashing import Hash

#: Both say the same; which of the two was signed decides.
TEXTS: Mapping[str, str] = {
    "en": (
        "The obligor confirms that it owes the amount on the due date to whoever holds the right then, that goods or services were "
        "delivered, and that it waives defences and set-off from the base contract against every holder but the first."
    ),
    "zh": (
        "债务人确认：货物已交付或服务已提供；债务人将于到期日向届时的持有人足额支付所确认的金额；"
        "除首个持有人外，债务人对其后各持有人放弃基于基础合同的抗辩权和抵销权。"
    ),
}


def document_of(language: str) -> bytes:
    """The document that is signed: the words in UTF-8, without a line break at the end."""
    return TEXTS[language].encode("utf-8")


def digest_of(h: Hash, language: str) -> bytes:
    """What stands on the ledger."""
    return h(document_of(language))


def language_of(h: Hash, digest: bytes) -> str | None:
    """In which language the words of a digest are, or None for words that are not from here."""
    return next((language for language in TEXTS if digest_of(h, language) == digest), None)
