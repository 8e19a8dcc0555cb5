"""Four validators on this machine: trade over them, lose one, get it back, and prove a right by their votes."""

from __future__ import annotations

import json
import subprocess
from datetime import date, timedelta

import pytest

from commands import HEFU, PASSPHRASE, hefu, told
from hefu.contracts.parties.commands import OpenAccount
from hefu.kernel.errors import Rejected
from hefu.kernel.time import business_date
from hefu.kernel.vault import Vault
from hefu.ledger.audit import VOTED
from hefu.ledger.block import SEALED
from hefu.ledger.store import RocksStore
from hefu.services import proving
from hefu.services.founding import FounderSpec
from hefu.services.trade import InvoiceDocument, Trade
from hefu_verify import verify
from nodes import agreed, opening


def test_what_a_rule_refuses_is_refused_and_what_it_allows_is_on_every_node(network, opened):
    opened.enrol(FounderSpec("Steel", ("core_enterprise",)), "Operator")
    opened.enrol(FounderSpec("Parts", ("supplier",)), "Operator")
    receipt = opened.engine.submit(opening(opened, "Parts")).wait(60)
    assert receipt.code == "OK"
    raw = opening(opened, "Parts")
    theirs, ours = bytes.fromhex(opened.home.party("Steel").organisation), opened.ring(opened.home.party("Parts"))
    with pytest.raises(Rejected) as caught:
        opened.act([OpenAccount(theirs, bytes(16))], ours.govern)
    assert caught.value.code == "NOT_AUTHORIZED"
    first = opened.engine.submit(raw).wait(60)
    again = opened.engine.submit(raw).wait(60)
    assert (again.height, again.index, again.code) == (first.height, first.index, "OK")
    assert len(set(agreed(network).values())) == 1


def test_a_right_is_traded_over_the_network_and_proven_by_the_validators_votes(network, opened):
    trade, home = Trade(opened), opened.home
    steel, parts = home.party("Steel"), home.party("Parts")
    invoice = InvoiceDocument("25312000000012345678", date(2026, 6, 20), 11_300_000, tax_minor=1_300_000)
    document = trade.register(parts, steel, invoice)
    right = trade.propose(parts, document, 11_300_000, business_date(opened.business_ms()) + timedelta(days=90))
    trade.confirm(right)
    # Blocks bear a time some seconds behind this machine's: what is stated now is not about the future all the same.
    assert trade.attest_delivery(steel, document)
    raw = opened.engine.query(lambda chain: proving.bundle(chain, right))
    verdict = verify(raw, home.genesis.read_bytes())
    assert verdict.right.status == "live"
    assert (verdict.basis.name, verdict.basis.total) == ("validators", 40)
    assert verdict.basis.power > 26


def test_programs_follow_the_network_by_command(network, opened):
    found = [json.loads(line) for line in hefu("ledger", "events", home=network.home).splitlines()]
    assert [line["height"] for line in found] == sorted(line["height"] for line in found)
    assert "receivables.confirmed" in {line["event"] for line in found}
    newest = found[-1]["height"]
    command = [*HEFU, "ledger", "events", "--home", str(network.home), "--from", str(newest + 1), "--follow"]
    follower = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        receipt = opened.engine.submit(opening(opened, "Parts")).wait(60)
        assert follower.stdout is not None
        line = json.loads(follower.stdout.readline())
        assert (line["height"], line["event"]) == (receipt.height, "parties.account-opened")
    finally:
        follower.terminate()
        follower.wait(20)


def test_a_nodes_own_copy_is_recomputed_and_its_votes_checked(network, opened):
    name, node = next(iter(network.nodes.items()))
    running = told("ledger", "verify", "--trust", network.home / "genesis.json", home=node.path)
    assert (running["trust"], running["total_power"]) == ("validators", 40)
    assert running["power"] > 26
    assert running["state_root"] == agreed(network)[name]
    network.stop(name)
    alone = told("ledger", "verify", home=node.path)
    assert (alone["trust"], alone["transactions"]) == ("unsigned", running["transactions"])
    other = node.path.parent / "other.json"
    other.write_bytes(node.genesis.read_bytes().replace(b"Four banks", b"Five banks"))
    assert "OTHER_GENESIS" in hefu("ledger", "verify", "--trust", other, home=node.path, code=4)
    assert told("ledger", "status", home=node.path)["height"] == running["height"]
    network.start(name)
    agreed(network)


