"""
Four validators on this machine under the spine's own commands, submitted to all four gateways over HTTP, final when the
gateway's own node has committed the block.

    python -m bench.network [batches] [singles] [soak] [overload] [join] [peers]

- batches: signed batches of a hundred assignments, as many on their way as fit.
- singles: individually signed assignments for --seconds, at --rate offered a second.
- soak: individually signed assignments at 500 a second for --soak-seconds; memory of every node, minute by minute.
- overload: registrations of invoices at three times --rate for --overload-seconds, each sender going on without waiting for
  answers, of which the nodes' own metrics tell; then how long until a single one is answered within two seconds again.
- join: a node takes a snapshot of --rights rights, and stands where the others stand.
- peers: before all that, what stands beside: the embedded engine under the same commands, and etcd with three members if it is
  installed (`bench/etcd.py`).

Latency is that of the request which carried a transaction, from sending to its last answer, so it is an upper bound. Rights and
invoices are preloaded through the network itself. Prints one JSON list of rows.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from bench import etcd, table
from bench.pump import Pump, flood
from bench.table import Row
from bench.usage import Usage, memory_mb, total
from bench.world import BenchWorld
from hefu.kernel.errors import Busy
from hefu.services.nodes import joining
from hefu.services.nodes.client import NodeClient
from hefu.services.nodes.engine_home import NodeKeys, Peer
from hefu.services.nodes.local import HOST, LocalNetwork, NetworkFile
from hefu.services.nodes.node import PORTS_A_NODE, NodeFile, NodeHome
from hefu.services.nodes.ports import first_free

VALIDATORS = 4
BATCH = 100
SOAK_RATE = 500
#: Numbers that no other phase uses.
_UNUSED = 100_000_000
#: What is loaded for the batches: a tenth warms up, the rest is measured.
BATCHED = 60_000
_ANSWERED, _BUSY, _RESENT = (f"hefu_gateway_{what}_total" for what in ("answered", "busy", "resent"))
PHASES = ("batches", "singles", "soak", "overload", "join", "peers")


def network(folder: Path) -> tuple[LocalNetwork, BenchWorld]:
    """Four nodes of a new ledger whose cast is the benchmark's."""
    first = first_free(PORTS_A_NODE * (VALIDATORS + 1), 27_000)
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    homes, keys, files = [], list[NodeKeys](), []
    for i in range(VALIDATORS):
        home, port = NodeHome(folder / "nodes" / f"node{i}"), first + PORTS_A_NODE * i
        file = NodeFile.on_ports(port, name=f"node{i}", genesis_time=at)
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


