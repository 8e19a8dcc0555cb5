"""A network that has decided nothing yet has no votes to show; copies of its home and of its ledger take nothing."""

from __future__ import annotations

import shutil

import pytest
from click.testing import CliRunner

from commands import hefu, told
from hefu import bootstrap
from hefu.cli import network as commands_of_networks
from hefu.ledger.engines.cometbft.replica import Replica
from hefu.ledger.genesis import Genesis
from hefu.ledger.store import RocksStore
from nodes import four_banks


def test_the_ledger_of_a_node_verifies_before_its_first_block(tmp_path):
    local = four_banks(tmp_path / "n")
    node = next(iter(local.nodes.values()))
    store = RocksStore(node.path / "ledger")
    Replica(Genesis.read(node.genesis), bootstrap.application(), store)
    store.close()
    report = told("ledger", "verify", home=node.path)
    assert (report["height"], report["trust"]) == (0, "unsigned")
    assert "power" not in report


def test_a_copy_of_a_home_without_its_nodes_says_so(tmp_path):
    local = four_banks(tmp_path / "n")
    shutil.copytree(local.home, tmp_path / "copy", ignore=shutil.ignore_patterns("nodes"))
    for command in (("org", "list"), ("ledger", "verify")):
        assert "NODE_NOT_HERE" in hefu(*command, home=tmp_path / "copy", code=2)


def test_a_copy_of_a_network_s_ledger_decides_nothing_by_itself(tmp_path):
    local = four_banks(tmp_path / "n")
    home = local.home
    store = RocksStore(home / "ledger")
    Replica(Genesis.read(home / "genesis.json"), bootstrap.application(), store)
    store.close()
    (home / "network.json").unlink()
    assert "HANDED_OVER" in hefu("org", "enrol", "Rogue", home=home, code=5)
    assert told("ledger", "status", home=home)["height"] == 0


@pytest.mark.parametrize(("up", "is_told"), [(4, False), (3, False), (2, True), (1, True)])
def test_the_status_says_when_too_little_voting_power_is_up(tmp_path, monkeypatch, up, is_told):
    local = four_banks(tmp_path / "n")
    names = ("pid", "height", "block_id", "state_root", "engine_height", "peers", "waiting", "url", "said")
    nodes = [
        {**dict.fromkeys(names), "node": name, "state": "up" if i < up else "down", "power": 10 if i < up else None}
        | {"total_power": 40 if i < up else None, "url": ""}
        for i, name in enumerate(local.nodes)
    ]
    monkeypatch.setattr(commands_of_networks, "_status", lambda _: nodes)
    monkeypatch.setenv("HEFU_HOME", str(local.home))
    said = CliRunner().invoke(commands_of_networks.network, ["status"])
    assert said.exit_code == 0, said.output
    assert (f"{10 * up} of 40 of the voting power is up here; without more than 26" in said.output) is is_told
