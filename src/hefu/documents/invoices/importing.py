"""
Reads invoice files into DuckDB. Every row gets exactly one treatment and is accounted for; a damaged file, or an
unreadable one, stops the import and leaves nothing behind. Nothing here reads a clock or reaches another machine.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from hefu.documents.invoices import classify
from hefu.documents.invoices.mappings import BUILT_IN, ColumnMapping, Direction
from hefu.documents.invoices.reading import Reader
from hefu.documents.invoices.report import FileReport, ImportReport, LeftRow, Totals
from hefu.documents.invoices.sources import Source, sources
from hefu.documents.invoices.treatments import BY_CODE, Outcome, problem
from hefu.kernel.errors import HefuError

#: Called with the stage, how much of it is done, and how much there is: bytes for "read", 0 or 1 for "duplicates".
Progress = Callable[[str, int, int], None]
_OFFLINE: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
_ALL = 1 << 62
_ACCEPTED_VIEW = "CREATE VIEW invoices AS SELECT * EXCLUDE treatment FROM invoice_rows WHERE treatment = 'ACCEPTED'"


@dataclass(frozen=True, slots=True)
class Invoices:
    """
    The rows of an import in DuckDB.

    The view `invoices` holds the accepted rows: firm, direction (purchases or sales), number, issued_on, counterparty,
    net_minor, tax_minor, gross_minor, row, file. The table `invoice_rows` holds all, with their treatment.

    Args:
        table: Where the accepted rows are, if elsewhere; matching needs no more than firm to gross_minor, without counterparty.
    """

    connection: duckdb.DuckDBPyConnection
    table: str = "invoices"

    def __len__(self) -> int:
        found = self.connection.execute(f"SELECT count(*) FROM {self.table}").fetchone()  # noqa: S608
        assert found is not None
        return int(found[0])


@dataclass(frozen=True, slots=True)
class Imported:
    """An import's report and its rows."""

    report: ImportReport
    invoices: Invoices


def import_invoices(
    path: Path,
    *,
    today: date,
    mapping: ColumnMapping | None = None,
    direction: Direction | None = None,
    connection: duckdb.DuckDBPyConnection | None = None,
    refused_kept: int = 100,
    progress: Progress | None = None,
) -> Imported:
    """
    Import a CSV or Parquet file, or all of a folder.

    Args:
        today: Business date; an invoice dated later is refused.
        mapping: Columns of files that neither built-in mapping fits; then it alone counts.
        direction: Purchases or sales for all files, where neither header nor file name says.
        connection: Where to put `invoice_rows` and `invoices`, replacing any; a new one in memory where absent.
        refused_kept: Refused rows kept in the report.
        progress: Told how far the import is.

    Raises:
        HefuError: With a code of FILE_PROBLEMS; and the connection is as it was.
    """
    found, others = sources(path)
    skipped = dict.fromkeys(others, "neither .csv nor .parquet")
    base = duckdb.connect(":memory:", config=_OFFLINE) if connection is None else connection
    # A cursor has a transaction of its own; the caller's, if any, is neither joined nor ended.
    work = base.cursor()
    try:
        _make_tables(work)
        with _temporary_folder() as folder:
            meter = _Meter(progress or _silent, sum(source.size_bytes for source in found))
            reader = Reader(work, (mapping,) if mapping else BUILT_IN, direction, Path(folder), meter.advance)
            files = _read_all(reader, meter, found, skipped, today, strict=not path.is_dir())
        if not files:
            raise problem("NO_INVOICE_FILES", path.name)
        meter.progress("duplicates", 0, 1)
        work.execute(classify.mark_duplicates("invoice_rows"))
        report = _report(base, work, tuple(files), skipped, refused_kept)
        work.execute("COMMIT")
        meter.progress("duplicates", 1, 1)
    except BaseException as error:
        # Closing a cursor ends its transaction; nothing of it remains.
        work.close()
        if connection is None:
            base.close()
        if isinstance(error, duckdb.OutOfMemoryException):
            raise problem("NO_ROOM") from None
        if isinstance(error, duckdb.TransactionException):
            raise problem("CONNECTION_BUSY") from None
        raise
    work.close()
    return Imported(report, Invoices(base))


