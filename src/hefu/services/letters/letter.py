"""
A letter's form: signed, sealed to the receiver, and signed again around the seal.

    Envelope    head, signing key, sealed bytes, signature: what nodes see and check
    Signed      content and signature, inside the seal: what the receiver gets, and can show to a third party
    padding     zeros up to one of few sizes, inside the seal: a price and a refusal are of one size, a contract is one of many

The head names chain, sender, receiver, the key that it is sealed to and the times; both signatures and the seal are bound to it.
So a letter cannot be passed on as if it were meant for another, nor taken for another's. The ledger is not asked here.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from hefu.kernel import sealing
from hefu.kernel.codec import Codec, Record, encode
from hefu.kernel.errors import Corrupt, UsageError
from hefu.kernel.hashing import TAGS, Hash, Tag
from hefu.kernel.ids import SALT_BYTES
from hefu.kernel.signer import Signer
from hefu.kernel.suites.port import Suite
from hefu.kernel.time import DAY_MS

CONTENT_PREFIX = b"hefu/letter-content/1\n"
ENVELOPE_PREFIX = b"hefu/letter/1\n"
INFO_PREFIX = b"hefu/letter-seal/1\n"
OFFER, TERMS, DOCUMENT, BUNDLE, RECEIPT = "offer", "terms", "document", "bundle", "receipt"
KINDS = (OFFER, TERMS, DOCUMENT, BUNDLE, RECEIPT)
#: Of what is sent; and of the whole, with head, name, signatures and padding.
BODY_BYTES = 8 << 20
ENVELOPE_BYTES = BODY_BYTES + (512 << 10)
#: What is inside a seal is this large at least: offers, receipts and most terms look alike.
PADDED_MIN = 4 << 10
#: Before the length of what is padded; no MessagePack begins so, and letters of before there was padding begin as it does.
_PADDED = b"\xc1"
NAME_CHARACTERS = 200
DAYS_MAX = 30


class Head(Record, frozen=True):
    """
    Who writes to whom, on which ledger, when; what nodes on the way can read.

    `seal_key` is the digest of the receiver's key. After `expires_at_ms` no node takes it any more.
    """

    chain: bytes
    salt: bytes
    sender: bytes
    receiver: bytes
    suite: str
    seal_key: bytes
    sent_at_ms: int
    expires_at_ms: int


class Content(Record, frozen=True):
    """What is sent. `reference` is the right, document or letter that it is about, or empty."""

    kind: str
    name: str
    media_type: str
    reference: bytes
    body: bytes


class Signed(Record, frozen=True):
    """The content with its sender's signature, by the key that the envelope names."""

    content: Content
    signature: bytes


class Envelope(Record, frozen=True):
    """A letter on its way."""

    head: Head
    key: bytes
    sealed: bytes
    signature: bytes


ENVELOPE: Codec[Envelope] = Codec(Envelope)
SIGNED: Codec[Signed] = Codec(Signed)


@dataclass(frozen=True)
class Recipient:
    """Whom a letter is sealed to: the organisation, the suite and the key that its contact names."""

    organisation: bytes
    suite: str
    key: bytes


def letter_id(h: Hash, head: Head) -> bytes:
    """What a letter is called: the hash of its head."""
    return h(TAGS[Tag.LETTER] + encode(head))


def content_digest(h: Hash, content: Content) -> bytes:
    """What a receipt says was read, to the byte: kind, name, media type, reference and body."""
    return h(CONTENT_PREFIX + encode(content))


def write(
    h: Hash,
    signer: Signer,
    content: Content,
    *,
    chain: bytes,
    sender: bytes,
    recipient: Recipient,
    now_ms: int,
    days: int,
) -> bytes:
    """
    A sealed letter's bytes.

    Args:
        days: For how many it is carried and taken, 1 to 30.

    Raises:
        UsageError: Too large (TOO_LARGE), a bad name or kind (BAD_LETTER), or the receiver's key is none (BAD_KEY).
    """
    check_content(content)
    if not 1 <= days <= DAYS_MAX:
        raise UsageError(f"a letter is carried for 1 to {DAYS_MAX} days", code="BAD_LETTER")
    if recipient.suite != sealing.SUITE:
        raise UsageError(f"this version cannot seal to a key of {recipient.suite}", code="BAD_KEY")
    head = Head(
        chain,
        secrets.token_bytes(SALT_BYTES),
        sender,
        recipient.organisation,
        recipient.suite,
        h(recipient.key),
        now_ms,
        now_ms + days * DAY_MS,
    )
    inner = Signed(content, signer.sign(_content_message(h, head, content)))
    sealed = sealing.seal(recipient.key, pad(encode(inner)), _info(head, signer.public_key))
    signature = signer.sign(_envelope_message(h, head, signer.public_key, sealed))
    return encode(Envelope(head, signer.public_key, sealed, signature))


