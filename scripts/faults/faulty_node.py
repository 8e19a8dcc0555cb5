"""
A real node that lies, dies at a chosen instant, or has a clock that is off. For fault_run.py; nobody else runs it.

    python scripts/faults/faulty_node.py [--lie] [--die FILE] [--points NUMBER] [--clock SECONDS --cometbft PROGRAM] --node NODE

--lie      every proposal is one that no honest node makes; what was proposed stands in NODE/lies.log
--die      as soon as FILE is there, with a window and a victim in it, the next block with transactions is their end
--points   CometBFT's first runs end at its own crash points (its FAIL_TEST_INDEX), so many of them, one after the other
--clock    ledger and CometBFT are so many seconds ahead; the program is made by `scripts/install_cometbft.sh VERSION clock`
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count, cycle
from pathlib import Path
from typing import Any

from hefu import bootstrap
from hefu.ledger.engines.cometbft import abci_pb2 as pb
from hefu.ledger.engines.cometbft.parcel import pack, unpack
from hefu.ledger.engines.cometbft.replica import Finalized, Replica
from hefu.ledger.engines.cometbft.server import AbciServer
from hefu.services.nodes import supervisor
from hefu.services.nodes.node import Node, NodeHome
from hefu.services.nodes.supervisor import Supervisor

#: Instants around FinalizeBlock and Commit, in their order.
WINDOWS = ("before finalize", "finalized", "finalize answered", "before write", "written", "commit answered")
VICTIMS = ("application", "engine", "both")


# -- lies ---------------------------------------------------------------------------------------------------------


def lie(log: Path) -> None:
    """Propose in turn bytes that are no parcel, a parcel with a forged signature, more transactions than a block takes."""
    honest = Replica.prepare
    kinds = cycle(("garbage", "signature", "too many"))
    kept: list[bytes] = []

    def prepare(self: Replica, parcels: Sequence[bytes], bytes_max: int) -> list[bytes]:
        good = honest(self, parcels, bytes_max)
        kept[:] = good[:1] or kept
        kind = next(kinds) if kept else "garbage"
        if kind == "garbage":
            made = [*good, os.urandom(500)]
        elif kind == "signature":
            *first, last = unpack(kept[0])
            made = [pack([*first, last[:-1] + bytes([last[-1] ^ 1])])]
        else:
            half = self.genesis.file.bounds.block_transactions // 2 + 1
            made = [pack([unpack(kept[0])[0]] * half) for _ in range(2)]
        with log.open("a") as file:
            file.write(f"{kind}\n")
        return made

    Replica.prepare = prepare  # type: ignore[method-assign]
    # Its own vote is for its own lie.
    Replica.accepts = lambda self, parcels: True  # type: ignore[method-assign]


# -- deaths -------------------------------------------------------------------------------------------------------


class Death:
    """
    Args:
        order: The file that says when and who.
        node: Whose process this is.
    """

    def __init__(self, order: Path, node: Node) -> None:
        self._order, self._node = order, node

    def comes(self, window: str) -> None:
        """Die, if the order says so of this window."""
        try:
            asked, _, victim = self._order.read_text().partition(": ")
        except FileNotFoundError:
            return
        if asked != window:
            return
        self._order.unlink()
        engine = self._node._supervisor.pid if self._node._supervisor is not None else None
        if victim in ("engine", "both") and engine is not None:
            os.kill(engine, signal.SIGKILL)
            # Gone before anything else happens, though nobody has asked for its exit code yet.
            with suppress(ChildProcessError):
                os.waitid(os.P_PID, engine, os.WEXITED | os.WNOWAIT)
        if victim in ("application", "both"):
            os.kill(os.getpid(), signal.SIGKILL)


def die(death: Death) -> None:
    """Put the windows around what the replica and its server do with a block that has transactions in it."""
    finalize, commit, answer = Replica.finalize, Replica.commit, AbciServer.answer

    def finalized(self: Replica, height: int, at_ms: int, parcels: Sequence[bytes]) -> Any:
        if not parcels:
            return finalize(self, height, at_ms, parcels)
        death.comes("before finalize")
        result = finalize(self, height, at_ms, parcels)
        death.comes("finalized")
        return result

    def committed(self: Replica) -> Finalized:
        full = self._finalized is not None and self._finalized.outcome is not None
        if full:
            death.comes("before write")
        done = commit(self)
        if full:
            death.comes("written")
        return done

    def answered(self: AbciServer, request: pb.Request) -> bytes:
        kind = request.WhichOneof("value")
        before = self.replica._finalized
        result = answer(self, request)
        # The answer is written when this turn of the loop ends, before anything new is read.
        if kind == "finalize_block" and request.finalize_block.txs:
            asyncio.get_running_loop().call_soon(death.comes, "finalize answered")
        elif kind == "commit" and before is not None and before.outcome is not None:
            asyncio.get_running_loop().call_soon(death.comes, "commit answered")
        return result

    Replica.finalize, Replica.commit = finalized, committed  # type: ignore
    AbciServer.answer = answered  # type: ignore[method-assign]


def crash_points(most: int) -> None:
    """Let CometBFT's runs end at each of its own crash points in turn, and then live."""
    run_once, runs = Supervisor._run_once, count()
    # A run that ends at once is one that we asked for; there is no reason to wait longer after each.
    supervisor.PAUSE_LAST = supervisor.PAUSE_FIRST

    async def once(self: Supervisor) -> int:
        number = next(runs)
        os.environ["FAIL_TEST_INDEX"] = str(number if number < most else -1)
        return await run_once(self)

    Supervisor._run_once = once  # type: ignore[method-assign]


# -- clocks -------------------------------------------------------------------------------------------------------


def set_clock(seconds: float, program: Path) -> None:
    """Everything that this node asks for the time is told another."""
    os.environ["HEFU_COMETBFT"] = str(program)
    os.environ["COMETBFT_CLOCK_OFFSET"] = f"{seconds}s"
    true: Callable[[], float] = time.time
    time.time = lambda: true() + seconds


def main() -> None:
    """Run until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lie", action="store_true")
    parser.add_argument("--die", type=Path)
    parser.add_argument("--points", type=int)
    parser.add_argument("--clock", type=float)
    parser.add_argument("--cometbft", type=Path)
    parser.add_argument("--node", type=Path, required=True)
    asked = parser.parse_args()
    if asked.clock is not None:
        set_clock(asked.clock, asked.cometbft)
    if asked.lie:
        lie(asked.node / "lies.log")
    if asked.points is not None:
        crash_points(asked.points)
    node = Node(NodeHome(asked.node), bootstrap.application(), tools=Path(".tools"))
    if asked.die is not None:
        die(Death(asked.die, node))
    asyncio.run(node.run())


if __name__ == "__main__":
    main()
