"""
The disk and the state tree in a process of their own: it hashes block N and writes block N-1 while the sequencer runs block N+1.

RocksDB's binding keeps the interpreter's lock while it writes, and hashing keeps it always; there, neither takes it from the
sequencer. What the tree has to write never leaves that process: `finish` gives a token, and whoever writes the token writes that.

Several connections, so that a look-up does not wait for a block that is being hashed or synced: one for the tree, one for writes,
some for reads. A thread there serves each. Where this side dies, that process ends at once; what it had not answered was
never acknowledged.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NoReturn

from hefu.kernel.codec import Codec, encode
from hefu.kernel.errors import Closed, Corrupt, EngineError, HefuError
from hefu.ledger.engines.process import Beside, run_beside
from hefu.ledger.genesis import Genesis
from hefu.ledger.store import RocksStore, Writes
from hefu.ledger.tree import StateProof, StateTree

Changes = list[tuple[bytes, bytes | None]]
Pairs = list[tuple[bytes, bytes]]
Values = list[bytes | None]
_PLACE: Codec[tuple[bytes, str]] = Codec(tuple[bytes, str])
_WRITES: Codec[tuple[bool, dict[bytes, bytes | None]]] = Codec(tuple[bool, dict[bytes, bytes | None]])
_CHANGES: Codec[tuple[int, Changes]] = Codec(tuple[int, Changes])
_PROOF: Codec[StateProof] = Codec(StateProof)
_QUESTION: Codec[tuple[bytes, bytes | None]] = Codec(tuple[bytes, bytes | None])
_KEYS: Codec[list[bytes]] = Codec(list[bytes])
_VALUES: Codec[Values] = Codec(Values)
_RANGE: Codec[tuple[bytes, bytes]] = Codec(tuple[bytes, bytes])
_PAIRS: Codec[Pairs] = Codec(Pairs)
_FAILURE: Codec[tuple[str, str, str, str | None]] = Codec(tuple[str, str, str, str | None])

_OPEN, _BEGIN, _PROVE = b"o", b"b", b"p"
_WRITE, _CLOSE = b"w", b"c"
_GET, _SCAN = b"g", b"s"
_GOOD, _BAD = b"+", b"-"
#: In place of what the tree writes with a block; no key of the store begins so.
_TOKEN = b"\x00tree"
READERS = 2
#: Buckets read ahead between two looks at the connection: about two milliseconds.
AHEAD = 1000
#: Bytes of pairs in one answer to a scan.
SCAN_BYTES = 1 << 20
#: A thread there that comes back from the disk waits so long for one that hashes.
SWITCH_S = 0.001


class StoreProcess:
    """
    A `Store` and its `Tree` beside this process.

    Args:
        path: The ledger's folder.
        genesis: The chain's.

    Raises:
        Closed: Another process holds the ledger.
        Corrupt: The store cannot be opened.
        EngineError: The process did not start.
    """

    beside = True
    #: What the process runs.
    module = "hefu.ledger.engines.storeprocess"

    def __init__(self, path: Path, genesis: Genesis) -> None:
        self.path = path
        self._process = Beside(self.module, 2 + READERS)
        self._tree, self._writes, *readers = self._process.connections
        self._readers: queue.SimpleQueue[Connection] = queue.SimpleQueue()
        for connection in readers:
            self._readers.put(connection)
        self._writing = threading.Lock()
        self._sender = ThreadPoolExecutor(1, "hefu-tree")
        self._sending: Future[None]
        self._root: bytes | None = None
        self._begun = 0
        try:
            _ask(self._tree, _OPEN + encode((genesis.raw, str(path))))
        except HefuError:
            self._process.close()
            raise

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    # -- the tree -----------------------------------------------------------------------------------------------

    @property
    def root(self) -> bytes:
        """See the port; the tree is read from the disk the first time."""
        if self._root is None:
            self._root = _ask(self._tree, _OPEN)
        return self._root

    def begin(self, changes: Sequence[tuple[bytes, bytes | None]], height: int) -> None:
        """See the port."""
        self._begun = height
        # A block's changes are more than the socket holds: another thread waits until the process has taken them.
        self._sending = self._sender.submit(_send, self._tree, _BEGIN + encode((height, changes)))

    def finish(self) -> Changes:
        """See the port."""
        self._sending.result()
        self._root = _answer(self._tree)
        return [(_token(self._begun), None)]

    def prove(self, key: bytes, value: bytes | None) -> StateProof:
        """See the port."""
        return _PROOF.load(_ask(self._tree, _PROVE + encode((key, value))))

    # -- the store ----------------------------------------------------------------------------------------------

    def get(self, key: bytes) -> bytes | None:
        """The value under a key."""
        return self.get_many([key])[0]

    def get_many(self, keys: Sequence[bytes]) -> Values:
        """The values under many keys."""
        return _VALUES.load(self._read(_GET + encode(keys))) if keys else []

    def scan(self, start: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Pairs in order of key. What is written meanwhile may or may not be among them."""
        while pairs := _PAIRS.load(self._read(_SCAN + encode((start, end)))):
            yield from pairs
            start = pairs[-1][0] + b"\x00"

    def write(self, items: Writes, *, sync: bool = True) -> None:
        """All or none, synced."""
        with self._writing:
            _ask(self._writes, _WRITE + encode((sync, dict(items))))

    def close(self) -> None:
        """Release the disk and stop the process."""
        with self._writing, suppress(EngineError):
            _ask(self._writes, _CLOSE)
        self._process.close()
        self._sender.shutdown()

    def _read(self, request: bytes) -> bytes:
        connection = self._readers.get()
        try:
            return _ask(connection, request)
        finally:
            self._readers.put(connection)


