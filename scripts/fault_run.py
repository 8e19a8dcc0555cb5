"""
Break a network of four validators at random instants under load, and look for what was lost, doubled or left behind.

    python scripts/fault_run.py --each 5

Each fault is injected so many times, in random order, while transactions go in through all gateways. After each the network
must go on: a transaction submitted after the fault is answered within a minute. At the end every acknowledged transaction is on
every node in the same place, none is there twice, and all state roots are equal. Prints a table of what was injected and seen.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import httpx

from hefu import bootstrap
from hefu.contracts.parties.commands import OpenAccount
from hefu.kernel.errors import EngineError, UsageError
from hefu.kernel.ids import SALT_BYTES
from hefu.ledger.block import Receipt
from hefu.services.home import Home
from hefu.services.network import Network
from hefu.services.nodes import engine_home
from hefu.services.nodes.client import NodeClient
from hefu.services.nodes.local import HOST, PORTS_A_NODE, LocalNetwork, client_of
from hefu.services.nodes.ports import first_free

PASSPHRASE = "for tests only"
BANKS = ("Bank A", "Bank B", "Bank C", "Bank D")
#: Threads that submit and wait, one transaction each.
LOADERS = 16
RECOVERY_S = 60.0
FREEZE_S = 4.0


@dataclass
class Seen:
    """What was seen of one kind of fault."""

    injected: int = 0
    answered: int = 0
    recovery_s: list[float] = field(default_factory=list)


class Load:
    """Transactions without a pause, through whichever gateway answers."""

    def __init__(self, local: LocalNetwork, opened: Network) -> None:
        self._home, self._opened = local.home, opened
        party = opened.home.party("Operator")
        self._organisation = bytes.fromhex(party.organisation)
        self._signer = opened.ring(party).govern
        self._numbers = count(1)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self.acknowledged: dict[bytes, tuple[int, int]] = {}
        self.problems: list[str] = []
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(LOADERS)]

    def transaction(self) -> bytes:
        """One that nobody has submitted before."""
        with self._lock:
            salt = next(self._numbers).to_bytes(SALT_BYTES, "big")
            return self._opened.draft([OpenAccount(self._organisation, salt)], self._signer).wire()

    def take(self, receipt: Receipt) -> None:
        """An answer; the second of one transaction must be the same as the first."""
        place = (receipt.height, receipt.index)
        with self._lock:
            known = self.acknowledged.setdefault(receipt.transaction_id, place)
            if receipt.code not in ("OK", "REPLAYED") or known != place:
                self.problems.append(f"{receipt.transaction_id.hex()}: {receipt.code} at {place}, before at {known}")

    def _run(self) -> None:
        with closing(client_of(self._home)) as client:
            while not self._stop.is_set():
                raw = self.transaction()
                while not self._stop.is_set():
                    try:
                        self.take(client.submit(raw, patience_s=20))
                        break
                    except EngineError:
                        time.sleep(0.2)
                    except Exception as error:
                        # Nobody answers while all are down; the same bytes go again.
                        if getattr(error, "code", "") not in ("NO_NODE_ANSWERS", "BUSY"):
                            self.problems.append(f"{type(error).__name__}: {error}")
                            return
                        time.sleep(0.2)

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End, with what is on its way."""
        self._stop.set()
        for thread in self._threads:
            thread.join(120)


# -- faults -------------------------------------------------------------------------------------------------------


def _pids(local: LocalNetwork, name: str) -> tuple[int | None, int | None]:
    """A node's process and its CometBFT's."""
    return local.pid(name), local.status_of(name).get("engine", {}).get("pid")


def _signal(number: int, *pids: int | None) -> None:
    for pid in pids:
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, number)


def _reap(local: LocalNetwork, name: str) -> None:
    end = time.monotonic() + 20
    while (pid := local.pid(name)) is not None and time.monotonic() < end:
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        time.sleep(0.05)


def _start(local: LocalNetwork, *names: str) -> None:
    """As whoever runs a node does: again, until its ports are free of what was killed."""
    for name in names:
        end = time.monotonic() + 20
        while True:
            try:
                local.start(name)
                break
            except UsageError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)


def kill_node(local: LocalNetwork, chance: random.Random) -> None:
    """A node and its engine, at once; started again a little later."""
    name = chance.choice(list(local.nodes))
    _signal(signal.SIGKILL, *_pids(local, name))
    _reap(local, name)
    time.sleep(chance.uniform(0, 2))
    _start(local, name)


