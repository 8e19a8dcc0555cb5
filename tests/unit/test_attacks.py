"""
What a hostile operator, peer or member tried against the ledger below the rules. Each was once possible.

Attacks on the rules are tables: test_scenarios_attacks.py.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from bundles import SEED, BundleWorld
from hefu import bootstrap
from hefu.contracts.parties.commands import OpenAccount
from hefu.contracts.receivables.commands import SetCeiling
from hefu.kernel.codec import encode
from hefu.kernel.errors import Busy, Corrupt, EngineError, HefuError, UsageError
from hefu.kernel.suites import hybrid
from hefu.kernel.time import DAY_MS, INSTANT_MAX_MS
from hefu.ledger import audit, snapshot
from hefu.ledger import block as blocks
from hefu.ledger import checkpoint as checkpoints
from hefu.ledger import transaction as tx
from hefu.ledger.chain import Chain
from hefu.ledger.engines import embedded
from hefu.ledger.engines.embedded import EmbeddedEngine
from hefu.ledger.store import MemoryStore, at_height
from world import World, salt


@pytest.fixture
def world() -> World:
    return World.fresh()


def ceiling(world: World, amount: int, valid_from_ms: int = 0) -> bytes:
    """A transaction that would succeed however often it is carried out, valid for a day."""
    signer, since = world.signers["Parts"], valid_from_ms or world.block_ms
    command = SetCeiling(world.account("Parts"), "CNY", amount)  # type: ignore[arg-type]
    draft = tx.Draft(world.genesis.hash, world.genesis.chain_id, [command], [signer.public_key], since, since + DAY_MS)
    return draft.sign(signer).wire()


def opening(world: World, what: str) -> bytes:
    return world.draft([OpenAccount(world.org("Parts"), salt(what))], world.signers["Parts"]).wire()


def sealed(world: World, header: blocks.BlockHeader) -> bytes:
    """A header sealed by the operator, who can seal anything."""
    raw = encode(header)
    return encode(
        blocks.Sealed(raw, "operator", (world.sealer.public_key, world.sealer.sign(blocks.SEAL_PREFIX + raw)))
    )


def refusal(world: World) -> str:
    """The code with which an audit ends, or who vouches."""
    try:
        return audit.verify(world.store, world.genesis, bootstrap.application()).trust
    except HefuError as error:
        return error.code


# -- snapshots ------------------------------------------------------------------------------------------------------


def restored(world: World, folder: Path) -> Chain:
    """Another node that begins from a snapshot of this world's ledger."""
    snapshot.write_snapshot(world.store, folder)
    store = MemoryStore()
    snapshot.restore_snapshot(folder, store, world.genesis)
    return Chain(world.genesis, bootstrap.application(), store, world.sealer)


def test_a_snapshot_that_hides_recent_results_is_refused(world, tmp_path):
    # Without them the new node would carry out a transaction of the last day a second time.
    raw = ceiling(world, 7)
    world.chain.append([raw], world.block_ms + 1)
    world.chain.append([ceiling(world, 99)], world.block_ms + 2)
    folder = tmp_path / "snapshot"
    manifest = snapshot.write_snapshot(world.store, folder)
    recent = snapshot.RECENT.load((folder / "recent").read_bytes())
    cut = encode(recent[-1:])
    (folder / "recent").write_bytes(cut)
    forged = msgspec.structs.replace(manifest, recent=world.genesis.hash(cut))
    (folder / "manifest").write_bytes(encode(forged))
    with pytest.raises(Corrupt) as error:
        snapshot.restore_snapshot(folder, MemoryStore(), world.genesis)
    assert error.value.code == "NOT_NEXT"


