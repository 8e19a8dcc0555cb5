"""
One organisation's node joins a network that others run.

The genesis comes from somebody whom the organisation trusts, never from the node that it joins by: that node only says where the
others are, and a wrong word of it shows, for blocks are checked against the genesis from the first.

    hefu node init      keys, genesis, peers; the node follows the ledger from then on
    hefu node request   a file for the members: whose validator, its public key, and its own signature
"""

from __future__ import annotations

import socket
from pathlib import Path
from urllib.parse import quote

import msgspec

from hefu.contracts.parties import commands as pc
from hefu.contracts.parties.contract import validator_message
from hefu.kernel.errors import Corrupt, EngineError, UsageError
from hefu.ledger.genesis import Genesis
from hefu.services.nodes import engine_home
from hefu.services.nodes.client import NodeClient
from hefu.services.nodes.engine_home import NodeKeys, Peer
from hefu.services.nodes.light import check_votes
from hefu.services.nodes.node import PORTS_A_NODE, NodeFile, NodeHome, StateSync, Whereabouts
from hefu.services.nodes.ports import check_ports
from hefu_verify.codec import Refused
from hefu_verify.suites import suite_named
from hefu_verify.trust.genesis import read_genesis
from hefu_verify.trust.handover import check


class Request(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What an organisation gives to the members, so that they vote for its validator. Nothing of it is secret."""

    format: str = "hefu-validator-request/1"
    organisation: str
    key: str
    possession: str

    def change(self, power: int) -> pc.SetValidator:
        """What the members vote on."""
        try:
            organisation, key, possession = map(bytes.fromhex, (self.organisation, self.key, self.possession))
        except ValueError:
            raise Corrupt("the request's fields are hexadecimal digits", code="MALFORMED") from None
        return pc.SetValidator(organisation, key, power, possession)


def join(
    node: NodeHome,
    *,
    name: str,
    genesis: Genesis,
    url: str,
    token: str,
    first_port: int,
    host: str = "127.0.0.1",
    bind: str = "127.0.0.1",
    bank: str = "",
) -> NodeKeys:
    """
    Make a node's folder from what another node says. If that one has snapshots, the new one begins with one of them.

    Args:
        host: Where the others reach this one.
        bind: Where its gateway listens.
        first_port: It takes four ports from here on: peers, engine, gateway, metrics.

    Raises:
        UsageError: A node lives there already, a port is taken, or this host has no address (UNKNOWN_HOST).
        Corrupt: The other node is of another ledger (OTHER_GENESIS), says what makes no sense (NODE_ANSWER), or shows a block that
            the validators did not sign (BAD_SEAL), or a handover that the founding members did not.
        Unavailable: It does not answer.
    """
    try:
        socket.getaddrinfo(host, first_port)
    except OSError:
        raise UsageError(
            "nobody will find a node under this name; give an address that the others reach",
            code="UNKNOWN_HOST",
            where=host,
        ) from None
    client = NodeClient([url], [token])
    try:
        there, peers = _ask(client, url)
        if there.chain_id != genesis.chain_id.hex():
            raise Corrupt("the node runs another ledger than this genesis", code="OTHER_GENESIS", where=url)
        # The oldest one: from its block on the light client goes forward, in few steps.
        sync = _trusted(client, genesis, there.snapshots[-1], url, token) if there.snapshots else None
        if not genesis.validators:
            _check_handover(genesis, there, url)
    finally:
        client.close()
    check_ports(range(first_port, first_port + PORTS_A_NODE))
    file = NodeFile.on_ports(
        first_port, name=name, bank=bank, host=host, bind=bind, genesis_time=there.genesis_time, sync=sync
    )
    keys = node.make(file)
    node.settle(genesis.raw, peers, there.handover)
    return keys


def request(node: NodeHome, organisation: bytes) -> Request:
    """The validator of a node, for the members to vote on."""
    genesis = Genesis.read(node.genesis)
    possession = engine_home.sign_as_validator(node.engine, validator_message(genesis.chain_id, organisation))
    key = engine_home.read_keys(node.engine).validator
    return Request(organisation=organisation.hex(), key=key.hex(), possession=possession.hex())


def read_request(path: Path) -> Request:
    """
    Raises:
        UsageError: No such file.
        Corrupt: It is no request.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Request)
    except OSError as error:
        raise UsageError(f"cannot read the request: {error.strerror}", where=str(path)) from None
    except (msgspec.DecodeError, msgspec.ValidationError):
        raise Corrupt("this is no validator's request", code="MALFORMED", where=str(path)) from None


def _ask(client: NodeClient, url: str) -> tuple[Whereabouts, list[Peer]]:
    try:
        there = msgspec.json.decode(client.ask("GET", "/v1/network").content, type=Whereabouts)
        return there, [_peer(text) for text in there.peers]
    except (msgspec.DecodeError, msgspec.ValidationError, ValueError):
        raise Corrupt("the node's answer is none", code="NODE_ANSWER", where=url) from None


def _check_handover(genesis: Genesis, there: Whereabouts, url: str) -> None:
    """A ledger that began as a pilot: who took it over is believed to its founding members alone."""
    if not there.snapshots:
        raise EngineError(
            "this ledger began with one operator, so a node joins it by a snapshot, and that node has none yet; join later",
            code="NO_SNAPSHOT_YET",
            where=url,
        )
    try:
        check(
            there.handover, read_genesis(genesis.raw), genesis.chain_id, genesis.hash, suite_named(genesis.file.suite)
        )
    except Refused as error:
        raise Corrupt(
            f"validators did not take this ledger over so: {error.text}", code=error.code, where=url
        ) from None


def _trusted(client: NodeClient, genesis: Genesis, height: int, url: str, token: str) -> StateSync:
    """State sync from the engine's header after a block, with the validators' signatures checked from the genesis on."""
    found = check_votes(client.seal(height), genesis)
    scheme, _, place = url.partition("://")
    server = f"{scheme}://hefu:{quote(token, safe='')}@{place.rstrip('/')}/v1/engine"
    return StateSync(servers=[server], trust_height=found.height, trust_hash=found.hash.hex())


def _peer(text: str) -> Peer:
    id, _, place = text.partition("@")
    host, _, port = place.rpartition(":")
    if len(bytes.fromhex(id)) != 20 or not host:
        raise ValueError("not a peer")
    return Peer(id, host, int(port))
