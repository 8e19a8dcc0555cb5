"""What the network gave no answer to is kept, asked for again, and counts once."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import pytest

from hefu.kernel.errors import EngineError, Unavailable
from hefu.services.nodes.client import RemoteEngine
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
        (Unavailable("nobody", code="NO_NODE_ANSWERS"), 1),
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
