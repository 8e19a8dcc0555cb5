"""
The embedded engine under the demo's own commands: pre-signed, through `Engine.submit`, durable (one fsync a block), state root
included, read models and a subscriber running beside it.

Each measurement runs in a process of its own: `python -m bench.ledger NAME` prints one JSON list of rows.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import table
from bench.table import Row
from bench.world import BenchWorld
from hefu import bootstrap
from hefu.kernel.errors import Busy
from hefu.ledger.chain import Chain
from hefu.ledger.engine import Ticket
from hefu.ledger.engines.embedded import EmbeddedEngine
from hefu.ledger.store import RocksStore

PRELOADED = 300_000
#: Parts of a measurement of throughput; the median of their rates is the figure.
WINDOWS = 5


def row(name: str, value: float, unit: str, must: float | None, goal: float | None, command: str, **more: Any) -> Row:
    """One row of one of the measurements below."""
    return table.row(name, round(value, 3), unit, must, goal, command=f"python -m bench.ledger {command}", **more)


class Beside:
    """A subscriber and the read models, as a node has them, and how far they are behind."""

    def __init__(self, engine: EmbeddedEngine, world: BenchWorld, folder: Path) -> None:
        from hefu.readmodels import payload
        from hefu.readmodels.runner import ProjectorProcess

        self._engine = engine
        self._pack = payload.pack

        def source(height: int) -> bytes | None:
            block = world.chain.block(height)
            return None if block is None else payload.pack(block)

        self._projector = ProjectorProcess(_views(folder), world.genesis.raw, "hefu.bootstrap:application", source)
        self._projector.start()
        assert self._projector.wait(engine.durable_height, 120), "the read models did not come up"
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self.lag_blocks_max = 0
        self.height = 0
        self._thread.start()

    def _follow(self) -> None:
        for block in self._engine.subscribe(self._engine.durable_height + 1):
            self._projector.feed(self._pack(block))
            self.height = block.height
            self.lag_blocks_max = max(self.lag_blocks_max, self._engine.durable_height - self._projector.height)

    def drain(self) -> float:
        """Seconds until the read models have everything."""
        began = time.perf_counter()
        while self._projector.height < self._engine.durable_height:
            time.sleep(0.01)
        return time.perf_counter() - began

    def close(self) -> None:
        """Stop the projector."""
        self._projector.close()


def pump(engine: EmbeddedEngine, raws: list[bytes], windows: int = 1) -> list[float]:
    """
    Transactions a second from submission to durable answer, without a pause; every answer must be OK.

    Args:
        windows: Parts of equal length, one after another in the same stream, each with a rate of its own: on a machine shared
            with others, one figure says as much about them.
    """
    tickets: list[Ticket] = []
    marks = [len(raws) * (i + 1) // windows - 1 for i in range(windows)]
    times = [time.perf_counter()]

    def look(wait: bool = False) -> None:
        while len(times) <= windows and len(tickets) > (mark := marks[len(times) - 1]):
            if not (wait or tickets[mark].done):
                return
            tickets[mark].wait()
            times.append(time.perf_counter())

    for raw in raws:
        while True:
            try:
                tickets.append(engine.submit(raw))
                break
            except Busy:
                look()
                time.sleep(0.002)
    look(wait=True)
    bad = [code for code in (ticket.wait().code for ticket in tickets) if code != "OK"]
    assert not bad, f"{len(bad)} refused, first {bad[0]}"
    counts = [mark - before for before, mark in zip([-1, *marks], marks, strict=False)]
    return [count / (end - start) for count, start, end in zip(counts, times, times[1:], strict=False)]


def _world(suite: str, folder: Path, rights: int, *, beside: bool = True) -> BenchWorld:
    """The preloaded ledger, from the run's own copy if one measurement made it before."""
    kept = os.environ.get("HEFU_BENCH_PRELOADED")
    source = Path(kept) / f"{suite}-{rights}" if kept else None
    if source is not None and source.exists():
        shutil.copytree(source, folder, dirs_exist_ok=True)
        world = BenchWorld(suite, folder / "ledger", beside)
    else:
        world = BenchWorld(suite, folder / "ledger")
        world.preload(rights)
        _project(world, folder)
        # Opened anew, as a node is: what preloading left in memory is not part of any measurement.
        world.chain.store.close()
        if source is not None:
            shutil.copytree(folder, source)
        world = BenchWorld(suite, folder / "ledger", beside)
    # What is measured is a ledger at rest, not the system writing back the gigabyte that preloading or copying left behind.
    os.sync()
    gc.collect()
    gc.freeze()
    return world


