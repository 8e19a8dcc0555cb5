"""
The trade's use cases on an embedded network: what a treasurer, a supplier and a bank's desk do, one method each.

Each builds the commands, keeps the openings in the vaults of those entitled, and signs as the party named. The rules are the
contracts'. `prepare_*` only build (for batches and for attacks); the others submit and wait.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from hefu.assets.tags import Tag
from hefu.contracts.attestations.commands import Attest
from hefu.contracts.attestations.kinds import PaymentDetail
from hefu.contracts.clock.commands import AdvanceClock
from hefu.contracts.evidence import state as es
from hefu.contracts.evidence.commands import Register
from hefu.contracts.parties import state as ps
from hefu.contracts.receivables import commands as rc
from hefu.contracts.receivables import state as rs
from hefu.contracts.receivables.authority import payee_of
from hefu.kernel.codec import Codec, Record, encode
from hefu.kernel.commitments import FieldValue, OpenedTerms, Terms, open_fields, terms_of, terms_root
from hefu.kernel.errors import Rejected, UsageError
from hefu.kernel.hashing import ZERO, Hash
from hefu.kernel.ids import SALT_BYTES, derive_id
from hefu.kernel.money import Amount, zero
from hefu.kernel.time import DAY_MS, business_date, start_of_day_ms
from hefu.ledger.block import Receipt
from hefu.ledger.chain import Chain
from hefu.privacy import fingerprints
from hefu.services import confirmation, lookup
from hefu.services.home import PartyEntry
from hefu.services.letters.correspondence import Correspondence
from hefu.services.letters.letter import OFFER as LETTER_OFFER
from hefu.services.letters.letter import TERMS as LETTER_TERMS
from hefu.services.letters.letter import Content
from hefu.services.letters.posts import Posts
from hefu.services.letters.vaulted import Kept
from hefu.services.network import Network
from hefu.services.offers import OFFER, Offer, check_offer, make_offer, offer_id, pack, price_commitment

TERMS: Codec[Terms] = Codec(Terms)


@dataclass(frozen=True)
class InvoiceDocument:
    """
    An invoice as a party has it before it goes on the ledger.

    Args:
        number: 20 digits for an e-invoice; else the number, with `code` if there is one.
        gross_minor: Tax included, minor units.
    """

    number: str
    issued_on: date
    gross_minor: int
    currency: str = "CNY"
    code: str = ""
    net_minor: int = 0
    tax_minor: int = 0

    def identity(self, seller: str, buyer: str) -> fingerprints.Identity:
        """The strongest identity that the invoice has."""
        plain = fingerprints.canonical_text(self.number)
        if len(plain) == 20 and plain.isascii() and plain.isdigit():
            return fingerprints.einvoice(plain)
        if self.code:
            return fingerprints.invoice(self.code, self.number)
        return fingerprints.invoice_weak(seller, buyer, self.number, self.issued_on)


class Trade:
    """
    Args:
        network: The opened home.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self._h = network.genesis.hash
        self._evaluators: dict[str, fingerprints.NamedEvaluator] = {}
        posts = Posts(network)
        network.beside.append(posts.close)
        #: Letters of this home's organisations; offers and terms that they bring go into the vaults by themselves.
        self.letters = Correspondence(network, posts, {LETTER_OFFER: self._take_offer, LETTER_TERMS: self._take_terms})

    # -- documents ----------------------------------------------------------------------------------------------

    def tag(self, invoice: InvoiceDocument, seller: PartyEntry, buyer: PartyEntry, caller: PartyEntry) -> Tag:
        """The invoice's tag, evaluated for the caller."""
        evaluator = self._evaluators.get(caller.name)
        if evaluator is None:
            evaluator = self._evaluators[caller.name] = self.network.evaluator(caller.name)
        made = fingerprints.tag_of(evaluator, invoice.identity(seller.uscc or seller.name, buyer.uscc or buyer.name))
        return Tag(str(made.kind), made.scheme, made.epoch, made.value)

    def prepare_register(
        self, seller: PartyEntry, buyer: PartyEntry, invoice: InvoiceDocument, *, standing: bool = False
    ) -> tuple[Register, bytes, Terms]:
        """The command, the document's identifier, and the terms that belong into both vaults."""
        terms = self._terms(
            {
                "number": invoice.number,
                "code": invoice.code,
                "issued_on": invoice.issued_on.isoformat(),
                "seller": seller.name,
                "buyer": buyer.name,
                "net_minor": invoice.net_minor,
                "tax_minor": invoice.tax_minor,
                "gross_minor": invoice.gross_minor,
            }
        )
        salt = secrets.token_bytes(SALT_BYTES)
        account = bytes.fromhex(seller.account)
        command = Register(
            account,
            salt,
            "invoice",
            bytes.fromhex(buyer.account),
            invoice.currency,
            Amount(invoice.gross_minor),
            (self.tag(invoice, seller, buyer, seller),),
            terms_root(self._h, terms),
            standing,
        )
        return command, self.new_id(account, salt, "document"), terms

    def register(
        self, seller: PartyEntry, buyer: PartyEntry, invoice: InvoiceDocument, *, standing: bool = False
    ) -> bytes:
        """Register an invoice; both sides keep its terms. Returns the document."""
        command, document, terms = self.prepare_register(seller, buyer, invoice, standing=standing)
        self.keep_terms(document, terms, seller, buyer)
        self.network.act([command], self.network.ring(seller).office)
        return document

    def keep_terms(self, thing: bytes, terms: Terms, *parties: PartyEntry) -> None:
        """Put the opening of a thing's terms into vaults, before the ledger speaks of it."""
        for party in parties:
            self.network.vault(party).put("terms", thing, encode(terms))

    def terms(self, thing: bytes, party: PartyEntry) -> Terms | None:
        """A thing's terms as a party keeps them."""
        raw = self.network.vault(party).get("terms", thing)
        return None if raw is None else TERMS.load(raw)

    def invoice_of(self, document: bytes, party: PartyEntry) -> InvoiceDocument:
        """
        The invoice behind a document, from a party's vault.

        Raises:
            UsageError: The party has no copy.
        """
        terms = self.terms(document, party)
        if terms is None:
            raise UsageError("this party keeps no copy of the invoice", code="NO_COPY")
        values = {field.name: field.value for field in terms.fields}
        return InvoiceDocument(
            str(values["number"]),
            date.fromisoformat(str(values["issued_on"])),
            int(values["gross_minor"]),
            code=str(values["code"]),
            net_minor=int(values["net_minor"]),
            tax_minor=int(values["tax_minor"]),
        )

    # -- receivables --------------------------------------------------------------------------------------------

    def prepare_propose(
        self, seller: PartyEntry, document: bytes, amount_minor: int, due_on: date, now_ms: int, note: str = ""
    ) -> tuple[rc.Propose, bytes, Terms]:
        """The command, the right's identifier and its terms."""
        terms = self._terms({"note": note, "settlement": "bank transfer to the holder at maturity"})
        salt = secrets.token_bytes(SALT_BYTES)
        command = rc.Propose(
            document, salt, Amount(amount_minor), due_on, terms_root(self._h, terms), now_ms + 7 * DAY_MS
        )
        return command, self.new_id(bytes.fromhex(seller.account), salt, "right"), terms

    def propose(self, seller: PartyEntry, document: bytes, amount_minor: int, due_on: date, note: str = "") -> bytes:
        """Propose a receivable on an invoice; returns the right."""
        command, right, terms = self.prepare_propose(
            seller, document, amount_minor, due_on, self.network.business_ms(), note
        )
        self.keep_terms(right, terms, seller)
        self.network.act([command], self.network.ring(seller).office)
        return right

    def prepare_confirm(
        self,
        obligor: PartyEntry,
        seller: PartyEntry,
        right: bytes,
        amount_minor: int,
        invoice: InvoiceDocument,
        language: str = "en",
    ) -> rc.Confirm:
        """
        Confirm with the tag that the obligor computes from its own copy of the invoice.

        Args:
            language: Of the words: one of `confirmation.TEXTS`.
        """
        digest = confirmation.digest_of(self._h, language)
        return rc.Confirm(right, Amount(amount_minor), digest, self.tag(invoice, seller, obligor, obligor))

    def keep_confirmation(self, right: bytes, language: str, *parties: PartyEntry) -> None:
        """Put the words of a confirmation into vaults, before the ledger speaks of them."""
        for party in parties:
            self.network.vault(party).put("confirmation", right, confirmation.document_of(language))

    def confirmation_of(self, right: bytes, party: PartyEntry) -> bytes:
        """
        The document with which a right was confirmed, from a party's vault; its hash is the digest on the ledger.

        Raises:
            UsageError: The party keeps none of this right, or the obligor signed other words than it keeps.
            Rejected: Nobody confirmed the right.
        """
        digest = self.right(right).confirmation
        if digest == ZERO:
            raise Rejected("no obligor confirmed it", code="UNCONFIRMED")
        document = self.network.vault(party).get("confirmation", right)
        if document is None or self._h(document) != digest:
            raise UsageError("this party keeps no copy of the words that were signed", code="NO_COPY")
        return document

    def confirm(self, right: bytes, invoice: InvoiceDocument | None = None, *, language: str = "en") -> Receipt:
        """The obligor confirms; with the invoice given, or its own copy."""
        record = self.right(right)
        obligor = self._party(record.obligor)
        document = self.document(record.document)
        own = invoice or self.invoice_of(record.document, obligor)
        seller = self._party(document.seller)
        command = self.prepare_confirm(obligor, seller, right, record.header.open, own, language)
        self.keep_confirmation(right, language, obligor, seller)
        return self.network.act([command], self.network.ring(obligor).office)

    def confirm_many(self, rights: Sequence[bytes], *, language: str = "en") -> dict[bytes, str]:
        """
        Confirm many in batches of a hundred, one signature a batch (确权 in bulk).

        Returns:
            The code of each right. A batch is all or none: if one cannot be confirmed, its batch is tried one by one.
        """
        answers: dict[bytes, str] = {}
        by_obligor: dict[bytes, list[tuple[bytes, rc.Confirm]]] = {}
        for right in rights:
            try:
                record = self.right(right)
                obligor = self._party(record.obligor)
                own = self.invoice_of(record.document, obligor)
                seller = self._party(self.document(record.document).seller)
                command = self.prepare_confirm(obligor, seller, right, record.header.open, own, language)
                self.keep_confirmation(right, language, obligor, seller)
                by_obligor.setdefault(record.obligor, []).append((right, command))
            except (UsageError, Rejected) as error:
                answers[right] = error.code
        for account, items in by_obligor.items():
            signer = self.network.ring(self._party(account)).office
            for start in range(0, len(items), 100):
                batch = items[start : start + 100]
                receipt = self.network.send([command for _, command in batch], signer).wait()
                for right, command in batch:
                    if receipt.ok or len(batch) == 1:
                        answers[right] = receipt.code
                    else:
                        answers[right] = self.network.send([command], signer).wait().code
        return answers

    def refuse(self, right: bytes, reason: str) -> Receipt:
        """The obligor refuses."""
        return self._as(self.right(right).obligor, rc.Refuse(right, reason))

    def withdraw(self, right: bytes) -> Receipt:
        """The seller withdraws."""
        return self._as(self.right(right).header.owner, rc.Withdraw(right))

    def cancel(self, right: bytes) -> Receipt:
        """Seller and obligor cancel."""
        record = self.right(right)
        office = [self.network.ring(self._party(a)).office for a in (record.header.owner, record.obligor)]
        return self.network.act([rc.Cancel(right)], *office)

    def raise_on_evidence(
        self, seller: PartyEntry, document: bytes, amount_minor: int, due_on: date, delivery: bytes
    ) -> bytes:
        """An unconfirmed receivable on an attested delivery; returns the right."""
        terms = self._terms({"note": "unconfirmed, on evidence alone"})
        salt = secrets.token_bytes(SALT_BYTES)
        right = self.new_id(bytes.fromhex(seller.account), salt, "right")
        self.keep_terms(right, terms, seller)
        command = rc.Raise(document, salt, Amount(amount_minor), due_on, terms_root(self._h, terms), delivery)
        self.network.act([command], self.network.ring(seller).office)
        return right

    def split(self, right: bytes, amount_minor: int) -> bytes:
        """The holder splits an amount off; returns the new right."""
        owner = self.right(right).header.owner
        salt = secrets.token_bytes(SALT_BYTES)
        self._as(owner, rc.Split(right, salt, Amount(amount_minor)))
        return self.new_id(owner, salt, "right")

    def assign(
        self, right: bytes, to: PartyEntry, document: bytes, *, recourse: bool, amount_minor: int | None = None
    ) -> bytes:
        """
        The holder pays a supplier's invoice with the right, or with a part of it split off in the same transaction.

        The assignee signs too, unless its document carries a standing acceptance. Returns the right that moved.
        """
        record = self.right(right)
        commands: list[Record] = []
        moving = right
        if amount_minor is not None and amount_minor != record.header.open:
            salt = secrets.token_bytes(SALT_BYTES)
            commands.append(rc.Split(right, salt, Amount(amount_minor)))
            moving = self.new_id(record.header.owner, salt, "right")
        owner = self._party(record.header.owner)
        paid = self.tag(self.invoice_of(document, owner), to, owner, owner)
        commands.append(rc.Assign(moving, bytes.fromhex(to.account), document, paid, recourse))
        signers = [self.network.ring(owner).office]
        if not self.document(document).standing_acceptance:
            signers.append(self.network.ring(to).office)
        self.network.act(commands, *signers)
        return moving

    def pledge(self, right: bytes, pledgee: PartyEntry, cap_minor: int, obligation: bytes) -> Receipt:
        """Pledge a right."""
        record = self.right(right)
        tag = self._financiers_tag(record, pledgee)
        command = rc.Pledge(right, bytes.fromhex(pledgee.account), obligation, Amount(cap_minor), tag)
        office = [self.network.ring(p).office for p in (self._party(record.header.owner), pledgee)]
        return self.network.act([command], *office)

    def release(self, right: bytes) -> Receipt:
        """The pledgee releases."""
        pledges = self.right(right).header.encumbrances
        if not pledges:
            raise Rejected("it is not pledged", code="NOT_PLEDGED")
        return self._as(pledges[0].pledgee, rc.Release(right))

    # -- finance ------------------------------------------------------------------------------------------------

    def offer(
        self,
        financier: PartyEntry,
        right: bytes,
        *,
        price_minor: int,
        annual_rate_bps: int,
        method: str = "sale",
        recourse: bool = True,
        days: int = 7,
    ) -> bytes:
        """
        A financier sends an offer to the holder; nothing reaches the ledger. Returns the offer's identifier.

        It goes as a letter to a holder that has said where its letters go, and else into the vault that lies beside this one.
        """
        record = self.right(right)
        made = make_offer(
            self._h,
            self.network.ring(financier).office,
            right=right,
            financier=bytes.fromhex(financier.account),
            method=method,
            recourse=recourse,
            price_minor=price_minor,
            annual_rate_bps=annual_rate_bps,
            until_ms=self.network.business_ms() + days * DAY_MS,
        )
        identifier = offer_id(self._h, made)
        self.network.vault(financier).put("offer", identifier, pack(made))
        holder = self._organisation_of(record.header.owner)
        if self.letters.has_contact(holder):
            self.letters.send(financier, holder, Content(LETTER_OFFER, "", "", right, pack(made)))
        else:
            self.network.vault(self._party(record.header.owner)).put("offer", identifier, pack(made))
        return identifier

    def _organisation_of(self, account: bytes) -> bytes:
        found = self.network.engine.query(lambda chain: chain.state.get(ps.account_key(account), ps.ACCOUNT))
        if found is None:
            raise Rejected("this ledger knows no such account", code="UNKNOWN_ACCOUNT")
        return found.organisation

    def _take_offer(self, party: PartyEntry, letter: Kept, body: bytes) -> None:
        """An offer that a letter brought; refuses one that the letter's sender did not make."""
        offer = OFFER.load_canonical(body, "the offer")
        check_offer(self._h, self.network.genesis.suite, offer)
        if self._organisation_of(offer.account("financier")) != letter.head.sender:
            raise Rejected("this offer is not the letter's sender's", code="FOREIGN_OFFER")
        self._check_offerer(offer)
        self.network.vault(party).put("offer", offer_id(self._h, offer), body)

    def send_terms(self, sender: PartyEntry, receiver: bytes, thing: bytes) -> bytes:
        """
        Open a right's or a document's terms to another organisation, by letter. Returns the letter.

        Raises:
            UsageError: The sender keeps no copy (NO_COPY).
        """
        terms = self.terms(thing, sender)
        if terms is None:
            raise UsageError("this party keeps no copy of the terms", code="NO_COPY")
        return self.letters.send(sender, receiver, Content(LETTER_TERMS, "", "", thing, encode(terms)))

    def _take_terms(self, party: PartyEntry, letter: Kept, body: bytes) -> None:
        """Opened terms that a letter brought; refuses what is not what the ledger is committed to."""
        thing, root = letter.reference, terms_root(self._h, TERMS.load_canonical(body, "the terms"))

        def committed(chain: Chain) -> bytes | None:
            right = chain.state.get(rs.right_key(thing), rs.RIGHT)
            document = chain.state.get(es.document_key(thing), es.DOCUMENT)
            return right.terms if right is not None else None if document is None else document.terms

        if self.network.engine.query(committed) != root:
            raise Rejected("the ledger is committed to other terms", code="TERMS_DIFFER")
        self.network.vault(party).put("terms", thing, body)

    def offers(self, party: PartyEntry) -> list[tuple[bytes, Offer]]:
        """Offers in a party's vault, those received and those made."""
        vault = self.network.vault(party)
        found = []
        for identifier in vault.list("offer"):
            raw = vault.get("offer", identifier)
            if raw is not None:
                found.append((identifier, OFFER.load(raw)))
        return found

    def accept_offer(self, holder: PartyEntry, identifier: bytes) -> bytes:
        """The holder accepts one offer; the right is locked for that financier. Returns the right."""
        offer = self._offer(holder, identifier)
        check_offer(self._h, self.network.genesis.suite, offer)
        self._check_offerer(offer)
        command = accept_command(self._h, offer)
        self.network.act([command], self.network.ring(holder).office)
        return command.right

    def _check_offerer(self, offer: Offer) -> None:
        """
        Raises:
            Rejected: The key that signed the offer is not one with which the financier that it names can finance now.
        """

        def of_ledger(chain: Chain) -> bool:
            account = chain.state.get(ps.account_key(offer.account("financier")), ps.ACCOUNT)
            key = chain.state.get(ps.key_key(offer.key), ps.KEY)
            if account is None or key is None or key.organisation != account.organisation:
                return False
            return "finance" in key.purposes and not 0 < key.valid_until <= chain.tip.height

        if not self.network.engine.query(of_ledger):
            raise Rejected("this offer is not signed by the financier that it names", code="FOREIGN_OFFER")

    def attest_price(self, bank: PartyEntry, financier: PartyEntry, identifier: bytes) -> bytes:
        """A settlement bank attests that the accepted price arrived at the holder; the amount stays committed."""
        offer = self._offer(financier, identifier)
        right = offer.account("right")
        record = self.right(right)
        detail = PaymentDetail(
            self._h(secrets.token_bytes(32)),
            record.header.owner,
            record.header.currency,
            zero(),
            price_commitment(self._h, offer),
            self.today(),
        )
        return self._attest(bank, right, "payment", "paid", encode(detail))

    def complete_finance(self, right: bytes, payment: bytes = b"") -> Receipt:
        """The financier completes, on a bank's attestation or with the holder's receipt in the same transaction."""
        record = self.right(right)
        if record.lock is None:
            raise Rejected("no accepted offer holds it", code="NOT_LOCKED")
        financier = self._party(record.lock.financier)
        signers = [financier] if payment else [self._party(record.header.owner), financier]
        command = rc.CompleteFinance(right, payment, self._financiers_tag(record, financier))
        return self.network.act([command], *(self.network.ring(party).office for party in signers))

    def _financiers_tag(self, record: rs.RightRecord, financier: PartyEntry) -> Tag | None:
        """
        The tag of the invoice behind a right that no obligor confirmed, as the financier computes it from the invoice itself,
        which its holder shows it for the purpose.
        """
        if record.backing == rs.CONFIRMED_BACKING:
            return None
        document = self.document(record.document)
        seller, buyer = self._party(document.seller), self._party(document.buyer)
        shown = self.invoice_of(record.document, seller)
        return self.tag(shown, seller, buyer, financier)

    def decline_offer(self, right: bytes) -> Receipt:
        """The financier gives up its lock."""
        record = self.right(right)
        if record.lock is None:
            raise Rejected("no accepted offer holds it", code="NOT_LOCKED")
        return self._as(record.lock.financier, rc.DeclineOffer(right))

    # -- paying -------------------------------------------------------------------------------------------------

    def notify(self, right: bytes, payee_account: str) -> Receipt:
        """The holder notifies the obligor where to pay; the ledger sees a digest of the account only."""
        owner = self.right(right).header.owner
        return self._as(owner, rc.Notify(right, self.payee_digest(right, payee_account)))

    def acknowledge(self, right: bytes, payee_account: str) -> Receipt:
        """The obligor acknowledges the notice for the account that it was told."""
        return self._as(self.right(right).obligor, rc.Acknowledge(right, self.payee_digest(right, payee_account)))

    def payee_digest(self, right: bytes, payee_account: str) -> bytes:
        """Digest of a bank account's number, bound to the right. Account numbers can be guessed: it binds, it does not hide."""
        return self._h(b"hefu/payee/1\n" + right + payee_account.encode("utf-8"))

    def attest_payment(self, bank: PartyEntry, right: bytes, amount_minor: int, end_to_end: str) -> bytes:
        """A settlement bank attests a payment to whoever it discharges."""
        record = self.right(right)
        detail = PaymentDetail(
            self._h(b"hefu/end-to-end/1\n" + end_to_end.encode("utf-8")),
            payee_of(record),
            record.header.currency,
            Amount(amount_minor),
            b"",
            self.today(),
        )
        return self._attest(bank, right, "payment", "paid", encode(detail))

    def settle(self, right: bytes, amount_minor: int, payment: bytes = b"") -> Receipt:
        """Discharge an amount on a bank's attestation, or on the payee's own receipt."""
        record = self.right(right)
        payee = self._party(payee_of(record))
        signer = payee
        if payment and self.today() >= record.due_on:
            signer = self._party(record.obligor)
        return self.network.act([rc.Settle(right, Amount(amount_minor), payment)], self.network.ring(signer).office)

    def attest_delivery(self, attester: PartyEntry, document: bytes) -> bytes:
        """Somebody entitled attests that a document's goods were delivered."""
        return self._attest(attester, document, "delivery", "delivered", b"")

    def attest_assessment(self, bank: PartyEntry, about: PartyEntry, digest: bytes) -> bytes:
        """As `prepare_assessment`, of an organisation, and on the ledger."""
        return self._attested(bank, self.prepare_assessment(bank, bytes.fromhex(about.organisation), digest))

    def prepare_assessment(self, bank: PartyEntry, subject: bytes, digest: bytes) -> Attest:
        """
        A bank says that it assessed somebody; what it found stays with it.

        Args:
            digest: Of the decision's file, 32 bytes.
        """
        return self._attestation(bank, subject, "assessment", "graded", b"", digest)

    def _attestation(
        self, attester: PartyEntry, subject: bytes, kind: str, result: str, detail: bytes, digest: bytes
    ) -> Attest:
        return Attest(
            bytes.fromhex(attester.organisation),
            secrets.token_bytes(SALT_BYTES),
            subject,
            kind,
            self.network.stated_ms(),
            result,
            digest,
            b"",
            detail,
        )

    def _attest(self, attester: PartyEntry, subject: bytes, kind: str, result: str, detail: bytes) -> bytes:
        digest = self._h(secrets.token_bytes(32))
        return self._attested(attester, self._attestation(attester, subject, kind, result, detail, digest))

    def _attested(self, attester: PartyEntry, command: Attest) -> bytes:
        self.network.act([command], self.network.ring(attester).office)
        return self.new_id(command.attester, command.salt, "attestation")

    # -- the rest -----------------------------------------------------------------------------------------------

    def set_ceiling(self, obligor: PartyEntry, ceiling_minor: int, currency: str = "CNY") -> Receipt:
        """An obligor sets its own ceiling."""
        command = rc.SetCeiling(bytes.fromhex(obligor.account), currency, Amount(ceiling_minor))
        return self.network.act([command], self.network.ring(obligor).govern)

    def advance_clock(self, day: date) -> Receipt:
        """The keeper of a simulated clock moves it to the morning of a day."""
        key = self.network.genesis.file.clock.key
        for party in self.network.home.names.parties:
            if key and party.govern_key == key:
                command = AdvanceClock(start_of_day_ms(day) + 9 * 3_600_000)
                return self.network.act([command], self.network.ring(party).govern)
        raise UsageError("business time here is block time; nobody can move it", code="CLOCK_NOT_SIMULATED")

    def today(self) -> date:
        """The business date."""
        return business_date(self.network.business_ms())

    def opened(self, thing: bytes, party: PartyEntry, names: frozenset[str]) -> OpenedTerms:
        """
        What a party shows of a thing's terms.

        Raises:
            UsageError: It keeps none, or not those fields.
        """
        terms = self.terms(thing, party)
        if terms is None:
            raise UsageError("this party keeps no terms of it", code="NO_COPY")
        unknown = names - {field.name for field in terms.fields}
        if unknown:
            raise UsageError(
                f"no field {', '.join(sorted(unknown))}; there are {', '.join(f.name for f in terms.fields)}",
                code="UNKNOWN_FIELD",
            )
        return open_fields(self._h, terms, names)

    def right(self, right: bytes) -> rs.RightRecord:
        """A right's record; refuses UNKNOWN_RIGHT."""
        record = self.network.engine.query(lambda chain: chain.state.get(rs.right_key(right), rs.RIGHT))
        if record is None:
            raise Rejected("no such right", code="UNKNOWN_RIGHT")
        return record

    def document(self, document: bytes) -> es.DocumentRecord:
        """A document's record; refuses UNKNOWN_DOCUMENT."""
        record = self.network.engine.query(lambda chain: chain.state.get(es.document_key(document), es.DOCUMENT))
        if record is None:
            raise Rejected("no such document", code="UNKNOWN_DOCUMENT")
        return record

    def exposure(self, obligor: PartyEntry, currency: str = "CNY") -> rs.ExposureRecord:
        """What an obligor owes in all, and its ceiling."""
        return self.network.engine.query(lambda chain: lookup.exposure(chain, bytes.fromhex(obligor.account), currency))

    def new_id(self, account: bytes, salt: bytes, kind: str) -> bytes:
        """Identifier of what an account creates."""
        return derive_id(self._h, self.network.genesis.chain_id, account, salt, kind)

    def _terms(self, values: dict[str, FieldValue]) -> Terms:
        return terms_of(values, {name: secrets.token_bytes(SALT_BYTES) for name in values})

    def _party(self, account: bytes) -> PartyEntry:
        if account == ZERO:
            raise UsageError("this party is not on the ledger", code="NO_OBLIGOR")
        return self.network.home.party(account.hex())

    def _as(self, account: bytes, command: Record) -> Receipt:
        return self.network.act([command], self.network.ring(self._party(account)).office)

    def _offer(self, party: PartyEntry, identifier: bytes) -> Offer:
        raw = self.network.vault(party).get("offer", identifier)
        if raw is None:
            raise UsageError("this party has no such offer", code="UNKNOWN_OFFER")
        return OFFER.load(raw)


def accept_command(h: Hash, offer: Offer) -> rc.AcceptOffer:
    """The command that accepts an offer."""
    return rc.AcceptOffer(
        offer.account("right"),
        offer.account("financier"),
        str(offer.value("method")),
        bool(offer.number("recourse")),
        offer_id(h, offer),
        price_commitment(h, offer),
        offer.number("until_ms"),
    )
