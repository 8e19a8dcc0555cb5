"""Made-up firms are the same for the same seed, their sources agree, and what they die of shows where it should."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from statistics import median

import pytest

from hefu.credit.features import compute
from hefu.credit.sources import (
    BankFlow,
    ElectricityPeriod,
    Invoice,
    Options,
    Store,
    SyntheticFirms,
    TaxFiling,
    import_source,
    synthetic_firms,
    write_firms,
)
from hefu.credit.sources.importing import SYNTHETIC
from hefu.credit.sources.synthetic import CAUSES
from hefu.kernel.errors import UsageError

SOURCES = ("tax", "bank", "inventory", "capacity", "electricity", "water")


@pytest.fixture(scope="module")
def made() -> SyntheticFirms:
    return synthetic_firms(7, firms=60, months=30)


def test_the_same_seed_makes_the_same_firms() -> None:
    a, b, c = (synthetic_firms(seed, firms=4, months=14) for seed in (1, 1, 2))
    assert a == b
    assert a.rows != c.rows


def test_everything_is_labelled_and_known_by_the_last_day(made: SyntheticFirms) -> None:
    assert all(firm.code.startswith(SYNTHETIC) and "Synthetic" in firm.name for firm in made.firms)
    assert all(row.firm.startswith(SYNTHETIC) for row in made.rows)
    assert max(row.recorded_on for row in made.rows) <= made.last_on
    with pytest.raises(UsageError):
        synthetic_firms(1, firms=0)


def test_defaults_have_causes_that_came_before_them(made: SyntheticFirms) -> None:
    dead = [firm for firm in made.firms if firm.defaulted_on]
    assert 3 <= len(dead) <= 20
    for firm in dead:
        assert firm.cause in (*CAUSES, "thin_cash")
        assert firm.cause == "thin_cash" or (firm.since is not None and firm.since <= firm.defaulted_on)  # type: ignore[operator]
    assert len({firm.cause for firm in dead} & set(CAUSES)) >= 3
    assert all(not firm.cause for firm in made.firms if not firm.defaulted_on)


def test_a_firm_that_is_gone_neither_sells_nor_files(made: SyntheticFirms) -> None:
    for firm in made.firms:
        if firm.defaulted_on:
            sales = [r for r in made.rows if isinstance(r, Invoice) and r.firm == firm.code and r.gross_minor > 0]
            assert max(r.issued_on for r in sales) <= firm.defaulted_on
            filings = [r for r in made.rows if isinstance(r, TaxFiling) and r.firm == firm.code]
            assert all(r.period_start <= firm.defaulted_on for r in filings)


def test_a_sale_inside_is_the_buyers_purchase(made: SyntheticFirms) -> None:
    codes = {firm.code for firm in made.firms}
    has_purchases = {r.firm for r in made.rows if isinstance(r, Invoice) and r.direction == "purchases"}
    bought = {
        (r.number, r.firm, r.counterparty, r.gross_minor)
        for r in made.rows
        if isinstance(r, Invoice) and r.direction == "purchases"
    }
    inside = [r for r in made.rows if isinstance(r, Invoice) and r.direction == "sales" and r.counterparty in codes]
    assert len(inside) > 100
    valid = [r for r in inside if r.gross_minor > 0 and not r.void and r.counterparty in has_purchases]
    assert all((r.number, r.counterparty, r.firm, r.gross_minor) in bought for r in valid)


def test_sources_of_a_living_firm_agree(made: SyntheticFirms) -> None:
    alive = {firm.code for firm in made.firms if not firm.defaulted_on and not firm.cause}
    with Store() as store:
        store.add(made.rows)
        table = list(compute(store.connection, [(firm.code, made.last_on) for firm in made.firms]).features())

    def middle(name: str, firms: set[str]) -> float:
        return median(row[name] for row in table if row["firm"] in firms and row[name] is not None)

    assert middle("power_follows_sales", alive) > 0.8
    assert middle("tax_declared_to_invoiced", alive) == pytest.approx(1, abs=0.05)
    assert middle("bank_in_to_invoiced", alive) == pytest.approx(1, abs=0.1)
    assert 0.3 < middle("capacity_use_12m", alive) < 0.95


def test_sham_sales_use_no_power_and_bring_no_money() -> None:
    made = synthetic_firms(1, firms=120, months=30)
    sham = [firm for firm in made.firms if firm.cause == "sham_sales" and firm.defaulted_on]
    rows = [row for row in made.rows if row.firm in {firm.code for firm in sham}]
    powered = {row.firm for row in rows if isinstance(row, ElectricityPeriod)}
    paid = {row.firm for row in rows if isinstance(row, BankFlow)}
    with Store() as store:
        store.add(rows)
        spine = [(firm.code, firm.defaulted_on) for firm in sham if firm.defaulted_on]
        table = {row["firm"]: row for row in compute(store.connection, spine, with_links=False).features()}
    assert median(table[firm]["power_follows_sales"] for firm in powered) < 0.6
    assert median(table[firm]["bank_in_to_invoiced"] for firm in paid) < 0.9


@pytest.mark.parametrize(("chinese", "encoding"), [(False, "utf-8"), (True, "gb18030")])
def test_files_say_what_rows_say(tmp_path: Path, chinese: bool, encoding: str) -> None:
    made = synthetic_firms(2, firms=4, months=13)
    write_firms(made, tmp_path, chinese=chinese, encoding=encoding)
    options = Options(date(2026, 7, 31))
    with Store() as by_file, Store() as by_row:
        by_row.add(made.rows)
        assert import_source(by_file, "invoices", sorted(tmp_path.glob("*_invoices.csv")), options).is_synthetic
        for source in SOURCES:
            assert import_source(by_file, source, [tmp_path / f"synthetic_{source}.csv"], options).is_stored
        for table in ("invoices", *SOURCES):
            same = [s.connection.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall() for s in (by_file, by_row)]
            assert same[0] == same[1], table
