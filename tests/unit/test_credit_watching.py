"""Delays of receivables, alarms and their book, circles of guarantees."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hefu.credit.features import BY_NAME as FEATURES
from hefu.credit.features import compute, compute_in_parts
from hefu.credit.sources import Invoice, Store, synthetic_firms
from hefu.credit.watching import delays
from hefu.credit.watching.alarms import BY_NAME, RULES, Event, Watch, month_ends
from hefu.credit.watching.book import Book
from hefu.credit.watching.delays import DelayModel, Histories, Record, evaluate, fit, predict
from hefu.credit.watching.guarantees import Guarantee, circle_events, find_knots, read_guarantees
from hefu.credit.watching.measures import area
from hefu.credit.watching.receivables import Receivable, Receivables, read_receivables
from hefu.credit.watching.running import events, foretell
from hefu.kernel.errors import Corrupt, HefuError, UsageError

NOW = datetime(2026, 7, 1, 9, tzinfo=UTC)
DAY = date(2026, 1, 1)


# -- receivables --------------------------------------------------------------------------------------------------------


def made(seed: int, customers: int = 40, invoices: int = 25) -> Receivables:
    """Customers with habits of their own: some early, some late."""
    chance = random.Random(seed)
    rows = []
    for customer in range(customers):
        habit = chance.gauss(-3, 8)
        for i in range(invoices):
            issued = DAY + timedelta(days=chance.randint(0, 500))
            settled = issued + timedelta(days=max(0, round(30 + habit + chance.gauss(0, 5))))
            rows.append(Receivable(len(rows) + 2, f"C{customer}", str(i), issued, issued + timedelta(days=30), settled))
    return Receivables(tuple(sorted(rows, key=lambda r: (r.issued_on, r.row))), ())


def test_only_what_was_settled_before_speaks() -> None:
    rows = [
        Receivable(2, "A", "1", DAY, DAY, DAY + timedelta(days=5)),
        Receivable(3, "A", "2", DAY, DAY + timedelta(days=9), DAY + timedelta(days=5)),
        Receivable(4, "A", "3", DAY, DAY, None),
        Receivable(5, "B", "4", DAY, DAY, DAY + timedelta(days=1)),
    ]
    known = Histories(rows)
    assert known.before("A", DAY + timedelta(days=5)) == Record(), "not known in the morning of that day"
    assert known.before("A", DAY + timedelta(days=6)) == Record(2, 1, 1)
    assert known.before("Nobody", DAY) == Record()


@pytest.mark.parametrize("open_on", [-40, -5, -1, 0, 1, 90, 5_000])
def test_who_is_overdue_is_late_by_as_many_days_at_least(open_on: int) -> None:
    data = made(1)
    model = fit(data, DAY + timedelta(days=600))
    due = DAY + timedelta(days=1_000)
    asked = [Receivable(1, "C1", "x", due - timedelta(days=30), due, None)]
    (plain,) = predict(model, data, asked)
    (said,) = predict(model, data, asked, open_on=due + timedelta(days=open_on))
    assert said.score >= plain.score, "that it was not paid yet is no good news"
    assert (said.score == 1_000_000) is (open_on >= 0)
    assert plain.expected_days <= said.expected_days
    assert min(said.days_low, said.expected_days) >= open_on


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.integers(60, 400))
def test_what_is_settled_later_changes_no_score(seed: int, day: int) -> None:
    data, as_of = made(seed, 12, 12), DAY + timedelta(days=day)
    model = fit(made(1), DAY + timedelta(days=600))
    asked = [r for r in data.rows if r.issued_on <= as_of]
    later = [
        r if r.settled_on is not None and r.settled_on < as_of else r._replace(settled_on=as_of + timedelta(days=90))
        for r in data.rows
    ]
    one = list(predict(model, data, asked))
    # Of invoices issued before the day, what is changed after it can only touch those issued after it.
    two = list(predict(model, Receivables(tuple(later), ()), [r for r in later if r.issued_on <= as_of]))
    assert [p.score for p in one] == [p.score for p in two]


def test_the_score_is_a_whole_number_that_grows_with_delay() -> None:
    model = fit(made(3), DAY + timedelta(days=600))
    scores = [model.score(Record(5, 0, days)) for days in range(-100, 101)]
    assert all(type(score) is int and 0 < score < 1_000_000 for score in scores)
    assert scores == sorted(scores)
    low, high = model.interval(Record(5, 0, 0))
    assert low <= model.score(Record(5, 0, 0)) <= high
    wide, narrow = model.interval(Record(1, 0, 0)), model.interval(Record(50, 0, 0))
    assert wide[1] - wide[0] > narrow[1] - narrow[0]
    assert model.days_interval(Record(20, 20, 400))[1] > 20
    assert 0 <= model.expected_days(Record(20, 0, -400)) < 0.5


def test_shrinkage_is_what_made_the_data() -> None:
    # Within a customer 5 days, among customers 8: a customer's own mean counts as much as all others' after 0.4 invoices.
    model = fit(made(5, 300, 20), DAY + timedelta(days=600))
    assert 0.3 < model.weight_milli / 1_000 < 0.5
    assert 4.8 < model.spread_milli / 1_000 < 5.2


def test_out_of_time_it_is_measured_beside_the_line_to_beat() -> None:
    found = evaluate(made(7), DAY + timedelta(days=350), rounds=200)
    assert found["n"] > 200
    assert found["auc"] > found["prior_rate_auc"] - 0.01
    assert found["auc_low"] < found["auc"] < found["auc_high"]
    assert found["gain_low"] <= found["gain"] <= found["gain_high"]
    # What is paid in time lies inside whenever the interval begins there, so that it holds more than nine tenths.
    assert found["days_inside_90"] > 0.88
    assert found["days_error"] < found["days_error_of_mean"]


def test_a_model_is_kept_and_read_again(tmp_path: Path) -> None:
    model = fit(made(3), DAY + timedelta(days=600))
    model.save(tmp_path / "m.json")
    assert DelayModel.load(tmp_path / "m.json") == model
    for text in (
        "",
        "{}",
        '{"format": "other"}',
        (tmp_path / "m.json").read_text().replace('"weight_milli": ', '"weight_milli": -'),
    ):
        (tmp_path / "bad.json").write_text(text)
        with pytest.raises(Corrupt, match="no model"):
            DelayModel.load(tmp_path / "bad.json")


def test_too_little_to_fit_on_is_said() -> None:
    rows = made(3, 3, 5)
    with pytest.raises(UsageError) as told:
        fit(rows, DAY + timedelta(days=600))
    assert told.value.code == "TOO_FEW_RECEIVABLES"
    late = Receivables(tuple(r._replace(settled_on=r.due_on + timedelta(days=1)) for r in made(3).rows), ())
    with pytest.raises(UsageError):
        fit(late, DAY + timedelta(days=600))


RECEIVABLES = """customerID,InvoiceDate,DueDate,SettledDate
A,2026-01-05,2026-02-05,2026-02-09
B,2026/1/5,2026-02-05,
,2026-01-05,2026-02-05,
C,soon,2026-02-05,
D,2026-01-05,,
E,2026-01-05,2026-01-01,
F,2026-01-05,2026-02-05,2026-01-01
"""


def test_rows_that_make_no_sense_are_refused_with_their_field(tmp_path: Path) -> None:
    file = tmp_path / "r.csv"
    file.write_text(RECEIVABLES, "utf-8")
    read = read_receivables(file)
    assert [(r.row, r.customer, r.days_late) for r in read.rows] == [(2, "A", 4), (3, "B", None)]
    assert [tuple(r) for r in read.refused] == [
        (4, "MISSING_VALUE", "customer"),
        (5, "BAD_DATE", "issued_on"),
        (6, "MISSING_VALUE", "due_on"),
        (7, "PERIOD_BACKWARDS", "due_on"),
        (8, "PERIOD_BACKWARDS", "settled_on"),
    ]
    assert read.known_at(date(2026, 2, 8)).rows[0].settled_on is None
    with pytest.raises(UsageError) as told:
        read_receivables(file, {"luck": "x"})
    assert told.value.code == "BAD_COLUMN"
    with pytest.raises(HefuError) as told_columns:
        read_receivables(file, {"due_on": "nowhere"})
    assert told_columns.value.code == "UNKNOWN_COLUMNS"


def test_chinese_files_and_ragged_rows_are_read(tmp_path: Path) -> None:
    file = tmp_path / "r.csv"
    file.write_text("客户,开票日期,到期日,结清日期\n甲公司,2026年1月5日,2026-02-05,\n\n乙公司,2026-01-05\n", "gb18030")
    read = read_receivables(file)
    assert [(r.customer, r.issued_on) for r in read.rows] == [("甲公司", date(2026, 1, 5))]
    assert [tuple(r) for r in read.refused] == [(4, "ROW_COLUMNS", "")]
    for bad, code in ((b"", "FILE_EMPTY"), (b'customer,"x', "BAD_CSV"), (b"\xff\xff\xff", "BAD_ENCODING")):
        file.write_bytes(bad)
        with pytest.raises(HefuError) as told:
            read_receivables(file)
        assert told.value.code == code


def test_area_counts_ties_half() -> None:
    assert area([0, 1], [0.5, 0.5]) == 0.5
    assert area([0, 1], [0.1, 0.2]) == 1.0
    assert area([1, 1], [0.1, 0.2]) == 0.5
    assert delays.prior_rate(Record(), 0.3) == 0.3


# -- alarms -------------------------------------------------------------------------------------------------------------


def months(*values: float, feature: str = "sales_void_share_12m") -> list[dict[str, float | None]]:
    return [{feature: value} for value in values]


def told(rule: str, values: list[dict[str, float | None]]) -> list[str]:
    watch, found = Watch("F"), []
    for end, now in zip(month_ends(date(2024, 1, 1), date(2027, 1, 1)), values):
        found += [event.kind for event in watch.look(end, now) if event.rule == rule] or ["-"]
    return found


def test_an_alarm_stays_up_until_it_clears_and_does_not_flap() -> None:
    quiet = [0.01] * 6
    path = [0.01, 0.055, 0.065, 0.058, 0.061, 0.04, 0.028, 0.065]
    found = told("void_surge", months(*quiet, *path))
    # Six months later the surge itself is what it is compared with.
    assert found == ["-"] * 7 + ["-", "raised", "up", "up", "up", "cleared", "-"]


def test_a_twin_is_told_as_long_as_it_is_there() -> None:
    found = told("twin", months(0.0, 1.0, 1.0, 1.0, 0.0, feature="twins"))
    assert found == ["-", "raised", "up", "up", "cleared"]
    assert told("overlap", months(1.0, 1.0, feature="overlapping_firms")) == ["raised", "up"], "from the first month"


def test_unknown_neither_raises_nor_clears() -> None:
    values = months(*[0.0] * 6, 0.2)
    values += [{"sales_void_share_12m": None}, {}]
    assert told("void_surge", values)[-3:] == ["raised", "-", "-"]


def test_each_rule_raises_on_what_it_is_for() -> None:
    usual = {"sales_3m": 100.0, "sales_growth_3m": 0.0, "sales_recency": 3.0, "sales_longest_gap": 12.0, "sales_12m": 400.0,
             "sales_top1_12m": 0.3, "sales_void_share_12m": 0.01, "sales_red_share_12m": 0.01, "purchases_3m": 60.0,
             "power_per_yuan_change": 0.0, "bank_in_to_invoiced": 1.0, "stock_ahead_of_sales": 0.0, "margin_change": 0.0,
             "tax_late_12m": 0.0, "twins": 0.0, "self_trade_share": 0.0, "reciprocal_partners": 0.0,
             "rings": 0.0, "overlapping_firms": 0.0}  # fmt: skip
    changes: dict[str, dict[str, float | None]] = {
        "sales_drop": {"sales_3m": 55.0},
        "sales_stop": {"sales_recency": 61.0},
        "concentration": {"sales_top1_12m": 0.55},
        "void_surge": {"sales_void_share_12m": 0.07},
        "red_letter_surge": {"sales_red_share_12m": 0.07},
        "buying_without_sales": {"purchases_3m": 100.0},
        "sales_without_power": {"power_per_yuan_change": -0.3},
        "power_without_sales": {"power_per_yuan_change": 0.4},
        "money_behind_sales": {"bank_in_to_invoiced": 0.8},
        "stock_ahead": {"stock_ahead_of_sales": 0.7},
        "margin_fall": {"margin_change": -0.1},
        "tax_late": {"tax_late_12m": 0.2},
        "twin": {"twins": 1.0},
        "self_trade": {"self_trade_share": 0.05},
        "reciprocal_trade": {"reciprocal_partners": 1.0},
        "ring": {"rings": 1.0},
        "overlap": {"overlapping_firms": 1.0},
    }
    assert set(changes) == set(BY_NAME)
    for rule in RULES:
        assert set(rule.reads) <= set(FEATURES)
        assert rule.lines.cleared < rule.lines.raised
        watch = Watch("F")
        for _ in range(13):
            assert list(watch.look(DAY, usual)) == []
        raised = [event.rule for event in watch.look(DAY, {**usual, **changes[rule.name]})]
        assert rule.name in raised
        assert [e.rule for e in Watch("F", {rule.name}).look(DAY, usual) if e.kind != "cleared"] in ([], [rule.name])


def test_relations_are_features_where_they_are_looked_for() -> None:
    ring, others = ("Iron", "Steel", "Parts"), ("Tin", "Zinc", "Lead")
    rows = []
    for i, (seller, buyer) in enumerate(zip(ring, (*ring[1:], ring[0]))):
        day = DAY + timedelta(days=7 * i)
        sale = Invoice(seller, "sales", f"5000000{i}", day, "b", 90_000 + i, 0, 90_000 + i, False, day)
        rows += [sale, sale._replace(firm=buyer, direction="purchases", counterparty="a")]
    for i in range(4):
        shared = Invoice("Tin", "sales", f"6000000{i}", DAY, "b", 7_000 + i, 0, 7_000 + i, False, DAY)
        rows += [shared, shared._replace(firm="Zinc")]
    for i, firm in enumerate((*ring, *others) * 20):
        day = DAY + timedelta(days=i % 50)
        rows.append(
            Invoice(
                firm,
                "sales",
                str(10_000_019 * (i + 1) % 89_999_999),
                day,
                f"x{i % 9}",
                100 * i + 5,
                0,
                100 * i + 5,
                False,
                day,
            )
        )
    asked = [(firm, DAY + timedelta(days=90)) for firm in (*ring, *others)]
    with Store() as store:
        store.add(rows)
        found = {v["firm"]: v for v in compute(store.connection, asked, with_relations=True).features()}
        assert {firm: v["rings"] for firm, v in found.items()} == {
            **dict.fromkeys(ring, 1.0),
            **dict.fromkeys(others, 0.0),
        }
        assert {firm for firm, v in found.items() if v["overlapping_firms"]} == {"Tin", "Zinc"}
        assert {v["own_code_trades"] for v in found.values()} == {0.0}
        plain = list(compute(store.connection, asked).features())
        assert {v["rings"] for v in plain} == {None}, "not looked for is unknown"
        parts = [row for part in compute_in_parts(store.connection, asked, rows_each=4) for row in part.features()]
        assert [row["firm"] for row in parts] == sorted((*ring, *others))
        assert [row["sales_3m"] for row in parts] == [
            v["sales_3m"] for v in sorted(plain, key=lambda v: str(v["firm"]))
        ]


def test_months_end() -> None:
    assert month_ends(date(2023, 12, 5), date(2024, 3, 30)) == [
        date(2023, 12, 31),
        date(2024, 1, 31),
        date(2024, 2, 29),
    ]


def test_alarms_come_before_defaults_on_the_synthetic_economy() -> None:
    economy = synthetic_firms(4, firms=30, months=30)
    with Store() as store:
        store.add(economy.rows)
        first = economy.first_on.replace(year=economy.first_on.year + 1)
        found = list(events(store, first, economy.last_on, with_links=False))
    judged = {f.rule: f for f in foretell(economy, found)}
    assert judged["any"].defaults > 0
    assert judged["any"].foretold >= judged["any"].defaults / 2
    assert (judged["any"].lead_days or 0) > 30
    assert judged["any"].false_per_firm_year < 0.6
    assert sum(1 for e in found if e.kind == "raised") > 0
    # A book that takes the same months twice, or in two parts, holds what it holds at once.
    with Book() as whole, Book() as parts:
        whole.take(found, at=NOW)
        middle = date(economy.last_on.year, 1, 31)
        parts.take([e for e in found if e.on <= middle], at=NOW)
        assert parts.take([e for e in found if e.on <= middle], at=NOW) == 0
        parts.take(found, at=NOW)
        assert whole.alerts() == parts.alerts()


# -- the book -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    with Book(tmp_path / "alerts.db") as opened:
        yield opened


def event(kind: str, month: int, value: float = 0.5, subject: str = "") -> Event:
    return Event("F", "sales_drop", date(2026, month, 28), kind, value, subject)


def test_an_alert_is_opened_once_closed_and_opened_anew(book: Book) -> None:
    assert book.take([event("raised", 1)], at=NOW) == 1
    assert book.take([event("up", 2, 0.7)], at=NOW) == 0
    assert book.take([event("up", 1, 0.9)], at=NOW) == 0, "a day before what was taken in"
    assert book.take([event("up", 2, 0.7)], at=NOW) == 0, "the last day again"
    (alert,) = book.alerts()
    assert (alert.state, alert.seen_on.month, alert.value, alert.worst) == ("new", 2, 0.5, 0.7)
    assert book.up() == {"F": {"sales_drop"}}
    book.take([event("cleared", 3, 0.1), event("raised", 4)], at=NOW)
    assert [a.state for a in book.alerts()] == ["new", "cleared"]
    assert [a.state for a in book.alerts(firm="G")] == []


def test_a_person_acknowledges_once_and_the_log_says_who_and_when(book: Book, tmp_path: Path) -> None:
    book.take([event("raised", 1)], at=NOW)
    seen = book.acknowledge(1, "王敏", "已电话核实", at=NOW)
    assert (seen.state, seen.who, seen.at) == ("acknowledged", "王敏", "2026-07-01T09:00:00+00:00")
    for number, who, note, code in (
        (1, "Li", "again", "ALREADY_ACKNOWLEDGED"),
        (9, "Li", "x", "UNKNOWN_ALERT"),
        (1, " ", "x", "BAD_NOTE"),
        (1, "Li", "x" * 501, "BAD_NOTE"),
    ):
        with pytest.raises(UsageError) as refused:
            book.acknowledge(number, who, note, at=NOW)
        assert refused.value.code == code
    book.take([event("up", 2)], at=NOW)
    assert book.alerts()[0].state == "acknowledged", "seen stays seen while it is up"
    assert [line["step"] for line in book.log()] == ["raised", "acknowledged"]
    with Book(tmp_path / "alerts.db") as again:
        assert again.alerts() == book.alerts()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE log SET who = 'Li' WHERE seq = 2",
        "DELETE FROM log WHERE seq = 1",
        "UPDATE alerts SET who = 'Wang' WHERE id = 2",
        "UPDATE alerts SET cleared_on = '2026-12-31' WHERE id = 2",
        "DELETE FROM alerts WHERE id = 1",
    ],
)
def test_a_log_that_was_altered_shows(book: Book, tmp_path: Path, change: str) -> None:
    book.take([event("raised", 1), event("cleared", 2), event("raised", 3)], at=NOW)
    assert len(book.log()) == 3
    with sqlite3.connect(tmp_path / "alerts.db") as other:
        other.execute(change)
    with pytest.raises(Corrupt) as found:
        book.log()
    assert found.value.code == "BROKEN_LOG"


def test_what_is_no_book_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("no database at all, by a long way" * 40)
    with pytest.raises(Corrupt) as found:
        Book(tmp_path / "x.db")
    assert found.value.code == "NOT_A_BOOK"


# -- guarantees ---------------------------------------------------------------------------------------------------------


def guarantees(text: str, until: date | None = None) -> list[Guarantee]:
    return [Guarantee(word[0], word[1], int(word[2:]) * 100, until) for word in text.split()]


def test_circles_of_guarantees_and_the_knots_they_make() -> None:
    found = find_knots(guarantees("AB50 BA30 BC20 CA10 XY5 DE7 ED9 EE1 KA9"), DAY)
    assert [knot.firms for knot in found] == [("A", "B", "C"), ("D", "E")]
    assert [(c.firms, c.least_minor) for c in found[0].circles] == [(("A", "B"), 3_000), (("A", "B", "C"), 1_000)]
    assert found[0].amount_minor == 11_000
    assert found[0].is_all
    assert find_knots(guarantees("AB1 BA1", until=DAY - timedelta(days=1)), DAY) == ()


def test_circles_become_alerts_and_clear_when_they_come_undone(book: Book) -> None:
    book.take(circle_events(find_knots(guarantees("AB1 BA1"), DAY), [], DAY), at=NOW, kind="g")
    assert [(a.firm, a.subject, a.value) for a in book.alerts()] == [("A", "A B", 2.0), ("B", "A B", 2.0)]
    open_ones = [(a.firm, a.subject) for a in book.alerts()]
    book.take(circle_events((), open_ones, DAY + timedelta(days=1)), at=NOW, kind="g")
    assert {a.state for a in book.alerts()} == {"cleared"}


def test_a_file_of_guarantees(tmp_path: Path) -> None:
    file = tmp_path / "g.csv"
    file.write_text('担保人,被担保人,担保金额,到期日\n甲,乙,"1,000,000",2026-12-31\n乙,甲,500000.00,\n', "gb18030")
    assert read_guarantees(file) == (
        Guarantee("甲", "乙", 100_000_000, date(2026, 12, 31)),
        Guarantee("乙", "甲", 50_000_000),
    )
    for row in ("甲,乙,-5,", "甲,乙,many,", "甲,,5,", "甲,乙,5,soon", "甲"):
        file.write_text(f"担保人,被担保人,金额,到期日\n{row}\n", "utf-8")
        with pytest.raises(Corrupt) as found:
            read_guarantees(file)
        assert (found.value.code, found.value.where) == ("BAD_GUARANTEE", "g.csv:2")
    file.write_text("a,b\n", "utf-8")
    with pytest.raises(UsageError):
        read_guarantees(file)
