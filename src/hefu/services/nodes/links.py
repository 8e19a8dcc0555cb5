"""
The links between the nodes of one machine, to cut, slow down and heal: for teaching, demonstrations and tests.

    HOME/links.json     a forwarder for each directed pair of nodes, with its port
    HOME/links.sock     where the process that forwards takes orders

Each node dials each other one through the forwarder of that pair. A node that joins later has no links of its own: it dials the
others through those of the node that it joined by.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import permutations
from pathlib import Path

import msgspec

from hefu.kernel.errors import Corrupt, EngineError, UsageError
from hefu.kernel.keyfile import publish
from hefu.services.nodes.forwarders import Condition, Link, LinksFile, Order, Report
from hefu.services.nodes.ports import check_ports

START_S = 20.0
ANSWER_S = 5.0

Pair = tuple[str, str]
"""Sender and receiver, by the names of their nodes."""


def ports_of(nodes: int) -> int:
    """How many ports the links between so many nodes take."""
    return nodes * (nodes - 1)


class Links:
    """
    Args:
        home: The folder of the network.

    Raises:
        UsageError: This network's nodes are not linked by forwarders (NO_LINKS).
        Corrupt: The file cannot be read.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        path = home / "links.json"
        try:
            self._links = msgspec.json.decode(path.read_bytes(), type=LinksFile).links
        except FileNotFoundError:
            raise UsageError(
                "this network's nodes reach each other without forwarders, so nothing can cut them apart",
                code="NO_LINKS",
                where=str(home),
            ) from None
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise Corrupt(f"the links' file cannot be read: {error}", where=str(path)) from None

    @classmethod
    def make(cls, home: Path, targets: Mapping[str, int], first_port: int) -> Links:
        """
        Forwarders between all nodes of a new network; `start` starts them.

        Args:
            targets: The nodes, with the ports on which they listen for peers.
            first_port: `ports_of` so many nodes ports from here on.

        Raises:
            UsageError: A port is taken, or there are links already.
        """
        pairs = list(permutations(targets, 2))
        ports = range(first_port, first_port + len(pairs))
        check_ports(ports)
        links = [
            Link(sender=sender, receiver=receiver, port=port, target=targets[receiver])
            for (sender, receiver), port in zip(pairs, ports, strict=True)
        ]
        raw = msgspec.json.format(msgspec.json.encode(LinksFile(links=links)), indent=1) + b"\n"
        publish(home / "links.json", raw, overwrite=False)
        return cls(home)

    @classmethod
    def of(cls, home: Path) -> Links | None:
        """The links of a network, or None where its nodes reach each other directly."""
        return cls(home) if (home / "links.json").exists() else None

    def port(self, sender: str, receiver: str) -> int:
        """Where a node dials another."""
        return next(link.port for link in self._links if (link.sender, link.receiver) == (sender, receiver))

    @property
    def pairs(self) -> list[Pair]:
        """All directions."""
        return [(link.sender, link.receiver) for link in self._links]

    # -- the process --------------------------------------------------------------------------------------------

    @property
    def pid(self) -> int | None:
        """The process that forwards, while it runs."""
        try:
            number = int((self._home / "links.pid").read_text())
            command = Path(f"/proc/{number}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        # A number that another process has by now is not the forwarders'.
        return number if b"forwarders" in command and os.fsencode(self._home) in command else None

    def start(self) -> None:
        """
        Start to forward, if nobody does; it lives on when this process ends.

        Raises:
            UsageError: A port is taken.
            EngineError: It does not answer in time (LINKS_DOWN).
        """
        if self.pid is not None:
            return
        check_ports(link.port for link in self._links)
        with (self._home / "links.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "hefu.services.nodes.forwarders", str(self._home)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        publish(self._home / "links.pid", str(process.pid).encode(), overwrite=True)
        end = time.monotonic() + START_S
        while True:
            try:
                self.report()
                return
            except EngineError:
                if process.poll() is not None or time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def stop(self) -> None:
        """Stop to forward; all connections between the nodes end."""
        pid = self.pid
        if pid is None:
            return
        end = time.monotonic() + START_S
        number = signal.SIGTERM
        while self.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            if time.monotonic() > end:
                number = signal.SIGKILL
            time.sleep(0.05)
        for name in ("links.pid", "links.sock"):
            with suppress(FileNotFoundError):
                (self._home / name).unlink()

    # -- orders -------------------------------------------------------------------------------------------------

    def report(self) -> Report:
        """
        How all directions stand.

        Raises:
            EngineError: The process does not answer (LINKS_DOWN).
        """
        return self._tell([])

    def impair(self, condition: Condition, pairs: Iterable[Pair] | None = None) -> Report:
        """
        Put a condition in force, in place of the one that was.

        Args:
            pairs: Directions; all, if none are given.

        Raises:
            UsageError: No such direction (UNKNOWN_LINK).
            EngineError: The process does not answer (LINKS_DOWN).
        """
        chosen = self.pairs if pairs is None else list(pairs)
        unknown = set(chosen) - set(self.pairs)
        if unknown:
            raise UsageError(f"no link between {' and '.join(min(unknown))}", code="UNKNOWN_LINK")
        return self._tell([Order(sender=s, receiver=r, condition=condition) for s, r in chosen])

    def partition(self, *groups: Sequence[str], silent: bool = True) -> Report:
        """
        Cut the network into groups that reach only themselves; who is in no group forms the last one.

        Args:
            silent: Nothing passes and nobody is told, as between machines; else connections are closed and refused.

        Raises:
            UsageError: No such node (UNKNOWN_LINK).
            EngineError: The process does not answer (LINKS_DOWN).
        """
        where = {name: number for number, group in enumerate(groups) for name in group}
        unknown = where.keys() - {link.sender for link in self._links}
        if unknown:
            raise UsageError(f"no links of a node {min(unknown)}", code="UNKNOWN_LINK")
        apart = [(s, r) for s, r in self.pairs if where.get(s, -1) != where.get(r, -1)]
        return self.impair(Condition(cut="silent" if silent else "closed"), apart)

    def heal(self) -> Report:
        """Everything passes again, at once."""
        return self.impair(Condition())

    def _tell(self, orders: list[Order]) -> Report:
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(ANSWER_S)
                connection.connect(str(self._home / "links.sock"))
                connection.sendall(msgspec.json.encode(orders) + b"\n")
                with connection.makefile("rb") as answers:
                    return msgspec.json.decode(answers.readline(), type=Report)
        except (OSError, msgspec.DecodeError) as error:
            raise EngineError(
                f"the forwarders between the nodes do not answer: {type(error).__name__}",
                code="LINKS_DOWN",
                where=str(self._home),
            ) from None
