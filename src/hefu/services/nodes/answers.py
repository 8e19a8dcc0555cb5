"""What the gateway's handlers share: reading requests within bounds, answers and problem documents (RFC 9457)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hefu.kernel.codec import encode
from hefu.kernel.errors import Corrupt, UsageError

BINARY = "application/vnd.msgpack"

Handler = Callable[[Request], Awaitable[Response]]


def problem_document(status: int, code: str, detail: str, headers: dict[str, str] | None = None) -> Response:
    """A problem document."""
    content = {"type": f"urn:hefu:code:{code}", "title": code, "status": status, "detail": detail, "code": code}
    return JSONResponse(content, status_code=status, headers=headers, media_type="application/problem+json")


def packed(value: object) -> Response:
    """Canonical bytes."""
    return Response(encode(value), media_type=BINARY)


async def body(request: Request, most: int) -> bytes:
    """
    All of a request's body.

    Raises:
        UsageError: It is larger.
    """
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > most:
            raise UsageError(f"the body has more than {most:,} bytes", code="TOO_LARGE")
    return bytes(body)


def identifier_of(text: str, size: int) -> bytes:
    """
    Bytes of an identifier in hexadecimal.

    Raises:
        Corrupt: It is none of this size.
    """
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = b""
    if len(raw) != size:
        raise Corrupt(f"an identifier has {2 * size} hexadecimal digits", code="BAD_IDENTIFIER")
    return raw


def number(request: Request, name: str, default: float, most: float) -> float:
    """
    A number among the question's parameters, from 0 on.

    Raises:
        UsageError: It is none, or past the most.
    """
    text = request.query_params.get(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        raise UsageError(f"{name} is a number", code="BAD_NUMBER", where=name) from None
    if not 0 <= value <= most:
        raise UsageError(f"{name} lies between 0 and {most:g}", code="BAD_NUMBER", where=name)
    return value
