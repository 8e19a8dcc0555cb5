"""The ledger as CometBFT's application: what each call does, without CometBFT."""

from __future__ import annotations

import msgspec
import pytest

from hefu import bootstrap
from hefu.contracts.parties.commands import OpenAccount
from hefu.contracts.parties.contract import founder_id
from hefu.kernel.codec import encode
from hefu.kernel.errors import EngineError
from hefu.ledger import genesis as g
from hefu.ledger.block import Receipt
from hefu.ledger.chain import Chain
from hefu.ledger.engine import Ticket
from hefu.ledger.engines.cometbft.parcel import pack
from hefu.ledger.engines.cometbft.replica import Replica, engine_chain_id
from hefu.ledger.engines.cometbft.verdicts import Verdicts
from hefu.ledger.engines.embedded import EmbeddedEngine
from hefu.ledger.store import MemoryStore
from world import BLOCK_START_MS, CAST, World, digest, salt

KEYS = [digest(f"validator {i}") for i in range(4)]


@pytest.fixture(scope="module")
def world() -> World:
    """A cast whose genesis names four validators; its own chain is not used."""
    world = World()
    founders = world.genesis.file.founders
    validators = tuple(g.Validator(key=key.hex(), identity=founders[i + 1].identity) for i, key in enumerate(KEYS))
    file = msgspec.structs.replace(world.genesis.file, validators=validators)
    world.genesis = g.Genesis(g.genesis_bytes(file))
    return world


@pytest.fixture
def replica(world) -> Replica:
    """A fresh one."""
    return Replica(world.genesis, bootstrap.application(), MemoryStore())


def story(world: World) -> list[list[bytes]]:
    """Transactions of a few blocks; one stands in two of them."""

    def opening(name: str, what: str) -> bytes:
        index = list(CAST).index(name)
        organisation = founder_id(world.genesis, bytes.fromhex(world.genesis.file.founders[index].identity))
        return world.draft([OpenAccount(organisation, salt(what))], world.signers[name]).wire()

    first = opening("Parts", "one")
    return [
        [first, opening("Bolts", "one")],
        [first, opening("Steel", "one"), opening("Steel", "two")],
        [opening("Wire", "one")],
    ]


def together(engine: EmbeddedEngine, raws: list[bytes]) -> list[Ticket]:
    """Submit several for one block: while the engine answers a question, it makes none."""
    return engine.query(lambda chain: [engine.submit(raw) for raw in raws])


def decide(replica: Replica, height: int, raws: list[bytes], at_ms: int) -> tuple[Receipt, ...]:
    """One block through all its calls, as a single parcel for every two transactions."""
    parcels = [pack(raws[i : i + 2]) for i in range(0, len(raws), 2)]
    chosen = replica.prepare(parcels, 1 << 20)
    assert replica.accepts(chosen)
    replica.finalize(height, at_ms, chosen)
    return replica.commit().receipts


def test_the_same_blocks_and_times_make_the_same_ledger_as_the_embedded_engine(world, replica):
    blocks = story(world)
    times = [BLOCK_START_MS + 500 * i for i in range(1, len(blocks) + 1)]
    now = [0]
    engine = EmbeddedEngine(
        Chain(world.genesis, bootstrap.application(), MemoryStore()), now_ms=lambda: now[0], stands_in=True
    )
    for height, (raws, at_ms) in enumerate(zip(blocks, times, strict=True), start=1):
        now[0] = at_ms
        there = [ticket.wait(10) for ticket in together(engine, raws)]
        here = decide(replica, height, raws, at_ms)
        assert [(r.code, r.events) for r in here] == [(r.code, r.events) for r in there]
    assert (replica.chain.tip, replica.chain.tip_id) == engine.query(lambda chain: (chain.tip, chain.tip_id))
    assert replica.chain.tip.height == 3
    engine.close()


def test_what_was_finalized_and_not_committed_is_gone_after_a_new_handshake(world, replica):
    raws = story(world)[0]
    before = replica.chain.tip_id
    after, _ = replica.finalize(1, BLOCK_START_MS, [pack(raws)])
    assert after != before
    assert replica.info().height == 0
    assert replica.chain.tip_id == before
    assert replica.finalize(1, BLOCK_START_MS, [pack(raws)]) == (after, ())
    replica.commit()
    assert replica.info() == type(replica.info())(1, after)


