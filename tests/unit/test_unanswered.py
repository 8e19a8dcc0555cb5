"""What the network gave no answer to is kept, asked for again, and counts once."""

from __future__ import annotations

import itertools
import os
import time
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from hefu.kernel.errors import EngineError, HefuError
from hefu.services.nodes.client import NodeClient, RemoteEngine, Silence
from hefu.services.nodes.unanswered import Unanswered


class Silent:
    """A network that answers some transactions only."""

    def __init__(self, error: Exception | None) -> None:
        self.error, self.asked = error, list[bytes]()

    def submit(self, raw: bytes) -> Any:
        self.asked.append(raw)
        if self.error is not None:
            raise self.error
        return SimpleNamespace(code="OK")

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        (EngineError("no answer", code="UNKNOWN_OUTCOME"), 1),
        (Silence("nobody was reached", heard=False), 0),
        (EngineError("full", code="BUSY"), 0),
        (None, 0),
    ],
)
def test_only_what_may_have_arrived_is_kept(tmp_path, error, kept):
    network, unanswered = Silent(error), Unanswered(tmp_path / "unanswered")
    engine = RemoteEngine(SimpleNamespace(client=network), unanswered)  # type: ignore[arg-type]
    ticket = engine.submit(b"one")
    if error is None:
        assert ticket.wait(5).code == "OK"
    else:
        with pytest.raises(EngineError) as told:
            ticket.wait(5)
        assert told.value.code == error.code
    engine.close()
    assert len(unanswered) == kept


@pytest.mark.parametrize(
    ("turns", "code"),
    [
        ([httpx.ConnectError("refused")], "NO_NODE_ANSWERS"),
        ([httpx.ConnectTimeout("far")], "NO_NODE_ANSWERS"),
        ([httpx.ReadTimeout("slow")], "UNKNOWN_OUTCOME"),
        ([httpx.RemoteProtocolError("cut off")], "UNKNOWN_OUTCOME"),
        ([httpx.Response(504)], "UNKNOWN_OUTCOME"),
        ([httpx.Response(202)], "UNKNOWN_OUTCOME"),
        ([httpx.Response(202), httpx.ConnectError("refused")], "UNKNOWN_OUTCOME"),
    ],
)
def test_a_transaction_that_nobody_got_is_not_taken_for_one_without_an_answer(monkeypatch, turns, code):
    answers = itertools.chain(turns, itertools.repeat(turns[-1]))

    def answered(request: httpx.Request) -> httpx.Response:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    client = NodeClient(["http://node"], ["token"])
    monkeypatch.setattr(client, "_http", httpx.Client(transport=httpx.MockTransport(answered)))
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    with pytest.raises(HefuError) as told:
        client.submit(b"one", patience_s=0.01)
    assert told.value.code == code


def test_each_is_asked_for_until_it_has_its_answer(tmp_path):
    unanswered = Unanswered(tmp_path / "unanswered")
    for at, raw in enumerate((b"one", b"two", b"one")):
        unanswered.keep(raw)
        for path in (tmp_path / "unanswered").iterdir():
            if path.read_bytes() == raw:
                os.utime(path, ns=(at, at))
    assert len(unanswered) == 2
    silent = Silent(EngineError("no answer", code="UNKNOWN_OUTCOME"))
    assert [receipt for _, receipt in unanswered.ask(silent.submit)] == [None, None]
    assert silent.asked == [b"two", b"one"], "the oldest first"
    assert len(unanswered) == 2
    there = Silent(None)
    assert [receipt.code for _, receipt in unanswered.ask(there.submit)] == ["OK", "OK"]
    assert len(unanswered) == 0
    assert list(unanswered.ask(there.submit)) == []
