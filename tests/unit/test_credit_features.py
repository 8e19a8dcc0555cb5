"""What features say of small books that can be reckoned by hand, of thin and of bad ones; and that the registry is whole."""

from __future__ import annotations

import re
from datetime import date
from fractions import Fraction

import pytest

from credit import all_features, batch_of, features, links_at, rows_of
from hefu.credit.features import BY_NAME, FEATURES, Links, LiveFirm, features_of, record_of, registry, sources_of
from hefu.credit.features.describe import OWNERS, as_of_of, definition
from hefu.credit.features.expression import Dialect, parse
from hefu.credit.features.plan import steps
from hefu.kernel.errors import UsageError

BOOK = """
    sale  2024-12-10  Anding   500   65
    sale  2025-03-10  Anding   600   78
    sale  2025-03-20  Hailan   200   26
    sale  2025-04-01  Hailan   100   6
    sale  2025-04-02  Hailan   100   13   void
    sale  2025-04-03  Anding   -50   -6.5
    sale  2025-12-31  Chen     8849.56 1150.44
    buy   2025-03-01  Bolts    400   52
    buy   2025-05-01  Nuts     300   9
    tax   2025-03     800 100 100  2025-04-10  2025-04-15
    tax   2025-04     50  0   0    2025-05-20  2025-05-15
    bank  2025-03-15  904 sales Anding
    bank  2025-03-16  1000 borrowing
    bank  2025-03-20  -300 wages
    bank  2025-04-20  -100 debt_service
    bank  2025-04-25  96  sales Hailan
    stock 2025-03-31  raw 100
    stock 2025-03-31  finished 300
    stock 2025-06-30  raw 200
    hours 2025-03     100 80 8
    hours 2025-04     100 0 0
    power 2025-03     8
    power 2025-04     2
    water 2025-03     4
"""
#: Reckoned by hand, as of 2025-12-31: the running month is January 2026, so 2025 is the last 12 complete months.
WANTED = """
    sales_12m                   969956
    sales_all                   1019956
    sales_invoices_12m          4
    sales_mean_invoice_12m      (600 + 200 + 100 + 8849.56) * 100 / 4
    sales_growth_12m            (9699.56 - 500) / 500
    sales_active_12m            3 / 12
    sales_recency               0
    sales_history               386
    sales_longest_gap           274
    sales_customers_12m         3
    sales_hhi_12m               (550 ** 2 + 300 ** 2 + 8849.56 ** 2) / 9699.56 ** 2
    sales_top1_12m              8849.56 / 9699.56
    sales_new_customers_12m     (300 + 8849.56) / 9699.56
    sales_lost_customers_12m    0
    sales_void_share_12m              1 / 6
    sales_red_share_12m               50 / 9749.56
    sales_red_count_12m         1 / 5
    sales_round_12m             1 / 4
    sales_tax_rate_12m          (78 + 26 + 6 - 6.5 + 1150.44) / 9699.56
    sales_tax_rates_12m         2
    sales_main_rate_12m         (600 + 200 + 8849.56) / 9749.56
    sales_peak_12m              8849.56 / 9699.56
    purchases_12m               70000
    purchases_suppliers_12m     2
    purchases_small_rate_12m    300 / 700
    margin_12m                  (9699.56 - 700) / 9699.56
    buying_only_12m             1
    selling_only_12m            2
    tax_declared_12m            85000
    tax_late_12m                1 / 2
    tax_months_12m              2
    tax_burden_12m              100 / 850
    tax_declared_to_invoiced    850 / (800 + 50)
    bank_in_12m                 100000
    bank_cover_12m              1000 / 400
    bank_borrowed_12m           1000 / 2000
    bank_wage_months_12m        1
    bank_debt_12m               100 / 1000
    bank_payers_12m             2
    bank_payer_top1_12m         904 / 1000
    inventory_mean_12m          60000 / 2
    inventory_finished_12m      300 / 600
    inventory_recency           184
    capacity_use_12m            80 / 200
    capacity_idle_12m           1 / 2
    electricity_12m             10000
    electricity_floor_12m       12 * 2 / 10
    power_per_yuan              10000 / 850
    power_follows_sales         1
    water_per_yuan              4000 / 800
    sales_per_run_hour          850 * 100 / 80
    power_per_run_hour          10000 / 80
    stock_to_sales              12 * 300 / 9699.56
    twins                       0
    self_trades                 0
    sales_growth_3m             unknown
    electricity_growth          unknown
"""


def test_features_are_what_a_pencil_says() -> None:
    found = features(BOOK, "2025-12-31")
    for line in WANTED.strip().splitlines():
        name, reckoned = line.split(maxsplit=1)
        wanted = None if reckoned == "unknown" else eval(reckoned)
        assert found[name] == (wanted if wanted is None else pytest.approx(wanted, rel=1e-12)), name