def test_a_replica_that_is_opened_again_stands_where_it_was(world):
    store = MemoryStore()
    replica = Replica(world.genesis, bootstrap.application(), store)
    decide(replica, 1, story(world)[0], BLOCK_START_MS)
    decide(replica, 2, [], BLOCK_START_MS + 1000)
    again = Replica(world.genesis, bootstrap.application(), store)
    assert again.info() == replica.info()
    assert (again.engine_height, again.chain.tip.height) == (2, 1)
    assert again.engine_height_of(1) == 1
    assert again.engine_height_of(2) is None


def test_a_block_in_which_nothing_is_kept_leaves_the_app_hash(world, replica):
    raws = story(world)[0]
    decide(replica, 1, raws, BLOCK_START_MS)
    before = replica.info().app_hash
    assert [r.code for r in decide(replica, 2, raws, BLOCK_START_MS + 1000)] == ["REPLAYED", "REPLAYED"]
    assert replica.info() == type(replica.info())(2, before)


@pytest.mark.parametrize(
    ("parcel", "code"),
    [
        (b"", "MALFORMED"),
        (b"\xc1", "MALFORMED"),
        (encode((b"12345678", ())), "EMPTY_PARCEL"),
        (encode((b"1234567", (b"x",))), "MALFORMED"),
        (encode((b"12345678", (b"x",))), "MALFORMED"),
        (b"\x92\xc4\x0812345678\xdd\x00\x00\x00\x01\xc4\x01x", "NOT_CANONICAL"),
        (encode((b"12345678", (b"x",) * 2001)), "TOO_LARGE"),
    ],
)
def test_a_bad_parcel_is_refused_and_a_block_with_it_too(replica, parcel, code):
    assert replica.check(parcel) == code
    assert replica.prepare([parcel], 1 << 20) == []
    assert not replica.accepts([parcel])


def test_a_parcel_with_one_forged_transaction_is_refused_whole(world, replica):
    good, forged = story(world)[0][0], bytearray(story(world)[0][1])
    at = bytes(forged).find(b"\xc4\x40") + 5  # inside its signature
    forged[at] ^= 1
    assert replica.check(pack([good, bytes(forged)])) == "BAD_SIGNATURE"
    assert replica.check(pack([good])) == ""


def test_a_proposal_takes_no_more_than_a_block_holds(world, replica):
    parcels = [pack(raws) for raws in story(world)]
    assert replica.prepare(parcels, len(parcels[0]) + 8) == parcels[:1]
    assert replica.prepare(parcels, len(parcels[0]) + len(parcels[2]) + 16) == [parcels[0], parcels[2]]


def test_the_beginning_must_be_of_this_ledger_and_its_validators(world, replica):
    named = [(key, 10) for key in KEYS]
    assert replica.init_chain(engine_chain_id(world.genesis), named) == replica.chain.tip_id
    assert replica.init_chain(engine_chain_id(world.genesis), named[::-1]) == replica.chain.tip_id
    with pytest.raises(EngineError, match="other validators") as caught:
        replica.init_chain(engine_chain_id(world.genesis), named[:3])
    assert caught.value.code == "OTHER_VALIDATORS"
    with pytest.raises(EngineError) as caught:
        replica.init_chain("hefu-00", named)
    assert caught.value.code == "OTHER_GENESIS"
    decide(replica, 1, story(world)[0], BLOCK_START_MS)
    with pytest.raises(EngineError) as caught:
        replica.init_chain(engine_chain_id(world.genesis), named)
    assert caught.value.code == "ENGINE_BEHIND"


def test_blocks_come_in_their_order_and_each_once(world, replica):
    with pytest.raises(EngineError) as caught:
        replica.finalize(2, BLOCK_START_MS, [])
    assert caught.value.code == "ENGINE_HEIGHT"
    with pytest.raises(EngineError) as caught:
        replica.commit()
    assert caught.value.code == "NOTHING_TO_COMMIT"


def test_a_genesis_without_validators_makes_no_replica():
    with pytest.raises(EngineError) as caught:
        Replica(World().genesis, bootstrap.application(), MemoryStore())
    assert caught.value.code == "NO_VALIDATORS"


def test_verdicts_are_bounded_and_forgotten(world):
    verdicts = Verdicts(world.genesis, remembered=3)
    parcels = [pack(raws) for raws in story(world)]
    for parcel in parcels:
        assert verdicts.of(parcel).code == ""
    assert verdicts._size <= 3
    verdicts.forget(parcels)
    assert (verdicts._size, verdicts._kept) == (0, {})
