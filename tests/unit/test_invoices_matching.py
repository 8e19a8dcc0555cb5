"""Twins, trades, self-trades and ambiguous invoices, found in data that nobody has seen before."""

from __future__ import annotations

import random
import tempfile
from datetime import date
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from hefu.documents.invoices import (
    Matching,
    Size,
    TwinRule,
    import_invoices,
    match_trades,
    synthetic_economy,
    write_invoices,
)

TODAY = date(2026, 6, 30)
HEADER = "firm_id,invoice_no,issue_date,counterparty_id,net_amount,tax_amount,gross_amount,status"


def match(folder: Path, lines: str, rule: TwinRule | None = None) -> Matching:
    """Lines of: firm, sells or buys, invoice, optionally status, other party, gross or day."""
    texts: dict[str, list[str]] = {"sells": [HEADER], "buys": [HEADER]}
    for line in lines.strip().splitlines():
        words = line.split()
        firm, side, number = words[:3]
        named = dict(word.split("=") for word in words[3:])
        gross = named.get("gross", "113.00")
        cells = (firm, number, f"2026-01-{named.get('day', '05')}", named.get("party", "X"), gross, "0.00", gross)
        texts[side].append(",".join((*cells, named.get("status", "valid"))))
    for side, name in (("sells", "output.csv"), ("buys", "input.csv")):
        (folder / name).write_text("\n".join(texts[side]) + "\n", "utf-8")
    return match_trades(import_invoices(folder, today=TODAY).invoices, rule=rule)


def trades(found: Matching) -> list[tuple[str, str, str]]:
    return [(trade.seller, trade.buyer, trade.number) for trade in found.trades]


def test_a_trade_needs_the_same_number_date_and_amounts_on_both_sides(tmp_path: Path) -> None:
    found = match(
        tmp_path,
        """
        Steel sells 0041
        Parts buys  41
        Steel sells 42
        Parts buys  42 day=06
        Steel sells 43
        Parts buys  43 gross=113.01
        Steel sells 44 status=void
        Parts buys  44
        Steel sells 45 gross=-113.00
        Parts buys  45 gross=-113.00
        Steel sells 46
        Steel sells 47
        Parts sells 47
        """,
    )
    assert trades(found) == [("Steel", "Parts", "0041")]
    assert not found.self_trades
    assert [(a.sellers, a.buyers) for a in found.ambiguous] == [(("Parts", "Steel"), ())]


def test_one_invoice_under_two_codes_of_a_party_is_one_trade(tmp_path: Path) -> None:
    found = match(tmp_path, "Steel sells 1 party=B1\nSteel sells 1 party=B2\nParts buys 1 party=A9\nParts buys 1\n")
    assert trades(found) == [("Steel", "Parts", "1")]


def test_two_possible_sellers_or_buyers_make_no_trade(tmp_path: Path) -> None:
    found = match(
        tmp_path,
        """
        Steel sells 1
        Other sells 1
        Parts buys  1
        Steel sells 2
        Parts buys  2
        Other buys  2
        Steel sells 3
        Steel buys  3
        Parts buys  3
        Steel sells 4
        Steel buys  4
        """,
    )
    assert not found.trades
    assert [(a.number, a.sellers, a.buyers) for a in found.ambiguous] == [
        ("1", ("Other", "Steel"), ("Parts",)),
        ("2", ("Steel",), ("Other", "Parts")),
        ("3", ("Steel",), ("Parts", "Steel")),
    ]
    assert [(t.seller, t.buyer, t.number) for t in found.self_trades] == [("Steel", "Steel", "4")]


TWINS = """
    Steel sells 1
    Steel sells 2
    Steel sells 3
    Steel sells 4
    Clone sells 1
    Clone sells 2
    Clone sells 3
    Clone sells 9
    Steel buys  5
    Parts buys  1
    Parts buys  9
    Ore   sells 5
    Clone buys  5
"""


def test_twins_are_resolved_before_trades_are_matched(tmp_path: Path) -> None:
    found = match(tmp_path, TWINS)
    assert [(g.firm, g.twins, g.shared) for g in found.twins] == [("Clone", ("Steel",), 3)]
    assert trades(found) == [("Clone", "Parts", "1"), ("Ore", "Clone", "5"), ("Clone", "Parts", "9")]
    assert not found.ambiguous


def test_sharing_too_little_makes_no_twins(tmp_path: Path) -> None:
    for rule in (TwinRule(invoices=4), TwinRule(share_bps=7_501)):
        found = match(tmp_path, TWINS, rule)
        assert not found.twins
        assert [a.number for a in found.ambiguous] == ["1", "2", "3", "5"]
        assert trades(found) == [("Clone", "Parts", "9")]
    assert match(tmp_path, TWINS, TwinRule(share_bps=7_500, invoices=3)).twins


def test_the_smaller_of_two_twins_decides(tmp_path: Path) -> None:
    lines = [f"Steel sells {n}" for n in range(10)] + [f"Clone sells {n}" for n in (1, 2, 3, 77, 78, 79)]
    assert [(g.firm, g.twins) for g in match(tmp_path, "\n".join(lines)).twins] == [("Steel", ("Clone",))]
    assert not match(tmp_path, "\n".join([*lines, "Clone sells 80"])).twins


def test_twins_of_twins_are_one_group_and_trade_between_them_is_a_self_trade(tmp_path: Path) -> None:
    lines = [
        f"{firm} sells {n}"
        for firm, numbers in (("A", (1, 2, 3)), ("B", range(1, 7)), ("C", (4, 5, 6)))
        for n in numbers
    ]
    found = match(tmp_path, "\n".join([*lines, "C sells 8", "A buys 8"]))
    assert [(g.firm, g.twins) for g in found.twins] == [("B", ("A", "C"))]
    assert [(t.seller, t.buyer) for t in found.self_trades] == [("B", "B")]
    assert not found.trades


def test_what_is_found_is_what_was_made(tmp_path: Path) -> None:
    economy = synthetic_economy(11)
    write_invoices(economy.trades, tmp_path, bad_rows=True)
    found = match_trades(import_invoices(tmp_path, today=TODAY).invoices)
    assert found.trades == economy.trades
    assert not found.twins
    assert not found.self_trades
    assert not found.ambiguous


@settings(max_examples=7, deadline=None)
@given(seed=st.integers(0, 10**6), share=st.integers(60, 100))
def test_a_planted_twin_is_found_whoever_it_is_and_changes_no_trade(seed: int, share: int) -> None:
    chance = random.Random(seed)
    economy = synthetic_economy(seed, size=Size(1, 8, 60))
    sold = {f.code: [t for t in economy.trades if t.seller == f.code] for f in economy.firms}
    firm = chance.choice([code for code, own in sold.items() if len(own) >= 5])
    own = sold[firm]
    copied = [t._replace(seller="Z-twin") for t in own[: max(3, len(own) * share // 100)]]
    with tempfile.TemporaryDirectory() as name:
        folder, aside = Path(name), Path(name) / "aside"
        aside.mkdir()
        write_invoices(economy.trades, folder)
        twin_sales = write_invoices(copied, aside).files[0]
        twin_sales.rename(folder / "twin_output.csv")
        found = match_trades(import_invoices(folder, today=TODAY).invoices)
    assert [(g.firm, g.twins, g.shared) for g in found.twins] == [(firm, ("Z-twin",), len(copied))]
    assert found.trades == economy.trades
