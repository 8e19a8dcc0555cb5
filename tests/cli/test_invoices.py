"""Invoices have one group of commands under both its names: listed with their capacity, and registered by the file."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from commands import BANK, BUYER, SELLER, hefu, invoice, practice, right, told
from hefu.documents.invoices.planted import FIRMS_MIN, Books, plant

HEADER = "企业代号,发票号码,开票日期,购方单位代号,金额,税额,价税合计,发票状态\n"


def row(number: int, *, firm: str = SELLER, buyer: str = BUYER, gross: str = "113.00", status: str = "有效发票") -> str:
    return f"{firm},253120000007{number:08d},2026-06-05,{buyer},100.00,13.00,{gross},{status}\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return practice(tmp_path_factory.mktemp("invoices") / "home")


def test_a_file_is_registered_row_by_row(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    file.write_text(
        HEADER
        + "".join(row(number) for number in range(1, 4))
        + row(3, status="有效发票").replace("2026-06-05", "2026-06-06")
        + row(5, firm="Somebody Else")
        + row(6, buyer="Nobody")
        + row(7, gross="999.00")
        + row(8, status="作废发票"),
        encoding="utf-8",
    )
    made = told("invoice", "register", "--as", SELLER, "--file", file, home=home, code=3)
    assert made["registered"] == 3
    codes = {(a["row"], a["code"]) for a in made["answers"]} | {(r["row"], r["code"]) for r in made["refused"]}
    assert {(2, "OK"), (3, "OK"), (4, "OK"), (6, "OTHER_SELLER"), (7, "UNKNOWN_NAME"), (8, "AMOUNTS_DISAGREE")} <= codes
    assert (5, "DUPLICATE_DOCUMENT") in codes
    document = next(a["document"] for a in made["answers"] if a["row"] == 2)
    again = hefu("invoice", "register", "--as", SELLER, "--file", file, home=home, code=3)
    assert "0 of 8 rows registered" in again
    proposed = told("receivable", "propose", document, "--amount", "113.00", "--due", "2026-10-01", home=home)["right"]
    hefu("receivable", "confirm", proposed, home=home)


def test_a_register_command_says_what_it_lacks(home: Path, tmp_path: Path) -> None:
    assert "--file" in hefu("invoice", "register", "--as", SELLER, home=home, code=2)
    file = tmp_path / "sales.csv"
    file.write_text(HEADER + row(9), encoding="utf-8")
    assert "--file" in hefu("invoice", "register", "--as", SELLER, "--file", file, "--gross", "1", home=home, code=2)


def test_invoices_are_listed_with_what_is_left(tmp_path: Path) -> None:
    home = practice(tmp_path / "home")
    free = invoice(home, 1, "100.00")
    right(home, 2, "50.00")
    right(home, 3, "30.00", confirm=False)
    listed = told("invoice", "list", home=home)["invoices"]
    assert [i["gross_minor"] for i in listed] == [10_000, 5_000, 3_000]
    assert [i["available_minor"] for i in listed] == [10_000, 0, 0]
    assert [i["reserved_minor"] for i in listed] == [0, 0, 3_000]
    assert [i["document"] for i in told("invoice", "list", "--available", home=home)["invoices"]] == [free]
    assert "number" not in listed[0]
    assert told("invoice", "list", "--buyer", "Anding", home=home)["invoices"] == []
    own = told("invoice", "list", "--as", BUYER, home=home)["invoices"]
    assert own[0]["number"] == "25312000000000000001"
    assert told("invoice", "list", "--as", BANK, home=home)["invoices"] == []
    hefu("clock", "advance", "2026-07-10", home=home)
    assert [i["available_minor"] for i in told("invoice", "list", home=home)["invoices"]] == [10_000, 0, 3_000]
    shown = hefu("invoice", "list", "--as", SELLER, home=home, lang="zh")
    assert "价税合计" in shown
    assert "25312000000000000001" in shown


def test_both_names_of_the_group_are_one(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    file.write_text(HEADER + row(20), encoding="utf-8")
    for name in ("invoice", "invoices"):
        assert json.loads(hefu(name, "import", file, "--today", "2026-07-01", "--json"))["counts"]["ACCEPTED"] == 1
        assert told(name, "list", home=home)["height"] > 0
    assert sum(line.startswith("  invoice") for line in hefu("--help").splitlines()) == 1


def test_blocks_show_times_to_people_and_milliseconds_to_programs(home: Path) -> None:
    shown, data = hefu("ledger", "blocks", "1", home=home), told("ledger", "blocks", "1", home=home)
    assert str(data["at_ms"]) not in shown
    assert "+08:00" in shown
    assert "签章密钥" in hefu("ledger", "blocks", "1", home=home, lang="zh")


def test_relations_between_firms_are_found_by_command(tmp_path: Path) -> None:
    plant(tmp_path, 3, Books(firms=FIRMS_MIN))
    target = tmp_path / "relations.csv"
    made = told("invoices", "relations", tmp_path, "--today", "2030-01-01", "-o", target, home=tmp_path)
    rows = list(csv.DictReader(target.read_text("utf-8-sig").splitlines()))
    assert [(row["kind"], row["firm_a"], row["firm_b"], int(row["evidence_count"]), row["amount"]) for row in rows] == [
        (r["kind"], r["firm_a"], r["firm_b"], r["evidence_count"], r["amount"]) for r in made["relations"]
    ]
    assert {"twins", "self-trade", "reciprocal", "ring", "several-codes", "link"} <= {row["kind"] for row in rows}
    some = told("invoice", "relations", tmp_path, "--today", "2030-01-01", "--kind", "ring", home=tmp_path)
    assert {r["kind"] for r in some["relations"]} == {"ring"}
    assert "循环开票" in hefu("invoices", "relations", tmp_path, "--today", "2030-01-01", lang="zh")
    assert "BAD_REPORT_KIND" in hefu("invoices", "relations", tmp_path, "-o", tmp_path / "x.xls", code=2)


def test_a_report_never_takes_the_place_of_a_file_it_is_made_from(tmp_path: Path) -> None:
    books = tmp_path / "books"
    books.mkdir()
    plant(books, 3, Books(firms=FIRMS_MIN))
    sales = books / "output_invoices.csv"
    before = sales.read_bytes()
    (tmp_path / "link.csv").symlink_to(sales)
    for path, target in ((books, sales), (sales, tmp_path / "link.csv")):
        assert "OUTPUT_IS_INPUT" in hefu("invoices", "relations", path, "--today", "2030-01-01", "-o", target, code=2)
    assert sales.read_bytes() == before
    shown = hefu("invoices", "relations", books, "--today", "2030-01-01", "--kind", "ring")
    assert re.search(r"rounds; F\d+ > F\d+ > F\d+", shown), "each step says of which ring"
