"""
The peer of a network: etcd with three members on this machine, doing the same compare-and-set.

    python -m bench.etcd

Each transfer compares who holds a right and writes the new holder and an entry of its history, in one transaction, durable on two
of three members when it is answered. Members are asked over their JSON interface by as many connections as fit. It checks no
signature, keeps no proofs and trusts every member; it is what a consortium without a ledger would use. It is measured where the
command `etcd` is installed (Debian: etcd-server).
"""

from __future__ import annotations

import base64
import http.client
import itertools
import json
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

from hefu.services.nodes.ports import first_free

MEMBERS = 3
CONNECTIONS = 48
RIGHTS = 20_000
SECONDS = 15.0
HISTORY = bytes(150)


def installed() -> bool:
    """Whether this machine has the command."""
    return shutil.which("etcd") is not None


class Etcd:
    """A running cluster of three."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="hefu-etcd-"))
        first = first_free(2 * MEMBERS, 28_500)
        self._ports = [first + 2 * i for i in range(MEMBERS)]
        cluster = ",".join(f"m{i}=http://127.0.0.1:{port + 1}" for i, port in enumerate(self._ports))
        self._processes = []
        for i, port in enumerate(self._ports):
            client, peer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}"
            log = (self._folder / f"m{i}.log").open("wb")
            self._processes.append(
                subprocess.Popen(
                    [
                        "etcd", "--name", f"m{i}", "--data-dir", str(self._folder / f"m{i}"),
                        "--listen-client-urls", client, "--advertise-client-urls", client,
                        "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                        "--initial-cluster", cluster, "--quota-backend-bytes", str(8 << 30),
                    ],
                    stdout=log,
                    stderr=log,
                )
            )  # fmt: skip
        try:
            self._wait()
            self.version = str(self._ask(self._ports[0], "/version", None)["etcdserver"])
        except BaseException:
            self.close()
            raise

    def _wait(self) -> None:
        end = time.monotonic() + 60
        for port in self._ports:
            while True:
                with suppress(OSError, ValueError, http.client.HTTPException):
                    if self._ask(port, "/health", None).get("health") == "true":
                        break
                assert time.monotonic() < end, f"etcd does not come up; see {self._folder}"
                time.sleep(0.2)

    def _ask(self, port: int, path: str, question: object) -> dict[str, object]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            return _answer(connection, path, question)
        finally:
            connection.close()

    def _load(self) -> None:
        for start in range(0, RIGHTS, 100):
            puts = [_put(_right(i), b"0") for i in range(start, start + 100)]
            self._ask(self._ports[0], "/v3/kv/txn", {"success": puts})

    def rate(self, batch: int) -> float:
        """Transfers a second of rights loaded before; each transaction holds so many, which all take place or none."""
        self._load()
        began = time.monotonic()

        def run(lane: int) -> int:
            count = 0
            mine = range(lane * (RIGHTS // CONNECTIONS), (lane + 1) * (RIGHTS // CONNECTIONS) - batch, batch)
            with closing(
                http.client.HTTPConnection("127.0.0.1", self._ports[lane % MEMBERS], timeout=30)
            ) as connection:
                for turn in itertools.count():
                    for first in mine:
                        answer = _answer(connection, "/v3/kv/txn", _transfer(range(first, first + batch), turn))
                        assert answer.get("succeeded"), answer
                        count += batch
                        if time.monotonic() > began + SECONDS:
                            return count
            raise AssertionError("turns do not end")

        with ThreadPoolExecutor(CONNECTIONS) as lanes:
            done = sum(lanes.map(run, range(CONNECTIONS)))
        return done / (time.monotonic() - began)

    def close(self) -> None:
        """Stop the members; nothing of them stays."""
        for process in self._processes:
            process.kill()
            process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


def _answer(connection: http.client.HTTPConnection, path: str, question: object) -> dict[str, object]:
    if question is None:
        connection.request("GET", path)
    else:
        connection.request("POST", path, json.dumps(question), {"Content-Type": "application/json"})
    found: dict[str, object] = json.loads(connection.getresponse().read())
    return found


def _right(i: int) -> bytes:
    return b"right/%d" % i


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _put(key: bytes, value: bytes) -> dict[str, object]:
    return {"requestPut": {"key": _text(key), "value": _text(value)}}


def _transfer(rights: range, turn: int) -> dict[str, object]:
    """Whoever holds them gives them on; refused whole where one is held by somebody else."""
    compare = [
        {"key": _text(_right(i)), "target": "VALUE", "result": "EQUAL", "value": _text(b"%d" % turn)} for i in rights
    ]
    moves = [_put(_right(i), b"%d" % (turn + 1)) for i in rights]
    # One entry of history a right; etcd takes 128 operations a transaction, so those of a batch are one value.
    moves.append(_put(b"history/%d/%d" % (rights[0], turn), HISTORY * len(rights)))
    return {"compare": compare, "success": moves}


def main() -> int:
    """Measure, and print one line a figure."""
    if not installed():
        print("etcd is not installed (Debian: etcd-server)", file=sys.stderr)
        return 1
    peer = Etcd()
    try:
        for batch in (1, 100):
            print(f"etcd {peer.version}, three members, {batch} a transaction: {peer.rate(batch):.0f}/s")
    finally:
        peer.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
