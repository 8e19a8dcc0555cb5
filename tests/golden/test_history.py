"""
Old history replays under new code, bit for bit: every export kept here leads to the state root kept beside it.

What an earlier release made (`history-ed25519`, `history-sm2`) is never made anew. `python tests/golden/test_history.py` makes
those of this release: a ledger that began with code version 1 and adopted version 2. A change there is a decision, and the commit
says why.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))


SUITES = ("ed25519", "sm2")


@pytest.mark.parametrize("name", [*SUITES, *(f"upgraded-{suite}" for suite in SUITES)])
def test_an_old_history_replays_to_its_old_root(name: str) -> None:
    from hefu import bootstrap
    from hefu.ledger.archive import read_import
    from hefu.ledger.genesis import Genesis
    from hefu.ledger.store import MemoryStore

    kept = json.loads((FOLDER / f"history-{name}.json").read_text(encoding="utf-8"))
    genesis = Genesis(kept["genesis"].encode("utf-8"))
    chain = read_import(FOLDER / f"history-{name}.export", MemoryStore(), bootstrap.application(), genesis)
    assert chain.tip.height == kept["height"]
    assert chain.tip.state_root.hex() == kept["state_root"]
    assert chain.tip_id.hex() == kept["block_id"]


def write(suite: str) -> None:
    """Adopt an upgrade, then tell the read models' story, which touches every event; and keep it."""
    from hefu.contracts.parties import commands as pc
    from hefu.kernel.ids import derive_id
    from hefu.ledger.archive import write_export
    from views_story import tell
    from world import World, salt

    world = World(suite_name=suite, code_version=1)
    operator = world.org("Operator")
    proposal = derive_id(world.genesis.hash, world.genesis.chain_id, operator, salt("version 2"), "proposal")
    change = pc.Upgrade(2, world.chain.tip.height + 2)
    vote = [pc.ProposeChange(operator, salt("version 2"), change, world.now_ms + 86_400_000)]
    votes = [pc.Vote(proposal, world.org(name), True) for name in ("BankA", "BankB")]
    assert world.run([*vote, *votes], "Operator", "BankA", "BankB") == "OK"
    tell(world)
    assert world.chain.tip.code_version == 2
    path = FOLDER / f"history-upgraded-{suite}.export"
    path.unlink(missing_ok=True)
    write_export(world.store, path)
    tip = world.chain.tip
    kept = {
        "genesis": world.genesis.raw.decode("utf-8"),
        "height": tip.height,
        "state_root": tip.state_root.hex(),
        "block_id": world.chain.tip_id.hex(),
    }
    (FOLDER / f"history-upgraded-{suite}.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    for each in SUITES:
        write(each)
