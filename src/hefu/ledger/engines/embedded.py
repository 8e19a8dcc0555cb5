"""
The embedded engine: one sequencer thread, group commit, one synced write a block.

    submit -> queue -> check (inline, or in processes) -> execute -> write -> acknowledge

Where store and tree are in another process, four blocks are on their way at once: what N+1 needs is fetched from the store while
N is run, N-1 is hashed and N-2 is written.

A transaction is acknowledged only after its block is on the disk. What is queued when the process dies was never
acknowledged, and its submitter sends the same bytes again.
"""

from __future__ import annotations

import os
import queue
import selectors
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from hefu.kernel.errors import Busy, Closed, EngineError, HefuError, Unavailable
from hefu.kernel.hashing import ZERO
from hefu.ledger.block import Receipt
from hefu.ledger.chain import Batch, Chain, CommittedBlock, Outcome
from hefu.ledger.engine import Ticket
from hefu.ledger.engines.process import collect_seldom
from hefu.ledger.engines.verifiers import VerifierPool
from hefu.ledger.transaction import check_stateless
from hefu.ledger.versions import check_known

T = TypeVar("T")
Pending = tuple[bytes, Ticket]

CHUNK = 256
#: What a process reads in one go without the sequencer waiting for it.
CHUNK_BYTES = 128 << 10
#: Few transactions are checked here: a trip to another process costs more than 32 signatures.
INLINE_MAX = 32
WRITES_IN_FLIGHT = 2
#: A block worth making while others are on their way: so many transactions, or so many bytes of them.
FULL_BYTES = 128 << 10
#: Bytes that may wait: a count alone would let a few members with large transactions fill the memory.
QUEUE_BYTES = 256 << 20
#: Bytes at which a block is full. Two smaller blocks are run, hashed and written side by side, one large block is not.
BLOCK_BYTES = 512 << 10


def system_ms() -> int:
    """Milliseconds since 1970 by this machine's clock."""
    return time.time_ns() // 1_000_000


def _why_closed(chain: Chain, stands_in: bool) -> HefuError | None:
    try:
        check_known(chain.next_version(), "the next block of this ledger is decided by")
    except Unavailable as error:
        return error
    if chain.validators_decide() and not (stands_in and chain.genesis.validators):
        return Closed("validators decide this ledger's blocks now; submit to a node of theirs", code="HANDED_OVER")
    return None


