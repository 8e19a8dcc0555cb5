"""Watching firms by command: alerts raised, seen and logged; circles of guarantees; delays fitted, tried and scored."""

from __future__ import annotations

import csv
import random
from datetime import date, timedelta
from pathlib import Path

import pytest

from commands import hefu, told


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made-up firms of which some default, imported into a store."""
    folder = tmp_path_factory.mktemp("watched")
    hefu("credit", "synthetic", folder, "--firms", "12", "--months", "30", "--seed", "4")
    today = ("--today", "2026-07-01")
    hefu("credit", "import", "invoices", *sorted(folder.glob("*_invoices.csv")), *today, home=folder)
    for source in ("bank", "electricity", "inventory"):
        hefu("credit", "import", source, folder / f"synthetic_{source}.csv", *today, home=folder)
    return folder


def test_alerts_are_raised_seen_and_logged(home: Path) -> None:
    made = told("credit", "watch", "--as-of", "2026-06-30", "--from", "2026-01-31", "--no-links", home=home)
    assert made["synthetic"]
    assert made["firms"] >= 12
    assert made["opened"] > 0
    again = told("credit", "watch", "--as-of", "2026-06-30", "--no-links", home=home)
    assert again["opened"] == 0
    alerts = told("credit", "alerts", "--state", "new", home=home)["alerts"]
    assert alerts
    number = alerts[0]["number"]
    assert "(line " in alerts[0]["reason"]
    assert "警戒线" in hefu("credit", "alerts", home=home, lang="zh")
    seen = told("credit", "acknowledge", str(number), "--as", "Wang Min", "--note", "called the firm", home=home)
    assert (seen["state"], seen["who"]) == ("acknowledged", "Wang Min")
    refused = hefu("credit", "acknowledge", str(number), "--as", "Li", "--note", "x", home=home, code=2)
    assert "ALREADY_ACKNOWLEDGED" in refused
    steps = told("credit", "alerts", "--log", home=home)["log"]
    assert (steps[-1]["step"], steps[-1]["who"], steps[-1]["alert"]) == ("acknowledged", "Wang Min", number)
    one = told("credit", "alerts", "--firm", alerts[0]["firm"], "--state", "acknowledged", home=home)
    assert [a["number"] for a in one["alerts"]] == [number]


def test_what_makes_no_sense_is_said(tmp_path: Path, home: Path) -> None:
    assert "NO_BOOK" in hefu("credit", "alerts", home=tmp_path, code=2)
    assert "NO_STORE" in hefu("credit", "watch", "--as-of", "2026-06-30", home=tmp_path, code=2)
    assert "UNKNOWN_ALERT" in hefu("credit", "acknowledge", "999", "--as", "Li", "--note", "x", home=home, code=2)
    (tmp_path / "g.csv").write_text("guarantor,borrower,amount\nA,B,none\n", "utf-8")
    assert "g.csv:2" in hefu("credit", "guarantees", tmp_path / "g.csv", "--as-of", "2026-06-30", home=tmp_path, code=4)


def test_circles_of_guarantees(tmp_path: Path) -> None:
    file = tmp_path / "g.csv"
    file.write_text("guarantor,borrower,amount,until\nA,B,100,\nB,C,50,2027-01-01\nC,A,70,\nC,D,9,\n", "utf-8")
    found = told("credit", "guarantees", file, "--as-of", "2026-06-30", "--alert", home=tmp_path)
    assert [knot["firms"] for knot in found["knots"]] == [["A", "B", "C"]]
    assert found["knots"][0]["circles"] == [{"firms": ["A", "B", "C"], "least_minor": 5000}]
    assert found["opened"] == 3
    assert "担保圈" in hefu("credit", "alerts", home=tmp_path, lang="zh")
    later = told("credit", "guarantees", file, "--as-of", "2027-06-30", "--alert", home=tmp_path)
    assert later["knots"] == []
    assert {a["state"] for a in told("credit", "alerts", home=tmp_path)["alerts"]} == {"cleared"}


def test_delays_are_fitted_tried_and_scored(tmp_path: Path) -> None:
    chance, lines = random.Random(1), [("who", "number", "issued", "due", "paid")]
    for i in range(400):
        issued = date(2025, 1, 1) + timedelta(days=chance.randint(0, 500))
        paid = issued + timedelta(days=30 + i % 20 - 12 + chance.randint(-4, 4))
        open_now = paid > date(2026, 5, 16)
        lines.append(
            (f"C{i % 20}", str(i), str(issued), str(issued + timedelta(days=30)), "" if open_now else str(paid))
        )
    file = tmp_path / "r.csv"
    with file.open("w", newline="", encoding="utf-8") as opened:
        csv.writer(opened).writerows(lines)
    columns = [word for f, h in (("customer", "who"), ("issued_on", "issued"), ("due_on", "due"), ("settled_on", "paid")) for word in ("--column", f"{f}={h}")]  # fmt: skip  # noqa: E501
    assert "UNKNOWN_COLUMNS" in hefu("credit", "delays", "evaluate", "--data", file, "--from", "2026-01-01", code=2)
    tried = told("credit", "delays", "evaluate", "--data", file, *columns, "--from", "2026-01-01", home=tmp_path)
    assert tried["auc"] > 0.9
    assert {"n", "positives", "prior_rate_auc", "gain_low", "gain_high", "brier", "days_inside_90"} <= set(tried)
    model, scores = tmp_path / "delay.json", tmp_path / "scores.csv"
    hefu("credit", "delays", "fit", "--data", file, *columns, "--until", "2025-12-31", "-o", model)
    asked = ("--data", file, *columns, "--as-of", "2026-05-16", "-o", scores)
    made = told("credit", "delays", "score", model, *asked, home=tmp_path)
    rows = list(csv.DictReader(scores.read_text("utf-8-sig").splitlines()))
    assert made["scored"] == len(rows) > 0
    assert all(
        0 < int(row["late_low"]) <= int(row["late_millionths"]) <= int(row["late_high"]) <= 10**6 for row in rows
    )
    overdue = {number for _, number, _, due, paid in lines[1:] if not paid and due <= "2026-05-16"}
    assert {row["number"] for row in rows if int(row["late_millionths"]) == 10**6} >= overdue > set()
    assert "OUTPUT_IS_INPUT" in hefu("credit", "delays", "score", model, *asked[:-1], file, code=2)
    assert "逾期" in hefu("credit", "delays", "--help", lang="zh")
