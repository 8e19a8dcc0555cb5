"""
The tutorials and the README run as they are printed: each page from an empty folder, in bash, in order.

A line `# exit 3` states the exit code of the command above it; every other command ends with 0. A block marked `text` stands in
the output of the commands above it: its lines are found there in this order, where `…` stands for anything, and identifiers and
instants for any other of their kind. The Chinese pages give the same commands as the English ones; HEFU_SIM=long runs them too, and
all pages with the installed command in place of the warm one.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(sys.executable).parent
WARM = Path(__file__).with_name("warm_hefu.py")
LONG = os.environ.get("HEFU_SIM") == "long"
TUTORIALS = sorted(p for p in (ROOT / "docs" / "tutorials").glob("*.md") if p.name != "README.md")
ENGLISH = [page for page in TUTORIALS if not page.name.endswith(".zh.md")]
CHINESE = [page for page in TUTORIALS if page.name.endswith(".zh.md")]
READMES = [page for page in (ROOT / "README.md", ROOT / "README.zh.md") if page.exists()]
RUN = [*ENGLISH, *(CHINESE if LONG else []), *READMES]
#: Commands that make or fetch Hefu itself: a block with one of them is for the reader alone.
_NOT_RUN = re.compile(r"^\s*(?:\$ )?(?:make|git|pip|uv|python3? -m|docker|sudo|apt|brew)\b", re.MULTILINE)
#: The operator has its default name in English, so only the Chinese pages name it.
_NAMED_OTHERWISE = {"--operator", "--registrar"}
_EXIT = re.compile(r"\s*# exit (\d+)\s*$")
#: Read by bash before the page: a command that ends otherwise than stated stops the page and says so on file 3.
_PRELUDE = """
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
    return [line[2:] if line.startswith(("$ ", "> ")) else line if _EXIT.match(line) else "" for line in block.lines]


def is_run(block: Block) -> bool:
    """Whether a block holds commands that a test can run."""
    return block.language in ("sh", "console") and not _NOT_RUN.search("\n".join(block.lines))


def script_of(text: str) -> str:
    """The page as a script, line for line, with everything blank that is no command."""
    lines = [""] * (len(text.splitlines()) + 1)
    for block in blocks_of(text):
        if not is_run(block):
            continue
        lines[block.line - 1] = f'exec >"$OUTPUTS/{block.line}" 2>&1'
        for number, line in enumerate(commands_of(block), block.line):
            lines[number] = line
            stated = _EXIT.match(line)
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


@pytest.fixture(scope="session")
def command_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for the PATH that holds hefu and hefu-verify: warm ones, or in a long run the installed ones."""
    if LONG:
        yield BIN
        return
    folder = tmp_path_factory.mktemp("warm")
    # A socket's name is short on every system.
    socket = os.path.relpath(folder / "s") if len(str(folder)) > 90 else str(folder / "s")
    server = subprocess.Popen(
        [sys.executable, str(WARM), "serve", socket],
        stdout=subprocess.PIPE,
        env={**os.environ, "HEFU_LANG": "en"},
        text=True,
    )
    assert server.stdout is not None
    assert server.stdout.readline() == "ready\n"
    for name in ("hefu", "hefu-verify"):
        program = folder / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{WARM}" run "{folder / "s"}" {name} "$@"\n')
        program.chmod(0o755)
    yield folder
    server.kill()
    server.wait()


def run_page(text: str, folder: Path, commands: Path) -> tuple[str, dict[int, str]]:
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
    prelude.write_text(_PRELUDE, encoding="utf-8")
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
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    said = {int(file.name): file.read_text(encoding="utf-8") for file in outputs.iterdir()}
    return (report.read_text() or done.stderr or "stopped") if done.returncode else "", said


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.name)
def test_a_page_runs_as_printed(page: Path, command_folder: Path, tmp_path: Path):
    text = page.read_text(encoding="utf-8")
    wrong, said = run_page(text, tmp_path, command_folder)
    if wrong:
        pytest.fail(f"{page.name}, {wrong}{said[max(said)][-2000:] if said else ''}", pytrace=False)
    output = ""
    for block in blocks_of(text):
        if is_run(block):
            output = said[block.line]
        elif block.language == "text":
            lacking = missing_lines(block, output)
            assert not lacking, f"{page.name}, block at line {block.line}: not printed: {lacking}\n{output}"


@pytest.mark.parametrize("page", CHINESE, ids=lambda page: page.name)
def test_a_chinese_page_gives_the_same_commands(page: Path):
    english = page.with_name(page.name.removesuffix(".zh.md") + ".md")
    assert _calls(page) == _calls(english)


def _calls(page: Path) -> list[str]:
    """The commands of a page without names and values: words, option names and stated exit codes."""
    found = []
    for block in blocks_of(page.read_text(encoding="utf-8")):
        if not is_run(block):
            continue
        for line in "\n".join(commands_of(block)).replace("\\\n", " ").splitlines():
            if stated := _EXIT.match(line):
                found.append(f"exit {stated[1]}")
            for call in re.findall(r"\bhefu(?:-verify)? [^|;)&]*", line):
                words = [word for word in call.split()[:3] if re.fullmatch(r"[a-z-]+", word)]
                options = set(re.findall(r"(?<= )--?[a-z-]+", call)) - _NAMED_OTHERWISE
                found.append(" ".join([*words, *sorted(options)]))
    return found


def test_every_page_has_both_languages():
    assert {page.name.removesuffix(".zh.md") for page in CHINESE} == {page.stem for page in ENGLISH}


# -- the test's own reading of a page -----------------------------------------------------------------------------

PAGE = """
```sh
false \\
  || false
# exit 1
echo deadbeefdeadbeef at 2026-07-01T09:00:00+08:00
```
```text
0123456789abcdef at …
```
```sh
make test
```
"""


def test_a_script_keeps_the_lines_of_its_page():
    lines = script_of(PAGE).splitlines()
    assert lines[1].startswith("exec >")
    assert lines[2] == "trap - ERR; false \\"
    assert lines[4] == "__expect 4 1 $?"
    assert "make test" not in lines


def test_shown_lines_stand_for_their_kind():
    shown = next(block for block in blocks_of(PAGE) if block.language == "text")
    assert missing_lines(shown, "before\nfeedfacefeedface   at noon\nafter\n") == []
    assert missing_lines(shown, "an identifier at noon\n") == ["0123456789abcdef at …"]


@pytest.mark.parametrize(
    ("commands", "wrong"),
    [
        ("true", ""),
        ("false\n# exit 1", ""),
        ("true | false | true\n# exit 1\ntrue", ""),
        ("false", "line 2: exit 1, expected 0\n"),
        ("X=$(false)", "line 2: exit 1, expected 0\n"),
        ("false | true", "line 2: exit 1, expected 0\n"),
        ("true\n# exit 3", "line 2: exit 0, expected 3\n"),
        ("sh -c 'exit 4' \\\n  x\n# exit 3", "line 3: exit 4, expected 3\n"),
        ("false\n# exit 1\nfalse\ntrue", "line 4: exit 1, expected 0\n"),
    ],
)
def test_a_command_that_ends_otherwise_than_stated_is_noticed(tmp_path, commands, wrong):
    assert run_page(f"```sh\n{commands}\n```\n", tmp_path, BIN)[0] == wrong
