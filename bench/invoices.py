"""
How long 1.1 million invoice rows take from Parquet and from GB18030 CSV, and how long matching them takes.

    python -m bench.invoices

Uses the development data (HEFU_SHARED, default ../shared) where present, else a synthetic economy of the same size.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb

from bench.table import Row, row, seconds
from hefu.documents.invoices import (
    BUILT_IN,
    Size,
    core_enterprises,
    find_chains,
    import_invoices,
    match_trades,
    synthetic_economy,
    write_invoices,
)

ROWS = 1_100_000
COMMAND = "python -m bench.invoices"
TODAY = date(2026, 12, 31)
_SHARED = Path(os.environ.get("HEFU_SHARED", Path(__file__).parents[2] / "shared")) / "data" / "cumcm2020c"
_CHINESE = (
    'SELECT firm_id AS "企业代号", invoice_no AS "发票号码", issue_date AS "开票日期", counterparty_id AS "{party}",'
    ' CAST(net_amount AS DECIMAL(18, 2)) AS "金额", CAST(tax_amount AS DECIMAL(18, 2)) AS "税额",'
    ' CAST(gross_amount AS DECIMAL(18, 2)) AS "价税合计",'
    " CASE status WHEN 'valid' THEN '有效发票' ELSE '作废发票' END AS \"发票状态\" FROM read_parquet('{file}')"
)


def measure() -> list[Row]:
    """Seconds for each step, the median of three runs, as rows of a table."""
    with tempfile.TemporaryDirectory(prefix="hefu-bench-") as name:
        folder = Path(name)
        parquet = _SHARED if _SHARED.is_dir() else _synthetic_parquet(folder)
        data = "cumcm2020c" if parquet == _SHARED else "synthetic"
        csv = _gb18030(sorted(parquet.glob("*_invoices.parquet")), folder)
        rows = [
            _step(f"import, Parquet, {data}", lambda: import_invoices(parquet, today=TODAY), 3.0, 2.0),
            _step(f"import, GB18030 CSV, {data}", lambda: import_invoices(csv, today=TODAY), 6.0, 4.5),
        ]
        imported = import_invoices(parquet, today=TODAY)
        rows.append(_step(f"match trades, {data}", lambda: match_trades(imported.invoices), 10.0, 5.0))
        trades = match_trades(imported.invoices).trades
        cores = core_enterprises(trades, 3)
        rows.append(_step(f"find chains, {data}", lambda: find_chains(trades, cores), 60.0, 10.0))
        return rows


def _step(name: str, step: Callable[[], object], must: float, goal: float) -> Row:
    return row(f"invoices: {name}", round(seconds(step), 3), "s", must, goal, command=COMMAND)


def _synthetic_parquet(folder: Path) -> Path:
    economy = synthetic_economy(1, size=Size(30, ROWS // 100, ROWS // 2))
    made, target = folder / "made", folder / "parquet"
    made.mkdir()
    target.mkdir()
    for file in write_invoices(economy.trades, made, mapping=BUILT_IN[0]).files:
        amounts = ", ".join(f"CAST({name}_amount AS DOUBLE) AS {name}_amount" for name in ("net", "tax", "gross"))
        source = f"SELECT * REPLACE ({amounts}) FROM read_csv('{file}', all_varchar = true)"
        duckdb.execute(f"COPY ({source}) TO '{target / file.stem}.parquet'")
    return target


def _gb18030(files: list[Path], folder: Path) -> Path:
    target = folder / "csv"
    target.mkdir()
    for file in files:
        party = "销方单位代号" if "input" in file.name else "购方单位代号"
        path = target / f"{file.stem}.csv"
        duckdb.execute(f"COPY ({_CHINESE.format(party=party, file=file)}) TO '{path}' (FORMAT csv, HEADER)")
        path.write_bytes(path.read_bytes().decode("utf-8").encode("gb18030"))
    return target


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
