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
from pathlib import Path

import pytest

from pages import BIN, EXIT, ROOT, blocks_of, check_page, commands_of, is_run, missing_lines, run_page, script_of

WARM = ROOT / "tests" / "warm_hefu.py"
LONG = os.environ.get("HEFU_SIM") == "long"
TUTORIALS = sorted(p for p in (ROOT / "docs" / "tutorials").glob("*.md") if p.name != "README.md")
#: Run with the other tests of a network, for CometBFT has to be there.
NETWORK = "network.md"
ENGLISH = [page for page in TUTORIALS if not page.name.endswith(".zh.md")]
CHINESE = [page for page in TUTORIALS if page.name.endswith(".zh.md")]
READMES = [page for page in (ROOT / "README.md", ROOT / "README.zh.md") if page.exists()]
RUN = [page for page in (*ENGLISH, *(CHINESE if LONG else []), *READMES) if page.name.replace(".zh", "") != NETWORK]
#: The operator has its default name in English, so only the Chinese pages name it.
_NAMED_OTHERWISE = {"--operator", "--registrar"}


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
        stdin=subprocess.PIPE,
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


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.name)
def test_a_page_runs_as_printed(page: Path, command_folder: Path, tmp_path: Path):
    check_page(page, tmp_path, command_folder)


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
            if stated := EXIT.match(line):
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
