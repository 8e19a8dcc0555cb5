"""
What holds after every step, whatever was asked of the ledger. Each function is one sentence that must be true of a snapshot.

`check` runs them all once; a simulation keeps a `Watch`, whose replica is fed block by block, and asks it after every step.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from hefu import bootstrap
from hefu.assets.header import history_start, next_head, sums_to_face
from hefu.contracts.attestations import state as ats
from hefu.contracts.attestations.contract import payment_detail
from hefu.contracts.evidence import state as es
from hefu.contracts.evidence.contract import adds_up
from hefu.contracts.receivables import events as re
from hefu.contracts.receivables import state as rs
from hefu.kernel.codec import Codec
from hefu.kernel.hashing import ZERO
from hefu.ledger.context import Link
from hefu.ledger.state import State
from hefu.ledger.transaction import WIRE
from hefu.ledger.tree import check_proof
from world import World

LINK: Codec[tuple[int, int, int, bytes, int, bytes]] = Codec(tuple[int, int, int, bytes, int, bytes])


class Snapshot:
    """The records of a ledger at its tip, read once and in plain sight."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.genesis = world.genesis
        self.tip = world.chain.tip
        self.records = world.records(with_blocks=True)
        of = self._of
        self.rights: dict[bytes, rs.RightRecord] = of(b"R", rs.RIGHT)
        self.documents: dict[bytes, es.DocumentRecord] = of(b"D", es.DOCUMENT)
        self.exposures: dict[bytes, rs.ExposureRecord] = of(b"X", rs.EXPOSURE)
        self.payments: dict[bytes, ats.PaymentRecord] = of(b"U", ats.PAYMENT_RECORD)
        self.accounts = {key[1:] for key in self.records if key[:1] == b"A"}
        self.links: dict[bytes, list[bytes]] = defaultdict(list)
        for key, raw in world.store.scan(b"e", b"f"):
            assert int.from_bytes(key[33:], "big") == len(self.links[key[1:33]]), "a link is missing or numbered twice"
            self.links[key[1:33]].append(raw)

    def _of(self, prefix: bytes, codec: Codec[Any]) -> dict[bytes, Any]:
        return {key[1:]: codec.load(raw) for key, raw in self.records.items() if key[:1] == prefix}

    def events(self, right: bytes) -> Iterable[tuple[bytes, Any]]:
        """A right's own events in order, each with the bytes of its link."""
        load = self.world.chain.application.event_codec.load
        return [(raw, load(LINK.load(raw)[5])) for raw in self.links[right]]

    def children(self) -> dict[bytes, list[bytes]]:
        """The parts that were split off each right."""
        parts = defaultdict(list)
        for right, record in self.rights.items():
            if record.parent != right:
                parts[record.parent].append(right)
        return parts


# -- value ----------------------------------------------------------------------------------------------------------


def parts_sum_to_face(now: Snapshot) -> None:
    """What is open, settled and passed on is the face, at every depth; and a root's face is what all its parts hold."""
    parts, whole = now.children(), defaultdict(int)
    for right, record in now.rights.items():
        header = record.header
        assert min(header.face, header.open, header.settled, header.passed) >= 0, "an amount is below zero"
        assert sums_to_face(header), "a header does not sum to its face"
        assert header.passed == sum(now.rights[part].header.face for part in parts[right]), (
            "a part's face was not passed"
        )
        assert all(now.rights[part].depth == record.depth + 1 for part in parts[right])
        whole[record.root] += header.open + header.settled
    for root, held in whole.items():
        assert now.rights[root].header.face == held, "the parts of a root do not hold its face"
    for part in (part for siblings in parts.values() for part in siblings):
        parent = now.rights[now.rights[part].parent]
        same = [(r.root, r.document, r.obligor, r.due_on, r.backing) for r in (now.rights[part], parent)]
        assert same[0] == same[1], "a part is of another debt than its parent"


