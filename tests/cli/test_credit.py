"""Sources of firms in and features out by command: kept whole or not at all, absent sources told, made-up firms labelled."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from commands import hefu, told
from hefu.credit.features import FEATURES

POWER = "企业代号,电表号,起始日期,截止日期,用电量（度）\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made-up firms in Chinese files, imported into a store."""
    folder = tmp_path_factory.mktemp("firms")
    made = json.loads(hefu("credit", "synthetic", folder, "--firms", "5", "--months", "14", "--chinese", "--json"))
    assert made["synthetic"]
    assert made["firms"] == 5
    for source in ("tax", "bank", "inventory", "capacity", "electricity"):
        done = hefu(
            "credit", "import", source, folder / f"synthetic_{source}.csv", "--today", "2026-07-01", home=folder
        )
        assert "Synthetic" in done
    invoices = sorted(folder.glob("*_invoices.csv"))
    report = told("credit", "import", "invoices", *invoices, "--today", "2026-07-01", home=folder)
    assert report["stored"]
    assert report["rows"] == report["added"]
    return folder


def test_a_refused_row_keeps_everything_out(tmp_path: Path) -> None:
    file = tmp_path / "power.csv"
    file.write_text(POWER + "甲厂,1,2026-01-01,2026-01-31,5\n甲厂,1,2026-02-01,2026-02-28,-5\n", encoding="gb18030")
    said = hefu("credit", "import", "electricity", file, "--today", "2026-07-01", home=tmp_path, code=3)
    assert "power.csv:3 NEGATIVE [energy_wh]" in said
    assert "Nothing was kept" in said
    assert told("credit", "sources", home=tmp_path)["sources"]["electricity"]["rows"] == 0
    chinese = hefu(
        "credit", "import", "electricity", file, "--skip-refused", "--today", "2026-07-01", home=tmp_path, lang="zh"
    )
    assert "该数值不可能小于零" in chinese
    assert "新入库 1 行" in chinese


def test_absence_is_told(folder: Path) -> None:
    known = told("credit", "sources", home=folder)
    assert known["synthetic"]
    assert known["sources"]["water"] == {"rows": 0, "firms": 0, "first_on": None, "last_on": None}
    assert known["firms"] == 5
    lines = hefu("credit", "sources", home=folder).splitlines()
    assert any(line.startswith("water") and "absent" in line for line in lines)
    assert "合成数据" in hefu("credit", "sources", home=folder, lang="zh")


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_a_table_of_all_firms(folder: Path, tmp_path: Path, kind: str) -> None:
    target = tmp_path / f"features.{kind}"
    made = told("credit", "features", "--as-of", "2026-06-30", "-o", target, home=folder)
    assert made["rows"] == 5
    assert made["absent"] == ["water"]
    read = duckdb.sql(f"SELECT * FROM '{target}'")
    assert read.columns == ["firm", "as_of", *(feature.name for feature in FEATURES)]
    rows = duckdb.sql(f"SELECT firm, sales_12m, water_12m, water_present FROM '{target}'").fetchall()
    assert len(rows) == 5
    assert all(water is None and present == 0 for _, _, water, present in rows)
    assert any(sales for _, sales, _, _ in rows)


def test_one_firm_is_shown_with_its_integers_of_record(folder: Path) -> None:
    one = told("credit", "features", "--as-of", "2026-06-30", "--firm", "SYN-00001", home=folder)
    assert one["features"]["firm"] == "SYN-00001"
    assert one["record"]["sales_12m"] == one["features"]["sales_12m"]
    assert one["record"]["water_12m"] is None
    shown = hefu("credit", "features", "--as-of", "2026-06-30", "--firm", "SYN-00001", home=folder, lang="zh")
    assert "近12个完整月销项净额" in shown
    assert "缺以下数据源，相应特征为未知：用水" in shown


def test_a_feature_is_defined_in_both_languages() -> None:
    shown = hefu("credit", "define", "power_follows_sales")
    assert "power_product = total(times(electricity_wh, sales_net)" in shown
    assert "相关系数" in hefu("credit", "define", "power_follows_sales", lang="zh")
    assert "sales_hhi_12m" in hefu("credit", "define", "hhi", code=2)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("sources",), "NO_STORE"),
        (("features", "--as-of", "2026-06-30", "-o", "x.parquet"), "NO_STORE"),
        (("features", "--as-of", "2026-06-30"), "NO_OUTPUT"),
        (("define", "luck"), "UNKNOWN_FEATURE"),
    ],
)
def test_what_makes_no_sense_is_said(tmp_path: Path, arguments: tuple[str, ...], code: str) -> None:
    assert code in hefu("credit", *arguments, home=tmp_path, code=2)


def test_unknown_firms_and_kinds_of_tables_are_refused(folder: Path, tmp_path: Path) -> None:
    asked = ("credit", "features", "--as-of", "2026-06-30")
    assert "UNKNOWN_FIRM" in hefu(*asked, "--firm", "Nobody", home=folder, code=2)
    assert "BAD_TABLE_KIND" in hefu(*asked, "-o", tmp_path / "x.xls", "--firm", "SYN-00001", home=folder, code=2)
    assert "NOT_SAVED" in hefu(*asked, "-o", tmp_path / "none" / "x.csv", "--firm", "SYN-00001", home=folder, code=2)
    assert "BAD_COLUMN" in hefu(
        "credit", "import", "water", folder / "synthetic_water.csv", "--column", "x", home=tmp_path, code=2
    )
