"""
Checks transactions in other processes, so that signatures do not wait for the interpreter that executes.

A thread that comes back for the interpreter's lock beside busy Python waits for the switch interval; a process does not.
"""

from __future__ import annotations

from collections import deque
from multiprocessing.connection import Connection
from typing import Generic, TypeVar

import msgspec

from hefu.ledger.engines.process import Beside, run_beside
from hefu.ledger.genesis import Genesis
from hefu.ledger.transaction import check_stateless

T = TypeVar("T")
_ENCODER = msgspec.msgpack.Encoder()
_RAWS = msgspec.msgpack.Decoder(list[bytes])
_CODES = msgspec.msgpack.Decoder(list[str])
#: Enough that a process has work while the sequencer executes a block of a thousand.
CHUNKS_PER_PROCESS = 6


class VerifierPool(Generic[T]):
    """
    A fixed number of processes that check chunks of transactions; answers come back in the order of the questions.

    Args:
        genesis: The chain whose transactions these are.
        processes: How many.
    """

    def __init__(self, genesis: Genesis, processes: int) -> None:
        self._processes: list[Beside] = []
        self._connections: list[Connection] = []
        self._waiting: list[int] = []
        self._chunks: deque[tuple[int, list[T], list[bytes]]] = deque()
        self._answers: dict[int, deque[list[str]]] = {}
        for i in range(processes):
            process = Beside("hefu.ledger.engines.verifiers")
            process.connection.send_bytes(genesis.raw)
            self._processes.append(process)
            self._connections.append(process.connection)
            self._waiting.append(0)
            self._answers[i] = deque()

    def __len__(self) -> int:
        return len(self._processes)

    @property
    def connections(self) -> list[Connection]:
        """What to select on for answers."""
        return self._connections

    @property
    def in_flight(self) -> int:
        """Chunks whose answer has not been taken."""
        return len(self._chunks)

    def free(self) -> bool:
        """Whether a process can take another chunk."""
        return any(waiting < CHUNKS_PER_PROCESS for waiting in self._waiting)

    def ask(self, items: list[T], raws: list[bytes]) -> None:
        """Send a chunk to the least busy process."""
        i = self._waiting.index(min(self._waiting))
        # Known before it is sent: where the process is gone, `abandon` still finds it.
        self._chunks.append((i, items, raws))
        self._waiting[i] += 1
        self._connections[i].send_bytes(_ENCODER.encode(raws))

    def take(self) -> list[tuple[list[T], list[bytes], list[str]]]:
        """
        Chunks that are answered, oldest first.

        Raises:
            EOFError, OSError: A process died.
        """
        for i, connection in enumerate(self._connections):
            while self._waiting[i] and connection.poll():
                self._answers[i].append(_CODES.decode(connection.recv_bytes()))
                self._waiting[i] -= 1
        done = []
        while self._chunks and self._answers[self._chunks[0][0]]:
            i, items, raws = self._chunks.popleft()
            done.append((items, raws, self._answers[i].popleft()))
        return done

    def abandon(self) -> list[T]:
        """Items of chunks that were not answered, nor will be."""
        items = [item for _, chunk, _ in self._chunks for item in chunk]
        self._chunks.clear()
        return items

    def close(self) -> None:
        """Stop the processes."""
        for process in self._processes:
            process.close()


def serve(connection: Connection) -> None:
    """A verifier process: genesis first, then chunks until the other side closes."""
    genesis = Genesis(connection.recv_bytes())
    h, suite, chain_id, bounds = genesis.hash, genesis.suite, genesis.chain_id, genesis.file.bounds
    while True:
        raws = _RAWS.decode(connection.recv_bytes())
        codes = [check_stateless(raw, h=h, suite=suite, chain_id=chain_id, bounds=bounds) for raw in raws]
        connection.send_bytes(_ENCODER.encode(codes))


if __name__ == "__main__":
    run_beside(serve)
