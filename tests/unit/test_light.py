"""What a node shows as the validators' votes counts only for the block that is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from hefu.kernel.errors import Corrupt
from hefu.ledger.block import Sealed
from hefu.ledger.genesis import Genesis
from hefu.services.nodes.light import check_votes, seal_of
from hefu_verify.records import BUNDLE

FOLDER = Path(__file__).parents[1] / "golden" / "network"
TIP = BUNDLE.read("bundle", (FOLDER / "right.hefu").read_bytes()).tip
SHOWN = Sealed(TIP.header, TIP.kind, tuple(TIP.seal))


class Shows:
    """A node that shows one block with the votes that it got, whatever is asked."""

    def seal(self, height: int) -> Sealed:
        return SHOWN


def test_votes_for_one_block_are_none_for_another():
    genesis = Genesis.read(FOLDER / "genesis.json")
    assert check_votes(seal_of(Shows(), 1, SHOWN.header), genesis).power == 40
    with pytest.raises(Corrupt) as refused:
        seal_of(Shows(), 1, SHOWN.header[:-1] + b"\0")
    assert refused.value.code == "BLOCK_DIFFERS"
