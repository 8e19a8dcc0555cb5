"""A network that has decided nothing yet has no votes to show, and is none the worse for it."""

from __future__ import annotations

from commands import told
from hefu import bootstrap
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
