"""Letters between real nodes: while the receiver's node is down, past a third one, and on a wire that somebody tampers with."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import httpx
import msgspec

from commands import hefu, told
from hefu.services.nodes.ports import first_free

SECRET = "the price that nobody else may read: 97.35"
FIRMS = ("Bank A", "Bank B", "Bank C")


def waited(what: Callable[[], object], seconds: float = 90.0) -> object:
    """What something becomes, once it is true."""
    end = time.monotonic() + seconds
    while True:
        found = what()
        if found:
            return found
        assert time.monotonic() < end, f"it did not come: {what()}"
        time.sleep(0.5)


def letters(network, who: str) -> list[dict[str, object]]:
    return told("letter", "list", "--as", who, home=network.home)


def state(network, who: str, letter: str) -> tuple[object, object]:
    return next((row["state"], row["code"]) for row in letters(network, who) if row["letter"] == letter)


def test_a_document_waits_for_its_receivers_node_and_reaches_nobody_else(network, tmp_path):
    home = network.home
    document = tmp_path / "offer.txt"
    document.write_text(SECRET)
    for firm in FIRMS:
        told("letter", "contact", "--as", firm, home=home)
    network.stop("node1")
    sent = told("letter", "send", document, "--as", "Bank A", "--to", "Bank B", home=home)["letter"]
    waited(lambda: state(network, "Bank A", sent)[1] == "DOOR_SILENT")
    assert state(network, "Bank A", sent)[0] == "waiting"
    # What was taken outlives the node that took it.
    network.stop("node0")
    network.start("node0")
    network.start("node1")
    # First it is there, then it is read: a command can come in between.
    waited(lambda: [row for row in letters(network, "Bank B") if row["state"] == "read"])
    got = [row for row in letters(network, "Bank B") if row["direction"] == "in"]
    assert [(row["letter"], row["with"], row["state"]) for row in got] == [(sent, "Bank A", "read")]
    told("letter", "read", sent, "--as", "Bank B", "-o", tmp_path / "got.txt", home=home)
    assert (tmp_path / "got.txt").read_text() == SECRET
    waited(lambda: state(network, "Bank A", sent)[0] == "read")
    proof = told("letter", "receipt", sent, "--as", "Bank A", "-o", tmp_path / "receipt", home=home)
    assert (proof["sender"], proof["receiver"]) == ("Bank A", "Bank B")
    assert proof["block_at_ms"] >= proof["arrived_at_ms"] - 60_000
    assert told("letter", "verify", tmp_path / "receipt", home=home) == proof
    # The third bank: not in its folder, not at its gateway, not for its own key.
    third = network.nodes["node2"]
    for path in third.path.rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            for known in (SECRET.encode(), bytes.fromhex(sent), document.name.encode()):
                assert known not in raw, path
    token = {"Authorization": f"Bearer {third.token.read_text().strip()}"}
    url = f"http://127.0.0.1:{third.read().gateway_port}"
    for party in json.loads((home / "names.json").read_text())["parties"]:
        answer = httpx.get(f"{url}/v1/letters", params={"organisation": party["organisation"]}, headers=token)
        assert msgspec.msgpack.decode(answer.content) == []
    assert letters(network, "Bank C") == []
    # In clear it is on no node at all, nor in a log.
    for node in network.nodes.values():
        for path in node.path.rglob("*"):
            if path.is_file():
                assert SECRET.encode() not in path.read_bytes(), path


class Wire:
    """A TCP proxy that flips a byte of what passes, towards the door or back, or ends it half way; then it lets all pass."""

    def __init__(self, port: int, to: int) -> None:
        self.port, self._to = port, to
        self.done: list[str] = []
        self.plan = ["there", "back", "cut", "silent"]
        self._listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                how = self.plan.pop(0) if self.plan else "pass"
                self.done.append(how)
                if how == "silent":
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self._to))
                threading.Thread(target=self._pump, args=(near, far, how == "there", how == "cut"), daemon=True).start()
                threading.Thread(target=self._pump, args=(far, near, how == "back", False), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, flip: bool, cut: bool) -> None:
        """Heads pass as they are: what is altered is a letter, or the answer to one."""
        head = b""
        with suppress(OSError):
            while piece := source.recv(65_536):
                if b"\r\n\r\n" not in head:
                    head += piece
                    before, found, body = head.partition(b"\r\n\r\n")
                    if not found:
                        continue
                    sink.sendall(before + found)
                    piece = body
                if piece and cut:
                    sink.sendall(piece[: len(piece) // 2])
                    break
                if piece and flip:
                    piece = piece[:-20] + bytes([piece[-20] ^ 1]) + piece[-19:]
                    flip = False
                sink.sendall(piece)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def test_tampering_on_the_wire_delays_and_does_no_more(network, tmp_path):
    home, node = network.home, network.nodes["node0"]
    port = first_free(1, 29_500)
    wire = Wire(port, network.nodes["node1"].read().gateway_port)
    party = next(p for p in json.loads((home / "names.json").read_text())["parties"] if p["name"] == "Bank B")
    token = {"Authorization": f"Bearer {network.nodes['node1'].token.read_text().strip()}"}
    door = httpx.get(
        f"http://127.0.0.1:{network.nodes['node1'].read().gateway_port}/v1/contacts/{party['organisation']}",
        headers=token,
    )
    file = node.read()
    file.doors = {msgspec.msgpack.decode(door.content)[0].hex(): f"http://127.0.0.1:{port}"}
    network.stop("node0")
    node.write(file)
    network.start("node0")
    waited(lambda: network.status_of("node0").get("engine", {}).get("running"))
    try:
        document = tmp_path / "second.txt"
        document.write_text(SECRET * 2_000)
        sent = told("letter", "send", document, "--as", "Bank A", "--to", "Bank B", home=home)["letter"]
        waited(lambda: [row for row in letters(network, "Bank B") if (row["letter"], row["state"]) == (sent, "read")])
        told("letter", "read", sent, "--as", "Bank B", "-o", tmp_path / "again.txt", home=home)
        assert (tmp_path / "again.txt").read_text() == document.read_text()
        # The one whose answer was altered had arrived: the same again was taken once.
        waited(lambda: state(network, "Bank A", sent)[0] == "read")
        waited(lambda: len(wire.done) >= 5)
        assert wire.done[:5] == ["there", "back", "cut", "silent", "pass"]
        assert len([row for row in letters(network, "Bank B") if row["letter"] == sent]) == 1
    finally:
        wire.close()


def test_an_offer_reaches_the_holder_by_letter(network, opened, tmp_path):
    home = network.home
    hefu("org", "enrol", "Cogs", home=home)
    hefu("org", "enrol", "Lorries", "--role", "core_enterprise", home=home)
    invoice = told(
        *("invoice", "register", "--as", "Cogs", "--buyer", "Lorries", "--number", "25312000000088888888"),
        *("--date", "2026-06-20", "--gross", "90,000.00"),
        home=home,
    )["document"]
    due = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 90 * 86_400))
    right = told("receivable", "propose", invoice, "--amount", "90,000.00", "--due", due, home=home)["right"]
    hefu("receivable", "confirm", right, home=home)
    told("letter", "contact", "--as", "Cogs", home=home)
    made = told("offer", "make", right, "--as", "Bank C", "--price", "88,000.00", home=home)["offer"]
    got = waited(lambda: told("offer", "list", "--as", "Cogs", home=home))
    assert [(row["offer"], row["price_minor"], row["state"]) for row in got] == [(made, 8_800_000, "open")]
    hefu("offer", "accept", made, "--as", "Cogs", home=home)
    (sent,) = (row for row in letters(network, "Bank C") if row["kind"] == "offer")
    assert sent["with"] == "Cogs"
