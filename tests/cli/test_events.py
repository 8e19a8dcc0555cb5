"""Programs follow the ledger by command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from commands import hefu, practice, right


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = practice(tmp_path_factory.mktemp("events") / "home")
    right(home)
    return home


def lines(home: Path, *arguments: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in hefu("ledger", "events", *arguments, home=home).splitlines()]


def test_events_come_in_order_with_their_fields(home):
    found = lines(home)
    rights = [line for line in found if line["event"].startswith("receivables.")]
    assert [line["event"] for line in rights] == ["receivables.proposed", "receivables.confirmed"]
    assert [line["height"] for line in found] == sorted(line["height"] for line in found)
    proposed = rights[0]["fields"]
    assert (proposed["amount"], proposed["due_on"]) == (9_000_000, "2026-10-01")
    assert len(proposed["right"]) == 64
    assert "Anding" not in json.dumps(found)


def test_whoever_goes_on_from_a_height_gets_the_rest_and_no_more(home):
    found = lines(home)
    middle = found[len(found) // 2]["height"]
    assert lines(home, "--from", str(middle)) == [line for line in found if line["height"] >= middle]
    assert lines(home, "--from", str(found[-1]["height"] + 1)) == []
    assert lines(home, "--json") == found