class EmbeddedEngine:
    """
    Args:
        chain: The ledger, opened with its sealer. Where its tree is beside this process, blocks overlap.
        now_ms: Clock of block time.
        verifiers: Processes that check signatures; 0 checks in the sequencer's thread.
        queue_size: Transactions that may wait; more are refused with Busy.
        queue_bytes: Their bytes together, likewise.
        stands_in: Decide what the validators of the genesis would, to compare with them; else nothing of theirs is decided here.
    """

    def __init__(
        self,
        chain: Chain,
        *,
        now_ms: Callable[[], int] = system_ms,
        verifiers: int = 0,
        queue_size: int = 20_000,
        queue_bytes: int = QUEUE_BYTES,
        stands_in: bool = False,
    ) -> None:
        self._chain = chain
        self._now_ms = now_ms
        self._queue: deque[Pending] = deque()
        self._queue_size = queue_size
        self._queue_bytes = queue_bytes
        self._bytes_waiting = 0
        self._counting = threading.Lock()
        self._ready: deque[Pending] = deque()
        self._ready_bytes = 0
        self._questions: deque[Callable[[], None]] = deque()
        self._closing = False
        self._failure: EngineError | None = None
        #: Why this process may read the ledger, and not write to it.
        self._closed_to_writers = _why_closed(chain, stands_in)
        self._durable_height = chain.tip.height
        self._committed = threading.Condition()
        self._writes: queue.SimpleQueue[tuple[Outcome, list[Ticket]] | None] = queue.SimpleQueue()
        self._writing = 0
        #: The next block, on its way from the store while the one before it is run.
        self._prepared: tuple[Batch, list[Ticket], Future[None]] | None = None
        self._fetcher = ThreadPoolExecutor(1, "hefu-fetcher")
        #: Tickets of the block that is being hashed, not sealed yet.
        self._begun: list[Ticket] | None = None
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._asleep = False
        self._pool: VerifierPool[Ticket] | None = None
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._wake_read, selectors.EVENT_READ)
        if verifiers:
            # The writer thread comes back from the disk beside busy Python; five milliseconds would be half its latency.
            sys.setswitchinterval(0.002)
            collect_seldom()
            self._pool = VerifierPool(chain.genesis, verifiers)
            for connection in self._pool.connections:
                self._selector.register(connection, selectors.EVENT_READ)
        self._overlaps = chain.tree.beside
        genesis = chain.genesis
        self._check_arguments: dict[str, Any] = {
            "h": genesis.hash,
            "suite": genesis.suite,
            "chain_id": genesis.chain_id,
            "bounds": genesis.file.bounds,
        }
        self._writer = threading.Thread(target=self._write_loop, name="hefu-writer", daemon=True)
        self._sequencer = threading.Thread(target=self._sequence, name="hefu-sequencer", daemon=True)
        self._writer.start()
        self._sequencer.start()

    # -- the port -----------------------------------------------------------------------------------------------

    def submit(self, raw: bytes) -> Ticket:
        """Queue a transaction's bytes; see the port."""
        if self._closed_to_writers is not None:
            raise self._closed_to_writers
        if self._closing or self._failure:
            raise self._failure or Closed("the engine is closed")
        if len(self._queue) >= self._queue_size:
            raise Busy(f"{self._queue_size} transactions are waiting; submit the same bytes again later")
        ticket = Ticket()
        if len(raw) > self._chain.genesis.file.bounds.transaction_bytes:
            # Nothing that can never be accepted waits for its turn.
            ticket.complete(Receipt(ZERO, 0, 0, "TOO_LARGE", ()))
            return ticket
        with self._counting:
            if self._bytes_waiting + len(raw) > self._queue_bytes:
                raise Busy(f"{self._bytes_waiting} bytes are waiting; submit the same bytes again later")
            self._bytes_waiting += len(raw)
        self._queue.append((raw, ticket))
        if self._asleep:
            self._wake()
        if self._failure or (self._closing and not self._sequencer.is_alive()):
            # The sequencer may have drained the queue for the last time before this one was appended.
            self._abandon(self._failure or Closed("the engine is closed"))
        return ticket

    def subscribe(self, from_height: int = 0) -> Iterator[CommittedBlock]:
        """Durable blocks in order from a height; see the port."""
        height = from_height
        while True:
            with self._committed:
                while height > self._durable_height:
                    if self._closing and not self._sequencer.is_alive():
                        return
                    if self._failure:
                        return
                    self._committed.wait(timeout=0.5)
            block = self._chain.block(height)
            if block is None:
                raise EngineError(f"block {height} is not kept here; begin at a later height", code="NOT_ARCHIVED")
            yield block
            height += 1

    def query(self, question: Callable[[Chain], T]) -> T:
        """Run a read between two blocks; see the port."""
        answer: queue.SimpleQueue[tuple[bool, Any]] = queue.SimpleQueue()

        def ask() -> None:
            try:
                answer.put((True, question(self._chain)))
            except Exception as error:
                answer.put((False, error))

        if not self._sequencer.is_alive():
            raise self._failure or Closed("the engine is closed")
        self._questions.append(ask)
        self._wake()
        while True:
            try:
                good, value = answer.get(timeout=0.5)
                break
            except queue.Empty:
                if not self._sequencer.is_alive():
                    raise self._failure or Closed("the engine is closed") from None
        if not good:
            raise value
        return value  # type: ignore[no-any-return]

    def close(self) -> None:
        """Answer what is queued, then stop and release the store."""
        if self._closing:
            return
        self._closing = True
        self._wake()
        self._sequencer.join()
        self._fetcher.shutdown()
        self._writes.put(None)
        self._writer.join()
        if self._pool is not None:
            self._pool.close()
        self._abandon(self._failure or Closed("the engine is closed"))
        with self._committed:
            self._committed.notify_all()
        os.close(self._wake_read)
        os.close(self._wake_write)
        self._chain.store.close()

    @property
    def durable_height(self) -> int:
        """Height of the newest block on the disk."""
        return self._durable_height

    @property
    def waiting(self) -> int:
        """Transactions submitted and not yet executed."""
        in_flight = self._pool.in_flight * CHUNK if self._pool else 0
        return len(self._queue) + len(self._ready) + in_flight

    # -- the sequencer ------------------------------------------------------------------------------------------

    def _sequence(self) -> None:
        try:
            while True:
                self._check_queued()
                if (self._ready or self._prepared) and self._may_execute():
                    self._execute_block()
                elif self._begun is not None:
                    self._seal()
                elif self._questions and not (self._writing or self._ready or self._prepared):
                    self._questions.popleft()()
                elif self._finished():
                    return
                else:
                    self._sleep()
        except BaseException as error:
            # A bug or an exhausted machine: nothing more may be acknowledged, or replicas would part ways.
            failure = EngineError(f"the engine stopped: {type(error).__name__}", code="ENGINE_STOPPED")
            self._fail(failure)
            prepared = self._prepared[1] if self._prepared else ()
            for ticket in (*(self._pool.abandon() if self._pool else ()), *(self._begun or ()), *prepared):
                ticket.fail(failure)
            if not isinstance(error, EngineError):
                raise

    def _check_queued(self) -> None:
        """Move checked transactions from the queue to the ready ones."""
        pool = self._pool
        if pool is None or (len(self._queue) <= INLINE_MAX and not pool.in_flight):
            room = self._chain.genesis.file.bounds.block_transactions - len(self._ready)
            self._check_inline(_take(self._queue, room))
            return
        # No more than two blocks ahead, or whoever submits would never be told that the engine is busy.
        ahead = 2 * self._chain.genesis.file.bounds.block_transactions
        while self._queue and pool.free() and len(self._ready) < ahead:
            chunk = _take(self._queue, CHUNK, CHUNK_BYTES)
            pool.ask([ticket for _, ticket in chunk], [raw for raw, _ in chunk])
        for tickets, raws, codes in pool.take():
            for ticket, raw, code in zip(tickets, raws, codes, strict=True):
                self._admit(raw, ticket, code)

    def _check_inline(self, taken: list[Pending]) -> None:
        with _failing([ticket for _, ticket in taken]):
            codes = [check_stateless(raw, **self._check_arguments) for raw, _ in taken]
        for (raw, ticket), code in zip(taken, codes, strict=True):
            self._admit(raw, ticket, code)

    def _admit(self, raw: bytes, ticket: Ticket, code: str) -> None:
        if code:
            self._forget([raw])
            ticket.complete(Receipt(ZERO, 0, 0, code, ()))
        else:
            self._ready.append((raw, ticket))
            self._ready_bytes += len(raw)

    def _forget(self, raws: list[bytes]) -> None:
        """These wait no longer."""
        with self._counting:
            self._bytes_waiting -= sum(map(len, raws))

    def _may_execute(self) -> bool:
        # While the disk is busy, waiting for a fuller block costs nothing; two blocks on their way are enough.
        if self._failure:
            raise self._failure
        if self._begun is None and self._writing == 0:
            return True
        return self._writing < WRITES_IN_FLIGHT and (self._prepared is not None or self._full())

    def _full(self) -> bool:
        return len(self._ready) >= CHUNK or self._ready_bytes >= FULL_BYTES

    def _read_block(self) -> tuple[Batch, list[Ticket]]:
        taken = _take(self._ready, self._chain.genesis.file.bounds.block_transactions, BLOCK_BYTES)
        raws, tickets = [raw for raw, _ in taken], [ticket for _, ticket in taken]
        self._forget(raws)
        self._ready_bytes -= sum(map(len, raws))
        with _failing(tickets):
            return self._chain.read(raws), tickets

    def _execute_block(self) -> None:
        if self._prepared is None:
            batch, tickets = self._read_block()
            with _failing(tickets):
                self._chain.fetch(batch)
        else:
            batch, tickets, fetched = self._prepared
            self._prepared = None
            with _failing(tickets):
                fetched.result()
        with _failing(tickets):
            if self._overlaps and self._full():
                following, theirs = self._read_block()
                self._prepared = (following, theirs, self._fetcher.submit(self._chain.fetch, following))
            ran = self._chain.run(batch, self._now_ms())
            if not ran.count and self._begun is None and not self._writing:
                # Nothing to keep and nothing on its way that an answer could speak of: no block for that.
                self._chain.discard(ran)
                for ticket, receipt in zip(tickets, ran.receipts, strict=True):
                    ticket.complete(receipt)
                return
            if self._begun is not None:
                self._seal()
            self._chain.begin(ran)
        self._begun = tickets
        if not self._overlaps:
            self._seal()

    def _seal(self) -> None:
        """Wait for the tree of the block that was begun, and hand the block to the writer."""
        outcome = self._chain.seal()
        assert self._begun is not None
        tickets, self._begun = self._begun, None
        with self._committed:
            self._writing += 1
        self._writes.put((outcome, tickets))

    def _finished(self) -> bool:
        busy = self._prepared is not None or self._begun is not None
        idle = not (busy or self._queue or self._ready or self._questions or self._writing)
        return self._closing and idle and not (self._pool and self._pool.in_flight)

    def _sleep(self) -> None:
        self._asleep = True
        # Whatever arrived between the last look and the flag is seen here; later arrivals wake.
        if self._queue and (self._pool is None or self._pool.free()) and not self._ready:
            self._asleep = False
            return
        self._selector.select(timeout=0.5)
        self._asleep = False
        with suppress(BlockingIOError):
            os.read(self._wake_read, 4096)

    def _wake(self) -> None:
        # A full pipe wakes just as well; a closed one means that nobody sleeps any more.
        with suppress(OSError):
            os.write(self._wake_write, b"x")

    # -- the writer ---------------------------------------------------------------------------------------------

    def _write_loop(self) -> None:
        while True:
            item = self._writes.get()
            if item is None:
                return
            outcome, tickets = item
            try:
                if self._failure:
                    raise self._failure
                self._chain.write(outcome)
            except BaseException as error:
                failure = error if isinstance(error, EngineError) else EngineError(f"a write failed: {error}")
                self._fail(failure)
                for ticket in tickets:
                    ticket.fail(failure)
                with self._committed:
                    self._writing -= 1
                continue
            with self._committed:
                self._durable_height = outcome.height
                self._writing -= 1
                self._committed.notify_all()
            for ticket, receipt in zip(tickets, outcome.receipts, strict=True):
                ticket.complete(receipt)
            self._wake()

    def _fail(self, failure: EngineError) -> None:
        if self._failure is None:
            self._failure = failure
        self._abandon(self._failure)
        self._wake()

    def _abandon(self, failure: EngineError) -> None:
        """Nobody will answer what is still queued."""
        for waiting in (self._ready, self._queue):
            while taken := _take(waiting, CHUNK):
                for _, ticket in taken:
                    ticket.fail(failure)


@contextmanager
def _failing(tickets: list[Ticket]) -> Iterator[None]:
    """Tickets that stand in no queue any more: nobody else would tell those who wait."""
    try:
        yield
    except BaseException:
        for ticket in tickets:
            ticket.fail(EngineError("the engine stopped", code="ENGINE_STOPPED"))
        raise


def _take(waiting: deque[Pending], count: int, size: int = QUEUE_BYTES) -> list[Pending]:
    """Up to so many, until their bytes reach a size. Another thread may abandon them meanwhile; each goes to one taker."""
    taken: list[Pending] = []
    with suppress(IndexError):
        while len(taken) < count and size > 0:
            taken.append(waiting.popleft())
            size -= len(taken[-1][0])
    return taken
