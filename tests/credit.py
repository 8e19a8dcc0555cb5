"""Rows of firms for tests, from short texts and by Hypothesis, and the two ways to features side by side."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from hefu.credit.features import Links, compute, find_links, live
from hefu.credit.sources import (
    BankFlow,
    CapacityPeriod,
    ElectricityPeriod,
    Invoice,
    Row,
    StockCount,
    Store,
    TaxFiling,
    WaterPeriod,
)

#: Features of one firm or none at a date: name to value, None where unknown.
Values = Mapping[str, Any]


def rows_of(text: str, firm: str = "F") -> list[Row]:
    """
    Rows from lines such as these; amounts in yuan, periods are whole months:

        sale  2026-01-05  Anding  100  13     net and tax; a word behind: void
        buy   2026-01-05  Bolts   80   10.4
        tax   2026-01     100 13 13  2026-02-10  2026-02-15      declared, payable, paid, filed, due
        bank  2026-01-05  -50 wages
        stock 2026-01-31  raw 500
        hours 2026-01     100 90 5            available, run, output
        power 2026-01     12.5                kWh
        water 2026-01     3                   m3
    """
    return [_row(line.split(), number, firm) for number, line in enumerate(text.strip().splitlines()) if line.strip()]


def _row(words: list[str], number: int, firm: str) -> Row:
    kind, when, *rest = words
    if kind in ("sale", "buy"):
        net, tax = _minor(rest[1]), _minor(rest[2])
        day = date.fromisoformat(when)
        side = "sales" if kind == "sale" else "purchases"
        return Invoice(firm, side, str(number), day, rest[0], net, tax, net + tax, "void" in rest, day)
    if kind == "bank":
        day = date.fromisoformat(when)
        return BankFlow(firm, "A", str(number), day, _minor(rest[0]), rest[1], rest[2] if len(rest) > 2 else "", day)
    if kind == "stock":
        day = date.fromisoformat(when)
        return StockCount(firm, "", rest[0], day, _minor(rest[1]), day)
    first = date.fromisoformat(when + "-01")
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    if kind == "tax":
        filed, due = (date.fromisoformat(day) for day in rest[3:5])
        declared, payable, paid = map(_minor, rest[:3])
        return TaxFiling(firm, "vat", first, last, declared, payable, paid, filed, due, filed)
    if kind == "hours":
        available, run, output = (int(word) for word in rest)
        return CapacityPeriod(firm, "L", first, last, available * 60, run * 60, output * 1000, last)
    if kind == "power":
        return ElectricityPeriod(firm, "M", first, last, round(float(rest[0]) * 1000), last)
    return WaterPeriod(firm, "M", first, last, round(float(rest[0]) * 1000), last)


def _minor(text: str) -> int:
    return round(float(text) * 100)


def features(text: str, as_of: str) -> Values:
    """Features of firm F on DuckDB; event by event they must be the same, or this fails."""
    return all_features([text], as_of)[0]


def all_features(texts: Sequence[str], as_of: str) -> list[Values]:
    """The same for several firms, each with a text of its own, in one batch."""
    day, firms = date.fromisoformat(as_of), [f"F{i:02d}" for i in range(len(texts))]
    books = [rows_of(text, firm) for text, firm in zip(texts, firms)]
    found = batch_of([row for book in books for row in book], [(firm, day) for firm in firms])
    for firm, book, (batch, _) in zip(firms, books, found):
        one = live.build(firm, day, book)
        one.set_links(Links())
        assert_same(batch, one.features())
    return [batch for batch, _ in found]


def batch_of(
    rows: Iterable[Row], spine: Sequence[tuple[str, date]], *, with_links: bool = True
) -> list[tuple[Values, Values]]:
    """Features and facts of each firm and date of the spine, which is in order."""
    with Store() as store:
        store.add(rows)
        table = compute(store.connection, spine, with_links=with_links)
        return [
            ({k: v for k, v in f.items() if k not in ("firm", "as_of")}, facts)
            for f, facts in zip(table.features(), table.facts())
        ]


def links_at(rows: Iterable[Row], as_of: date) -> dict[str, Links]:
    """Links among all firms of the rows."""
    with Store() as store:
        store.add(rows)
        return find_links(store.connection, as_of)


def assert_same(a: Values, b: Values, tolerance: float = 1e-9) -> None:
    """Two sets of features are the same: unknown together, and within the tolerance."""
    for name in a:
        x, y = a[name], b[name]
        assert (x is None) == (y is None), (name, x, y)
        assert x is None or math.isclose(x, y, rel_tol=tolerance, abs_tol=tolerance), (name, x, y)


# -- by Hypothesis ---------------------------------------------------------------------------------------------------

FIRST = date(2024, 1, 1)
days = st.integers(0, 900).map(lambda n: FIRST + timedelta(days=n))
_delays = st.sampled_from([0, 0, 0, 1, 12, 45, 400]).map(lambda n: timedelta(days=n))
_money = st.integers(-(10**9), 10**9)
_size = st.one_of(st.just(0), st.integers(1, 10**9))


@st.composite
def invoices(draw: Any, firm: str) -> Invoice:
    """An invoice of few numbers and parties, so that the same one comes again."""
    day = FIRST + timedelta(days=draw(st.sampled_from([0, 30, 31, 59, 60, 366, 400, 547, 700, 880])))
    net = draw(st.sampled_from([-50_000, 0, 1, 100_000, 88_495_575, 999_999_999]))
    tax = net * draw(st.sampled_from([0, 3, 13])) // 100
    return Invoice(
        firm,
        draw(st.sampled_from(["sales", "purchases"])),
        draw(st.sampled_from("12")),
        day,
        draw(st.sampled_from("ABC")),
        net,
        tax,
        net + tax,
        draw(st.sampled_from([False, False, True])),
        day + draw(_delays),
    )


@st.composite
def others(draw: Any, firm: str) -> Row:
    """A row of any other source; few identities, so that versions meet."""
    start, known = draw(days), draw(_delays)
    end = start + timedelta(days=draw(st.sampled_from([0, 14, 30, 92, 365])))
    name = draw(st.sampled_from("12"))
    match draw(st.sampled_from(["tax", "bank", "inventory", "capacity", "electricity", "water"])):
        case "tax":
            filed = end + timedelta(days=draw(st.integers(0, 40)))
            amounts = draw(_money), draw(_money), draw(_money)
            kind = draw(st.sampled_from(["vat", "income"]))
            return TaxFiling(firm, kind, start, end, *amounts, filed, end + timedelta(days=15), filed + known)
        case "bank":
            category = draw(st.sampled_from(["sales", "wages", "borrowing", "debt_service", "other"]))
            return BankFlow(
                firm, "A", name, start, draw(_money), category, draw(st.sampled_from(["", "X", "丙"])), start + known
            )
        case "inventory":
            return StockCount(firm, "", draw(st.sampled_from(["raw", "finished"])), start, draw(_size), start + known)
        case "capacity":
            return CapacityPeriod(firm, name, start, end, draw(_size), draw(_size), draw(_size), end + known)
        case "electricity":
            return ElectricityPeriod(firm, name, start, end, draw(_size), end + known)
        case _:
            return WaterPeriod(firm, name, start, end, draw(_size), end + known)


@st.composite
def corrected(draw: Any, firm: str) -> list[Row]:
    """A row, and perhaps a later version of it."""
    row: Row = draw(others(firm))
    if draw(st.sampled_from([False, False, True])):
        return [row]
    better = row._replace(recorded_on=row.recorded_on + timedelta(days=draw(st.integers(0, 60))))
    match better:
        case BankFlow():
            better = better._replace(amount_minor=draw(_money), category="other")
        case TaxFiling():
            better = better._replace(declared_minor=draw(_money))
        case StockCount():
            better = better._replace(value_minor=draw(_size))
        case ElectricityPeriod():
            better = better._replace(energy_wh=draw(_size))
        case _:
            pass
    return [row, better]


def histories(firm: str) -> st.SearchStrategy[list[Row]]:
    """Rows of a firm, some repeated in other versions, in no order."""
    some = st.lists(st.one_of(invoices(firm).map(lambda row: [row]), corrected(firm)), min_size=3, max_size=14)
    return some.map(lambda groups: [row for group in groups for row in group])
