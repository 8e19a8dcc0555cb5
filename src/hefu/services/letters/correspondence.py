"""
What an organisation's program does with letters: say where they go, write, read, receipt.

    write     into the own vault, then to the own office, which forwards it
    collect   from the office: open, check against the ledger, keep in the vault, acknowledge; then sign receipts, put their root on
              the ledger, and send each back to the letter's sender

Each step finds what the one before left, so that after any interruption the next `collect` goes on where the last one stopped.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from hefu.contracts.attestations.commands import Attest
from hefu.contracts.parties import commands as pc
from hefu.kernel import sealing
from hefu.kernel.codec import encode
from hefu.kernel.errors import Corrupt, EngineError, HefuError, Rejected, Unavailable, UsageError
from hefu.kernel.ids import SALT_BYTES, derive_id
from hefu.kernel.time import DAY_MS
from hefu.ledger.chain import Chain
from hefu.services.home import PartyEntry
from hefu.services.letters import receipts
from hefu.services.letters.book import Arrived
from hefu.services.letters.letter import (
    RECEIPT,
    Content,
    Head,
    Recipient,
    Signed,
    content_digest,
    letter_id,
    open_letter,
    read_envelope,
    write,
)
from hefu.services.letters.office import check_key, contact_of, system_ms
from hefu.services.letters.post import Post
from hefu.services.letters.vaulted import IN, OUT, Body, Kept, Letters
from hefu.services.network import Network, accepted

DAYS = 7
#: For how long a receipt may speak of a block that this home's nodes have not seen yet.
PATIENCE_MS = DAY_MS
#: Takes what a letter of some kind carries: who got it, the letter, its body. Refuses by raising.
Handler = Callable[[PartyEntry, Kept, bytes], None]


@dataclass
class Collected:
    """
    What a look at the office brought.

    Args:
        letters: New in the vault, refused ones too.
        left: At the office still, with the reason: a key that is not in this home, a block that has not come yet.
        receipts: Receipts that are on the ledger since.
        trouble: Why receipts are not, if they should be: a code.
    """

    letters: list[Kept] = field(default_factory=list)
    left: list[tuple[bytes, str]] = field(default_factory=list)
    receipts: int = 0
    trouble: str = ""


@dataclass(frozen=True)
class Proof:
    """That a letter was read: the receipt, and where and since when it stands on the ledger."""

    receipt: receipts.SignedReceipt
    anchor: receipts.Anchor


class Correspondence:
    """
    Args:
        network: The opened home.
        post: The office of an organisation.
        handlers: By kind of letter; what has none lies in the vault and is read from there.
    """

    def __init__(
        self, network: Network, post: Callable[[PartyEntry], Post], handlers: Mapping[str, Handler] | None = None
    ) -> None:
        self.network = network
        self._post = post
        self._handlers: Mapping[str, Handler] = {**(handlers or {}), RECEIPT: self._take_receipt}
        self._h, self._suite = network.genesis.hash, network.genesis.suite

    # -- contacts -----------------------------------------------------------------------------------------------

    def set_contact(self, party: PartyEntry, *, address: str | None = None) -> bytes:
        """
        Make a key that letters are sealed to, and say on the ledger where they go. The keys before it stay in the folder: what
        was sealed to them and is on its way still opens.

        Args:
            address: Of the door, in place of what the office says of itself; empty: told by hand.

        Returns:
            The digest of the key.
        """
        organisation = bytes.fromhex(party.organisation)
        door = self._post(party).door_for(organisation)
        pair = sealing.generate_pair("letters")
        path = self._key_file(party, self._h(pair.public_key))
        # The key is on the disk before the ledger names it: nothing is sealed to what could be lost.
        self.network.keep_key(path, pair)
        where = door.address if address is None else address
        command = pc.SetContact(organisation, pair.suite_name, pair.public_key, door.key, where, door.possession)
        try:
            self.network.act([command], self.network.ring(party).govern)
        except Rejected:
            path.unlink()
            raise
        return self._h(pair.public_key)

    def has_contact(self, organisation: bytes) -> bool:
        """Whether an organisation can be written to."""
        return self.network.engine.query(lambda chain: contact_of(chain, organisation)) is not None

    def _key_file(self, party: PartyEntry, digest: bytes) -> Path:
        return self.network.home.organisation_folder(party) / f"letters-{digest.hex()[:16]}.key.json"

    # -- writing ------------------------------------------------------------------------------------------------

    def send(self, sender: PartyEntry, receiver: bytes, content: Content, *, days: int = DAYS) -> bytes:
        """
        Write to an organisation. Returns the letter's identifier; it is in the sender's vault and on its office's disk.

        Raises:
            Rejected: The receiver has no contact (NO_CONTACT), or the office would not take it.
            UsageError: BAD_LETTER, TOO_LARGE.
            Unavailable, EngineError: The office did not answer; the letter is in the vault, and the next `collect` gives it again.
        """
        contact = self.network.engine.query(lambda chain: contact_of(chain, receiver))
        if contact is None:
            raise Rejected("the receiver has not said where its letters go", code="NO_CONTACT")
        raw = write(
            self._h,
            self.network.ring(sender).office,
            content,
            chain=self.network.genesis.chain_id,
            sender=bytes.fromhex(sender.organisation),
            recipient=Recipient(receiver, contact.suite, contact.key),
            now_ms=system_ms(),
            days=days,
        )
        envelope = read_envelope(raw)
        # The content's signature is inside the seal, where its sender cannot look again and need not.
        signed = Signed(content, b"")
        kept = _kept(OUT, letter_id(self._h, envelope.head), envelope.head, envelope.key, content)
        letters = Letters(self.network.vault(sender))
        letters.keep(kept, Body(signed, raw))
        try:
            self._post(sender).send(raw)
        except (Rejected, Corrupt):
            letters.drop(kept.id)
            raise
        return kept.id

    # -- reading ------------------------------------------------------------------------------------------------

    def letters(self, party: PartyEntry) -> list[Kept]:
        """What is in an organisation's vault, oldest first; receipts that came as letters are told with what they are of."""
        found = [kept for kept in Letters(self.network.vault(party)).all() if kept.kind != RECEIPT]
        return sorted(found, key=lambda kept: (kept.head.sent_at_ms, kept.id))

    def content(self, party: PartyEntry, id: bytes) -> Content:
        """
        What a letter in the vault carries.

        Raises:
            UsageError: It was not kept (NO_COPY).
        """
        return Letters(self.network.vault(party)).body(id).signed.content

    def collect(self, party: PartyEntry) -> Collected:
        """
        Fetch letters, and finish whatever an earlier time left undone.

        Raises:
            Unavailable, EngineError: The office or the network did not answer; nothing is lost.
        """
        done, post, after = Collected(), self._post(party), 0
        while True:
            page = post.arrived(bytes.fromhex(party.organisation), after)
            if not page:
                break
            read = []
            for arrived in page:
                after = arrived.number
                try:
                    kept = self._take(party, arrived)
                except (UsageError, EngineError) as error:
                    done.left.append((receipts.ARRIVAL.load(arrived.arrival).arrival.letter, error.code))
                    continue
                read.append(kept.id)
                done.letters.append(kept)
            if read:
                post.acknowledge(bytes.fromhex(party.organisation), read)
        self._follow(party, post)
        try:
            done.receipts = self._anchor(party)
        except Rejected as refusal:
            done.trouble = refusal.code
        self._tell(party)
        return done

    def _take(self, party: PartyEntry, arrived: Arrived) -> Kept:
        """
        One letter into the vault, as what it says or as refused.

        Raises:
            UsageError: No key in this home opens it (NO_LETTER_KEY).
            EngineError: It speaks of a block that is not here yet.
        """
        letters = Letters(self.network.vault(party))
        arrival = receipts.ARRIVAL.load(arrived.arrival).arrival
        if self._h(arrived.raw) != arrival.envelope:
            raise EngineError("the office gives other bytes than it took", code="LETTERS_DAMAGED")
        envelope = read_envelope(arrived.raw)
        id = letter_id(self._h, envelope.head)
        known = letters.get(id)
        if known is not None and known.direction == IN:
            return known
        blank = _kept(IN, id, envelope.head, envelope.key, Content("", "", "", b"", b""))
        blank = msgspec.structs.replace(blank, size=len(arrived.raw), arrival=arrived.arrival)
        private = self._private_key(party, envelope.head.seal_key)
        try:
            if envelope.head.receiver != bytes.fromhex(party.organisation):
                raise Rejected("this letter is for another", code="OTHER_DOOR")
            if envelope.head.chain != self.network.genesis.chain_id:
                raise Rejected("this letter is of another ledger", code="WRONG_CHAIN")
            sender = envelope.head.sender
            self.network.engine.query(lambda chain: check_key(chain, envelope.key, sender, arrival.height))
            signed = open_letter(self._h, self._suite, envelope, private)
            kept = _kept(IN, id, envelope.head, envelope.key, signed.content)
            kept = msgspec.structs.replace(kept, arrival=arrived.arrival)
            handler = self._handlers.get(kept.kind)
            if handler is not None:
                handler(party, kept, signed.content.body)
        except EngineError:
            raise
        except HefuError as error:
            # Somebody entitled to write wrote nonsense: that it came is kept, what it carried is not.
            refused = msgspec.structs.replace(blank, refused=error.code)
            letters.keep(refused)
            return refused
        letters.keep(kept, Body(signed, b""))
        return kept

    def _private_key(self, party: PartyEntry, digest: bytes) -> bytes:
        path = self._key_file(party, digest)
        if not path.exists():
            raise UsageError("the key that this letter is sealed to is not in this home", code="NO_LETTER_KEY")
        return self.network.open_key(path, "letters").private_key

    # -- receipts -----------------------------------------------------------------------------------------------

    def _anchor(self, party: PartyEntry) -> int:
        """Sign receipts for what was read and has none on the ledger, and put their root there."""
        letters, signer = Letters(self.network.vault(party)), self.network.ring(party).office
        waiting: list[tuple[Kept, receipts.SignedReceipt]] = []
        for kept in letters.all():
            if kept.direction != IN or kept.refused or kept.kind == RECEIPT or len(waiting) >= receipts.RECEIPTS_MAX:
                continue
            if not kept.receipt:
                arrival = receipts.ARRIVAL.load(kept.arrival).arrival
                digest = content_digest(self._h, letters.body(kept.id).signed.content)
                signed = receipts.sign_receipt(signer, arrival, digest, system_ms())
                waiting.append((kept, signed))
            elif not receipts.RECEIPT.load(kept.receipt).transaction:
                waiting.append((kept, receipts.RECEIPT.load(kept.receipt)))
        if not waiting:
            return 0
        for kept, signed in waiting:
            letters.keep(msgspec.structs.replace(kept, receipt=encode(signed)))
        root = receipts.root_of(self._h, [signed for _, signed in waiting])
        transaction, attestation = self._attest(party, root)
        both = receipts.placed(
            self._h, [signed for _, signed in waiting], transaction=transaction, attestation=attestation
        )
        for (kept, _), signed in zip(waiting, both, strict=True):
            letters.keep(msgspec.structs.replace(kept, receipt=encode(signed)))
        return len(both)

    def _attest(self, party: PartyEntry, root: bytes) -> tuple[bytes, bytes]:
        network, organisation, salt = self.network, bytes.fromhex(party.organisation), secrets.token_bytes(SALT_BYTES)
        command = Attest(
            organisation, salt, organisation, receipts.ANCHOR, network.stated_ms(), "received", root, b"", b""
        )
        receipt = accepted(network.send([command], network.ring(party).office).wait())
        genesis = network.genesis
        return receipt.transaction_id, derive_id(genesis.hash, genesis.chain_id, organisation, salt, "attestation")

    def _tell(self, party: PartyEntry) -> None:
        """Send receipts that are on the ledger to those whose letters they are of."""
        letters = Letters(self.network.vault(party))
        for kept in letters.all():
            if kept.direction != IN or kept.told or not kept.receipt:
                continue
            if receipts.RECEIPT.load(kept.receipt).transaction and self.has_contact(kept.head.sender):
                # What is refused now may be taken another time, once the sender's contact or this organisation's standing changed.
                with suppress(Rejected):
                    self.send(party, kept.head.sender, Content(RECEIPT, "", "", kept.id, kept.receipt))
                    letters.keep(msgspec.structs.replace(kept, told=True))

    def _take_receipt(self, party: PartyEntry, kept: Kept, body: bytes) -> None:
        """
        A receipt came back for a letter of ours.

        Raises:
            Corrupt: It is none, or not what the ledger has (BAD_RECEIPT).
            EngineError: The nodes asked have not seen its block yet (NODE_BEHIND).
        """
        signed = receipts.RECEIPT.load_canonical(body, "the receipt")
        letters = Letters(self.network.vault(party))
        own = letters.get(signed.receipt.letter)
        if own is None or own.direction != OUT or own.head.receiver != kept.head.sender:
            raise Corrupt("this receipt is of no letter of ours", code="BAD_RECEIPT")
        digest = content_digest(self._h, letters.body(own.id).signed.content)

        def check(chain: Chain) -> None:
            if chain.receipt(signed.transaction) is None and system_ms() < kept.head.sent_at_ms + PATIENCE_MS:
                raise EngineError("the block of this receipt is not here yet", code="NODE_BEHIND")
            receipts.check_receipt(chain, signed, letter=own.id, content=digest, receiver=own.head.receiver)

        self.network.engine.query(check)
        letters.keep(msgspec.structs.replace(own, receipt=body))

    def _follow(self, party: PartyEntry, post: Post) -> None:
        """What has become of letters on their way; what the office never got is given again."""
        letters, now = Letters(self.network.vault(party)), system_ms()
        for kept in letters.all():
            if kept.direction != OUT or kept.arrival or kept.refused or kept.head.expires_at_ms < now:
                continue
            outgoing = post.outgoing(kept.id)
            body = letters.body(kept.id)
            if outgoing is None and body.raw:
                try:
                    post.send(body.raw)
                except (Rejected, Corrupt) as refusal:
                    letters.keep(msgspec.structs.replace(kept, refused=refusal.code), Body(body.signed, b""))
            elif outgoing is not None and outgoing.arrival:
                # The bytes as they went are of no more use; what they carried stays.
                letters.keep(msgspec.structs.replace(kept, arrival=outgoing.arrival), Body(body.signed, b""))

    def state_of(self, party: PartyEntry, kept: Kept) -> tuple[str, str]:
        """
        What has become of a letter: `waiting`, `delivered`, `expired`, `read`; `refused` for one that was no good, with the code.

        Returns:
            The state, and the code of what was last said against it.
        """
        if kept.refused:
            return "refused", kept.refused
        if kept.receipt and receipts.RECEIPT.load(kept.receipt).transaction:
            return "read", ""
        if kept.direction == IN:
            return "delivered", ""
        if kept.arrival:
            return "delivered", ""
        code = ""
        try:
            outgoing = self._post(party).outgoing(kept.id)
            if outgoing is not None:
                return outgoing.state, outgoing.code
        except (EngineError, Unavailable) as error:
            # The own node is silent; what is in the vault can be told without it.
            code = error.code
        return ("expired" if kept.head.expires_at_ms < system_ms() else "waiting"), code

    def proof(self, party: PartyEntry, id: bytes) -> Proof:
        """
        That a letter was read, checked against the ledger anew.

        Raises:
            UsageError: There is no receipt yet (NO_RECEIPT), or no such letter (UNKNOWN_LETTER).
            Corrupt: What is kept does not agree with the ledger (BAD_RECEIPT).
        """
        letters = Letters(self.network.vault(party))
        kept = letters.get(id)
        if kept is None:
            raise UsageError("no such letter in this vault", code="UNKNOWN_LETTER")
        signed = receipts.RECEIPT.load(kept.receipt) if kept.receipt else None
        if signed is None or not signed.transaction:
            raise UsageError("no receipt of this letter is on the ledger yet", code="NO_RECEIPT")
        digest = content_digest(self._h, letters.body(id).signed.content)
        anchor = self.network.engine.query(
            lambda chain: receipts.check_receipt(chain, signed, letter=id, content=digest, receiver=kept.head.receiver)
        )
        return Proof(signed, anchor)


def _kept(direction: str, id: bytes, head: Head, key: bytes, content: Content) -> Kept:
    return Kept(
        direction,
        id,
        head,
        key,
        content.kind,
        content.name,
        content.media_type,
        content.reference,
        len(content.body),
    )
