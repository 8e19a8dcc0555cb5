"""
Tables from files: CSV (any usual encoding and separator), Parquet, ARFF. Every cell becomes the text that it would have in a CSV,
so that one table gives the same integers whatever it is kept in; nothing is guessed about what a cell means.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb

from hefu.credit.models import arff
from hefu.documents.invoices.treatments import problem
from hefu.kernel.errors import Corrupt, UsageError

SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".arff")
_SEPARATORS = (",", ";", "\t", "|")
_NUMBERS = re.compile(r"(FLOAT|DOUBLE|DECIMAL|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?)\b")
_PARQUET = "read_parquet(?, hive_partitioning = false)"
_CELL_MAX = 1 << 20
_LINES_LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class Table:
    """
    Texts by column.

    Args:
        file: Name, without its folder.
        names: Of the columns, each once.
        columns: As long as each other; None where a Parquet or ARFF cell is null.
        digest: SHA-256 of the file, hexadecimal.
        numbers: Columns that the file itself keeps as numbers, so that nobody's way of writing them is in question.
    """

    file: str
    names: tuple[str, ...]
    columns: tuple[list[str | None], ...]
    digest: str
    numbers: frozenset[str] = frozenset()

    @property
    def rows(self) -> int:
        """How many."""
        return len(self.columns[0]) if self.columns else 0

    def column(self, name: str) -> list[str | None]:
        """
        Cells of a column.

        Raises:
            UsageError: TABLE_COLUMN, there is none of this name.
        """
        if name not in self.names:
            raise UsageError("the table has no such column", code="TABLE_COLUMN", where=f"{self.file}: {name}")
        return self.columns[self.names.index(name)]

    def take(self, rows: Sequence[int]) -> Table:
        """Some rows, in the order given."""
        columns = tuple([column[i] for i in rows] for column in self.columns)
        return Table(self.file, self.names, columns, self.digest, self.numbers)


def read_table(path: Path) -> Table:
    """
    Read a whole table.

    Raises:
        HefuError: FILE_MISSING, FILE_UNREADABLE, TABLE_KIND (none of SUFFIXES), FILE_EMPTY (no column), BAD_ENCODING, BAD_CSV,
            BAD_PARQUET, BAD_ARFF, ROW_COLUMNS (a row has more or fewer cells than the header), TABLE_HEADER (a column without a
            name, or two of one name).
    """
    suffix = path.suffix.lower()
    if not path.exists():
        raise problem("FILE_MISSING", path.name)
    if suffix not in SUFFIXES or path.is_dir():
        raise UsageError(f"a table is one of {', '.join(SUFFIXES)}", code="TABLE_KIND", where=path.name)
    try:
        raw = path.read_bytes()
    except OSError:
        raise problem("FILE_UNREADABLE", path.name) from None
    if not raw.strip():
        raise problem("FILE_EMPTY", path.name)
    names, columns, numbers = (
        _parquet(path) if suffix == ".parquet" else (*_text(raw, suffix, path.name), frozenset[str]())
    )
    names = [name.strip() for name in names]
    _check_header(names, path.name)
    return Table(path.name, tuple(names), tuple(columns), sha256(raw).hexdigest(), numbers)


def _check_header(names: Sequence[str], file: str) -> None:
    seen = set[str]()
    for i, name in enumerate(names, 1):
        if not name:
            raise UsageError("a column has no name", code="TABLE_HEADER", where=f"{file}: column {i}")
        if name in seen:
            raise UsageError("two columns have one name", code="TABLE_HEADER", where=f"{file}: {name}")
        seen.add(name)


def _text(raw: bytes, suffix: str, file: str) -> tuple[list[str], list[list[str | None]]]:
    text = _decoded(raw, file)
    if suffix == ".arff":
        return arff.read(text, file)
    if "\0" in text:
        raise problem("BAD_CSV", file)
    if not text.strip():
        raise problem("FILE_EMPTY", file)
    header, *rows = _without_last(_rows(text, file))
    names = [name.strip() for name in header]
    if names and not names[0] and _is_counter([row[0] for row in rows if row]):
        # The row number that data frames write.
        names[0] = "(row)"
    columns: list[list[str | None]] = [[] for _ in names]
    for number, row in enumerate(rows, 2):
        if len(row) != len(names):
            if not any(cell.strip() for cell in row):
                continue
            raise Corrupt(
                "the row has more or fewer cells than the header", code="ROW_COLUMNS", where=f"{file}:{number}"
            )
        for column, cell in zip(columns, row):
            column.append(cell)
    return names, columns


def _without_last(rows: list[list[str]]) -> list[list[str]]:
    """Without the empty column that a separator at the end of each line makes."""
    named = len(rows[0]) - (not rows[0][-1].strip())
    ends = {len(row) for row in rows[1:]} | ({len(rows[0])} if named < len(rows[0]) else set())
    if named and ends == {named + 1} and not any(row[named].strip() for row in rows[1:]):
        return [row[:named] for row in rows]
    return rows


def _decoded(raw: bytes, file: str) -> str:
    marked = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030", "cp1252"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise problem("BAD_ENCODING", file)


def _rows(text: str, file: str) -> list[list[str]]:
    csv.field_size_limit(_CELL_MAX)
    try:
        return [row for row in _reader(text, _separator(text)) if row]
    except csv.Error:
        raise problem("BAD_CSV", file) from None


def _reader(text: str, separator: str) -> Iterator[list[str]]:
    # A blank before a quote would make the quote a part of the cell.
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)


def _separator(text: str) -> str:
    """The one that splits the first lines into the most cells, the same number in each."""
    best, most = ",", 1
    for separator in _SEPARATORS:
        reader = _reader(text[:_CELL_MAX], separator)
        try:
            looked_at = [row for row, _ in zip(reader, range(_LINES_LOOKED_AT)) if row]
        except csv.Error:
            continue
        widths = [len(row) - (row[-1] == "" and len(row) == len(looked_at[0]) + 1) for row in looked_at]
        if len(widths) > 1 and len(text) > _CELL_MAX:
            widths.pop()
        if widths and widths[0] > most and widths.count(widths[0]) * 10 >= len(widths) * 9:
            best, most = separator, widths[0]
    return best


def _is_counter(cells: Sequence[str]) -> bool:
    return bool(cells) and all(cell.isdigit() for cell in cells) and len(set(cells)) == len(cells)


def _parquet(path: Path) -> tuple[list[str], list[list[str | None]], frozenset[str]]:
    # Exactly this file: what stands in brackets is no pattern, and what a folder is called is no column.
    name = re.sub(r"([\[*?])", r"[\1]", str(path))
    try:
        with duckdb.connect() as connection:
            connection.execute("SET threads = 1")
            kinds = connection.execute(f"DESCRIBE SELECT * FROM {_PARQUET}", [name]).fetchall()  # noqa: S608 - a constant
            names, types = [str(kind[0]) for kind in kinds], [str(kind[1]) for kind in kinds]
            asked = ", ".join(map(_asked, names, types))
            found = connection.execute(f"SELECT {asked} FROM {_PARQUET}", [name])  # noqa: S608 - names in quotes
            columns: list[list[str | None]] = [[] for _ in names]
            while batch := found.fetchmany(20_000):
                for column, cells in zip(columns, zip(*batch)):
                    column.extend(map(_cell, cells))
            numbers = (column.strip() for column, kind in zip(names, types) if _NUMBERS.match(kind))
            return names, columns, frozenset(numbers)
    except duckdb.OutOfMemoryException:
        raise problem("NO_ROOM") from None
    except duckdb.Error:
        raise problem("BAD_PARQUET", path.name) from None


def _asked(name: str, kind: str) -> str:
    column = '"' + name.replace('"', '""') + '"'
    if kind == "FLOAT":
        # A seventh in single precision is 0.14285715, not the double that it is nearest to.
        return f"CAST(CAST({column} AS VARCHAR) AS DOUBLE)"
    return f"make_timestamp(epoch_us({column}))" if kind == "TIMESTAMP WITH TIME ZONE" else column


def _cell(value: Any) -> str | None:
    """The text that a CSV would have."""
    match value:
        case None:
            return None
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case float():
            # The shortest text that reads back as the same double; a whole one without its point, as in a column without gaps.
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        case int():
            return str(value)
        case Decimal():
            return format(value, "f")
        case datetime():
            return value.isoformat(sep=" ")
        case date():
            return value.isoformat()
        case _:
            return str(value)
