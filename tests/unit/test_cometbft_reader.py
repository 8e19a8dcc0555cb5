"""A connection is read whatever the event loop is doing, and ends when either side ends it."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from pathlib import Path

from hefu.ledger.engines.cometbft import abci_pb2 as pb
from hefu.ledger.engines.cometbft.server import AbciServer, framed, take_frames

#: More than a socket holds by far.
MANY = 4 << 20


def connected(path: Path) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(60)
    client.connect(str(path))
    return client


def test_what_comes_is_taken_while_the_loop_is_busy_and_answered_in_order(tmp_path):
    echoes = [
        framed(pb.Request(echo=pb.EchoRequest(message=f"{i}" * (MANY // 4))).SerializeToString()) for i in range(4)
    ]
    sent, answers = threading.Event(), bytearray()

    def client() -> None:
        with connected(tmp_path / "s") as connection:
            for echo in echoes:
                connection.sendall(echo)
            sent.set()
            while len(answers) < MANY:
                answers.extend(connection.recv(1 << 20))

    async def run() -> None:
        server = AbciServer(None)
        echo = server._handlers["echo"]

        def busy(request: pb.Request, response: pb.Response) -> None:
            """As a block that is run, until the other side has said all that it has to say."""
            end = time.monotonic() + 20
            while not sent.is_set() and time.monotonic() < end:
                time.sleep(0.01)
            assert sent.is_set(), "the other side waited for the loop"
            echo(request, response)

        server._handlers["echo"] = busy
        await server.start(tmp_path / "s")
        await asyncio.to_thread(client)
        assert not server.failed.done()
        await server.close()

    asyncio.run(run())
    said = [pb.Response.FromString(frame).echo.message for frame in take_frames(answers)]
    assert [message[0] for message in said] == ["0", "1", "2", "3"]
    assert {len(message) for message in said} == {MANY // 4}


def test_garbage_is_hung_up_on_and_a_server_that_closes_leaves_no_thread(tmp_path):
    async def run() -> None:
        server = AbciServer(None)
        await server.start(tmp_path / "s")
        with connected(tmp_path / "s") as liar, connected(tmp_path / "s") as honest:
            liar.sendall(b"\xff" * 64)
            assert await asyncio.to_thread(liar.recv, 1) == b""
            assert server.garbage == 1
            await server.close()
            assert await asyncio.to_thread(honest.recv, 1) == b""

    asyncio.run(run())
    end = time.monotonic() + 5
    while any(thread.name == "hefu-abci" for thread in threading.enumerate()):
        assert time.monotonic() < end
        time.sleep(0.01)
