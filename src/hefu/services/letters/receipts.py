"""
Two answers that a letter gets.

    Arrival    the receiver's node has it on its disk; signed by the node's key for letters, which the receiver's contact names
    Receipt    the receiver has read it, to the byte; signed by the receiver's own key, salted, and under a root on the ledger

An arrival says when the receiver's node recorded it. A receipt with its place on the ledger shows by which block the receiver
had it.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from hefu.contracts.attestations.events import Attested
from hefu.contracts.parties import state as ps
from hefu.kernel.codec import Codec, Record, encode
from hefu.kernel.errors import Corrupt
from hefu.kernel.hashing import Hash
from hefu.kernel.merkle import leaf_hash, path, root_from_path, root_of_leaves
from hefu.kernel.signer import Signer
from hefu.kernel.suites.ed25519 import Ed25519Suite
from hefu.kernel.suites.port import Suite
from hefu.ledger.chain import Chain

ARRIVAL_PREFIX = b"hefu/letter-arrival/1\n"
RECEIPT_PREFIX = b"hefu/letter-receipt/1\n"
#: The kind of attestation that puts receipts on the ledger.
ANCHOR = "letters"
#: Doors sign with Ed25519 whatever suite the ledger has.
DOOR_SUITE = Ed25519Suite()
RECEIPTS_MAX = 500


class Arrival(Record, frozen=True):
    """A node took a letter: which bytes, when by its clock, and at which block it looked up the sender's key."""

    chain: bytes
    letter: bytes
    envelope: bytes
    sender: bytes
    receiver: bytes
    at_ms: int
    height: int


class SignedArrival(Record, frozen=True):
    """An arrival with the signature of the door's key."""

    arrival: Arrival
    door: bytes
    signature: bytes


class ReadReceipt(Record, frozen=True):
    """The receiver has read a letter; `content` is the digest of what it read. The salt keeps all of it from being guessed."""

    chain: bytes
    letter: bytes
    content: bytes
    sender: bytes
    receiver: bytes
    arrived_at_ms: int
    read_at_ms: int
    salt: bytes


class SignedReceipt(Record, frozen=True):
    """
    A receipt with the receiver's signature and, once it is there, its place under a root on the ledger.

    `transaction` attested the root, in `attestation`; both are empty before. Index, count and siblings lead to the root.
    """

    receipt: ReadReceipt
    key: bytes
    signature: bytes
    transaction: bytes = b""
    attestation: bytes = b""
    index: int = 0
    count: int = 1
    siblings: tuple[bytes, ...] = ()


ARRIVAL: Codec[SignedArrival] = Codec(SignedArrival)
RECEIPT: Codec[SignedReceipt] = Codec(SignedReceipt)


@dataclass(frozen=True)
class Anchor:
    """Where a receipt stands on the ledger, and since which instant of block time."""

    height: int
    at_ms: int


def sign_arrival(door: Signer, arrival: Arrival) -> SignedArrival:
    """The node's word."""
    return SignedArrival(arrival, door.public_key, door.sign(ARRIVAL_PREFIX + encode(arrival)))


def check_arrival(raw: bytes, *, letter: bytes, envelope: bytes, receiver: bytes, doors: Sequence[bytes]) -> Arrival:
    """
    An arrival from bytes that came over the wire.

    Args:
        letter, envelope: Identifier of the letter, and digest of all its bytes.
        doors: Keys that may sign for this receiver.

    Raises:
        Corrupt: It is of another letter, or no door of the receiver signed it (BAD_RECEIPT); or it is none (MALFORMED).
    """
    signed = ARRIVAL.load_canonical(raw, "the arrival")
    arrival = signed.arrival
    if (arrival.letter, arrival.envelope, arrival.receiver) != (letter, envelope, receiver):
        raise Corrupt("this arrival is of another letter", code="BAD_RECEIPT")
    if signed.door not in doors or not DOOR_SUITE.verify(
        signed.door, signed.signature, ARRIVAL_PREFIX + encode(arrival)
    ):
        raise Corrupt("no door of the receiver signed this arrival", code="BAD_RECEIPT")
    return arrival


