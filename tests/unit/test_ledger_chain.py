"""Blocks on one store: answers that stay, windows, links between blocks, reopening, and what a genesis must be."""

from __future__ import annotations

import json
from functools import cache

import msgspec
import pytest

from hefu import bootstrap
from hefu.contracts.clock.commands import AdvanceClock
from hefu.contracts.parties.commands import OpenAccount
from hefu.kernel import merkle
from hefu.kernel.codec import encode
from hefu.kernel.errors import Corrupt, HefuError, UsageError
from hefu.kernel.hashing import ZERO
from hefu.kernel.signer import KeySigner
from hefu.ledger import block as blocks
from hefu.ledger import genesis as g
from hefu.ledger import transaction as tx
from hefu.ledger.chain import BLOCK_ID, Chain
from hefu.ledger.store import MemoryStore, at_height
from hefu.ledger.tree import check_proof
from world import BLOCK_START_MS, World, digest, salt


@pytest.fixture
def world() -> World:
    return World.fresh()


def opening(world: World, name: str = "Parts", what: str = "one") -> OpenAccount:
    return OpenAccount(world.org(name), salt(what))


def windowed(world: World, valid_from_ms: int, expires_at_ms: int, what: str = "one") -> bytes:
    signer = world.signers["Parts"]
    draft = tx.Draft(
        world.genesis.hash,
        world.genesis.chain_id,
        [opening(world, what=what)],
        [signer.public_key],
        valid_from_ms,
        expires_at_ms,
    )
    return draft.sign(signer).wire()


def codes(world: World, raws: list[bytes], at_ms: int) -> list[str]:
    return [receipt.code for receipt in world.chain.append(raws, at_ms).receipts]


# -- answers that stay ----------------------------------------------------------------------------------------------


def test_the_same_bytes_get_the_first_answer_again_in_any_later_block(world):
    raw = world.draft([opening(world)], world.signers["Parts"]).wire()
    first = world.submit(raw)
    assert (first.code, first.ok, first.height) == ("OK", True, 1)
    root = world.state_digest()
    for _ in range(3):
        again = world.submit(raw)
        assert (again.code, again.first_code, again.ok) == ("REPLAYED", "OK", True)
        assert (again.height, again.index, again.events) == (first.height, first.index, first.events)
    assert world.state_digest() == root


def test_the_same_bytes_twice_in_a_block_take_effect_once(world):
    raw = world.draft([opening(world)], world.signers["Parts"]).wire()
    other = world.draft([opening(world, what="two")], world.signers["Parts"]).wire()
    assert codes(world, [raw, other, raw, raw], world.block_ms + 1000) == ["OK", "OK", "REPLAYED", "REPLAYED"]
    block = world.chain.block(1)
    assert block.body == (raw, other)
    assert block.header.count == 2


def test_a_refusal_is_an_answer_that_stays_too(world):
    raw = world.draft([opening(world, "Steel")], world.signers["Parts"]).wire()
    assert world.submit(raw).code == "NOT_AUTHORIZED"
    again = world.submit(raw)
    assert (again.code, again.first_code, again.ok) == ("REPLAYED", "NOT_AUTHORIZED", False)


def test_other_bytes_under_the_same_header_are_a_replay(world):
    raw = world.draft([opening(world)], world.signers["Parts"]).wire()
    assert world.submit(raw).code == "OK"
    resigned = encode(msgspec.structs.replace(tx.WIRE.load(raw), signatures=(bytes(64),)))
    assert codes(world, [resigned], world.block_ms + 1) == ["REPLAYED"]


def test_the_same_commands_in_another_transaction_are_not_a_replay(world):
    first, second = (world.draft([opening(world)], world.signers["Parts"]).wire() for _ in range(2))
    assert [world.submit(raw).code for raw in (first, second)] == ["OK", "ALREADY_EXISTS"]


def test_answers_are_found_by_identifier_after_reopening(world):
    draft = world.draft([opening(world)], world.signers["Parts"])
    first = world.submit(draft.wire())
    world.reopen()
    found = world.chain.receipt(draft.id)
    assert found == first
    assert world.chain.receipt(bytes(32)) is None
    assert world.submit(draft.wire()).code == "REPLAYED"


