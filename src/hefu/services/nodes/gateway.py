"""
The node's door for transactions: takes them singly, carries them to consensus in parcels, and answers with what the ledger
decided.

    take -> outbox (on the disk) -> parcel -> CometBFT's mempool -> decided block -> receipt

An answer is given only once it is on this node's disk. What gets no answer in time is sent again, in another parcel, until the
ledger knows it or it has expired: the ledger itself sees to it that nothing counts twice.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from hefu.kernel.errors import Busy, Closed, EngineError
from hefu.kernel.hashing import ZERO
from hefu.ledger import transaction as transactions
from hefu.ledger.block import Receipt
from hefu.ledger.engines.cometbft.parcel import pack
from hefu.ledger.engines.cometbft.replica import Finalized, Replica
from hefu.ledger.transaction import check_stateless
from hefu.services.nodes.outbox import Outbox
from hefu.services.nodes.rpc import EngineRpc

#: Transactions of which this node may know no answer yet; more are refused with Busy.
WAITING_MAX = 5_000
#: Parcels on their way at once: what is bounded here cannot pile up in the network's blocks.
PARCELS_MAX = 8
#: Seconds for which a parcel waits for company.
GATHER_S = 0.1
PARCEL_BYTES = 256 << 10
PARCEL_COUNT = 500
#: Seconds after which what got no answer is sent again; doubled each time, to the last.
AGAIN_FIRST_S, AGAIN_LAST_S = 5.0, 60.0
#: And not before so many times what answers take now: sent again, what only waits its turn makes everybody wait longer.
AGAIN_PACES, PACE_SHARE = 4.0, 0.3
SWEEP_S = 0.5


@dataclass(slots=True)
class Waiting:
    """A transaction without an answer."""

    raw: bytes
    expires_at_ms: int
    #: Its form and signatures were checked by this process; what came from the outbox is checked with its parcel.
    checked: bool = False
    futures: list[asyncio.Future[Receipt]] = field(default_factory=list)
    kept: bool = False
    sent_at: float = 0.0
    patience: float = AGAIN_FIRST_S
    parcel: int = 0


class Gateway:
    """
    Args:
        replica: The ledger on this node.
        rpc: Its CometBFT.
        outbox: What was taken before.
        fail: Told of a bug in here, which stops the node.
    """

    def __init__(self, replica: Replica, rpc: EngineRpc, outbox: Outbox, fail: Callable[[BaseException], None]) -> None:
        self._replica, self._rpc, self._outbox, self._fail = replica, rpc, outbox, fail
        self._waiting: dict[bytes, Waiting] = {}
        self._queue: deque[bytes] = deque()
        self._parcels: dict[int, set[bytes]] = {}
        self._numbers = 0
        #: Seconds from a parcel to its answers, smoothed.
        self._pace = 0.0
        self._tasks: list[asyncio.Task[None]] = []
        self._arrived = asyncio.Event()
        self._height_waiters: list[tuple[int, asyncio.Future[None]]] = []
        self._room = asyncio.Event()
        self._room.set()
        #: Transactions and parcels since the start, for metrics.
        self.taken = self.answered = self.resent = self.sent_parcels = self.refused_busy = 0
        for id, raw, expires in outbox.waiting():
            self._waiting[id] = Waiting(raw, expires, kept=True)
            self._queue.append(id)

    def start(self) -> None:
        """Begin to carry."""
        for work in (self._carry(), self._sweep()):
            task = asyncio.get_running_loop().create_task(work)
            task.add_done_callback(self._ended)
            self._tasks.append(task)

    async def close(self) -> None:
        """Stop carrying; what waits stays in the outbox."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        closed = Closed("the node stops; submit the same bytes again, here or at another node")
        for entry in self._waiting.values():
            for future in entry.futures:
                if not future.done():
                    future.set_exception(closed)
                    # Whoever asked may be gone, which is nothing to complain of.
                    future.exception()

    @property
    def waiting(self) -> int:
        """Transactions without an answer."""
        return len(self._waiting)

    # -- taking -------------------------------------------------------------------------------------------------

    def take(self, raw: bytes) -> asyncio.Future[Receipt]:
        """
        Take a transaction.

        Returns:
            Its final answer, when there is one.

        Raises:
            Busy: Too many wait; submit the same bytes again later, or at another node.
        """
        genesis = self._replica.genesis
        future: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        code = check_stateless(
            raw, h=genesis.hash, suite=genesis.suite, chain_id=genesis.chain_id, bounds=genesis.file.bounds
        )
        if code:
            future.set_result(Receipt(ZERO, 0, 0, code, ()))
            return future
        header = transactions.WIRE.load(raw).header
        id = transactions.transaction_id(genesis.hash, header)
        known = self.answer_of(id)
        if known is not None:
            future.set_result(known)
            return future
        entry = self._waiting.get(id)
        if entry is None:
            expires = transactions.HEADER.load(header).expires_at_ms
            if expires < self._replica.chain.tip.at_ms:
                future.set_result(Receipt(id, 0, 0, "TRANSACTION_EXPIRED", ()))
                return future
            if len(self._waiting) >= WAITING_MAX:
                self.refused_busy += 1
                raise Busy(f"{WAITING_MAX} transactions wait at this node; submit the same bytes again later")
            entry = self._waiting[id] = Waiting(raw, expires, checked=True)
            self._queue.append(id)
            self._arrived.set()
            self.taken += 1
        entry.futures.append(future)
        return future

    def answer_of(self, id: bytes) -> Receipt | None:
        """The answer that a transaction got, as it was first given; None where it has none on this node's disk."""
        found = self._replica.chain.receipt(id)
        return found if found is not None and found.height <= self._replica.committed_height else None

    def keep(self) -> None:
        """Put everything that waits into the outbox: whoever is told that it was taken may rely on it."""
        fresh = [(id, entry) for id, entry in self._waiting.items() if not entry.kept]
        if fresh:
            self._outbox.add([(id, entry.raw, entry.expires_at_ms) for id, entry in fresh])
            for _, entry in fresh:
                entry.kept = True

    async def reached(self, height: int, wait_s: float) -> None:
        """Return when the ledger has a height on this node, or after a wait."""
        if self._replica.chain.tip.height >= height or not wait_s:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._height_waiters.append((height, future))
        with suppress(TimeoutError):
            await asyncio.wait_for(future, wait_s)

    # -- carrying -----------------------------------------------------------------------------------------------

    async def _carry(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            if not self._queue:
                continue
            await asyncio.sleep(GATHER_S)
            while self._queue:
                await self._room.wait()
                await self._send(self._gather())

    def _gather(self) -> list[bytes]:
        ids: list[bytes] = []
        size = 0
        while self._queue and len(ids) < PARCEL_COUNT:
            entry = self._waiting.get(self._queue[0])
            if entry is not None and ids and size + len(entry.raw) > PARCEL_BYTES:
                break
            id = self._queue.popleft()
            if entry is not None and not entry.parcel:
                ids.append(id)
                size += len(entry.raw)
        return ids

    async def _send(self, ids: list[bytes]) -> None:
        if not ids:
            return
        entries = [self._waiting[id] for id in ids]
        fresh = [(id, e.raw, e.expires_at_ms) for id, e in zip(ids, entries, strict=True) if not e.kept]
        if fresh:
            self._outbox.add(fresh)
        self._numbers += 1
        number = self._numbers
        now = time.monotonic()
        for entry in entries:
            entry.kept, entry.parcel, entry.sent_at = True, number, now
        self._parcels[number] = set(ids)
        self._see_room()
        raws = [entry.raw for entry in entries]
        parcel = pack(raws)
        if all(entry.checked for entry in entries):
            self._replica.verdicts.vouch(parcel, raws)
        try:
            await self._rpc.broadcast(parcel)
            self.sent_parcels += 1
        except (Busy, EngineError):
            # The mempool is full or the engine starts anew: they stay, and the sweep sends them again.
            for entry in entries:
                entry.patience = AGAIN_FIRST_S / 5
            await asyncio.sleep(GATHER_S)

    async def _sweep(self) -> None:
        """Send again what got no answer; give up what has expired."""
        while True:
            await asyncio.sleep(SWEEP_S)
            now, at_ms = time.monotonic(), self._replica.chain.tip.at_ms
            expired = []
            for id, entry in self._waiting.items():
                if entry.expires_at_ms < at_ms:
                    expired.append(id)
                elif entry.parcel and now - entry.sent_at > max(
                    entry.patience, min(AGAIN_PACES * self._pace, AGAIN_LAST_S)
                ):
                    entry.patience = min(max(entry.patience, AGAIN_FIRST_S) * 2, AGAIN_LAST_S)
                    self._again(id)
            for id in expired:
                # No block that may still come can hold it: block time has passed its end.
                self._settle(id, Receipt(id, 0, 0, "TRANSACTION_EXPIRED", ()))
            if expired:
                self._outbox.remove(expired)
            if self._queue:
                self._arrived.set()

    def _again(self, id: bytes) -> None:
        entry = self._waiting[id]
        self._unparcel(id, entry)
        self._queue.append(id)
        self._arrived.set()
        self.resent += 1

    # -- answering ----------------------------------------------------------------------------------------------

    def on_commit(self, done: Finalized) -> None:
        """A block is on the disk: whoever waits for something in it is told."""
        answered = []
        slowest, now = 0.0, time.monotonic()
        for receipt in done.receipts:
            entry = self._waiting.get(receipt.transaction_id)
            if entry is not None:
                if entry.parcel:
                    slowest = max(slowest, now - entry.sent_at)
                if receipt.code == "NOT_YET_VALID":
                    # Not kept: its block bears the time of the one before. The next will bear the time of now.
                    self._again(receipt.transaction_id)
                    continue
                final = self.answer_of(receipt.transaction_id) if receipt.code == "REPLAYED" else receipt
                self._settle(receipt.transaction_id, final or receipt)
                answered.append(receipt.transaction_id)
        if answered:
            self._outbox.remove(answered)
            self._pace += (slowest - self._pace) * PACE_SHARE
        height = self._replica.chain.tip.height
        for wanted, waiter in self._height_waiters:
            if wanted <= height and not waiter.done():
                waiter.set_result(None)
        self._height_waiters = [entry for entry in self._height_waiters if not entry[1].done()]

    def _settle(self, id: bytes, receipt: Receipt) -> None:
        entry = self._waiting.pop(id)
        self._unparcel(id, entry)
        self.answered += 1
        for future in entry.futures:
            if not future.done():
                future.set_result(receipt)

    def _unparcel(self, id: bytes, entry: Waiting) -> None:
        members = self._parcels.get(entry.parcel)
        if members is not None:
            members.discard(id)
            if not members:
                del self._parcels[entry.parcel]
        entry.parcel = 0
        self._see_room()

    def _see_room(self) -> None:
        if len(self._parcels) < PARCELS_MAX:
            self._room.set()
        else:
            self._room.clear()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            error = task.exception()
            if error is not None:
                self._fail(error)
