"""
The port of an engine: what orders transactions into blocks. Nothing above it knows which engine runs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

from hefu.kernel.errors import EngineError
from hefu.ledger.block import Receipt
from hefu.ledger.chain import Chain, CommittedBlock

T = TypeVar("T")


class Ticket:
    """A submitted transaction's place in the queue; `wait` gives the final answer once it is durable."""

    __slots__ = ("_done", "_failure", "_receipt")

    def __init__(self) -> None:
        # A lock taken here and released once is the cheapest event there is.
        self._done = threading.Lock()
        self._done.acquire()
        self._receipt: Receipt | None = None
        self._failure: EngineError | None = None

    def wait(self, timeout: float | None = None) -> Receipt:
        """
        The receipt, durable.

        Args:
            timeout: Seconds; None waits for ever.

        Raises:
            EngineError: The engine failed or closed before the transaction was durable; submit the same bytes again.
            TimeoutError: Nothing is known yet.
        """
        if not self._done.acquire(timeout=-1 if timeout is None else timeout):
            raise TimeoutError("no answer yet")
        self._done.release()
        if self._receipt is None:
            raise self._failure or EngineError("no answer")
        return self._receipt

    def complete(self, receipt: Receipt) -> None:
        """The engine's side: the answer is durable."""
        self._receipt = receipt
        self._done.release()

    def fail(self, failure: EngineError) -> None:
        """The engine's side: there will be no answer."""
        self._failure = failure
        self._done.release()

    @property
    def done(self) -> bool:
        """Whether `wait` would return at once."""
        return not self._done.locked()


class Engine(Protocol):
    """Orders transactions, makes them durable, tells about them."""

    def submit(self, raw: bytes) -> Ticket:
        """
        Queue a transaction's bytes.

        Raises:
            Busy: The queue is full; wait and submit the same bytes again.
            Closed: The engine is closed.
        """
        ...

    def subscribe(self, from_height: int = 0) -> Iterator[CommittedBlock]:
        """Durable blocks in order from a height, then new ones as they come, until the engine closes."""
        ...

    def query(self, question: Callable[[Chain], T]) -> T:
        """Run a read between two blocks, when all that it can see is durable."""
        ...

    def close(self) -> None:
        """Answer what is queued, then stop."""
        ...