def _project(world: BenchWorld, folder: Path) -> None:
    """Read models of the preloaded ledger, so that a measurement's lag is that of its own load."""
    from hefu.readmodels.projector import Projector

    projector = Projector(_views(folder), world.chain.application, world.genesis)
    projector.catch_up(world.chain)
    projector.close()


def _views(folder: Path) -> str:
    return f"sqlite:///{folder / 'views.db'}"


def singles(folder: Path, suite: str) -> list[Row]:
    """Assignments in single transactions, one signature each."""
    count = 60_000 if suite == "ed25519" else 25_000
    world = _world(suite, folder, PRELOADED)
    raws = world.singles(0, count)
    engine = EmbeddedEngine(world.chain, verifiers=1 if suite == "ed25519" else 2)
    beside = Beside(engine, world, folder)
    pump(engine, raws[:2000])
    before = engine.durable_height
    rates = pump(engine, raws[2000:], WINDOWS)
    blocks = engine.durable_height - before
    lag = beside.drain()
    beside.close()
    engine.close()
    must, goal = (4000, 8000) if suite == "ed25519" else (2500, 3600)
    return [
        row(
            f"assignments, single, {suite}", statistics.median(rates), "1/s", must, goal, f"singles-{suite}",
            slowest=round(min(rates)), fastest=round(max(rates)), signatures_each=1, bytes_each=len(raws[0]), blocks=blocks,
        ),
        row(f"read models behind after that load, {suite}", lag, "s", None, None, f"singles-{suite}"),
    ]  # fmt: skip


def batches(folder: Path, suite: str) -> list[Row]:
    """Operations in transactions of a hundred, one signature each transaction."""
    count = 150_000
    world = _world(suite, folder, PRELOADED)
    raws = world.batches(0, count, 100)
    engine = EmbeddedEngine(world.chain, verifiers=1)
    beside = Beside(engine, world, folder)
    pump(engine, raws[:50])
    rates = [100 * rate for rate in pump(engine, raws[50:], WINDOWS)]
    lag = beside.drain()
    beside.close()
    engine.close()
    return [
        row(
            f"operations in signed batches of 100, {suite}", statistics.median(rates), "1/s", 10_000, 20_000,
            f"batches-{suite}", slowest=round(min(rates)), fastest=round(max(rates)), signatures_each=0.01,
        ),
        row(f"read models behind after the batches, {suite}", lag, "s", None, None, f"batches-{suite}"),
    ]  # fmt: skip


