"""Rows and their treatments, encodings, directions, damaged files, reports."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import date
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hefu.documents.invoices import (
    BUILT_IN,
    TREATMENTS,
    ColumnMapping,
    Direction,
    Outcome,
    csvtext,
    import_invoices,
    synthetic_economy,
    write_invoices,
)
from hefu.kernel.errors import Corrupt, HefuError, UsageError

TODAY = date(2026, 6, 30)
STANDARD, CHINESE = BUILT_IN
HEADER = "firm_id,invoice_no,issue_date,counterparty_id,net_amount,tax_amount,gross_amount,status"
GOOD = "E1,100,2026-01-05,A1,100.00,13.00,113.00,valid"
CHINESE_FILE = (
    "企业代号,发票号码,开票日期,销方单位代号,金额,税额,价税合计,发票状态\n"
    "甲厂,00012345,2026-01-05,乙厂,100.00,13.00,113.00,有效发票\n"
    "甲厂,00012346,2026-01-06,乙厂,50.00,6.50,56.50,作废发票\n"
)


def write(folder: Path, text: str | bytes, name: str = "input.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def treatments(path: Path, **named: object) -> list[str]:
    """Treatment of every row, in order of file and row."""
    imported = import_invoices(path, today=TODAY, **named)  # type: ignore[arg-type]
    found = imported.invoices.connection.execute('SELECT treatment FROM invoice_rows ORDER BY file, "row"')
    return [row[0] for row in found.fetchall()]


def refusal(path: Path, **named: object) -> HefuError:
    with pytest.raises(HefuError) as caught:
        import_invoices(path, today=TODAY, **named)  # type: ignore[arg-type]
    assert "113.00" not in str(caught.value), "errors show no value from a file"
    return caught.value


def accepted(path: Path) -> set[tuple[object, ...]]:
    found = import_invoices(path, today=TODAY).invoices.connection.execute("SELECT * FROM invoices").fetchall()
    return set(found)


ROWS = """
    firm | number | issued on | party | net | tax | gross | status -> treatment
    E1 | 1 | 2026-01-05 | A1 | 100.00 | 13.00 | 113.00 | valid -> ACCEPTED
    E1 | 1 | 2026-01-05 | A1 | 100.00 | 13.00 | 113.00 | valid -> DUPLICATE
    E1 | 1 | 2026-01-05 | A1 | 100 | 13.0 | +113.000 | Valid -> DUPLICATE
    E1 | 1 | 2026/1/5 | A1 | 100.00 | 13.00 | 113.00 | valid -> DUPLICATE
    E1 | 1 | 2026年1月5日 | A1 | 100.00 | 13.00 | 113.00 | valid -> DUPLICATE
    E1 | 1 | 20260105 | A1 | 100.00 | 13.00 | 113.00 | valid -> DUPLICATE
    E1 | 1 | 2026-01-05 00:00:00 | A1 | 100.00 | 13.00 | 113.00 | valid -> DUPLICATE
    E1 | 1 | 2026-01-05 | A2 | 100.00 | 13.00 | 113.00 | valid -> ACCEPTED
    E1 | 2 | 2026-01-05 | A1 | 100.00 | 13.00 | 113.02 | valid -> ACCEPTED
    E1 | 3 | 2026-01-05 | A1 | 100.00 | 13.00 | 113.03 | valid -> AMOUNTS_DISAGREE
    E1 | 4 | 2026-01-05 | A1 | -100.00 | 213.00 | 113.00 | valid -> AMOUNTS_DISAGREE
    E1 | 5 | 2026-01-05 | A1 | 213.00 | -100.00 | 113.00 | valid -> AMOUNTS_DISAGREE
    E1 | 6 | 2026-01-05 | A1 | -100.00 | -13.00 | -113.00 | valid -> RED_LETTER
    E1 | 7 | 2026-01-05 | A1 | 13.00 | -126.00 | -113.00 | valid -> AMOUNTS_DISAGREE
    E1 | 8 | 2026-01-05 | A1 | 0.00 | 0.00 | 0.00 | valid -> ZERO
    E1 | 9 | 2026-01-05 | A1 | 100.00 | 13.00 | 113.00 | void -> VOID
    E1 | 9 | 2026-01-05 | A1 | 0 | 0 | 999.00 | void -> VOID
    E1 | 9 | 2026-01-05 | A1 | 100.00 | 13.00 | 113.00 | \u3000作废发票 -> VOID
    E1 | 10 | 2026-01-05 | A1 | 100.00 | 13.00 | 113.00 | \u3000有效发票\u00a0 -> ACCEPTED
    E1 | 11 | 2026-01-05 | A1 | 100.00 | 13.00 | 113.00 | pending -> UNKNOWN_STATUS
    E1 | 12 | 2026-01-05 | A1 | 100.00 | 13.00 | 113.00 |  -> UNKNOWN_STATUS
    E1 | 13 | 2026-06-30 | A1 | 100.00 | 13.00 | 113.00 | valid -> ACCEPTED
    E1 | 14 | 2026-07-01 | A1 | 100.00 | 13.00 | 113.00 | valid -> FUTURE_DATE
    E1 | 14 | infinity | A1 | 100.00 | 13.00 | 113.00 | valid -> BAD_DATE
    E1 | 15 | 2026-02-30 | A1 | 100.00 | 13.00 | 113.00 | valid -> BAD_DATE
    E1 | 16 | 1900-01-00 | A1 | 100.00 | 13.00 | 113.00 | valid -> BAD_DATE
    E1 | 17 | 1989-12-31 | A1 | 100.00 | 13.00 | 113.00 | valid -> BAD_DATE
    E1 | 18 |  | A1 | 100.00 | 13.00 | 113.00 | valid -> BAD_DATE
    E1 | 19 | 2026-01-05 | A1 |  | 13.00 | 113.00 | valid -> BAD_AMOUNT
    E1 | 20 | 2026-01-05 | A1 | nan | 13.00 | 113.00 | valid -> BAD_AMOUNT
    E1 | 21 | 2026-01-05 | A1 | 1e2 | 13.00 | 113.00 | valid -> BAD_AMOUNT
    E1 | 22 | 2026-01-05 | A1 | 1_00 | 13.00 | 113.00 | valid -> BAD_AMOUNT
    E1 | 23 | 2026-01-05 | A1 | １００ | 13.00 | 113.00 | valid -> BAD_AMOUNT
    E1 | 24 | 2026-01-05 | A1 | 100.00 | 13.005 | 113.00 | valid -> NOT_CENTS
    E1 | 25 | 2026-01-05 | A1 | 100.00000000000001 | 13.00 | 113.00 | valid -> ACCEPTED
    E1 | 26 | 2026-01-05 | A1 | 10000000000000.00 | 0 | 10000000000000.00 | valid -> ACCEPTED
    E1 | 27 | 2026-01-05 | A1 | 10000000000000.00 | 0 | 10000000000000.01 | valid -> AMOUNT_TOO_LARGE
    E1 | 28 | 2026-01-05 | A1 | 1 | 0 | 99999999999999999999999999999999999999999999 | valid -> AMOUNT_TOO_LARGE
    E1 | 28 | 2026-01-05 | A1 | 1 | 0 | -99999999999999999999.00 | valid -> AMOUNT_TOO_LARGE
      | 29 | 2026-01-05 | A1 | 100.00 | 13.00 | 113.00 | valid -> MISSING_FIRM
    E1 |   | 2026-01-05 | A1 | 100.00 | 13.00 | 113.00 | valid -> MISSING_NUMBER
    E1 | 30 | 2026-01-05 | \u3000 | 100.00 | 13.00 | 113.00 | valid -> MISSING_COUNTERPARTY
    E1 | 30 | 2026-01-05 | XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX | 1 | 0 | 1 | valid -> KEY_TOO_LONG
    E1 | 31 | 2026-01-05 | A1 | 100.00 | 13.00 | 113.00 -> ROW_COLUMNS
    E1 | 31 | 2026-01-05 | A1 | 100.00 | 13.00 | 113.00 | valid | more -> ROW_COLUMNS
    E1 | 32 | 2026-01-05 | A1 | 0.00 | 113.00 | 113.00 | valid -> ACCEPTED
