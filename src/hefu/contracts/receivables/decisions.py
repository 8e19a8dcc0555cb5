"""What follows from each command on a receivable. Reads and may refuse; writes nothing."""

from __future__ import annotations

from datetime import date, timedelta

from hefu.assets.tags import Tag
from hefu.contracts.receivables import commands as c
from hefu.contracts.receivables import events as e
from hefu.contracts.receivables import state as s
from hefu.contracts.receivables.authority import FINANCIERS, load, payee_of
from hefu.contracts.receivables.needs import Attestations, Document, Documents, Standing
from hefu.kernel.codec import Record
from hefu.kernel.errors import Rejected
from hefu.kernel.hashing import ZERO
from hefu.kernel.ids import SALT_BYTES
from hefu.kernel.money import AMOUNT_MAX, MINOR_DIGITS, add, equal, in_range
from hefu.kernel.time import DAY_MS, business_date
from hefu.ledger.context import Context
from hefu.ledger.state import Reader

#: Reasons for which an obligor may refuse; internal process and changes of officers are none (保障中小企业款项支付条例, art. 14).
REFUSAL_REASONS = ("amount_wrong", "duplicate", "goods_missing", "not_ours", "paid", "quality_dispute")
METHODS = ("pledge", "sale")


class Decisions:
    """
    Args:
        documents: Documents and their capacity.
        attestations: Deliveries and payments.
        standing: Roles of accounts.
    """

    def __init__(self, documents: Documents, attestations: Attestations, standing: Standing) -> None:
        self._documents = documents
        self._attestations = attestations
        self._standing = standing

    # -- beginning ----------------------------------------------------------------------------------------------

    def propose(self, state: Reader, command: c.Propose, context: Context) -> list[Record]:
        document = self._documents.document(state, command.document)
        if document.buyer == ZERO:
            raise Rejected("this document's buyer is not on the ledger; raise it on evidence", code="NO_OBLIGOR")
        # Two factories of one firm may trade with each other, but a firm owes itself nothing that a bank could rely on.
        if self._same_organisation(state, document.seller, document.buyer):
            raise Rejected("nobody owes itself", code="SELF_TRADE")
        right = _new_right(state, document, command, context)
        longest = context.business_at_ms + context.rules.reservation_days_max * DAY_MS
        if not context.business_at_ms < command.until_ms <= longest:
            raise Rejected("a proposal lapses in the future, within the longest term", code="BAD_TERM")
        return [
            self._documents.reserve(state, command.document, right, command.amount, command.until_ms, context),
            e.Proposed(
                right,
                command.document,
                document.seller,
                document.buyer,
                document.currency,
                command.amount,
                command.due_on,
                command.terms,
                command.until_ms,
            ),
        ]

    def confirm(self, state: Reader, command: c.Confirm, context: Context) -> list[Record]:
        record = load(state, command.right)
        if not equal(command.amount, record.header.open):
            raise Rejected("the obligor confirms another amount than was proposed", code="AMOUNT_DIFFERS")
        if len(command.confirmation) != 32:
            raise Rejected("the confirmation text's digest has 32 bytes", code="BAD_DIGEST")
        self._check_tag(state, record, command.tag)
        exposure = state.get(s.exposure_key(record.obligor, record.header.currency), s.EXPOSURE)
        if exposure is not None:
            live = add(exposure.live, command.amount)
            if exposure.ceiling is not None and not in_range(live, 0, exposure.ceiling):
                raise Rejected("the obligor's ceiling leaves no room for this", code="CEILING")
            # A sum without a bound outgrows what the codec can write, and a block that cannot be written stops every node.
            if not in_range(live, 0, AMOUNT_MAX):
                raise Rejected("nobody owes more in all than the largest amount", code="AMOUNT_OUT_OF_RANGE")
        return [
            self._documents.move(record.document, command.right, command.amount, "reserved", "live"),
            e.Confirmed(command.right, command.confirmation),
        ]

    def refuse(self, state: Reader, command: c.Refuse, context: Context) -> list[Record]:
        record = load(state, command.right)
        if command.reason not in REFUSAL_REASONS:
            raise Rejected(f"reasons are {', '.join(REFUSAL_REASONS)}", code="BAD_REASON")
        return [
            self._documents.move(record.document, command.right, record.header.open, "reserved", "available"),
            e.Refused(command.right, command.reason),
        ]

    def withdraw(self, state: Reader, command: c.Withdraw, context: Context) -> list[Record]:
        record = load(state, command.right)
        return [
            self._documents.move(record.document, command.right, record.header.open, "reserved", "available"),
            e.Withdrawn(command.right),
        ]

    def raise_on_evidence(self, state: Reader, command: c.Raise, context: Context) -> list[Record]:
        document = self._documents.document(state, command.document)
        right = _new_right(state, document, command, context)
        if document.buyer != ZERO and self._same_organisation(state, document.seller, document.buyer):
            raise Rejected("nobody owes itself", code="SELF_TRADE")
        # Nobody vouches for its own delivery.
        seller = self._standing.organisation_of(state, document.seller)
        delivery = self._attestations.latest(state, command.document, "delivery", ("delivered",), 0, but=seller)
        if delivery is None or delivery != command.delivery:
            raise Rejected("the newest attested delivery of this document is needed", code="DELIVERY_MISSING")
        return [
            self._documents.draw(state, command.document, right, command.amount, "live", context),
            e.Raised(
                right,
                command.document,
                document.seller,
                document.buyer,
                document.currency,
                command.amount,
                command.due_on,
                command.terms,
                command.delivery,
            ),
        ]

    # -- moving -------------------------------------------------------------------------------------------------

    def split(self, state: Reader, command: c.Split, context: Context) -> list[Record]:
        record = load(state, command.right)
        if not in_range(command.amount, 1, record.header.open - 1):
            raise Rejected("a part is above zero and below what is open", code="AMOUNT_OUT_OF_RANGE")
        if len(command.salt) != SALT_BYTES:
            raise Rejected(f"a salt has {SALT_BYTES} bytes", code="BAD_SALT")
        child = context.new_id(record.header.owner, command.salt, "right")
        if state.get(s.right_key(child), s.RIGHT) is not None:
            raise Rejected("this identifier exists", code="ALREADY_EXISTS")
        return [e.SplitOff(command.right, child, command.amount)]

    def assign(self, state: Reader, command: c.Assign, context: Context) -> list[Record]:
        record = load(state, command.right)
        document = self._documents.document(state, command.document)
        if (
            document.seller != command.to
            or document.buyer != record.header.owner
            or document.currency != record.header.currency
        ):
            raise Rejected("behind an assignment stands a document of the assignee on the assignor", code="NO_TRADE")
        if command.tag not in document.tags:
            raise Rejected("the assignor's own tag is not the document's", code="TAG_MISMATCH")
        if len(record.endorsements) >= context.rules.endorsements_max:
            raise Rejected("this right was passed on as often as may be", code="TOO_DEEP")
        return [
            self._documents.draw(state, command.document, command.right, record.header.open, "spent", context),
            e.Assigned(command.right, command.to, command.document, command.recourse),
        ]

    def pledge(self, state: Reader, command: c.Pledge, context: Context) -> list[Record]:
        record = load(state, command.right)
        if self._same_organisation(state, command.pledgee, record.header.owner):
            raise Rejected("nobody pledges to itself", code="SELF_DEALING")
        if len(command.obligation) != 32 or not in_range(command.cap, 1, AMOUNT_MAX):
            raise Rejected("a pledge names its obligation and a cap above zero", code="BAD_PLEDGE")
        self._check_tag(state, record, command.tag)
        return [e.Pledged(command.right, command.pledgee, command.obligation, command.cap)]

    # -- financing ----------------------------------------------------------------------------------------------

    def accept_offer(self, state: Reader, command: c.AcceptOffer, context: Context) -> list[Record]:
        record = load(state, command.right)
        if command.method not in METHODS:
            raise Rejected(f"methods are {', '.join(METHODS)}", code="BAD_METHOD")
        if self._same_organisation(state, command.financier, record.header.owner):
            raise Rejected("nobody finances itself", code="SELF_DEALING")
        self._standing.check_standing(state, command.financier, FINANCIERS)
        if len(command.offer) != 32 or len(command.price) != 32:
            raise Rejected("commitments have 32 bytes", code="BAD_DIGEST")
        longest = context.business_at_ms + context.rules.lock_days_max * DAY_MS
        in_term = context.business_at_ms < command.until_ms <= longest
        if not in_term or business_date(command.until_ms) >= record.due_on:
            raise Rejected(
                "a lock ends in the future, within the longest term and before the due date", code="BAD_TERM"
            )
        if command.method == "sale" and len(record.endorsements) >= context.rules.endorsements_max:
            raise Rejected("this right was passed on as often as may be", code="TOO_DEEP")
        return [
            e.OfferAccepted(
                command.right,
                command.financier,
                command.method,
                command.recourse,
                command.offer,
                command.price,
                command.until_ms,
            )
        ]

    def complete_finance(self, state: Reader, command: c.CompleteFinance, context: Context) -> list[Record]:
        record = load(state, command.right)
        lock = record.lock
        assert lock is not None, "the table asks for a lock"
        events: list[Record] = []
        if command.payment:
            # The attestation does not say who paid: without this, a holder could accept again at the price that one financier
            # paid too late, and its money would buy the right for another.
            first = state.get(s.price_key(command.right, lock.price), s.PRICE)
            if first != s.PriceRecord(lock.financier, lock.method, lock.recourse, lock.offer):
                raise Rejected("this price was first accepted on other terms", code="PAYMENT_MISMATCH")
            events.append(
                self._attestations.use_committed(
                    state,
                    command.payment,
                    subject=command.right,
                    payee=record.header.owner,
                    currency=record.header.currency,
                    commitment=lock.price,
                    between=(lock.since_on, business_date(lock.until_ms)),
                    payer=self._standing.organisation_of(state, lock.financier),
                )
            )
        self._check_tag(state, record, command.tag)
        if lock.method == "sale":
            events.append(e.Sold(command.right, lock.financier, lock.recourse, command.payment))
        else:
            events.append(e.Financed(command.right, lock.financier, lock.offer, command.payment))
        return events

    # -- paying -------------------------------------------------------------------------------------------------

    def acknowledge(self, state: Reader, command: c.Acknowledge, context: Context) -> list[Record]:
        notice = load(state, command.right).notice
        if notice is None:
            raise Rejected("there is no notice to acknowledge", code="NO_NOTICE")
        if notice.payee_account != command.payee_account:
            raise Rejected("the notice names another account", code="PAYEE_DIFFERS")
        if notice.acknowledged_ms:
            # Each is a link of the holder's history: repeated at will, they would make its proof too long to check.
            raise Rejected("this notice was acknowledged", code="NO_NOTICE")
        return [e.Acknowledged(command.right, command.payee_account)]

    def notify(self, state: Reader, command: c.Notify, context: Context) -> list[Record]:
        if len(command.payee_account) != 32:
            raise Rejected("the payee account's digest has 32 bytes", code="BAD_DIGEST")
        return [e.Notified(command.right, command.payee_account)]

    def settle(self, state: Reader, command: c.Settle, context: Context) -> list[Record]:
        record = load(state, command.right)
        if not in_range(command.amount, 1, record.header.open):
            raise Rejected("a payment is above zero and at most what is open", code="AMOUNT_OUT_OF_RANGE")
        payee = payee_of(record)
        events: list[Record] = []
        if command.payment:
            events.append(
                self._attestations.use_amount(
                    state,
                    command.payment,
                    subject=command.right,
                    payee=payee,
                    currency=record.header.currency,
                    amount=command.amount,
                    whole=equal(command.amount, record.header.open),
                    payer=ZERO if record.obligor == ZERO else self._standing.organisation_of(state, record.obligor),
                )
            )
        events.append(self._documents.move(record.document, record.root, command.amount, "live", "spent"))
        events.append(e.Settled(command.right, command.amount, payee, command.payment))
        return events

    def cancel(self, state: Reader, command: c.Cancel, context: Context) -> list[Record]:
        record = load(state, command.right)
        return [
            self._documents.move(record.document, command.right, record.header.open, "live", "available"),
            e.Cancelled(command.right),
        ]

    def _check_tag(self, state: Reader, record: s.RightRecord, tag: Tag | None) -> None:
        # A seller's made-up tag would hide a duplicate, so whoever else sees the invoice computes it again: the obligor when it
        # confirms, else the financier.
        if tag is None:
            if record.backing == s.EVIDENCE_BACKING:
                raise Rejected("nobody but the seller computed this invoice's tag", code="TAG_MISSING")
        elif tag not in self._documents.document(state, record.document).tags:
            raise Rejected("one's own tag is not the document's", code="TAG_MISMATCH")

    def _same_organisation(self, state: Reader, one: bytes, other: bytes) -> bool:
        # Not by account: an organisation may open any number of them.
        return self._standing.organisation_of(state, one) == self._standing.organisation_of(state, other)

    def set_ceiling(self, state: Reader, command: c.SetCeiling, context: Context) -> list[Record]:
        if command.currency not in MINOR_DIGITS:
            raise Rejected("unknown currency", code="UNKNOWN_CURRENCY")
        if not in_range(command.ceiling, 0, AMOUNT_MAX):
            raise Rejected("a ceiling is not negative and within the bound", code="AMOUNT_OUT_OF_RANGE")
        return [e.CeilingSet(command.account, command.currency, command.ceiling)]


def _new_right(state: Reader, document: Document, command: c.Propose | c.Raise, context: Context) -> bytes:
    """Checks that both beginnings share; the new right's identifier."""
    if document.kind != "invoice":
        raise Rejected("a receivable begins on an invoice", code="NOT_AN_INVOICE")
    if not in_range(command.amount, 1, AMOUNT_MAX):
        raise Rejected("an amount is above zero and within the bound", code="AMOUNT_OUT_OF_RANGE")
    if len(command.salt) != SALT_BYTES or len(command.terms) != 32:
        raise Rejected("digests have 32 bytes, salts 16", code="BAD_DIGEST")
    _check_tenor(command.due_on, context)
    right = context.new_id(document.seller, command.salt, "right")
    if state.get(s.right_key(right), s.RIGHT) is not None:
        raise Rejected("this identifier exists", code="ALREADY_EXISTS")
    return right


def _check_tenor(due_on: date, context: Context) -> None:
    latest = context.business_on + timedelta(days=context.rules.tenor_days_max)
    if not context.business_on < due_on <= latest:
        raise Rejected("the due date lies after today and within the longest tenor", code="BAD_TENOR")
