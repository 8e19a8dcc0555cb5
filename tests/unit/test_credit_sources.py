"""Rows of every source and their treatments, units, headers and encodings; files that are kept whole or not at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest

from credit import rows_of
from hefu.credit.sources import Invoice, Options, Store, import_source
from hefu.credit.sources.classify import TREATMENTS
from hefu.credit.sources.importing import _INVOICE_FIELDS
from hefu.credit.sources.schema import SCHEMAS, Kind
from hefu.documents.invoices.treatments import TREATMENTS as INVOICE_TREATMENTS
from hefu.documents.invoices.treatments import Outcome
from hefu.kernel.errors import Corrupt, HefuError, UsageError

OPTIONS = Options(date(2026, 6, 30))
POWER = "firm_id,meter_id,period_start,period_end,energy_kwh"
TAX = "firm_id,tax_kind,period_start,period_end,sales_declared_yuan,tax_payable_yuan,tax_paid_yuan,filed_on,due_on"
HOURS = "firm_id,line_id,period_start,period_end,available_hours,run_hours,output_units,recorded_on"
#: Source, header, and rows with the code and field that each is refused with.
ROWS = """
    electricity | F1,M1,2026-01-01,2026-01-31,12.5 -> ACCEPTED
    electricity | F1,M1,2026-01-01,2026-01-31 -> ROW_COLUMNS
    electricity | ,M1,2026-01-01,2026-01-31,12.5 -> MISSING_VALUE firm
    electricity | F1,　,2026-01-01,2026-01-31,12.5 -> MISSING_VALUE meter
    electricity | F1,M1,2026-01-01,2026-01-31, -> MISSING_VALUE energy_wh
    electricity | {long},M1,2026-01-01,2026-01-31,12.5 -> KEY_TOO_LONG firm
    electricity | F1,M1,2026-02-30,2026-03-01,12.5 -> BAD_DATE period_start
    electricity | F1,M1,2026-01-01,soon,12.5 -> BAD_DATE period_end
    electricity | F1,M1,2026-01-01,2026-01-31,1e3 -> NOT_A_NUMBER energy_wh
    electricity | F1,M1,2026-01-01,2026-01-31,nan -> NOT_A_NUMBER energy_wh
    electricity | F1,M1,2026-01-01,2026-01-31,inf -> NOT_A_NUMBER energy_wh
    electricity | F1,M1,2026-01-01,2026-01-31,12 kWh -> NOT_A_NUMBER energy_wh
    electricity | F1,M1,2026-01-01,2026-01-31,99999999999999999 -> NUMBER_TOO_LARGE energy_wh
    electricity | F1,M1,2026-01-01,2026-01-31,-1 -> NEGATIVE energy_wh
    electricity | F1,M1,2026-06-01,2026-07-01,12.5 -> FUTURE_DATE period_end
    electricity | F1,M1,2026-01-31,2026-01-01,12.5 -> PERIOD_BACKWARDS period_end
    electricity | F1,M1,2025-01-01,2026-01-02,12.5 -> PERIOD_TOO_LONG period_end
    electricity | F1,M1,2025-01-01,2026-01-01,12.5 -> ACCEPTED
    tax | F1,vat,2026-01-01,2026-01-31,100.00,13.00,13.00,2026-02-10,2026-02-15 -> ACCEPTED
    tax | F1,增值税,2026-01-01,2026-01-31,-100.00,0,0,2026-02-10, -> ACCEPTED
    tax | F1,land,2026-01-01,2026-01-31,100.00,13.00,13.00,2026-02-10,2026-02-15 -> UNKNOWN_WORD kind
    tax | F1,vat,2026-01-01,2026-01-31,100.005,13.00,13.00,2026-02-10,2026-02-15 -> NOT_CENTS declared_minor
    tax | F1,vat,2026-01-01,2026-01-31,100.00,13.00,13.00,2026-01-10,2026-02-15 -> KNOWN_TOO_EARLY filed_on
    capacity | F1,L1,2026-01-01,2026-01-31,100,90,5,2026-02-01 -> ACCEPTED
    capacity | F1,L1,2026-01-01,2026-01-31,100,100.1,5,2026-02-01 -> RUN_OVER_AVAILABLE run_minutes
    capacity | F1,L1,2026-01-01,2026-01-31,100,90,5,2026-01-30 -> KNOWN_TOO_EARLY recorded_on
