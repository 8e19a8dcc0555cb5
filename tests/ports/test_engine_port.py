"""One suite for the Engine port. The embedded engine runs it with signatures checked inline and in processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hefu import bootstrap
from hefu.contracts.receivables import commands as rc
from hefu.kernel.errors import Busy, Closed, EngineError
from hefu.kernel.signer import KeySigner
from hefu.ledger.chain import Chain
from hefu.ledger.engines.embedded import EmbeddedEngine
from hefu.ledger.engines.storeprocess import StoreProcess
from hefu.ledger.store import MemoryStore, RocksStore, Writes
from world import World, digest, salt

Make = Callable[..., EmbeddedEngine]


@pytest.fixture(params=[0, 1], ids=["inline", "processes"])
def verifiers(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def world(tmp_path: Path, verifiers: int) -> World:
    return World(apart=tmp_path / "ledger") if verifiers else World(store=RocksStore(tmp_path / "ledger"))


@pytest.fixture
def engine(world: World, verifiers: int) -> Iterator[EmbeddedEngine]:
    made = EmbeddedEngine(world.chain, now_ms=lambda: world.block_ms, verifiers=verifiers)
    yield made
    made.close()


def registrations(world: World, count: int, label: str = "i") -> list[bytes]:
    parts = world.signers["Parts"]
    return [
        world.draft([world.register_command("Parts", "Steel", f"{label}{i}", 1000)], parts).wire() for i in range(count)
    ]


def test_what_is_acknowledged_is_durable_and_stands_in_its_place(world: World, engine: EmbeddedEngine) -> None:
    tickets = [engine.submit(raw) for raw in registrations(world, 300)]
    receipts = [ticket.wait(30) for ticket in tickets]
    assert {receipt.code for receipt in receipts} == {"OK"}
    assert max(receipt.height for receipt in receipts) <= engine.durable_height
    for receipt in receipts:
        assert engine.query(lambda chain, r=receipt: chain.place(r.transaction_id)) == (receipt.height, receipt.index)


def test_bad_bytes_are_answered_with_their_code_and_burn_nothing(world: World, engine: EmbeddedEngine) -> None:
    good = registrations(world, 1)[0]
    bad = bytearray(good)
    bad[-1] ^= 1
    before = engine.query(lambda chain: chain.tip.height)
    assert engine.submit(bytes(bad)).wait(30).code == "BAD_ROOT"
    assert engine.submit(b"").wait(30).code == "MALFORMED"
    assert engine.submit(good).wait(30).code == "OK"
    assert engine.query(lambda chain: chain.tip.height) == before + 1


def test_the_same_bytes_get_the_same_answer_and_act_once(world: World, engine: EmbeddedEngine) -> None:
    raw = registrations(world, 1)[0]
    first = engine.submit(raw).wait(30)
    again = [engine.submit(raw) for _ in range(40)]
    for ticket in again:
        receipt = ticket.wait(30)
        assert (receipt.code, receipt.first_code, receipt.height) == ("REPLAYED", "OK", first.height)
        assert receipt.ok
    duplicate = engine.submit(
        world.draft([world.register_command("Parts", "Steel", "i0", 1000)], world.signers["Parts"]).wire()
    )
    assert duplicate.wait(30).code == "DUPLICATE_DOCUMENT"


def test_subscribers_get_every_block_once_in_order_and_resume_from_a_height(
    world: World, engine: EmbeddedEngine
) -> None:
    seen: list[int] = []
    transactions: list[int] = []

    def follow() -> None:
        for block in engine.subscribe(0):
            seen.append(block.height)
            transactions.append(len(block.body))
            if sum(transactions) == 200:
                return

    thread = threading.Thread(target=follow)
    thread.start()
    for ticket in [engine.submit(raw) for raw in registrations(world, 200)]:
        ticket.wait(30)
    thread.join(30)
    assert seen == list(range(seen[-1] + 1))
    assert sum(transactions) == 200
    resumed = engine.subscribe(seen[-1])
    assert next(resumed).height == seen[-1]


def test_a_full_queue_pushes_back_and_recovers() -> None:
    slow = SlowStore()
    world = World(store=slow)
    engine = EmbeddedEngine(world.chain, now_ms=lambda: world.block_ms, queue_size=20)
    slow.seconds = 0.05
    raws, tickets, refused = registrations(world, 400), [], 0
    for raw in raws:
        while True:
            try:
                tickets.append(engine.submit(raw))
                break
            except Busy:
                refused += 1
                time.sleep(0.005)
    assert refused > 0
    assert {ticket.wait(30).code for ticket in tickets} == {"OK"}
    engine.close()


def test_closing_answers_what_is_queued_and_refuses_what_comes_after(world: World, engine: EmbeddedEngine) -> None:
    tickets = [engine.submit(raw) for raw in registrations(world, 100)]
    engine.close()
    assert {ticket.wait(1).code for ticket in tickets} == {"OK"}
    with pytest.raises(Closed):
        engine.submit(b"x")
    with pytest.raises(Closed):
        engine.query(lambda chain: chain.tip)


def test_a_disk_that_fails_stops_the_engine_and_nothing_more_is_acknowledged() -> None:
    store = FailingStore()
    world = World(store=store)
    engine = EmbeddedEngine(world.chain, now_ms=lambda: world.block_ms)
    assert engine.submit(registrations(world, 1)[0]).wait(30).code == "OK"
    store.failing = True
    for raw in registrations(world, 5, "j"):
        # The engine may have noticed before a later one is submitted: it then refuses to take it.
        with pytest.raises(EngineError):
            engine.submit(raw).wait(30)
    with pytest.raises(EngineError):
        engine.submit(b"x")
    engine.close()


def test_an_unexpected_error_stops_the_engine_instead_of_becoming_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(store=MemoryStore())
    engine = EmbeddedEngine(world.chain, now_ms=lambda: world.block_ms)

    def broken(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(world.chain.application, "run", broken)
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    with pytest.raises(EngineError):
        engine.submit(registrations(world, 1)[0]).wait(30)
    engine.close()


def test_the_same_blocks_and_times_give_the_same_root_however_they_are_checked(tmp_path: Path) -> None:
    world = World(store=RocksStore(tmp_path / "a"))
    raws = registrations(world, 50)
    other = World(apart=tmp_path / "b")
    engine = EmbeddedEngine(other.chain, now_ms=lambda: world.block_ms + 1, verifiers=2)
    for ticket in [engine.submit(raw) for raw in raws]:
        ticket.wait(30)
    made = [other.chain.block(height) for height in range(1, engine.durable_height + 1)]
    engine.close()
    assert made
    for block in made:
        assert block is not None
        world.chain.append(block.body, block.header.at_ms)
        assert world.chain.tip == block.header


def test_many_threads_submit_at_once(world: World, engine: EmbeddedEngine) -> None:
    raws = registrations(world, 200)
    codes: list[str] = []

    def submit(part: list[bytes]) -> None:
        codes.extend(ticket.wait(30).code for ticket in [engine.submit(raw) for raw in part])

    threads = [threading.Thread(target=submit, args=(raws[i::4],)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == ["OK"] * 200


def test_a_transaction_of_many_commands_is_all_or_nothing(world: World, engine: EmbeddedEngine) -> None:
    parts, steel = world.signers["Parts"], world.signers["Steel"]
    whole = [
        world.register_command("Parts", "Steel", "w", 1000),
        world.propose_command("Parts", "w", "R", 1000),
        world.confirm_command("Parts", "w", "R", 1000),
    ]
    split = rc.Split(world.new_id("Parts", "R", "right"), salt("c"), 1000)  # type: ignore[arg-type]
    assert engine.submit(world.draft([*whole, split], parts, steel).wire()).wait(30).code == "AMOUNT_OUT_OF_RANGE"
    assert engine.submit(world.draft(whole, parts, steel).wire()).wait(30).code == "OK"


class SlowStore(MemoryStore):
    seconds = 0.0

    def write(self, items: Writes, *, sync: bool = True) -> None:
        time.sleep(self.seconds)
        super().write(items, sync=sync)


class FailingStore(MemoryStore):
    failing = False

    def write(self, items: Writes, *, sync: bool = True) -> None:
        if self.failing:
            raise EngineError("no space left", code="DISK")
        super().write(items, sync=sync)


def test_whoever_has_no_key_here_is_answered_and_fills_no_disk(world: World, engine: EmbeddedEngine) -> None:
    stranger = KeySigner(world.genesis.suite, digest("a stranger"))
    before = engine.query(lambda chain: chain.tip.height)
    raws = [world.draft([world.register_command("Parts", "Steel", f"s{i}", 1000)], stranger).wire() for i in range(3)]
    answers = [engine.submit(raw).wait(30) for raw in raws]
    assert [(answer.code, answer.height) for answer in answers] == [("UNKNOWN_KEY", 0)] * 3
    assert engine.query(lambda chain: chain.tip.height) == before
    # Beside what is kept it is left out of the block; and what comes after is as if it had not been.
    tickets = [engine.submit(raw) for raw in (raws[0], *registrations(world, 2, "k"), raws[1])]
    assert [ticket.wait(30).code for ticket in tickets] == ["UNKNOWN_KEY", "OK", "OK", "UNKNOWN_KEY"]
    kept = engine.query(
        lambda chain: sum(len(chain.block(at).body) for at in range(before + 1, chain.tip.height + 1))  # type: ignore[union-attr]
    )
    assert kept == 2


def test_where_the_stores_process_dies_nothing_more_is_acknowledged_and_nothing_is_lost(tmp_path: Path) -> None:
    world = World(apart=tmp_path / "ledger")
    assert isinstance(world.store, StoreProcess)
    engine = EmbeddedEngine(world.chain, now_ms=lambda: world.block_ms, verifiers=1)
    answered = [engine.submit(raw).wait(30) for raw in registrations(world, 3)]
    os.kill(world.store.pid, signal.SIGKILL)
    for raw in registrations(world, 3, "later"):
        with pytest.raises(EngineError):
            engine.submit(raw).wait(30)
    engine.close()
    again = Chain(world.genesis, bootstrap.application(), RocksStore(tmp_path / "ledger"), world.sealer)
    assert [again.place(receipt.transaction_id) for receipt in answered] == [(r.height, r.index) for r in answered]
    assert again.tip.height == answered[-1].height
    again.store.close()


def test_whoever_opens_after_a_kill_waits_for_the_stores_process_to_end(tmp_path: Path) -> None:
    world = World(store=RocksStore(tmp_path / "ledger"))
    world.store.close()
    program = (
        "import os, pathlib, signal, sys; from hefu.ledger.genesis import Genesis;"
        "from hefu.ledger.engines.storeprocess import StoreProcess;"
        "store = StoreProcess(pathlib.Path(sys.argv[1]), Genesis(pathlib.Path(sys.argv[2]).read_bytes()));"
        "store.root; os.kill(os.getpid(), signal.SIGKILL)"
    )
    (tmp_path / "genesis.json").write_bytes(world.genesis.raw)
    ended = subprocess.run([sys.executable, "-c", program, str(tmp_path / "ledger"), str(tmp_path / "genesis.json")])
    assert ended.returncode == -signal.SIGKILL
    store = RocksStore(tmp_path / "ledger")
    assert store.get(b"mtip") is not None
    with pytest.raises(Closed):
        StoreProcess(tmp_path / "ledger", world.genesis)
    store.close()
