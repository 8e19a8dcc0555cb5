"""The forwarders between nodes, in their own process, with real connections: what is asked of them happens, and no byte changes."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from hefu.kernel.errors import Corrupt, EngineError, UsageError
from hefu.services.nodes.forwarders import Condition
from hefu.services.nodes.links import Links, ports_of
from hefu.services.nodes.ports import first_free

HOST = "127.0.0.1"


class Echo:
    """A node that says again what it hears."""

    def __init__(self) -> None:
        self._listener = socket.create_server((HOST, 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._answer, args=(self._listener.accept()[0],), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while data := connection.recv(1 << 16):
                connection.sendall(data)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Iterator[Links]:
    nodes = {name: Echo() for name in ("a", "b", "c")}
    home = tmp_path_factory.mktemp("links")
    links = Links.make(home, {name: node.port for name, node in nodes.items()}, first_free(ports_of(3), 30_500))
    links.start()
    yield links
    links.stop()
    for node in nodes.values():
        node.close()


@pytest.fixture
def links(shared: Links) -> Links:
    shared.heal()
    return shared


def dial(links: Links, sender: str = "a", receiver: str = "b") -> socket.socket:
    connection = socket.create_connection((HOST, links.port(sender, receiver)), timeout=10)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def hear(connection: socket.socket, size: int) -> bytes:
    heard = bytearray()
    while len(heard) < size:
        piece = connection.recv(size - len(heard))
        assert piece, "closed"
        heard += piece
    return bytes(heard)


def asked(connection: socket.socket, data: bytes = b"?") -> float:
    """Seconds until what was said came back."""
    began = time.monotonic()
    connection.sendall(data)
    assert hear(connection, len(data)) == data
    return time.monotonic() - began


def silence(connection: socket.socket, seconds: float) -> None:
    """Nothing is heard, not even an end."""
    connection.settimeout(seconds)
    with pytest.raises(TimeoutError):
        connection.recv(1)
    connection.settimeout(10)


def test_what_is_said_arrives_unchanged_in_both_directions(links):
    data = random.Random(1).randbytes(3 << 20)
    with dial(links) as connection:
        sender = threading.Thread(target=connection.sendall, args=(data,))
        sender.start()
        assert hear(connection, len(data)) == data
        sender.join()


def test_a_silent_cut_lets_nothing_through_and_loses_nothing(links):
    with dial(links) as connection, dial(links, "b", "c") as other:
        asked(connection)
        links.partition(["a"])
        connection.sendall(b"during the cut")
        silence(connection, 0.5)
        assert asked(other) < 1, "the others reach each other"
        with dial(links) as late:
            late.sendall(b"late")
            silence(late, 0.3)
            links.heal()
            assert hear(connection, 14) == b"during the cut"
            assert hear(late, 4) == b"late"


def test_a_cut_of_one_direction_leaves_the_other(links):
    with dial(links) as there, dial(links, "b", "a") as back:
        asked(there)
        asked(back)
        links.impair(Condition(cut="silent"), [("a", "b")])
        there.sendall(b"x")
        back.sendall(b"y")
        # What b says to a arrives; what a answers does not.
        silence(there, 0.3)
        silence(back, 0.3)
        links.heal()
        assert (hear(there, 1), hear(back, 1)) == (b"x", b"y")


def test_a_closed_cut_ends_connections_and_refuses_others(links):
    with dial(links) as connection:
        asked(connection)
        links.partition(["a"], ["b", "c"], silent=False)
        with pytest.raises(ConnectionError):
            connection.recv(1)
        with pytest.raises((ConnectionError, AssertionError)), dial(links) as refused:
            asked(refused)
    links.heal()
    with dial(links) as connection:
        asked(connection)


def test_delay_and_jitter_hold_each_piece_back(links):
    links.impair(Condition(delay_s=0.1, jitter_s=0.1))
    with dial(links) as connection:
        took = [asked(connection) for _ in range(5)]
    assert min(took) >= 0.2
    assert max(took) < 1.5


def test_pieces_keep_their_order_whatever_jitter_says(links):
    links.impair(Condition(jitter_s=0.05))
    said = [bytes([i]) * 100 for i in range(50)]
    with dial(links) as connection:
        for piece in said:
            connection.sendall(piece)
            time.sleep(0.002)
        assert hear(connection, 5000) == b"".join(said)


def test_bandwidth_bounds_what_passes(links):
    links.impair(Condition(bytes_per_s=200_000), [("a", "b")])
    with dial(links) as connection:
        assert asked(connection, bytes(100_000)) >= 0.4


def test_stalls_and_resets_come_by_chance_and_are_counted(links):
    before = links.impair(Condition(stalls_per_s=10, stall_s=0.2, resets_per_s=2))
    resets, end = 0, time.monotonic() + 20
    while resets < 2:
        with suppress(ConnectionError, AssertionError), dial(links) as connection:
            while True:
                asked(connection)
                time.sleep(0.02)
        resets += 1
        assert time.monotonic() < end
    after = links.heal()
    assert after.resets - before.resets >= 2
    assert after.stalls > before.stalls


def test_nobody_listens_behind_a_link(links, tmp_path):
    gone = Echo()
    gone.close()
    first = first_free(ports_of(2), 30_800)
    alone = Links.make(tmp_path, {"a": 1, "b": gone.port}, first)
    alone.start()
    try:
        with pytest.raises((ConnectionError, AssertionError)), dial(alone) as connection:
            asked(connection)
    finally:
        alone.stop()
    with pytest.raises(EngineError) as caught:
        alone.report()
    assert caught.value.code == "LINKS_DOWN"


def test_they_are_found_again_by_their_folder_and_refuse_what_they_do_not_know(shared, tmp_path):
    again = Links(shared._home)
    assert again.pid == shared.pid
    again.start()
    assert (again.pid, again.pairs) == (shared.pid, shared.pairs)
    for wrong in (lambda: again.partition(["d"]), lambda: again.impair(Condition(), [("a", "d")])):
        with pytest.raises(UsageError) as caught:
            wrong()
        assert caught.value.code == "UNKNOWN_LINK"
    assert Links.of(tmp_path) is None
    with pytest.raises(UsageError) as caught:
        Links(tmp_path)
    assert caught.value.code == "NO_LINKS"
    (tmp_path / "links.json").write_text("{}")
    with pytest.raises(Corrupt):
        Links(tmp_path)


def test_what_is_no_order_gets_an_answer_and_changes_nothing(links):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(links._home / "links.sock"))
        connection.sendall(b'[{"sender":"a","receiver":"nobody","condition":{"cut":"silent"}}]\n')
        assert b"error" in connection.recv(1000)
    assert {order.condition for order in links.report().orders} == {Condition()}
    mode = Path(links._home / "links.sock").stat().st_mode
    assert mode & 0o077 == 0