def sign_receipt(signer: Signer, arrival: Arrival, content: bytes, read_at_ms: int) -> SignedReceipt:
    """The receiver's word, with a fresh salt; not on the ledger yet."""
    salt = secrets.token_bytes(32)
    receipt = ReadReceipt(
        arrival.chain, arrival.letter, content, arrival.sender, arrival.receiver, arrival.at_ms, read_at_ms, salt
    )
    return SignedReceipt(receipt, signer.public_key, signer.sign(RECEIPT_PREFIX + encode(receipt)))


def root_of(h: Hash, receipts: Sequence[SignedReceipt]) -> bytes:
    """What the ledger gets of receipts: 32 bytes that say nothing without one of them."""
    return root_of_leaves(h, [leaf_hash(h, encode(signed.receipt)) for signed in receipts])


def placed(
    h: Hash, receipts: Sequence[SignedReceipt], *, transaction: bytes, attestation: bytes
) -> list[SignedReceipt]:
    """The receipts, each with its way to the root that was attested."""
    leaves = [leaf_hash(h, encode(signed.receipt)) for signed in receipts]
    return [
        SignedReceipt(
            signed.receipt,
            signed.key,
            signed.signature,
            transaction,
            attestation,
            index,
            len(leaves),
            tuple(path(h, leaves, index)),
        )
        for index, signed in enumerate(receipts)
    ]


def check_receipt(chain: Chain, signed: SignedReceipt, *, letter: bytes, content: bytes, receiver: bytes) -> Anchor:
    """
    That the receiver had exactly this content, by the block that says so.

    Args:
        content: Digest of what was sent, as `letter.content_digest` makes it.

    Raises:
        Corrupt: It is of another letter or content, not signed by the receiver, or not under what the ledger has (BAD_RECEIPT).
    """
    h, suite = chain.genesis.hash, chain.genesis.suite
    check_signature(h, suite, signed, letter=letter, content=content, receiver=receiver)
    if signed.receipt.chain != chain.genesis.chain_id:
        raise Corrupt("this receipt is of another ledger", code="BAD_RECEIPT")
    answer = chain.receipt(signed.transaction)
    if answer is None or not answer.ok:
        raise Corrupt("the ledger has no such transaction", code="BAD_RECEIPT")
    raw = chain.get(b"s" + ps.key_key(signed.key))
    key = None if raw is None else ps.KEY.load(raw)
    # The key must have held in the block that anchors: one that ended before cannot be made to speak afterwards.
    if key is None or key.organisation != receiver or not _held(key, answer.height):
        raise Corrupt("this receipt is not signed by the receiver", code="BAD_RECEIPT")
    if not 0 <= signed.index < signed.count <= RECEIPTS_MAX:
        raise Corrupt("this receipt's place cannot be right", code="BAD_RECEIPT")
    leaf = leaf_hash(h, encode(signed.receipt))
    root = root_from_path(h, leaf, signed.index, signed.count, signed.siblings)
    events = [chain.application.event_codec.load(event) for event in answer.events]
    if not any(
        isinstance(event, Attested)
        and (event.attestation, event.attester, event.kind) == (signed.attestation, receiver, ANCHOR)
        and event.digest == root
        for event in events
    ):
        raise Corrupt("this receipt is not under what the receiver put on the ledger", code="BAD_RECEIPT")
    block = chain.block(answer.height)
    if block is None:
        raise Corrupt("the ledger has no such block", code="BAD_RECEIPT")
    return Anchor(answer.height, block.header.at_ms)


def check_signature(
    h: Hash, suite: Suite, signed: SignedReceipt, *, letter: bytes, content: bytes, receiver: bytes
) -> None:
    """
    What a receipt says, and its signature; not whose key it is, nor whether the ledger has it.

    Raises:
        Corrupt: It is of another letter, content or receiver, or the signature is bad (BAD_RECEIPT).
    """
    receipt = signed.receipt
    if (receipt.letter, receipt.content, receipt.receiver) != (letter, content, receiver):
        raise Corrupt("this receipt is of another letter or another content", code="BAD_RECEIPT")
    if not suite.verify(signed.key, signed.signature, RECEIPT_PREFIX + encode(receipt)):
        raise Corrupt("this receipt's signature is bad", code="BAD_RECEIPT")


def _held(key: ps.KeyRecord, height: int) -> bool:
    return key.valid_from <= height and not 0 < key.valid_until <= height
