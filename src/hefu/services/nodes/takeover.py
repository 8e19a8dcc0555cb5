"""
A pilot grows up: a home's ledger, which one operator sealed, is handed over to a network of its banks on this machine.

The members vote for the handover, with the keys of the validators in it; the operator's last block gets a checkpoint that founding
members countersign; each node begins with a copy of the ledger. Chain, heights and all history stay as they are. Whatever stops in
between goes on where it stood when it is called again; the home works on the network once network.json is there.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from hefu.contracts.parties import commands as pc
from hefu.contracts.parties.contract import validator_message
from hefu.kernel.errors import UsageError
from hefu.ledger import checkpoint as checkpoints
from hefu.ledger.chain import Chain
from hefu.ledger.handover import check_signers, handover_of
from hefu.ledger.store import RocksStore
from hefu.ledger.versions import HANDOVERS
from hefu.services.backup import copy_store
from hefu.services.home import Home
from hefu.services.network import Network
from hefu.services.nodes import engine_home
from hefu.services.nodes.engine_home import NodeKeys, Peer
from hefu.services.nodes.local import FIRST_PORT, HOST, VALIDATORS_MIN, LocalNetwork
from hefu.services.nodes.membership import POWER
from hefu.services.nodes.node import PORTS_A_NODE, NodeFile, NodeHome, first_validators
from hefu.services.nodes.ports import check_ports

Progress = Callable[[str, int, int], None]


def take_over(
    network: Network, banks: Sequence[str], *, first_port: int = FIRST_PORT, progress: Progress | None = None
) -> LocalNetwork:
    """
    Hand the ledger of an open home over to a network of its banks; the home is closed then.

    Args:
        banks: Members that run a node each, by name.
        first_port: Each node takes four ports from here on.

    Raises:
        UsageError: Fewer than four banks (TOO_FEW_VALIDATORS), a network has this ledger already (HANDED_OVER), its code version
            knows no handover (LEDGER_TOO_OLD), or the members voted for other validators than lie here (OTHER_VALIDATORS).
        Rejected: The members' votes were refused, or too few founding members can countersign (TOO_FEW_SIGNED).
    """
    home = network.home
    check_pilot(home)
    if len(banks) < VALIDATORS_MIN:
        raise UsageError(
            f"{len(banks)} validators cannot lose one; a network that goes on without one of them needs four",
            code="TOO_FEW_VALIDATORS",
        )
    version = network.engine.query(lambda chain: chain.next_version())
    if version < HANDOVERS:
        raise UsageError(
            f"code version {version} decides this ledger; adopt version {HANDOVERS} first (`hefu ledger upgrade`)",
            code="LEDGER_TOO_OLD",
        )
    # Asked before anything is made and voted for: once that is done, nobody goes back behind it.
    check_signers(network.genesis, network.checkpoint())
    nodes, keys, files = _nodes(network, banks, first_port)
    if not network.engine.query(lambda chain: chain.validators_decide()):
        network.vote(home.party(home.operator), pc.HandOver(tuple(_seats(network, banks, nodes, keys))))
    packed = _signed_off(network)
    if {key for key, _ in first_validators(network.genesis, packed)} != {key.validator for key in keys}:
        raise UsageError(
            "the members handed this ledger over to other validators than these nodes; their folders hold the keys",
            code="OTHER_VALIDATORS",
            where=str(home.path / "nodes"),
        )
    genesis = network.genesis.raw
    network.close()
    _copy_ledger(home.ledger, nodes, progress)
    peers = [Peer(key.id, HOST, file.p2p_port) for key, file in zip(keys, files, strict=True)]
    for i, node in enumerate(nodes):
        node.settle(genesis, peers[:i] + peers[i + 1 :], packed)
    return LocalNetwork.over(home.path, files)


def check_pilot(home: Home) -> None:
    """
    Raises:
        UsageError: A network has this home's ledger already (HANDED_OVER).
    """
    if home.network.exists():
        raise UsageError("this home's ledger is a network's already", code="HANDED_OVER", where=str(home.path))


def _nodes(
    network: Network, banks: Sequence[str], first_port: int
) -> tuple[list[NodeHome], list[NodeKeys], list[NodeFile]]:
    """A folder with keys for each bank; those of an earlier attempt stay."""
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    nodes, keys, files = [], [], []
    for i, bank in enumerate(banks):
        network.home.party(bank)
        port = first_port + PORTS_A_NODE * i
        file = NodeFile.on_ports(port, name=f"node{i}", bank=bank, host=HOST, genesis_time=at)
        node = NodeHome(network.home.path / "nodes" / file.name)
        if node.file.exists():
            file, made = node.read(), engine_home.read_keys(node.engine)
            if file.bank != bank:
                raise UsageError(
                    "an earlier attempt named other banks; name the same", code="HOME_EXISTS", where=str(node.path)
                )
        else:
            check_ports(range(port, port + PORTS_A_NODE))
            made = node.make(file)
        nodes.append(node)
        keys.append(made)
        files.append(file)
    # All of them carry the time of the first.
    for node, file in zip(nodes, files, strict=True):
        file.genesis_time = files[0].genesis_time
        node.write(file)
    return nodes, keys, files


def _seats(
    network: Network, banks: Sequence[str], nodes: Sequence[NodeHome], keys: Sequence[NodeKeys]
) -> list[pc.SetValidator]:
    seats = []
    for bank, node, key in zip(banks, nodes, keys, strict=True):
        organisation = bytes.fromhex(network.home.party(bank).organisation)
        possession = engine_home.sign_as_validator(
            node.engine, validator_message(network.genesis.chain_id, organisation)
        )
        seats.append(pc.SetValidator(organisation, key.validator, POWER, possession))
    return seats


def _signed_off(network: Network) -> bytes:
    """The packed handover; the operator's last block gets its checkpoint first."""

    def signed(chain: Chain) -> bool:
        newest = checkpoints.latest(chain.store)
        return newest is not None and checkpoints.BODY.load(newest.body).block_id == chain.tip_id

    if not network.engine.query(signed):
        network.checkpoint()
    return network.engine.query(handover_of)


def _copy_ledger(source: Path, nodes: Sequence[NodeHome], progress: Progress | None) -> None:
    store = RocksStore(source)
    try:
        for number, node in enumerate(nodes):
            if node.ledger.exists():
                continue
            partial = node.ledger.with_name(node.ledger.name + ".new")
            shutil.rmtree(partial, ignore_errors=True)
            copy_store(store, partial)
            partial.rename(node.ledger)
            if progress is not None:
                progress("copy", number + 1, len(nodes))
    finally:
        store.close()
