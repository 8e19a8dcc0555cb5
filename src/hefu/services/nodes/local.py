"""
A network on one machine: a home with the organisations, and a node for each bank that decides blocks.

    HOME/network.json          addresses of the gateways, for every command that works on this home
    HOME/nodes/NAME/           one node's folder, as on a machine of its own
    HOME/links.json            forwarders between the nodes, where they were asked for (`links.py`)

For trying out, teaching and tests: whoever holds this machine holds all validators.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec

from hefu.kernel.errors import Corrupt, EngineError, UsageError
from hefu.kernel.keyfile import COST, publish
from hefu.services.founding import FounderSpec, found
from hefu.services.home import Home
from hefu.services.nodes.client import NodeClient
from hefu.services.nodes.engine_home import NodeKeys, Peer
from hefu.services.nodes.links import Links
from hefu.services.nodes.node import PORTS_A_NODE, NodeFile, NodeHome
from hefu.services.nodes.ports import check_ports

HOST = "127.0.0.1"
FIRST_PORT = 26600
#: With three, none may fail.
VALIDATORS_MIN = 4
START_S = 60.0
STOP_S = 20.0
#: States of a process that holds nothing any more: a zombie, or dead (proc(5)).
ENDED = "ZX"
#: What runs a node.
RUN = (sys.executable, "-m", "hefu", "node", "run", "--node")


class NetworkFile(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """network.json: where the nodes of this home's ledger answer. Tokens stand in files of their own."""

    format: str = "hefu-network/1"
    nodes: list[str]
    """Names of the local nodes' folders, in order."""
    urls: list[str]


def read_network(home: Path) -> NetworkFile:
    """
    Raises:
        UsageError: This home's ledger is not a network's.
        Corrupt: The file cannot be read.
    """
    path = Home(home).network
    try:
        return msgspec.json.decode(path.read_bytes(), type=NetworkFile)
    except FileNotFoundError:
        raise UsageError(
            "this home has no network; `hefu network init` makes one", code="NO_NETWORK", where=str(home)
        ) from None
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise Corrupt(f"the network's file cannot be read: {error}", where=str(path)) from None


def _write(path: Path, network: NetworkFile) -> None:
    publish(path, msgspec.json.format(msgspec.json.encode(network), indent=1) + b"\n", overwrite=True)


def client_of(home: Path) -> NodeClient:
    """A client of this home's network."""
    file = read_network(home)
    try:
        tokens = [NodeHome(home / "nodes" / name).token.read_text().strip() for name in file.nodes]
    except FileNotFoundError as error:
        raise UsageError(
            "the folder of this node is not here: a backup of a home holds its keys and names, to be put back into the home",
            code="NODE_NOT_HERE",
            where=str(error.filename),
        ) from None
    return NodeClient(file.urls, tokens)


def runs(number: int, argument: str) -> bool:
    """
    Whether a process is still there and is the one that is meant.

    Args:
        number: Of the process; another one may have it by now.
        argument: A part of the command that started it.
    """
    try:
        command = Path(f"/proc/{number}/cmdline").read_bytes()
        fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    if command:
        return argument.encode() in command
    # A process that ends gives up its memory, its own command line included, before its ports; it holds those for as long as any of
    # its threads is at the disk, though its first may be a zombie by then.
    state, threads = fields[0], int(fields[17])
    return state not in ENDED or threads > 1