def _token(height: int) -> bytes:
    return _TOKEN + height.to_bytes(8, "big")


def _gone() -> EngineError:
    return EngineError("the store's process is gone", code="ENGINE_STOPPED")


def _send(connection: Connection, raw: bytes) -> None:
    try:
        connection.send_bytes(raw)
    except OSError:
        raise _gone() from None


def _answer(connection: Connection) -> bytes:
    try:
        raw = connection.recv_bytes()
    except (EOFError, OSError):
        raise _gone() from None
    if raw[:1] == _GOOD:
        return raw[1:]
    name, code, text, where = _FAILURE.load(raw[1:])
    kinds: dict[str, type[HefuError]] = {"Closed": Closed, "Corrupt": Corrupt}
    raise kinds.get(name, EngineError)(text, code=code, where=where)


def _ask(connection: Connection, raw: bytes) -> bytes:
    _send(connection, raw)
    return _answer(connection)


# -- the process ------------------------------------------------------------------------------------------------


def serve(*connections: Connection) -> None:
    """The process: genesis and folder first, then requests until the other side closes."""
    tree_connection, write_connection, *readers = connections
    genesis_raw, path = _PLACE.load(tree_connection.recv_bytes()[1:])
    try:
        store = RocksStore(Path(path))
    except HefuError as error:
        tree_connection.send_bytes(_failure(error))
        return
    sys.setswitchinterval(SWITCH_S)
    tree_connection.send_bytes(_GOOD)
    server = _Server(Genesis(genesis_raw), store)
    for connection in readers:
        threading.Thread(target=_loop, args=(connection, server.read), daemon=True).start()
    threading.Thread(target=_loop, args=(write_connection, server.write), daemon=True).start()
    _loop(tree_connection, server.on_tree, server.read_ahead)


def _loop(connection: Connection, handle: Callable[[bytes], bytes], idle: Callable[[], bool] | None = None) -> NoReturn:
    """Answer requests, and do what is left to do between them; the process ends with the other side."""
    try:
        while True:
            while idle is not None and not connection.poll():
                if not idle():
                    break
            request = connection.recv_bytes()
            try:
                answer = handle(request)
            except HefuError as error:
                answer = _failure(error)
            connection.send_bytes(answer)
    except (EOFError, OSError):
        os._exit(0)
    except BaseException:
        # A bug or an exhausted machine: the other side must not wait for an answer that never comes.
        traceback.print_exc()
        os._exit(1)


def _failure(error: HefuError) -> bytes:
    return _BAD + encode((type(error).__name__, error.code, str(error.args[0]), error.where))


class _Server:
    def __init__(self, genesis: Genesis, store: RocksStore) -> None:
        self._genesis, self._store = genesis, store
        self._tree: StateTree | None = None
        self._ahead: Iterator[None] | None = None
        #: What the tree writes with blocks that are not written yet, by their tokens.
        self._kept: dict[bytes, Changes] = {}

    def on_tree(self, request: bytes) -> bytes:
        kind, body = request[:1], request[1:]
        if self._tree is None or kind == _OPEN:
            self._tree = StateTree(self._genesis.hash, self._store)
            self._ahead = self._tree.read_ahead(AHEAD)
        if kind == _BEGIN:
            height, changes = _CHANGES.load(body)
            self._kept[_token(height)] = self._tree.update(changes, height)
            return _GOOD + self._tree.root
        if kind == _PROVE:
            return _GOOD + encode(self._tree.prove(*_QUESTION.load(body)))
        return _GOOD + self._tree.root

    def read_ahead(self) -> bool:
        """Read some buckets into memory, so that no block waits for them; whether there are more."""
        if self._ahead is None or next(self._ahead, False) is False:
            self._ahead = None
            return False
        return True

    def read(self, request: bytes) -> bytes:
        kind, body = request[:1], request[1:]
        if kind == _GET:
            return _GOOD + encode(self._store.get_many(_KEYS.load(body)))
        pairs, size = [], 0
        for pair in self._store.scan(*_RANGE.load(body)):
            pairs.append(pair)
            size += len(pair[0]) + len(pair[1])
            if size >= SCAN_BYTES:
                break
        return _GOOD + encode(pairs)

    def write(self, request: bytes) -> bytes:
        if request[:1] == _CLOSE:
            self._store.close()
            return _GOOD
        sync, items = _WRITES.load(request[1:])
        tokens = [key for key in items if key.startswith(_TOKEN)]
        for token in tokens:
            del items[token]
            items.update(self._kept.pop(token))
        self._store.write(items.items(), sync=sync)
        return _GOOD


if __name__ == "__main__":
    run_beside(serve)