def test_answers_survive_a_cache_that_forgets(world):
    drafts = [world.draft([opening(world, what=str(i))], world.signers["Parts"]) for i in range(3)]
    assert [world.submit(draft.wire()).code for draft in drafts] == ["OK"] * 3
    world.chain._recent_ids.clear()
    assert [world.submit(draft.wire()).code for draft in drafts] == ["REPLAYED"] * 3


# -- windows --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("valid_from", "expires", "code"),
    [
        (0, 0, "OK"),
        (-5, 5, "OK"),
        (0, 5, "OK"),
        (-5, 0, "OK"),
        (1, 5, "NOT_YET_VALID"),
        (-5, -1, "TRANSACTION_EXPIRED"),
    ],
)
def test_a_transaction_holds_from_its_first_to_its_last_millisecond(world, valid_from, expires, code):
    at_ms = BLOCK_START_MS + 1000
    raw = windowed(world, at_ms + valid_from, at_ms + expires)
    assert codes(world, [raw], at_ms) == [code]
    # What took effect stays an answer for ever; outside its window nothing of a transaction is kept.
    assert codes(world, [raw], at_ms + 10) == ["REPLAYED" if code == "OK" else "TRANSACTION_EXPIRED"]
    kept = world.chain.receipt(tx.transaction_id(world.genesis.hash, tx.WIRE.load(raw).header))
    assert [kept.code if kept else "nothing"] == ["OK" if code == "OK" else "nothing"]
    assert world.chain.block(1).body == ((raw,) if code == "OK" else ())


def test_windows_are_of_block_time_and_not_of_business_time(world):
    raw = windowed(world, world.block_ms, world.block_ms + 3_600_000)
    world.advance(300)
    assert codes(world, [raw], world.block_ms + 1) == ["OK"]


def test_block_time_only_moves_forward(world):
    times = [world.chain.append([], at_ms) and world.chain.tip.at_ms for at_ms in (5000, 5000, 10, 0, 6000)]
    assert times == [5000, 5001, 5002, 5003, 6000]


# -- blocks ---------------------------------------------------------------------------------------------------------


def test_blocks_commit_to_their_bodies_results_state_and_predecessors(world):
    world.confirmed("Parts", "Steel", "R1", 1000)
    world.run(opening(world, "Steel"), "Parts")
    h, genesis = world.genesis.hash, world.genesis
    previous = ZERO
    for height in range(world.chain.tip.height + 1):
        block = world.chain.block(height)
        sealed = blocks.SEALED.load(world.store.get(at_height(b"h", height)))
        header = block.header
        assert (header.version, header.chain_id, header.height) == (1, genesis.chain_id, height)
        assert header.previous == previous
        assert header.transactions_root == merkle.root(h, block.body)
        assert header.results_root == merkle.root(h, [encode(result) for result in block.results])
        assert header.count == len(block.body)
        kind, (key, signature) = sealed.seal_kind, sealed.seal
        assert (kind, key.hex()) == ("operator", genesis.file.seal.key)
        assert genesis.suite.verify(key, signature, b"hefu/block/1\n" + sealed.header)
        previous = blocks.block_id(h, sealed.header)
    assert previous == world.chain.tip_id
    assert world.chain.block(world.chain.tip.height + 1) is None
    assert world.chain.tip.state_root == world.chain.tree.root


def test_one_tip_proves_the_identifier_of_every_earlier_block(world):
    world.confirmed("Parts", "Steel", "R1", 1000)
    h, tip = world.genesis.hash, world.chain.tip
    assert tip.height == 3
    for height in range(tip.height):
        sealed = blocks.SEALED.load(world.store.get(at_height(b"h", height)))
        proof = world.chain.prove(b"H" + height.to_bytes(8, "big"))
        check_proof(h, proof, tip.state_root)
        assert BLOCK_ID.load(proof.value).id == blocks.block_id(h, sealed.header)
    proof = world.chain.prove(b"H" + tip.height.to_bytes(8, "big"))
    check_proof(h, proof, tip.state_root)
    assert proof.value is None


def test_a_block_of_refusals_changes_nothing_but_the_block_before_it(world):
    world.confirmed("Parts", "Steel", "R1", 1000)
    before = world.records()
    assert world.run(opening(world, "Steel"), "Parts") == "NOT_AUTHORIZED"
    after = world.records(with_blocks=True)
    assert world.records() == before
    assert [key for key in after if key[:1] == b"H"] == [b"H" + n.to_bytes(8, "big") for n in range(4)]


