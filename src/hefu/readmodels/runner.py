"""
The projector in a process of its own, beside the engine.

It takes nothing from the ledger but reads of durable blocks: `feed` only notes bytes and returns, and when the read models
fall behind, or begin late, a thread reads the missing blocks from the store. If the process dies, `failure` says so, the
ledger goes on, and `start` carries on from the height in the tables.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import socket
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_any

from hefu.kernel.codec import Codec, encode
from hefu.kernel.errors import EngineError, HefuError, UsageError
from hefu.ledger.application import Application
from hefu.ledger.chain import CommittedBlock
from hefu.ledger.genesis import Genesis
from hefu.readmodels import payload
from hefu.readmodels.projector import BATCH_BLOCKS, BATCH_EVENTS, Projector

#: Bytes of fed blocks that wait in memory; past them, blocks are read from the store when their turn comes.
WAITING_BYTES = 32 << 20
STOP = b""
_HEIGHT, _FAILED = "height", "failed"
#: What the process says: how far it is, or the code and text of why it stopped.
_Word = tuple[str, int, str, str]
_WORD: Codec[_Word] = Codec(_Word)


class ProjectorProcess:
    """
    Args:
        url: Database of the read models.
        genesis_raw: Bytes of the genesis file.
        application: Where the contracts are bound, for example `hefu.bootstrap:application`.
        source: Reads a durable block by height as `payload.pack` gives it, None past the tip; called from another thread.
        waiting_bytes: How much fed data may wait in memory.
    """

    def __init__(
        self,
        url: str,
        genesis_raw: bytes,
        application: str,
        source: Callable[[int], bytes | None],
        *,
        waiting_bytes: int = WAITING_BYTES,
    ) -> None:
        self._arguments = (url, genesis_raw, application)
        self._source = source
        self._changed = threading.Condition()
        self._queue: deque[tuple[int, bytes]] = deque()
        self._queued = 0
        self._queued_max = waiting_bytes
        self._fed = -1
        self._sent = -1
        self._height: int | None = None
        #: The source may have blocks that were never fed.
        self._looking = True
        self._alive = False
        self._failure: HefuError | None = None
        self._stopping = False
        self._process: multiprocessing.process.BaseProcess | None = None
        self._threads: list[threading.Thread] = []
        self._pipe: Connection | None = None

    # -- what the node sees -------------------------------------------------------------------------------------

    @property
    def height(self) -> int:
        """Height that the tables show; -1 before the first block, or before the process has said."""
        return -1 if self._height is None else self._height

    @property
    def lag(self) -> int:
        """Blocks that are durable, as far as fed or read, and not yet in the tables."""
        return max(0, self._fed - self.height)

    @property
    def running(self) -> bool:
        """Whether the process is there and nothing went wrong."""
        return self._alive and self._failure is None

    @property
    def failure(self) -> HefuError | None:
        """Why it stopped, if it was not asked to."""
        return self._failure

    def start(self) -> None:
        """
        Begin, or begin again after a failure, from the height in the tables.

        Raises:
            UsageError: It runs already.
        """
        if self.running:
            raise UsageError("the read models' process runs already", code="ALREADY_RUNNING")
        self._join()
        self._failure, self._stopping, self._height, self._looking = None, False, None, True
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, *self._arguments), name="hefu-views", daemon=True)
        process.start()
        theirs.close()
        self._process, self._pipe, self._alive = process, ours, True
        self._threads = [
            threading.Thread(target=self._send, args=(ours,), name="hefu-views-feeder", daemon=True),
            threading.Thread(target=self._listen, args=(ours, process), name="hefu-views-listener", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def feed(self, block_payload: bytes) -> None:
        """A block is durable. Returns at once, whatever state the process is in."""
        height = payload.height_of(block_payload)
        with self._changed:
            self._fed = max(self._fed, height)
            follows = not self._queue or self._queue[-1][0] + 1 == height
            # A block that does not fit is read from the store later; one after a gap would only be in the way.
            if self.running and follows and self._queued + len(block_payload) <= self._queued_max:
                self._queue.append((height, block_payload))
                self._queued += len(block_payload)
            self._changed.notify_all()

    def wait(self, height: int, timeout: float) -> bool:
        """
        Whether the tables show a height within so many seconds.

        Raises:
            HefuError: The process failed.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._failure is not None or self.height >= height, timeout)
            if self._failure is not None:
                raise self._failure
            return self.height >= height

    def close(self, timeout: float = 10.0) -> None:
        """Let it finish what it was sent, then stop it; past the timeout it is ended, which costs no consistency."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._process is not None:
            self._process.join(timeout)
            if self._process.is_alive():
                self._process.terminate()
        self._join()

    # -- threads ------------------------------------------------------------------------------------------------

    def _send(self, pipe: Connection) -> None:
        # A dead process breaks the pipe; the listener says why.
        with suppress(OSError):
            while (block := self._next()) is not None:
                pipe.send_bytes(block)
            pipe.send_bytes(STOP)

    def _next(self) -> bytes | None:
        """The next block to send, waited for; None when it is time to stop."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._ending() or self._may_send())
                if self._ending():
                    return None
                wanted, fed = self._sent + 1, self._fed
                block = self._take(wanted)
            if block is None:
                block = self._read(wanted, fed)
            if block is not None:
                with self._changed:
                    self._sent, self._fed = wanted, max(self._fed, wanted)
                return block

    def _may_send(self) -> bool:
        return self._height is not None and (self._looking or self._fed > self._sent)

    def _ending(self) -> bool:
        return self._stopping or self._failure is not None

    def _take(self, wanted: int) -> bytes | None:
        """A block from the queue; those before it are dropped."""
        while self._queue and self._queue[0][0] <= wanted:
            height, block = self._queue.popleft()
            self._queued -= len(block)
            if height == wanted:
                return block
        return None

    def _read(self, wanted: int, fed: int) -> bytes | None:
        try:
            block = self._source(wanted)
        except Exception as error:
            self._fail(EngineError(f"block {wanted} cannot be read: {error}", code="READ_MODELS_SOURCE"))
            return None
        if block is None and wanted <= fed:
            self._fail(EngineError(f"block {wanted} is not kept here", code="NOT_ARCHIVED"))
        self._looking = block is not None
        return block

    def _listen(self, pipe: Connection, process: multiprocessing.process.BaseProcess) -> None:
        # The other end may be open in a process forked meanwhile, so its closing alone would not tell of a death.
        while pipe in wait_any([pipe, process.sentinel]):
            try:
                kind, height, code, text = _WORD.load(pipe.recv_bytes())
            except (EOFError, OSError):
                break
            if kind == _FAILED:
                self._fail(EngineError(text, code=code))
                break
            with self._changed:
                if self._height is None:
                    self._sent = height
                self._height = height
                self._changed.notify_all()
        process.join()
        self._alive = False
        if not self._stopping:
            self._fail(EngineError(f"the read models' process died: {process.exitcode}", code="READ_MODELS_DIED"))
        # For the same reason a sender might wait for ever; the pipe itself is closed when both threads are done.
        with suppress(OSError), socket.socket(fileno=os.dup(pipe.fileno())) as end:
            end.shutdown(socket.SHUT_RDWR)

    def _fail(self, failure: HefuError) -> None:
        with self._changed:
            if self._failure is None:
                self._failure = failure
            self._queue.clear()
            self._queued = 0
            self._changed.notify_all()

    def _join(self) -> None:
        if self._process is not None:
            self._process.join()
        for thread in self._threads:
            thread.join()
        if self._pipe is not None:
            self._pipe.close()
        self._process, self._threads, self._pipe = None, [], None


