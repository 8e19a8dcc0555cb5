"""An offer that nobody could accept is refused before it is made; one that was made says what has become of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands import BANK, BUYER, OTHER_BANK, SELLER, hefu, practice, right, told


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return practice(tmp_path_factory.mktemp("offers") / "home")


def make(home: Path, of: str, *options: str, by: str = BANK, price: str = "90.00", code: int = 0) -> str:
    return hefu("offer", "make", of, "--as", by, "--price", price, *options, home=home, code=code)


def offers(home: Path, who: str = SELLER) -> dict[str, dict[str, object]]:
    return {o["offer"]: o for o in told("offer", "list", "--as", who, home=home)}


def test_what_acceptance_would_refuse_is_never_sent(home: Path) -> None:
    good = right(home, 1, "100.00", "2026-07-20")
    proposed = right(home, 2, "100.00", confirm=False)
    pledged = right(home, 3, "100.00")
    hefu("receivable", "pledge", pledged, "--to", OTHER_BANK, "--cap", "50", home=home)
    before = offers(home)
    for of, how, code in (
        (good, {"by": BUYER}, "WRONG_ROLE"),
        (good, {"by": SELLER}, "SELF_DEALING"),
        (good, {"price": "100.01"}, "AMOUNT_OUT_OF_RANGE"),
        (proposed, {}, "WRONG_STATUS"),
        (pledged, {}, "PLEDGED"),
    ):
        assert code in make(home, of, code=3, **how)
    assert "BAD_TERM" in make(home, good, "--days", "19", code=3)
    assert "BAD_TERM" in make(home, good, "--days", "0", code=3)
    assert offers(home) == before
    make(home, good, "--days", "18", price="100.00")
    assert len(offers(home)) == len(before) + 1


def test_an_offer_says_what_has_become_of_it(home: Path) -> None:
    of = right(home, 4, "100.00")
    first, second, short = (
        told("offer", "make", of, "--as", BANK, "--price", price, *more, home=home)["offer"]
        for price, more in (("91", ()), ("92", ("--no-recourse",)), ("93", ("--days", "2")))
    )
    assert {offers(home)[o]["state"] for o in (first, second, short)} == {"open"}
    hefu("offer", "accept", first, "--as", SELLER, home=home)
    states = {o: (row["state"], row["reason"]) for o, row in offers(home).items()}
    assert (states[first], states[second]) == (("accepted", None), ("void", "LOCKED"))
    assert "LOCKED" in make(home, of, by=OTHER_BANK, code=3)
    hefu("offer", "decline", of, home=home)
    assert offers(home)[second]["state"] == "open"
    assert "without recourse" in hefu("offer", "show", second, "--as", SELLER, home=home)
    hefu("clock", "advance", "2026-07-05", home=home)
    shown = told("offer", "show", short[:8], "--as", BANK, home=home)
    assert (shown["state"], shown["holder"], shown["open_minor"]) == ("expired", SELLER, 10_000)
    listed = hefu("offer", "list", "--as", SELLER, home=home)
    assert "expired" in listed
    assert "recourse" in listed
    assert "已过期" in hefu("offer", "list", "--as", SELLER, home=home, lang="zh")
    hefu("offer", "accept", second, "--as", SELLER, home=home)
    hefu("offer", "complete", of, home=home)
    assert offers(home)[second]["state"] == "completed"