def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(prefix="hefu-import-")
    except OSError:
        raise problem("NO_ROOM") from None


def _silent(stage: str, done: int, total: int) -> None:
    pass


def _make_tables(work: duckdb.DuckDBPyConnection) -> None:
    try:
        work.execute("BEGIN")
        work.execute("DROP VIEW IF EXISTS invoices")
        work.execute(f"CREATE OR REPLACE TABLE invoice_rows ({classify.ROW_COLUMNS})")
        work.execute(_ACCEPTED_VIEW)
    except duckdb.Error:
        raise problem("CONNECTION_BUSY") from None


@dataclass(slots=True)
class _Meter:
    """How far an import is, in bytes of its files."""

    progress: Progress
    total: int
    done: int = 0
    limit: int = 0

    def advance(self, count: int) -> None:
        # A second attempt, in another encoding, reads a file again and counts no further than its end.
        self.done = min(self.done + count, self.limit)
        self.progress("read", self.done, self.total)


def _read_all(
    reader: Reader, meter: _Meter, found: Sequence[Source], skipped: dict[str, str], today: date, *, strict: bool
) -> list[FileReport]:
    files = []
    for source in found:
        meter.limit += source.size_bytes
        try:
            files.append(_read(reader, source, today))
        except HefuError as error:
            # A folder may hold other tables; a damaged file is never taken for one.
            if strict or error.code != "UNKNOWN_COLUMNS":
                raise
            skipped[source.name] = str(error.args[0])
        meter.advance(meter.limit - meter.done)
    return files


def _read(reader: Reader, source: Source, today: date) -> FileReport:
    ready = reader.prepare(source)
    statement = classify.insert_rows(
        "invoice_rows",
        ready.rows,
        columns=ready.columns,
        mapping=ready.mapping,
        direction=ready.direction,
        file=source.name,
        today=today.isoformat(),
    )
    try:
        inserted = reader.connection.execute(statement).fetchone()
    except duckdb.OutOfMemoryException:
        raise
    except (duckdb.Error, UnicodeDecodeError):
        raise problem(ready.damage, source.name) from None
    assert inserted is not None
    return FileReport(source.name, ready.mapping.name, ready.direction, ready.encoding, int(inserted[0]))


def _report(
    base: duckdb.DuckDBPyConnection,
    work: duckdb.DuckDBPyConnection,
    files: tuple[FileReport, ...],
    skipped: dict[str, str],
    refused_kept: int,
) -> ImportReport:
    summed = dict[str, tuple[int, int]]()
    for code, rows, gross in work.execute(
        "SELECT treatment, count(*), sum(gross_minor) FROM invoice_rows GROUP BY 1"
    ).fetchall():
        summed[code] = (int(rows), int(gross or 0))
    totals = {
        str(direction): Totals(*map(int, sums))
        for direction, *sums in work.execute(
            "SELECT direction, count(*), sum(net_minor), sum(tax_minor), sum(gross_minor)"
            " FROM invoices GROUP BY 1 ORDER BY 1"
        ).fetchall()
    }
    refused = [code for code, treatment in BY_CODE.items() if treatment.outcome is Outcome.REFUSED]
    return ImportReport(
        files,
        skipped,
        {code: summed.get(code, (0, 0))[0] for code in BY_CODE},
        {code: summed.get(code, (0, 0))[1] for code in BY_CODE},
        totals,
        tuple(_left_rows(work, refused, refused_kept)),
        lambda: _left_rows(base.cursor(), [code for code in BY_CODE if code != "ACCEPTED"], _ALL),
    )


def _left_rows(connection: duckdb.DuckDBPyConnection, codes: list[str], limit: int) -> Iterator[LeftRow]:
    connection.execute(
        'SELECT file, "row", treatment FROM invoice_rows WHERE treatment IN (SELECT unnest(?))'
        ' ORDER BY file, "row" LIMIT ?',
        [codes, limit],
    )
    while batch := connection.fetchmany(10_000):
        yield from (LeftRow(*row) for row in batch)