def test_what_a_block_holds_is_readable_while_it_is_on_its_way_to_the_disk(world):
    raw = world.draft([opening(world)], world.signers["Parts"]).wire()
    account = world.new_account("Parts", "one")
    outcome = world.chain.execute([raw], world.block_ms + 1)
    assert world.store.get(b"sA" + account) is None
    assert world.chain.get(b"sA" + account) is not None
    again = world.draft([opening(world)], world.signers["Parts"]).wire()
    second = world.chain.execute([again, raw], world.block_ms + 2)
    assert [receipt.code for receipt in second.receipts] == ["ALREADY_EXISTS", "REPLAYED"]
    world.chain.write(outcome)
    assert world.chain.get(b"sA" + account) is not None


# -- reopening ------------------------------------------------------------------------------------------------------


def test_a_chain_goes_on_after_reopening_as_if_it_had_not_stopped(world):
    for number in range(3):
        world.confirmed("Parts", "Steel", f"R{number}", 1000)
    stopping = World.fresh()
    for height in range(1, world.chain.tip.height + 1):
        block = world.chain.block(height)
        stopping.chain.append(list(block.body), block.header.at_ms)
        stopping.reopen()
        assert stopping.chain.tip == block.header
    assert stopping.records(with_blocks=True) == world.records(with_blocks=True)


def refusal(genesis: g.Genesis, store, sealer=None, **options) -> str:
    with pytest.raises(HefuError) as error:
        Chain(genesis, bootstrap.application(), store, sealer, **options)
    return error.value.code


def test_an_empty_store_is_no_ledger_unless_one_is_to_be_founded(world):
    store = MemoryStore()
    assert refusal(world.genesis, store, found=False) == "NO_LEDGER"
    assert list(store.scan(b"", b"\xff")) == []


def test_a_store_of_another_genesis_or_format_is_refused(world):
    other = g.Genesis(world.genesis.raw + b"\n")
    assert refusal(other, world.store) == "OTHER_GENESIS"
    world.store.write([(b"mformat", b"hefu-store/0")])
    assert refusal(world.genesis, world.store) == "STORE_FORMAT"


def test_a_key_that_genesis_does_not_name_seals_nothing(world):
    stranger = KeySigner(world.genesis.suite, digest("a stranger"))
    assert refusal(world.genesis, world.store, stranger) == "WRONG_SEAL_KEY"
    empty = MemoryStore()
    assert refusal(world.genesis, empty, stranger) == "WRONG_SEAL_KEY"
    assert list(empty.scan(b"", b"\xff")) == [], "a ledger was founded under a stranger's seal"


def test_a_changed_bucket_hash_on_the_disk_is_found_when_opening(world):
    key, delta = next(iter(world.store.scan(b"d", b"e")))
    changed = bytearray(delta)
    changed[-1] ^= 1
    world.store.write([(key, bytes(changed))])
    assert refusal(world.genesis, world.store) == "STATE_ROOT"


# -- genesis --------------------------------------------------------------------------------------------------------


@cache
def good() -> bytes:
    return World.fresh().genesis.raw


def altered(**changes) -> bytes:
    """The genesis of the test network with dotted fields changed; None removes one."""
    document = json.loads(good())
    for path, value in changes.items():
        *steps, last = path.split("__")
        place = document
        for step in steps:
            place = place[int(step) if step.isdigit() else step]
        if value is None:
            del place[last]
        else:
            place[last] = value
    return json.dumps(document).encode()


def founded(raw: bytes) -> str:
    """The code with which founding a ledger is refused, or OK."""
    try:
        Chain(g.Genesis(raw), bootstrap.application(), MemoryStore(), World.fresh().sealer)
    except HefuError as error:
        return error.code
    return "OK"


def test_the_chain_is_the_digest_of_the_genesis_byte_for_byte():
    genesis = g.Genesis(good())
    assert genesis.chain_id == genesis.hash(b"\x17" + good())
    assert g.Genesis(good() + b" ").chain_id != genesis.chain_id
    assert g.genesis_bytes(genesis.file) == good()
    assert founded(good()) == founded(altered()) == "OK"


