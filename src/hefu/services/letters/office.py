"""
A letter office: what a node, or a home without nodes, does with letters. It opens none and holds no organisation's key.

    post      from an own program: into the book, on the disk before it is answered, then forwarded until an arrival comes
    deliver   from anybody, without a token: checked against the ledger, kept, and answered with a signed arrival

Checks come in order of cost, and what fails one is not kept. What is asked of the ledger is asked of this replica, as it stands.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hefu.contracts.parties import state as ps
from hefu.contracts.parties.contract import door_message
from hefu.contracts.parties.roles import ACTIVE
from hefu.kernel.codec import encode
from hefu.kernel.errors import Busy, Corrupt, Rejected
from hefu.kernel.keyfile import publish
from hefu.kernel.signer import KeySigner
from hefu.ledger.block import BlockHeader
from hefu.ledger.genesis import Genesis
from hefu.services.letters.book import Arrived, Book, Outgoing
from hefu.services.letters.letter import Envelope, check_envelope, letter_id, read_envelope
from hefu.services.letters.receipts import DOOR_SUITE, Arrival, check_arrival, sign_arrival

#: A sender's clock may be ahead by this much.
AHEAD_MS = 600_000
#: Pauses before a letter is tried again: the first, and the longest.
PAUSE_FIRST_MS, PAUSE_LAST_MS = 1_000, 600_000
PAGE, PAGE_BYTES = 200, 16 << 20
#: Letters that are tried in one round.
DUE = 16
#: What an office says of a letter that it will not take, and not of itself.
REFUSALS = frozenset(
    {
        "BAD_SIGNATURE",
        "CONTACT_CHANGED",
        "FOREIGN_LETTER",
        "KEY_NOT_VALID",
        "LETTER_DIFFERS",
        "LETTER_EXPIRED",
        "MALFORMED",
        "NOT_CANONICAL",
        "NO_CONTACT",
        "ORGANISATION_SUSPENDED",
        "TOO_LARGE",
        "UNKNOWN_KEY",
        "UNKNOWN_ORGANISATION",
        "WRONG_CHAIN",
    }
)
Clock = Callable[[], int]


class Ledger(Protocol):
    """The ledger as this office reads it: records of the store, and the tip."""

    genesis: Genesis
    tip: BlockHeader

    def get(self, key: bytes) -> bytes | None:
        """A stored value."""
        ...


@dataclass(frozen=True)
class Door:
    """What an organisation puts into its contact to have its letters taken here."""

    key: bytes
    address: str
    possession: bytes


@dataclass(frozen=True)
class Checked:
    """An envelope that the door takes: its identifier, the digest of its bytes, and the arrival that it will be answered with."""

    envelope: Envelope
    id: bytes
    digest: bytes
    arrival: Arrival


def door_key(path: Path) -> KeySigner:
    """
    The office's own key, made on first use. It signs arrivals and for whom letters are taken, nothing else.

    Raises:
        Corrupt: The file holds no key (KEYFILE_DAMAGED).
    """
    if not path.exists():
        publish(path, DOOR_SUITE.generate().hex().encode(), overwrite=False)
    try:
        seed = bytes.fromhex(path.read_text().strip())
        if len(seed) != 32:
            raise ValueError
    except ValueError:
        raise Corrupt("this file holds no key for letters", code="KEYFILE_DAMAGED", where=str(path)) from None
    return KeySigner(DOOR_SUITE, seed)


def contact_of(ledger: Ledger, organisation: bytes) -> ps.ContactRecord | None:
    """How an organisation is written to."""
    raw = ledger.get(b"s" + ps.contact_key(organisation))
    return None if raw is None else ps.CONTACT.load(raw)


def check_key(ledger: Ledger, key: bytes, organisation: bytes, height: int) -> None:
    """
    Raises:
        Rejected: The ledger does not know the key (UNKNOWN_KEY), it does not hold at the height (KEY_NOT_VALID), or it is another
            organisation's (FOREIGN_LETTER).
    """
    raw = ledger.get(b"s" + ps.key_key(key))
    record = None if raw is None else ps.KEY.load(raw)
    if record is None:
        raise Rejected("this ledger knows no such key", code="UNKNOWN_KEY")
    if record.organisation != organisation:
        raise Rejected("this key is another organisation's than the letter names", code="FOREIGN_LETTER")
    if height < record.valid_from or 0 < record.valid_until <= height:
        raise Rejected("this key does not hold at this height", code="KEY_NOT_VALID")


def system_ms() -> int:
    """This machine's clock."""
    return time.time_ns() // 1_000_000


