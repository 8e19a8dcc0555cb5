"""
What has been imported about firms: one DuckDB file on the node of whoever was given the data, or in memory.

One table a source, and a journal of imports. Everything an import adds is one transaction. A row that came before changes
nothing; a better version of a row stands beside the first one, and the as-of date chooses. Invoices are kept once each, with
the day on which they became known and the day on which their void did.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, get_type_hints

import duckdb

from hefu.credit.sources.rows import (
    BankFlow,
    CapacityPeriod,
    ElectricityPeriod,
    Invoice,
    Row,
    StockCount,
    TaxFiling,
    WaterPeriod,
)
from hefu.kernel.errors import Corrupt, UsageError

#: Version of the tables; a store of another one is not read.
VERSION = 1
KINDS: Mapping[str, type[Row]] = {
    "invoices": Invoice,
    "tax": TaxFiling,
    "bank": BankFlow,
    "inventory": StockCount,
    "capacity": CapacityPeriod,
    "electricity": ElectricityPeriod,
    "water": WaterPeriod,
}
_SQL = {str: "VARCHAR", int: "BIGINT", date: "DATE", bool: "BOOLEAN"}
_OFFLINE: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
_JOURNAL = (
    "source VARCHAR, file VARCHAR, digest VARCHAR, schema INTEGER, rows BIGINT, accepted BIGINT, is_synthetic BOOLEAN"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One import of one file.

    Args:
        digest: SHA-256 of the file, hexadecimal.
        schema: Version of the source's schema.
        rows, accepted: Rows read, and rows taken.
    """

    source: str
    file: str
    digest: str
    schema: int
    rows: int
    accepted: int
    is_synthetic: bool


def columns_of(kind: str) -> dict[str, str]:
    """Columns of a table and their SQL types; an invoice has the day of its void in place of the word."""
    hints = get_type_hints(KINDS[kind])
    columns = {name: _SQL[hints[name]] for name in KINDS[kind]._fields}
    if "void" in columns:
        del columns["void"]
        columns["voided_on"] = "DATE"
    return columns


class Store:
    """
    An open store.

    Args:
        path: File, made if absent; None: in memory.

    Raises:
        Corrupt: The file is no store of this version (NOT_A_STORE).
        UsageError: Another process holds it (STORE_BUSY).
    """

    def __init__(self, path: Path | None = None) -> None:
        is_new = path is None or not path.exists()
        try:
            self.connection = duckdb.connect(str(path) if path else ":memory:", config=_OFFLINE)
            if is_new:
                self._make()
            self._check()
        except duckdb.IOException as error:
            if "lock" in str(error).lower():
                raise UsageError("another process works with this store; wait for it", code="STORE_BUSY") from None
            raise Corrupt(
                "the file is no store of sources", code="NOT_A_STORE", where=path.name if path else None
            ) from None
        except duckdb.Error:
            raise Corrupt(
                "the file is no store of sources", code="NOT_A_STORE", where=path.name if path else None
            ) from None

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close; a store in memory is gone."""
        self.connection.close()

    def _make(self) -> None:
        self.connection.execute("BEGIN")
        self.connection.execute(f"CREATE TABLE store AS SELECT {VERSION} AS version")
        self.connection.execute(f"CREATE TABLE imports ({_JOURNAL})")
        for kind in KINDS:
            columns = ", ".join(f"{name} {sql}" for name, sql in columns_of(kind).items())
            self.connection.execute(f"CREATE TABLE {kind} ({columns})")
        self.connection.execute("COMMIT")

    def _check(self) -> None:
        found = self.connection.execute("SELECT version FROM store").fetchone()
        if found != (VERSION,):
            raise Corrupt(f"the store is not of version {VERSION}; import its files anew", code="NOT_A_STORE")

    @contextmanager
    def writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A transaction of its own; an error leaves nothing of it."""
        work = self.connection.cursor()
        work.execute("BEGIN")
        try:
            yield work
            work.execute("COMMIT")
        finally:
            # Closing ends whatever has not been committed.
            work.close()

    def add(self, rows: Iterable[Row]) -> None:
        """Add rows as they are; for those who make rows themselves. Files go through `import_source`."""
        by_kind = {kind: list[Row]() for kind in KINDS}
        names = {row_type: kind for kind, row_type in KINDS.items()}
        for row in rows:
            by_kind[names[type(row)]].append(row)
        with self.writing() as work:
            for kind, found in by_kind.items():
                if found:
                    stage(work, kind, found)
                    merge(work, kind, "staged")
                    work.execute("DROP TABLE staged")

    def journal(self) -> list[Entry]:
        """Every import, in order."""
        return [Entry(*row) for row in self.connection.execute("SELECT * FROM imports").fetchall()]

    def coverage(self) -> dict[str, tuple[int, int, date | None, date | None]]:
        """By table: rows, firms, and the first and last day that its rows are about."""
        found = {}
        for kind in KINDS:
            days = [name for name, sql in columns_of(kind).items() if sql == "DATE"]
            row = self.connection.execute(
                f"SELECT count(*), count(DISTINCT firm), min({days[0]}), max({_last_day(kind)}) FROM {kind}"  # noqa: S608
            ).fetchone()
            assert row is not None
            found[kind] = (int(row[0]), int(row[1]), row[2], row[3])
        return found

    def export(self, folder: Path) -> dict[str, Path]:
        """
        Write every table that has rows as Parquet, one file each, as Spark reads them.

        Args:
            folder: Exists.
        """
        written = {}
        for kind, (rows, *_) in self.coverage().items():
            if rows:
                written[kind] = folder / f"{kind}.parquet"
                place = str(written[kind]).replace("'", "''")
                self.connection.execute(f"COPY {kind} TO '{place}' (FORMAT parquet)")
        return written

    def firms(self) -> list[str]:
        """Every firm that any source knows, in order."""
        each = " UNION ".join(f"SELECT firm FROM {kind}" for kind in KINDS)  # noqa: S608
        return [str(row[0]) for row in self.connection.execute(f"{each} ORDER BY 1").fetchall()]

    def rows_of(self, firm: str) -> list[Row]:
        """Every row of a firm, by source; a voided invoice comes twice, first as it was issued."""
        found = list[Row]()
        for kind, shape in KINDS.items():
            names = list(columns_of(kind))
            for values in self.connection.execute(
                f"SELECT {', '.join(names)} FROM {kind} WHERE firm = ? ORDER BY ALL",  # noqa: S608
                [firm],
            ).fetchall():
                row = dict(zip(names, values))
                if shape is not Invoice:
                    found.append(shape(**row))
                    continue
                voided_on = row.pop("voided_on")
                if voided_on is None or row["recorded_on"] < voided_on:
                    found.append(Invoice(**row, void=False))
                if voided_on is not None:
                    found.append(Invoice(**{**row, "recorded_on": max(voided_on, row["recorded_on"])}, void=True))
        return found

    @property
    def is_synthetic(self) -> bool:
        """Whether anything here was made up."""
        found = self.connection.execute("SELECT count(*) FROM imports WHERE is_synthetic").fetchone()
        return found is not None and bool(found[0])


