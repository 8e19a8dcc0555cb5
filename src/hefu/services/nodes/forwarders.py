"""
The network between the nodes of one machine, as a process of its own: a forwarder of TCP for each directed pair, which delays, cuts
and loses as it is told. It needs no privilege, for it stands in the way instead of asking the kernel to.

    python -m hefu.services.nodes.forwarders HOME

What travels is encrypted between the nodes; the forwarders see lengths and instants alone, and change no byte. `links.py` starts
this process and speaks to it; it never runs between machines.
"""

from __future__ import annotations

import asyncio
import random
import signal
import socket
import struct
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec

HOST = "127.0.0.1"
#: Bytes that are taken at once, and pieces that wait in one direction of one connection before no more are taken.
CHUNK, PIECES = 1 << 16, 64
DIAL_S = 3.0

Cut = Literal["", "silent", "closed"]
Accept = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Link(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A forwarder: `sender` reaches `receiver`, which listens on `target`, through `port`."""

    sender: str
    receiver: str
    port: int
    target: int


class LinksFile(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """links.json: the forwarders between a home's nodes."""

    format: str = "hefu-links/1"
    links: list[Link]


class Condition(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """
    What happens to the bytes from one node to another; nothing, if nothing is said.

    Args:
        delay_s: Seconds for which each piece is held back.
        jitter_s: Up to so many more, drawn for each piece; order is kept, as TCP keeps it.
        bytes_per_s: Bandwidth; 0 is no bound.
        stalls_per_s: How often, in the mean, nothing passes for a while: what TCP makes of a lost packet.
        stall_s: The longest of these whiles.
        resets_per_s: How often, in the mean, a connection that carries something is reset.
        cut: "silent" lets nothing through and says nothing, as a partition does; "closed" closes and refuses connections.
    """

    delay_s: float = 0.0
    jitter_s: float = 0.0
    bytes_per_s: float = 0.0
    stalls_per_s: float = 0.0
    stall_s: float = 0.5
    resets_per_s: float = 0.0
    cut: Cut = ""


class Order(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The condition of one direction from now on."""

    sender: str
    receiver: str
    condition: Condition


class Report(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """How all directions stand, and what was done since the process began."""

    orders: list[Order]
    connections: int
    stalls: int
    resets: int


class _Way:
    """One direction between two nodes."""

    def __init__(self) -> None:
        self.condition = Condition()
        self.open = asyncio.Event()
        self.open.set()

    def take(self, condition: Condition) -> None:
        self.condition = condition
        if condition.cut:
            self.open.clear()
        else:
            self.open.set()


class Forwarders:
    """
    Args:
        links: Which ones.
        chance: Draws jitter, stalls and resets.
    """

    def __init__(self, links: list[Link], chance: random.Random) -> None:
        self.links, self.chance = links, chance
        self.ways = {(link.sender, link.receiver): _Way() for link in links}
        self.connections: set[_Connection] = set()
        self.stalls = self.resets = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, control: Path) -> None:
        """Forward until cancelled; orders come over a unix socket, a JSON line each."""
        with suppress(FileNotFoundError):
            control.unlink()  # noqa: ASYNC240 - one name in a folder of this machine, before anything runs
        servers = [await asyncio.start_server(self._accepting(link), HOST, link.port) for link in self.links]
        servers.append(await asyncio.start_unix_server(self._told, str(control)))
        control.chmod(0o600)  # noqa: ASYNC240
        await asyncio.gather(*(server.serve_forever() for server in servers))

    def obey(self, orders: list[Order]) -> Report:
        """
        Put conditions in force.

        Raises:
            KeyError: No such direction.
        """
        ways = [self.ways[order.sender, order.receiver] for order in orders]
        for way, order in zip(ways, orders, strict=True):
            way.take(order.condition)
        for connection in list(self.connections):
            if connection.refused:
                connection.abort()
        stand = [Order(sender=s, receiver=r, condition=way.condition) for (s, r), way in self.ways.items()]
        return Report(orders=stand, connections=len(self.connections), stalls=self.stalls, resets=self.resets)

    async def _told(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            orders = msgspec.json.decode(await reader.readline(), type=list[Order])
            answer = msgspec.json.encode(self.obey(orders))
        except (ValueError, KeyError, msgspec.DecodeError) as error:
            answer = msgspec.json.encode({"error": str(error)})
        with suppress(OSError):
            writer.write(answer + b"\n")
            await writer.drain()
        writer.close()

    def _accepting(self, link: Link) -> Accept:
        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            there, back = self.ways[link.sender, link.receiver], self.ways[link.receiver, link.sender]
            connection = _Connection(self, there, back, writer)
            self.connections.add(connection)
            try:
                await connection.run(reader, link.target)
            finally:
                connection.abort()
                self.connections.discard(connection)

        return accept


class _Connection:
    """One connection through a forwarder, and its continuation to the node that it is meant for."""

    def __init__(self, owner: Forwarders, there: _Way, back: _Way, near: asyncio.StreamWriter) -> None:
        self.owner, self._there, self._back = owner, there, back
        self._writers = [near]
        self._task = asyncio.current_task()

    @property
    def refused(self) -> bool:
        """Whether such connections are closed now."""
        return "closed" in (self._there.condition.cut, self._back.condition.cut)

    async def run(self, reader: asyncio.StreamReader, target: int) -> None:
        """Carry until either end closes."""
        if self.refused:
            return
        # Of a silent cut the dialler hears nothing: its connection is held, and goes on when the cut is healed.
        await self._there.open.wait()
        await self._back.open.wait()
        try:
            far_reader, far = await asyncio.wait_for(asyncio.open_connection(HOST, target), DIAL_S)
        except (OSError, TimeoutError):
            return
        self._writers.append(far)
        pumps = [_Pump(self, self._there, reader, far), _Pump(self, self._back, far_reader, self._writers[0])]
        tasks = [asyncio.ensure_future(work) for pump in pumps for work in (pump.take(), pump.give())]
        try:
            # Whichever ends first ends the connection: these protocols close both halves at once.
            await asyncio.wait([tasks[1], tasks[3]], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def abort(self) -> None:
        """Reset both halves."""
        for writer in self._writers:
            held = writer.get_extra_info("socket")
            with suppress(OSError):
                held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


class _Pump:
    """The bytes of one connection in one direction."""

    def __init__(
        self, owner: _Connection, way: _Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._owner, self._way, self._reader, self._writer = owner, way, reader, writer
        self._pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(PIECES)
        self._due = 0.0
        self._loop = asyncio.get_running_loop()
        self._seen = self._loop.time()

    async def take(self) -> None:
        """Read, and say when each piece may go on."""
        while True:
            try:
                data = await self._reader.read(CHUNK)
            except OSError:
                data = b""
            now, condition, chance = self._loop.time(), self._way.condition, self._owner.owner.chance
            since, self._seen = min(now - self._seen, 1.0), now
            if chance.random() < condition.resets_per_s * since:
                self._owner.owner.resets += 1
                self._owner.abort()
                return
            due = now + condition.delay_s + chance.uniform(0, condition.jitter_s)
            if chance.random() < condition.stalls_per_s * since:
                self._owner.owner.stalls += 1
                due += chance.uniform(condition.stall_s / 4, condition.stall_s)
            # What was sent first arrives first, however late.
            self._due = max(self._due, due)
            if condition.bytes_per_s:
                self._due += len(data) / condition.bytes_per_s
            await self._pieces.put((self._due, data))
            if not data:
                return

    async def give(self) -> None:
        """Send on what is due, while nothing is cut; ends with the connection."""
        while True:
            due, data = await self._pieces.get()
            wait = due - self._loop.time()
            if wait > 0:
                await asyncio.sleep(wait)
            await self._way.open.wait()
            if not data:
                return
            try:
                self._writer.write(data)
                await self._writer.drain()
            except OSError:
                return


async def _run(home: Path) -> None:
    file = msgspec.json.decode((home / "links.json").read_bytes(), type=LinksFile)
    chance = random.Random()  # noqa: S311 - nothing secret is drawn
    serving = asyncio.ensure_future(Forwarders(file.links, chance).serve(home / "links.sock"))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    with suppress(asyncio.CancelledError):
        await serving


if __name__ == "__main__":
    asyncio.run(_run(Path(sys.argv[1])))
