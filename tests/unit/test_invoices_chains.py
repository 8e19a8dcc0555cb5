"""Chains: every step rests on an open invoice, and no invoice is used twice."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from hefu.documents.invoices import (
    Chain,
    Trade,
    Window,
    core_enterprises,
    deepest_buyers,
    depth_counts,
    economy_from_trades,
    find_chains,
)

DAY = date(2026, 1, 1)


def trades(lines: str) -> list[Trade]:
    """Lines of: seller, buyer, gross in cents, day."""
    found = []
    for i, line in enumerate(lines.strip().splitlines()):
        seller, buyer, gross, day = line.split()
        found.append(Trade(DAY + timedelta(int(day)), f"{i:03d}", seller, buyer, int(gross), 0, int(gross)))
    return found


def shown(chain: Chain) -> list[str]:
    return [
        f"{p.tier} {p.invoice.seller} {p.part_minor} of {p.invoice.gross_minor} from {p.source}" for p in chain.payments
    ]


def test_credit_travels_down_to_the_cent() -> None:
    (chain,) = find_chains(
        trades("""
            S Core 1000 10
            T S 600 0
            U T 599 5
            V U 700 8
            Other S 500 9
            W Else 100 9
        """),
        ("Core",),
    )
    assert (chain.core, chain.receivable.seller, chain.depth) == ("Core", "S", 4)
    # T first, for it has most suppliers behind it; Other gets what is left; V gets no more than U holds.
    assert shown(chain) == [
        "2 T 600 of 600 from None",
        "2 Other 400 of 500 from None",
        "3 U 599 of 599 from 0",
        "4 V 599 of 700 from 2",
    ]


def test_an_invoice_pays_once_and_earlier_receivables_choose_first() -> None:
    first, second = find_chains(trades("S Core 100 20\nS Core 100 10\nT S 100 0\n"), ("Core",))
    assert first.receivable.issued_on == DAY + timedelta(10)
    assert shown(first) == ["2 T 100 of 100 from None"]
    assert (second.payments, second.depth) == ((), 1)


def test_the_window_is_counted_from_the_receivable_and_both_ends_belong_to_it() -> None:
    lines = "S Core 1000 50\nA S 10 39\nB S 10 40\nC S 10 55\nD S 10 56\n"
    (chain,) = find_chains(trades(lines), ("Core",), window=Window(before_days=10, after_days=5))
    assert [p.invoice.seller for p in chain.payments] == ["B", "C"]


def test_rings_end_where_they_would_close_and_core_enterprises_are_paid_nothing() -> None:
    chains = find_chains(
        trades("S Core 100 5\nT S 100 1\nS T 100 2\nCore S 100 3\nOther S 50 4\nS Other 100 5\nCore Core 9 9\n"),
        ("Core", "Other"),
    )
    assert [(c.core, [p.invoice.seller for p in c.payments]) for c in chains] == [("Core", ["T"]), ("Other", [])]


def test_core_enterprises_are_the_busiest_or_the_deepest_buyers() -> None:
    found = trades("A Busy 1 0\nA Busy 1 1\nS Deep 9 2\nT S 9 3\nU T 9 3\nB Also 1 4\nB Also 1 4\n")
    assert core_enterprises(found, 2) == ("Also", "Busy")
    assert deepest_buyers(found, 2) == ("Deep", "S")
    assert depth_counts(find_chains(found, core_enterprises(found, 1))) == {1: 2}
    assert depth_counts(find_chains(found, deepest_buyers(found, 1))) == {3: 1}


def test_a_chain_may_be_as_long_as_the_data() -> None:
    long = trades("\n".join(f"F{i + 1} F{i} 100 0" for i in range(3_000)))
    (chain,) = find_chains(long, ("F0",))
    assert (chain.depth, chain.payments[-1].part_minor) == (3_000, 100)


def test_tiers_are_distances_from_the_nearest_core_enterprise() -> None:
    found = trades("S Core 9 0\nT S 9 0\nT Core 9 0\nU T 9 0\nA B 9 0\n")
    economy = economy_from_trades(found, cores=("Core",), term_days=30)
    assert [(f.code, f.tier, f.role) for f in economy.firms] == [
        ("Core", 0, "core"),
        ("S", 1, "supplier"),
        ("T", 1, "supplier"),
        ("U", 2, "supplier"),
        ("A", None, "other"),
        ("B", None, "other"),
    ]
    assert economy.cores == ("Core",)
    assert not economy.is_synthetic
    assert {t.due_on - trade.issued_on for trade, t in economy.terms.items()} == {timedelta(30)}
    assert all(terms.assumed for terms in economy.terms.values())


firms = st.sampled_from("ABCDEFGH")
one_trade = st.builds(
    lambda seller, buyer, gross, day, number: Trade(DAY + timedelta(day), str(number), seller, buyer, gross, 0, gross),
    firms,
    firms,
    st.integers(1, 1_000),
    st.integers(0, 400),
    st.integers(0, 50),
)


@settings(max_examples=150, deadline=None)
@given(
    found=st.lists(one_trade, max_size=60),
    cores=st.sets(firms, max_size=3),
    window=st.builds(Window, st.integers(0, 200), st.integers(0, 200)),
)
def test_no_invoice_is_overused_and_nobody_passes_on_more_than_it_holds(
    found: list[Trade], cores: set[str], window: Window
) -> None:
    chains = find_chains(found, cores, window=window)
    assert chains == find_chains(reversed(found), cores, window=window)
    used = Counter(c.receivable for c in chains) + Counter(p.invoice for c in chains for p in c.payments)
    assert not used - Counter(found), "an invoice was used more often than it exists"
    assert Counter(c.receivable for c in chains) == Counter(
        t for t in found if t.buyer in cores and t.seller != t.buyer
    )
    for chain in chains:
        passed: defaultdict[int | None, int] = defaultdict(int)
        for place, payment in enumerate(chain.payments):
            source = None if payment.source is None else chain.payments[payment.source]
            payer = source.invoice.seller if source else chain.receivable.seller
            assert payment.source is None or payment.source < place
            assert payment.invoice.buyer == payer
            assert payment.tier == (source.tier if source else 1) + 1
            assert 0 < payment.part_minor <= payment.invoice.gross_minor
            days = (payment.invoice.issued_on - chain.receivable.issued_on).days
            assert -window.before_days <= days <= window.after_days
            passed[payment.source] += payment.part_minor
            assert payment.invoice.seller not in _path(chain, payment.source)
            assert payment.invoice.seller not in cores
        for source_place, total in passed.items():
            held = chain.receivable.gross_minor if source_place is None else chain.payments[source_place].part_minor
            assert total <= held


def _path(chain: Chain, place: int | None) -> set[str]:
    firms_on_path = {chain.core, chain.receivable.seller}
    while place is not None:
        firms_on_path.add(chain.payments[place].invoice.seller)
        place = chain.payments[place].source
    return firms_on_path
