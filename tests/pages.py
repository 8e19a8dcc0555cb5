"""Reads the pages of the documentation as scripts, and runs them as they are printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
#: Commands that make or fetch Hefu itself: a block with one of them is for the reader alone.
NOT_RUN = re.compile(r"^\s*(?:\$ )?(?:make|git|pip|uv|python3? -m|docker|sudo|apt|brew)\b", re.MULTILINE)
EXIT = re.compile(r"\s*# exit (\d+)\s*$")
#: Read by bash before the page: a command that ends otherwise than stated stops the page and says so on file 3.
PRELUDE = """
exec 3>"$REPORT"
unset BASH_ENV
set -o pipefail
__stop() { echo "line $1: exit $2, expected $3" >&3; exit 99; }
__watch() { trap '__stop $LINENO $? 0' ERR; }
__expect() { [ "$3" = "$2" ] || __stop "$1" "$3" "$2"; __watch; }
__watch
"""


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the number of its opening line, and the lines inside."""

    language: str
    line: int
    lines: tuple[str, ...]


def blocks_of(text: str) -> Iterator[Block]:
    """The fenced blocks of a page."""
    opened: tuple[str, int] | None = None
    inside: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("```"):
            inside.append(line)
        elif opened is None:
            opened, inside = (line[3:].strip(), number), []
        else:
            yield Block(opened[0], opened[1], tuple(inside))
            opened = None
    assert opened is None, "a block is not closed"


def commands_of(block: Block) -> list[str]:
    """What bash reads of a block, line by line: of a `console` block what follows a prompt."""
    if block.language != "console":
        return list(block.lines)
    return [line[2:] if line.startswith(("$ ", "> ")) else line if EXIT.match(line) else "" for line in block.lines]


def is_run(block: Block) -> bool:
    """Whether a block holds commands that a test can run."""
    return block.language in ("sh", "console") and not NOT_RUN.search("\n".join(block.lines))


def script_of(text: str) -> str:
    """The page as a script, line for line, with everything blank that is no command."""
    lines = [""] * (len(text.splitlines()) + 1)
    for block in blocks_of(text):
        if not is_run(block):
            continue
        lines[block.line - 1] = f'exec >"$OUTPUTS/{block.line}" 2>&1'
        for number, line in enumerate(commands_of(block), block.line):
            lines[number] = line
            stated = EXIT.match(line)
            if stated:
                first = number - 1
                while lines[first - 1].endswith("\\"):
                    first -= 1
                lines[first] = f"trap - ERR; {lines[first]}"
                lines[number] = f"__expect {number} {stated[1]} $?"
    return "\n".join(lines) + "\n"


def _pattern(shown: str) -> re.Pattern[str]:
    """What a shown line may look like on another day."""
    parts = re.split(r"(…|\b[0-9a-f]{8,}\b|\b\d{4}-\d\d-\d\dT[\d:.]+\+08:00|\s+)", shown.strip())
    made = ""
    for part in parts:
        if part == "…":
            made += ".*"
        elif re.fullmatch(r"[0-9a-f]{8,}", part):
            made += r"[0-9a-f]+"
        elif re.fullmatch(r"\d{4}-\d\d-\d\dT.*", part):
            made += r"\d{4}-\d\d-\d\dT[\d:.]+\+08:00"
        else:
            made += r"\s+" if part.isspace() else re.escape(part)
    return re.compile(made)


def missing_lines(shown: Block, output: str) -> list[str]:
    """Lines of a shown block that the output lacks, or has in another order."""
    rest = iter(output.splitlines())
    wanted = [line for line in shown.lines if line.strip() not in ("", "…")]
    return [line for line in wanted if not any(_pattern(line).fullmatch(given.strip()) for given in rest)]


def run_page(text: str, folder: Path, commands: Path, **environment: str) -> tuple[str, dict[int, str]]:
    """
    Run a page in an empty folder.

    Returns:
        What went wrong, or nothing; and the output of each block by the number of its opening line.
    """
    outputs, empty = folder / "outputs", folder / "empty"
    outputs.mkdir()
    empty.mkdir()
    script, prelude, report = folder / "page.sh", folder / "prelude.sh", folder / "report"
    script.write_text(script_of(text), encoding="utf-8")
    prelude.write_text(PRELUDE, encoding="utf-8")
    done = subprocess.run(
        ["bash", str(script)],
        cwd=empty,
        env={
            "PATH": f"{commands}:{BIN}:{os.environ['PATH']}",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "BASH_ENV": str(prelude),
            "REPORT": str(report),
            "OUTPUTS": str(outputs),
            **environment,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    said = {int(file.name): file.read_text(encoding="utf-8") for file in outputs.iterdir()}
    return (report.read_text() or done.stderr or "stopped") if done.returncode else "", said


def check_page(page: Path, folder: Path, commands: Path, **environment: str) -> None:
    """Run a page and compare what it shows."""
    text = page.read_text(encoding="utf-8")
    wrong, said = run_page(text, folder, commands, **environment)
    if wrong:
        pytest.fail(f"{page.name}, {wrong}{said[max(said)][-2000:] if said else ''}", pytrace=False)
    output = ""
    for block in blocks_of(text):
        if is_run(block):
            output = said[block.line]
        elif block.language == "text":
            lacking = missing_lines(block, output)
            assert not lacking, f"{page.name}, block at line {block.line}: not printed: {lacking}\n{output}"
