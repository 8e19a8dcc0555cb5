"""The contest's question on its own data, read by path where they are: who is lent what, at which rate, under a fixed total."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import duckdb
import pytest

from credit_decisions import POLICIES
from hefu.credit.decision.churn import read_churn, with_churn
from hefu.credit.decision.optimise import allocate
from hefu.credit.decision.policy import Policy, read_policy
from hefu.credit.decision.portfolio import Firm, Problem

ROOT = Path(__file__).resolve().parent.parent.parent
DATA = Path(os.environ.get("HEFU_SHARED", ROOT.parent / "shared")) / "data" / "cumcm2020c"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the development data are not here")


def contest() -> Policy:
    policy = read_policy((POLICIES / "contest.toml").read_bytes())
    return with_churn(policy, read_churn((DATA / "a3_rate_churn_raw.csv").read_bytes()))


def test_the_contest_s_table_is_read_and_smoothed() -> None:
    for churn in contest().churn:
        assert len(churn.points) == 29
        assert churn.points[0] == (40_000, 0)
        assert churn.points[-1][0] == 150_000
        assert all(a[1] <= b[1] for a, b in zip(churn.points, churn.points[1:]))


@pytest.mark.parametrize(("sheet", "budget"), [("a1", 20_000_000), ("a2", 100_000_000)])
def test_a_fixed_total_is_shared(sheet: str, budget: int) -> None:
    """Probabilities by fifths of total sales, from the labelled sheet and without the rating: the simplest line, not a model."""
    labelled = f"""
        SELECT ntile(5) OVER (ORDER BY sales) AS fifth, defaulted
        FROM (SELECT firm_id, sum(gross_amount) AS sales FROM '{DATA}/a1_output_invoices.parquet' WHERE status = 'valid' GROUP BY 1)
        JOIN '{DATA}/a1_firms.csv' USING (firm_id)
    """
    rates = duckdb.sql(
        f"SELECT 1000000 * (sum(defaulted) + 1) // (count(*) + 4) FROM ({labelled}) GROUP BY fifth ORDER BY fifth"
    )
    default = [int(row[0]) for row in rates.fetchall()]
    firms = duckdb.sql(f"""
        SELECT firm_id, ntile(5) OVER (ORDER BY sum(gross_amount), firm_id), sum(gross_amount)
        FROM '{DATA}/{sheet}_output_invoices.parquet' WHERE status = 'valid' GROUP BY 1 ORDER BY 1
    """).fetchall()
    policy = contest()
    problem = Problem(
        policy,
        [Firm(name, default[fifth - 1], max(0, int(sales)) * 100) for name, fifth, sales in firms],
        budget * 100,
        date(2020, 3, 1),
    )
    made = allocate(problem)
    assert problem.checked(made.choices) == made.totals
    assert made.totals.offered == budget * 100
    assert made.gap_ppm < 2_000
    for choice in made.choices:
        assert 100_000 <= choice.amount // 100 <= 1_000_000
        assert 40_000 <= choice.rate_ppm <= 150_000
    # Expected to earn less than the highest rate on all of it, and more than nothing.
    assert 0 < made.totals.profit < budget * 15
