"""
The application's side of ABCI 2.0: a unix socket, protobuf messages with their length before them, four connections of
CometBFT's.

Answers go out in the order of the questions on each connection. The socket is read eagerly (`reader.py`); what was read is worked
off in slices, so that consensus on one connection overtakes a flood of checks on another. Whatever goes wrong inside stops the
whole node: an answer that other validators do not give would be worse than none.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from google.protobuf.message import DecodeError

from hefu import __version__
from hefu.kernel.codec import encode
from hefu.kernel.errors import Corrupt, EngineError
from hefu.kernel.hashing import sha256
from hefu.ledger.engines.cometbft import abci_pb2 as pb
from hefu.ledger.engines.cometbft.reader import EagerReader
from hefu.ledger.engines.cometbft.replica import Finalized, Replica
from hefu.ledger.engines.cometbft.statesync import FORMAT

#: Seconds that one connection may work before the others have their turn.
SLICE = 0.002
#: No message that this application can use is larger; a longer length before one is no protobuf of CometBFT's.
MESSAGE_BYTES = 64 << 20
REFUSED = 1
CODESPACE = "hefu"

_FLUSH = b"\x02\x1a\x00"
_CHECKED = b"\x02\x4a\x00"


class AbciServer:
    """
    Args:
        replica: The ledger.
        on_commit: Told of every block once it is on the disk, before CometBFT is answered.
    """

    def __init__(self, replica: Replica, on_commit: Callable[[Finalized], None] | None = None) -> None:
        self.replica = replica
        self._on_commit = on_commit
        #: Seconds spent in each kind of call since the start.
        self.spent: dict[str, float] = {}
        #: Connections that were cut because what came was no ABCI.
        self.garbage = 0
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()
        #: Resolved with what stopped the node; never while all is well.
        self.failed: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
        self._handlers: dict[str, Callable[[pb.Request, pb.Response], None]] = {
            "echo": self._echo,
            "info": self._info,
            "init_chain": self._init_chain,
            "query": self._query,
            "check_tx": self._check_tx,
            "prepare_proposal": self._prepare_proposal,
            "process_proposal": self._process_proposal,
            "finalize_block": self._finalize_block,
            "commit": self._commit,
            "extend_vote": self._extend_vote,
            "verify_vote_extension": self._verify_vote_extension,
            "list_snapshots": self._list_snapshots,
            "offer_snapshot": self._offer_snapshot,
            "load_snapshot_chunk": self._load_snapshot_chunk,
            "apply_snapshot_chunk": self._apply_snapshot_chunk,
        }

    async def start(self, path: Path) -> None:
        """
        Listen on a unix socket.

        Raises:
            EngineError: The path is too long for a socket, or cannot be made (SOCKET).
        """
        with suppress(FileNotFoundError):
            path.unlink()  # noqa: ASYNC240 - one name in a folder of this machine, before anything runs
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_unix_server(lambda: _Connection(self), str(path))
        except OSError as error:
            raise EngineError(f"cannot listen: {error}", code="SOCKET", where=str(path)) from None
        path.chmod(0o600)  # noqa: ASYNC240

    async def close(self) -> None:
        """Stop listening; CometBFT ends itself when its connections go."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.close()

    def fail(self, error: BaseException) -> None:
        """Nothing more is answered."""
        if not self.failed.done():
            self.failed.set_result(error)
        for connection in list(self._connections):
            connection.close()

    def answer(self, request: pb.Request) -> bytes:
        """The bytes of the answer, with their length before them."""
        kind = request.WhichOneof("value")
        if kind == "flush":
            return _FLUSH
        began = time.perf_counter()
        response = pb.Response()
        handler = self._handlers.get(kind or "")
        if handler is None:
            response.exception.error = "this application knows no such call"
        else:
            handler(request, response)
            self.spent[str(kind)] = self.spent.get(str(kind), 0.0) + time.perf_counter() - began
        if kind == "check_tx" and not response.check_tx.code:
            return _CHECKED
        return framed(response.SerializeToString())

    # -- calls --------------------------------------------------------------------------------------------------

    def _echo(self, request: pb.Request, response: pb.Response) -> None:
        response.echo.message = request.echo.message

    def _info(self, request: pb.Request, response: pb.Response) -> None:
        info = self.replica.info()
        response.info.data = self.replica.genesis.file.name
        response.info.version = __version__
        # The engine keeps it from the beginning on; which version decides a block stands in the block, behind the app hash.
        response.info.app_version = self.replica.genesis.file.code_version
        response.info.last_block_height = info.height
        response.info.last_block_app_hash = info.app_hash

    def _init_chain(self, request: pb.Request, response: pb.Response) -> None:
        asked = request.init_chain
        validators = [(update.pub_key.ed25519, update.power) for update in asked.validators]
        response.init_chain.app_hash = self.replica.init_chain(asked.chain_id, validators)

    def _query(self, request: pb.Request, response: pb.Response) -> None:
        # Questions go to the node's own gateway, which proves what it answers.
        response.query.code = REFUSED
        response.query.codespace = CODESPACE
        response.query.log = "ask the node's gateway"
        response.query.height = self.replica.engine_height

    def _check_tx(self, request: pb.Request, response: pb.Response) -> None:
        response.check_tx.SetInParent()
        code = self.replica.check(request.check_tx.tx)
        if code:
            response.check_tx.code = REFUSED
            response.check_tx.codespace = CODESPACE
            response.check_tx.log = code

    def _prepare_proposal(self, request: pb.Request, response: pb.Response) -> None:
        asked = request.prepare_proposal
        response.prepare_proposal.SetInParent()
        response.prepare_proposal.txs.extend(self.replica.prepare(list(asked.txs), asked.max_tx_bytes))

    def _process_proposal(self, request: pb.Request, response: pb.Response) -> None:
        status = pb.ProcessProposalResponse
        good = self.replica.accepts(list(request.process_proposal.txs))
        response.process_proposal.status = status.ACCEPT if good else status.REJECT

    def _finalize_block(self, request: pb.Request, response: pb.Response) -> None:
        asked = request.finalize_block
        at_ms = asked.time.seconds * 1000 + asked.time.nanos // 1_000_000
        parcels = list(asked.txs)
        response.finalize_block.app_hash, updates = self.replica.finalize(asked.height, at_ms, parcels)
        for key, power in updates:
            update = response.finalize_block.validator_updates.add()
            update.pub_key.ed25519, update.power = key, power
        for parcel in parcels:
            # A parcel has no result of its own: the ledger's results are under the app hash.
            result = response.finalize_block.tx_results.add()
            result.code = REFUSED if self.replica.check(parcel) else 0

    def _commit(self, request: pb.Request, response: pb.Response) -> None:
        response.commit.SetInParent()
        done = self.replica.commit()
        if self._on_commit is not None:
            self._on_commit(done)

    def _extend_vote(self, request: pb.Request, response: pb.Response) -> None:
        response.extend_vote.SetInParent()

    def _verify_vote_extension(self, request: pb.Request, response: pb.Response) -> None:
        status = pb.VerifyVoteExtensionResponse
        empty = not request.verify_vote_extension.vote_extension
        response.verify_vote_extension.status = status.ACCEPT if empty else status.REJECT

    def _list_snapshots(self, request: pb.Request, response: pb.Response) -> None:
        response.list_snapshots.SetInParent()
        if self.replica.snapshots is None:
            return
        for manifest in self.replica.snapshots.manifests():
            offered = response.list_snapshots.snapshots.add()
            offered.height, offered.format, offered.chunks = manifest.engine_height, FORMAT, len(manifest.chunks)
            offered.metadata = encode(manifest)
            offered.hash = sha256(offered.metadata)

    def _offer_snapshot(self, request: pb.Request, response: pb.Response) -> None:
        asked, verdict = request.offer_snapshot, pb.OfferSnapshotResponse
        if asked.snapshot.format != FORMAT:
            response.offer_snapshot.result = verdict.REJECT_FORMAT
            return
        good = self.replica.offer(asked.snapshot.height, asked.snapshot.metadata, asked.app_hash)
        response.offer_snapshot.result = verdict.ACCEPT if good else verdict.REJECT

    def _load_snapshot_chunk(self, request: pb.Request, response: pb.Response) -> None:
        asked = request.load_snapshot_chunk
        response.load_snapshot_chunk.SetInParent()
        if self.replica.snapshots is not None and asked.format == FORMAT:
            response.load_snapshot_chunk.chunk = self.replica.snapshots.chunk(asked.height, asked.chunk)

    def _apply_snapshot_chunk(self, request: pb.Request, response: pb.Response) -> None:
        asked, answer = request.apply_snapshot_chunk, response.apply_snapshot_chunk
        try:
            good = self.replica.take(asked.index, asked.chunk)
        except Corrupt:
            answer.result = pb.ApplySnapshotChunkResponse.REJECT_SNAPSHOT
            return
        if good:
            answer.result = pb.ApplySnapshotChunkResponse.ACCEPT
            return
        answer.result = pb.ApplySnapshotChunkResponse.RETRY
        answer.refetch_chunks.append(asked.index)
        answer.reject_senders.append(asked.sender)


