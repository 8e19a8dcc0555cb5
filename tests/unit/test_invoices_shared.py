"""The real invoices of many firms, read where they lie; skipped where they are absent, for they have no licence."""

from __future__ import annotations

import os
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from hefu.documents.invoices import (
    Imported,
    deepest_buyers,
    depth_counts,
    economy_from_trades,
    find_chains,
    import_invoices,
    match_trades,
)

FOLDER = Path(os.environ.get("HEFU_SHARED", Path(__file__).parents[2].parent / "shared")) / "data" / "cumcm2020c"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="shared data are absent")


@pytest.fixture(scope="module")
def imported() -> Imported:
    return import_invoices(FOLDER, today=date(2020, 12, 31))


def test_every_row_is_accounted_for(imported: Imported) -> None:
    counts = imported.report.counts
    assert imported.report.rows == 1_099_441
    assert counts["VOID"] == 7_608 + 11_206 + 17_236 + 27_555
    # Negative valid rows, but for the five where the amounts disagree.
    assert counts["RED_LETTER"] + counts["AMOUNTS_DISAGREE"] == 1_860 + 8_424 + 3_552 + 5_582
    assert counts["AMOUNTS_DISAGREE"] == 5
    assert sorted(imported.report.files_skipped) == [
        "a1_firms.csv",
        "a1_folds_10x5.csv",
        "a2_firms.csv",
        "a3_rate_churn_raw.csv",
    ]
    assert counts["ACCEPTED"] == sum(total.rows for total in imported.report.totals.values())


def test_structure_is_found_without_knowing_a_firm(imported: Imported) -> None:
    found = match_trades(imported.invoices)
    assert len(found.twins) == 8
    assert all(len(group.twins) == 1 for group in found.twins)
    assert (len(found.trades), len(found.self_trades), len(found.ambiguous)) == (498, 316, 0)
    used = Counter((t.number.lstrip("0"), t.issued_on, t.gross_minor) for t in (*found.trades, *found.self_trades))
    assert max(used.values()) == 1
    chains = find_chains(found.trades, deepest_buyers(found.trades, 3))
    assert max(depth_counts(chains)) == 3
    economy = economy_from_trades(found.trades)
    assert len(economy.cores) == 3
    assert sum(f.is_core for f in economy.firms) == 3