"""  # noqa: RUF001


def _table(delimiter: str) -> tuple[str, list[str]]:
    lines, wanted = [HEADER.replace(",", delimiter)], []
    for line in ROWS.strip("\n").splitlines()[1:]:
        cells, treatment = line.removeprefix("    ").split(" -> ")
        lines.append(delimiter.join(cell.strip(" ") for cell in cells.split("|")))
        wanted.append(treatment)
    return "\n".join(lines) + "\n", wanted


def test_every_row_gets_the_first_treatment_that_fits(tmp_path: Path) -> None:
    text, wanted = _table(",")
    assert treatments(write(tmp_path, text)) == wanted
    assert set(wanted) == {t.code for t in TREATMENTS}, "every treatment needs a row here"


def test_quotes_change_no_treatment(tmp_path: Path) -> None:
    text, wanted = _table(",")
    quoted = "\r\n".join(",".join(f'"{cell}"' for cell in line.split(",")) for line in text.splitlines())
    assert treatments(write(tmp_path, quoted + "\r\n")) == wanted


def test_parquet_of_texts_meets_the_same_treatments(tmp_path: Path) -> None:
    text, wanted = _table("|")
    rows = [line.split("|") for line in text.splitlines()[1:]]
    connection = duckdb.connect()
    names = ", ".join(f"{name} VARCHAR" for name in HEADER.split(","))
    connection.execute(f"CREATE TABLE t ({names})")
    whole = [row for row, treatment in zip(rows, wanted) if treatment != "ROW_COLUMNS"]
    connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?, ?)", whole)
    connection.execute(f"COPY t TO '{tmp_path / 'input.parquet'}'")
    assert treatments(tmp_path / "input.parquet") == [t for t in wanted if t != "ROW_COLUMNS"]


def test_amounts_with_marks_are_read_to_the_cent(tmp_path: Path) -> None:
    rows = '"1,234,567.80","¥1,234.50","￥1,235,802.30"', '"1,23",0,1.23', '"12,34.00",0,1234.00', " 7 ,0.00,7."
    lines = [f"E1,{i},2026-01-05,A1,{amounts},valid" for i, amounts in enumerate(rows)]
    imported = import_invoices(write(tmp_path, "\n".join([HEADER, *lines, ""])), today=TODAY)
    got = imported.invoices.connection.execute(
        "SELECT treatment, net_minor, tax_minor, gross_minor FROM invoice_rows ORDER BY row"
    ).fetchall()
    assert got[0] == ("ACCEPTED", 123456780, 123450, 123580230)
    # A comma elsewhere than before three digits may be a decimal comma; guessing would be a hundredfold error.
    assert [row[0] for row in got[1:]] == ["BAD_AMOUNT", "BAD_AMOUNT", "ACCEPTED"]


DOUBLES = [
    (0.1 + 0.2, "0.30000000000000004 is noise around 30 cents", "ACCEPTED", 30),
    (258.61, "nearest double", "ACCEPTED", 25861),
    (9_999_999_999_999.99, "nearest double, a fifth of a cent apart", "ACCEPTED", 999_999_999_999_999),
    (9_367_073_931_194.72, "nearest double, though a hundred times it is a tenth off", "ACCEPTED", 936_707_393_119_472),
    (10_000_000_000_000.01, "past the bound", "AMOUNT_TOO_LARGE", None),
    (1e300, "past any integer", "AMOUNT_TOO_LARGE", None),
    (0.125, "half a cent more", "NOT_CENTS", None),
    (100.000001, "a ten-thousandth of a cent off", "NOT_CENTS", None),
    (float("nan"), "", "BAD_AMOUNT", None),
    (float("inf"), "", "BAD_AMOUNT", None),
    (None, "", "BAD_AMOUNT", None),
    (-5.5, "", "RED_LETTER", -550),
]


def test_doubles_are_cents_or_refused(tmp_path: Path) -> None:
    connection = duckdb.connect()
    connection.execute("CREATE TABLE t (n INTEGER, x DOUBLE)")
    connection.executemany("INSERT INTO t VALUES (?, ?)", [[i, case[0]] for i, case in enumerate(DOUBLES)])
    connection.execute(
        "COPY (SELECT 'E1' AS firm_id, n AS invoice_no, DATE '2026-01-05' AS issue_date, 'A' AS counterparty_id,"
        " x AS net_amount, 0.0::DOUBLE AS tax_amount, x AS gross_amount, 'valid' AS status FROM t ORDER BY n)"
        f" TO '{tmp_path / 'output.parquet'}'"
    )
    imported = import_invoices(tmp_path / "output.parquet", today=TODAY)
    got = imported.invoices.connection.execute("SELECT treatment, gross_minor FROM invoice_rows ORDER BY row")
    assert got.fetchall() == [(treatment, minor) for _, _, treatment, minor in DOUBLES]


def test_a_moment_with_a_zone_counts_on_its_day_in_china(tmp_path: Path) -> None:
    duckdb.connect().execute(
        "COPY (SELECT 'E1' AS firm_id, 7 AS invoice_no, TIMESTAMPTZ '2026-01-04 17:00:00+00' AS issue_date,"
        " 'A' AS counterparty_id, 1.5::DECIMAL(10,2) AS net_amount, 0 AS tax_amount, 1.5::DECIMAL(10,2) AS gross_amount,"
        f" 'valid' AS status) TO '{tmp_path / 'a[1]*?.parquet'}'"
    )
    # The name would be a pattern to DuckDB.
    imported = import_invoices(tmp_path / "a[1]*?.parquet", today=TODAY, direction=Direction.SALES)
    row = imported.invoices.connection.execute("SELECT number, issued_on, gross_minor, row FROM invoices").fetchone()
    assert row == ("7", date(2026, 1, 5), 150, 2)


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        (CHINESE_FILE.encode(), "utf-8"),
        (b"\xef\xbb\xbf" + CHINESE_FILE.encode(), "utf-8"),
        (CHINESE_FILE.encode("gb18030"), "gb18030"),
        (CHINESE_FILE.replace("\n", "\r\n").encode("gb18030"), "gb18030"),
        (CHINESE_FILE.replace("\n", "\r").encode(), "utf-8"),
        (CHINESE_FILE.rstrip().encode("gb18030"), "gb18030"),
        (CHINESE_FILE.replace("乙厂", '"乙""厂,\n"').encode("gb18030"), "gb18030"),
        (CHINESE_FILE.replace("\n", "\n\n  \n").encode(), "utf-8"),
    ],
)
def test_encodings_and_line_ends_are_found_out(tmp_path: Path, raw: bytes, encoding: str) -> None:
    imported = import_invoices(write(tmp_path, raw, "发票.csv"), today=TODAY)
    assert imported.report.files[0].encoding == encoding
    assert imported.report.files[0].direction == "purchases"
    assert imported.report.counts["VOID"] == imported.report.counts["ACCEPTED"] == 1
    row = imported.invoices.connection.execute(
        "SELECT firm, number, counterparty, gross_minor FROM invoices"
    ).fetchone()
    assert row is not None
    assert (row[0], row[1], row[3]) == ("甲厂", "00012345", 11300)
    assert row[2].startswith("乙")


def test_rows_count_as_in_a_spreadsheet_also_past_blank_and_ragged_ones(tmp_path: Path) -> None:
    text = f"{HEADER}\n\n{GOOD}\nshort\n{GOOD.replace('100', '7')}\n".replace("100.00", "7")
    for name, raw in (("input.csv", text), ("input2.csv", text.replace("E1", '"E1"'))):
        imported = import_invoices(write(tmp_path, raw, name), today=TODAY)
        rows = imported.invoices.connection.execute("SELECT row, treatment FROM invoice_rows ORDER BY row").fetchall()
        assert rows[:2] == [(3, "AMOUNTS_DISAGREE"), (4, "ROW_COLUMNS")]
        assert [row for row, _ in rows] == [3, 4, 5]


@pytest.mark.parametrize(
    ("name", "header_party", "direction", "wanted"),
    [
        ("input.csv", "counterparty_id", None, "purchases"),
        ("a2_OUTPUT_x.csv", "counterparty_id", None, "sales"),
        ("进项.csv", "counterparty_id", None, "purchases"),
        ("销项2025.csv", "counterparty_id", None, "sales"),
        ("x.csv", "counterparty_id", Direction.SALES, "sales"),
        ("input.csv", "counterparty_id", Direction.SALES, "sales"),
        ("x.csv", "counterparty_id", None, "UNKNOWN_DIRECTION"),
        ("input_output.csv", "counterparty_id", None, "DIRECTION_CONFLICT"),
        ("x.csv", "销方单位代号", None, "purchases"),
        ("x.csv", "购方单位代号", None, "sales"),
        ("销项.csv", "销方单位代号", None, "DIRECTION_CONFLICT"),
        ("x.csv", "购方单位代号", Direction.PURCHASES, "DIRECTION_CONFLICT"),
    ],
)
def test_direction_comes_from_name_header_or_user(
    tmp_path: Path, name: str, header_party: str, direction: Direction | None, wanted: str
) -> None:
    text = f"{HEADER}\n{GOOD}\n" if header_party == "counterparty_id" else CHINESE_FILE
    path = write(tmp_path, text.replace("销方单位代号", header_party), name)
    try:
        got = import_invoices(path, today=TODAY, direction=direction).report.files[0].direction
    except UsageError as error:
        got = error.code
    assert got == wanted


@pytest.mark.parametrize(
    ("name", "raw", "code"),
    [
        ("input.csv", b"", "FILE_EMPTY"),
        ("input.csv", b"\xef\xbb\xbf", "FILE_EMPTY"),
        ("input.csv", b"\xff\xfef\x00i\x00", "BAD_ENCODING"),
        ("input.csv", f"{HEADER}\n{GOOD}\n".encode() + b"E1,\xff\xff\n", "BAD_ENCODING"),
        ("input.csv", f"{HEADER}\n{GOOD}\n{'发票' * 4}".encode() + b"\xff\xff\n", "BAD_ENCODING"),
        # Mojibake that GB18030 would swallow: UTF-8 was proven by the characters before.
        ("input.csv", CHINESE_FILE.encode().replace("作废".encode(), b"\xd7\xf7\xb7\xcf"), "BAD_ENCODING"),
        ("input.csv", CHINESE_FILE.encode("gb18030")[:-3], "FILE_TRUNCATED"),
        ("input.csv", CHINESE_FILE.encode()[:-3], "FILE_TRUNCATED"),
        ("input.csv", f"{HEADER}\n{GOOD[:-12]}".encode(), "FILE_TRUNCATED"),
        ("input.csv", f'{HEADER}\n{GOOD}\n"E1,3'.encode(), "FILE_TRUNCATED"),
        ("input.csv", f"{HEADER}\n{GOOD}\nE1,7,2026-01-05,valid".encode(), "FILE_TRUNCATED"),
        ("input.csv", f'{HEADER}\n"E1"x{GOOD}\n'.encode(), "BAD_CSV"),
        ("input.csv", f"{HEADER}\n{GOOD}\0\n".encode(), "BAD_CSV"),
        ("input.csv", f"{HEADER}\n{'x' * 150_000}\n".encode(), "BAD_CSV"),
        ("input.csv", f'{HEADER}\n"{"x" * 150_000}\n'.encode(), "BAD_CSV"),
        ("input.csv", b"a,b\n1,2\n", "UNKNOWN_COLUMNS"),
        ("input.csv", f"{HEADER},status\n".encode(), "UNKNOWN_COLUMNS"),
        ("input.csv", HEADER.replace(",", ";").encode(), "UNKNOWN_COLUMNS"),
        ("input.xlsx", b"PK", "FILE_KIND"),
        ("input.parquet", b"", "FILE_EMPTY"),
        ("input.parquet", b"PAR1 and no more", "FILE_TRUNCATED"),
        ("input.parquet", b"PAR1 and no more PAR1", "BAD_PARQUET"),
        ("input.parquet", f"{HEADER}\n".encode(), "BAD_PARQUET"),
    ],
)
def test_a_damaged_or_foreign_file_is_refused_whole(tmp_path: Path, name: str, raw: bytes, code: str) -> None:
    error = refusal(write(tmp_path, raw, name))
    assert error.code == code
    assert error.where
    assert error.where.startswith("input")


def test_a_damaged_utf8_file_is_not_read_as_gb18030(tmp_path: Path) -> None:
    damaged = GOOD.replace("E1", "甲厂有限公司加工").encode() + b"\n" + GOOD.encode().replace(b"A1", b"\xd2\xd2")
    raw = HEADER.encode() + b"\n" + damaged + b"\n"
    assert "鐢" in raw.decode("gb18030"), "the wrong reading is possible, and is mojibake"
    error = refusal(write(tmp_path, raw))
    assert (error.code, error.where) == ("BAD_ENCODING", "input.csv, line 3")


@pytest.mark.parametrize("chunk_bytes", [1, 7, 64])
@pytest.mark.parametrize("quote", ["", '"'])
def test_where_a_file_is_split_while_reading_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk_bytes: int, quote: str
) -> None:
    monkeypatch.setattr(csvtext, "CHUNK_BYTES", chunk_bytes)
    lines = [HEADER, "", GOOD.replace("E1", "甲厂"), "short,row", GOOD, GOOD]
    quoted = [",".join(f"{quote}{cell}{quote}" for cell in line.split(",")) if line else "" for line in lines]
    imported = import_invoices(write(tmp_path, ("\r\n".join(quoted) + "\r\n").encode("gb18030")), today=TODAY)
    found = imported.invoices.connection.execute('SELECT "row", firm, treatment FROM invoice_rows ORDER BY "row"')
    assert found.fetchall() == [
        (3, "甲厂", "ACCEPTED"),
        (4, None, "ROW_COLUMNS"),
        (5, "E1", "ACCEPTED"),
        (6, "E1", "DUPLICATE"),
    ]


def test_missing_paths_and_folders_without_invoices_say_so(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nowhere.csv").code == "FILE_MISSING"
    assert refusal(tmp_path).code == "NO_INVOICE_FILES"
    write(tmp_path, "a,b\n1,2\n", "firms.csv")
    assert refusal(tmp_path).code == "NO_INVOICE_FILES"


def test_a_folder_reads_all_invoice_files_and_names_the_others(tmp_path: Path) -> None:
    write(tmp_path, f"{HEADER}\n{GOOD}\n{GOOD}\n", "input_b.csv")
    write(tmp_path, f"{HEADER}\n{GOOD}\n", "input_a.csv")
    write(tmp_path, f"{HEADER}\n{GOOD}\n", "output.csv")
    write(tmp_path, "a,b\n1,2\n", "firms.csv")
    write(tmp_path, "notes", "readme.txt")
    write(tmp_path, b"\xff", ".hidden.csv")
    report = import_invoices(tmp_path, today=TODAY).report
    assert [f.name for f in report.files] == ["input_a.csv", "input_b.csv", "output.csv"]
    assert sorted(report.files_skipped) == ["firms.csv", "readme.txt"]
    # Copies are found across files; the same row as purchase and as sale is no copy.
    assert (report.counts["ACCEPTED"], report.counts["DUPLICATE"]) == (2, 2)
    assert [(row.file, row.row) for row in report.left()] == [("input_b.csv", 2), ("input_b.csv", 3)]


def test_a_damaged_file_stops_a_folder_and_leaves_the_connection_as_it_was(tmp_path: Path) -> None:
    connection = duckdb.connect()
    good = write(tmp_path, f"{HEADER}\n{GOOD}\n", "input_a.csv")
    import_invoices(good, today=TODAY, connection=connection)
    write(tmp_path, f"{HEADER}\nE1,1", "input_b.csv")
    assert refusal(tmp_path, connection=connection).code == "FILE_TRUNCATED"
    assert connection.execute("SELECT count(*) FROM invoices").fetchone() == (1,)


def test_an_import_neither_joins_nor_ends_the_callers_transaction(tmp_path: Path) -> None:
    connection = duckdb.connect()
    good = write(tmp_path, f"{HEADER}\n{GOOD}\n")
    connection.execute("BEGIN")
    connection.execute("CREATE TABLE mine (i INTEGER)")
    import_invoices(good, today=TODAY, connection=connection)
    connection.execute("ROLLBACK")
    assert connection.execute("SELECT count(*) FROM invoices").fetchone() == (1,)
    connection.execute("DROP VIEW invoices")
    connection.execute("CREATE TABLE invoices (i INTEGER)")
    assert refusal(good, connection=connection).code == "CONNECTION_BUSY"


def test_report_counts_every_row_once_and_totals_are_exact(tmp_path: Path) -> None:
    text, wanted = _table(",")
    report = import_invoices(write(tmp_path, text), today=TODAY, refused_kept=3).report
    assert report.counts == {t.code: wanted.count(t.code) for t in TREATMENTS}
    assert report.rows == len(wanted) == report.files[0].rows == sum(map(report.rows_with, Outcome))
    assert len(report.refused) == 3 < report.rows_with(Outcome.REFUSED)
    assert all(row.outcome is Outcome.REFUSED for row in report.refused)
    left = list(report.left())
    assert [row.code for row in left] == [code for code in wanted if code != "ACCEPTED"]
    totals = report.totals["purchases"]
    assert totals.gross_minor == report.gross_minor["ACCEPTED"] == 10**15 + 7 * 11300 + 2
    assert totals.rows == wanted.count("ACCEPTED")


def test_a_saved_report_holds_every_row_that_was_left(tmp_path: Path) -> None:
    text, wanted = _table(",")
    report = import_invoices(write(tmp_path, text), today=TODAY, refused_kept=1).report
    report.save(tmp_path / "report.csv")
    report.save(tmp_path / "report.json")
    lines = (tmp_path / "report.csv").read_text("utf-8-sig").splitlines()
    left = [code for code in wanted if code != "ACCEPTED"]
    assert [line.split(",")[3] for line in lines] == ["code", *left]
    saved = json.loads((tmp_path / "report.json").read_text())
    assert [row["code"] for row in saved["left"]] == left
    assert saved["counts"]["ACCEPTED"] == wanted.count("ACCEPTED")
    with pytest.raises(UsageError) as caught:
        report.save(tmp_path / "report.xlsx")
    assert caught.value.code == "BAD_REPORT_KIND"
    with pytest.raises(UsageError) as caught:
        report.save(tmp_path / "no" / "report.csv")
    assert caught.value.code == "NOT_SAVED"


def test_a_save_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    report = import_invoices(write(tmp_path, f"{HEADER}\n{GOOD}\n"), today=TODAY).report
    target = tmp_path / "report.csv"
    target.write_text("old")

    def breaks() -> object:
        raise RuntimeError("stopped")

    object.__setattr__(report, "_left", breaks)
    with pytest.raises(RuntimeError):
        report.save(target)
    assert target.read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["input.csv", "report.csv"]


def test_progress_rises_to_the_whole(tmp_path: Path) -> None:
    write(tmp_path, CHINESE_FILE.encode("gb18030"), "input.csv")
    write(tmp_path, f"{HEADER}\n{GOOD}\n", "output.csv")
    seen: list[tuple[str, int, int]] = []
    import_invoices(tmp_path, today=TODAY, progress=lambda *step: seen.append(step))
    read = [(done, total) for stage, done, total in seen if stage == "read"]
    assert read == sorted(read)
    assert read[-1][0] == read[-1][1] == sum(p.stat().st_size for p in tmp_path.iterdir())
    assert seen[-1] == ("duplicates", 1, 1)


def test_a_user_mapping_reads_its_own_words(tmp_path: Path) -> None:
    columns = {"firm": "own", "number": "No", "issued_on": "day", "buyer": "to", "net": "n", "tax": "t", "gross": "g"}
    mapping = ColumnMapping(
        "mine", {**columns, "status": "s"}, valid=("1",), void=("10",), date_formats=("%d.%m.%Y",), delimiter=";"
    )
    text = "OWN; no;day;to;n;t;g;x;s\nE1;5;05.01.2026;B;1.00;0;1.00;;1\nE1;6;2026-01-05;B;1.00;0;1.00;;10"
    path = write(tmp_path, text, "book.csv")
    # "10" is whole here, yet "1" at an open end could be a cut "10".
    assert treatments(path, mapping=mapping) == ["ACCEPTED", "BAD_DATE"]
    assert refusal(write(tmp_path, text[:-1], "book.csv"), mapping=mapping).code == "FILE_TRUNCATED"


def _written(folder: Path, encoding: str, quotes: bool) -> bytes:
    economy = synthetic_economy(3)
    file = write_invoices(economy.trades[:6], folder, encoding=encoding).files[0]
    text = file.read_bytes().decode(encoding)
    if quotes:
        text = "\r\n".join(",".join(f'"{c}"' for c in line.split(",")) for line in text.splitlines()) + "\r\n"
    return text.encode(encoding)


@pytest.mark.parametrize(("encoding", "quotes"), [("utf-8", False), ("gb18030", False), ("gb18030", True)])
def test_wherever_a_file_is_cut_no_row_changes(tmp_path: Path, encoding: str, quotes: bool) -> None:
    raw = _written(tmp_path, encoding, quotes)
    path = tmp_path / "cut_output.csv"
    path.write_bytes(raw)
    whole = accepted(path)
    assert len(whole) == 6
    connection = duckdb.connect()
    refused = 0
    for length in range(0, len(raw), 5):
        path.write_bytes(raw[:length])
        try:
            import_invoices(path, today=TODAY, connection=connection)
        except HefuError as error:
            refused += error.code in ("FILE_TRUNCATED", "FILE_EMPTY", "UNKNOWN_COLUMNS", "BAD_ENCODING")
        else:
            assert set(connection.execute("SELECT * FROM invoices").fetchall()) <= whole
    # All but the cuts at the end of a row.
    assert refused > len(raw) // 5 * 0.9


def test_a_cut_parquet_file_is_always_refused(tmp_path: Path) -> None:
    path = tmp_path / "input.parquet"
    names = ", ".join(f"'x' AS {name}" for name in HEADER.split(","))
    duckdb.connect().execute(f"COPY (SELECT {names}) TO '{path}'")
    raw = path.read_bytes()
    for length in range(0, len(raw), 61):
        path.write_bytes(raw[:length])
        assert refusal(path).code in ("FILE_EMPTY", "FILE_TRUNCATED")


SHARED_CONNECTION = duckdb.connect()
random_lines = st.lists(
    st.lists(
        st.sampled_from(["E1", "2026-01-05", "1.00", "valid", "", '"', '"a"', "¥1", "9" * 40, "有效"]), max_size=9
    ),
    max_size=5,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=200), lines=random_lines, encoding=st.sampled_from(["utf-8", "gb18030"]))
@example(raw=b"\x83\x36\xc7\x38", lines=[], encoding="gb18030")
@example(raw=b"\r", lines=[], encoding="utf-8")
def test_no_bytes_raise_anything_but_an_error_of_ours(
    tmp_path: Path, raw: bytes, lines: list[list[str]], encoding: str
) -> None:
    text = "\n".join(",".join(line) for line in lines)
    for content in (raw, f"{HEADER}\n".encode() + raw, f"{HEADER}\n{text}\n".encode(encoding) + raw):
        try:
            imported = import_invoices(write(tmp_path, content, "input.csv"), today=TODAY, connection=SHARED_CONNECTION)
        except HefuError:
            continue
        else:
            assert imported.report.rows >= len(imported.invoices)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(4, 2000), st.integers(0, 255)), min_size=1, max_size=4))
def test_no_change_to_a_parquet_file_raises_anything_but_an_error_of_ours(
    tmp_path: Path, changes: list[tuple[int, int]]
) -> None:
    path = tmp_path / "good.parquet"
    if not path.exists():
        names = ", ".join(f"'x' || i AS {name}" for name in HEADER.split(","))
        duckdb.connect().execute(f"COPY (SELECT {names} FROM range(50) AS t(i)) TO '{path}'")
    raw = bytearray(path.read_bytes())
    for place, value in changes:
        raw[place % len(raw)] = value
    with suppress(Corrupt, UsageError):
        import_invoices(write(tmp_path, bytes(raw), "input.parquet"), today=TODAY)


def test_the_standard_and_the_chinese_header_read_the_same(tmp_path: Path) -> None:
    trades = synthetic_economy(5).trades[:20]
    found = []
    for mapping in (STANDARD, CHINESE):
        write_invoices(trades, tmp_path, mapping=mapping)
        found.append(accepted(tmp_path))
    assert found[0] == found[1]
    assert len(found[0]) == 40
