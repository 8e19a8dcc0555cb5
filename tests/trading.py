"""
A trade that nobody planned: firms of four tiers and three banks do what they may and what they may not, alone and in
transactions of several commands, while the clock moves. After every step every invariant is looked at.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hefu.assets.tags import Tag
from hefu.contracts.attestations.commands import Attest
from hefu.contracts.attestations.kinds import PaymentDetail
from hefu.contracts.clock.commands import AdvanceClock
from hefu.contracts.evidence.commands import Register, SetStandingAcceptance
from hefu.contracts.parties.commands import OpenAccount, ProposeChange, RevokeKey, SetContact, SetStatus, Vote
from hefu.contracts.parties.contract import door_message
from hefu.contracts.receivables import commands as rc
from hefu.contracts.receivables import state as rs
from hefu.contracts.receivables.authority import is_locked, payee_of
from hefu.kernel.codec import Record, encode
from hefu.kernel.hashing import ZERO
from hefu.kernel.ids import derive_id
from hefu.kernel.signer import KeySigner
from hefu.kernel.time import DAY_MS, start_of_day_ms
from invariants import Snapshot, Watch, every_proof_verifies
from world import World, contact_key, digest, door, salt

LONG = os.environ.get("HEFU_SIM") == "long"

#: Tier by tier; each invoices the one before.
FIRMS = ("Steel", "Parts", "Bolts", "Wire", "Ore")
BANKS = ("BankA", "BankB", "BankC")
HOLDERS = (*FIRMS, *BANKS)

SETTINGS = settings(
    max_examples=1000 if LONG else 70,
    stateful_step_count=100 if LONG else 50,
    # The suite asks the same each time; the long run looks for what nobody has thought of.
    derandomize=not LONG,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

Move = tuple[str, int, int, int]
Plan = tuple[list[Record], list[str]]

NUMBERS = st.integers(0, 1000)
#: A share of what there is, in percent: some, all, nothing, more than all.
SHARES = st.sampled_from((50, 1, 10, 33, 67, 67, 99, 99, 100, 100, 0, 101))


class Trading(RuleBasedStateMachine):
    """The ledger's own rules decide what succeeds; the machine only looks whether the invariants hold."""

    #: Command and code of everything that was ever answered, over all examples.
    answered: Counter[tuple[str, str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.world: World = None  # type: ignore[assignment]
        self.watch: Watch = None  # type: ignore[assignment]
        self.now: Snapshot = None  # type: ignore[assignment]
        self.sent: list[bytes] = []
        self.refused = False
        self.moved = False
        self.count = 0
        self.founded: dict[str, bytes] = {}
        self.payments: list[tuple[bytes, bytes]] = []

    # -- acting -------------------------------------------------------------------------------------------------

    @initialize(limit=st.sampled_from((0, 0, 0, 4000)))
    def found(self, limit: int) -> None:
        """A network, with a first receivable on its way."""
        self.world = World.fresh(key_limit=limit)
        self.watch = Watch(self.world)
        self.now = self.watch.look()
        self.founded = {name: self.now.records[b"O" + self.world.org(name)] for name in HOLDERS}
        plans = [self.plan(("deal", 1 + 4 * i, 1, 100)) for i in range(4)]
        self.act_together(plans)

    def act(self, plan: Plan, *, instead: Sequence[str] | None = None) -> None:
        """One block of one transaction."""
        self.act_together([plan], instead=instead)

    def act_together(self, plans: Sequence[Plan], *, instead: Sequence[str] | None = None) -> None:
        """One block with a transaction for each plan."""
        plans = [plan for plan in plans if plan[0]]
        if not plans:
            return
        raws = [self.transaction(commands, names if instead is None else instead) for commands, names in plans]
        receipts = self.world.submit_block(raws)
        # What its signers may not sign is answered and not kept, so the same bytes may count later.
        self.sent += [raw for raw, receipt in zip(raws, receipts, strict=True) if receipt.height]
        self.refused, self.moved = not any(receipt.ok for receipt in receipts), True
        for (commands, _), receipt in zip(plans, receipts, strict=True):
            assert receipt.code not in ("MALFORMED", "NOT_CANONICAL"), f"the machine wrote {receipt.code}"
            for command in commands:
                self.answered[type(command).__name__, receipt.code] += 1
                if receipt.ok and isinstance(command, AdvanceClock):
                    self.world.today += timedelta(days=(command.to_ms - self.world.now_ms) // DAY_MS)

    def transaction(self, commands: list[Record], names: Sequence[str]) -> bytes:
        """Signed by the first keys of those named, and by the second where limits ask for it."""
        signers = [self.signer(name) for name in dict.fromkeys(names)]
        if self.world.key_limit:
            signers += [self.world.second[name] for name in dict.fromkeys(names) if name in self.world.second]
        return self.world.draft(commands, *(signers[:16] or [self.signer("Operator")])).wire()

    def signer(self, name: str) -> KeySigner:
        """A signer by name; a stranger has a key that the ledger does not know."""
        known = self.world.signers.get(name)
        return known or KeySigner(self.world.genesis.suite, digest("key " + name))

    # -- looking ------------------------------------------------------------------------------------------------

    @invariant()
    def all_hold(self) -> None:
        """Every invariant, after every step."""
        if self.moved:
            self.now = self.watch.look(refused=self.refused)
            self.moved = False

    def teardown(self) -> None:
        """At the end every record is proven; that is too slow for every step."""
        if self.now is not None and not self.moved:
            every_proof_verifies(self.now)

    # -- rules --------------------------------------------------------------------------------------------------

    @rule(move=st.deferred(lambda: MOVES))
    def one(self, move: Move) -> None:
        """Somebody does one thing."""
        self.act(self.plan(move))

    @rule(moves=st.lists(st.deferred(lambda: MOVES), min_size=2, max_size=5), repeat=st.booleans())
    def block(self, moves: list[Move], repeat: bool) -> None:
        """Several transactions in one block, each planned on what was there before it."""
        self.act_together([self.plan(move) for move in moves])
        if repeat:
            codes = [receipt.code for receipt in self.world.submit_block(self.sent[-3:])]
            assert codes == ["REPLAYED"] * len(codes)

    @rule(moves=st.lists(st.deferred(lambda: MOVES), min_size=2, max_size=4))
    def several(self, moves: list[Move]) -> None:
        """Several things in one transaction, planned on what was there before it."""
        commands: list[Record] = []
        names: list[str] = []
        for move in moves:
            plan = self.plan(move)
            commands += plan[0]
            names += plan[1]
        self.act((commands, names))

    @rule(move=st.deferred(lambda: MOVES), names=st.lists(st.sampled_from((*HOLDERS, "Stranger", "Store")), max_size=2))
    def usurp(self, move: Move, names: list[str]) -> None:
        """Somebody does what may not be theirs to do."""
        self.act(self.plan(move), instead=names)

    @precondition(lambda self: self.sent)
    @rule(at=NUMBERS)
    def again(self, at: int) -> None:
        """The same bytes once more."""
        assert self.world.submit(self.sent[at % len(self.sent)]).code == "REPLAYED"
        self.refused = self.moved = True

    # -- planning -----------------------------------------------------------------------------------------------

    def plan(self, move: Move) -> Plan:
        """Commands and who would rightly sign them; nothing where there is nothing to act on."""
        kind, i, j, share = move
        self.count += 1
        return PLANS[kind](self, i, j, share)

    def name(self, account: bytes) -> str:
        """Who owns an account."""
        names = {self.world.account(name): name for name in self.world.signers}
        return names.get(account, "Operator")

    def pick(self, at: int, *statuses: str) -> tuple[bytes, rs.RightRecord] | None:
        """One of the rights."""
        found = [(key, r) for key, r in self.now.rights.items() if not statuses or r.status in statuses]
        return found[at % len(found)] if found else None

    def movable(self, at: int) -> tuple[bytes, rs.RightRecord] | None:
        """One of the rights; mostly one that is free to move."""
        free = [
            (key, r)
            for key, r in self.now.rights.items()
            if r.status == rs.LIVE and not r.header.encumbrances and not is_locked(r, self.world.now_ms)
        ]
        return free[at % len(free)] if free and at % 8 else self.pick(at)

    def create(self, creator: bytes, kind: str) -> tuple[bytes, bytes]:
        """A fresh salt and the identifier that it makes."""
        own = salt(f"{kind} {self.count} {len(self.sent)}")
        genesis = self.world.genesis
        return own, derive_id(genesis.hash, genesis.chain_id, creator, own, kind)

    def financiers_tag(self, record: rs.RightRecord, at: int) -> Tag | None:
        """The tag that a financier computes: needed on evidence, welcome elsewhere; sometimes it is missing or another."""
        if at % 16 == 0:
            return self.world.tag("another") if at % 32 else None
        own = self.now.documents[record.document].tags[0]
        return own if record.backing == rs.EVIDENCE_BACKING or at % 2 else None

    def register(self, seller: str, buyer: str, gross: int, *, standing: bool = False) -> tuple[Register, bytes]:
        """A fresh document."""
        account = self.world.account(seller)
        own, document = self.create(account, "document")
        tag = self.world.tag(own.hex())
        terms = digest("terms")
        to = self.world.account(buyer)
        return Register(account, own, "invoice", to, "CNY", gross, (tag,), terms, standing), document  # type: ignore[arg-type]

    def pay(self, right: bytes, payee: bytes, amount: int, price: bytes = b"") -> tuple[Record, bytes]:
        """A payment that the settlement bank attests."""
        attester = self.world.org("BankA")
        own, attestation = self.create(attester, "attestation")
        detail = PaymentDetail(digest(f"e2e {own.hex()}"), payee, "CNY", amount, price, self.world.today)  # type: ignore[arg-type]
        self.payments.append((attestation, right))
        now = self.world.now_ms
        return (
            Attest(attester, own, right, "payment", now, "paid", digest("statement"), b"", encode(detail)),
            attestation,
        )


def _part(whole: int, share: int) -> int:
    return whole + 1 if share > 100 else whole * share // 100


def _invoice(m: Trading, i: int, j: int, share: int) -> Plan:
    tier = i % (len(FIRMS) - 1) + 1
    gross = 97 + (i * 7919 + share * 131) % 9_000
    command, _ = m.register(FIRMS[tier], FIRMS[tier - 1], gross, standing=j % 3 == 0)
    return [command], [FIRMS[tier]]


def _deal(m: Trading, i: int, j: int, share: int) -> Plan:
    tier = 1 if j % 3 else i % (len(FIRMS) - 1) + 1
    seller, buyer = FIRMS[tier], FIRMS[tier - 1]
    gross = 101 + (i * 6151 + j * 13) % 9_000
    register, document = m.register(seller, buyer, gross)
    own, right = m.create(m.world.account(seller), "right")
    amount = max(1, _part(gross, share))
    due_on, until = m.world.today + timedelta(days=15 + j % 200), m.world.now_ms + DAY_MS * (1 + i % 9)
    propose = rc.Propose(document, own, amount, due_on, digest("terms"), until)  # type: ignore[arg-type]
    if i % 4 == 0:
        return [register, propose], [seller]
    confirm = rc.Confirm(right, amount, digest("text"), register.tags[0])  # type: ignore[arg-type, attr-defined]
    return [register, propose, confirm], [seller, buyer]


def _propose(m: Trading, i: int, j: int, share: int) -> Plan:
    documents = list(m.now.documents.items())
    if not documents:
        return [], []
    document, record = documents[i % len(documents)]
    own, _ = m.create(record.seller, "right")
    due_on, until = m.world.today + timedelta(days=j % 100), m.world.now_ms + DAY_MS * (j % 12)
    amount = _part(record.available if j % 2 else record.gross, share)
    return [rc.Propose(document, own, amount, due_on, digest("terms"), until)], [m.name(record.seller)]  # type: ignore[arg-type]


def _confirm(m: Trading, i: int, j: int, share: int) -> Plan:
    found = m.pick(i, rs.PROPOSED)
    if found is None:
        return [], []
    right, record = found
    amount = record.header.open if share < 101 else record.header.open + 1
    tag = m.now.documents[record.document].tags[0]
    return [rc.Confirm(right, amount, digest("text"), tag)], [m.name(record.obligor)]  # type: ignore[arg-type]


def _answer(m: Trading, i: int, j: int, share: int) -> Plan:
    found = m.pick(i, rs.PROPOSED)
    if found is None:
        return [], []
    right, record = found
    if j % 2:
        return [rc.Refuse(right, "quality_dispute")], [m.name(record.obligor)]
    return [rc.Withdraw(right)], [m.name(record.header.owner)]


def _raise(m: Trading, i: int, j: int, share: int) -> Plan:
    documents = [(d, r) for d, r in m.now.documents.items() if r.available] if i % 4 else list(m.now.documents.items())
    if not documents:
        return [], []
    document, record = documents[i % len(documents)]
    attester = m.world.org("Store")
    own, delivery = m.create(attester, "attestation")
    now = m.world.now_ms
    attest = Attest(attester, own, document, "delivery", now, "delivered", digest("note"), b"", b"")
    salt_of_right, _ = m.create(record.seller, "right")
    amount, due_on = max(1, _part(record.available, share)), m.world.today + timedelta(days=1 + j % 200)
    command = rc.Raise(document, salt_of_right, amount, due_on, digest("terms"), delivery)  # type: ignore[arg-type]
    return [attest, command], ["Store", m.name(record.seller)]


def _split(m: Trading, i: int, j: int, share: int) -> Plan:
    found = m.movable(i)
    if found is None:
        return [], []
    right, record = found
    own, _ = m.create(record.header.owner, "right")
    return [rc.Split(right, own, _part(record.header.open, share))], [m.name(record.header.owner)]  # type: ignore[arg-type]


def _assign(m: Trading, i: int, j: int, share: int) -> Plan:
    """To the next tier, which invoices the holder for it in the same transaction; sometimes for too little."""
    found = m.movable(i)
    if found is None:
        return [], []
    right, record = found
    owner = m.name(record.header.owner)
    to = FIRMS[(FIRMS.index(owner) + 1 + j % 2) % len(FIRMS)] if owner in FIRMS else FIRMS[j % len(FIRMS)]
    gross = max(1, record.header.open + (-1 if share < 10 else share // 2))
    register, document = m.register(to, owner, gross, standing=j % 2 == 0)
    assign = rc.Assign(right, m.world.account(to), document, register.tags[0], j % 3 == 0)
    return [register, assign], [to, owner]


def _assign_for_old(m: Trading, i: int, j: int, share: int) -> Plan:
    found = m.movable(i)
    if found is None:
        return [], []
    right, record = found
    fitting = [(d, r) for d, r in m.now.documents.items() if r.buyer == record.header.owner]
    documents = fitting or list(m.now.documents.items())
    document, paid = documents[j % len(documents)]
    tag = paid.tags[0] if share % 16 else m.world.tag("another")
    return [rc.Assign(right, paid.seller, document, tag, bool(share % 2))], [
        m.name(record.header.owner),
        m.name(paid.seller),
    ]


def _pledge(m: Trading, i: int, j: int, share: int) -> Plan:
    found = m.movable(i)
    if found is None:
        return [], []
    right, record = found
    bank = BANKS[j % 3]
    command = rc.Pledge(
        right, m.world.account(bank), digest("loan"), _part(record.header.open, share), m.financiers_tag(record, j)
    )  # type: ignore[arg-type]
    return [command], [m.name(record.header.owner), bank]


def _release(m: Trading, i: int, j: int, share: int) -> Plan:
    pledged = [(k, r) for k, r in m.now.rights.items() if r.header.encumbrances]
    if not pledged or i % 8 == 0:
        free = m.pick(i)
        return ([rc.Release(free[0])], [BANKS[j % 3]]) if free else ([], [])
    right, record = pledged[i % len(pledged)]
    return [rc.Release(right)], [m.name(record.header.encumbrances[0].pledgee)]


def _accept(m: Trading, i: int, j: int, share: int) -> Plan:
    found = m.movable(i)
    if found is None:
        return [], []
    right, record = found
    method = "sale" if i % 2 else "pledge"
    until = m.world.now_ms + DAY_MS * (j % 8)
    bank = m.world.account(BANKS[j % 3])
    command = rc.AcceptOffer(right, bank, method, j % 2 == 0, digest("offer"), digest("price"), until)
    return [command], [m.name(record.header.owner)]


def _locked(m: Trading, i: int) -> tuple[bytes, rs.RightRecord] | None:
    locked = [(k, r) for k, r in m.now.rights.items() if r.lock is not None]
    return locked[i % len(locked)] if locked else None


def _decline(m: Trading, i: int, j: int, share: int) -> Plan:
    found = _locked(m, i)
    if found is None or found[1].lock is None:
        return [], []
    return [rc.DeclineOffer(found[0])], [m.name(found[1].lock.financier)]


def _complete(m: Trading, i: int, j: int, share: int) -> Plan:
    found = _locked(m, i)
    if found is None:
        return [], []
    right, record = found
    assert record.lock is not None
    financier = m.name(record.lock.financier)
    if j % 2:
        signers = [m.name(record.header.owner), financier]
        return [rc.CompleteFinance(right, b"", m.financiers_tag(record, i))], signers[: 1 + bool(share % 16)]
    pay, attestation = m.pay(right, record.header.owner, 0, digest("price" if share < 101 else "another price"))
    complete = rc.CompleteFinance(right, attestation, m.financiers_tag(record, i))
    return [pay, complete], ["BankA", financier if j % 4 else HOLDERS[j % len(HOLDERS)]]


def _settle(m: Trading, i: int, j: int, share: int) -> Plan:
    found = m.pick(i, rs.LIVE)
    if found is None:
        return [], []
    right, record = found
    payee, amount = payee_of(record), _part(record.header.open, share)
    if j % 3 == 0:
        return [rc.Settle(right, amount, b"")], [m.name(payee)]  # type: ignore[arg-type]
    if j % 3 == 1 and amount:
        pay, attestation = m.pay(right, payee, amount)
        return [pay, rc.Settle(right, amount, attestation)], ["BankA", m.name(payee)]  # type: ignore[arg-type]
    known = m.payments[j % len(m.payments)] if m.payments else (ZERO, right)
    return [rc.Settle(known[1], amount, known[0])], [m.name(payee)]  # type: ignore[arg-type]


def _pay(m: Trading, i: int, j: int, share: int) -> Plan:
    found = m.pick(i, rs.LIVE)
    if found is None:
        return [], []
    right, record = found
    return [m.pay(right, payee_of(record), max(1, _part(record.header.open, share)))[0]], ["BankA"]


def _notice(m: Trading, i: int, j: int, share: int) -> Plan:
    found = m.pick(i, rs.LIVE)
    if found is None:
        return [], []
    right, record = found
    notify, acknowledge = rc.Notify(right, digest("account")), rc.Acknowledge(right, digest("account"))
    owner, obligor = m.name(record.header.owner), m.name(record.obligor)
    return [([notify], [owner]), ([acknowledge], [obligor]), ([notify, acknowledge], [owner, obligor])][j % 3]


def _cancel(m: Trading, i: int, j: int, share: int) -> Plan:
    found = m.pick(i)
    if found is None:
        return [], []
    return [rc.Cancel(found[0])], [m.name(found[1].header.owner), m.name(found[1].obligor)]


def _advance(m: Trading, i: int, j: int, share: int) -> Plan:
    days = (1, 1, 1, 2, 3, 1, 1, 30)[i % 8]
    return [AdvanceClock(start_of_day_ms(m.world.today + timedelta(days=days)))], ["Operator"]


def _ceiling(m: Trading, i: int, j: int, share: int) -> Plan:
    firm = FIRMS[i % 2]
    return [rc.SetCeiling(m.world.account(firm), "CNY", j * 500)], [firm]  # type: ignore[arg-type]


def _standing(m: Trading, i: int, j: int, share: int) -> Plan:
    documents = list(m.now.documents.items())
    if not documents:
        return [], []
    document, record = documents[i % len(documents)]
    return [SetStandingAcceptance(document, j % 2 == 0)], [m.name(record.seller)]


def _govern(m: Trading, i: int, j: int, share: int) -> Plan:
    """Suspend or reinstate a firm or bank by three votes in one transaction."""
    suspended = [n for n in HOLDERS if m.now.records[b"O" + m.world.org(n)] != m.founded[n]]
    target = suspended[0] if suspended and i % 8 else (*FIRMS, "BankC")[i // 8 % 6]
    own, proposal = m.create(m.world.org("Operator"), "proposal")
    change = SetStatus(m.world.org(target), "suspended" if i % 8 == 0 else "active")
    propose = ProposeChange(m.world.org("Operator"), own, change, m.world.now_ms + DAY_MS)
    votes: list[Record] = [Vote(proposal, m.world.org(bank), True) for bank in ("BankA", "BankB")]
    return [propose, *votes], ["Operator", "BankA", "BankB"]


def _keys(m: Trading, i: int, j: int, share: int) -> Plan:
    firm = FIRMS[i % 2]
    own, _ = m.create(m.world.org(firm), "account")
    if j % 3 == 1:
        # A key of a byte less is none.
        world, key = m.world, contact_key(f"{firm} {i % 3}")[: 1215 + bool(i % 4)]
        takes = door(firm).sign(door_message(world.genesis.chain_id, world.org(firm)))
        return [SetContact(world.org(firm), "mlkem768-x25519", key, door(firm).public_key, "", takes)], [firm]
    if j % 3 or m.world.key_limit:
        return [OpenAccount(m.world.org(firm), own)], [firm]
    height = m.world.chain.tip.height + 2
    return [RevokeKey(m.world.org(firm), m.world.second[firm].public_key, height)], [firm]


PLANS: dict[str, Callable[[Trading, int, int, int], Plan]] = {
    "deal": _deal,
    "invoice": _invoice,
    "propose": _propose,
    "confirm": _confirm,
    "answer": _answer,
    "raise": _raise,
    "split": _split,
    "assign": _assign,
    "assign for old": _assign_for_old,
    "pledge": _pledge,
    "release": _release,
    "accept": _accept,
    "decline": _decline,
    "complete": _complete,
    "settle": _settle,
    "pay": _pay,
    "notice": _notice,
    "cancel": _cancel,
    "advance": _advance,
    "ceiling": _ceiling,
    "standing": _standing,
    "govern": _govern,
    "keys": _keys,
}


def moves(*kinds: str) -> Any:
    """Moves of some kinds."""
    return st.tuples(st.sampled_from(kinds), NUMBERS, NUMBERS, SHARES)


#: What makes a trade comes up more often than what ends one.
WEIGHTED = (
    *("deal", "split", "assign", "accept", "complete") * 3,
    *("settle", "advance", "confirm", "answer", "release", "raise", "cancel") * 2,
    *PLANS,
)
MOVES = moves(*WEIGHTED)


def walk(seed: int, steps: int) -> Trading:
    """A long trade without a plan, the same for the same seed."""
    chance = random.Random(seed)
    machine = Trading()
    machine.found(4000 if seed % 4 == 1 else 0)
    machine.all_hold()
    shares = (50, 1, 10, 33, 67, 99, 100, 100, 0, 101)
    for _ in range(steps):
        moves = [
            (chance.choice(WEIGHTED), chance.randrange(1000), chance.randrange(1000), chance.choice(shares))
            for _ in range(chance.choice((1, 1, 1, 2, 3)))
        ]
        plans = [machine.plan(move) for move in moves]
        machine.act_together(plans, instead=["BankB"] if chance.random() < 0.12 else None)
        machine.all_hold()
    machine.teardown()
    return machine
