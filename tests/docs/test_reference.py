"""
The reference says what the code does: generated pages are fresh, every command, option and setting is told, every contract has its
page, and no page names a command or file that is not there.
"""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest

from hefu import bootstrap
from hefu.cli.main import ALIASES, cli
from hefu.services import confirmation
from hefu_verify import confirmation as verifier_confirmation

ROOT = Path(__file__).resolve().parent.parent.parent
SCRIPTS = ROOT / "scripts"
REFERENCE = ROOT / "docs" / "reference"
CONTRACTS = ROOT / "src" / "hefu" / "contracts"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *CONTRACTS.glob("*/README.md")])
CHINESE = re.compile("[\u3400-\u9fff]")


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


settings_page = _script("settings_page")


def test_no_generated_page_is_stale():
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / "make_docs.py"), "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


# -- commands ---------------------------------------------------------------------------------------------------


def _commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from _commands(below, f"{path} {name}")


COMMANDS = dict(_commands(cli, "hefu"))
LEAVES = {path: command for path, command in COMMANDS.items() if not isinstance(command, click.Group)}


@pytest.mark.parametrize("page", ["commands.md", "commands.zh.md"])
def test_every_command_and_option_is_told_in_words(page):
    text = (REFERENCE / page).read_text(encoding="utf-8")
    parts = dict(re.findall(r"^### `([^`]+)`\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL))
    assert parts.keys() == LEAVES.keys()
    for path, command in LEAVES.items():
        told = parts[path].partition("```")[0]
        assert bool(CHINESE.search(told)) == (page == "commands.zh.md"), path
        rows = {row.split(" |")[0] for row in parts[path].splitlines() if row.startswith("| `")}
        own = [
            p for p in command.params if isinstance(p, click.Option) and p.name not in ("home_path", "lang", "as_json")
        ]
        assert len(rows) == len(own), path
    assert not re.search(r"^\| `.*\| +(?:Required\.|必填。)? *\|$", text, re.MULTILINE), "an option without a word"


def test_every_option_has_help():
    bare = [
        f"{path} {option.opts[0]}"
        for path, command in LEAVES.items()
        for option in command.params
        if isinstance(option, click.Option) and not option.help
    ]
    assert bare == []


def _named_commands(text: str) -> Iterator[str]:
    """Commands that a page names: in fenced blocks, and between back-quotes."""
    blocks = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
    for block in blocks.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            # What another command puts in is its own affair.
            plain = re.sub(r"\$\((?!hefu)[^)]*\)?", "", line)
            yield from re.findall(r"(?:^|(?<=[\s(/]))hefu [a-z-][^|;)&#]*", plain)
    yield from re.findall(r"`(hefu [a-z-][^`]*)`", blocks.sub("", text))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_no_page_names_a_command_that_is_not_there(page):
    for called in _named_commands(page.read_text(encoding="utf-8")):
        try:
            words = shlex.split(called.replace("…", " "))
        except ValueError:
            words = called.split()
        path = "hefu"
        for word in words[1:]:
            word = ALIASES.get(word, word) if path == "hefu" else word
            if f"{path} {word}" not in COMMANDS:
                break
            path = f"{path} {word}"
        command = COMMANDS[path]
        if isinstance(command, click.Group):
            after = words[len(path.split()) :]
            assert not (after and re.fullmatch(r"[a-z][a-z-]*", after[0])), f"{called!r}: there is no such command"
            continue
        known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
        for word in words:
            name = word.partition("=")[0]
            if re.fullmatch(r"--?[a-z][a-z-]*", name) and name not in known | {"-h", "--help"}:
                pytest.fail(f"{called!r}: {path} has no {name}")


# -- settings ---------------------------------------------------------------------------------------------------


def test_every_setting_is_told_and_every_told_one_is_there():
    named = settings_page.named_in_source()
    assert sorted(named.keys() - settings_page.SETTINGS.keys()) == [], (
        "write its sentence into scripts/settings_page.py"
    )
    assert sorted(settings_page.SETTINGS.keys() - named.keys()) == [], "nothing reads it"


@pytest.mark.parametrize("name", sorted(settings_page.SETTINGS))
def test_a_setting_is_told_in_both_languages(name):
    english, chinese = settings_page.SETTINGS[name]
    assert english.endswith(".")
    assert not CHINESE.search(english)
    assert chinese.endswith("。")
    assert CHINESE.search(chinese)


# -- contracts --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", sorted(p.parent for p in CONTRACTS.glob("*/contract.py")), ids=lambda p: p.name)
def test_every_contract_has_its_page(folder):
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert re.search(r"^## .*[Ss]tates", text, re.MULTILINE)
    assert "## Invariants" in text
    assert "## What it needs" in text
    contract = next(c for c in bootstrap.application().contracts if c.name == folder.name)
    for command in contract.commands:
        assert f"`{command.__struct_config__.tag}`" in text
    for protocol in re.findall(r"^class (\w+)\(Protocol\)", (folder / "needs.py").read_text(encoding="utf-8"), re.M):
        # What only describes another's record is no need of its own.
        assert f"`{protocol}`" in text or (folder.name, protocol) == ("receivables", "Document")
    codes = set(re.findall(r"`([A-Z][A-Z_]{3,})`", text.partition("## Who may do what")[0]))
    source = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    shared = (ROOT / "src" / "hefu" / "assets" / "header.py").read_text(encoding="utf-8")
    assert {code for code in codes if f'"{code}"' not in source + shared} == set(), "nothing here refuses so"


# -- links and quotations ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "page",
    [p for p in PAGES if p.parent in (REFERENCE, ROOT / "docs" / "tutorials") or CONTRACTS in p.parents],
    ids=lambda page: page.relative_to(ROOT).as_posix(),
)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert "://" in target or (page.parent / target).exists(), target


@pytest.mark.parametrize(("name", "language"), [("core-enterprise.md", "en"), ("core-enterprise.zh.md", "zh")])
def test_the_treasurer_reads_the_words_that_are_signed(name, language):
    page = (ROOT / "docs" / "tutorials" / name).read_text(encoding="utf-8")
    assert confirmation.TEXTS[language] in " ".join(page.split())


def test_the_verifier_quotes_the_words_that_are_signed():
    assert verifier_confirmation.TEXTS == confirmation.TEXTS


def test_codes_in_tutorials_are_explained():
    explained = set(re.findall(r"^\| `([A-Z_]+)`", (REFERENCE / "refusals.md").read_text(encoding="utf-8"), re.M))
    for page in (ROOT / "docs" / "tutorials").glob("*.md"):
        codes = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", page.read_text(encoding="utf-8")))
        codes |= set(re.findall(r"^hefu: ([A-Z_]+):", page.read_text(encoding="utf-8"), re.M))
        assert {code for code in codes if not code.startswith("HEFU_")} <= explained, page.name
