"""
Four validators on this machine under the spine's own commands: individually signed assignments and batches of a hundred, submitted
to all four gateways over HTTP, final when the gateway's own node has committed the block.

    python -m bench.network [--seconds 600] [--window 1200] [--rate 1500]

A closed loop: so many transactions are on their way at any time, and the next goes out when one is answered. Latency is that of the
request which carried a transaction, from sending to its last answer, so it is an upper bound. Rights and invoices are preloaded
through the network itself. Prints one JSON list of rows.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from bench.world import BenchWorld
from hefu.kernel.errors import Busy, HefuError
from hefu.services.nodes.client import NodeClient
from hefu.services.nodes.engine_home import NodeKeys, Peer
from hefu.services.nodes.local import HOST, PORTS_A_NODE, LocalNetwork, NetworkFile
from hefu.services.nodes.node import NodeFile, NodeHome
from hefu.services.nodes.ports import first_free

VALIDATORS = 4
#: Requests on their way at each gateway; they take turns, so that one is always being filled.
LANES = 3
BATCH = 100


def network(folder: Path) -> tuple[LocalNetwork, BenchWorld]:
    """Four nodes of a new ledger whose cast is the benchmark's."""
    first = first_free(PORTS_A_NODE * VALIDATORS, 27_000)
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    homes, keys, files = [], list[NodeKeys](), []
    for i in range(VALIDATORS):
        home, port = NodeHome(folder / "nodes" / f"node{i}"), first + PORTS_A_NODE * i
        file = NodeFile(
            name=f"node{i}",
            p2p_port=port,
            rpc_port=port + 1,
            gateway_port=port + 2,
            metrics_port=port + 3,
            genesis_time=at,
        )
        keys.append(home.make(file))
        homes.append(home)
        files.append(file)
    world = BenchWorld("ed25519", folder / "scratch", validators=tuple(key.validator for key in keys))
    world.chain.store.close()
    peers = [Peer(key.id, HOST, file.p2p_port) for key, file in zip(keys, files, strict=True)]
    for i, home in enumerate(homes):
        home.settle(world.genesis.raw, peers[:i] + peers[i + 1 :])
    urls = [f"http://{HOST}:{file.gateway_port}" for file in files]
    told = NetworkFile(nodes=[file.name for file in files], urls=urls)
    (folder / "network.json").write_bytes(msgspec.json.encode(told))
    local = LocalNetwork(folder)
    local.up(timeout_s=120)
    return local, world


class Pump:
    """Keeps requests on their way at every gateway until the transactions or the time are used up."""

    def __init__(self, local: LocalNetwork, raws: list[bytes], size: int, seconds: float) -> None:
        self._raws, self._size = raws, size
        self._next = 0
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._end = self._began + seconds
        self.latencies: list[float] = []
        self.answered: list[float] = []
        self.busy = 0
        self.bad: list[str] = []
        threads = [
            threading.Thread(target=self._run, args=(url, node.token.read_text().strip()))
            for url, node in zip(local.file.urls, local.nodes.values(), strict=True)
            for _ in range(LANES)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.seconds = max(self.answered, default=0.0)

    def _take(self) -> list[bytes]:
        with self._lock:
            if time.monotonic() > self._end:
                return []
            taken = self._raws[self._next : self._next + self._size]
            self._next += len(taken)
            return taken

    def _run(self, url: str, token: str) -> None:
        with closing(NodeClient([url], [token])) as client:
            while raws := self._take():
                began = time.monotonic()
                while raws:
                    try:
                        answers = client.submit_many(raws)
                    except Busy:
                        self.busy += 1
                        time.sleep(0.2)
                        continue
                    except HefuError as error:
                        # Nothing breaks here but by a bug: the figure would be another's.
                        self.bad.append(error.code)
                        return
                    now = time.monotonic()
                    done = [answer for answer in answers if answer is not None]
                    self.bad += [answer.code for answer in done if not answer.ok]
                    self.latencies += [now - began] * len(done)
                    self.answered += [now - self._began] * len(done)
                    raws = [raw for raw, answer in zip(raws, answers, strict=True) if answer is None]


def preload(local: LocalNetwork, world: BenchWorld, rights: int) -> None:
    """Rights and invoices, through the network."""
    for done, wires in enumerate(world.preloading(rights)):
        pump = Pump(local, wires, max(1, len(wires) // (VALIDATORS * LANES)), 600)
        assert not pump.bad, pump.bad[:3]
        print(f"\r… preloading block {done}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


def rows_of(name: str, pump: Pump, each: int, must: float, goal: float, command: str) -> Iterator[dict[str, Any]]:
    """Throughput and latency of a pump."""
    assert not pump.bad, pump.bad[:3]
    rate = len(pump.answered) * each / pump.seconds
    base = {"peer": None, "peer_value": None, "command": command, "seconds": round(pump.seconds), "busy": pump.busy}
    yield {"name": name, "value": round(rate), "unit": "1/s", "must": must, "goal": goal, **base}
    for label, share in (("p50", 50), ("p99", 99)):
        value = statistics.quantiles(pump.latencies, n=100)[share - 1]
        bounds = {"must": 2.0, "goal": 1.0} if label == "p50" and each == 1 else {"must": None, "goal": None}
        yield {"name": f"{name}, {label}", "value": round(value, 2), "unit": "s", **bounds, **base}


def memory_mb(local: LocalNetwork) -> dict[str, float]:
    """Resident memory of each node's process and of its CometBFT, in megabytes."""
    found = {}
    for name in local.nodes:
        engine = local.status_of(name).get("engine", {}).get("pid")
        for what, pid in (("ledger", local.pid(name)), ("engine", engine)):
            status = Path(f"/proc/{pid}/status").read_text()
            found[f"{name} {what}"] = int(status.split("VmRSS:")[1].split()[0]) / 1024
    return found


def main() -> int:
    """Run; one JSON list of rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--window", type=int, default=1200, help="single transactions on their way at once")
    parser.add_argument("--rate", type=int, default=1500, help="a rate that is not reached: how much is preloaded")
    arguments = parser.parse_args()
    command = (
        f"python -m bench.network --seconds {arguments.seconds:g} --window {arguments.window} --rate {arguments.rate}"
    )
    folder = Path(tempfile.mkdtemp(prefix="hefu-net-"))
    rows: list[dict[str, Any]] = []
    local: LocalNetwork | None = None
    try:
        local, world = network(folder)
        singles, batched = int(arguments.seconds * arguments.rate), 200 * BATCH * 2
        preload(local, world, singles + batched)
        raws = world.batches(singles, batched, BATCH)
        pump = Pump(local, raws, 8, 600)
        rows += rows_of(f"network: {batched:,} operations in signed batches of 100", pump, BATCH, 2000, 4000, command)
        raws = world.singles(0, singles)
        pump = Pump(local, raws, arguments.window // (VALIDATORS * LANES), arguments.seconds)
        rows += rows_of(f"network: assignments, single, over {arguments.seconds:g} s", pump, 1, 700, 1500, command)
        memory = memory_mb(local)
        most = max(value for name, value in memory.items() if name.endswith("ledger"))
        rows.append({"name": "network: memory of a node's ledger process after that", "value": round(most), "unit": "MB",
                     "must": None, "goal": None, "peer": None, "peer_value": None, "command": command, **memory})  # fmt: skip
    finally:
        if local is not None:
            local.down()
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(rows, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