def read_envelope(raw: bytes) -> Envelope:
    """
    An envelope from bytes that anybody may have sent: its form alone.

    Raises:
        Corrupt: No envelope, or one whose fields cannot be right (MALFORMED, NOT_CANONICAL, TOO_LARGE).
    """
    if len(raw) > ENVELOPE_BYTES:
        raise Corrupt(f"a letter has at most {ENVELOPE_BYTES:,} bytes", code="TOO_LARGE")
    envelope = ENVELOPE.load_canonical(raw, "the letter")
    head = envelope.head
    sizes = [len(x) for x in (head.chain, head.sender, head.receiver, head.seal_key)]
    if sizes != [32] * 4 or len(head.salt) != SALT_BYTES or len(envelope.sealed) < sealing.OVERHEAD_BYTES:
        raise Corrupt("a field of the letter has another length than it must", code="MALFORMED")
    if not 0 < head.sent_at_ms < head.expires_at_ms <= head.sent_at_ms + DAYS_MAX * DAY_MS:
        raise Corrupt("the letter's times cannot be right", code="MALFORMED")
    return envelope


def check_envelope(h: Hash, suite: Suite, envelope: Envelope) -> None:
    """
    Raises:
        Corrupt: The envelope is not signed by the key that it names (BAD_SIGNATURE).
    """
    message = _envelope_message(h, envelope.head, envelope.key, envelope.sealed)
    if not suite.verify(envelope.key, envelope.signature, message):
        raise Corrupt("the letter's signature is bad", code="BAD_SIGNATURE")


def open_letter(h: Hash, suite: Suite, envelope: Envelope, private_key: bytes) -> Signed:
    """
    The content of a letter, with its sender's signature checked.

    Raises:
        Corrupt: The seal does not open (LETTER_SEAL), or what is inside is not signed by the sender (BAD_SIGNATURE) or no content
            (MALFORMED, NOT_CANONICAL, BAD_LETTER).
    """
    check_envelope(h, suite, envelope)
    plain = sealing.unseal(private_key, envelope.sealed, _info(envelope.head, envelope.key))
    signed = SIGNED.load_canonical(unpad(plain), "the letter's content")
    check_signed(h, suite, envelope.head, envelope.key, signed)
    try:
        check_content(signed.content)
    except UsageError as error:
        raise Corrupt(str(error), code=error.code) from None
    return signed


def padded_size(size: int) -> int:
    """
    To what size a content is padded: at most an eighth more, and the sizes of all letters are few.

    Source: Padmé, in Nikitin and others, Reducing Metadata Leakage from Encrypted Files and Communication with PURBs, 2019.
    """
    size = max(size, PADDED_MIN)
    exponent = size.bit_length() - 1
    step = 1 << (exponent - exponent.bit_length())
    return -(-size // step) * step


def pad(plain: bytes) -> bytes:
    """Its length, itself, and zeros."""
    head = _PADDED + len(plain).to_bytes(4, "big")
    return (head + plain).ljust(padded_size(len(head) + len(plain)), b"\0")


def unpad(padded: bytes) -> bytes:
    """
    What was padded; what never was, as it is.

    Raises:
        Corrupt: It is not padded in its one way (NOT_CANONICAL).
    """
    if padded[:1] != _PADDED:
        return padded
    plain = padded[5 : 5 + int.from_bytes(padded[1:5], "big")]
    if pad(plain) != padded:
        raise Corrupt("a letter's padding is zeros to the next size, and nothing else", code="NOT_CANONICAL")
    return plain


def check_signed(h: Hash, suite: Suite, head: Head, key: bytes, signed: Signed) -> None:
    """
    What shows a third party who wrote: head, key, content and the signature under both.

    Raises:
        Corrupt: The content is not signed by the key, for this head (BAD_SIGNATURE).
    """
    if not suite.verify(key, signed.signature, _content_message(h, head, signed.content)):
        raise Corrupt("the content is not signed by the letter's sender", code="BAD_SIGNATURE")


def check_content(content: Content) -> None:
    """
    Raises:
        UsageError: Something that no letter carries (BAD_LETTER, TOO_LARGE).
    """
    if content.kind not in KINDS or len(content.reference) not in (0, 32):
        raise UsageError(f"a letter carries {', '.join(KINDS)}, about one thing at most", code="BAD_LETTER")
    for text in (content.name, content.media_type):
        # A name comes from another machine and becomes a file's: nothing in it leads elsewhere, or hides what it is.
        if len(text) > NAME_CHARACTERS or not text.isprintable():
            raise UsageError(f"a name has at most {NAME_CHARACTERS} characters, all visible", code="BAD_LETTER")
    if "/" in content.name or "\\" in content.name or content.name in (".", ".."):
        raise UsageError("a name has no slash", code="BAD_LETTER")
    if len(content.body) > BODY_BYTES:
        raise UsageError(f"a letter carries at most {BODY_BYTES:,} bytes", code="TOO_LARGE")


def _info(head: Head, key: bytes) -> bytes:
    return INFO_PREFIX + encode((head, key))


def _content_message(h: Hash, head: Head, content: Content) -> bytes:
    return CONTENT_PREFIX + letter_id(h, head) + content_digest(h, content)


def _envelope_message(h: Hash, head: Head, key: bytes, sealed: bytes) -> bytes:
    return ENVELOPE_PREFIX + letter_id(h, head) + h(encode((key, sealed)))
