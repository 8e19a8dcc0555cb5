"""
CometBFT's folder: keys, genesis and configuration, written by us in the forms that CometBFT reads.

    engine/config/config.toml, genesis.json, node_key.json, priv_validator_key.json
    engine/data/priv_validator_state.json, and CometBFT's own databases

What the configuration says beyond CometBFT's defaults, and why, stands in `_SETTINGS`.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nacl.signing import SigningKey

from hefu.kernel.errors import Corrupt, UsageError
from hefu.kernel.hashing import sha256
from hefu.kernel.keyfile import publish
from hefu.ledger.engines.cometbft.replica import engine_chain_id
from hefu.ledger.genesis import Genesis

_PUBLIC, _PRIVATE = "tendermint/PubKeyEd25519", "tendermint/PrivKeyEd25519"
#: Largest parcel: one transaction of the largest size, or many small ones.
PARCEL_BYTES_MAX = (1 << 20) + 4096
#: A block is bounded by its bytes too: without a bound, overload once made a block that took three minutes to run.
BLOCK_BYTES_MAX = 1_500_000

Setting = str | int | bool
#: Section, name, value. Strings of durations are CometBFT's.
_SETTINGS: tuple[tuple[str, str, Setting], ...] = (
    ("", "db_backend", "goleveldb"),
    ("", "log_level", "info"),
    ("", "log_format", "json"),
    # Asking the application about every peer brings nothing: peers are in the configuration.
    ("", "filter_peers", False),
    ("rpc", "max_body_bytes", 20_000_000),
    ("rpc", "max_open_connections", 200),
    ("p2p", "pex", False),
    # Small messages wait for company; ten milliseconds of it instead of a hundred halve a block's way.
    ("p2p", "flush_throttle_timeout", "10ms"),
    ("p2p", "max_packet_msg_payload_size", 65_536),
    ("p2p", "send_rate", 200_000_000),
    ("p2p", "recv_rate", 200_000_000),
    ("mempool", "type", "flood"),
    # Verdicts depend on bytes alone: what was good is good.
    ("mempool", "recheck", False),
    # Parcels, not transactions. Full, it tells the gateway to wait.
    ("mempool", "size", 1000),
    ("mempool", "max_txs_bytes", 64 << 20),
    ("mempool", "cache_size", 200_000),
    ("mempool", "max_tx_bytes", PARCEL_BYTES_MAX),
    ("consensus", "timeout_propose", "3s"),
    ("consensus", "timeout_commit", "500ms"),
    ("consensus", "peer_gossip_sleep_duration", "10ms"),
    # A block's time is the moment at which the one before it was voted for: without a block now and then, the first after a quiet
    # night would bear the evening's time.
    ("consensus", "create_empty_blocks", True),
    ("consensus", "create_empty_blocks_interval", "5s"),
    ("tx_index", "indexer", "null"),
)


@dataclass(frozen=True)
class Ports:
    """Where a node listens. Peers reach `p2p`, members `gateway`; `rpc` is for this machine alone, `metrics` for its monitoring."""

    p2p: int
    rpc: int
    gateway: int
    metrics: int = 0


@dataclass(frozen=True)
class Peer:
    """Another node: its id in CometBFT (40 hexadecimal digits), host and port."""

    id: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.id}@{self.host}:{self.port}"


@dataclass(frozen=True)
class NodeKeys:
    """What identifies a node: its id among peers, and the validator's public key (32 bytes)."""

    id: str
    validator: bytes


def make_keys(engine: Path) -> NodeKeys:
    """
    New keys in an engine's folder.

    Raises:
        UsageError: There are keys already.
    """
    config, data = engine / "config", engine / "data"
    for folder in (engine, config, data):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    node, validator = SigningKey.generate(), SigningKey.generate()
    _write(config / "node_key.json", {"priv_key": _private(node)}, secret=True)
    _write(
        config / "priv_validator_key.json",
        {
            "address": _address(validator),
            "pub_key": _public(bytes(validator.verify_key)),
            "priv_key": _private(validator),
        },
        secret=True,
    )
    _write(data / "priv_validator_state.json", {"height": "0", "round": 0, "step": 0}, secret=True)
    return NodeKeys(_address(node).lower(), bytes(validator.verify_key))


def read_keys(engine: Path) -> NodeKeys:
    """
    Public halves of the keys in an engine's folder.

    Raises:
        Corrupt: A file is missing or no key file of CometBFT's.
    """
    config = engine / "config"
    try:
        validator = json.loads((config / "priv_validator_key.json").read_bytes())["pub_key"]["value"]
        return NodeKeys(node_id(engine), base64.b64decode(validator, validate=True))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Corrupt(f"the engine's key files cannot be read: {type(error).__name__}", where=str(config)) from None


def node_id(engine: Path) -> str:
    """
    What a node is called among peers. Its validator's key may be elsewhere, with a signer of its own.

    Raises:
        Corrupt: The file is missing or no key file of CometBFT's.
    """
    config = engine / "config"
    try:
        node = json.loads((config / "node_key.json").read_bytes())["priv_key"]["value"]
        return _address(SigningKey(base64.b64decode(node, validate=True)[:32])).lower()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Corrupt(f"the engine's key files cannot be read: {type(error).__name__}", where=str(config)) from None


