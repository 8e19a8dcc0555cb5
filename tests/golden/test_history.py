"""
Old history replays under new code, bit for bit: every export kept here leads to the state root kept beside it.

`python tests/golden/test_history.py` makes them anew; a change here is a decision, and the commit says why.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))


@pytest.mark.parametrize("suite", ["ed25519", "sm2"])
def test_an_old_history_replays_to_its_old_root(suite: str) -> None:
    from hefu import bootstrap
    from hefu.ledger.archive import read_import
    from hefu.ledger.genesis import Genesis
    from hefu.ledger.store import MemoryStore

    kept = json.loads((FOLDER / f"history-{suite}.json").read_text(encoding="utf-8"))
    genesis = Genesis(kept["genesis"].encode("utf-8"))
    chain = read_import(FOLDER / f"history-{suite}.export", MemoryStore(), bootstrap.application(), genesis)
    assert chain.tip.height == kept["height"]
    assert chain.tip.state_root.hex() == kept["state_root"]
    assert chain.tip_id.hex() == kept["block_id"]


def write(suite: str) -> None:
    """Tell the read models' story, which touches every event, and keep it."""
    from hefu.ledger.archive import write_export
    from views_story import tell
    from world import World

    world = World(suite_name=suite)
    tell(world)
    path = FOLDER / f"history-{suite}.export"
    path.unlink(missing_ok=True)
    write_export(world.store, path)
    tip = world.chain.tip
    kept = {
        "genesis": world.genesis.raw.decode("utf-8"),
        "height": tip.height,
        "state_root": tip.state_root.hex(),
        "block_id": world.chain.tip_id.hex(),
    }
    (FOLDER / f"history-{suite}.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    for name in ("ed25519", "sm2"):
        write(name)