@pytest.mark.parametrize(
    "raw",
    [b"", b"{}", b"[]", b"null", b"{", b"\xff", good()[:-3], good() + b"{}", b"\xef\xbb\xbf" + good()],
    ids=["empty", "object", "list", "null", "brace", "binary", "short", "long", "byte order mark"],
)
def test_what_is_no_genesis_file_is_refused(raw):
    with pytest.raises(Corrupt) as error:
        g.Genesis(raw)
    assert error.value.code == "BAD_GENESIS"


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "hefu-genesis/2"},
        {"surprise": 1},
        {"name": None},
        {"suite": "rsa"},
        {"hash": "md5"},
        {"codec": "json"},
        {"code_version": 0},
        {"calendar": "utc0/1"},
        {"tree__arity": 2},
        {"tree__depth": 6},
        {"clock__kind": "sundial"},
        {"clock__surprise": 1},
        {"rules__register": "required"},
        {"rules__tenor_days_max": "365"},
        {"rules__tenor_days_max": 365.5},
        {"bounds__commands": None, "bounds__unknown": 1},
        {"seal": None},
        {"founders": None},
        {"founders__0__member": "yes"},
        {"founders__0__keys": "none"},
    ],
    ids=str,
)
def test_a_genesis_with_other_fields_or_values_is_refused(changes):
    with pytest.raises(Corrupt) as error:
        g.Genesis(altered(**changes))
    assert error.value.code == "BAD_GENESIS"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"founders__0__roles": ["king"]}, "BAD_ROLES"),
        ({"founders__0__roles": ["bank", "bank"]}, "BAD_ROLES"),
        ({"founders__0__roles": ["supplier", "bank"]}, "BAD_ROLES"),
        ({"founders__1__keys__0__purposes": ["anything"]}, "BAD_PURPOSES"),
        ({"founders__0__identity": "xyz"}, "BAD_GENESIS"),
        ({"founders__0__identity": "00"}, "BAD_GENESIS"),
        ({"founders__0__keys__0__key": "00"}, "BAD_GENESIS"),
        ({"founders__0__keys__0__key": "not hexadecimal"}, "BAD_GENESIS"),
        ({"founders__0__keys__0__limit_minor": -1}, "BAD_GENESIS"),
        ({"founders__0__account_salts": ["00"]}, "BAD_GENESIS"),
        ({"founders__0__account_salts": ["zz"]}, "BAD_GENESIS"),
        ({"founders__0__keys__0__key": json.loads(good())["founders"][1]["keys"][0]["key"]}, "BAD_GENESIS"),
        ({"founders__0__identity": json.loads(good())["founders"][1]["identity"]}, "BAD_GENESIS"),
        ({"founders__0__account_salts": [salt("a").hex(), salt("a").hex()]}, "BAD_GENESIS"),
        ({"clock__start_ms": 2**62}, "BAD_GENESIS"),
        ({"clock__start_ms": -1}, "BAD_GENESIS"),
        ({"clock__key": ""}, "BAD_GENESIS"),
        ({"clock__key": "00"}, "BAD_GENESIS"),
    ],
    ids=str,
)
def test_founders_and_clock_that_make_no_sense_found_nothing(changes, code):
    assert founded(altered(**changes)) == code


def test_a_genesis_that_is_not_there_is_the_callers_mistake(tmp_path):
    with pytest.raises(UsageError):
        g.Genesis.read(tmp_path / "none.json")
    (tmp_path / "genesis.json").write_bytes(good())
    assert g.Genesis.read(tmp_path / "genesis.json").raw == good()


def test_the_clock_at_the_start_is_where_genesis_says():
    world = World.fresh()
    context = world.chain.application.context(world.chain.state, world.genesis, 1, BLOCK_START_MS)
    assert context.business_at_ms == world.genesis.file.clock.start_ms
    real = World.fresh(simulated=False)
    context = real.chain.application.context(real.chain.state, real.genesis, 1, BLOCK_START_MS)
    assert context.business_at_ms == BLOCK_START_MS
    assert real.run(AdvanceClock(BLOCK_START_MS * 2), "Operator") == "CLOCK_NOT_SIMULATED"