def sign_as_validator(engine: Path, message: bytes) -> bytes:
    """
    A signature of the validator's key; for what shows that its holder runs it, never for votes.

    Raises:
        Corrupt: The key's file is missing or no key file of CometBFT's.
    """
    path = engine / "config" / "priv_validator_key.json"
    try:
        secret = base64.b64decode(json.loads(path.read_bytes())["priv_key"]["value"], validate=True)
        return bytes(SigningKey(secret[:32]).sign(message).signature)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Corrupt(f"the validator's key cannot be read: {type(error).__name__}", where=str(path)) from None


def write_genesis(engine: Path, genesis: Genesis, validators: Sequence[tuple[bytes, int]], at: datetime) -> None:
    """CometBFT's genesis of a ledger, with public key and power of the first validators: the same bytes on every node."""
    file = {
        "genesis_time": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "chain_id": engine_chain_id(genesis),
        "initial_height": "1",
        "consensus_params": {
            "block": {"max_bytes": str(BLOCK_BYTES_MAX), "max_gas": "-1"},
            "evidence": {"max_age_num_blocks": "100000", "max_age_duration": "172800000000000", "max_bytes": "65536"},
            "validator": {"pub_key_types": ["ed25519"]},
            "version": {"app": str(genesis.file.code_version)},
            "abci": {"vote_extensions_enable_height": "0"},
        },
        "validators": [
            {
                "address": _address_of(key),
                "pub_key": _public(key),
                "power": str(power),
                "name": "",
            }
            for key, power in validators
        ],
        "app_hash": "",
    }
    _write(engine / "config" / "genesis.json", file)


def write_config(
    engine: Path,
    *,
    name: str,
    ports: Ports,
    peers: Sequence[Peer],
    host: str = "127.0.0.1",
    overrides: Mapping[tuple[str, str], Setting] | None = None,
) -> None:
    """
    CometBFT's configuration.

    Args:
        name: What the node calls itself to its peers.
        host: Where peers reach it. A loopback address makes a network of one machine, which CometBFT has to be told to allow.
        overrides: Settings by section and name, over ours.
    """
    settings: dict[tuple[str, str], Setting] = {(section, key): value for section, key, value in _SETTINGS}
    local = host.startswith("127.") or host == "localhost"
    settings |= {
        ("", "moniker"): name,
        ("", "proxy_app"): "unix://" + str(socket_of(engine)),
        ("rpc", "laddr"): f"tcp://127.0.0.1:{ports.rpc}",
        ("p2p", "laddr"): f"tcp://{host if local else '0.0.0.0'}:{ports.p2p}",  # noqa: S104 - peers come from elsewhere
        ("p2p", "external_address"): f"{host}:{ports.p2p}",
        ("p2p", "persistent_peers"): ",".join(map(str, peers)),
        ("p2p", "addr_book_strict"): not local,
        ("p2p", "allow_duplicate_ip"): local,
        ("instrumentation", "prometheus"): bool(ports.metrics),
        ("instrumentation", "prometheus_listen_addr"): f"127.0.0.1:{ports.metrics}",
    }
    settings |= dict(overrides or {})
    sections: dict[str, list[str]] = {"": []}
    for (section, key), value in settings.items():
        sections.setdefault(section, []).append(f"{key} = {json.dumps(value)}")
    lines = ["# Written by hefu at every start of the node; what you change here is lost.", *sections.pop("")]
    for section, entries in sections.items():
        lines += ["", f"[{section}]", *entries]
    publish(engine / "config" / "config.toml", ("\n".join(lines) + "\n").encode(), overwrite=True)


def state_sync(servers: Sequence[str], trust_height: int, trust_hash: str) -> dict[tuple[str, str], Setting]:
    """Settings by which a new node takes a snapshot instead of all blocks from the first."""
    return {
        # One server stands for two where there is no other: its answers are checked against the validators' signatures.
        ("statesync", "enable"): True,
        ("statesync", "rpc_servers"): ",".join(servers if len(servers) > 1 else [*servers, *servers]),
        ("statesync", "trust_height"): trust_height,
        ("statesync", "trust_hash"): trust_hash,
        # The trusted header was checked from the genesis on; it does not grow old as a guess would.
        ("statesync", "trust_period"): "87600h0m0s",
        ("statesync", "discovery_time"): "5s",
    }


def socket_of(engine: Path) -> Path:
    """The application's socket. Short by need: a socket's path has 107 bytes at most."""
    path = engine.resolve().parent / "app.sock"
    if len(os.fsencode(path)) > 107:
        raise UsageError("this folder's path is too long for a socket; choose one nearer to the root", where=str(path))
    return path


def _write(path: Path, content: dict[str, Any], *, secret: bool = False) -> None:
    if secret:
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise UsageError("there are keys here already", code="HOME_EXISTS", where=str(path)) from None
        with os.fdopen(handle, "wb") as file:
            file.write(json.dumps(content, indent=2).encode() + b"\n")
    else:
        publish(path, json.dumps(content, indent=2).encode() + b"\n", overwrite=True)


def _public(key: bytes) -> dict[str, str]:
    return {"type": _PUBLIC, "value": base64.b64encode(key).decode()}


def _private(key: SigningKey) -> dict[str, str]:
    return {"type": _PRIVATE, "value": base64.b64encode(bytes(key) + bytes(key.verify_key)).decode()}


def _address(key: SigningKey) -> str:
    return _address_of(bytes(key.verify_key))


def _address_of(public_key: bytes) -> str:
    """CometBFT's address of an Ed25519 key: the first twenty bytes of its SHA-256, in capitals."""
    return sha256(public_key)[:20].hex().upper()
