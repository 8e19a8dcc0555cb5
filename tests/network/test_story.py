"""The main job over four validators, short: one is killed and one cut off, and the bundle is proven by the votes."""

from __future__ import annotations

from pathlib import Path

from hefu import bootstrap
from hefu.documents.invoices import Size
from hefu.services.nodes.local import LocalNetwork
from hefu.services.nodes.story import CUT_OFF, KILLED, NetworkStory
from hefu_verify import verify


def test_the_story_over_a_network_survives_a_kill_and_a_partition(cometbft, first_ports, tmp_path):
    home = tmp_path / "n"
    story = NetworkStory(home, bootstrap.application(), size=Size(cores=1, suppliers=4, invoices=8), chains_max=2)
    outcome = story.run()
    assert [attack.name for attack in outcome.attacks if not attack.refused] == []
    assert [finding.name for finding in outcome.invariants if not finding.holds] == []
    assert "one_state_root_on_all_nodes" in {finding.name for finding in outcome.invariants}
    assert {node["node"]: node["done"] for node in outcome.nodes if node["done"]} == {
        KILLED: "kill",
        CUT_OFF: "partition",
    }
    basis = verify(Path(outcome.bundle).read_bytes(), Path(outcome.genesis).read_bytes()).basis
    assert basis.name == "validators"
    assert 3 * basis.power > 2 * basis.total
    assert all(LocalNetwork(home).pid(name) is None for name in LocalNetwork(home).nodes), "nodes were left running"