def test_a_snapshot_tells_of_every_block_of_the_last_day_and_one_before(world, tmp_path):
    times = [world.block_ms + i * DAY_MS // 4 for i in range(1, 10)]
    for at_ms in times:
        world.chain.append([], at_ms)
    snapshot.write_snapshot(world.store, tmp_path / "snapshot")
    recent = snapshot.RECENT.load((tmp_path / "snapshot" / "recent").read_bytes())
    assert [blocks.HEADER.load(block.sealed.header).at_ms for block in recent] == times[-6:]
    node = restored(world, tmp_path / "again")
    # A snapshot of a restored node is as good.
    folder = tmp_path / "third"
    snapshot.write_snapshot(node.store, folder)
    snapshot.restore_snapshot(folder, MemoryStore(), world.genesis)


def test_a_snapshot_is_restored_into_nothing_but_an_empty_store(world, tmp_path):
    # What a forged one leaves behind must not stand in the state of the next.
    folder = tmp_path / "snapshot"
    snapshot.write_snapshot(world.store, folder)
    store = MemoryStore()
    store.write([(b"sK" + bytes(32), b"a key that nobody registered")])
    with pytest.raises(UsageError) as error:
        snapshot.restore_snapshot(folder, store, world.genesis)
    assert error.value.code == "HOME_EXISTS"


@pytest.mark.parametrize("days_ahead", [0, 3], ids=["old", "dated ahead"])
def test_nodes_with_all_of_history_and_nodes_with_a_snapshot_make_the_same_blocks(world, tmp_path, days_ahead):
    # Anybody can send old bytes again, or bytes dated ahead: the snapshot's node knows no mark of them.
    start = world.block_ms
    raw = ceiling(world, 7, start + days_ahead * DAY_MS)
    world.chain.append([raw], start + 1000)
    for i in range(4):
        world.chain.append([], start + 2 * DAY_MS + i)
    node = restored(world, tmp_path / "snapshot")
    for at_ms in (start + 3 * DAY_MS + 1, start + 3 * DAY_MS + 2, start + 5 * DAY_MS):
        # The marks that both lack or both have differ only in what is told, never in what is kept.
        ours, theirs = world.chain.append([raw], at_ms), node.append([raw], at_ms)
        assert ours.sealed == theirs.sealed
    replay = Chain(world.genesis, bootstrap.application(), MemoryStore(), world.sealer)
    for height, block, body in audit.stored_blocks(world.store):
        assert replay.replay(block, body).height == height


def test_a_block_whose_time_is_no_time_is_refused_and_does_not_crash_who_checks_it():
    for simulated in (True, False):
        world = World.fresh(simulated=simulated)
        world.chain.append([], 5)
        for at_ms in (0, INSTANT_MAX_MS + 1, 1 << 62, (1 << 64) - 1):
            forged = sealed(world, msgspec.structs.replace(world.chain.tip, at_ms=at_ms))
            world.store.write([(b"mtip", forged), (at_height(b"h", 1), forged)])
            assert refusal(world) == "BLOCK_DIFFERS"


# -- checkpoints and audits -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("signers", "trust"),
    [
        ((), "one operator"),
        (("BankA",), "one operator"),
        (("BankA", "BankA2"), "one operator"),
        (("Operator", "BankA"), "one operator"),
        (("Operator", "Operator2"), "one operator"),
        (("Steel", "Parts"), "one operator"),
        (("BankA", "BankB"), "countersigned"),
        (("Operator", "BankA", "BankB"), "countersigned"),
    ],
    ids=str,
)
def test_members_countersign_and_neither_their_keys_nor_the_operator_do(signers, trust):
    world = BundleWorld.fresh()
    assert isinstance(world, BundleWorld)
    world.checkpoint(*signers)
    assert refusal(world) == trust


def test_a_countersignature_counts_once_however_often_it_stands():
    world = BundleWorld.fresh()
    assert isinstance(world, BundleWorld)
    made = world.checkpoint("BankA")
    checkpoints.keep(world.store, msgspec.structs.replace(made, countersignatures=made.countersignatures * 2))
    assert refusal(world) == "BAD_SIGNATURE"


def test_a_checkpoint_of_another_state_than_its_block_is_found():
    world = BundleWorld.fresh()
    assert isinstance(world, BundleWorld)
    made = world.checkpoint()
    body = msgspec.structs.replace(checkpoints.BODY.load(made.body), state_root=bytes(32))
    message = checkpoints.PREFIX + encode(body)
    forged = checkpoints.Checkpoint(encode(body), world.sealer.sign(message), hybrid.sign(SEED, message), ())
    checkpoints.keep(world.store, forged)
    assert refusal(world) == "HISTORY_REWRITTEN"
    world.store.write([(b"mcheckpoint", b"no checkpoint")])
    assert refusal(world) == "MALFORMED"


def test_a_tip_that_is_not_the_last_block_is_found(world):
    world.confirmed("Parts", "Steel", "R1", 1000)
    header = world.chain.tip
    world.store.write([(b"mtip", sealed(world, msgspec.structs.replace(header, at_ms=header.at_ms + 5)))])
    assert refusal(world) == "BLOCK_DIFFERS"
    world.store.write([(b"mtip", b"no tip")])
    assert refusal(world) == "MALFORMED"


