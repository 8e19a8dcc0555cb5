"""Runs the steps on DuckDB: all features of many firms at once, from kept rows."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from hefu.credit.features import crossing
from hefu.credit.features.expression import Dialect
from hefu.credit.features.links import find_links
from hefu.credit.features.plan import as_values, steps
from hefu.credit.features.rows import ROWS
from hefu.documents.invoices.classify import name as sql_name
from hefu.documents.invoices.classify import quoted
from hefu.documents.invoices.treatments import problem
from hefu.kernel.errors import UsageError


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """
    Features in DuckDB: temporary tables of one connection, which lives as long as this.

    Args:
        sources: Those that were there.
        rows: Number of feature rows.
    """

    connection: duckdb.DuckDBPyConnection
    sources: tuple[str, ...]
    rows: int

    def features(self) -> Iterator[dict[str, Any]]:
        """firm, as_of and every feature (None: unknown), in order of firm and date."""
        return self._dicts("features")

    def facts(self) -> Iterator[dict[str, Any]]:
        """firm, as_of and every fact, integers; what an integer of record is made from."""
        return self._dicts("facts")

    def save(self, path: Path, *, labels: tuple[str, Mapping[tuple[str, date], str | None]] | None = None) -> None:
        """
        Write the features as Parquet or CSV, whole or not at all: firm, as_of and one column each, empty where unknown.

        Args:
            labels: A further column, after firm and as_of: its name, and its word for each row; empty where None.

        Raises:
            UsageError: Neither .parquet nor .csv (BAD_TABLE_KIND); the file cannot be written (NOT_SAVED).
        """
        forms = {".parquet": "FORMAT parquet", ".csv": "FORMAT csv, HEADER"}
        form = forms.get(path.suffix.lower())
        if form is None:
            raise UsageError("a feature table is saved as .parquet or .csv", code="BAD_TABLE_KIND", where=path.name)
        try:
            with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name[:64]}.") as folder:
                part = Path(folder) / "table"
                query = "SELECT * EXCLUDE s FROM features ORDER BY firm, as_of"
                if labels is not None:
                    query = self._labelled(*labels)
                self.connection.execute(f"COPY ({query}) TO {quoted(str(part))} ({form})")
                part.replace(path)
        except (OSError, duckdb.IOException):
            raise problem("NOT_SAVED", path.name) from None

    def _labelled(self, name: str, words: Mapping[tuple[str, date], str | None]) -> str:
        self.connection.execute("CREATE OR REPLACE TEMP TABLE labels (firm VARCHAR, as_of DATE, word VARCHAR)")
        _insert(self.connection, "labels", [(*key, word) for key, word in words.items()])
        return (
            f"SELECT f.firm, f.as_of, l.word AS {sql_name(name)}, f.* EXCLUDE (s, firm, as_of) "  # noqa: S608
            "FROM features f LEFT JOIN labels l USING (firm, as_of) ORDER BY f.firm, f.as_of"
        )

    def _dicts(self, table: str) -> Iterator[dict[str, Any]]:
        found = self.connection.execute(f"SELECT * EXCLUDE s FROM {table} ORDER BY firm, as_of")  # noqa: S608
        assert found.description is not None
        names = [column[0] for column in found.description]
        while batch := found.fetchmany(1_000):
            for row in batch:
                yield dict(zip(names, row))


def compute(
    connection: duckdb.DuckDBPyConnection,
    spine: Iterable[tuple[str, date]],
    *,
    sources: Collection[str] | None = None,
    with_links: bool = True,
    with_relations: bool = False,
) -> FeatureTable:
    """
    Features of firms as of dates.

    Args:
        connection: With the tables of the store (`invoices`, `tax`, ...); nothing in it is changed.
        spine: Firm and as-of date of each row wanted.
        sources: Use no others; all that are there by default.
        with_links: Look for twins and trades among all firms, once for each as-of date; needs invoices.
        with_relations: Look for overlaps, rings and own codes besides; unknown otherwise.
    """
    wanted = as_values((s, firm, as_of) for s, (firm, as_of) in enumerate(sorted(set(spine))))
    present = [source for source in _present(connection) if sources is None or source in sources]
    work = connection.cursor()
    work.execute("CREATE TEMP TABLE spine (s INTEGER, firm VARCHAR, as_of DATE)")
    _insert(work, "spine", wanted)
    linked = with_links and bool({"sales", "purchases"} & set(present)) and bool(wanted)
    if linked:
        _add_links(connection, work, wanted, with_relations)
    last_on = max((as_of for _, _, as_of in wanted), default=date(2000, 1, 1))
    for step in steps(Dialect.DUCKDB, present, last_on=last_on, links=linked):
        kind = "TABLE" if step.is_read_again or step.table == "features" else "VIEW"
        work.execute(f"CREATE TEMP {kind} {step.table} AS {step.query}")
    return FeatureTable(work, tuple(present), len(wanted))


def compute_in_parts(
    connection: duckdb.DuckDBPyConnection,
    spine: Iterable[tuple[str, date]],
    *,
    rows_each: int,
    sources: Collection[str] | None = None,
) -> Iterator[FeatureTable]:
    """
    The same, so many rows at a time, in order of firm: memory holds the cells of one part, however many firms there are.

    Links are found among all firms at once, so parts have none.

    Args:
        rows_each: Rows of the spine in a part.

    Yields:
        Each part's features; they are gone when the next is asked for.
    """
    wanted = sorted(set(spine))
    for start in range(0, len(wanted), rows_each):
        table = compute(connection, wanted[start : start + rows_each], sources=sources, with_links=False)
        yield table
        table.connection.close()


def _present(connection: duckdb.DuckDBPyConnection) -> list[str]:
    tables = {row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    return [source for source, spec in ROWS.items() if spec.table in tables and _has_rows(connection, spec.table)]


def _has_rows(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    # An empty table would only cost time: its source is absent for every firm either way.
    return connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is not None  # noqa: S608


def _insert(work: duckdb.DuckDBPyConnection, table: str, rows: Collection[tuple[Any, ...]]) -> None:
    # One statement with the columns as lists: a statement a row takes a second for a few thousand.
    if rows:
        columns = [list(column) for column in zip(*rows)]
        work.execute(f"INSERT INTO {table} SELECT {', '.join(['unnest(?)'] * len(columns))}", columns)


def _add_links(
    connection: duckdb.DuckDBPyConnection,
    work: duckdb.DuckDBPyConnection,
    wanted: list[tuple[int, str, date]],
    with_relations: bool,
) -> None:
    columns = ", ".join(f"{name} BIGINT" for name in crossing.LINK_FACTS)
    work.execute(f"CREATE TEMP TABLE links (s INTEGER, {columns})")
    for as_of in sorted({as_of for _, _, as_of in wanted}):
        found = find_links(connection, as_of, with_relations=with_relations)
        rows = [(s, *found[firm]) for s, firm, day in wanted if day == as_of and firm in found]
        _insert(work, "links", rows)