def kill_application(local: LocalNetwork, chance: random.Random) -> None:
    """The ledger alone: the engine is left without its application, and ends."""
    name = chance.choice(list(local.nodes))
    pid, engine = _pids(local, name)
    _signal(signal.SIGKILL, pid)
    _reap(local, name)
    end = time.monotonic() + 20
    while engine is not None and Path(f"/proc/{engine}/cmdline").exists():
        if not Path(f"/proc/{engine}/cmdline").read_bytes() or time.monotonic() > end:
            break
        time.sleep(0.1)
    _signal(signal.SIGKILL, engine)
    _start(local, name)


def kill_engine(local: LocalNetwork, chance: random.Random) -> None:
    """The engine alone, in whatever window between FinalizeBlock and Commit it is: the supervisor starts it again."""
    name = chance.choice(list(local.nodes))
    _signal(signal.SIGKILL, _pids(local, name)[1])


def freeze_node(local: LocalNetwork, chance: random.Random) -> None:
    """A node stands still for some seconds, as a machine does that swaps."""
    pids = _pids(local, chance.choice(list(local.nodes)))
    _signal(signal.SIGSTOP, *pids)
    time.sleep(FREEZE_S)
    _signal(signal.SIGCONT, *pids)


def kill_two(local: LocalNetwork, chance: random.Random) -> None:
    """Two of four at once: nothing is decided until one is back."""
    names = chance.sample(list(local.nodes), 2)
    _signal(signal.SIGKILL, *(pid for name in names for pid in _pids(local, name)))
    for name in names:
        _reap(local, name)
    time.sleep(chance.uniform(0, 3))
    _start(local, *names)


def kill_all(local: LocalNetwork, chance: random.Random) -> None:
    """The whole network at one instant, as when the building's power fails."""
    names = list(local.nodes)
    _signal(signal.SIGKILL, *(pid for name in names for pid in _pids(local, name)))
    for name in names:
        _reap(local, name)
    _start(local, *names)


def restart_all(local: LocalNetwork, chance: random.Random) -> None:
    """Down and up again, in order."""
    local.down()
    _start(local, *local.nodes)


def lose_ledger(local: LocalNetwork, chance: random.Random) -> None:
    """A node's copy of the ledger is gone; its engine still has the blocks, and gives them again."""
    name = chance.choice(list(local.nodes))
    local.stop(name)
    shutil.rmtree(local.nodes[name].ledger)
    _start(local, name)


def garbage(local: LocalNetwork, chance: random.Random) -> None:
    """Random bytes on a node's application socket, its engine's RPC port, its gateway and the port of its peers."""
    node = local.nodes[chance.choice(list(local.nodes))]
    file = node.read()
    places: list[str | tuple[str, int]] = [str(engine_home.socket_of(node.engine))]
    places += [(HOST, port) for port in (file.rpc_port, file.gateway_port, file.p2p_port)]
    for place in places:
        for _ in range(3):
            kind = socket.AF_UNIX if isinstance(place, str) else socket.AF_INET
            with suppress(OSError), socket.socket(kind) as connection:
                connection.settimeout(1)
                connection.connect(place)
                connection.sendall(chance.randbytes(chance.choice([1, 100, 70_000])))


def flood(local: LocalNetwork, chance: random.Random) -> None:
    """Hundreds of bodies that are no transaction, some of them larger than any."""
    node = local.nodes[chance.choice(list(local.nodes))]
    url = f"http://{HOST}:{node.read().gateway_port}/v1/transactions"
    headers = {"Authorization": f"Bearer {node.token.read_text().strip()}"}
    with httpx.Client(headers=headers, timeout=10) as client:
        for i in range(300):
            body = chance.randbytes(2 << 20 if i % 100 == 0 else chance.randrange(2000))
            with suppress(httpx.HTTPError):
                answer = client.post(url, content=body, params={"wait_s": "1"})
                assert answer.status_code != 500, answer.text


FAULTS: tuple[Callable[[LocalNetwork, random.Random], None], ...] = (
    kill_node,
    kill_application,
    kill_engine,
    freeze_node,
    kill_two,
    kill_all,
    restart_all,
    lose_ledger,
    garbage,
    flood,
)


