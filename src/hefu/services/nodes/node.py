"""
One node of a network, whole: ledger and ABCI server, gateway, and CometBFT under supervision, in one process and one child.

    NODE/node.json       ports, peers, name; no secret
    NODE/genesis.json    the ledger's genesis, the same on every node
    NODE/handover        how validators took it over, where it began as a pilot; the same on every node
    NODE/token           what members' programs show to the gateway
    NODE/letters.key     signs for letters that arrive     NODE/letters.db   letters on their way
    NODE/ledger/         the ledger's store          NODE/outbox.db   what was taken and is not answered
    NODE/snapshots/      for nodes that join
    NODE/engine/         CometBFT's folder           NODE/node.log, engine.log
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import uvicorn

from hefu.contracts.parties import state as ps
from hefu.contracts.parties.state import VALIDATORS
from hefu.kernel.errors import Corrupt, EngineError, HefuError, UsageError
from hefu.kernel.keyfile import publish
from hefu.ledger.application import Application
from hefu.ledger.block import HEADER
from hefu.ledger.engines.cometbft.replica import Finalized, Replica
from hefu.ledger.engines.cometbft.server import AbciServer
from hefu.ledger.engines.cometbft.statesync import LedgerFolder, Snapshots
from hefu.ledger.engines.process import bound_memory
from hefu.ledger.genesis import Genesis
from hefu.ledger.handover import HANDOVER
from hefu.ledger.store import is_full
from hefu.ledger.versions import CODE_VERSION
from hefu.services.letters.book import Book
from hefu.services.letters.office import Office, door_key
from hefu.services.nodes import engine_home
from hefu.services.nodes.engine_home import Peer, Ports
from hefu.services.nodes.gateway import Gateway
from hefu.services.nodes.http import Facts
from hefu.services.nodes.http import application as http_application
from hefu.services.nodes.letters import Carrier, is_loopback
from hefu.services.nodes.outbox import Outbox
from hefu.services.nodes.ports import check_ports
from hefu.services.nodes.rpc import EngineRpc
from hefu.services.nodes.snapshots import SnapshotTaker
from hefu.services.nodes.supervisor import Supervisor, find_cometbft

FORMAT = "hefu-node/1"
#: Seconds without a turn of the event loop after which the node is taken for frozen and ends; whoever runs it starts it again.
FROZEN_S = 60.0
PORTS_A_NODE = 4


class NodeFile(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """node.json."""

    format: str = FORMAT
    name: str
    #: Whose node it is, where one home holds several.
    bank: str = ""
    #: Where peers reach it.
    host: str = "127.0.0.1"
    #: Where the gateway listens; TLS stands in front of it.
    bind: str = "127.0.0.1"
    p2p_port: int
    rpc_port: int
    gateway_port: int
    metrics_port: int = 0
    #: CometBFT's genesis_time, the same on every node.
    genesis_time: str
    #: Other nodes, as ID@HOST:PORT.
    peers: list[str] = msgspec.field(default_factory=list)
    #: Settings of CometBFT's configuration over ours, as "section.name" or "name": for sentry nodes, a remote signer.
    engine: dict[str, str | int | bool] = msgspec.field(default_factory=dict)
    #: Blocks of the engine between two snapshots; 0 takes none.
    snapshot_blocks: int = 10_000
    #: Where other nodes hand in letters, as organisations say it on the ledger; the gateway, if that is for this machine alone.
    address: str = ""
    #: Addresses of other nodes' doors by their keys in hexadecimal, over what contacts say on the ledger.
    doors: dict[str, str] = msgspec.field(default_factory=dict)
    #: Only until the node has its first block: it holds another node's token.
    sync: StateSync | None = None

    @classmethod
    def on_ports(cls, first: int, **others: Any) -> NodeFile:
        """A node whose four ports follow each other: peers, engine, gateway, metrics."""
        return cls(p2p_port=first, rpc_port=first + 1, gateway_port=first + 2, metrics_port=first + 3, **others)


class Whereabouts(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """
    What a node says to one that joins; `snapshots` are the ledger's heights of those that it can give, newest first.

    What is empty is left out: software of before a field came refuses it.
    """

    chain_id: str
    genesis_time: str
    peers: list[str]
    snapshots: list[int]
    #: How validators took the ledger over, base64; left out where the genesis names them.
    handover: bytes = b""


class StateSync(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """From where a new node takes a snapshot, and the engine's header that its light client trusts, checked from the genesis on."""

    servers: list[str]
    trust_height: int
    trust_hash: str