class _Connection(asyncio.Protocol):
    """One of CometBFT's connections."""

    def __init__(self, server: AbciServer) -> None:
        self._owner = server
        self._buffer = bytearray()
        self._waiting: deque[bytes] = deque()
        self._working = False
        self._transport: asyncio.Transport | None = None
        self._reader: EagerReader | None = None
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._reader = EagerReader(transport, self._received)
        self._owner._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._owner._connections.discard(self)
        self._waiting.clear()
        if self._reader is not None:
            self._reader.stop()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _hang_up(self) -> None:
        # Nobody but CometBFT speaks here; what is not its protocol gets no answer, and nothing else stops for it.
        self._owner.garbage += 1
        self._waiting.clear()
        if self._transport is not None:
            self._transport.abort()

    def _received(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._buffer += data
        try:
            self._waiting.extend(take_frames(self._buffer))
        except ValueError:
            self._hang_up()
            return
        if self._waiting and not self._working:
            self._work()

    def _work(self) -> None:
        end = time.perf_counter() + SLICE
        answers = []
        try:
            while self._waiting:
                request = pb.Request.FromString(self._waiting.popleft())
                answers.append(self._owner.answer(request))
                if time.perf_counter() > end:
                    break
        except DecodeError:
            self._hang_up()
            return
        except BaseException as error:
            self._owner.fail(error)
            if not isinstance(error, Exception):
                raise
            return
        self._working = bool(self._waiting)
        if self._working:
            self._loop.call_soon(self._work)
        if answers and self._transport is not None:
            self._transport.write(b"".join(answers))


def framed(message: bytes) -> bytes:
    """A message with its length before it, as an unsigned varint."""
    size = len(message)
    head = bytearray()
    while size > 127:
        head.append(size & 127 | 128)
        size >>= 7
    head.append(size)
    return bytes(head) + message


def take_frames(buffer: bytearray) -> list[bytes]:
    """
    Whole messages at the front of a buffer, taken out of it.

    Raises:
        ValueError: A length that is no varint, or past any message that CometBFT sends.
    """
    frames = []
    at, end = 0, len(buffer)
    while at < end:
        place, shift, size = at, 0, 0
        whole = False
        while place < end:
            byte = buffer[place]
            place += 1
            size |= (byte & 127) << shift
            if byte < 128:
                whole = True
                break
            shift += 7
            if shift > 28:
                raise ValueError("a length of more than four bytes")
        if not whole:
            break
        if size > MESSAGE_BYTES:
            raise ValueError(f"a message of {size} bytes")
        if place + size > end:
            break
        frames.append(bytes(buffer[place : place + size]))
        at = place + size
    del buffer[:at]
    return frames
