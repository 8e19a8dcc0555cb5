"""
Validators that come and go on a network of one machine: a node is made, catches up, and is voted in; or it is voted out, and stops.

Who decides is the members: two thirds of them adopt a change of validators as they adopt any other (`parties`). CometBFT follows
the block after next. A node that only follows needs no vote.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from hefu.contracts.parties import commands as pc
from hefu.contracts.parties import state as ps
from hefu.contracts.parties.contract import validator_message
from hefu.kernel.errors import EngineError, UsageError
from hefu.ledger.genesis import Genesis
from hefu.services.founding import FounderSpec
from hefu.services.network import Network
from hefu.services.nodes import engine_home, joining
from hefu.services.nodes.local import HOST, LocalNetwork
from hefu.services.nodes.node import NodeHome

#: As the validators that a network begins with.
POWER = 10
CATCH_UP_S = 600.0
#: CometBFT follows two blocks after the vote, and makes an empty one every five seconds.
CHANGE_S = 60.0
Progress = Callable[[str, dict[str, Any]], None]


def add_validator(
    local: LocalNetwork, network: Network, bank: str, *, power: int = POWER, progress: Progress | None = None
) -> str:
    """
    Make a node for a bank, wait until it has the whole ledger, and vote it in. What stopped half way goes on where it stood.

    Args:
        bank: Admitted as a member bank if this home does not know it.

    Returns:
        The node's name.

    Raises:
        Rejected: The members' votes were refused; the node follows the ledger without voting.
        EngineError: It did not catch up in time.
    """
    if network.home.unfinished(bank) or not any(party.name == bank for party in network.home.names.parties):
        network.enrol(FounderSpec(bank, ("bank", "settlement_bank"), True), network.home.operator)
    party = network.home.party(bank)
    organisation = bytes.fromhex(party.organisation)
    name = next((name for name, node in local.nodes.items() if node.read().bank == bank), None)
    if name is None:
        name = _make_node(local, bank, network.genesis)
    elif local.status_of(name).get("engine", {}).get("voting_power"):
        raise UsageError(f"{bank} runs a validator already, {name}", code="VALIDATOR_EXISTS")
    local.start(name)
    _wait(local, name, lambda engine: engine.get("running") and not engine.get("catching_up", True), CATCH_UP_S)
    if progress is not None:
        progress("caught up", {"node": name})
    engine = local.nodes[name].engine
    message = validator_message(network.genesis.chain_id, organisation)
    key, possession = engine_home.read_keys(engine).validator, engine_home.sign_as_validator(engine, message)
    network.vote(network.home.party(network.home.operator), pc.SetValidator(organisation, key, power, possession))
    _wait(local, name, lambda engine: engine.get("voting_power") == power, CHANGE_S)
    return name


def remove_validator(local: LocalNetwork, network: Network, name: str) -> bool:
    """
    Vote a validator out, and stop its node if it is one of these. Its folder stays.

    Args:
        name: Of a node here, or of a bank that runs one elsewhere.

    Returns:
        Whether it was a node here.

    Raises:
        UsageError: No such node, nor a bank of this name that has a validator.
        Rejected: It is the last one, or the votes of other members are missing.
        EngineError: It votes still after a while; it was not stopped, for the others might need it.
    """
    node = local.nodes.get(name)
    bank = name if node is None else node.read().bank
    if not any(party.name == bank for party in network.home.names.parties):
        raise UsageError(f"no node {name}; there are {', '.join(local.nodes)}", code="UNKNOWN_NODE")
    organisation = bytes.fromhex(network.home.party(bank).organisation)
    keys = _keys_of(network, organisation) if node is None else [engine_home.read_keys(node.engine).validator]
    if not keys:
        raise UsageError(f"{bank} has no validator", code="UNKNOWN_VALIDATOR")
    for key in keys:
        network.vote(network.home.party(network.home.operator), pc.SetValidator(organisation, key, 0, b""))
    if node is None:
        return False
    if local.pid(name) is not None:
        # While it runs it helps the others to decide that it leaves.
        _wait(local, name, lambda engine: engine.get("voting_power") == 0, CHANGE_S)
    local.stop(name)
    local.forget(name)
    return True


def _keys_of(network: Network, organisation: bytes) -> list[bytes]:
    record = network.engine.query(lambda chain: chain.state.get(ps.VALIDATORS_KEY, ps.VALIDATORS))
    return [] if record is None else [v.key for v in record.validators if v.organisation == organisation]


def _make_node(local: LocalNetwork, bank: str, genesis: Genesis) -> str:
    others = {name: node.read() for name, node in local.nodes.items()}
    number = 1 + max(int(path.name.removeprefix("node")) for path in (local.home / "nodes").iterdir())
    first = 1 + max(file.metrics_port for file in others.values())
    name = f"node{number}"
    node = NodeHome(local.home / "nodes" / name)
    # By one that answers, for whoever is down cannot be joined by; and by one with a snapshot, if there is one.
    answering = [other for other in local.nodes if local.status_of(other)] or list(local.nodes)
    via = max(answering, key=lambda other: len(local.nodes[other].whereabouts().snapshots))
    url, token = f"http://{HOST}:{others[via].gateway_port}", local.nodes[via].token.read_text().strip()
    keys = joining.join(node, name=name, genesis=genesis, url=url, token=token, first_port=first, bank=bank)
    # Those that run are dialled by it; when they start again, they dial it too.
    own = engine_home.Peer(keys.id, HOST, first)
    for other, there in others.items():
        there.peers.append(str(own))
        local.nodes[other].write(there)
    local.remember(name, f"http://{HOST}:{node.read().gateway_port}")
    return name


def _wait(local: LocalNetwork, name: str, ready: Callable[[dict[str, Any]], Any], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not ready(local.status_of(name).get("engine", {})):
        if local.pid(name) is None or time.monotonic() > end:
            raise EngineError(
                f"{name} is not there yet: {local.last_words(name)}",
                code="NODE_BEHIND",
                where=str(local.nodes[name].path),
            )
        time.sleep(0.3)