def test_months_are_complete_on_their_last_day() -> None:
    days = [date(2025, 12, 30), date(2025, 12, 31), date(2026, 1, 15), date(2026, 1, 31)]
    # On 30 December the last 12 complete months are December 2024 to November 2025; on 31 January February 2025 to January 2026.
    found = [values["sales_12m"] for values, _ in batch_of(rows_of(BOOK), [("F", day) for day in days])]
    assert found == [100 * (500 + 850), 969956, 969956, 969956]


#: What a book is, what is known of it, and what is not, at the end of 2025.
THIN = [
    ("one invoice", "sale 2025-12-05 A 100 13", {"sales_12m": 10_000, "sales_hhi_12m": 1, "purchases_present": 0},
     ["margin_12m", "purchases_12m"]),
    ("only voids: there are invoices, and no sale", "sale 2025-12-05 A 100 13 void",
     {"sales_present": 1, "sales_12m": 0, "sales_void_share_12m": 1}, ["sales_recency", "sales_hhi_12m"]),
    ("negative totals: no share of a negative sum is taken", "sale 2025-12-05 A -100 -13",
     {"sales_12m": -10_000, "sales_customers_12m": 0}, ["sales_volatility_12m", "sales_tax_rate_12m", "sales_top1_12m"]),
    ("a zero invoice alone", "sale 2025-12-05 A 0 0", {"sales_present": 1, "sales_invoices_12m": 0},
     ["sales_mean_invoice_12m", "sales_void_share_12m"]),
    ("another source alone: nothing of sales is zero", "power 2025-12 5", {"electricity_12m": 5_000, "sales_present": 0},
     ["sales_12m", "power_per_yuan", "sales_invoices_all", "twins"]),
    ("a meter that stands still is known and zero", "power 2025-12 0", {"electricity_12m": 0, "electricity_present": 1},
     ["electricity_floor_12m", "electricity_growth"]),
    ("everything after the as-of date: as if there were nothing", "sale 2026-01-01 A 100 13",
     {"sales_present": 0, "bank_present": 0}, ["sales_12m", "sales_history", "twins"]),
    ("nothing", "", {"sales_present": 0, "water_present": 0}, ["sales_12m", "water_12m", "self_trades"]),
]  # fmt: skip


def test_thin_books_say_what_they_can() -> None:
    for (what, _, known, unknown), found in zip(THIN, all_features([text for _, text, _, _ in THIN], "2025-12-31")):
        assert {name: found[name] for name in known} == known, what
        assert {name: found[name] for name in unknown} == dict.fromkeys(unknown), what


def test_a_constant_book_varies_by_nothing_at_all() -> None:
    book = "\n".join(f"sale 2025-{month:02d}-05 A 33.33 4.33\npower 2025-{month:02d} 1.001" for month in range(1, 13))
    found = features(book, "2025-12-31")
    for name in ("sales_volatility_12m", "sales_slope_12m", "sales_season_24m", "electricity_volatility_12m"):
        assert found[name] == 0, f"{name}: exactly zero, which floats would miss"
    assert found["power_follows_sales"] is None


