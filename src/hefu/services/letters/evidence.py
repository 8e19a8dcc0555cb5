"""A receipt for somebody else: what was sent, and that its receiver had it, in one file, checked against any copy of the ledger."""

from __future__ import annotations

from hefu.kernel.codec import Codec, Record
from hefu.kernel.errors import Corrupt
from hefu.ledger.chain import Chain
from hefu.services.letters.letter import ENVELOPE_BYTES, Content, content_digest
from hefu.services.letters.receipts import Anchor, SignedReceipt, check_receipt

FILE_BYTES = ENVELOPE_BYTES + (64 << 10)


class ReceiptFile(Record, frozen=True):
    """What was sent, and the receipt for it."""

    content: Content
    receipt: SignedReceipt


_FILE: Codec[ReceiptFile] = Codec(ReceiptFile)


def read_file(raw: bytes) -> ReceiptFile:
    """
    Raises:
        Corrupt: These bytes are no such file (MALFORMED, NOT_CANONICAL, TOO_LARGE).
    """
    if len(raw) > FILE_BYTES:
        raise Corrupt("this file is larger than any receipt with its letter", code="TOO_LARGE")
    return _FILE.load_canonical(raw, "the receipt's file")


def check_file(chain: Chain, file: ReceiptFile) -> Anchor:
    """
    That the receiver whom the receipt names had this content, by a block of this ledger.

    Raises:
        Corrupt: It is not so (BAD_RECEIPT).
    """
    said = file.receipt.receipt
    digest = content_digest(chain.genesis.hash, file.content)
    return check_receipt(chain, file.receipt, letter=said.letter, content=digest, receiver=said.receiver)
