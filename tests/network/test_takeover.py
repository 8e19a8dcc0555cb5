"""A pilot that one operator ran is handed over to a network of its banks; everything it ever decided is still proven."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from commands import PASSPHRASE, hefu, told
from hefu import bootstrap
from hefu.kernel.errors import Closed
from hefu.ledger import genesis as g
from hefu.ledger.chain import Chain
from hefu.ledger.engines.embedded import EmbeddedEngine
from hefu.ledger.store import RocksStore
from hefu.services.home import Home
from hefu.services.network import Network
from hefu.services.nodes import membership
from hefu.services.nodes.local import LocalNetwork
from hefu_verify import verify
from nodes import BANKS, agreed, free_ports, opening, until

GOLDEN = Path(__file__).parents[1] / "golden" / "network"
SELLER, BUYER = "Parts", "Steel"
DUE = (datetime.now(UTC).date() + timedelta(days=120)).isoformat()


@pytest.fixture
def pilot(cometbft, tmp_path) -> Path:
    """A ledger of one operator with four banks, and a receivable in it."""
    home = tmp_path / "n"
    banks = [word for bank in BANKS for word in ("--bank", bank)]
    hefu("init", "Pilot", *banks, home=home)
    hefu("org", "enrol", SELLER, home=home)
    hefu("org", "enrol", BUYER, "--role", "core_enterprise", home=home)
    return home


@pytest.fixture
def grown(pilot) -> Iterator[LocalNetwork]:
    """The network, stopped at the end whatever happened."""
    yield pilot
    if (pilot / "network.json").exists():
        LocalNetwork(pilot).down()


def confirmed(home: Path, number: int) -> str:
    document = told(
        *("invoice", "register", "--as", SELLER, "--buyer", BUYER, "--number", f"253120000000{number:08d}"),
        *("--date", "2026-06-20", "--gross", "90000.00"),
        home=home,
    )["document"]
    right = told("receivable", "propose", document, "--amount", "90000.00", "--due", DUE, home=home)["right"]
    hefu("receivable", "confirm", right, home=home)
    return str(right)


def test_a_pilot_becomes_a_network_and_keeps_its_history(grown, tmp_path):
    home, genesis = grown, (grown / "genesis.json").read_bytes()
    old = confirmed(home, 1)
    before = tmp_path / "before.hefu"
    hefu("prove", old, "-o", before, home=home)
    stood = told("ledger", "status", home=home)
    told("network", "take-over", "--first-port", free_ports(), home=home)
    # Whoever calls it again is told.
    assert "HANDED_OVER" in hefu("network", "take-over", home=home, code=2)
    local = LocalNetwork(home)
    local.up(timeout_s=120)
    status = local.status_of("node0")
    assert status["chain_id"] == stood["chain_id"]
    assert status["height"] == stood["height"] + 1
    # What was proven before is proven still, and the old right by the validators too.
    assert verify(before.read_bytes(), genesis).basis.name != "validators"
    new = confirmed(home, 2)
    for right in (old, new):
        file = tmp_path / f"{right[:8]}.hefu"
        hefu("prove", right, "-o", file, home=home)
        basis = verify(file.read_bytes(), genesis).basis
        assert (basis.name, basis.power > 26, basis.total) == ("validators", True, 40)
        assert basis.took_over_at == stood["height"] + 1
        assert len(basis.members) >= 2
    assert f"took it over after block {stood['height'] + 1}" in hefu("verify", file, "--trust", home / "genesis.json")
    if os.environ.get("HEFU_WRITE_VECTORS"):
        (GOLDEN / "grown.hefu").write_bytes(file.read_bytes())
        (GOLDEN / "grown_genesis.json").write_bytes(genesis)
    assert len(set(agreed(local).values())) == 1
    # The operator's own copy is history: it can be read, and takes nothing.
    store = RocksStore(home / "ledger")
    engine = EmbeddedEngine(Chain(g.Genesis(genesis), bootstrap.application(), store))
    try:
        with pytest.raises(Closed) as refused:
            engine.submit(b"anything")
        assert refused.value.code == "HANDED_OVER"
    finally:
        engine.close()
    # A node's copy is recomputed from the operator's first block to the validators' newest.
    node = local.nodes["node1"].path
    found = told("ledger", "verify", "--trust", home / "genesis.json", home=node)
    assert (found["trust"], found["total_power"]) == ("validators", 40)
    _joins_by_a_snapshot(local, home)


def _joins_by_a_snapshot(local: LocalNetwork, home: Path) -> None:
    assert "NO_SNAPSHOT_YET" in hefu("network", "add-validator", "Bank E", home=home, code=5)
    with Network(Home(home), bootstrap.application(), PASSPHRASE, cost=1024) as opened:
        node = local.nodes["node0"]
        file = node.read()
        file.snapshot_blocks = 3
        local.stop("node0")
        node.write(file)
        local.start("node0")
        end = time.monotonic() + 90
        while not node.whereabouts().snapshots:
            assert opened.engine.submit(opening(opened, SELLER)).wait(60).code == "OK"
            assert time.monotonic() < end, "no snapshot was taken"
        file.snapshot_blocks = 0
        local.stop("node0")
        node.write(file)
        local.start("node0")
        until(node, lambda said: said.get("engine", {}).get("running"))
        joined = membership.add_validator(LocalNetwork(home), opened, "Bank E")
    local = LocalNetwork(home)
    assert len(set(agreed(local).values())) == 1
    local.stop(joined)
    local.start(joined)
    assert len(set(agreed(local).values())) == 1
