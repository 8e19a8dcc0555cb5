"""The synthetic economy: the same for the same seed, plausible, and readable by the real importer."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from stdnum.cn import uscc

from hefu.documents.invoices import (
    TREATMENTS,
    Size,
    depth_counts,
    economy_from_trades,
    import_invoices,
    match_trades,
    synthetic_economy,
    write_invoices,
)
from hefu.kernel.errors import UsageError

VAT_PERCENT = {"manufacturer": 13, "processor": 13, "carrier": 9, "services": 6}


def test_the_same_seed_makes_the_same_economy_and_another_one_does_not() -> None:
    economy = synthetic_economy(1)
    assert economy == synthetic_economy(1)
    assert economy.trades != synthetic_economy(2).trades
    # A change here changes every demonstration; it is a decision.
    digest = hashlib.sha256(repr(economy.trades).encode()).hexdigest()
    assert digest[:16] == "4eb330c52b25a50f"


def test_the_default_economy_has_four_tiers_and_chains_through_all_of_them() -> None:
    economy = synthetic_economy(1)
    assert economy.is_synthetic
    assert len(economy.cores) == 3
    assert len(economy.trades) == 300
    tiers = Counter(f.tier for f in economy.firms)
    assert set(tiers) == {0, 1, 2, 3, 4}
    assert sum(n for tier, n in tiers.items() if tier) == 60
    assert {t.seller for t in economy.trades} == {f.code for f in economy.firms if not f.is_core}
    assert all(synthetic_economy(seed).chains for seed in range(5))
    assert all(depth_counts(synthetic_economy(seed).chains).get(4, 0) >= 3 for seed in range(5))


def test_firms_amounts_dates_and_terms_are_plausible() -> None:
    economy = synthetic_economy(4, first_on=date(2026, 1, 1), last_on=date(2026, 6, 30))
    firms = {f.code: f for f in economy.firms}
    codes = [f.uscc for f in economy.firms]
    assert len(set(codes)) == len(codes)
    assert all(code and uscc.is_valid(code) and code[2:8] == "999999" for code in codes)
    assert all("Synthetic" in f.name for f in economy.firms)
    for trade in economy.trades:
        assert all(type(minor) is int for minor in trade[4:])
        assert trade.net_minor + trade.tax_minor == trade.gross_minor
        assert abs(trade.net_minor * VAT_PERCENT[firms[trade.seller].role] - trade.tax_minor * 100) <= 50
        assert (firms[trade.seller].tier or 0) - 1 == firms[trade.buyer].tier
        assert date(2026, 1, 1) <= trade.issued_on <= date(2026, 6, 30)
        terms = economy.terms[trade]
        assert 30 <= (terms.due_on - trade.issued_on).days <= 180
        assert 0 <= (trade.issued_on - terms.delivered_on).days <= 10
        assert not terms.assumed
    amounts = sorted(t.gross_minor for t in economy.trades)
    assert amounts[0] > 0
    assert sum(amounts) / len(amounts) > 1.5 * amounts[len(amounts) // 2], "sizes are skewed"


@pytest.mark.parametrize(("encoding", "seed"), [("utf-8", 1), ("gb18030", 2)])
def test_bad_rows_meet_their_treatments_and_the_rest_comes_back_whole(tmp_path: Path, encoding: str, seed: int) -> None:
    economy = synthetic_economy(seed)
    written = write_invoices(economy.trades, tmp_path, bad_rows=True, seed=seed, encoding=encoding)
    imported = import_invoices(tmp_path, today=date(2026, 6, 30))
    assert imported.report.counts == written.counts
    assert all(written.counts[t.code] >= 2 for t in TREATMENTS)
    found = match_trades(imported.invoices)
    again = economy_from_trades(
        found.trades, cores=economy.cores, known=economy.firms, terms=economy.terms, seed=economy.seed
    )
    assert again == economy


def test_sizes_are_kept_down_to_the_smallest() -> None:
    for size in (Size(1, 4, 4), Size(1, 4, 5), Size(5, 10, 40)):
        economy = synthetic_economy(9, size=size)
        assert (len(economy.cores), len(economy.firms), len(economy.trades)) == (
            size.cores,
            size.cores + size.suppliers,
            size.invoices,
        )
    for cores, suppliers, invoices in ((0, 4, 4), (1, 3, 4), (1, 4, 3)):
        with pytest.raises(UsageError):
            Size(cores, suppliers, invoices)
    with pytest.raises(UsageError):
        synthetic_economy(1, first_on=date(2026, 1, 1), last_on=date(2026, 2, 1))