def capacity_adds_up(now: Snapshot) -> None:
    """A document's gross is its four parts; what is live is what its live rights have open, and reserved what is proposed."""
    live, proposed, settled = defaultdict(int), defaultdict(dict), defaultdict(int)
    for right, record in now.rights.items():
        settled[record.document] += record.header.settled
        if record.status == rs.LIVE:
            live[record.document] += record.header.open
        elif record.status == rs.PROPOSED:
            proposed[record.document][right] = record
    for identifier, document in now.documents.items():
        assert adds_up(document), "the parts of a document are not its gross"
        assert document.live == live[identifier], "a document's live part is not its live rights"
        assert document.spent >= settled[identifier], "more was settled than spent"
        held = {r.right: r for r in document.reserved}
        assert len(held) == len(document.reserved)
        for right, record in proposed[identifier].items():
            if record.until_ms >= now.world.now_ms:
                assert right in held, "a standing proposal lost its reservation"
        for right, reservation in held.items():
            record = proposed[identifier][right]
            assert (reservation.amount, reservation.until_ms) == (record.header.open, record.until_ms)


def spent_is_accounted_for(now: Snapshot) -> None:
    """What is spent of a document was settled on its rights or paid by rights assigned for it."""
    spent = defaultdict(int)
    for right in now.rights:
        faces = now.rights[right].header
        open_amount = faces.face
        for _, event in now.events(right):
            match event:
                case re.SplitOff(right=parent, amount=amount) if parent == right:
                    open_amount -= amount
                case re.Settled(amount=amount):
                    open_amount -= amount
                    spent[now.rights[right].document] += amount
                case re.Assigned(document=document):
                    spent[document] += open_amount
        assert open_amount == faces.open, "the events of a right do not leave what is open"
    for identifier, document in now.documents.items():
        assert document.spent == spent[identifier], "something was spent of a document that paid for nothing"


def one_owner(now: Snapshot) -> None:
    """A right has the one owner that its history names, and every holder before stands in its endorsements."""
    for right, record in now.rights.items():
        owner = b""
        passed = []
        for _, event in now.events(right):
            match event:
                case re.Proposed() | re.Raised():
                    owner = event.owner
                case re.SplitOff(child=child, right=parent) if child == right:
                    passed = list(now.rights[right].endorsements[: _passed_before(now, parent, child)])
                    owner = _owner_before(now, parent, child)
                case re.Assigned(to=to) | re.Sold(financier=to):
                    passed.append(rs.Endorsement(owner, event.recourse))
                    owner = to
        assert record.header.owner == owner, "the record names another owner than the history"
        assert tuple(passed) == record.endorsements, "the endorsements are not the history's"
        assert owner in now.accounts


def _transfers_before(now: Snapshot, parent: bytes, child: bytes) -> list[bytes]:
    """Who owned the parent, in order, until it split the child off; with its own parent's before."""
    owners = []
    for _, event in now.events(parent):
        match event:
            case re.Proposed() | re.Raised():
                owners.append(event.owner)
            case re.SplitOff(right=own, child=part) if part == parent:
                owners += _transfers_before(now, own, part)
            case re.SplitOff(child=part) if part == child:
                return owners
            case re.Assigned(to=to) | re.Sold(financier=to):
                owners.append(to)
    raise AssertionError("a part's parent does not know of it")


def _owner_before(now: Snapshot, parent: bytes, child: bytes) -> bytes:
    return _transfers_before(now, parent, child)[-1]


def _passed_before(now: Snapshot, parent: bytes, child: bytes) -> int:
    return len(_transfers_before(now, parent, child)) - 1


def at_most_one_pledge(now: Snapshot) -> None:
    """A right is pledged at most once, to somebody else, as its history says, and not while an offer locks it."""
    for right, record in now.rights.items():
        pledges = record.header.encumbrances
        assert len(pledges) <= 1, "a right is pledged twice"
        assert not (pledges and record.lock), "a pledged right is locked"
        assert all(p.pledgee in now.accounts and p.pledgee != record.header.owner and p.cap > 0 for p in pledges)
        held: list[bytes] = []
        for _, event in now.events(right):
            match event:
                case re.Pledged(pledgee=pledgee) | re.Financed(financier=pledgee):
                    held.append(pledgee)
                case re.Released():
                    held.pop(0)
                case re.SplitOff() | re.Assigned() | re.Sold() | re.OfferAccepted() if held:
                    raise AssertionError("a pledged right moved, was split or was locked")
        assert held == [p.pledgee for p in pledges], "the history tells of other pledges than the record"


