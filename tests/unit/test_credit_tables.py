"""Tables, schemas and cells: what is read, what stops, and that one table gives the same integers whatever it is kept in."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from credit_tables import SCHEMA, csv_text, rows
from hefu.credit.models.coding import code_table, days, digits_needed
from hefu.credit.models.proposing import propose, schema_text
from hefu.credit.models.schema import Role, as_document, from_document, read_schema
from hefu.credit.models.tables import Table, read_table
from hefu.credit.models.values import BOUND, NotANumberError, day_reader, number, scaled, word
from hefu.kernel.errors import HefuError, UsageError


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("12.50", "12.50"),
        (" -3e2 ", "-3E+2"),
        ("$60,000.00 ", "60000.00"),
        ("￥1,200.5", "1200.5"),
        ("(1,200)", "-1200"),
        ("12,34,567.5", "1234567.5"),
        ("1'234.50", "1234.50"),
        ("1 234 567", "1234567"),
        ("0,5", "0.5"),
        ("1.234,56 €", "1234.56"),
        ("1.000.000", "1000000"),
        ("(1e1000000)", "-1e1000000"),
        ("12.5%", "12.5"),
        ("\uff11\uff12", "12"),
        ("", None),
        ("NA", None),
        ("?", None),
        ("NaN", None),
        ("-inf", None),
        ("#DIV/0!", None),
        ("none", None),
        ("-", None),
    ],
)
def test_numbers_are_read_as_people_write_them(cell: str, value: str | None):
    assert number(cell) == (None if value is None else Decimal(value))


@pytest.mark.parametrize(
    "cell", ["twelve", "1.2.3", "12 yuan net", "0x1f", "1 2", "1,2,3", "1,23.4", "5 60", "--5", "1,"]
)
def test_what_is_no_number_is_told_from_what_is_unknown(cell: str):
    with pytest.raises(NotANumberError):
        number(cell)


@pytest.mark.parametrize(
    ("text", "digits", "whole"),
    [
        ("0.125", 2, 12),
        ("0.135", 2, 14),
        ("-0.5", 0, 0),
        ("1.5", 0, 2),
        ("1e-400", 6, 0),
        ("1e400", 0, BOUND),
        ("-1e30", 0, -BOUND),
    ],
)
def test_decimals_become_integers_half_to_even(text: str, digits: int, whole: int):
    assert scaled(Decimal(text), digits) == whole


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (["0,5", "1,234", "1.234,5"], ["0.5", "1.234", "1234.5"]),
        (["0.5", "1,234", "1,234.5"], ["0.5", "1234", "1234.5"]),
        (["1,234", "7"], ["1234", "7"]),
        (["1.234", "7"], ["1.234", "7"]),
        (["0,5", "1.5", "2,25"], ["0.5", None, "2.25"]),
        (["0.5", "1,5", "2.25"], ["0.5", None, "2.25"]),
    ],
)
def test_a_decimal_mark_is_one_of_its_column_and_no_comma_becomes_another_number(
    cells: list[str], told: list[str | None]
):
    schema = read_schema(b'label = "y"\npositive = ["1"]\n[columns]\na = { role = "number", digits = 3 }\n', "s.toml")
    found, _ = code_table(table(a=cells, y=["1"] * len(cells)), schema)
    assert found.integers["a"] == [None if v is None else int(Decimal(v) * 1000) for v in told]
    assert found.strange.get("a", []) == [i for i, v in enumerate(told) if v is None]


def test_how_a_column_was_written_holds_for_the_tables_that_come_after():
    text = 'label = "y"\npositive = ["1"]\ntime = "on"\n[columns]\na = { role = "number", digits = 3 }\nb = "date"\n'
    schema = read_schema((text + 'c = { role = "number", digits = 0 }\n').encode(), "s.toml")
    made = table(a=["0,5", "2"], b=["25/12/2019", "1/2/2020"], c=["1.234", "5"], on=["2020-06-30"] * 2, y=["1", "0"])
    coded, _ = code_table(made, schema)
    assert coded.written == {"a": ",", "b": "day_first", "c": ","}
    assert coded.integers["c"] == [1234, 5]
    later = table(a=["1,234", "3,125"], b=["1/2/2020", "3/4/2020"], c=["1", "2"], on=["2020-06-30"] * 2, y=["1", "0"])
    alone, _ = code_table(later, schema)
    found, _ = code_table(later, schema, written=coded.written)
    assert (alone.integers["a"], found.integers["a"]) == ([1_234_000, 3_125_000], [1234, 3125])
    assert found.integers["b"] == [150, 88]
    other = table(a=["1", "2"], b=["12/25/2019", "1/2/2020"], c=["1", "2"], on=["2020-06-30"] * 2, y=["1", "0"])
    with pytest.raises(UsageError) as caught:
        code_table(other, schema, written=coded.written)
    assert (caught.value.code, caught.value.where) == ("BAD_DATE", "t.csv:2: b")


@pytest.mark.parametrize("cell", ["--5", "\u00b2", "5-"])
def test_what_is_no_day_is_refused(cell: str):
    with pytest.raises(UsageError) as caught:
        days(table(on=["2019", cell]), "on")
    assert caught.value.code == "BAD_DATE"


def test_words_are_one_whatever_their_case_width_and_blanks():
    assert {word(cell) for cell in ("Y", " y", "\uff39")} == {"y"}
    assert word("2.0") == word("2")
    assert [word(cell) for cell in ("", "?", None, "NA")] == [None] * 4
    assert word("none") == "none"


@pytest.mark.parametrize(
    ("cells", "days"),
    [
        (["1970-01-02", "1970/1/3", ""], [1, 2, None]),
        (["25/12/1970", "01/02/1970"], [358, 31]),
        (["12/25/1970", "01/02/1970"], [358, 1]),
        (["28-Feb-97"], [9920]),
        (["19700102"], [1]),
        (["1970年1月2日"], [1]),
        (["1970-01-02 10:00:00"], [1]),
    ],
)
def test_days_are_read_in_the_way_of_their_column(cells: list[str], days: list[int | None]):
    read = day_reader(cells)
    assert [read(cell) for cell in cells] == days


def test_digits_tell_values_apart_and_leave_room_for_the_largest():
    assert digits_needed([Decimal("1"), Decimal("2")]) == 0
    assert digits_needed([Decimal("0.25"), Decimal("0.5")]) == 2
    assert digits_needed([Decimal("0.123456789012"), Decimal("0.2")]) == 7
    assert digits_needed([Decimal("0.123456789"), Decimal("99999999999999.5")]) <= 4
    assert digits_needed([*(Decimal(f"0.{i:04}") for i in range(1, 99)), Decimal("1e1000000")]) == 4, "one slip"


TEXT = csv_text(rows(40))


def as_parquet(folder: Path) -> Path:
    (folder / "plain.csv").write_text(TEXT, encoding="utf-8")
    path = folder / "t.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT * FROM read_csv('{folder / 'plain.csv'}')) TO '{path}' (FORMAT parquet)")
    return path


def as_arff(folder: Path) -> Path:
    header, *lines = TEXT.strip().splitlines()
    words = ("firm", "region", "sector", "defaulted")
    lines = [",".join(cell or "?" for cell in line.split(",")) for line in lines]
    kinds = [f"@attribute '{name}' {'string' if name in words else 'numeric'}" for name in header.split(",")]
    path = folder / "t.arff"
    path.write_text("\n".join(["% made up", "@relation firms", *kinds, "@data", *lines]), encoding="utf-8")
    return path


def as_csv(encoding: str, separator: str, line_end: str = "\n"):
    def write(folder: Path) -> Path:
        path = folder / "t.csv"
        text = TEXT.replace(",", separator).replace("North", "北方").replace("\n", line_end)
        path.write_bytes(text.encode(encoding))
        return path

    return write


@pytest.mark.parametrize(
    "write",
    [
        as_parquet,
        as_arff,
        as_csv("utf-8", ";"),
        as_csv("utf-8-sig", "\t"),
        as_csv("utf-16", ","),
        as_csv("gb18030", "|", "\r\n"),
    ],
)
def test_one_table_gives_the_same_integers_whatever_it_is_kept_in(write, tmp_path: Path):
    (tmp_path / "expected.csv").write_text(TEXT, encoding="utf-8")
    schema = read_schema(SCHEMA.encode(), "s.toml")
    expected, digits = code_table(read_table(tmp_path / "expected.csv"), schema)
    found, _ = code_table(read_table(write(tmp_path)), schema, digits)
    assert found.integers == expected.integers
    assert found.words["sector"] == expected.words["sector"]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("t.csv", b"", "FILE_EMPTY"),
        ("t.csv", b"a,b\n1,2,3\n", "ROW_COLUMNS"),
        ("t.csv", b"a,a\n1,2\n", "TABLE_HEADER"),
        ("t.csv", b"a,\n1,2\n", "TABLE_HEADER"),
        ("t.csv", b"a\0b\n1\n", "BAD_CSV"),
        ("t.xlsx", b"PK", "TABLE_KIND"),
        ("t.parquet", b"PAR1 not really", "BAD_PARQUET"),
        ("t.arff", b"@relation x\n@attribute a numeric\n", "BAD_ARFF"),
        ("t.arff", b"@attribute a numeric\n@data\n1,2\n", "BAD_ARFF"),
        ("t.arff", b"@attribute a numeric\n@data\n'1\n", "BAD_ARFF"),
    ],
)
def test_a_file_that_is_no_table_says_why(name: str, content: bytes, code: str, tmp_path: Path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(HefuError) as caught:
        read_table(tmp_path / name)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ('"a", "b c"\n1, "2, 3"\n', {"a": ["1"], "b c": ["2, 3"]}),
        ("a,b,\n1,2,\n3,4,\n", {"a": ["1", "3"], "b": ["2", "4"]}),
        ("a;b\n1;2;\n3;4;\n", {"a": ["1", "3"], "b": ["2", "4"]}),
        ("a,b\n1,\n3,\n", {"a": ["1", "3"], "b": ["", ""]}),
    ],
)
def test_blanks_before_quotes_and_separators_at_the_end_are_no_cells(
    text: str, columns: dict[str, list[str]], tmp_path: Path
):
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    found = read_table(tmp_path / "t.csv")
    assert dict(zip(found.names, found.columns)) == columns


def test_parquet_is_the_file_named_with_the_texts_of_a_csv(tmp_path: Path):
    folder = tmp_path / "year=2020"
    folder.mkdir()
    with duckdb.connect() as connection:
        for name, value in (("a1", 1), ("b", 2)):
            columns = (
                f"{value} AS \" a\", CAST(1.0 / 7 AS FLOAT) AS f, TIMESTAMPTZ '2020-01-02 01:00:00+02' AS t, '0,5' AS w"
            )
            connection.execute(f"COPY (SELECT {columns}) TO '{folder / name}.parquet'")
    (folder / "b.parquet").rename(folder / "a[1].parquet")
    found = read_table(folder / "a[1].parquet")
    assert dict(zip(found.names, found.columns)) == {
        "a": ["2"],
        "f": ["0.14285715"],
        "t": ["2020-01-01 23:00:00"],
        "w": ["0,5"],
    }
    assert found.numbers == {"a", "f"}


def test_arff_kinds_may_stand_close_and_sparse_cells_in_quotes(tmp_path: Path):
    text = "@relation r\n@attribute class{good, bad}\n@attribute b numeric\n@data\n{0 bad,1\t3}\n{0 'x, y'}\n{}\n"
    (tmp_path / "t.arff").write_text(text)
    found = read_table(tmp_path / "t.arff")
    assert (found.names, found.columns) == (("class", "b"), (["bad", "x, y", "good"], ["3", "0", "0"]))


def test_sparse_arff_leaves_out_zeros(tmp_path: Path):
    (tmp_path / "t.arff").write_text("@relation r\n@attribute a numeric\n@attribute b {x,y}\n@data\n{0 3}\n{1 y}\n")
    assert read_table(tmp_path / "t.arff").columns == (["3", "0"], ["x", "y"])


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ("label =", "s.toml"),
        ('label = "y"\npositive = []', "s.toml: label"),
        (SCHEMA.replace("positive", "positives"), "s.toml: positives"),
        (SCHEMA.replace('"safer"', '"better"'), "s.toml: columns.sales.direction"),
        (SCHEMA.replace('role = "number", unit = "yuan"', 'role = "money"'), "s.toml: columns.sales.role"),
        (SCHEMA.replace("lowest = 0", 'lowest = "0"'), "s.toml: columns.sales.lowest"),
        (SCHEMA.replace("lowest = 0", "lowest = 10, highest = 1"), "s.toml: columns.sales.highest"),
        (SCHEMA.replace("[columns]", 'prior = ["profit"]\n[columns]'), "s.toml: prior"),
        (SCHEMA.replace("[columns]", 'split = "grouped"\n[columns]'), "s.toml: group"),
        (SCHEMA.replace("[columns]", "folds = 1\n[columns]"), "s.toml: folds"),
        (SCHEMA.split("[columns]")[0], "s.toml: columns"),
    ],
)
def test_a_schema_that_cannot_be_used_names_the_key(changed: str, where: str):
    with pytest.raises(UsageError) as caught:
        read_schema(changed.encode(), "s.toml")
    assert (caught.value.code, caught.value.where) == ("BAD_SCHEMA", where)


def test_a_banned_column_is_never_read_and_a_schema_survives_its_file():
    schema = read_schema(SCHEMA.replace("[columns]", '[banned]\ndebt = "known later"\n[columns]').encode(), "s.toml")
    assert "debt" not in {column.name for column in schema.fields}
    assert from_document(as_document(schema)) == schema


def table(**columns: list[str | None]) -> Table:
    return Table("t.csv", tuple(columns), tuple(columns.values()), "")


def test_a_proposal_reads_back_and_finds_what_was_written_after_the_fact():
    n = 60
    y = ["1" if i % 4 == 0 else "0" for i in range(n)]
    made = table(
        loan_id=[f"L{i}" for i in range(n)],
        approved_on=[f"2020-01-{1 + i % 28:02d}" for i in range(n)],
        amount=[f"${1000 + 37 * i:,}.00" for i in range(n)],
        industry_code=[str(11 + i % 5) for i in range(n)],
        guarantor=["none" if i % 3 else "bank" for i in range(n)],
        charge_off_amount=["500" if v == "1" else "0" for v in y],
        follow_up=["sold" if v == "1" else None for v in y],
        same=["1"] * n,
        year=[str(2015 + i % 3) for i in range(n)],
        default=y,
    )
    proposal = propose(made)
    schema = read_schema(schema_text(proposal, made).encode(), "s.toml")
    assert (schema.label, schema.positive, schema.time) == ("default", ("1",), "approved_on")
    assert schema.identifiers == ("loan_id",)
    assert set(schema.banned) == {"charge_off_amount", "follow_up", "year"}
    roles = {column.name: column.role for column in schema.columns}
    assert roles == {
        "amount": Role.NUMBER,
        "industry_code": Role.CATEGORY,
        "guarantor": Role.CATEGORY,
        "same": Role.IGNORE,
    }


def test_of_a_rating_the_words_below_investment_grade_are_proposed():
    made = table(rating=["AAA", "A", "BBB", "BB", "B", "CCC"] * 5, x=[str(i) for i in range(30)])
    assert set(propose(made, label="rating").schema.positive) == {"bb", "b", "ccc"}


def test_a_table_without_an_outcome_asks_for_one():
    with pytest.raises(UsageError) as caught:
        propose(table(a=["1", "2", "3"], b=["4", "5", "6"]))
    assert caught.value.code == "NO_LABEL_COLUMN"