@pytest.mark.parametrize("prefix", [b"s", b"b", b"e", b"i", b"h", b"t", b"r"])
def test_an_audit_finds_a_changed_byte_in_whatever_it_recomputes(world, prefix):
    world.confirmed("Parts", "Steel", "R1", 1000)
    changed = 0
    for key, value in list(world.store.scan(prefix, bytes([prefix[0] + 1]))):
        world.store.write([(key, value[:-1] + bytes([value[-1] ^ 1]))])
        assert refusal(world) not in ("one operator", "countersigned"), f"{key!r} was changed and nobody noticed"
        world.store.write([(key, value)])
        changed += 1
        if changed == 12:
            break
    assert changed
    assert refusal(world) == "one operator"


def test_a_snapshot_with_a_forged_seal_on_a_recent_block_is_refused(world, tmp_path):
    for i in range(3):
        world.chain.append([], world.block_ms + i)
    folder = tmp_path / "snapshot"
    manifest = snapshot.write_snapshot(world.store, folder)
    recent = list(snapshot.RECENT.load((folder / "recent").read_bytes()))
    seal = msgspec.structs.replace(recent[0].sealed, seal=(recent[0].sealed.seal[0], bytes(64)))
    recent[0] = msgspec.structs.replace(recent[0], sealed=seal)
    raw = encode(tuple(recent))
    (folder / "recent").write_bytes(raw)
    (folder / "manifest").write_bytes(encode(msgspec.structs.replace(manifest, recent=world.genesis.hash(raw))))
    with pytest.raises(Corrupt) as error:
        snapshot.restore_snapshot(folder, MemoryStore(), world.genesis)
    assert error.value.code == "BAD_SEAL"


# -- the engine -----------------------------------------------------------------------------------------------------


@pytest.fixture
def engines() -> Iterator[list[EmbeddedEngine]]:
    opened: list[EmbeddedEngine] = []
    yield opened
    for engine in opened:
        engine.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_whoever_waits_is_told_when_a_verifier_dies(world, engines):
    engine = EmbeddedEngine(world.chain, now_ms=lambda: world.block_ms, verifiers=1)
    engines.append(engine)
    process = engine._pool._processes[0]  # type: ignore[union-attr]
    # Stopped, so that chunks are under way when it dies.
    os.kill(process.pid, signal.SIGSTOP)
    raws = [opening(world, str(i)) for i in range(600)]
    tickets = [engine.submit(raw) for raw in raws]
    end = time.monotonic() + 10
    while not engine._pool.in_flight and time.monotonic() < end:  # type: ignore[union-attr]
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    codes = []
    for ticket in tickets:
        try:
            codes.append(ticket.wait(10).code)
        except EngineError as failure:
            codes.append(failure.code)
    assert "ENGINE_STOPPED" in codes
    assert set(codes) <= {"OK", "ENGINE_STOPPED"}


def test_a_few_large_transactions_do_not_fill_the_memory(world, engines, monkeypatch):
    engine = EmbeddedEngine(world.chain, now_ms=lambda: world.block_ms, queue_bytes=100_000)
    engines.append(engine)
    big = b"\xc1" * (world.genesis.file.bounds.transaction_bytes + 1)
    assert engine.submit(big).wait(5).code == "TOO_LARGE"
    with pytest.raises(Busy):
        engine.submit(bytes(100_001))
    # What was answered waits no longer.
    for _ in range(3):
        assert engine.submit(bytes(90_000)).wait(5).code == "MALFORMED"
    assert engine.submit(opening(world, "one")).wait(5).ok
    end = time.monotonic() + 5
    while engine._bytes_waiting and time.monotonic() < end:
        time.sleep(0.01)
    assert engine._bytes_waiting == 0


def test_a_block_is_full_at_a_number_of_bytes_too(world, engines, monkeypatch):
    monkeypatch.setattr(embedded, "BLOCK_BYTES", 1000)
    raws = [opening(world, str(i)) for i in range(40)]
    engine = EmbeddedEngine(world.chain, now_ms=lambda: world.block_ms)
    engines.append(engine)
    for ticket in [engine.submit(raw) for raw in raws]:
        assert ticket.wait(10).ok
    bodies = engine.query(lambda chain: [chain.block(h).body for h in range(1, chain.tip.height + 1)])
    assert [raw for body in bodies for raw in body] == raws
    assert max(sum(map(len, body)) for body in bodies) < 1000 + max(map(len, raws))