def _last_day(kind: str) -> str:
    return (
        "period_end"
        if "period_end" in columns_of(kind)
        else next(n for n, s in columns_of(kind).items() if s == "DATE")
    )


def stage(work: duckdb.DuckDBPyConnection, kind: str, rows: list[Row]) -> None:
    """Put rows into a temporary table `staged` of the table's shape."""
    columns = columns_of(kind)
    work.execute(f"CREATE TEMP TABLE staged ({', '.join(f'{name} {sql}' for name, sql in columns.items())})")
    lists: list[list[Any]] = []
    for name, sql in columns.items():
        if name == "voided_on":
            values: list[Any] = [row.recorded_on if isinstance(row, Invoice) and row.void else None for row in rows]
        else:
            values = [getattr(row, name) for row in rows]
        lists.append([None if value is None else str(value) for value in values] if sql == "DATE" else values)
    casts = ", ".join(f"CAST(unnest(?) AS {sql})" for sql in columns.values())
    work.execute(f"INSERT INTO staged SELECT {casts}", lists)


def merge(work: duckdb.DuckDBPyConnection, kind: str, staged: str) -> int:
    """
    Bring staged rows into their table, inside the caller's transaction.

    Returns:
        Number of rows that were not there before.
    """
    before = _count(work, kind)
    if kind != "invoices":
        work.execute(f"INSERT INTO {kind} SELECT * FROM {staged} EXCEPT SELECT * FROM {kind}")  # noqa: S608
        return _count(work, kind) - before
    identity = [name for name in columns_of(kind) if name not in ("recorded_on", "voided_on")]
    # What came first and what was voided first stay, in whatever order files come.
    once = f"""
        SELECT {", ".join(identity)}, min(recorded_on) AS recorded_on, min(voided_on) AS voided_on FROM {staged} GROUP BY ALL
    """  # noqa: S608
    if before:
        same = " AND ".join(f"old.{name} = new.{name}" for name in identity)
        work.execute(f"CREATE TEMP TABLE once AS {once}")
        work.execute(f"""
            UPDATE invoices AS old SET recorded_on = least(old.recorded_on, new.recorded_on),
                                       voided_on = least(old.voided_on, new.voided_on)
            FROM once AS new WHERE {same}
        """)  # noqa: S608
        work.execute(f"INSERT INTO invoices SELECT new.* FROM once AS new ANTI JOIN invoices AS old ON {same}")  # noqa: S608
        work.execute("DROP TABLE once")
    else:
        work.execute(f"INSERT INTO invoices {once}")
    return _count(work, kind) - before


def _count(work: duckdb.DuckDBPyConnection, table: str) -> int:
    found = work.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
    assert found is not None
    return int(found[0])


def write_journal(work: duckdb.DuckDBPyConnection, entry: Entry) -> None:
    """Note an import, inside the caller's transaction."""
    work.execute(
        "INSERT INTO imports VALUES (?, ?, ?, ?, ?, ?, ?)",
        [entry.source, entry.file, entry.digest, entry.schema, entry.rows, entry.accepted, entry.is_synthetic],
    )
