"""A backup is the whole home, taken while nothing writes; roles and membership change by vote."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands import BANK, BUYER, OTHER_BANK, SELLER, hefu, invoice, practice, right, told
from hefu.ledger.store import RocksStore


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return practice(tmp_path_factory.mktemp("backup") / "home")


def test_a_backup_is_whole_and_works(home: Path, tmp_path: Path) -> None:
    made = right(home, 1)
    told("views", "totals", home=home)
    copy = tmp_path / "copy"
    height = told("ledger", "status", home=home)["height"]
    assert told("ledger", "backup", copy, home=home)["height"] == height
    assert told("ledger", "verify", home=copy)["height"] == height
    assert not (copy / "views.db").exists()
    # Keys, vaults and names came along: the copy signs, and knows what the invoice was.
    assert told("receivable", "confirmation", made, "--as", SELLER, home=copy)["text"]
    assert invoice(copy, 2)
    assert told("ledger", "status", home=home)["height"] == height
    assert told("views", "totals", home=copy)["height"] == height + 1


def test_a_backup_is_refused_rather_than_made_by_half(home: Path, tmp_path: Path) -> None:
    occupied = tmp_path / "occupied"
    occupied.mkdir()
    (occupied / "file").write_text("mine")
    assert "HOME_EXISTS" in hefu("ledger", "backup", occupied, home=home, code=2)
    assert [file.name for file in occupied.iterdir()] == ["file"]
    hefu("ledger", "backup", home / "inside", home=home, code=2)
    store = RocksStore(home / "ledger")
    try:
        assert "CLOSED" in hefu("ledger", "backup", tmp_path / "copy", home=home, code=5)
    finally:
        store.close()
    assert list(tmp_path.iterdir()) == [occupied]


def test_roles_and_membership_change_by_vote(home: Path) -> None:
    made = told("org", "set-roles", SELLER, "--role", "supplier", "--role", "warehouse", "--as", BANK, home=home)
    assert made == {"name": SELLER, "roles": ["supplier", "warehouse"], "member": False, "key": None}
    listed = {o["name"]: o for o in told("org", "list", home=home)}
    assert listed[SELLER]["roles"] == ["supplier", "warehouse"]
    made = told("org", "set-roles", BUYER, "--member", home=home)
    assert (made["roles"], made["member"]) == (["core_enterprise"], True)
    assert made["key"]
    # Four members now, three votes needed: the new member's key may vote, and a suspended member's is not asked.
    hefu("org", "suspend", OTHER_BANK, "--as", BUYER, home=home)
    hefu("org", "set-roles", SELLER, "--role", "supplier", "--as", BUYER, home=home)
    hefu("org", "reinstate", OTHER_BANK, home=home)
    made = told("org", "set-roles", BUYER, "--no-member", home=home)
    assert made["member"] is False
    assert "非成员" in hefu("org", "set-roles", BUYER, "--no-member", home=home, lang="zh")
