"""Validators that come and go on a running network, and bundles that cross both changes."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

from commands import HEFU, hefu
from hefu.kernel.errors import UsageError
from hefu.kernel.time import business_date
from hefu.ledger.engines.cometbft.statesync import Snapshots
from hefu.services import proving
from hefu.services.founding import FounderSpec
from hefu.services.network import Network
from hefu.services.nodes import membership
from hefu.services.nodes.client import NodeClient, RemoteChain
from hefu.services.nodes.node import NodeHome
from hefu.services.trade import InvoiceDocument, Trade
from hefu_verify import verify
from hefu_verify.records import BUNDLE
from nodes import agreed, free_ports, opening, until

GOLDEN = Path(__file__).parents[1] / "golden" / "network"


def right(opened: Network, number: str) -> bytes:
    """A confirmed receivable."""
    trade, home = Trade(opened), opened.home
    steel, parts = home.party("Steel"), home.party("Parts")
    invoice = InvoiceDocument(number, date(2026, 6, 20), 11_300_000, tax_minor=1_300_000)
    document = trade.register(parts, steel, invoice)
    right = trade.propose(parts, document, 11_300_000, business_date(opened.business_ms()) + timedelta(days=90))
    trade.confirm(right)
    return right


def proven(opened: Network, right: bytes) -> bytes:
    return opened.engine.query(lambda chain: proving.bundle(chain, right))


def test_a_bank_that_joins_votes_after_the_members_let_it_in(network, opened):
    opened.enrol(FounderSpec("Steel", ("core_enterprise",)), "Operator")
    opened.enrol(FounderSpec("Parts", ("supplier",)), "Operator")
    name = membership.add_validator(network, opened, "Bank E")
    engine = network.status_of(name)["engine"]
    assert (engine["voting_power"], engine["total_power"]) == (10, 50)
    assert len(set(agreed(network).values())) == 1
    with pytest.raises(UsageError) as caught:
        membership.add_validator(network, opened, "Bank E")
    assert caught.value.code == "VALIDATOR_EXISTS"


def test_a_dead_validator_is_voted_out_by_the_others_and_bundles_cross_both_changes(network, opened):
    first = right(opened, "25312000000012345601")
    raw = proven(opened, first)
    genesis = opened.home.genesis.read_bytes()
    basis = verify(raw, genesis).basis
    assert (basis.name, basis.total, len(BUNDLE.read("bundle", raw).tip.seal)) == ("validators", 50, 2)
    network.kill("node1")
    membership.remove_validator(network, opened, "node1")
    assert "node1" not in network.nodes
    assert opened.engine.submit(opening(opened, "Parts")).wait(60).code == "OK"
    raw = proven(opened, right(opened, "25312000000012345602"))
    basis = verify(raw, genesis).basis
    assert (basis.name, basis.total, len(BUNDLE.read("bundle", raw).tip.seal)) == ("validators", 40, 3)
    assert len(set(agreed(network).values())) == 1
    if os.environ.get("HEFU_WRITE_VECTORS"):
        (GOLDEN / "changed.hefu").write_bytes(raw)
        (GOLDEN / "changed_genesis.json").write_bytes(genesis)


def test_a_bank_elsewhere_joins_by_a_trusted_genesis_and_hands_in_a_request(network, opened, tmp_path):
    opened.enrol(FounderSpec("Bank F", ("bank",), True), "Operator")
    organisation = opened.home.party("Bank F").organisation
    there = NodeHome(tmp_path / "f")
    gateway = network.file.urls[-1]
    token = next(reversed(network.nodes.values())).token
    asked = ["node", "init", "--node", str(there.path), "--join", gateway, "--token-file", str(token)]
    asked += ["--first-port", str(free_ports())]
    other = tmp_path / "other.json"
    other.write_bytes(opened.home.genesis.read_bytes().replace(b"Four banks", b"Five banks"))
    assert "OTHER_GENESIS" in hefu(*asked, "--genesis", other, "--json", code=4)
    assert not there.path.exists()
    hefu(*asked, "--genesis", opened.home.genesis)
    process = subprocess.Popen([*HEFU, "node", "run", "--node", str(there.path)])
    try:
        tip = opened.engine.query(lambda chain: (chain.refresh(), chain.tip)[1])
        status = until(there, lambda said: said.get("height", 0) >= tip.height)
        assert status["engine"]["voting_power"] == 0
        request = tmp_path / "request.json"
        hefu("node", "request", "--node", there.path, "--organisation", organisation, "--save", request)
        hefu("network", "add-validator", "Bank F", "--request", request, home=network.home)
        until(there, lambda said: said.get("engine", {}).get("voting_power") == 10)
        said = hefu("network", "add-validator", "Bank E", "--request", request, "--json", home=network.home, code=2)
        assert "OTHER_ORGANISATION" in said
        assert "Bank F is no validator any more." in hefu("network", "remove-validator", "Bank F", home=network.home)
        until(there, lambda said: said.get("engine", {}).get("voting_power") == 0)
        assert "UNKNOWN_VALIDATOR" in hefu("network", "remove-validator", "Bank F", home=network.home, code=2)
    finally:
        process.terminate()
        process.wait(30)


def test_one_node_is_stopped_and_started_by_name(network):
    assert "UNKNOWN_NODE" in hefu("network", "down", "node77", home=network.home, code=2)
    assert "Down: node2." in hefu("network", "down", "node2", home=network.home)
    assert network.pid("node2") is None
    assert "1 node is up." in hefu("network", "up", "node2", home=network.home)
    until(network.nodes["node2"], lambda said: not said["engine"].get("catching_up", True))


def test_a_node_that_joins_late_takes_a_snapshot_instead_of_every_block(network, opened):
    name = "node0"
    node = network.nodes[name]
    network.stop(name)
    file = node.read()
    file.snapshot_blocks = 3
    node.write(file)
    network.start(name)
    until(node, lambda said: said.get("engine", {}).get("running"))
    end = time.monotonic() + 90
    while not Snapshots(node.snapshots).manifests():
        assert opened.engine.submit(opening(opened, "Parts")).wait(60).code == "OK"
        assert time.monotonic() < end, "no snapshot was taken"
    file.snapshot_blocks = 0
    node.write(file)
    network.stop(name)
    network.start(name)
    until(node, lambda said: said.get("engine", {}).get("running"))
    joined = membership.add_validator(network, opened, "Bank G")
    assert len(set(agreed(network).values())) == 1
    # It has no block from before the snapshot, and proves as well as any.
    there = network.nodes[joined]
    with closing(NodeClient([f"http://127.0.0.1:{there.read().gateway_port}"], [there.token.read_text()])) as client:
        assert client.blocks(1) == []
        made = right(opened, "25312000000012345603")
        until(there, lambda said: said["height"] >= opened.chain.tip.height)
        chain = RemoteChain(client, opened.genesis, opened.chain.application)
        raw = proving.bundle(chain, made)
    basis = verify(raw, opened.home.genesis.read_bytes()).basis
    assert (basis.name, len(BUNDLE.read("bundle", raw).tip.seal)) == ("validators", 6)
    network.stop(joined)
    network.start(joined)
    until(there, lambda said: said.get("engine", {}).get("voting_power") == 10)
    assert there.read().sync is None, "the other node's token stays no longer than needed"
