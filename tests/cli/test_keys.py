"""Keys and names: an organisation never loses its voice by a command, and a signing command never guesses whom it signs for."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands import BANK, BUYER, SELLER, hefu, invoice, practice, told


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return practice(tmp_path_factory.mktemp("keys") / "home")


def keys(home: Path, name: str) -> list[dict[str, object]]:
    return list(told("key", "list", name, home=home)["keys"])


def office(home: Path, name: str) -> str:
    return next(str(k["key"]) for k in keys(home, name) if k["signs_here"] and "register" in k["purposes"])


def test_after_a_revocation_a_new_key_gives_the_organisation_its_voice_back(home: Path) -> None:
    assert "hefu key add" in hefu("key", "revoke", SELLER, office(home, SELLER), home=home)
    hefu(
        *("invoice", "register", "--as", SELLER, "--buyer", BUYER, "--number", "25312000000099999999"),
        *("--date", "2026-06-20", "--gross", "1.00"),
        home=home,
        code=3,
    )
    made = told("key", "add", SELLER, "--limit", "500,000.00", home=home)
    assert made["replaces"]
    assert office(home, SELLER) == made["key"]
    assert invoice(home, 1)
    held = {k["key"]: k for k in keys(home, SELLER)}
    assert held[made["key"]]["limit_minor"] == 50_000_000
    assert "500,000.00 CNY" in hefu("key", "list", SELLER, home=home)


def test_rotating_a_key_that_has_ended_only_adds_one(home: Path) -> None:
    hefu("key", "revoke", BUYER, office(home, BUYER), home=home)
    made = told("key", "rotate", BUYER, home=home)
    assert office(home, BUYER) == made["key"]


def test_a_second_key_lies_beside_and_changes_nothing_here(home: Path) -> None:
    before = office(home, BANK)
    made = told("key", "add", BANK, home=home)
    assert made["replaces"] is None
    assert office(home, BANK) == before
    assert list(home.glob(f"organisations/*/{made['file']}"))


def test_the_last_key_that_can_add_another_cannot_be_revoked(home: Path) -> None:
    governing = next(str(k["key"]) for k in keys(home, SELLER) if "administer" in k["purposes"])
    assert "LAST_GOVERNING_KEY" in hefu("key", "revoke", SELLER, governing, home=home, code=2)
    made = told("key", "add", SELLER, "--purpose", "govern", "--use", home=home)
    assert made["replaces"] == governing
    hefu("key", "revoke", SELLER, governing, home=home)
    assert told("key", "add", SELLER, home=home)["key"]


def test_the_keeper_of_a_simulated_clock_keeps_its_key(home: Path) -> None:
    add = ("key", "add", "Operator", "--purpose", "govern")
    assert "KEY_IN_GENESIS" in hefu(*add, "--use", home=home, code=2)
    hefu(*add, home=home)
    hefu("clock", "advance", "2026-07-02", home=home)


def test_a_signing_command_takes_the_exact_name_and_a_reading_one_a_part(home: Path) -> None:
    for part in ("Hailan", "hailan motors", "Bank"):
        said = hefu("key", "rotate", part, home=home, code=2)
        assert "UNKNOWN_NAME" in said
        assert "Hailan Motors" in said if part != "Bank" else "First Bank" in said
    assert "Second Bank" in hefu("key", "list", "Bank", home=home, code=2)
    assert told("org", "exposure", "Hailan", home=home)["name"] == BUYER
    account = next(p["account"] for p in told("org", "list", home=home) if p["name"] == BUYER)
    assert told("org", "ceiling", account[:12], "900,000.00", home=home)["name"] == BUYER


def test_candidates_are_listed_in_chinese_too(home: Path) -> None:
    said = hefu("key", "rotate", "Hailan", home=home, code=2, lang="zh")
    assert "须写准确全称" in said
    assert "Hailan Motors" in said