class Bench:
    """A network with its load; each phase takes rights that no other has."""

    def __init__(self, local: LocalNetwork, world: BenchWorld, arguments: argparse.Namespace) -> None:
        self.local, self.world, self.asked = local, world, arguments
        self._next = 0

    def take(self, count: int) -> int:
        """The number of the first of so many rights."""
        first, self._next = self._next, self._next + count
        return first

    def preload(self, rights: int) -> None:
        """Rights and invoices, through the network; after the first block, which the others need, as fast as it takes them."""
        blocks = self.world.preloading(rights)
        pump = Pump(self.local, next(blocks), 5, 600)
        assert not pump.bad, pump.bad[:3]
        began = time.monotonic()
        wires = [wire for block in blocks for wire in block]
        pump = Pump(self.local, wires, 8, 3600)
        assert not pump.bad, pump.bad[:3]
        print(f"{rights:,} rights preloaded in {time.monotonic() - began:.0f} s", file=sys.stderr)

    def needed(self, phase: str) -> int:
        """Rights that a phase uses up, in whole blocks of preloading."""
        asked = self.asked
        count = {
            "batches": BATCHED,
            "singles": int(asked.seconds * asked.rate),
            "soak": int(asked.soak_seconds * SOAK_RATE),
            "overload": 0,
            "join": 0,
            "peers": 0,
        }[phase]
        return -(-count // 5_000) * 5_000

    # -- phases -------------------------------------------------------------------------------------------------

    def batches(self) -> Iterator[Row]:
        first = self.take(BATCHED)
        raws = self.world.batches(first, BATCHED, BATCH)
        warm = len(raws) // 10
        Pump(self.local, raws[:warm], 8, 600)
        usage = Usage(self.local)
        pump = Pump(self.local, raws[warm:], 8, 600)
        yield from rows_of("network: operations in signed batches of 100", pump, BATCH, 2000, 4000, usage)

    def singles(self) -> Iterator[Row]:
        asked = self.asked
        count = self.needed("singles")
        raws = self.world.singles(self.take(count), count)
        usage = Usage(self.local)
        pump = Pump(self.local, raws, 100, asked.seconds, rate=asked.rate)
        name = f"network: assignments, single, over {asked.seconds:g} s at {asked.rate}/s offered"
        yield from rows_of(name, pump, 1, 700, 1500, usage)
        after = memory_mb(self.local)
        whole = max(value for name, value in after.items() if name.endswith("ledger whole"))
        yield row("network: memory of a node's ledger after that", round(whole), "MB", None, None, **rounded(after))

    def soak(self) -> Iterator[Row]:
        asked = self.asked
        count = self.needed("soak")
        raws = self.world.singles(self.take(count), count)
        seen: list[dict[str, float]] = []
        pump = Pump(
            self.local,
            raws,
            50,
            asked.soak_seconds,
            rate=SOAK_RATE,
            each_minute=lambda: seen.append(memory_mb(self.local)),
        )
        seen.append(memory_mb(self.local))
        assert not pump.bad, pump.bad[:3]
        whole = [max(value for name, value in at.items() if name.endswith("ledger whole")) for at in seen]
        half = whole[len(whole) // 2]
        name = f"network: memory of a node's ledger after {asked.soak_seconds:g} s at {len(pump.answered) / pump.seconds:.0f}/s"
        yield row(
            name, round(whole[-1]), "MB", 400, None, minutes=[round(value) for value in whole], **rounded(seen[-1])
        )
        yield row("network: growth over the second half of that", round(whole[-1] - half), "MB", None, None)

    def overload(self) -> Iterator[Row]:
        asked = self.asked
        # Invoices are registered: nine in ten transactions come to nothing, and rights for all of them would have to be preloaded.
        first, count = _UNUSED, int(asked.overload_seconds * asked.rate * 3)
        raws = self.world.registers(first, count)
        answered, busy, resent = (total(self.local, name) for name in (_ANSWERED, _BUSY, _RESENT))
        seen = flood(self.local, raws, 3 * asked.rate, asked.overload_seconds)
        answered, busy = total(self.local, _ANSWERED) - answered, total(self.local, _BUSY) - busy
        resent = total(self.local, _RESENT) - resent
        began = time.monotonic()
        url, token = self.local.file.urls[0], next(iter(self.local.nodes.values())).token.read_text().strip()
        with closing(NodeClient([url], [token])) as client:
            while True:
                sent = time.monotonic()
                first -= 1
                probe = self.world.registers(first, 1)[0]
                try:
                    assert client.submit(probe).ok
                    if time.monotonic() - sent < 2.0:
                        break
                except Busy:
                    time.sleep(0.2)
        offered = f"network: {seen.offered / seen.seconds:.0f}/s offered for {seen.seconds:.0f} s"
        yield row(f"{offered}, answered", round(answered / seen.seconds), "1/s", None, None, resent=resent)
        # A request with one transaction too many is refused; those of it that were taken before are answered all the same.
        yield row(f"{offered}, requests refused with BUSY", busy, "", None, None, told=seen.refused)
        yield row(
            f"{offered}, until an answer takes less than 2 s again", round(time.monotonic() - began, 1), "s", None, None
        )

    def join(self) -> Iterator[Row]:
        """The snapshot is taken first; what counts is from `node init` to a node that stands where the others stand."""
        node = next(iter(self.local.nodes.values()))
        name = next(iter(self.local.nodes))
        self.local.stop(name)
        file = node.read()
        file.snapshot_blocks = 5
        node.write(file)
        self.local.start(name)
        height = _wait(lambda: self.local.status_of(name).get("height"))
        began = time.monotonic()
        _wait(lambda: any(made >= height for made in node.whereabouts().snapshots), 900)
        took = time.monotonic() - began
        file = node.read()
        file.snapshot_blocks = 0
        node.write(file)
        self.local.stop(name)
        self.local.start(name)
        _wait(lambda: self.local.status_of(name).get("engine", {}).get("running"))
        began = time.monotonic()
        there = NodeHome(self.local.home / "nodes" / "late")
        port = max(other.read().metrics_port for other in self.local.nodes.values()) + 1
        url = f"http://{HOST}:{node.read().gateway_port}"
        token = node.token.read_text().strip()
        joining.join(there, name="late", genesis=self.world.genesis, url=url, token=token, first_port=port)
        self.local.nodes["late"] = there
        self.local.start("late")
        _wait(
            lambda: self.local.status_of("late").get("state_root") == self.local.status_of(name).get("state_root"), 900
        )
        rights = self.asked.rights
        yield row(
            f"network: a node joins {rights:,} rights by state sync", round(time.monotonic() - began, 1), "s", 120, 30
        )
        yield row(f"network: a snapshot of {rights:,} rights is taken beside it", round(took, 1), "s", None, None)


def measured_peers() -> tuple[list[Row], dict[int, tuple[str, float]]]:
    """Rows of what stands beside a network, and etcd's transfers a second by how many a transaction holds."""
    rows: list[Row] = []
    for name in ("singles-ed25519", "batches-ed25519"):
        done = subprocess.run([sys.executable, "-m", "bench.ledger", name], capture_output=True, text=True, check=True)
        rows += [
            {**found, "name": f"beside: {found['name']}"} for found in json.loads(done.stdout[done.stdout.index("[") :])
        ]
    if not etcd.installed():
        print("etcd is not installed: measured without it", file=sys.stderr)
        return rows, {}
    peer = etcd.Etcd()
    try:
        label = f"etcd {peer.version}, three members, {etcd.CONNECTIONS} connections"
        return rows, {batch: (f"{label}, {batch} a transaction", peer.rate(batch)) for batch in (1, BATCH)}
    finally:
        peer.close()


def _wait(ready: Callable[[], Any], seconds: float = 120.0) -> Any:
    end = time.monotonic() + seconds
    while not (found := ready()):
        assert time.monotonic() < end, "it does not get there"
        time.sleep(0.2)
    return found


COMMAND = ""


def row(name: str, value: float, unit: str, must: float | None, goal: float | None, **more: Any) -> Row:
    """One row of the table."""
    return table.row(name, value, unit, must, goal, command=COMMAND, **more)


def rounded(values: dict[str, float]) -> dict[str, int]:
    """For the table."""
    return {name: round(value) for name, value in values.items()}


def rows_of(name: str, pump: Pump, each: int, must: float, goal: float, usage: Usage) -> Iterator[Row]:
    """Throughput and latency of a pump, and where the time went."""
    assert not pump.bad, pump.bad[:3]
    spent = usage.since()
    rate = len(pump.answered) * each / pump.seconds
    yield row(name, round(rate), "1/s", must, goal, seconds=round(pump.seconds), busy=pump.busy, **spent)
    for label, share in (("p50", 50), ("p99", 99)):
        value = statistics.quantiles(pump.latencies, n=100)[share - 1]
        bounds = (2.0, 1.0) if label == "p50" and each == 1 else (None, None)
        yield row(f"{name}, {label}", round(value, 2), "s", *bounds)
    yield row(f"{name}, the application's share of a block's time", spent["application_share_percent"], "%", None, None)


def main() -> int:
    """Run; one JSON list of rows."""
    global COMMAND
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "phases", nargs="*", default=["peers", "batches", "singles"], metavar="PHASE", help=", ".join(PHASES)
    )
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--rate", type=int, default=800, help="single transactions offered a second")
    parser.add_argument("--soak-seconds", type=float, default=1800)
    parser.add_argument("--overload-seconds", type=float, default=300)
    parser.add_argument("--rights", type=int, default=1_000_000, help="rights of the ledger that a node joins")
    arguments = parser.parse_args()
    if unknown := set(arguments.phases) - set(PHASES):
        parser.error(f"no phase {', '.join(sorted(unknown))}")
    COMMAND = "python -m bench.network " + " ".join(sys.argv[1:])
    folder = Path(tempfile.mkdtemp(prefix="hefu-net-"))
    rows: list[Row] = []
    local: LocalNetwork | None = None
    peers: dict[int, tuple[str, float]] = {}
    try:
        if "peers" in arguments.phases:
            rows, peers = measured_peers()
        local, world = network(folder)
        bench = Bench(local, world, arguments)
        rights = sum(bench.needed(phase) for phase in arguments.phases) + 5_000
        if "join" in arguments.phases:
            rights = max(rights, arguments.rights)
        bench.preload(rights)
        for phase in arguments.phases:
            for found in () if phase == "peers" else getattr(bench, phase)():
                beside = peers.get({"singles": 1, "batches": BATCH}.get(phase, 0))
                if beside and found["unit"] == "1/s":
                    found["peer"], found["peer_value"] = beside[0], round(beside[1])
                rows.append(found)
                print(f"{found['name']}: {found['value']} {found['unit']}", file=sys.stderr)
    finally:
        if local is not None:
            local.down()
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(rows, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
