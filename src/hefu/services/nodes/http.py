"""
The gateway's HTTP interface: transactions in, receipts, records, proofs and blocks out.

Members' programs speak to it with the node's token, through TLS that stands in front. Deny by default: without the token nothing
is answered but liveness and, for letters between organisations, the door (`door.py`). Errors are problem documents (RFC 9457) with
the stable code. Ledger data goes as canonical bytes (MessagePack, docs/reference/format.md), for clients check what they get
against hashes.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from hefu import __version__
from hefu.kernel.codec import Codec
from hefu.kernel.errors import Busy, Closed, EngineError, HefuError, UsageError
from hefu.ledger.block import SEALED, Receipt
from hefu.ledger.engines.cometbft.replica import Replica
from hefu.ledger.store import at_height
from hefu.ledger.versions import CODE_VERSION
from hefu.services.letters.office import Office
from hefu.services.nodes.answers import Handler, body, identifier_of, number, packed, problem_document
from hefu.services.nodes.door import letter_routes
from hefu.services.nodes.gateway import Gateway
from hefu.services.nodes.rpc import EngineRpc
from hefu.services.nodes.seal import seal_of

#: What state sync asks of CometBFT.
ENGINE_METHODS = frozenset({"commit", "validators", "consensus_params", "status", "health"})
WAIT_MAX_S = 60.0
SEAL_WAIT_S = 15.0
KEYS_MAX = 10_000
SCAN_MAX = 10_000
BLOCKS_MAX = 100
#: Transactions in one request.
MANY_BYTES = 8 << 20
_RAWS: Codec[tuple[bytes, ...]] = Codec(tuple[bytes, ...])
_KEYS: Codec[tuple[bytes, ...]] = Codec(tuple[bytes, ...])
_RANGE: Codec[tuple[bytes, bytes, int]] = Codec(tuple[bytes, bytes, int])
_PROVE: Codec[tuple[tuple[bytes, ...]]] = Codec(tuple[tuple[bytes, ...]])


@dataclass(frozen=True)
class Facts:
    """
    What the node knows of itself.

    Args:
        status: Itself and its engine.
        metrics: The same for Prometheus, in its text format.
        network: Where it and its peers are, for a node that joins; JSON.
    """

    status: Callable[[], dict[str, Any]]
    metrics: Callable[[], str]
    network: Callable[[], bytes]


def application(
    replica: Replica, gateway: Gateway, rpc: EngineRpc, token: str, facts: Facts, office: Office
) -> Starlette:
    """
    The ASGI application.

    Args:
        token: What members' programs show.
        office: Takes and forwards letters.
    """

    def guarded(handler: Handler) -> Handler:
        async def answer(request: Request) -> Response:
            if not hmac.compare_digest(_shown(request).encode(), token.encode()):
                return problem_document(401, "UNAUTHENTICATED", "show this node's token: Authorization: Bearer …")
            try:
                return await handler(request)
            except (Busy, Closed) as error:
                return problem_document(503, error.code, str(error), {"Retry-After": "1"})
            except HefuError as error:
                # Another node's disk may do: the client goes there.
                status = 503 if error.code in ("DISK", "DISK_FULL") else 400
                return problem_document(status, error.code, str(error))

        return answer

    async def live(request: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def status(request: Request) -> Response:
        tip = replica.chain.tip
        return JSONResponse(
            {
                "name": replica.genesis.file.name,
                "chain_id": replica.genesis.chain_id.hex(),
                "version": __version__,
                "height": tip.height,
                "block_id": replica.chain.tip_id.hex(),
                "state_root": tip.state_root.hex(),
                "at_ms": tip.at_ms,
                "engine_height": replica.engine_height,
                "waiting": gateway.waiting,
                "code": {
                    "knows": CODE_VERSION,
                    "decides_by": replica.chain.next_version(),
                    "adopted": replica.chain.upgrades(),
                },
                **facts.status(),
            }
        )

    async def genesis(request: Request) -> Response:
        return Response(replica.genesis.raw, media_type="application/json")

    async def network(request: Request) -> Response:
        return Response(facts.network(), media_type="application/json")

    async def submit(request: Request) -> Response:
        bounds = replica.genesis.file.bounds
        raw = await body(request, bounds.transaction_bytes)
        future = gateway.take(raw)
        wait_s = number(request, "wait_s", 30.0, WAIT_MAX_S)
        try:
            receipt = await asyncio.wait_for(asyncio.shield(future), wait_s)
        except TimeoutError:
            # It is on its way, and on the disk before this is said; the same bytes ask again.
            gateway.keep()
            return JSONResponse({"status": "waiting"}, status_code=202, headers={"Retry-After": "1"})
        return JSONResponse(_receipt(receipt))

    async def submit_many(request: Request) -> Response:
        """Several at once, each on its own: a receipt for each that has an answer in time, nil for the others."""
        raws = _RAWS.load_canonical(await body(request, MANY_BYTES), "transactions")
        futures: list[asyncio.Future[Receipt]] = []
        for raw in raws:
            try:
                futures.append(gateway.take(raw))
            except Busy:
                if not futures:
                    raise
                break
        if futures:
            await asyncio.wait(futures, timeout=number(request, "wait_s", 30.0, WAIT_MAX_S))
        if not all(future.done() for future in futures):
            gateway.keep()
        answers = [f.result() if f.done() and f.exception() is None else None for f in futures]
        return packed([*answers, *[None] * (len(raws) - len(futures))])

    async def receipt(request: Request) -> Response:
        found = gateway.answer_of(identifier_of(request.path_params["id"], 32))
        if found is None:
            return problem_document(404, "UNKNOWN_TRANSACTION", "this ledger has no answer for it, yet or ever")
        return JSONResponse(_receipt(found))

    async def records(request: Request) -> Response:
        keys = _KEYS.load_canonical(await body(request, 1 << 20), "keys")
        if len(keys) > KEYS_MAX:
            raise UsageError(f"at most {KEYS_MAX} keys at once", code="TOO_LARGE")
        return packed((replica.chain.tip.height, [replica.chain.get(key) for key in keys]))

    async def scan(request: Request) -> Response:
        start, end, most = _RANGE.load_canonical(await body(request, 4096), "range")
        pairs = []
        for pair in replica.chain.store.scan(start, end):
            pairs.append(pair)
            if len(pairs) >= min(most, SCAN_MAX):
                break
        return packed((replica.chain.tip.height, pairs))

    async def proofs(request: Request) -> Response:
        (keys,) = _PROVE.load_canonical(await body(request, 1 << 20), "keys")
        if len(keys) > KEYS_MAX:
            raise UsageError(f"at most {KEYS_MAX} keys at once", code="TOO_LARGE")
        chain = replica.chain
        return packed((chain.tip_sealed, [chain.prove(key) for key in keys]))

    async def seal(request: Request) -> Response:
        height = int(number(request, "height", 0, float(1 << 62)))
        raw = replica.chain.get(at_height(b"h", height))
        made_at = replica.engine_height_of(height)
        if raw is not None and SEALED.load(raw).seal_kind == "operator":
            # Of the time before validators took the ledger over.
            return packed(SEALED.load(raw))
        if raw is None or made_at is None:
            return problem_document(404, "UNKNOWN_BLOCK", "this node has no such block of the network's")
        header = SEALED.load(raw).header
        # The header after the block carries its id; the engine makes it at once, for the id is news to it.
        end = asyncio.get_running_loop().time() + SEAL_WAIT_S
        while True:
            try:
                handovers = {at: replica.announcement(at) for at in replica.handovers(made_at)}
                sealed = await seal_of(rpc, header, made_at, handovers)
                if replica.handover:
                    sealed = msgspec.structs.replace(sealed, seal=(replica.handover, *sealed.seal))
                return packed(sealed)
            except EngineError:
                if asyncio.get_running_loop().time() > end:
                    raise
                await asyncio.sleep(0.1)

    async def blocks(request: Request) -> Response:
        first = int(number(request, "from", 1, float(1 << 62)))
        wait_s = number(request, "wait_s", 0.0, WAIT_MAX_S)
        await gateway.reached(first, wait_s)
        found = []
        for height in range(first, min(first + BLOCKS_MAX, replica.chain.tip.height + 1)):
            block = replica.chain.block(height)
            if block is None:
                break
            found.append((block.height, block.header, block.body, block.results))
        return packed(found)

    async def engine(request: Request) -> Response:
        """What a light client asks of CometBFT, and nothing else; its answers are signed by the validators."""
        try:
            asked = msgspec.json.decode(await body(request, 4096), type=_EngineQuestion)
        except (msgspec.DecodeError, msgspec.ValidationError):
            return problem_document(400, "MALFORMED", "a question to the engine is a JSON-RPC request")
        if asked.method not in ENGINE_METHODS:
            return problem_document(
                403, "NOT_AUTHORIZED", f"the engine answers {', '.join(sorted(ENGINE_METHODS))} here"
            )
        return Response(await rpc.forward(msgspec.json.encode(asked)), media_type="application/json")

    async def prometheus(request: Request) -> Response:
        return PlainTextResponse(facts.metrics(), media_type="text/plain; version=0.0.4")

    routes = [
        Route("/live", live),
        Route("/v1/status", guarded(status)),
        Route("/v1/genesis", guarded(genesis)),
        Route("/v1/network", guarded(network)),
        Route("/v1/transactions", guarded(submit), methods=["POST"]),
        Route("/v1/transactions/many", guarded(submit_many), methods=["POST"]),
        Route("/v1/transactions/{id}", guarded(receipt)),
        Route("/v1/records", guarded(records), methods=["POST"]),
        Route("/v1/scan", guarded(scan), methods=["POST"]),
        Route("/v1/proofs", guarded(proofs), methods=["POST"]),
        Route("/v1/seal", guarded(seal)),
        Route("/v1/blocks", guarded(blocks)),
        Route("/v1/engine", guarded(engine), methods=["POST"]),
        Route("/metrics", guarded(prometheus)),
        *letter_routes(office, guarded),
    ]
    return Starlette(routes=routes)


class _EngineQuestion(msgspec.Struct, forbid_unknown_fields=True):
    method: str
    jsonrpc: str = "2.0"
    id: int | str = 1
    params: dict[str, str | bool | int] = {}


def _shown(request: Request) -> str:
    """The token that a request shows; CometBFT's own client can show it as a password only."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme == "Basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2]
        except ValueError:
            return ""
    return value if scheme == "Bearer" else ""


def _receipt(receipt: Receipt) -> dict[str, Any]:
    return {
        "status": "final",
        "transaction_id": receipt.transaction_id.hex(),
        "height": receipt.height,
        "index": receipt.index,
        "code": receipt.code,
        "first_code": receipt.first_code,
        "events": [event.hex() for event in receipt.events],
    }
