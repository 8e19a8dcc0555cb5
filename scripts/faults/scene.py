"""What a fault has to work with: a running network under load, chance, and a place to say what was seen."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count, islice
from typing import Any, TypeVar

import httpx

from hefu.contracts.parties.commands import OpenAccount
from hefu.kernel.errors import EngineError
from hefu.kernel.ids import SALT_BYTES
from hefu.ledger.block import Receipt
from hefu.ledger.chain import PLACE
from hefu.services.network import Network
from hefu.services.nodes.client import NodeClient
from hefu.services.nodes.links import Links
from hefu.services.nodes.local import HOST, LocalNetwork, client_of

T = TypeVar("T")
#: Threads that submit and wait, one transaction each.
LOADERS = 16
RECOVERY_S = 60.0


class Skipped(Exception):
    """This fault cannot be injected on this machine."""


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
        self._flowing = threading.Event()
        self._flowing.set()
        self.acknowledged: dict[bytes, tuple[int, int]] = {}
        self.problems: list[str] = []
        self._threads = [threading.Thread(target=self._run, args=(i,), daemon=True) for i in range(LOADERS)]

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

    def _run(self, number: int) -> None:
        with closing(client_of(self._home)) as client:
            for _ in range(number):
                client.next_node()
            while not self._stop.is_set():
                self._flowing.wait()
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

    def pause(self) -> None:
        """Begin nothing new; what is on its way goes on."""
        self._flowing.clear()

    def resume(self) -> None:
        """Go on."""
        self._flowing.set()

    def stop(self) -> None:
        """End, with what is on its way."""
        self._stop.set()
        self._flowing.set()
        for thread in self._threads:
            thread.join(120)


@dataclass
class Scene:
    """
    Args:
        local: The network.
        load: What goes on meanwhile.
        chance: Chooses nodes and instants.
        brief: Each window of a crash once, with the victims in turn, instead of every victim in every window.
        seen: How often something was seen that is worth a word in the table.
    """

    local: LocalNetwork
    load: Load
    chance: random.Random
    brief: bool = False
    seen: Counter[str] = field(default_factory=Counter)

    @property
    def links(self) -> Links:
        """The forwarders between the nodes."""
        assert self.local.links is not None
        return self.local.links

    def some_node(self) -> str:
        """One by chance."""
        return self.chance.choice(list(self.local.nodes))

    def engine(self, name: str) -> dict[str, Any]:
        """What a node says of its CometBFT."""
        found: dict[str, Any] = self.local.status_of(name).get("engine", {})
        return found

    def rpc(self, name: str, method: str, **parameters: str) -> dict[str, Any]:
        """An answer of a node's CometBFT, errors as it gives them."""
        url = f"http://{HOST}:{self.local.nodes[name].read().rpc_port}"
        question = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
        found: dict[str, Any] = httpx.post(url, json=question, timeout=10).json()
        return found

    def height(self, name: str) -> int:
        """The engine's block that a node committed last; 0 if it does not answer."""
        return int(self.local.status_of(name).get("engine_height", 0))

    def wait(self, what: str, ready: Callable[[], Any], seconds: float = RECOVERY_S) -> Any:
        """
        Wait until something is so.

        Raises:
            SystemExit: It is not, after all this time.
        """
        end = time.monotonic() + seconds
        while True:
            found = ready()
            if found:
                return found
            if time.monotonic() > end:
                raise SystemExit(f"STUCK: {what} after {seconds:.0f} s")
            time.sleep(0.1)

    def voting(self, *names: str) -> bool:
        """Whether nodes, or all, have the ledger and vote."""
        engines = [self.engine(name) for name in names or self.local.nodes]
        return all(engine.get("running") and not engine.get("catching_up", True) for engine in engines)

    def whole(self) -> None:
        """Wait until every node votes and is connected with every other."""
        others = len(self.local.nodes) - 1
        self.wait(
            "a node is not back",
            lambda: self.voting() and all(self.engine(name).get("peers", 0) >= others for name in self.local.nodes),
            2 * RECOVERY_S,
        )

    def evidence(self, first: int, last: int) -> int:
        """Pieces of evidence of double votes in the engine's blocks."""
        name = next(name for name in self.local.nodes if self.voting(name))
        found = 0
        for height in range(max(first, 1), last + 1):
            block = self.rpc(name, "block", height=str(height)).get("result", {}).get("block") or {}
            found += len((block.get("evidence") or {}).get("evidence") or [])
        return found


def recover(scene: Scene) -> float:
    """Seconds until a transaction that is submitted now is answered."""
    began = time.monotonic()
    raw = scene.load.transaction()
    with closing(client_of(scene.local.home)) as client:
        while True:
            try:
                scene.load.take(client.submit(raw, patience_s=RECOVERY_S))
                return time.monotonic() - began
            except Exception as error:
                if time.monotonic() - began > RECOVERY_S:
                    raise SystemExit(f"STUCK: no answer within {RECOVERY_S:.0f} s: {error}") from None
                time.sleep(0.3)


def settled(scene: Scene) -> dict[str, str]:
    """State roots of all nodes once they stand at one height."""
    end = time.monotonic() + 2 * RECOVERY_S
    while True:
        stands = {name: scene.local.status_of(name) for name in scene.local.nodes}
        heights = {stand.get("height") for stand in stands.values()}
        if len(heights) == 1 and None not in heights:
            return {name: stand["state_root"] for name, stand in stands.items()}
        if time.monotonic() > end:
            raise SystemExit(f"APART: the nodes do not meet: { {n: s.get('height') for n, s in stands.items()} }")
        time.sleep(0.3)


def check(scene: Scene) -> None:
    """Nothing lost, nothing doubled, one state."""
    if scene.load.problems:
        raise SystemExit(f"WRONG: {scene.load.problems[0]}")
    roots = settled(scene)
    if len(set(roots.values())) != 1:
        raise SystemExit(f"APART: {roots}")
    if len(set(scene.load.acknowledged.values())) != len(scene.load.acknowledged):
        raise SystemExit("DOUBLED: two transactions have one place")
    for name, node in scene.local.nodes.items():
        url = f"http://{HOST}:{node.read().gateway_port}"
        with closing(NodeClient([url], [node.token.read_text().strip()])) as client:
            # What a node has on its disk, many at once.
            for some in batched(scene.load.acknowledged.items(), 1000):
                found = client.records([b"i" + identifier for identifier, _ in some])[1]
                for (identifier, place), raw in zip(some, found, strict=True):
                    if raw is None or PLACE.load(raw) != place:
                        raise SystemExit(f"LOST: {identifier.hex()} was acknowledged at {place}, not so at {name}")


def batched(items: Iterable[T], most: int) -> Iterator[list[T]]:
    """Lists of so many items at most."""
    left = iter(items)
    while some := list(islice(left, most)):
        yield some
