"""A network that has decided nothing yet has no votes to show, and is none the worse for it."""

from __future__ import annotations

from commands import PASSPHRASE, told
from hefu import bootstrap
from hefu.ledger.engines.cometbft.replica import Replica
from hefu.ledger.genesis import Genesis
from hefu.ledger.store import RocksStore
from hefu.services.nodes.local import LocalNetwork
from nodes import BANKS, free_ports


def test_the_ledger_of_a_node_verifies_before_its_first_block(tmp_path):
    local = LocalNetwork.create(
        tmp_path / "n",
        name="Four banks",
        operator="Operator",
        banks=BANKS,
        passphrase=PASSPHRASE,
        first_port=free_ports(),
        cost=1024,
    )
    node = next(iter(local.nodes.values()))
    store = RocksStore(node.path / "ledger")
    Replica(Genesis.read(node.genesis), bootstrap.application(), store)
    store.close()
    report = told("ledger", "verify", home=node.path)
    assert (report["height"], report["trust"]) == (0, "unsigned")
    assert "power" not in report
