"""The gateway's HTTP interface denies by default: the token is asked for first, and of the engine only a few questions pass."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import httpx
import pytest
from starlette.routing import Route

from ballot import Ballot
from hefu.services.nodes.gateway import Gateway
from hefu.services.nodes.http import ENGINE_METHODS, Facts, application
from hefu.services.nodes.outbox import Outbox
from hefu.services.nodes.rpc import EngineRpc

TOKEN = "a token for tests"


class Engine(EngineRpc):
    """Remembers what was passed on."""

    def __init__(self) -> None:
        super().__init__(1)
        self.asked: list[bytes] = []

    async def forward(self, question: bytes) -> bytes:
        self.asked.append(question)
        return b'{"result": {}}'


@pytest.fixture
def engine() -> Engine:
    return Engine()


class Client:
    """Asks an application, each time in a loop of its own."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def request(self, method: str, path: str, **how: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self._app), base_url="http://node") as client:
                return await client.request(method, path, **how)

        return asyncio.run(ask())


@pytest.fixture
def client(tmp_path, engine) -> Client:
    replica = Ballot().replica
    facts = Facts(status=dict, metrics=lambda: "", network=lambda: b"{}")

    async def made(scope: Any, receive: Any, send: Any) -> None:
        # A gateway and its outbox belong to the loop that serves, here a new one for each request.
        outbox = Outbox(tmp_path / "outbox.db")
        app = application(replica, Gateway(replica, engine, outbox, lambda error: None), engine, TOKEN, facts)
        await app(scope, receive, send)

    return Client(made)


def routes() -> list[tuple[str, str]]:
    app = application(None, None, None, TOKEN, None)  # type: ignore[arg-type]
    found = [route for route in app.routes if isinstance(route, Route)]
    return [(method, route.path) for route in found for method in sorted(route.methods or ())]


@pytest.mark.parametrize(("method", "path"), routes())
def test_nothing_but_liveness_is_answered_without_the_token(client, engine, method, path):
    wrong = base64.b64encode(b"hefu:another token").decode()
    for shown in ("", "Bearer", "Bearer another token", f"Basic {wrong}", "Basic ?", f"Digest {TOKEN}", TOKEN):
        answer = client.request(method, path.replace("{id}", "00" * 32), headers={"Authorization": shown})
        if path == "/live":
            assert answer.status_code == 200
        else:
            assert answer.status_code == 401
            assert method == "HEAD" or answer.json()["code"] == "UNAUTHENTICATED"
    assert engine.asked == []


def test_the_token_opens_as_a_bearers_or_as_a_password(client):
    basic = base64.b64encode(f"hefu:{TOKEN}".encode()).decode()
    for shown in (f"Bearer {TOKEN}", f"Basic {basic}"):
        assert client.request("GET", "/v1/status", headers={"Authorization": shown}).status_code == 200


@pytest.mark.parametrize("method", ["broadcast_tx_sync", "unsafe_flush_mempool", "dump_consensus_state", "block", ""])
def test_of_the_engine_only_a_light_clients_questions_pass(client, engine, method):
    headers = {"Authorization": f"Bearer {TOKEN}"}
    refused = client.request("POST", "/v1/engine", json={"method": method}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "NOT_AUTHORIZED")
    for body in (b"", b"[]", b"[{}]", b'{"method": "commit", "more": 1}'):
        assert client.request("POST", "/v1/engine", content=body, headers=headers).json()["code"] == "MALFORMED"
    assert engine.asked == []
    for known in sorted(ENGINE_METHODS):
        assert client.request("POST", "/v1/engine", json={"method": known}, headers=headers).status_code == 200
    assert len(engine.asked) == len(ENGINE_METHODS)