"""
HEADERS = {"electricity": POWER, "tax": TAX, "capacity": HOURS}


def write(folder: Path, text: str, name: str = "file.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def values(store: Store, table: str) -> list[tuple[object, ...]]:
    return store.connection.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall()


def refusal(folder: Path, source: str, text: str, **named: object) -> HefuError:
    with Store() as store, pytest.raises(HefuError) as caught:
        import_source(store, source, [write(folder, text)], replace(OPTIONS, **named))  # type: ignore[arg-type]
    return caught.value


@pytest.mark.parametrize("source", HEADERS)
def test_every_row_is_taken_or_refused_with_its_field(tmp_path: Path, source: str) -> None:
    table = [line.split(" -> ") for line in ROWS.strip().splitlines() if line.strip().startswith(source)]
    rows = [row.partition(" | ")[2].replace("{long}", "X" * 65) for row, _ in table]
    with Store() as store:
        file = write(tmp_path, "\n".join([HEADERS[source], *rows]) + "\n")
        report = import_source(store, source, [file], OPTIONS)
        assert not report.is_stored
        assert report.added == 0
        assert values(store, source) == [], "while a row is refused nothing is kept"
        found = {row.row: f"{row.code} {row.field}".strip() for row in report.refused}
        assert [found.get(i, "ACCEPTED") for i in range(2, len(rows) + 2)] == [wanted for _, wanted in table]
        again = import_source(store, source, [file], replace(OPTIONS, skip_refused=True))
        assert again.is_stored
        assert again.added == sum(wanted == "ACCEPTED" for _, wanted in table)


def test_every_refusal_has_a_row_here() -> None:
    assert {t.code for t in TREATMENTS} == {line.split(" -> ")[1].split()[0] for line in ROWS.strip().splitlines()}


def test_every_refusal_of_an_invoice_names_its_field() -> None:
    refused = {t.code for t in INVOICE_TREATMENTS if t.outcome is Outcome.REFUSED}
    assert set(_INVOICE_FIELDS) == refused - {"ROW_COLUMNS"}


@pytest.mark.parametrize(
    ("source", "header", "cells", "wanted"),
    [
        ("electricity", "energy_kwh", "12.5", 12_500),
        ("electricity", "energy_mwh", "0.0125", 12_500),
        ("electricity", "用电量（度）", "12.5", 12_500),
        ("electricity", "用电量(万千瓦时)", "0.00125", 12_500),
        ("electricity", "energy_kwh", '"1,234.5004"', 1_234_500),
        ("electricity", "energy_kwh", "0.0005", 1),
        ("water", "volume_m3", "1.25", 1_250),
        ("water", "用水量（吨）", "1.25", 1_250),
    ],
)
def test_units_come_from_the_header(tmp_path: Path, source: str, header: str, cells: str, wanted: int) -> None:
    text = f"企业代号,户号,起始日期,截止日期,{header}\n甲厂,1,2026-01-01,2026-01-31,{cells}\n"
    with Store() as store:
        assert import_source(store, source, [write(tmp_path, text)], OPTIONS).added == 1
        assert values(store, source)[0][4] == wanted


def test_a_quantity_without_a_unit_is_refused(tmp_path: Path) -> None:
    for header in ("energy", "用电量"):
        error = refusal(
            tmp_path, "electricity", f"firm_id,meter_id,period_start,period_end,{header}\nF,1,2026-01-01,2026-01-31,5\n"
        )
        assert error.code == "UNKNOWN_UNIT"
        assert "energy_kwh" in str(error)


@pytest.mark.parametrize(
    ("code", "source", "text", "named"),
    [
        ("UNKNOWN_COLUMNS", "electricity", "firm_id,meter_id,period_start,energy_kwh\nF,1,2026-01-01,5\n", {}),
        ("UNKNOWN_COLUMNS", "electricity", POWER + ",energy_mwh\nF,1,2026-01-01,2026-01-31,5,1\n", {}),
        ("BAD_COLUMN", "electricity", POWER + "\n", {"columns": {"volume": "x"}}),
        ("UNKNOWN_SOURCE", "gas", POWER + "\n", {}),
        ("FILE_EMPTY", "electricity", "", {}),
        ("FILE_TRUNCATED", "electricity", POWER + "\nF,1,2026-01-01,2026-01-31,5", {}),
        ("BAD_CSV", "electricity", POWER + '\nF,1,2026-01-01,2026-01-31,"5"6\n', {}),
        ("FILE_MISSING", "electricity", None, {}),
    ],
)
def test_what_stops_a_file(tmp_path: Path, code: str, source: str, text: str | None, named: dict[str, object]) -> None:
    if text is None:
        with Store() as store, pytest.raises(UsageError) as caught:
            import_source(store, source, [tmp_path / "none.csv"], OPTIONS)
        assert caught.value.code == code
    else:
        assert refusal(tmp_path, source, text, **named).code == code


def test_a_damaged_second_file_leaves_nothing_of_the_first(tmp_path: Path) -> None:
    good = write(tmp_path, POWER + "\nF,1,2026-01-01,2026-01-31,5\n", "a.csv")
    bad = write(tmp_path, POWER + "\nF,1,2026-01-01,2026-01-31,5", "b.csv")
    with Store() as store:
        with pytest.raises(Corrupt):
            import_source(store, "electricity", [good, bad], OPTIONS)
        assert values(store, "electricity") == []
        assert store.journal() == []


def test_named_columns_defaults_and_gb18030(tmp_path: Path) -> None:
    text = "厂,账号,交易流水号,交易日期,金额（元）\n甲厂,1,a,2026/1/5,-12.50\n"
    with Store() as store:
        file = write(tmp_path, text, encoding="gb18030")
        report = import_source(store, "bank", [file], replace(OPTIONS, columns={"firm": "厂"}))
        assert report.added == 1
        day = date(2026, 1, 5)
        assert values(store, "bank") == [("甲厂", "1", "a", day, -1_250, "other", "", day)]


def test_parquet_of_doubles_dates_and_texts_reads_as_csv_does(tmp_path: Path) -> None:
    path = tmp_path / "power.parquet"
    duckdb.execute(f"""
        COPY (SELECT 'F1' AS firm_id, 7 AS meter_id, DATE '2026-01-01' AS period_start,
                     TIMESTAMP '2026-01-31 08:00:00' AS period_end, 0.1::DOUBLE + 0.2::DOUBLE AS energy_kwh
              UNION ALL SELECT 'F1', 8, DATE '2026-01-01', TIMESTAMP '2026-01-31', 'nan'::DOUBLE) TO '{path}'
    """)
    with Store() as store:
        report = import_source(store, "electricity", [path], replace(OPTIONS, skip_refused=True))
        assert [(r.row, r.code, r.field) for r in report.refused] == [(3, "NOT_A_NUMBER", "energy_wh")]
        end = date(2026, 1, 31)
        assert values(store, "electricity") == [("F1", "7", date(2026, 1, 1), end, 300, end)]


def test_the_same_file_again_changes_nothing_and_a_correction_stands_beside(tmp_path: Path) -> None:
    header = POWER + ",recorded_on"
    first = write(tmp_path, f"{header}\nF,1,2026-01-01,2026-01-31,5,2026-02-01\n", "a.csv")
    better = write(tmp_path, f"{header}\nF,1,2026-01-01,2026-01-31,6,2026-03-01\n", "b.csv")
    with Store() as store:
        assert [import_source(store, "electricity", [f], OPTIONS).added for f in (first, first, better, first)] == [
            1,
            0,
            1,
            0,
        ]
        assert len(store.journal()) == 4
        assert store.coverage()["electricity"] == (2, 1, date(2026, 1, 1), date(2026, 1, 31))
        assert store.coverage()["water"] == (0, 0, None, None)


def test_an_invoice_is_kept_once_with_the_day_of_its_void(tmp_path: Path) -> None:
    header = "firm_id,invoice_no,issue_date,counterparty_id,net_amount,tax_amount,gross_amount,status\n"
    row = "E1,7,2026-01-05,A,100.00,13.00,113.00,{}\n"
    valid = write(tmp_path, header + row.format("valid") * 2, "output_a.csv")
    void = write(tmp_path, header + row.format("void"), "output_b.csv")
    day = date(2026, 1, 5)
    for files in ([valid, void], [void, valid], [void, valid, void]):
        with Store() as store:
            for file in files:
                import_source(store, "invoices", [file], OPTIONS)
            assert values(store, "invoices") == [("E1", "sales", "7", day, "A", 10_000, 1_300, 11_300, day, day)]


def test_a_refused_invoice_names_its_field(tmp_path: Path) -> None:
    text = (
        "企业代号,发票号码,开票日期,购方单位代号,金额,税额,价税合计,发票状态\n"
        "甲厂,1,2026-01-05,乙厂,100.00,13.00,113.00,有效发票\n"
        "甲厂,2,2027-01-05,乙厂,100.00,13.00,113.00,有效发票\n"
    )
    with Store() as store:
        report = import_source(store, "invoices", [write(tmp_path, text, "销项.csv", "gb18030")], OPTIONS)
        assert [(r.row, r.code, r.field) for r in report.refused] == [(3, "FUTURE_DATE", "issued_on")]
        assert not report.is_stored
        assert values(store, "invoices") == []


def test_a_store_is_told_from_other_files_and_keeps_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "credit.duckdb"
    with Store(path) as store:
        file = write(tmp_path, POWER + "\nSYN-1,1,2026-01-01,2026-01-31,5\n")
        assert import_source(store, "electricity", [file], OPTIONS).is_synthetic
    with Store(path) as store:
        assert store.firms() == ["SYN-1"]
        assert store.is_synthetic
    for content in (b"no database", b""):
        (tmp_path / "other").write_bytes(content)
        with pytest.raises(HefuError) as caught:
            Store(tmp_path / "other")
        assert caught.value.code == "NOT_A_STORE"


def test_schemas_are_well_formed() -> None:
    for schema in SCHEMAS.values():
        names = [f.name for f in schema.fields]
        assert len(set(names)) == len(names)
        headers = [h for f in schema.fields for h in f.headers]
        assert len(set(headers)) == len(headers), "a header means one field"
        for f in schema.fields:
            assert any(h.isascii() for h in f.headers)
            assert any(not h.isascii() for h in f.headers)
            assert (f.kind is Kind.WORD) == bool(f.words)
            assert f.default is None or f.kind is not Kind.DATE or f.default in names


def test_rows_of_a_firm_come_back_as_they_came() -> None:
    rows = rows_of("sale 2026-01-05 A 100 13\nbank 2026-01-06 -50 wages\nstock 2026-01-31 raw 500\npower 2026-01 12.5")
    sale = rows[0]
    assert isinstance(sale, Invoice)
    void = sale._replace(void=True, recorded_on=date(2026, 2, 1))
    with Store() as store:
        store.add([*rows, void, sale._replace(firm="G")])
        assert sorted(store.rows_of("F"), key=repr) == sorted([*rows, void], key=repr)
        assert store.rows_of("nobody") == []
