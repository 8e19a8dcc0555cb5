"""
How long features take: 1.1 million invoices of 425 firms in one batch, and one event of one firm.

    python -m bench.credit [--big ROWS]

Uses the development data (HEFU_SHARED, default ../shared); without them made-up firms of fewer rows stand in, and the rows say so.
`--big` makes that many invoices of made-up counterparties instead, and says what time and memory a batch over them takes.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import duckdb

from bench.table import Row, at, row, seconds
from hefu.credit.features import LiveFirm, compute, compute_in_parts, find_links, record_of
from hefu.credit.sources import Invoice, Options, Store, import_source, synthetic_firms
from hefu.credit.sources import Row as SourceRow

COMMAND = "python -m bench.credit"
EVENTS = 2_000
#: Invoices that are made in one statement.
_MADE_AT_ONCE = 5_000_000
SHARED = Path(os.environ.get("HEFU_SHARED", Path(__file__).parents[2] / "shared")) / "data" / "cumcm2020c"


def measure() -> list[Row]:
    """Rows of a table: batch, links, events of the largest firm and of a middling one."""
    with Store() as store:
        data, as_of = _fill(store)
        count = store.coverage()["invoices"][0]
        spine = [(firm, as_of) for firm in store.firms()]
        what = f"{count:,} invoices, {len(spine)} firms, {data}"
        batch = seconds(lambda: compute(store.connection, spine, with_links=False))
        links = seconds(lambda: find_links(store.connection, as_of))
        whole = seconds(lambda: compute(store.connection, spine))
        rows = [
            _row(f"features, {what}", batch, "s", 2.0, 1.0),
            _row(f"twins and trades between firms, {what}", links, "s", None, None),
            _row(f"features with links, {what}", whole, "s", 2.0, 1.0),
        ]
        sizes = store.connection.execute("SELECT firm, count(*) AS n FROM invoices GROUP BY 1 ORDER BY 2, 1").fetchall()
        for name, (firm, size) in (("median", sizes[len(sizes) // 2]), ("largest", sizes[-1])):
            rows += _events(store, f"{name} firm, {size:,} invoices, {data}", firm, as_of)
        return rows


def _fill(store: Store) -> tuple[str, date]:
    if SHARED.is_dir():
        files = sorted(SHARED.glob("*_invoices.parquet"))
        import_source(store, "invoices", files, Options(date(2020, 12, 31), skip_refused=True))
        return "cumcm2020c", date(2020, 2, 21)
    made = synthetic_firms(1, firms=400)
    store.add(row for row in made.rows if isinstance(row, Invoice))
    return "synthetic", made.last_on


def _events(store: Store, name: str, firm: str, as_of: date) -> list[Row]:
    """Feed the firm all but its last rows, then those one by one, each followed by all features and integers of record."""
    live = LiveFirm(firm, as_of)
    rows = _rows(store, firm)
    late = rows[-min(EVENTS, len(rows) // 2) :]
    for given in rows[: -len(late)]:
        live.apply(given)
    live.features()
    taken, recorded = [], []
    for given in late:
        start = time.perf_counter()
        live.apply(given)
        live.features()
        taken.append(time.perf_counter() - start)
        facts = live.facts()
        start = time.perf_counter()
        record_of(facts)
        recorded.append(time.perf_counter() - start)
    start = time.perf_counter()
    live.advance(as_of + timedelta(days=31))
    live.features()
    turned = time.perf_counter() - start
    return [
        _row(f"one event to all features, p50, {name}", 1000 * at(taken, 50), "ms", 5.0, 1.0),
        _row(f"one event to all features, p99, {name}", 1000 * at(taken, 99), "ms", 5.0, 2.0),
        _row(f"integers of record from facts, p99, {name}", 1000 * at(recorded, 99), "ms", None, None),
        _row(f"another month begins, {name}", 1000 * turned, "ms", None, None),
    ]


def _rows(store: Store, firm: str) -> list[SourceRow]:
    fields = ", ".join(name for name in Invoice._fields if name not in ("void", "recorded_on"))
    found = store.connection.execute(
        f"SELECT {fields}, voided_on IS NOT NULL, recorded_on FROM invoices WHERE firm = ? ORDER BY recorded_on", [firm]
    )
    return [Invoice(*row) for row in found.fetchall()]


def big(rows: int, *, limit_gb: float, firms_each: int) -> list[Row]:
    """Features of so many made-up invoices in a store on the disk, a part of the firms at a time, under a bound of memory."""
    with tempfile.TemporaryDirectory(prefix="hefu-bench-") as folder:
        path = Path(folder) / "credit.duckdb"
        with Store(path) as store:
            store.connection.execute(f"SET memory_limit = '{limit_gb}GB'")
            store.connection.execute("SET preserve_insertion_order = false")
            start = time.perf_counter()
            # Drawn by the database: a firm for each thousand invoices, counterparties of its own, three years of days.
            for first in range(0, rows, _MADE_AT_ONCE):
                store.connection.execute(f"""
                    INSERT INTO invoices
                    SELECT 'SYN-' || lpad((i // 1000)::VARCHAR, 7, '0'), CASE WHEN i % 2 = 0 THEN 'sales' ELSE 'purchases' END,
                           i::VARCHAR, day, 'P' || (hash(i, 1) % 60), n, n * 13 // 100, n + n * 13 // 100, day, NULL
                    FROM (SELECT i, (hash(i, 2) % 100000000)::BIGINT AS n, DATE '2023-01-01' + (hash(i) % 1095)::INTEGER AS day
                          FROM range({first}, {min(rows, first + _MADE_AT_ONCE)}) AS r(i))
                """)
            store.connection.execute("CHECKPOINT")
            made, size = time.perf_counter() - start, path.stat().st_size / 1e9
            before = _peak()
            spine = [(firm, date(2025, 12, 31)) for firm in store.firms()]
            start, count = time.perf_counter(), 0
            for part in compute_in_parts(store.connection, spine, rows_each=firms_each):
                count += part.rows
            taken = time.perf_counter() - start
            assert count == len(spine)
    what = (
        f"{rows:,} made-up invoices, {len(spine):,} firms, {firms_each:,} at a time, database bound to {limit_gb:g} GB"
    )
    return [
        _row(f"making them, {size:.1f} GB on the disk, {rows:,} made-up invoices", made, "s", None, None),
        _row(f"features, {what}", taken, "s", None, None),
        _row(f"most memory before, {rows:,} made-up invoices", before, "GB", None, None),
        _row(f"most memory, {what}", _peak(), "GB", None, None),
    ]


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def _row(name: str, value: float, unit: str, must: float | None, goal: float | None) -> Row:
    return row(f"credit: {name}", round(value, 3), unit, must, goal, command=COMMAND)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--big", type=int, default=0, help="invoices to make")
    parser.add_argument("--limit-gb", type=float, default=2.0, help="bound of the database's memory")
    parser.add_argument("--firms-each", type=int, default=2_000, help="firms in a part")
    asked = parser.parse_args()
    rows = big(asked.big, limit_gb=asked.limit_gb, firms_each=asked.firms_each) if asked.big else measure()
    print(json.dumps(rows, indent=1))
    print(f"DuckDB {duckdb.__version__}", file=sys.stderr)


if __name__ == "__main__":
    main()
