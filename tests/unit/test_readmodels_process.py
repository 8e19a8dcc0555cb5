"""The projector in its own process: it follows, it is reported when it dies, it never holds the ledger up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

import views_story
from hefu import bootstrap
from hefu.kernel.errors import EngineError, UsageError
from hefu.readmodels import database, payload, queries, schema
from hefu.readmodels.projector import Projector
from hefu.readmodels.runner import ProjectorProcess
from world import World

APPLICATION = "hefu.bootstrap:application"
PATIENCE = 30.0
Start = Callable[..., ProjectorProcess]


@pytest.fixture(scope="module")
def world() -> World:
    world = World(validators=("BankA", "BankB"))
    views_story.tell(world)
    return world


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/views.db"


@pytest.fixture
def start(url: str, world: World) -> Iterator[Start]:
    """Starts processes and stops them in the end."""
    started: list[ProjectorProcess] = []

    def make(
        *, application: str = APPLICATION, source=None, tip: int | None = None, **options: int
    ) -> ProjectorProcess:
        read = payload.source_of(world.chain)
        bounded = read if tip is None else lambda height: read(height) if height <= tip else None
        process = ProjectorProcess(url, world.genesis.raw, application, source or bounded, **options)
        started.append(process)
        process.start()
        return process

    yield make
    for process in started:
        process.close()


def feed(process: ProjectorProcess, world: World, first: int, last: int) -> None:
    read = payload.source_of(world.chain)
    for height in range(first, last + 1):
        block = read(height)
        assert block is not None
        process.feed(block)


def pid_of(process: ProjectorProcess) -> int:
    assert process._process is not None
    assert process._process.pid is not None
    return process._process.pid


def failure_of(process: ProjectorProcess) -> str:
    """Code of the failure, waited for."""
    with pytest.raises(EngineError) as failure:
        process.wait(1 << 40, PATIENCE)
    assert process.failure is failure.value
    assert not process.running
    return failure.value.code


def records(url: str) -> list[tuple[object, ...]]:
    engine = database.open_engine(url, read_only=True)
    with engine.begin() as connection:
        rows = [tuple(row) for row in connection.execute(sa.select(schema.records).order_by(schema.records.c.key))]
    engine.dispose()
    return rows


def test_a_block_survives_the_journey(world):
    for height in range(world.chain.tip.height + 1):
        block = world.chain.block(height)
        assert block is not None
        raw = payload.pack(block)
        assert payload.unpack(raw) == block
        assert payload.height_of(raw) == height


def test_it_catches_up_by_itself_then_follows_and_stops_when_told(start, world, url, tmp_path):
    tip = world.chain.tip.height
    process = start(tip=40)
    assert process.wait(40, PATIENCE)
    assert (process.height, process.lag, process.running) == (40, 0, True)
    feed(process, world, 41, tip)
    assert process.wait(tip, PATIENCE)
    assert process.lag == 0
    with pytest.raises(UsageError):
        process.start()
    inner = process._process
    process.close()
    assert (process.running, process.failure) == (False, None)
    assert inner is not None
    other = f"sqlite:///{tmp_path}/here.db"
    projector = Projector(other, bootstrap.application(), world.genesis)
    projector.catch_up(world.chain)
    projector.close()
    assert records(url) == records(other)
    # A stopped one is fed without harm, and begins again where it was.
    feed(process, world, tip, tip)
    process.start()
    assert process.wait(tip, PATIENCE)


def test_a_killed_process_is_reported_and_resumes(start, world, url):
    tip = world.chain.tip.height
    process = start(tip=30)
    assert process.wait(30, PATIENCE)
    os.kill(pid_of(process), signal.SIGKILL)
    assert failure_of(process) == "READ_MODELS_DIED"
    feed(process, world, 31, tip)
    assert (process.lag, process._queued) == (tip - 30, 0)
    process._source = payload.source_of(world.chain)
    process.start()
    assert process.wait(tip, PATIENCE)
    reader = queries.open_views(url)
    assert queries.blocks(reader).height == tip
    reader.dispose()


def test_a_process_that_hangs_holds_nobody_up_and_little_memory(start, world):
    tip = world.chain.tip.height
    process = start(tip=10, waiting_bytes=20_000)
    assert process.wait(10, PATIENCE)
    process._source = payload.source_of(world.chain)
    os.kill(pid_of(process), signal.SIGSTOP)
    before = time.perf_counter()
    # Blocks fed twice or out of order do no harm either.
    for first, last in ((60, tip), (0, 5), (3, 9), (50, 61), (0, tip), (0, tip)):
        feed(process, world, first, last)
    assert time.perf_counter() - before < 2
    assert process._queued <= 20_000
    assert process.lag == tip - 10
    os.kill(pid_of(process), signal.SIGCONT)
    assert process.wait(tip, PATIENCE)


def test_whatever_stops_it_is_reported_by_its_code(start, world, url):
    assert failure_of(start(application="hefu.bootstrap:nothing")) == "USAGE"
    read = payload.source_of(world.chain)
    assert failure_of(start(source=lambda height: read(height + 1))) == "WRONG_ORDER"
    engine = database.open_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.update(schema.meta).values(schema_version=0))
    engine.dispose()
    assert failure_of(start()) == "READ_MODELS_SCHEMA"


def test_a_source_that_fails_or_has_forgotten_is_reported(world, url):
    def broken(height: int) -> bytes | None:
        raise OSError("no disk")

    for source, code in ((broken, "READ_MODELS_SOURCE"), (lambda height: None, "NOT_ARCHIVED")):
        process = ProjectorProcess(url, world.genesis.raw, APPLICATION, source)
        assert process._read(5, fed=7) is None
        assert process.failure is not None
        assert process.failure.code == code


def test_it_does_not_outlive_the_process_that_started_it(world, tmp_path):
    (tmp_path / "genesis.json").write_bytes(world.genesis.raw)
    script = tmp_path / "node.py"
    script.write_text(
        textwrap.dedent(f"""
        import os, pathlib, signal
        from hefu.readmodels.runner import ProjectorProcess
        if __name__ == "__main__":
            raw = pathlib.Path({str(tmp_path / "genesis.json")!r}).read_bytes()
            process = ProjectorProcess("sqlite:///{tmp_path}/views.db", raw, {APPLICATION!r}, lambda height: None)
            process.start()
            while process._height is None:
                pass
            print(process._process.pid, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        """)
    )
    ran = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=PATIENCE, check=False)
    status = Path(f"/proc/{int(ran.stdout)}/stat")
    end = time.monotonic() + PATIENCE
    while _alive(status):
        assert time.monotonic() < end, "it lives on"
        time.sleep(0.05)


def _alive(status: Path) -> bool:
    try:
        return status.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
