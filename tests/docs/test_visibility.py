"""
Every field of every record, command, event, block and bundle is classified on the visibility page, in both languages, and nothing
else is; what the security page names is there.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

import hefu
from hefu import bootstrap
from hefu.assets import header, tags
from hefu.contracts.attestations import kinds
from hefu.kernel.codec import Record
from hefu.kernel.explanations import EXPLANATIONS
from hefu.ledger import block, chain, checkpoint, genesis, snapshot, transaction, tree
from hefu_verify.records import BUNDLE

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCE = Path(hefu.__file__).parent
PAGES = {"en": ROOT / "docs" / "visibility.md", "zh": ROOT / "docs" / "visibility.zh.md"}
SECURITY = {"en": ROOT / "SECURITY.md", "zh": ROOT / "SECURITY.zh.md"}
COVERS = {
    "en": ("commitment", "keyed digest", "digest", "salt", "signature", "→ "),
    "zh": ("承诺值", "带密钥的摘要", "摘要", "盐", "签名", "→ "),
}


def structs(modules: Iterable[ModuleType], base: type) -> Iterator[type]:
    """Types that a module defines itself."""
    for module in modules:
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if issubclass(kind, base) and kind.__module__ == module.__name__ and kind.__struct_fields__:
                yield kind


def inside(kind: Any) -> Iterator[type]:
    """Records that stand in the fields of a type, however deep."""
    if isinstance(kind, type) and issubclass(kind, Record):
        yield kind
        for hint in get_type_hints(kind).values():
            yield from inside(hint)
    else:
        for part in get_args(kind):
            yield from inside(part)


def known() -> dict[str, tuple[str, ...]]:
    """Label of each row that must stand on the page, with its fields."""
    found: dict[str, tuple[str, ...]] = {}
    contracts = bootstrap.application().contracts
    for contract in contracts:
        for kind in (*contract.commands, *contract.events):
            found[str(kind.__struct_config__.tag)] = kind.__struct_fields__
            for part in inside(kind):
                if part not in (*contract.commands, *contract.events):
                    found[part.__name__] = part.__struct_fields__
    folders = sorted(path.parent.name for path in SOURCE.glob("contracts/*/state.py"))
    assert folders == sorted(contract.name for contract in contracts)
    states = [importlib.import_module(f"hefu.contracts.{name}.state") for name in folders]
    ledger = (header, tags, kinds, block, chain, checkpoint, snapshot, transaction, tree)
    for kind in structs((*states, *ledger), Record):
        found[kind.__name__] = kind.__struct_fields__
    for kind in structs((genesis,), msgspec.Struct):
        found[kind.__name__] = kind.__struct_fields__
    return found


def rows(language: str) -> dict[str, list[str]]:
    """Rows of the tables that classify: label, and the cells behind it."""
    found = {}
    for line in PAGES[language].read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        label = re.fullmatch(r"`([\w.-]+)`", cells[0])
        if label and len(cells) == 4:
            assert label[1] not in found, f"{label[1]} stands twice"
            found[label[1]] = cells[1:]
    return found


def named(cell: str) -> list[str]:
    """Fields that a cell names."""
    return re.findall(r"`(\w+)`", cell)


@pytest.mark.parametrize("language", PAGES)
def test_every_field_is_classified_once_and_no_field_that_is_not_there(language):
    page = rows(language)
    assert page.keys() == known().keys()
    for label, fields in known().items():
        told = [field for cell in page[label] for field in named(cell)]
        assert sorted(told) == sorted(fields), f"{label}: classify each field once"


@pytest.mark.parametrize("language", PAGES)
def test_what_is_covered_says_how(language):
    for label, (_, _, covered) in rows(language).items():
        assert len(named(covered)) == len(re.findall(r"`\w+` (?:" + "|".join(COVERS[language]) + ")", covered)), label


def test_both_pages_say_the_same():
    english, chinese = rows("en"), rows("zh")
    for label, cells in english.items():
        assert cells[:2] == chinese[label][:2], label
        assert list(covers("en", cells[2])) == list(covers("zh", chinese[label][2])), label


def covers(language: str, cell: str) -> Iterator[tuple[str, int]]:
    """Fields of a cell with the number of the word that says how they are covered."""
    for field, word in re.findall(r"`(\w+)` (" + "|".join(COVERS[language]) + ")", cell):
        yield field, COVERS[language].index(word)


@pytest.mark.parametrize("language", PAGES)
def test_every_field_of_a_bundle_and_every_kind_of_a_vault_is_told(language):
    text = PAGES[language].read_text(encoding="utf-8")
    for name, _ in BUNDLE._fields["bundle"]:
        assert f"`{name}`" in text, name
    source = "".join(path.read_text(encoding="utf-8") for path in SOURCE.glob("services/*.py"))
    kept = set(re.findall(r"\.put\(\s*\"(\w+)\"", source))
    assert {"terms", "offer", "checkpoint"} <= kept
    for kind in kept:
        assert f"`{kind}`" in text, f"a vault holds {kind}"


@pytest.mark.parametrize("page", [*PAGES.values(), *SECURITY.values()], ids=lambda page: page.name)
def test_what_the_pages_name_is_there(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        assert "://" in target or (page.parent / target).exists(), target
    for path in re.findall(r"`((?:src|tests|docs|scripts)/[\w./-]+)`", text):
        assert (ROOT / path).exists(), path
    for code in re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", text):
        assert code in EXPLANATIONS or code.startswith("HEFU_"), code


def test_both_security_pages_have_the_same_rows():
    shape = [
        [line.count(" | ") for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
        for page in SECURITY.values()
    ]
    assert shape[0] == shape[1]
    codes = [re.findall(r"`([A-Z_]{4,})`", page.read_text(encoding="utf-8")) for page in SECURITY.values()]
    assert codes[0] == codes[1]