def test_the_ledgers_commands_work_over_the_gateways(network, opened, tmp_path):
    name = next(iter(network.nodes))
    roots = agreed(network)
    status = told("ledger", "status", home=network.home)
    assert status["state_root"] == roots[name]
    assert told("ledger", "blocks", home=network.home)["height"] == status["height"]
    found = told("ledger", "verify", home=network.home)
    assert (found["height"], found["state_root"], found["trust"]) == (status["height"], roots[name], "validators")
    assert found["power"] > 26
    # What needs a store that stands still says where there is one.
    assert "ON_NODES" in hefu("ledger", "snapshot", tmp_path / "x", home=network.home, code=2)
    # The members countersign what the validators decided, and the home keeps it; the operator's ML-DSA-65 goes along.
    first = told("ledger", "checkpoint", home=network.home)
    assert (first["height"], first["countersignatures"]) == (status["height"], 4)
    assert opened.engine.submit(opening(opened, "Parts")).wait(60).code == "OK"
    right = told("receivable", "list", home=network.home)["rights"][0]["right"]
    bundle = tmp_path / "checkpointed.hefu"
    hefu("prove", right, "-o", bundle, "--checkpoint", home=network.home)
    basis = verify(bundle.read_bytes(), opened.home.genesis.read_bytes()).basis
    assert (basis.name, basis.checkpoint, len(basis.members)) == ("validators", True, 4)


def test_a_networks_ledger_moves_by_export_and_by_snapshot_with_its_votes(network, tmp_path):
    node, genesis = next(iter(network.nodes.values())).path, network.home / "genesis.json"
    file, whole, elsewhere = tmp_path / "ledger.hefu", tmp_path / "whole", tmp_path / "elsewhere"
    height = told("ledger", "export", file, home=network.home)["height"]
    assert told("ledger", "import", file, "--trust", genesis, home=whole)["height"] == height
    # What was imported is recomputed anywhere, and the votes came along.
    found = told("ledger", "verify", home=whole)
    assert (found["height"], found["trust"]) == (height, "validators")
    assert found["power"] > 26
    # A copy of a copy, and a snapshot of a node's own ledger.
    assert told("ledger", "replay", tmp_path / "again", home=whole)["height"] == height
    snapped = told("ledger", "snapshot", tmp_path / "snap", home=node)["height"]
    assert told("ledger", "restore", tmp_path / "snap", "--trust", genesis, home=elsewhere)["height"] == snapped
    kept = told("ledger", "verify", home=elsewhere, code=7)
    assert (kept["first_height"], kept["trust"]) == (snapped + 1, "validators")
    # One bit of a vote is another: nothing is left of the import.
    whole_file = file.read_bytes()
    votes = SEALED.load(RocksStore(whole / "ledger", read_only=True).get(VOTED)).seal[-1]
    assert whole_file.count(votes) == 1
    (tmp_path / "forged").write_bytes(whole_file.replace(votes, votes[:-1] + bytes([votes[-1] ^ 1])))
    refused = hefu("ledger", "import", tmp_path / "forged", "--trust", genesis, home=tmp_path / "none", code=4)
    assert "BAD_SEAL" in refused
    assert not (tmp_path / "none").exists()


def test_a_backup_of_a_networks_home_is_its_keys_vaults_and_names(network, opened, tmp_path):
    copy = tmp_path / "copy"
    assert told("ledger", "backup", copy, home=network.home)["height"] is None
    for part in ("nodes", "ledger"):
        assert not (copy / part).exists()
    assert not (network.home / "ledger").exists()
    party = opened.home.party("Parts")
    vault = opened.home.organisation_folder(party).relative_to(network.home) / "vault.db"
    with Vault.open(copy / vault, PASSPHRASE) as there:
        assert there.list("terms") == opened.vault(party).list("terms") != []