class Office:
    """
    Args:
        book: What it keeps.
        key: Its own, from `door_key`.
        ledger: Gives the ledger as it stands on this replica now.
        address: Where its door listens, as organisations shall say it; empty: told by hand.
        clock: Milliseconds; this machine's.
    """

    def __init__(
        self, book: Book, key: KeySigner, ledger: Callable[[], Ledger], *, address: str = "", clock: Clock = system_ms
    ) -> None:
        self.book = book
        self._key, self._ledger, self._address, self.now_ms = key, ledger, address, clock

    def close(self) -> None:
        """Close the book."""
        self.book.close()

    @property
    def key(self) -> bytes:
        """The public key of its door."""
        return self._key.public_key

    def door_for(self, organisation: bytes) -> Door:
        """What an organisation needs to have its letters taken here; asked for by own programs alone."""
        message = door_message(self._ledger().genesis.chain_id, organisation)
        return Door(self.key, self._address, self._key.sign(message))

    # -- taking -------------------------------------------------------------------------------------------------

    def deliver(self, raw: bytes) -> bytes:
        """
        Take a letter for an organisation whose letters are taken here, from anybody.

        Returns:
            The signed arrival; the letter is on the disk. The same letter again gets the same arrival.

        Raises:
            Corrupt: MALFORMED, NOT_CANONICAL, TOO_LARGE, BAD_SIGNATURE.
            Rejected: WRONG_CHAIN, LETTER_EXPIRED, LETTER_DIFFERS, NO_CONTACT, OTHER_DOOR, CONTACT_CHANGED, UNKNOWN_ORGANISATION,
                ORGANISATION_SUSPENDED, UNKNOWN_KEY, KEY_NOT_VALID, FOREIGN_LETTER, LETTER_QUOTA.
            Busy: No room.
        """
        ledger = self._ledger()
        checked = self._examine(ledger, raw)
        # Whose answer was lost asks again; that its key ended meanwhile takes nothing back.
        known = self.book.known(checked.id, checked.digest)
        if known is not None:
            return known
        envelope = checked.envelope
        if self._contact(ledger, envelope).door != self.key:
            raise Rejected("letters for this organisation are taken elsewhere", code="OTHER_DOOR")
        self._check_sender(ledger, envelope)
        head, arrival = envelope.head, encode(sign_arrival(self._key, checked.arrival))
        return self.book.take(
            checked.id,
            checked.digest,
            head.sender,
            head.receiver,
            raw,
            arrival,
            checked.arrival.at_ms,
            head.expires_at_ms,
        )

    def post(self, raw: bytes) -> bytes:
        """
        Take a letter of an own program to be forwarded, if the receiver's door would take it, as far as is known here.

        Returns:
            Its identifier; it is on the disk.

        Raises:
            Corrupt, Rejected, Busy: As `deliver`.
        """
        ledger = self._ledger()
        checked = self._examine(ledger, raw)
        contact = self._contact(ledger, checked.envelope)
        self._check_sender(ledger, checked.envelope)
        head = checked.envelope.head
        self.book.post(checked.id, checked.digest, head.receiver, raw, head.expires_at_ms, self.now_ms())
        if contact.door == self.key:
            # Sender and receiver have one office: it goes no further.
            self._hand_over(checked.id, raw)
        return checked.id

    def carry_here(self) -> list[tuple[bytes, bytes, bytes]]:
        """
        Hand over what is due and goes no further than this office.

        Returns:
            What is due and has to be carried elsewhere: identifier, receiver, bytes.
        """
        elsewhere = []
        for id, receiver, raw in self.book.due(self.now_ms(), DUE):
            contact = contact_of(self._ledger(), receiver)
            if contact is not None and contact.door == self.key:
                self._hand_over(id, raw)
            else:
                elsewhere.append((id, receiver, raw))
        return elsewhere

    def _hand_over(self, id: bytes, raw: bytes) -> None:
        try:
            self.book.delivered(id, self.deliver(raw))
        except (Rejected, Busy) as refusal:
            self.failed(id, refusal.code)

    def _examine(self, ledger: Ledger, raw: bytes) -> Checked:
        envelope = read_envelope(raw)
        h, head, now = ledger.genesis.hash, envelope.head, self.now_ms()
        if head.chain != ledger.genesis.chain_id:
            raise Rejected("this letter is of another ledger", code="WRONG_CHAIN")
        if head.expires_at_ms <= now or head.sent_at_ms > now + AHEAD_MS:
            raise Rejected("this letter's time is over, or not there yet", code="LETTER_EXPIRED")
        id, digest = letter_id(h, head), h(raw)
        arrival = Arrival(head.chain, id, digest, head.sender, head.receiver, now, ledger.tip.height)
        return Checked(envelope, id, digest, arrival)

    def _contact(self, ledger: Ledger, envelope: Envelope) -> ps.ContactRecord:
        contact = contact_of(ledger, envelope.head.receiver)
        if contact is None:
            raise Rejected("the receiver has not said where its letters go", code="NO_CONTACT")
        if envelope.head.seal_key not in (ledger.genesis.hash(contact.key), contact.previous):
            raise Rejected("the receiver has another key by now", code="CONTACT_CHANGED")
        return contact

    def _check_sender(self, ledger: Ledger, envelope: Envelope) -> None:
        raw = ledger.get(b"s" + ps.organisation_key(envelope.head.sender))
        if raw is None:
            raise Rejected("this ledger knows no such sender", code="UNKNOWN_ORGANISATION")
        if ps.ORGANISATION.load(raw).status != ACTIVE:
            raise Rejected("the sender is suspended", code="ORGANISATION_SUSPENDED")
        check_key(ledger, envelope.key, envelope.head.sender, ledger.tip.height)
        check_envelope(ledger.genesis.hash, ledger.genesis.suite, envelope)

    # -- own programs -------------------------------------------------------------------------------------------

    def arrived(self, organisation: bytes, after: int) -> list[Arrived]:
        """Letters that an organisation has not acknowledged, by their numbers here."""
        return self.book.arrived(organisation, after, PAGE, PAGE_BYTES)

    def acknowledge(self, organisation: bytes, ids: list[bytes]) -> None:
        """The organisation has these in its vault."""
        self.book.acknowledge(organisation, ids)

    def outgoing(self, id: bytes) -> Outgoing | None:
        """What has become of a letter that was posted here."""
        return self.book.outgoing(id, self.now_ms())

    # -- forwarding ---------------------------------------------------------------------------------------------

    def contact(self, organisation: bytes) -> ps.ContactRecord | None:
        """How an organisation is written to, as this replica has it."""
        return contact_of(self._ledger(), organisation)

    def forwarded(self, id: bytes, receiver: bytes, raw: bytes, answer: bytes) -> None:
        """
        A door answered with an arrival.

        Raises:
            Corrupt: It is not the receiver's arrival for these bytes: as if nothing had come (BAD_RECEIPT, MALFORMED).
        """
        ledger = self._ledger()
        contact = contact_of(ledger, receiver)
        doors = [] if contact is None else [contact.door]
        check_arrival(answer, letter=id, envelope=ledger.genesis.hash(raw), receiver=receiver, doors=doors)
        self.book.delivered(id, answer)

    def failed(self, id: bytes, code: str) -> None:
        """It did not get through; it is tried again."""
        self.book.failed(id, code, self.now_ms(), PAUSE_FIRST_MS, PAUSE_LAST_MS)