def first_validators(genesis: Genesis, handover: bytes) -> list[tuple[bytes, int]]:
    """
    Public key and power of the validators that a network begins with: those of its genesis, or of a handover.

    Raises:
        Corrupt: The handover is none.
    """
    if genesis.validators:
        return [(bytes.fromhex(validator.key), validator.power) for validator in genesis.validators]
    value = HANDOVER.load_canonical(handover, "handover").validators.value
    named = VALIDATORS.load_canonical(value or b"", "validators")
    return [(validator.key, validator.power) for validator in named.validators]


@dataclass(frozen=True)
class NodeHome:
    """Paths of a node's folder."""

    path: Path

    @property
    def file(self) -> Path:
        """node.json."""
        return self.path / "node.json"

    @property
    def genesis(self) -> Path:
        """The ledger's genesis."""
        return self.path / "genesis.json"

    @property
    def handover(self) -> Path:
        """How validators took the ledger over from an operator."""
        return self.path / "handover"

    @property
    def ledger(self) -> Path:
        """The ledger's store."""
        return self.path / "ledger"

    @property
    def engine(self) -> Path:
        """CometBFT's folder."""
        return self.path / "engine"

    @property
    def snapshots(self) -> Path:
        """Snapshots for nodes that join."""
        return self.path / "snapshots"

    @property
    def token(self) -> Path:
        """The gateway's token."""
        return self.path / "token"

    def read(self) -> NodeFile:
        """
        Raises:
            UsageError: No node lives here.
            Corrupt: Its file cannot be read.
        """
        try:
            return msgspec.json.decode(self.file.read_bytes(), type=NodeFile)
        except FileNotFoundError:
            raise UsageError(
                "no node lives here; `hefu network init` makes a network of them", code="NO_NODE", where=str(self.path)
            ) from None
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise Corrupt(f"the node's file cannot be read: {error}", where=str(self.file)) from None

    def write(self, node: NodeFile) -> None:
        """Put the node's file in place."""
        publish(self.file, msgspec.json.format(msgspec.json.encode(node), indent=1) + b"\n", overwrite=True)

    def make(self, node: NodeFile) -> engine_home.NodeKeys:
        """
        A new node's folder with fresh keys; genesis and peers come with `settle`.

        Raises:
            UsageError: A node lives here already.
        """
        if self.file.exists():
            raise UsageError("a node lives here already", code="HOME_EXISTS", where=str(self.path))
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        keys = engine_home.make_keys(self.engine)
        publish(self.token, secrets.token_urlsafe(32).encode(), overwrite=False)
        self.write(node)
        return keys

    def settle(self, genesis: bytes, peers: list[Peer], handover: bytes = b"") -> None:
        """The ledger's genesis, how validators took it over if they did, and who the other nodes are; the engine's files follow."""
        node = self.read()
        node.peers = [str(peer) for peer in peers]
        if not self.genesis.exists() or self.genesis.read_bytes() != genesis:
            publish(self.genesis, genesis, overwrite=False)
        if handover and not self.handover.exists():
            publish(self.handover, handover, overwrite=False)
        at = datetime.strptime(node.genesis_time, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        engine_home.write_genesis(self.engine, Genesis(genesis), first_validators(Genesis(genesis), handover), at)
        self.write(node)
        self.configure(node)

    def check_keys(self) -> None:
        """
        Raises:
            Corrupt: The node's key is missing, or its validator's where no signer has that: CometBFT would make a new one.
        """
        if self.read().engine.get("priv_validator_laddr"):
            engine_home.node_id(self.engine)
        else:
            engine_home.read_keys(self.engine)

    def configure(self, node: NodeFile) -> None:
        """Write the engine's configuration from the node's file."""
        peers = []
        for text in node.peers:
            id, _, place = text.partition("@")
            host, _, port = place.rpartition(":")
            peers.append(Peer(id, host, int(port)))
        ports = Ports(node.p2p_port, node.rpc_port, node.gateway_port, node.metrics_port)
        overrides: dict[tuple[str, str], engine_home.Setting] = {}
        if node.sync is not None:
            overrides |= engine_home.state_sync(node.sync.servers, node.sync.trust_height, node.sync.trust_hash)
        for name, value in node.engine.items():
            section, _, last = name.rpartition(".")
            overrides[(section, last)] = value
        engine_home.write_config(
            self.engine, name=node.name, ports=ports, peers=peers, host=node.host, overrides=overrides
        )

    def whereabouts(self) -> Whereabouts:
        """What this node says to one that joins: where it is itself, and those whom it knows."""
        file = self.read()
        own = Peer(engine_home.node_id(self.engine), file.host, file.p2p_port)
        return Whereabouts(
            chain_id=Genesis.read(self.genesis).chain_id.hex(),
            genesis_time=file.genesis_time,
            peers=[str(own), *file.peers],
            handover=self.handover.read_bytes() if self.handover.exists() else b"",
            snapshots=[HEADER.load(manifest.tip.header).height for manifest in Snapshots(self.snapshots).manifests()],
        )


class Node:
    """
    Args:
        home: Its folder.
        application: The contracts.
        tools: Where `make cometbft` installs.
        supervise: Run CometBFT too; without, somebody else does.
    """

    def __init__(
        self, home: NodeHome, application: Application, *, tools: Path | None = None, supervise: bool = True
    ) -> None:
        with _room(home.path):
            self._open(home, application, tools, supervise)

    def _open(self, home: NodeHome, application: Application, tools: Path | None, supervise: bool) -> None:
        self.home = home
        self.file = home.read()
        self._binary = find_cometbft(tools) if supervise else None
        genesis = Genesis.read(home.genesis)
        home.check_keys()
        self._log = (home.path / "node.log").open("ab", buffering=0)
        disk = LedgerFolder(home.ledger)
        self.replica = Replica(
            genesis,
            application,
            disk.open(),
            disk=disk if self.file.sync else None,
            snapshots=Snapshots(home.snapshots),
            handover=home.handover.read_bytes() if home.handover.exists() else b"",
        )
        if self.file.sync is not None and self.replica.engine_height:
            self.file.sync = None
            home.write(self.file)
        home.configure(self.file)
        self._engine_facts: dict[str, Any] = {"running": False}
        self._supervisor: Supervisor | None = None
        self._turn = time.monotonic()
        self._started = time.monotonic()
        self._gateway: Gateway | None = None
        self._server: AbciServer | None = None
        self._warned_of: tuple[int, int] | None = None
        self._carrier: Carrier | None = None

    def say(self, code: str, fields: dict[str, str]) -> None:
        """One line of the log: JSON, for machines; nothing of transactions or members is in it."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        # A log that cannot be written, on a full disk say, is no reason to stop.
        with suppress(OSError):
            self._log.write(json.dumps({"at": at, "code": code, **fields}, ensure_ascii=False).encode() + b"\n")
        with suppress(OSError):
            if "meaning" in fields:
                # What somebody has to do something about is told to whoever started the node, too.
                print(f"hefu: {fields.get('code', code)}: {fields['meaning']}", file=sys.stderr, flush=True)

    async def run(self, ready: Callable[[], None] | None = None) -> None:
        """
        Serve until SIGTERM or SIGINT.

        Raises:
            HefuError: The node cannot go on; the code says why.
        """
        with _room(self.home.path):
            await self._run(ready)

    async def _run(self, ready: Callable[[], None] | None) -> None:
        check_ports([self.file.gateway_port], self.file.bind)
        bound_memory()
        loop = asyncio.get_running_loop()
        stop: asyncio.Future[None] = loop.create_future()

        def stopped() -> None:
            if not stop.done():
                stop.set_result(None)

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopped)
        server = self._server = AbciServer(self.replica, self._on_commit)
        await server.start(engine_home.socket_of(self.home.engine))
        rpc = EngineRpc(self.file.rpc_port)
        outbox = Outbox(self.home.path / "outbox.db")
        gateway = self._gateway = Gateway(self.replica, rpc, outbox, server.fail)
        gateway.start()
        alone = is_loopback(self.file.bind)
        address = self.file.address or (f"http://{self.file.bind}:{self.file.gateway_port}" if alone else "")
        key = door_key(self.home.path / "letters.key")
        office = Office(Book(self.home.path / "letters.db"), key, lambda: self.replica.chain, address=address)
        carrier = self._carrier = Carrier(office, self.file.doors, alone=alone)
        web = _Web(self._web_config(gateway, rpc, office))
        taker = SnapshotTaker(self.replica, rpc, self.home.ledger, self.home.snapshots, self.file.snapshot_blocks)
        tasks = [loop.create_task(work) for work in (web.serve(), self._watch(rpc, server), taker.run(), carrier.run())]
        if self._binary is not None:
            self._supervisor = Supervisor(self._binary, self.home.engine, self.home.path / "engine.log", self.say)
            tasks.append(loop.create_task(self._supervisor.run()))
        self._guard_against_freezing()
        self.replica.alive = self._alive
        self.say("NODE_STARTED", {"height": str(self.replica.chain.tip.height), "gateway": str(self.file.gateway_port)})
        if ready is not None:
            ready()
        failure: BaseException | None = None
        try:
            ends: list[asyncio.Future[Any]] = [stop, server.failed, *tasks]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            failure = server.failed.result() if server.failed.done() else _first_failure(tasks)
        finally:
            web.should_exit = True
            await gateway.close()
            if self._supervisor is not None:
                await self._supervisor.stop()
            await server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await rpc.close()
            for close in (outbox.close, office.close, self.replica.store.close):
                try:
                    close()
                except Exception as error:
                    # What was acknowledged is in the store's log already; closing it only tidies.
                    failure = failure or error
        if failure is not None:
            code = failure.code if isinstance(failure, HefuError) else "NODE_FAILED"
            self.say("NODE_FAILED", {"reason": code, "text": str(failure)[:300]})
            if isinstance(failure, HefuError):
                raise failure
            raise EngineError(f"the node stopped: {type(failure).__name__}: {failure}", code="NODE_FAILED") from failure
        self.say("NODE_STOPPED", {})

    def _on_commit(self, done: Finalized) -> None:
        if self._gateway is not None:
            self._gateway.on_commit(done)

    def _web_config(self, gateway: Gateway, rpc: EngineRpc, office: Office) -> uvicorn.Config:
        token = self.home.token.read_text().strip()
        facts = Facts(
            status=lambda: {"engine": self._engine_facts},
            metrics=self.metrics,
            network=lambda: msgspec.json.encode(self.home.whereabouts()),
        )
        app = http_application(self.replica, gateway, rpc, token, facts, office)
        return uvicorn.Config(
            app, host=self.file.bind, port=self.file.gateway_port, log_config=None, access_log=False, lifespan="off"
        )

    async def _watch(self, rpc: EngineRpc, server: AbciServer) -> None:
        """What CometBFT says of itself, for status and metrics; and a sign of life for the guard."""
        while True:
            self._turn = time.monotonic()
            supervisor = self._supervisor
            facts: dict[str, Any] = {"running": False, "starts": supervisor.starts if supervisor else 0}
            with suppress(EngineError):
                said = await rpc.status()
                sync, own = said["sync_info"], said["validator_info"]
                facts |= {
                    "running": True,
                    "pid": supervisor.pid if supervisor else None,
                    "peers": await rpc.peers(),
                    "height": int(sync["latest_block_height"]),
                    "catching_up": bool(sync["catching_up"]),
                    "voting_power": int(own["voting_power"]),
                    "total_power": self._total_power(),
                }
            if supervisor is not None:
                facts |= supervisor.warning if facts["running"] else supervisor.explain()
            self._engine_facts = facts
            self._look_ahead()
            await asyncio.sleep(1.0)

    def _total_power(self) -> int:
        """Voting power of all validators, as the members set it."""
        record = self.replica.chain.state.get(ps.VALIDATORS_KEY, ps.VALIDATORS)
        return 0 if record is None else sum(validator.power for validator in record.validators)

    def _look_ahead(self) -> None:
        """Say it once where the members adopted a code version that this software does not know: it stops there."""
        upgrades = self.replica.chain.upgrades()
        if upgrades and upgrades[-1] != self._warned_of and upgrades[-1][0] > CODE_VERSION:
            self._warned_of = upgrades[-1]
            version, height = (str(number) for number in upgrades[-1])
            meaning = (
                f"this node stops before block {height}, which code version {version} decides; install a newer release"
            )
            self.say("UPGRADE_NEEDED", {"code_version": version, "from_height": height, "meaning": meaning})

    def _alive(self) -> None:
        self._turn = time.monotonic()

    def _guard_against_freezing(self) -> None:
        def guard() -> None:
            while True:
                time.sleep(FROZEN_S / 10)
                if time.monotonic() - self._turn > FROZEN_S:
                    self.say("NODE_FROZEN", {"seconds": f"{FROZEN_S:.0f}"})
                    os._exit(70)

        threading.Thread(target=guard, name="hefu-guard", daemon=True).start()

    def metrics(self) -> str:
        """For Prometheus."""
        engine, gateway = self._engine_facts, self._gateway
        values: list[tuple[str, str, float]] = [
            ("hefu_height", "gauge", self.replica.chain.tip.height),
            ("hefu_engine_height", "gauge", self.replica.engine_height),
            ("hefu_code_version", "gauge", self.replica.chain.next_version()),
            ("hefu_code_version_adopted", "gauge", max((v for v, _ in self.replica.chain.upgrades()), default=0)),
            ("hefu_code_version_known", "gauge", CODE_VERSION),
            ("hefu_engine_running", "gauge", float(bool(engine.get("running")))),
            ("hefu_engine_starts_total", "counter", float(engine.get("starts", 0))),
            ("hefu_engine_peers", "gauge", float(engine.get("peers", 0))),
            ("hefu_uptime_seconds", "counter", time.monotonic() - self._started),
        ]
        if gateway is not None:
            values += [
                ("hefu_gateway_waiting", "gauge", gateway.waiting),
                ("hefu_gateway_taken_total", "counter", gateway.taken),
                ("hefu_gateway_answered_total", "counter", gateway.answered),
                ("hefu_gateway_resent_total", "counter", gateway.resent),
                ("hefu_gateway_parcels_total", "counter", gateway.sent_parcels),
                ("hefu_gateway_busy_total", "counter", gateway.refused_busy),
            ]
        if self._carrier is not None:
            values += [
                ("hefu_letters_delivered_total", "counter", self._carrier.delivered),
                ("hefu_letters_failed_total", "counter", self._carrier.failed),
            ]
        text = "".join(f"# TYPE {name} {kind}\n{name} {value:g}\n" for name, kind, value in values)
        if self._server is not None:
            # What of a block's time is the application's: CometBFT waits for each of these.
            text += "# TYPE hefu_abci_seconds_total counter\n"
            spent = sorted(self._server.spent.items())
            text += "".join(f'hefu_abci_seconds_total{{call="{call}"}} {seconds:.6f}\n' for call, seconds in spent)
        return text


@contextmanager
def _room(folder: Path) -> Iterator[None]:
    """Whichever part first finds the disk full, whoever runs the node is told in one way."""
    try:
        yield
    except Exception as error:
        if not is_full(error):
            raise
        raise EngineError(
            "the disk is full; make room and start the node again, nothing is lost",
            code="DISK_FULL",
            where=str(folder),
        ) from None


class _Web(uvicorn.Server):
    """uvicorn without its own handling of signals: the node stops everything in order."""

    def install_signal_handlers(self) -> None:
        """Nothing."""

    def capture_signals(self) -> Any:
        """Nothing."""
        from contextlib import nullcontext

        return nullcontext()


def _first_failure(tasks: list[asyncio.Task[None]]) -> BaseException | None:
    for task in tasks:
        if task.done() and not task.cancelled():
            error = task.exception()
            if error is not None:
                return error
    return None