def exposure_is_what_is_open(now: Snapshot) -> None:
    """What an obligor owes is what its confirmed live rights have open."""
    owed: dict[tuple[bytes, str], int] = defaultdict(int)
    for record in now.rights.values():
        if record.status == rs.LIVE and record.backing == rs.CONFIRMED_BACKING:
            owed[record.obligor, record.header.currency] += record.header.open
    for key, exposure in now.exposures.items():
        account, currency = key[:32], key[32:].decode()
        assert currency == exposure.currency
        assert exposure.live == owed.pop((account, currency), 0), "an exposure is not the sum of the open rights"
    assert not any(owed.values()), "something is owed that no exposure counts"


def payments_cover_what_they_paid(now: Snapshot) -> None:
    """An attested payment discharges at most its amount, once for each cent."""
    used: dict[bytes, int] = defaultdict(int)
    completed: dict[bytes, int] = defaultdict(int)
    for right in now.rights:
        for _, event in now.events(right):
            match event:
                case re.Settled(payment=payment, amount=amount) if payment:
                    used[payment] += amount
                case re.Sold(payment=payment) | re.Financed(payment=payment) if payment:
                    completed[payment] += 1
    for payment in now.payments.values():
        record = now.world.chain.state.get(ats.attestation_key(payment.attestation), ats.ATTESTATION)
        assert record is not None
        detail = payment_detail(record.detail)
        assert payment.used == used.pop(payment.attestation, 0) <= detail.amount, (
            "a payment discharged more than it was"
        )
        assert completed.get(payment.attestation, 0) <= 1, "a committed payment was used twice"
        full = completed.pop(payment.attestation, 0) if detail.amount_commitment else payment.used == detail.amount
        assert payment.spent == bool(full)
    assert not any(used.values())
    assert not completed


# -- history --------------------------------------------------------------------------------------------------------


def history_folds_to_its_head(now: Snapshot) -> None:
    """Folding a right's links gives the head and the length in its header, from its parent's head at the split on."""
    for right, record in now.rights.items():
        assert len(now.links[right]) == record.header.length, "the header counts other links than there are"
        assert _fold(now, right)[-1] == record.header.history, "the links do not fold to the head"
    assert set(now.links) == set(now.rights), "there are links of something that is no right"


def _fold(now: Snapshot, right: bytes) -> list[bytes]:
    """Heads of a right's chain, one after each link."""
    h, record = now.genesis.hash, now.rights[right]
    before = ZERO
    if record.parent != right:
        split = next(i for i, (_, e) in enumerate(now.events(record.parent)) if getattr(e, "child", b"") == right)
        before = _fold(now, record.parent)[split]
        assert now.links[right][0] == now.links[record.parent][split], "a part does not begin with its split"
    head, heads = history_start(h, before, right), []
    for raw in now.links[right]:
        head = next_head(h, head, raw)
        heads.append(head)
    return heads


# -- proofs ---------------------------------------------------------------------------------------------------------


def every_proof_verifies(now: Snapshot, keys: Iterable[bytes] | None = None) -> None:
    """What is there is provable under the tip's state root, and so is that something is not there."""
    h, root, prove = now.genesis.hash, now.tip.state_root, now.world.chain.prove
    assert now.world.chain.tree.root == root
    for key in now.records if keys is None else keys:
        proof = prove(key)
        assert proof.value == now.records.get(key)
        check_proof(h, proof, root)
        absent = prove(key + b"\x00")
        assert absent.value is None
        check_proof(h, absent, root)


