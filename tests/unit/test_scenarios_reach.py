"""The scenarios show every refusal that a contract or the authority over it can give."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import hefu
import invariants
from hefu import bootstrap

SOURCE = Path(hefu.__file__).parent
HERE = Path(__file__).parent
RULES = sorted(
    [
        *SOURCE.glob("contracts/*/*.py"),
        *SOURCE.glob("assets/*.py"),
        SOURCE / "ledger/application.py",
        SOURCE / "ledger/authority.py",
    ]
)
TABLES = sorted(path for path in HERE.glob("test_scenarios_*.py") if path != Path(__file__))

#: Codes that no scenario can show, with the reason.
SHOWN_ELSEWHERE = {
    "FROZEN": "no command freezes yet; test_authority.py puts a court's order into the record",
}
#: Refusals that no scenario reaches, by file and text of the line, with the reason.
REACHED_ELSEWHERE = {
    (
        "contracts/parties/directory.py",
        'raise Rejected("this ledger knows no such key", code="UNKNOWN_KEY")',
    ): "the keeper of a clock is a founder, or the genesis is refused: test_ledger_chain.py",
}


def codes_of(path: Path) -> Iterator[tuple[str, int]]:
    """Codes that a file can refuse with, and where."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Name(id="Precondition"), args=[ast.Constant(value=code), *_]):
                yield code, node.lineno
            case ast.keyword(arg="code", value=ast.Constant(value=code)):
                yield code, node.value.lineno
            case ast.Assign(targets=[ast.Name(id="code")], value=ast.Constant(value=code)):
                yield code, node.lineno


def raises_of(path: Path) -> Iterator[tuple[int, str]]:
    """Lines on which a file raises."""
    lines = path.read_text(encoding="utf-8").splitlines()
    for node in ast.walk(ast.parse("\n".join(lines))):
        if isinstance(node, ast.Raise):
            yield node.lineno, lines[node.lineno - 1].strip()


def shown() -> set[tuple[str, str]]:
    """Command and code of every line of every table."""
    pairs = set()
    for path in TABLES:
        for line in path.read_text(encoding="utf-8").splitlines():
            found = re.match(r"\s*[A-Za-z0-9+]+\s+([a-z-]+)\s.*->\s*([A-Z_]+)\s*$", line)
            if found:
                pairs.add((found[1], found[2]))
    return pairs


def test_every_code_of_the_rules_is_shown_by_a_scenario():
    codes = {code for path in RULES for code, _ in codes_of(path)}
    assert len(codes) > 60
    missing = codes - {code for _, code in shown()} - SHOWN_ELSEWHERE.keys()
    assert not missing, f"no scenario shows {sorted(missing)}"
    assert SHOWN_ELSEWHERE.keys() <= codes - {code for _, code in shown()}, "an exception is none any more"


def test_every_command_is_shown_to_succeed_and_to_be_refused():
    words = {command.__struct_config__.tag for c in bootstrap.application().contracts for command in c.commands}
    named = {"evidence.register": "invoice", "evidence.set-standing-acceptance": "standing", "clock.advance": "advance"}
    for tag in words:
        word = named.get(tag, tag.split(".")[1])
        codes = {code for command, code in shown() if command == word}
        assert "OK" in codes, f"{tag} never succeeds"
        assert codes - {"OK"}, f"{tag} is never refused"


@cache
def scenarios() -> list[Any]:
    """Every scenario of every table, as a function without arguments."""
    found = []
    for path in TABLES:
        spec = importlib.util.spec_from_file_location("reach_" + path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found += [value for name, value in vars(module).items() if name.startswith("test_")]
    return found


@pytest.fixture
def reached(monkeypatch) -> set[tuple[str, int]]:
    """Lines of the rules that the scenarios run through."""
    files, lines = {str(path) for path in RULES}, set()

    def on_line(frame: FrameType, event: str, argument: object) -> Any:
        if event == "line":
            lines.add((frame.f_code.co_filename, frame.f_lineno))
        return on_line

    def on_call(frame: FrameType, event: str, argument: object) -> Any:
        return on_line if frame.f_code.co_filename in files else None

    monkeypatch.setattr(invariants, "check", lambda world: None)
    before = sys.gettrace()
    sys.settrace(on_call)
    try:
        for scenario in scenarios():
            scenario()
    finally:
        sys.settrace(before)
    return lines


def test_every_refusal_in_the_rules_is_reached_by_a_scenario(reached):
    missed = {
        (path.relative_to(SOURCE).as_posix(), text)
        for path in RULES
        for line, text in raises_of(path)
        if (str(path), line) not in reached
    }
    assert missed == REACHED_ELSEWHERE.keys()
