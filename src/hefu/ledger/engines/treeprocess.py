"""
The state tree in a process of its own: it hashes block N while the sequencer runs block N+1.

The process reads the store once, as it stood when the engine started, and keeps every bucket that it has seen; whatever changes
afterwards it changes itself. Buckets that nobody touched yet are read into memory while it has nothing else to do, so that no
block waits for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

from hefu.kernel.codec import Codec, encode
from hefu.kernel.errors import EngineError
from hefu.ledger.engines.process import Beside, run_beside
from hefu.ledger.genesis import Genesis
from hefu.ledger.store import RocksStore
from hefu.ledger.tree import StateProof, StateTree

Changes = list[tuple[bytes, bytes | None]]
_CHANGES: Codec[tuple[int, Changes]] = Codec(tuple[int, Changes])
_ANSWER: Codec[tuple[bytes, Changes]] = Codec(tuple[bytes, Changes])
_PROOF: Codec[StateProof] = Codec(StateProof)
_QUESTION: Codec[tuple[bytes, bytes | None]] = Codec(tuple[bytes, bytes | None])
_BEGIN, _PROVE = b"b", b"p"
#: Buckets read ahead between two looks at the connection: about two milliseconds.
AHEAD = 1000


class TreeProcess:
    """
    A `Tree` beside this process.

    Args:
        genesis: The chain's.
        path: Folder of the store; nothing may be on its way there.
        root: The state root that the store's tip names.

    Raises:
        EngineError: The process did not start, or its tree has another root.
    """

    def __init__(self, genesis: Genesis, path: Path, root: bytes) -> None:
        self._process = Beside("hefu.ledger.engines.treeprocess")
        self._root = root
        self._sender = ThreadPoolExecutor(1, "hefu-tree")
        self._sending: Future[None]
        try:
            self._send(genesis.raw)
            self._send(str(path).encode())
            found = self._receive()
        except EngineError:
            self._process.close()
            raise
        if found != root:
            self._process.close()
            raise EngineError("the tree's process read another state", code="ENGINE_STOPPED")

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    @property
    def root(self) -> bytes:
        """See the port."""
        return self._root

    def begin(self, changes: Sequence[tuple[bytes, bytes | None]], height: int) -> None:
        """See the port."""
        # A block's changes are more than the socket holds: another thread waits until the process has taken them.
        self._sending = self._sender.submit(self._send, _BEGIN + encode((height, changes)))

    def finish(self) -> Changes:
        """See the port."""
        self._sending.result()
        self._root, writes = _ANSWER.load(self._receive())
        return writes

    def prove(self, key: bytes, value: bytes | None) -> StateProof:
        """See the port."""
        self._send(_PROVE + encode((key, value)))
        return _PROOF.load(self._receive())

    def close(self) -> None:
        """Stop the process."""
        self._process.close()
        self._sender.shutdown()

    def _send(self, raw: bytes) -> None:
        try:
            self._process.connection.send_bytes(raw)
        except OSError:
            raise EngineError("the tree's process is gone", code="ENGINE_STOPPED") from None

    def _receive(self) -> bytes:
        try:
            return self._process.connection.recv_bytes()
        except (EOFError, OSError):
            raise EngineError("the tree's process is gone", code="ENGINE_STOPPED") from None


def serve(connection: Connection) -> None:
    """The process: genesis and folder first, then blocks and questions until the other side closes."""
    genesis = Genesis(connection.recv_bytes())
    store = RocksStore(Path(connection.recv_bytes().decode()), read_only=True)
    tree = StateTree(genesis.hash, store)
    connection.send_bytes(tree.root)
    ahead: Iterator[None] | None = tree.read_ahead(AHEAD)
    while True:
        while ahead is not None and not connection.poll():
            if next(ahead, False) is False:
                # Everything is in memory: let go of files that the engine may have replaced.
                ahead = None
                store.close()
        request = connection.recv_bytes()
        kind, body = request[:1], request[1:]
        if kind == _BEGIN:
            height, changes = _CHANGES.load(body)
            writes = tree.update(changes, height)
            connection.send_bytes(encode((tree.root, writes)))
        else:
            connection.send_bytes(encode(tree.prove(*_QUESTION.load(body))))


if __name__ == "__main__":
    run_beside(serve)
