"""The validators' votes for a block, asked of a node and checked from the genesis on, as an outsider checks a bundle."""

from __future__ import annotations

from pathlib import Path

from hefu.kernel.errors import Corrupt
from hefu.ledger.audit import VOTED
from hefu.ledger.block import HEADER, SEALED, Sealed
from hefu.ledger.genesis import Genesis
from hefu.ledger.store import Store
from hefu.services.nodes.client import NodeClient, RemoteStore
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


def seal_of(client: NodeClient, height: int, header: bytes) -> Sealed:
    """
    A block whose header is known, with its votes, from whichever node answers; they are not checked.

    Raises:
        Unavailable: None does.
        Corrupt: It shows another block (BLOCK_DIFFERS).
    """
    sealed = client.seal(height)
    if sealed.header != header:
        raise Corrupt("the node shows another block than is known", code="BLOCK_DIFFERS")
    return sealed


def with_votes(folder: Path, store: Store, sealed: Sealed) -> Sealed:
    """
    A block of a ledger, with the votes of its validators if they decided it: as they were kept with a copy, or else from the nodes.
    They are not checked.

    Args:
        folder: Where the store lives, a node's or a copy's.

    Raises:
        UsageError: It is of a network, and neither a node's nor a copy that has its votes.
        Unavailable: No node answers.
        Corrupt: It shows another block (BLOCK_DIFFERS).
    """
    height = HEADER.load(sealed.header).height
    if sealed.seal_kind != "validators" or not height:
        return sealed
    if isinstance(store, RemoteStore):
        return seal_of(store.client, height, sealed.header)
    voted = store.get(VOTED)
    if voted is not None and SEALED.load(voted).header == sealed.header:
        return SEALED.load(voted)
    node = NodeHome(folder)
    file = node.read()
    client = NodeClient([f"http://{file.bind}:{file.gateway_port}"], [node.token.read_text().strip()])
    try:
        return seal_of(client, height, sealed.header)
    finally:
        client.close()
