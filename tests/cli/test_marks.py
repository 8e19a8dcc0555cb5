"""What the calendar makes of a right is marked beside its status: in lists, in totals, for people and for machines."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands import BUYER, SELLER, hefu, practice, right, told


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """On 2026-08-15: one proposal that lapsed, one right overdue, one due today, one of which a part was split off."""
    home = practice(tmp_path_factory.mktemp("marks") / "home")
    rights = {
        "lapsed": right(home, 1, "10.00", confirm=False),
        "overdue": right(home, 2, "20.00", "2026-08-14"),
        "due": right(home, 3, "30.00", "2026-08-15"),
        "later": right(home, 4, "40.00", "2026-10-01"),
    }
    hefu("receivable", "split", rights["later"], "15.00", home=home)
    before = told("receivable", "list", home=home)["rights"]
    assert {r["mark"] for r in before} == {None}
    hefu("clock", "advance", "2026-08-15", home=home)
    return home, rights


def test_lists_and_single_rights_carry_the_mark(home: tuple[Path, dict[str, str]]) -> None:
    path, rights = home
    listed = {r["right"]: r for r in told("receivable", "list", home=path)["rights"]}
    for mark in ("lapsed", "overdue", "due"):
        assert listed[rights[mark]]["mark"] == mark
        assert told("receivable", "show", rights[mark], home=path)["mark"] == mark
        only = told("receivable", "list", "--mark", mark, home=path)["rights"]
        assert [r["right"] for r in only] == [rights[mark]]
    assert listed[rights["lapsed"]]["status"] == "proposed"
    assert listed[rights["later"]]["mark"] is None
    shown = hefu("receivable", "list", home=path)
    for words in ("proposed, lapsed", "live, overdue", "live, due today"):
        assert words in shown
    assert "待确权，已失效" in hefu("receivable", "show", rights["lapsed"], home=path, lang="zh")
    assert "已逾期" in hefu("receivable", "tree", rights["overdue"], home=path, lang="zh")


def test_totals_mark_them_in_words_and_count_every_yuan_once(home: tuple[Path, dict[str, str]]) -> None:
    path, _ = home
    totals = told("views", "totals", home=path)["totals"]
    by = {(row["status"], row["mark"]): row for row in totals}
    assert {key: (row["count"], row["face_minor"], row["open_minor"]) for key, row in by.items()} == {
        ("proposed", "lapsed"): (1, 1000, 1000),
        ("live", "overdue"): (1, 2000, 2000),
        ("live", "due"): (1, 3000, 3000),
        # 25.00 are left and 15.00 were split off.
        ("live", None): (2, 4000, 4000),
    }
    assert "凭证据" not in (told_zh := hefu("views", "totals", home=path, lang="zh"))
    for words in ("有效，已逾期", "待确权，已失效", "经确权"):
        assert words in told_zh
    assert "confirmed" not in told_zh


def test_a_list_is_narrowed_by_obligor_and_due_date(home: tuple[Path, dict[str, str]]) -> None:
    path, rights = home

    def listed(*options: str) -> set[str]:
        return {r["right"] for r in told("receivable", "list", *options, home=path)["rights"]}

    assert listed("--due-before", "2026-08-14") == {rights["overdue"]}
    assert listed("--due-after", "2026-08-15", "--due-before", "2026-08-31") == {rights["due"]}
    assert len(listed("--obligor", "Hailan")) == 5
    assert listed("--obligor", SELLER) == set()
    assert listed("--obligor", BUYER, "--status", "proposed") == {rights["lapsed"]}
    hefu("receivable", "list", "--due-before", "tomorrow", home=path, code=2)
