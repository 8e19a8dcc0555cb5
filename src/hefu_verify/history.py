"""
Replays a right's history from its root: runs each signed command again in the state of that moment, on the word of those whose
signatures it needs, and compares the event. The outcome is the record that the ledger must hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hefu_verify.authority import RULES, business_date, payee_of, warrants
from hefu_verify.codec import Record, Refused, encode, require
from hefu_verify.primitives import IDENTIFIER, LINK, START, ZERO, Hash
from hefu_verify.records import BUNDLE, EVENTS, STATE


@dataclass(frozen=True)
class Ledger:
    """What is known beside the history: the tip, proven records by state key, transactions with header and opened commands."""

    h: Hash
    genesis: Record
    tip: Record
    records: dict[bytes, Record]
    transactions: dict[bytes, Record]

    def record(self, key: bytes) -> Record:
        """A record that a proof shows."""
        if key not in self.records:
            raise Refused("PROOF_MISSING", "the history leans on a record that nothing proves")
        return self.records[key]


class History:
    """
    A lineage, folded and replayed. `right` is the record that results; `steps` are the links, each with its event, the keys that
    signed, warrants (who had to sign for what, or why that was not needed), and owner, open amount and status afterwards.

    Args:
        lineage: Chains from the root to the subject.
    """

    def __init__(self, ledger: Ledger, lineage: list[Record]) -> None:
        self.ledger = ledger
        self.right = Record(status="-")
        self.steps: list[Record] = []
        self.commands: set[tuple[bytes, int]] = set()
        self._moments: dict[bytes, tuple[int, int, int]] = {}
        self._paid: dict[bytes, int] = {}
        self._first: dict[tuple[bytes, bytes], tuple[Any, ...]] = {}
        head, last = ZERO, b""
        require(lineage, "BAD_HISTORY", "there is no history")
        for chain in lineage:
            require(chain.links, "BAD_HISTORY", "a chain has no links")
            head = ledger.h(START + head + chain.asset)
            for number, raw in enumerate(chain.links):
                head = ledger.h(LINK + head + raw)
                if last and not number:
                    self._branch(chain.asset, shared=raw == last)
                else:
                    self._step(chain.asset, BUNDLE.read("link", raw))
                last = raw
            self.right.header.history, self.right.header.length = head, len(chain.links)

    def _branch(self, child: bytes, *, shared: bool) -> None:
        """Go on from a parent to the child that its last link split off; that link is the child's first."""
        split, parent = self.steps[-1], self.right
        born = shared and split.event == "split-off" and split.fields.child == child
        require(born, "BAD_HISTORY", "a chain does not begin at its parent's split")
        header = _header(parent.header.owner, parent.header.currency, split.fields.amount)
        changed = {"header": header, "parent": split.asset, "depth": parent.depth + 1, "until_ms": 0}
        self.right = Record(**vars(parent) | changed | {"lock": None, "notice": None})

    def _step(self, asset: bytes, link: Record) -> None:
        self._check_moment(link)
        command, asked, keys = self._command(link)
        rule = RULES[command]
        require(self.right.status == rule.status, "RULE_BROKEN", "a step from a status that forbids it")
        began = self._begin(asked, link) if rule.status == "-" else None
        given = warrants(command, asked, self.right, link, keys, self.ledger.record)
        event, fields = (rule.event, began) if began else self._run(rule.event, asked, link)
        same = link.event == encode([f"receivables.{event}", *vars(fields).values()]) and fields.right == asset
        require(same, "COMMAND_DIFFERS", "an event is not what its signed command brings about")
        told = {"asset": asset, "link": link, "event": event, "fields": fields, "keys": keys, "warrants": given}
        header = self.right.header
        self.steps.append(Record(**told, owner=header.owner, open=header.open, status=self.right.status))

    def _check_moment(self, link: Record) -> None:
        tip, moment = self.ledger.tip, (link.height, link.at_ms, link.business_ms)
        before = self.steps[-1].link if self.steps else Record(height=0, at_ms=-1, business_ms=0, transaction=b"")
        risen = before.height < link.height and before.at_ms < link.at_ms
        later = before.transaction != link.transaction or before.index < link.index
        in_order = (risen or (before.height, before.at_ms) == moment[:2]) and before.business_ms <= link.business_ms
        atomic = self._moments.setdefault(link.transaction, moment) == moment
        require(in_order and later and atomic, "BAD_HISTORY", "links are not in the order of time")
        under = (link.height < tip.height and link.at_ms < tip.at_ms) or (tip.height, tip.at_ms) == moment[:2]
        require(under, "TIP_TOO_OLD", "a link is younger than the block that shall prove it")
        on_clock = self.ledger.genesis.clock == "simulated" or link.business_ms == link.at_ms
        require(on_clock, "BAD_HISTORY", "business time is not block time, although the genesis says so")

    def _command(self, link: Record) -> tuple[str, Record, list[bytes]]:
        place, transaction = (link.transaction, link.index), self.ledger.transactions.get(link.transaction)
        if transaction is None or link.index not in transaction.commands or place in self.commands:
            raise Refused("COMMAND_MISSING", "a link names a command that is not opened, or that caused another link")
        self.commands.add(place)
        header = transaction.header
        in_time = header.valid_from_ms <= link.at_ms <= header.expires_at_ms
        require(in_time, "OUTSIDE_WINDOW", "a transaction took effect outside the time that its signers allowed")
        return *transaction.commands[link.index], header.keys

    def _begin(self, asked: Record, link: Record) -> Record:
        """The right as it begins, and the event that tells of it."""
        document, proposed = self.ledger.record(b"D" + asked.document), hasattr(asked, "until_ms")
        fits = document.kind == "invoice" and 0 < asked.amount <= document.gross
        if proposed:
            fits = fits and document.buyer != ZERO
        else:
            said = self.ledger.record(b"E" + asked.delivery)
            seen = (said.kind, said.result, said.subject) == ("delivery", "delivered", asked.document)
            fits = fits and seen and said.as_of_ms <= link.business_ms
            self._check_outsider(said, document.seller)
        require(fits, "BAD_DOCUMENT", "a right begins on an invoice, within its gross, with its buyer or its delivery")
        seller, obligor, currency = document.seller, document.buyer, document.currency
        right = self._identifier(seller, asked.salt)
        header = _header(seller, currency, asked.amount)
        status, backing = ("proposed", "confirmed") if proposed else ("live", "evidence")
        about: list[Any] = [asked.document, obligor, asked.due_on, right, right, 0, [], None, None, ZERO]
        until_ms = asked.until_ms if proposed else 0
        self.right = STATE.make("right", header, status, backing, *about, asked.terms, until_ms)
        rest = list(vars(asked).values())[2:]  # All but document and salt.
        event = "proposed" if proposed else "raised"
        return EVENTS.make(event, right, asked.document, seller, obligor, currency, *rest)

    def _run(self, event: str, asked: Record, link: Record) -> tuple[str, Record]:
        """Change the right as a command does; the event that tells of it. Most events have the command's own fields."""
        right, header, fits, fields = self.right, self.right.header, True, asked
        match event:
            case "confirmed":
                fits = asked.amount == header.open and self._tagged(asked)
                fields = EVENTS.make(event, asked.right, asked.confirmation)
                right.status, right.confirmation = "live", asked.confirmation
            case "refused" | "withdrawn" | "cancelled":
                right.status = event
            case "split-off":
                fits = 0 < asked.amount < header.open
                fields = EVENTS.make(event, asked.right, self._identifier(header.owner, asked.salt), asked.amount)
                header.open, header.passed = header.open - asked.amount, header.passed + asked.amount
            case "assigned":
                fields = EVENTS.make(event, asked.right, asked.to, asked.document, asked.recourse)
                _transfer(right, asked.to, asked.recourse)
            case "pledged":
                fits = asked.cap > 0 and self._tagged(asked)
                fields = EVENTS.make(event, asked.right, asked.pledgee, asked.obligation, asked.cap)
                _encumber(right, asked.obligation, asked.pledgee, asked.cap)
            case "released":
                header.encumbrances = header.encumbrances[1:]
            case "offer-accepted":
                fits = asked.method in ("sale", "pledge")
                terms = (asked.financier, asked.method, asked.recourse, asked.offer, asked.price)
                self._first.setdefault((asked.right, asked.price), terms)
                right.lock = STATE.make("lock", *terms, business_date(link.business_ms), asked.until_ms)
            case "offer-declined":
                right.lock = None
            case "financed":
                lock, fits = right.lock, self._tagged(asked)
                if paid := self._payment(asked, header.owner, lock.financier, link):
                    in_time = lock.since_on <= paid.value_on <= business_date(lock.until_ms)
                    terms = (lock.financier, lock.method, lock.recourse, lock.offer, lock.price)
                    bound = self._first[asked.right, lock.price] == terms and paid.commitment == lock.price
                    fits = fits and in_time and bound and asked.payment not in self._paid
                    self._paid[asked.payment] = 0
                if lock.method == "sale":
                    event, term = "sold", lock.recourse
                    _transfer(right, lock.financier, lock.recourse)
                else:
                    term = lock.offer
                    _encumber(right, lock.offer, lock.financier, header.open)
                fields = EVENTS.make(event, asked.right, lock.financier, term, asked.payment)
            case "notified":
                right.notice = STATE.make("notice", link.business_ms, asked.payee_account, 0)
            case "acknowledged":
                told = right.notice
                fits = told is not None and told.payee_account == asked.payee_account
                right.notice = told and STATE.make("notice", told.at_ms, told.payee_account, link.business_ms)
            case "settled":
                paid = self._payment(asked, payee_of(right), right.obligor, link)
                used = self._paid[asked.payment] = self._paid.get(asked.payment, 0) + asked.amount
                fits = 0 < asked.amount <= header.open and (not paid or used <= paid.amount)
                fields = EVENTS.make(event, asked.right, asked.amount, payee_of(right), asked.payment)
                header.open, header.settled = header.open - asked.amount, header.settled + asked.amount
                right.status = right.status if header.open else "settled"
        require(fits, "COMMAND_DIFFERS", "an amount, a payment or a name in a command does not fit the right")
        return event, fields

    def _tagged(self, asked: Record) -> bool:
        """Whether somebody other than the seller computed the invoice's tag; for a confirmed right the obligor did."""
        if asked.tag is None:
            return bool(self.right.backing == "confirmed")
        return asked.tag in self.ledger.record(b"D" + self.right.document).tags

    def _check_outsider(self, said: Record, account: bytes) -> None:
        own = account != ZERO and said.attester == self.ledger.record(b"A" + account).organisation
        require(not own, "SELF_ATTESTED", "an attester vouched for its own payment or delivery")

    def _payment(self, asked: Record, payee: bytes, payer: bytes, link: Record) -> Record | None:
        if not asked.payment:
            return None
        said = self.ledger.record(b"E" + asked.payment)
        paid = STATE.read("payment", said.detail)
        about = (said.kind, said.result, said.subject) == ("payment", "paid", asked.right)
        whom = (paid.payee, paid.currency) == (payee, self.right.header.currency)
        past = said.as_of_ms <= link.business_ms and paid.value_on <= business_date(link.business_ms)
        require(about and whom and past, "BAD_ATTESTATION", "an attested payment is of another right, payee or time")
        self._check_outsider(said, payer)
        return paid

    def _identifier(self, creator: bytes, salt: bytes) -> bytes:
        return self.ledger.h(IDENTIFIER + self.ledger.tip.chain_id + creator + salt + b"right")


def _header(owner: bytes, currency: str, face: int) -> Record:
    return STATE.make("asset", 1, "receivable", owner, currency, face, face, 0, 0, [], [], b"", 0)


def _encumber(right: Record, obligation: bytes, pledgee: bytes, cap: int) -> None:
    pledge = STATE.make("encumbrance", obligation, pledgee, cap, 1)
    right.header.encumbrances, right.lock = [*right.header.encumbrances, pledge], None


def _transfer(right: Record, to: bytes, recourse: bool) -> None:
    endorsement = STATE.make("endorsement", right.header.owner, recourse)
    right.endorsements, right.header.owner = [*right.endorsements, endorsement], to
    # The old notice named the old holder's account.
    right.lock = right.notice = None
