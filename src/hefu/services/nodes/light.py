"""The validators' votes for a block, asked of a node and checked from the genesis on, as an outsider checks a bundle."""

from __future__ import annotations

from pathlib import Path

from hefu.kernel.errors import Corrupt
from hefu.ledger.block import Sealed
from hefu.ledger.genesis import Genesis
from hefu.services.nodes.client import NodeClient
from hefu.services.nodes.node import NodeHome
from hefu_verify.codec import Record, Refused
from hefu_verify.suites import suite_named
from hefu_verify.trust import check_votes as check_validators
from hefu_verify.trust.genesis import read_genesis


def check_votes(sealed: Sealed, genesis: Genesis) -> Record:
    """
    Returns:
        Of the engine's header after the block: `height`, `hash`, voting `power` that signed, of `total`.

    Raises:
        Corrupt: Fewer than two thirds signed, or for something else (BAD_SEAL).
    """
    shown = Record(header=sealed.header, kind=sealed.seal_kind, seal=list(sealed.seal))
    try:
        suite = suite_named(genesis.file.suite)
        return check_validators(shown, read_genesis(genesis.raw), genesis.chain_id, genesis.hash, suite)[0]
    except Refused as error:
        raise Corrupt(f"the validators did not sign this block: {error.text}", code="BAD_SEAL") from None


def votes_at(node: Path, genesis: Genesis, height: int, header: bytes) -> Record:
    """
    The votes for a block that a node's folder holds, from the node itself while it runs.

    Raises:
        UsageError: No node lives there.
        Unavailable: It does not answer.
        Corrupt: It shows another block, or one that the validators did not sign.
    """
    home = NodeHome(node)
    file = home.read()
    client = NodeClient([f"http://{file.bind}:{file.gateway_port}"], [home.token.read_text().strip()])
    try:
        return votes_of(client, genesis, height, header)
    finally:
        client.close()


def votes_of(client: NodeClient, genesis: Genesis, height: int, header: bytes) -> Record:
    """
    The votes for a block whose header is known, from whichever node answers.

    Raises:
        Unavailable: None does.
        Corrupt: It shows another block, or one that the validators did not sign.
    """
    sealed = client.seal(height)
    if sealed.header != header:
        raise Corrupt("the node shows another block than is known", code="BLOCK_DIFFERS")
    return check_votes(sealed, genesis)