def root_is_of_the_records(now: Snapshot) -> None:
    """The state root is the one over the records and nothing else, computed from nothing."""
    h = now.genesis.hash
    buckets: dict[int, list[bytes]] = defaultdict(list)
    for key, value in now.records.items():
        key_hash = h(b"\x04" + key)
        buckets[int.from_bytes(key_hash, "big") >> 236].append(key_hash + h(b"\x05" + value))
    level, empty = {index: h(b"\x02" + b"".join(sorted(pairs))) for index, pairs in buckets.items()}, h(b"\x02")
    for _ in range(5):
        groups = {index // 16 for index in level}
        level = {g: h(b"\x03" + b"".join(level.get(g * 16 + i, empty) for i in range(16))) for g in groups}
        empty = h(b"\x03" + empty * 16)
    assert level.get(0, empty) == now.tip.state_root, "the state root is not the root of the records"


# -- replay ---------------------------------------------------------------------------------------------------------


class Replica:
    """The same ledger a second time: its blocks run again from the genesis, and its events applied without deciding."""

    def __init__(self, world: World) -> None:
        self._chain = world.founded()
        self._records: dict[bytes, bytes] = {}
        self._state = State(self._records.get)
        self._application = bootstrap.application()
        raws = self._application.found(self._state, world.genesis)
        first = world.chain.block(0)
        assert first is not None
        assert list(first.results[0].events) == raws, "founding again gives other events"
        self._write()

    def follow(self, world: World) -> None:
        """Run and apply the blocks that came since."""
        while self._chain.tip.height < world.chain.tip.height:
            height = self._chain.tip.height + 1
            block = world.chain.block(height)
            assert block is not None
            self._chain.append(block.body, block.header.at_ms)
            assert self._chain.block(height) == block, "running a block again gives another block"
            assert self._chain.tip == block.header, "running a block again gives another header"
            self._apply(world, block)

    def _apply(self, world: World, block: Any) -> None:
        application, state, genesis = self._application, self._state, world.genesis
        for raw, result in zip(block.body, block.results, strict=True):
            context = application.context(state, genesis, block.height, block.header.at_ms)
            for raw_event in result.events:
                event = application.event_codec.load(raw_event)
                link = self._link_bytes(world, event)
                if link:
                    *where, index, own = LINK.load(link)
                    assert where == [block.height, block.header.at_ms, context.business_at_ms, result.transaction_id]
                    assert own == raw_event, "a link holds another event than the results"
                    assert index < len(WIRE.load(raw).commands)
                application.apply_event(
                    state,
                    event,
                    Link(link, genesis.hash, block.height, context.business_at_ms, context.business_on),
                )
            state.keep()
        self._write()

    def _link_bytes(self, world: World, event: Any) -> bytes:
        """The link that an event makes, if it touches an asset: the next of that right."""
        if not type(event).__struct_config__.tag.startswith("receivables.") or not hasattr(event, "right"):
            return b""
        record = self._state.get(rs.right_key(event.right), rs.RIGHT)
        number = 0 if record is None else record.header.length
        raw = world.store.get(b"e" + event.right + number.to_bytes(4, "big"))
        assert raw is not None, "an event left no link"
        return raw

    def _write(self) -> None:
        self._records.update(self._state.drain()[0])

    def equals(self, now: Snapshot) -> None:
        """Both give what the ledger has."""
        assert self._chain.tip == now.tip, "replaying the blocks leads elsewhere"
        assert self._chain.tree.root == now.tip.state_root
        applied = {key: value for key, value in now.records.items() if key[:1] != b"H"}
        assert self._records == applied, "applying the events gives other records"


def replay_equals_state(now: Snapshot, replica: Replica) -> None:
    """Running all blocks again, and applying all events without deciding, leads to the same state."""
    replica.follow(now.world)
    replica.equals(now)


def refusal_changes_nothing(before: dict[bytes, bytes], now: Snapshot) -> None:
    """After a refusal every record of the contracts is what it was."""
    after = {key: value for key, value in now.records.items() if key[:1] != b"H"}
    assert after == before, "a refusal left a trace"


#: Those that look at a snapshot alone.
OF_A_SNAPSHOT: tuple[Callable[[Snapshot], None], ...] = (
    parts_sum_to_face,
    capacity_adds_up,
    spent_is_accounted_for,
    one_owner,
    at_most_one_pledge,
    exposure_is_what_is_open,
    payments_cover_what_they_paid,
    history_folds_to_its_head,
    root_is_of_the_records,
)


def check(world: World) -> None:
    """Every invariant, once, with a replay from the genesis."""
    now = Snapshot(world)
    for invariant in OF_A_SNAPSHOT:
        invariant(now)
    every_proof_verifies(now)
    replay_equals_state(now, Replica(world))


class Watch:
    """Every invariant after every step of a simulation, with a replica that follows block by block."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._replica = Replica(world)
        self._before: dict[bytes, bytes] = {}
        self.look()

    def look(self, *, refused: bool = False) -> Snapshot:
        """Check all; after a refusal, that nothing changed."""
        now = Snapshot(self._world)
        if refused:
            refusal_changes_nothing(self._before, now)
        for invariant in OF_A_SNAPSHOT:
            invariant(now)
        records = {key: value for key, value in now.records.items() if key[:1] != b"H"}
        changed = [key for key, value in records.items() if self._before.get(key) != value]
        every_proof_verifies(now, changed[:6])
        replay_equals_state(now, self._replica)
        self._before = records
        return now
