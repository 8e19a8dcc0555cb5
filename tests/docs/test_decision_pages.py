"""The pages on policies and decisions tell every field and every reason, in both languages."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from credit_decisions import POLICIES, inputs, model
from hefu.credit.decision import allocation, file
from hefu.credit.decision.words import WORDS

REFERENCE = Path(__file__).resolve().parent.parent.parent / "docs" / "reference"


def _names(table: dict[str, Any]) -> set[str]:
    found = set[str]()
    for name, value in table.items():
        found.add(name)
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict) and name != "haircuts":
                found |= _names(inner)
    return found


@pytest.mark.parametrize("language", ["", ".zh"])
def test_every_field_of_a_policy_is_told(language: str) -> None:
    page = (REFERENCE / f"policy-file{language}.md").read_text(encoding="utf-8")
    told = {word for text in re.findall(r"`([^`]+)`", page) for word in re.split(r"\W+", text)}
    for path in POLICIES.glob("*.toml"):
        assert _names(tomllib.loads(path.read_text(encoding="utf-8"))) - told == set()


@pytest.mark.parametrize("language", ["", ".zh"])
def test_every_key_and_reason_of_a_decision_is_told(language: str) -> None:
    page = (REFERENCE / f"decision-file{language}.md").read_text(encoding="utf-8")
    for word, text in WORDS.items():
        assert f"| `{word}` | {text.chinese if language else text.english} |" in page
    made = file.read_inputs(file.make(inputs(), model()).raw)[2]
    for key in (*made, *made["answer"], *allocation._KEYS):
        assert f"`{key}`" in page, key
