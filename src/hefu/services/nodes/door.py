"""
Letters over HTTP: own programs give and fetch them with the node's token; the door takes them from other nodes without one.

    POST /v1/door                          a letter from anybody, for an organisation whose letters this node takes
    POST /v1/letters                       an own program's letter, to be forwarded
    GET  /v1/letters?organisation=&after=  letters that arrived
    GET  /v1/letters/{id}                  what has become of a letter that was given here
    POST /v1/letters/acknowledge           these are in the organisation's vault
    GET  /v1/contacts/{id}                 what an organisation puts into its contact

The door is the one route beside liveness that asks for no token: nodes share none. What it does for a stranger is bounded: so many
letters at once, so many bytes, so much time; nothing is kept before the ledger has vouched for the sender.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hefu.kernel.codec import Codec
from hefu.kernel.errors import Busy, EngineError, HefuError
from hefu.services.letters.letter import ENVELOPE_BYTES
from hefu.services.letters.office import Office
from hefu.services.nodes.answers import BINARY, Handler, body, identifier_of, number, packed, problem_document

#: Letters that strangers may be handing in at one time, and seconds that one may take.
DOOR_AT_ONCE, DOOR_S = 8, 60.0
_ACKNOWLEDGED: Codec[tuple[bytes, tuple[bytes, ...]]] = Codec(tuple[bytes, tuple[bytes, ...]])


def letter_routes(office: Office, guarded: Callable[[Handler], Handler]) -> list[Route]:
    """
    Args:
        office: This node's.
        guarded: Lets through what shows the token.
    """
    inside = 0

    async def door(request: Request) -> Response:
        nonlocal inside
        if inside >= DOOR_AT_ONCE:
            return problem_document(503, Busy.code, "others hand in letters; send again later", {"Retry-After": "1"})
        inside += 1
        try:
            raw = await asyncio.wait_for(body(request, ENVELOPE_BYTES), DOOR_S)
            return Response(await asyncio.to_thread(office.deliver, raw), media_type=BINARY)
        except TimeoutError:
            return problem_document(408, "TOO_SLOW", f"a letter is handed in within {DOOR_S:g} seconds")
        except EngineError as error:
            return problem_document(503, error.code, "this door takes no letters now", {"Retry-After": "5"})
        except HefuError as error:
            if error.code == "LETTER_QUOTA":
                return problem_document(429, error.code, str(error), {"Retry-After": "60"})
            return problem_document(413 if error.code == "TOO_LARGE" else 400, error.code, str(error))
        finally:
            inside -= 1

    async def post(request: Request) -> Response:
        id = await asyncio.to_thread(office.post, await body(request, ENVELOPE_BYTES))
        return JSONResponse({"status": "waiting", "letter": id.hex()}, status_code=202)

    async def arrived(request: Request) -> Response:
        organisation = identifier_of(request.query_params.get("organisation", ""), 32)
        after = int(number(request, "after", 0, float(1 << 62)))
        found = await asyncio.to_thread(office.arrived, organisation, after)
        return packed([(letter.number, letter.raw, letter.arrival) for letter in found])

    async def outgoing(request: Request) -> Response:
        found = await asyncio.to_thread(office.outgoing, identifier_of(request.path_params["id"], 32))
        if found is None:
            return problem_document(404, "UNKNOWN_LETTER", "no such letter was given here")
        return packed((found.state, found.code, found.arrival))

    async def acknowledge(request: Request) -> Response:
        organisation, ids = _ACKNOWLEDGED.load_canonical(await body(request, 1 << 20), "identifiers")
        await asyncio.to_thread(office.acknowledge, organisation, list(ids))
        return JSONResponse({"status": "acknowledged"})

    async def contact(request: Request) -> Response:
        found = await asyncio.to_thread(office.door_for, identifier_of(request.path_params["id"], 32))
        return packed((found.key, found.address, found.possession))

    return [
        Route("/v1/door", door, methods=["POST"]),
        Route("/v1/letters", guarded(arrived), methods=["GET"]),
        Route("/v1/letters", guarded(post), methods=["POST"]),
        Route("/v1/letters/acknowledge", guarded(acknowledge), methods=["POST"]),
        Route("/v1/letters/{id}", guarded(outgoing)),
        Route("/v1/contacts/{id}", guarded(contact)),
    ]
