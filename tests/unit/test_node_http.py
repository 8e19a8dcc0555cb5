"""The gateway's HTTP interface denies by default: the token is asked for first, and of the engine only a few questions pass."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import httpx
import pytest
from starlette.routing import Route

from ballot import Ballot
from hefu.kernel.errors import Rejected
from hefu.services.letters.book import Book
from hefu.services.letters.letter import ENVELOPE_BYTES
from hefu.services.letters.office import Office, door_key
from hefu.services.nodes import door
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
        office = Office(Book(tmp_path / "letters.db"), door_key(tmp_path / "letters.key"), lambda: replica.chain)
        gateway = Gateway(replica, engine, outbox, lambda error: None)
        await application(replica, gateway, engine, TOKEN, facts, office)(scope, receive, send)
        office.close()

    return Client(made)


def routes() -> list[tuple[str, str]]:
    app = application(None, None, None, TOKEN, None, None)  # type: ignore[arg-type]
    found = [route for route in app.routes if isinstance(route, Route)]
    return [(method, route.path) for route in found for method in sorted(route.methods or ())]


@pytest.mark.parametrize(("method", "path"), routes())
def test_nothing_but_liveness_and_the_door_is_answered_without_the_token(client, engine, method, path):
    wrong = base64.b64encode(b"hefu:another token").decode()
    for shown in ("", "Bearer", "Bearer another token", f"Basic {wrong}", "Basic ?", f"Digest {TOKEN}", TOKEN):
        answer = client.request(method, path.replace("{id}", "00" * 32), headers={"Authorization": shown})
        if path == "/live":
            assert answer.status_code == 200
        elif path == "/v1/door":
            # The one other route for strangers: it reads a letter, and nothing that is none gets further.
            assert (method, answer.status_code, answer.json()["code"]) == ("POST", 400, "MALFORMED")
        else:
            assert answer.status_code == 401
            assert method == "HEAD" or answer.json()["code"] == "UNAUTHENTICATED"
    assert engine.asked == []


def test_what_strangers_hand_in_is_bounded(client, monkeypatch):
    answer = client.request("POST", "/v1/door", content=bytes(ENVELOPE_BYTES + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "TOO_LARGE")
    for code, status in (("LETTER_QUOTA", 429), ("OTHER_DOOR", 400)):

        def refuse(self: Office, raw: bytes, code: str = code) -> bytes:
            raise Rejected("no", code=code)

        monkeypatch.setattr(Office, "deliver", refuse)
        answer = client.request("POST", "/v1/door", content=b"")
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    monkeypatch.setattr(door, "DOOR_AT_ONCE", 0)
    answer = client.request("POST", "/v1/door", content=b"")
    assert (answer.status_code, answer.json()["code"], answer.headers["Retry-After"]) == (503, "BUSY", "1")
    monkeypatch.setattr(door, "DOOR_AT_ONCE", 1)
    monkeypatch.setattr(door, "DOOR_S", 0.05)

    async def slowly() -> Any:
        yield b"a"
        await asyncio.sleep(1)

    answer = client.request("POST", "/v1/door", content=slowly())
    assert (answer.status_code, answer.json()["code"]) == (408, "TOO_SLOW")


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