# -- the run ------------------------------------------------------------------------------------------------------


def recover(local: LocalNetwork, load: Load) -> float:
    """Seconds until a transaction that is submitted now is answered."""
    began = time.monotonic()
    raw = load.transaction()
    with closing(client_of(local.home)) as client:
        while True:
            try:
                load.take(client.submit(raw, patience_s=RECOVERY_S))
                return time.monotonic() - began
            except Exception as error:
                if time.monotonic() - began > RECOVERY_S:
                    raise SystemExit(f"STUCK: no answer within {RECOVERY_S:.0f} s: {error}") from None
                time.sleep(0.3)


def settled(local: LocalNetwork) -> dict[str, str]:
    """State roots of all nodes once they stand at one height."""
    end = time.monotonic() + 2 * RECOVERY_S
    while True:
        stands = {name: local.status_of(name) for name in local.nodes}
        heights = {stand.get("height") for stand in stands.values()}
        if len(heights) == 1 and None not in heights:
            return {name: stand["state_root"] for name, stand in stands.items()}
        if time.monotonic() > end:
            raise SystemExit(f"APART: the nodes do not meet: { {n: s.get('height') for n, s in stands.items()} }")
        time.sleep(0.3)


def check(local: LocalNetwork, load: Load) -> None:
    """Nothing lost, nothing doubled, one state."""
    if load.problems:
        raise SystemExit(f"WRONG: {load.problems[0]}")
    roots = settled(local)
    if len(set(roots.values())) != 1:
        raise SystemExit(f"APART: {roots}")
    if len(set(load.acknowledged.values())) != len(load.acknowledged):
        raise SystemExit("DOUBLED: two transactions have one place")
    for name, node in local.nodes.items():
        url = f"http://{HOST}:{node.read().gateway_port}"
        with closing(NodeClient([url], [node.token.read_text().strip()])) as client:
            for identifier, place in load.acknowledged.items():
                found = client.receipt(identifier)
                if found is None or (found.height, found.index) != place:
                    raise SystemExit(f"LOST: {identifier.hex()} was acknowledged at {place}, {name} says {found}")


def main() -> int:
    """Run; exit code 1 with the first thing lost, doubled or stuck."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=5, help="times that each fault is injected")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", default=[], help="these faults alone, by name")
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    chosen = [fault for fault in FAULTS if not arguments.only or fault.__name__ in arguments.only]
    plan = [fault for fault in chosen for _ in range(arguments.each)]
    chance.shuffle(plan)
    seen = {fault.__name__: Seen() for fault in chosen}
    work = Path(tempfile.mkdtemp(prefix="hefu-fault-"))
    local = LocalNetwork.create(
        work / "n",
        name="faults",
        operator="Operator",
        banks=BANKS,
        passphrase=PASSPHRASE,
        first_port=first_free(PORTS_A_NODE * len(BANKS), 29_000),
        cost=1024,
    )
    try:
        local.up(timeout_s=120)
        with Network(Home(local.home), bootstrap.application(), PASSPHRASE, cost=1024) as opened:
            load = Load(local, opened)
            load.start()
            for number, fault in enumerate(plan, 1):
                time.sleep(chance.uniform(0.2, 1.5))
                of, before = seen[fault.__name__], len(load.acknowledged)
                fault(local, chance)
                of.recovery_s.append(recover(local, load))
                of.injected += 1
                of.answered += len(load.acknowledged) - before
                if load.problems:
                    break
                if sys.stderr.isatty() or number % 10 == 0 or number == len(plan):
                    print(f"\r{number} of {len(plan)} faults", end="", file=sys.stderr)
            print(file=sys.stderr)
            load.stop()
            check(local, load)
    finally:
        local.down()
        shutil.rmtree(work, ignore_errors=True)
    print("| fault | injected | answered during it | answered again after, median (most) |")
    print("|---|---|---|---|")
    for name, of in seen.items():
        typical, most = statistics.median(of.recovery_s), max(of.recovery_s)
        print(f"| `{name}` | {of.injected} | {of.answered} | {typical:.1f} s ({most:.1f}) |")
    print(
        f"\n{len(plan)} faults, {len(load.acknowledged)} transactions acknowledged: 0 lost, 0 doubled, one state root on all nodes"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
