"""
The same story over four validators on this machine: while receivables are passed on one node is killed, while they are financed
another is cut off from the rest; both come back, all nodes end with one state, and the bundle is proven by the validators' votes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from hefu.documents.invoices import Chain as Payments
from hefu.kernel.errors import EngineError
from hefu.kernel.time import start_of_day_ms
from hefu.ledger.chain import Chain
from hefu.ledger.store import RocksStore
from hefu.services import audit
from hefu.services.founding import FounderSpec
from hefu.services.home import DEMO_PASSPHRASE, Home
from hefu.services.network import Network
from hefu.services.nodes.links import ports_of
from hefu.services.nodes.local import FIRST_PORT, LocalNetwork
from hefu.services.nodes.node import PORTS_A_NODE
from hefu.services.nodes.ports import first_free
from hefu.services.story import BANKS, COST, KEEPER, OPERATOR, SUPERVISOR, Outcome, Story

VALIDATORS = (*BANKS, "Bank D")
KILLED, CUT_OFF = "node1", "node2"
BACK_S = 120.0
#: Blocks follow each other faster, and a proposer that is gone is waited for shorter, than where nodes are far apart: everybody
#: here is on one machine, and the story is told one transaction after another.
ENGINE: dict[str, str | int | bool] = {"consensus.timeout_commit": "100ms", "consensus.timeout_propose": "500ms"}


class NetworkStory(Story):
    """See `Story`; the home holds the nodes too, and they are stopped when the story has been told."""

    _local: LocalNetwork | None = None

    def run(self, invoices: Path | None = None, *, today: date | None = None) -> Outcome:
        """See `Story`."""
        try:
            return super().run(invoices, today=today)
        finally:
            if self._local is not None:
                self._local.down()

    @property
    def _nodes(self) -> LocalNetwork:
        """The nodes, once they are made."""
        assert self._local is not None
        return self._local

    def _open(self, first_on: date) -> Network:
        with self._stage("network", simulated=True) as stage:
            count = len(VALIDATORS)
            first = first_free(PORTS_A_NODE * count + ports_of(count), FIRST_PORT)
            local = self._local = LocalNetwork.create(
                self._home,
                name="hefu-demo",
                operator=OPERATOR,
                banks=VALIDATORS,
                others=(FounderSpec(SUPERVISOR, ("supervisor",), False), FounderSpec(KEEPER, ("verifier",), True)),
                passphrase=DEMO_PASSPHRASE,
                first_port=first,
                links_port=first + PORTS_A_NODE * count,
                suite_name=self._suite_name,
                clock="simulated",
                start_ms=start_of_day_ms(first_on) + 9 * 3_600_000,
                keeper=KEEPER,
                synthetic=self.outcome.synthetic,
                cost=COST,
            )
            for node in local.nodes.values():
                file = node.read()
                file.engine = dict(ENGINE)
                node.write(file)
            local.up(lambda name, status: self._progress("network", int(name[-1]) + 1, count), timeout_s=BACK_S)
            network = Network(Home(self._home), self._application, DEMO_PASSPHRASE, cost=COST)
            stage.count = count
        self.outcome.genesis = str(network.home.genesis)
        self._done: dict[str, str] = {}
        return network

    # -- what is done to the nodes ------------------------------------------------------------------------------

    def _pass_on(self, chains: Sequence[Payments]) -> None:
        with self._lost("kill", KILLED, lambda: self._nodes.kill(KILLED), "restart", lambda: self._nodes.start(KILLED)):
            super()._pass_on(chains)

    def _finance(self) -> None:
        links = self._nodes.links
        assert links is not None
        others = [name for name in self._nodes.nodes if name != CUT_OFF]
        with self._lost("partition", CUT_OFF, lambda: links.partition([CUT_OFF], others), "heal", links.heal):
            super()._finance()

    @contextmanager
    def _lost(
        self, name: str, node: str, lose: Callable[[], Any], back: str, restore: Callable[[], Any]
    ) -> Iterator[None]:
        with self._stage(name) as stage:
            lose()
            stage.count = 1
        try:
            yield
        finally:
            with self._stage(back) as stage:
                restore()
                self._wait(node)
                stage.count = 1
        self._done[node] = name

    def _wait(self, name: str) -> None:
        """Until a node has what the ledger has now."""
        height = self._trade.network.engine.query(lambda chain: chain.tip.height)
        end = time.monotonic() + BACK_S
        while self._nodes.status_of(name).get("height", -1) < height:
            if time.monotonic() > end:
                raise EngineError(
                    f"{name} did not come back", code="NODE_BEHIND", where=str(self._nodes.nodes[name].path)
                )
            time.sleep(0.2)

    # -- the end ------------------------------------------------------------------------------------------------

    def _vouch(self, network: Network) -> None:
        """Two thirds of the validators do, for every block."""

    def _checked(self, network: Network) -> list[audit.Finding]:
        """On the copy of the node that was killed; and all nodes stand at one root."""
        for name in self._nodes.nodes:
            self._wait(name)
        height = network.engine.query(lambda chain: chain.tip.height)
        roots = set()
        for name, node in self._nodes.nodes.items():
            status = self._nodes.status_of(name)
            roots.add((status["height"], status["state_root"]))
            self.outcome.nodes.append(
                {
                    "node": name,
                    "bank": node.read().bank,
                    "done": self._done.get(name, ""),
                    "height": status["height"],
                    "state_root": status["state_root"],
                }
            )
        store = RocksStore(self._nodes.nodes[KILLED].ledger, read_only=True)
        try:
            found = audit.check_all(Chain(network.genesis, self._application, store, found=False))
        finally:
            store.close()
        return [
            *found,
            audit.Finding("one_state_root_on_all_nodes", roots == {(height, network.chain.tip.state_root.hex())}, 4),
        ]
