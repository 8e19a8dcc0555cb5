"""What the tests of a real network share."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from hefu.contracts.parties.commands import OpenAccount
from hefu.services.network import Network
from hefu.services.nodes.local import LocalNetwork
from hefu.services.nodes.node import PORTS_A_NODE, NodeHome
from hefu.services.nodes.ports import first_free

PASSPHRASE = "for tests only"
BANKS = ("Bank A", "Bank B", "Bank C", "Bank D")
NUMBERS = count(1)


def four_banks(folder: Path) -> LocalNetwork:
    """A network of four banks on ports of this worker, not started."""
    return LocalNetwork.create(
        folder,
        name="Four banks",
        operator="Operator",
        banks=BANKS,
        passphrase=PASSPHRASE,
        first_port=free_ports(),
        cost=1024,
    )


def opening(opened: Network, name: str) -> bytes:
    """A transaction that opens another account of an organisation."""
    party = opened.home.party(name)
    salt = next(NUMBERS).to_bytes(16, "big")
    return opened.draft([OpenAccount(bytes.fromhex(party.organisation), salt)], opened.ring(party).govern).wire()


def agreed(network: LocalNetwork, timeout_s: float = 60.0) -> dict[str, str]:
    """State roots of all nodes, once they stand at one height."""
    end = time.monotonic() + timeout_s
    while True:
        stands = {name: network.status_of(name) for name in network.nodes}
        heights = {stand.get("height") for stand in stands.values()}
        if len(heights) == 1 and None not in heights:
            return {name: stand["state_root"] for name, stand in stands.items()}
        assert time.monotonic() < end, f"the nodes do not meet: {stands}"
        time.sleep(0.3)


def until(node: NodeHome, ready: Callable[[dict[str, Any]], bool], seconds: float = 60.0) -> dict[str, Any]:
    """What a node says of itself, once it says so."""
    end = time.monotonic() + seconds
    headers = {"Authorization": f"Bearer {node.token.read_text()}"}
    while True:
        with suppress(httpx.HTTPError):
            said = httpx.get(f"http://127.0.0.1:{node.read().gateway_port}/v1/status", headers=headers).json()
            if ready(said):
                return dict(said)
        assert time.monotonic() < end, "the node does not get there"
        time.sleep(0.3)


def free_ports() -> int:
    """Ports of a network of the banks; other workers, and another run of the tests, may be at work beside this one."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return first_free(PORTS_A_NODE * len(BANKS), 27_600 + 300 * (worker % 4))