# -- the other process ---------------------------------------------------------------------------------------------


def _serve(connection: Connection, url: str, genesis_raw: bytes, application: str) -> None:
    """Project what comes through the pipe until told to stop, or until the engine's process is gone."""
    # A Ctrl-C at the terminal reaches both processes: the engine's decides. And it goes first where both want a core.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError):
        os.nice(19)
        if hasattr(os, "SCHED_IDLE"):  # Linux: only what others leave, and out of the way at once.
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    try:
        projector = Projector(url, load_application(application), Genesis(genesis_raw))
        _say(connection, _HEIGHT, projector.height)
        try:
            going = True
            while going:
                batch, going = _receive(connection)
                if batch:
                    projector.project(batch)
                    _say(connection, _HEIGHT, projector.height)
        finally:
            projector.close()
    except (EOFError, ConnectionError):
        return
    except HefuError as error:
        with suppress(OSError):
            _say(connection, _FAILED, 0, error.code, str(error))
    except BaseException as error:
        _say(connection, _FAILED, 0, "READ_MODELS_FAULT", f"{type(error).__name__}: {error}")
        raise


def _receive(connection: Connection) -> tuple[list[CommittedBlock], bool]:
    """Whatever is there, as one batch, waited for; and whether more will come."""
    batch: list[CommittedBlock] = []
    events = 0
    while not batch or (connection.poll() and events < BATCH_EVENTS and len(batch) < BATCH_BLOCKS):
        raw = connection.recv_bytes()
        if raw == STOP:
            return batch, False
        batch.append(payload.unpack(raw))
        events += sum(len(result.events) for result in batch[-1].results)
    return batch, True


def _say(connection: Connection, kind: str, height: int, code: str = "", text: str = "") -> None:
    connection.send_bytes(encode((kind, height, code, text)))


def load_application(path: str) -> Application:
    """
    Call the factory that a text names, `package.module:function`.

    Raises:
        UsageError: There is no such factory.
    """
    module, _, name = path.partition(":")
    try:
        factory = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(f"no application at {path!r}, for example hefu.bootstrap:application: {error}") from error
    made = factory()
    if not isinstance(made, Application):
        raise UsageError(f"{path!r} makes no application")
    return made