def test_a_quarterly_meter_is_laid_over_its_months() -> None:
    rows = rows_of("power 2025-01 3.1")
    spread = [rows[0]._replace(period_end=date(2025, 3, 31), recorded_on=date(2025, 3, 31), energy_wh=9_001)]
    ((found, facts),) = batch_of(spread, [("F", date(2025, 4, 30))])
    assert found["electricity_12m"] == 9_001, "parts sum to the whole"
    # January to March are months 4 to 2 before the running one, which is May: floor(9001 * 31 / 90), and so on.
    assert int(facts["electricity_4_6"]) == 9_001 * 31 // 90
    assert found["electricity_floor_12m"] == pytest.approx(12 * (9_001 * 59 // 90 - 9_001 * 31 // 90) / 9_001)


def test_a_correction_counts_from_the_day_it_became_known() -> None:
    (first,) = rows_of("power 2025-01 5")
    # Up, then down: what counts is when it became known, not how much it says.
    versions = [
        first._replace(energy_wh=7_000, recorded_on=date(2025, 3, 10)),
        first._replace(energy_wh=3_000, recorded_on=date(2025, 4, 10)),
        first,
    ]
    spine = [("F", date(2025, 3, 9)), ("F", date(2025, 3, 10)), ("F", date(2025, 4, 10))]
    assert [found["electricity_12m"] for found, _ in batch_of(versions, spine)] == [5_000, 7_000, 3_000]


def test_a_void_counts_from_the_day_it_became_known() -> None:
    (first,) = rows_of("sale 2025-01-05 A 100 13")
    void = first._replace(void=True, recorded_on=date(2025, 2, 10))
    spine = [("F", date(2025, 2, 9)), ("F", date(2025, 2, 10))]
    assert [found["sales_12m"] for found, _ in batch_of([void, first], spine)] == [10_000, 0]


def test_links_are_those_of_the_as_of_date() -> None:
    rows = []
    for number in range(4):
        sale = rows_of(f"sale 2025-0{number + 1}-05 A 1000 130")[0]._replace(number=f"77{number}")
        # Twins show the same sales; the buyer's file confirms them; one invoice is on both sides of a firm.
        rows += [sale, sale._replace(firm="G"), sale._replace(firm="B", direction="purchases", counterparty="X")]
    own = rows_of("sale 2025-03-07 S 50 0")[0]._replace(firm="S", number="9")
    rows += [own, own._replace(direction="purchases")]
    assert links_at(rows, date(2025, 2, 28)).keys() == set(), "two shared invoices are too few, and have two sellers"
    late = links_at(rows, date(2025, 12, 31))
    assert late["F"].twins == late["G"].twins == 1
    assert late["F"].twin_invoices == 4
    assert late["F"].customers == 1
    assert late["B"].suppliers == 1
    assert late["S"] == Links(self_trades=1, self_gross=5_000)
    found = {f: v for f, (v, _) in zip("BFGS", batch_of(rows, [(f, date(2025, 12, 31)) for f in "BFGS"]))}
    assert found["F"]["twins"] == found["G"]["twins"] == 1
    assert found["F"]["linked_sales_share"] == 1
    assert found["S"]["self_trade_share"] == 1


def test_integers_of_record_are_the_features_to_their_digits() -> None:
    one = LiveFirm("F", date(2025, 12, 31))
    for row in rows_of(BOOK):
        one.apply(row)
    one.set_links(Links())
    facts, floats = one.facts(), one.features()
    record = record_of(facts)
    for feature in FEATURES:
        value, whole = floats[feature.name], record[feature.name]
        assert (value is None) == (whole is None), feature.name
        if value is not None and whole is not None:
            assert type(whole) is int
            assert abs(whole - value * 10**feature.digits) <= 0.5 + abs(value) * 10**feature.digits * 1e-12, (
                feature.name
            )
    # Reckoned with fractions alone: no float has touched it.
    assert record["sales_top1_12m"] == round(Fraction(884_956, 969_956) * 10**6)
    assert features_of(facts) == floats


def test_a_firm_takes_its_own_rows_and_moves_forward_only() -> None:
    one = LiveFirm("F", date(2025, 12, 31))
    with pytest.raises(UsageError) as caught:
        one.apply(rows_of("power 2025-01 5", firm="G")[0])
    assert caught.value.code == "OTHER_FIRM"
    with pytest.raises(UsageError) as caught:
        one.advance(date(2025, 12, 30))
    assert caught.value.code == "AS_OF_BACKWARDS"


# -- the registry ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_a_feature_says_everything_about_itself(feature) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", feature.name)
    assert feature.english[0].isupper()
    assert not feature.english.endswith(".")
    assert re.search("[\u3400-\u9fff]", feature.chinese)
    assert feature.direction in ("safer", "riskier", "either")
    assert feature.group in OWNERS
    assert sources_of(feature)
    assert as_of_of(feature)
    assert definition(feature)["facts"]
    if re.search("recency|growth|history|_all$", feature.name) and feature.group in ("sales", "purchases"):
        assert feature.caution or "share" in feature.unit, "what may follow a default says so"


def test_names_of_features_are_not_mistaken_for_facts() -> None:
    both = set(BY_NAME) & set(registry.facts())
    assert all(name.endswith("_present") for name in both)


def test_every_source_has_features_and_says_whether_it_is_there() -> None:
    for source in registry.SOURCES:
        assert f"{source}_present" in BY_NAME
        assert sum(source in sources_of(feature) for feature in FEATURES) >= 3


@pytest.mark.parametrize(
    "text", ["__import__('os')", "a.b", "a[0]", "[a]", "lambda: a", "a and b", "1.5 * a", "f(a)", "'x' + {a}"]
)
def test_the_language_has_no_word_for_anything_else(text: str) -> None:
    with pytest.raises((AssertionError, SyntaxError)):
        parse(text, formula=True)


def test_cells_and_facts_neither_divide_nor_take_roots() -> None:
    for text in ("a / b", "sqrt(a)"):
        parse(text, formula=True)
        with pytest.raises(AssertionError):
            parse(text)


@pytest.mark.parametrize("dialect", Dialect)
def test_the_plan_keeps_sums_out_of_floats(dialect: Dialect) -> None:
    plan = steps(dialect, registry.SOURCES, last_on=date(2026, 1, 1), links=True)
    assert [step.table for step in plan[-2:]] == ["facts", "features"]
    assert all("DOUBLE" not in step.query for step in plan[:-1])