def latency(folder: Path, suite: str) -> list[Row]:
    """Inclusion, from submit to durable answer, at 1,000 assignments a second."""
    rate, seconds = 1000, 20
    world = _world(suite, folder, PRELOADED)
    raws = world.singles(0, rate * seconds + 2000)
    engine = EmbeddedEngine(world.chain, verifiers=1)
    beside = Beside(engine, world, folder)
    pump(engine, raws[:2000])
    beside.drain()
    taken: list[float] = []
    waiting: deque[tuple[float, Ticket]] = deque()
    done = threading.Event()

    def answers() -> None:
        while not done.is_set() or waiting:
            if not waiting:
                time.sleep(0.0005)
                continue
            began, ticket = waiting[0]
            receipt = ticket.wait()
            taken.append(time.perf_counter() - began)
            waiting.popleft()
            assert receipt.code == "OK", receipt.code

    thread = threading.Thread(target=answers)
    thread.start()
    start = time.perf_counter()
    for i, raw in enumerate(raws[2000:]):
        due = start + i / rate
        pause = due - time.perf_counter()
        if pause > 0:
            time.sleep(pause)
        # Measured from when it was due: a late start would hide waiting (coordinated omission).
        waiting.append((due, engine.submit(raw)))
    done.set()
    thread.join()
    beside.close()
    engine.close()
    taken.sort()
    return [
        row("inclusion p99 at 1,000/s", taken[int(len(taken) * 0.99)] * 1000, "ms", 100, 30, f"latency-{suite}"),
        row("inclusion p50 at 1,000/s", taken[len(taken) // 2] * 1000, "ms", None, None, f"latency-{suite}"),
    ]


def million(folder: Path, suite: str) -> list[Row]:
    """Memory with one million rights, and opening after a kill."""
    # Loaded in a process of its own: what that leaves in memory is no node's.
    subprocess.run([sys.executable, "-m", "bench.ledger", "--preload", suite, str(folder)], check=True)
    child = subprocess.Popen(
        [sys.executable, "-m", "bench.ledger", "--load", suite, str(folder)], stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    loaded = json.loads(child.stdout.readline())
    child.send_signal(signal.SIGKILL)
    child.wait()
    opened = subprocess.run(
        [sys.executable, "-m", "bench.ledger", "--open", suite, str(folder)], capture_output=True, text=True, check=True
    )
    after = json.loads(opened.stdout)
    return [
        row(
            "memory with one million rights, under load", loaded["rss_mb"] / 1000, "GB", 1.5, None, f"million-{suite}",
            mapped_files=round(loaded["mapped_mb"] / 1000, 3),
        ),
        row("open after a kill, one million rights", after["seconds"], "s", 2, None, f"million-{suite}"),
        row("memory after opening", after["rss_mb"] / 1000, "GB", None, None, f"million-{suite}"),
    ]  # fmt: skip


def _resident_mb(field: str = "VmRSS") -> float:
    """
    What this process and those that it started hold in memory; "RssFile" is the part that are pages of mapped files, which the
    system drops when it needs room.
    """
    tasks = Path("/proc/self/task").iterdir()
    children = [child for task in tasks for child in (task / "children").read_text().split()]
    total = 0
    for pid in ("self", *children):
        for line in Path("/proc", pid, "status").read_text().splitlines():
            if line.startswith(field + ":"):
                total += int(line.split()[1])
    return total / 1024


def _load(suite: str, folder: Path) -> None:
    """A child of `million`: some load, then wait to be killed in the middle of more."""
    world = BenchWorld(suite, folder / "ledger", beside=True)
    engine = EmbeddedEngine(world.chain, verifiers=1)
    pump(engine, world.singles(0, 20_000))
    # The tree's process reads all its buckets when it has nothing else to do.
    time.sleep(10)
    print(json.dumps({"rss_mb": _resident_mb(), "mapped_mb": _resident_mb("RssFile")}), flush=True)
    raws = world.singles(20_000, 50_000)
    while True:
        pump(engine, raws)


def _open(suite: str, folder: Path) -> None:
    world_genesis = _genesis_of(suite, folder)
    application = bootstrap.application()
    began = time.perf_counter()
    store = RocksStore(folder / "ledger")
    chain = Chain(world_genesis, application, store, found=False)
    seconds = time.perf_counter() - began
    assert chain.tip.height > 0
    print(json.dumps({"seconds": seconds, "rss_mb": _resident_mb(), "height": chain.tip.height}))


def _genesis_of(suite: str, folder: Path) -> Any:
    from hefu.ledger.audit import stored_genesis

    store = RocksStore(folder / "ledger", read_only=True)
    try:
        return stored_genesis(store)
    finally:
        store.close()


def proof(folder: Path, suite: str) -> list[Row]:
    """Making and verifying a bundle of ten events, on a ledger of 300,000 rights."""
    from hefu.services.proving import bundle
    from hefu_verify import verify

    world = _world(suite, folder, PRELOADED, beside=False)
    subject = _ten_events(world)
    making, checking = [], []
    for _ in range(200):
        began = time.perf_counter()
        raw = bundle(world.chain, subject)
        making.append(time.perf_counter() - began)
    for _ in range(50):
        began = time.perf_counter()
        verify(raw, world.genesis.raw)
        checking.append(time.perf_counter() - began)
    world.chain.store.close()
    making.sort()
    checking.sort()
    return [
        row(
            f"proof: bundle of ten events, {suite}", making[100] * 1000, "ms", 1, None, f"proof-{suite}",
            bytes_bundle=len(raw),
        ),
        row(f"verification of that bundle, {suite}", checking[25] * 1000, "ms", 10, None, f"proof-{suite}"),
    ]  # fmt: skip


def _ten_events(world: BenchWorld) -> bytes:
    """A right with ten events, each from a signed command: proposed, confirmed, four notices, each acknowledged."""
    from bench.world import FACE, digest
    from hefu.assets.tags import Tag
    from hefu.contracts.evidence.commands import Register
    from hefu.contracts.receivables import commands as rc
    from hefu.kernel.hashing import ZERO
    from hefu.ledger.engines.embedded import system_ms

    seller, core = world.signers["S0"], world.signers["Core"]
    account = world.accounts["S0"]
    tag = Tag("einvoice", "hmac-sha256/1", 1, digest("ten"))
    document = world.derive(account, bytes(16), "document")
    right = world.derive(account, bytes(16), "right")
    register = Register(account, bytes(16), "invoice", world.accounts["Core"], "CNY", FACE, (tag,), ZERO, False)
    propose = rc.Propose(document, bytes(16), FACE, world.due_on, ZERO, system_ms() + 86_400_000)
    steps: list[tuple[list[Any], Any]] = [([register, propose], seller), ([rc.Confirm(right, FACE, ZERO, tag)], core)]
    for i in range(4):
        payee = bytes([i + 1]) * 32
        steps += [([rc.Notify(right, payee)], seller), ([rc.Acknowledge(right, payee)], core)]
    for commands, signer in steps:
        outcome = world.chain.append([world.wire(commands, signer)], system_ms())
        assert outcome.receipts[0].ok, outcome.receipts[0].code
    assert len(world.chain.links(right)) == 10
    return right


MEASUREMENTS: dict[str, Callable[[Path], list[Row]]] = {
    "singles-ed25519": lambda folder: singles(folder, "ed25519"),
    "singles-sm2": lambda folder: singles(folder, "sm2"),
    "batches-ed25519": lambda folder: batches(folder, "ed25519"),
    "latency-ed25519": lambda folder: latency(folder, "ed25519"),
    "million-ed25519": lambda folder: million(folder, "ed25519"),
    "proof-ed25519": lambda folder: proof(folder, "ed25519"),
    "proof-sm2": lambda folder: proof(folder, "sm2"),
}


def main() -> int:
    """One measurement; its rows as JSON on standard output."""
    if len(sys.argv) == 4 and sys.argv[1] == "--preload":
        world = BenchWorld(sys.argv[2], Path(sys.argv[3]) / "ledger")
        world.preload(1_000_000)
        world.chain.store.close()
    elif len(sys.argv) == 4 and sys.argv[1] == "--load":
        _load(sys.argv[2], Path(sys.argv[3]))
    elif len(sys.argv) == 4 and sys.argv[1] == "--open":
        _open(sys.argv[2], Path(sys.argv[3]))
    elif len(sys.argv) == 2 and sys.argv[1] in MEASUREMENTS:
        folder = Path(tempfile.mkdtemp(prefix="hefu-bench-", dir=os.environ.get("HEFU_BENCH_DIR")))
        try:
            rows = MEASUREMENTS[sys.argv[1]](folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        print(json.dumps(rows))
    else:
        print(f"usage: python -m bench.ledger {{{' | '.join(MEASUREMENTS)}}}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