class LocalNetwork:
    """
    Nodes of a home, as processes of this machine.

    Args:
        home: The folder.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.file = read_network(home)
        self.nodes = {name: NodeHome(home / "nodes" / name) for name in self.file.nodes}
        self.links = Links.of(home)

    @classmethod
    def create(
        cls,
        path: Path,
        *,
        name: str,
        operator: str,
        banks: Sequence[str],
        passphrase: str,
        first_port: int = FIRST_PORT,
        links_port: int | None = None,
        cost: int = COST,
        others: Sequence[FounderSpec] = (),
        **founding: Any,
    ) -> LocalNetwork:
        """
        Found a ledger whose blocks the banks decide together, each by a node of its own.

        Args:
            first_port: Each node takes four ports from here on.
            links_port: Put forwarders between the nodes, which take `links.ports_of` so many ports from here on. Without them the
                nodes reach each other directly, and nothing can cut them apart.
            others: Founders that run no node.
            founding: As `founding.found` takes it.

        Raises:
            UsageError: Something is there already, fewer than four banks, or a port is taken.
        """
        if len(banks) < VALIDATORS_MIN:
            raise UsageError(
                f"{len(banks)} validators cannot lose one; a network that goes on without one of them needs four",
                code="TOO_FEW_VALIDATORS",
            )
        ports = range(first_port, first_port + PORTS_A_NODE * len(banks))
        check_ports(ports)
        at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        keys: dict[str, NodeKeys] = {}
        files = [
            NodeFile.on_ports(first_port + PORTS_A_NODE * i, name=f"node{i}", bank=bank, host=HOST, genesis_time=at)
            for i, bank in enumerate(banks)
        ]

        def make_nodes(folder: Path) -> Mapping[str, bytes]:
            for bank, file in zip(banks, files, strict=True):
                keys[bank] = NodeHome(folder / "nodes" / file.name).make(file)
            return {bank: keys[bank].validator for bank in banks}

        founders = [FounderSpec(operator, ("platform_operator",), True)]
        founders += [FounderSpec(bank, ("bank", "settlement_bank"), True) for bank in banks]
        founders += others
        home = found(
            path, name=name, founders=founders, passphrase=passphrase, cost=cost, validators=make_nodes, **founding
        )
        genesis = home.genesis.read_bytes()
        targets = {file.name: file.p2p_port for file in files}
        links = None if links_port is None else Links.make(path, targets, links_port)
        for file in files:
            peers = [
                Peer(keys[bank].id, HOST, links.port(file.name, other.name) if links else other.p2p_port)
                for bank, other in zip(banks, files, strict=True)
                if other is not file
            ]
            NodeHome(path / "nodes" / file.name).settle(genesis, peers)
        return cls.over(path, files)

    @classmethod
    def over(cls, path: Path, files: Sequence[NodeFile]) -> LocalNetwork:
        """Nodes whose folders are there become this home's network."""
        urls = [f"http://{HOST}:{file.gateway_port}" for file in files]
        _write(Home(path).network, NetworkFile(nodes=[file.name for file in files], urls=urls))
        return cls(path)

    # -- nodes that come and go ---------------------------------------------------------------------------------

    def remember(self, name: str, url: str) -> None:
        """A node whose folder is there belongs to this network from now on."""
        self.file.nodes.append(name)
        self.file.urls.append(url)
        _write(Home(self.home).network, self.file)
        self.nodes[name] = NodeHome(self.home / "nodes" / name)

    def forget(self, name: str) -> None:
        """A node belongs to it no more; its folder stays."""
        at = self.file.nodes.index(name)
        del self.file.nodes[at], self.file.urls[at], self.nodes[name]
        _write(Home(self.home).network, self.file)

    # -- processes ----------------------------------------------------------------------------------------------

    def pid(self, name: str) -> int | None:
        """The node's process, until it is gone and its ports with it."""
        node = self.nodes[name]
        try:
            number = int((node.path / "pid").read_text())
        except (OSError, ValueError):
            return None
        return number if runs(number, str(node.path)) else None

    def start(self, name: str, command: Sequence[str] = RUN) -> None:
        """
        Start a node's process; it lives on when this one ends.

        Args:
            command: What runs the node whose folder follows it; tests have nodes that lie.
        """
        if self.pid(name) is not None:
            return
        if self.links is not None:
            self.links.start()
        node = self.nodes[name]
        file = node.read()
        check_ports((file.p2p_port, file.rpc_port, file.gateway_port))
        # What it said when it ran before is no reason why it is down now.
        with (node.path / "output.log").open("wb") as output:
            process = subprocess.Popen(
                [*command, str(node.path)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=output,
                start_new_session=True,
                env=self._shared(),
            )
        publish(node.path / "pid", str(process.pid).encode(), overwrite=True)

    def _shared(self) -> dict[str, str]:
        """
        The environment of a node that shares this machine with the others: their engines, which look at clocks ten thousand times a
        second, each take a part of the processors, and wake no others for it. Four that are idle use 0.16 cores in place of 0.32.
        """
        part = max(1, (os.cpu_count() or 1) // len(self.nodes))
        return {"GOMAXPROCS": str(part), **os.environ}

    def up(
        self,
        progress: Callable[[str, dict[str, Any]], None] | None = None,
        timeout_s: float = START_S,
        names: Sequence[str] = (),
    ) -> None:
        """
        Start every node and wait until the network decides; or some, and wait until their engines run, whatever the others do.

        Raises:
            UsageError: No such node.
            EngineError: One did not come up in time; the reason as far as its log tells.
        """
        for name in self._known(names):
            self.start(name)
        end = time.monotonic() + timeout_s
        for name in self._known(names):
            while True:
                status = self.status_of(name)
                engine = status.get("engine", {})
                together = not engine.get("catching_up", True) and engine.get("peers", 0) >= len(self.nodes) - 2
                if engine.get("running") and (names or together):
                    break
                if self.pid(name) is None or time.monotonic() > end:
                    raise EngineError(
                        f"{name} did not come up: {self.last_words(name)}",
                        code="NODE_DOWN",
                        where=str(self.nodes[name].path),
                    )
                time.sleep(0.2)
            if progress is not None:
                progress(name, status)

    def _known(self, names: Sequence[str]) -> list[str]:
        """Those nodes, or all."""
        for name in names:
            if name not in self.nodes:
                raise UsageError(f"no node {name}; there are {', '.join(self.nodes)}", code="UNKNOWN_NODE")
        return list(names or self.nodes)

    def status_of(self, name: str) -> dict[str, Any]:
        """What a node says of itself; empty if it does not answer."""
        node = self.nodes[name]
        with suppress(OSError, httpx.HTTPError, ValueError):
            answer = httpx.get(
                f"http://{HOST}:{node.read().gateway_port}/v1/status",
                headers={"Authorization": f"Bearer {node.token.read_text().strip()}"},
                timeout=3.0,
            )
            if answer.status_code == 200:
                found: dict[str, Any] = answer.json()
                return found
        return {}

    def last_words(self, name: str) -> str:
        """Why a node ended, as far as it said; or else the last line of its log."""
        node = self.nodes[name]
        for file in ("output.log", "node.log"):
            with suppress(OSError):
                lines = (node.path / file).read_text(errors="replace").strip().splitlines()
                if lines:
                    return lines[-1][:300]
        return "it said nothing"

    def stop(self, name: str, number: int = signal.SIGTERM) -> None:
        """Stop a node's process and wait for it."""
        pid = self.pid(name)
        if pid is None:
            return
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        end = time.monotonic() + STOP_S
        while self.pid(name) is not None:
            if time.monotonic() > end:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            time.sleep(0.05)
        with suppress(FileNotFoundError):
            (self.nodes[name].path / "pid").unlink()

    def engine_pid(self, name: str) -> int | None:
        """The CometBFT of a node that answers."""
        number = self.status_of(name).get("engine", {}).get("pid")
        # What a node says is a second old; the number may be another process's by now.
        return number if number is not None and runs(number, str(self.nodes[name].engine)) else None

    def kill(self, *names: str) -> None:
        """End nodes and their engines at one instant, as a power cut would, and wait until they are gone."""
        engines = {name: self.engine_pid(name) for name in names}
        for name, engine in engines.items():
            for number in (self.pid(name), engine):
                if number is not None:
                    with suppress(ProcessLookupError):
                        os.kill(number, signal.SIGKILL)
        for name, engine in engines.items():
            while (pid := self.pid(name)) is not None or (
                engine is not None and runs(engine, str(self.nodes[name].engine))
            ):
                with suppress(ChildProcessError):
                    os.waitpid(pid or 0, os.WNOHANG)
                time.sleep(0.05)

    def down(self, names: Sequence[str] = ()) -> None:
        """
        Stop every node, and the forwarders between them; or some.

        Raises:
            UsageError: No such node.
        """
        for name in self._known(names):
            pid = self.pid(name)
            if pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
        for name in self._known(names):
            self.stop(name)
        if self.links is not None and not names:
            self.links.stop()
