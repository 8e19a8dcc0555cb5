"""
Files into the store: one source at a time, all files of a call in one transaction. Every row is taken or refused with a code and
its field; while a row is refused nothing is stored, unless the caller says to go on without such rows.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import NamedTuple

import duckdb

from hefu.credit.sources import store as kept
from hefu.credit.sources.classify import BY_CODE, typed_rows
from hefu.credit.sources.schema import INVOICE_VERSION, SCHEMAS, Schema
from hefu.credit.sources.store import Entry, Store
from hefu.documents.invoices import ColumnMapping, Direction, import_invoices
from hefu.documents.invoices.classify import name as sql_name
from hefu.documents.invoices.classify import quoted
from hefu.documents.invoices.csvtext import regularise
from hefu.documents.invoices.sources import Source, open_parquet, sources
from hefu.documents.invoices.treatments import BY_CODE as INVOICE_TREATMENTS
from hefu.documents.invoices.treatments import Outcome, Treatment, problem
from hefu.kernel.errors import UsageError

#: Firms whose code begins so are made up; whatever holds one of them says so wherever it is shown.
SYNTHETIC = "SYN-"
_LINE_BYTES_MAX = 1 << 20
#: The field that each refusal of an invoice row is about.
_INVOICE_FIELDS: Mapping[str, str] = {
    "MISSING_FIRM": "firm",
    "MISSING_NUMBER": "number",
    "MISSING_COUNTERPARTY": "counterparty",
    "BAD_DATE": "issued_on",
    "FUTURE_DATE": "issued_on",
    "BAD_AMOUNT": "net, tax or gross",
    "AMOUNT_TOO_LARGE": "net, tax or gross",
    "NOT_CENTS": "net, tax or gross",
    "AMOUNTS_DISAGREE": "gross",
    "UNKNOWN_STATUS": "status",
    "KEY_TOO_LONG": "firm, number or counterparty",
}


class RefusedRow(NamedTuple):
    """A row that was not taken. `row` counts as a spreadsheet does: the header is row 1, in Parquet too."""

    file: str
    row: int
    code: str
    field: str

    @property
    def reason(self) -> str:
        """Why, in words."""
        return treatment(self.code).when


@dataclass(frozen=True, slots=True)
class SourceReport:
    """
    What an import did.

    Args:
        files: Names, in order.
        counts: Rows by treatment, those that occurred; they sum to the rows read.
        refused: Every refused row, in order of file and row.
        added: Rows that were not in the store before; 0 where nothing was stored.
        is_stored: False where a row was refused and the caller did not say to go on.
    """

    source: str
    files: tuple[str, ...]
    counts: Mapping[str, int]
    refused: tuple[RefusedRow, ...]
    added: int
    is_stored: bool
    is_synthetic: bool

    @property
    def rows(self) -> int:
        """Rows read."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Options:
    """
    How to read files.

    Args:
        today: Business date; what is dated later is refused.
        columns: Field to the header's word for it, before the built-in ones.
        mapping, direction: Of invoices only, as for `import_invoices`.
        skip_refused: Store the other rows although some are refused.
    """

    today: date
    columns: Mapping[str, str] = field(default_factory=dict)
    mapping: ColumnMapping | None = None
    direction: Direction | None = None
    skip_refused: bool = False


def treatment(code: str) -> Treatment:
    """What a treatment's code stands for, of invoices and of other sources."""
    return BY_CODE.get(code) or INVOICE_TREATMENTS[code]


def import_source(store: Store, source: str, paths: Sequence[Path], options: Options) -> SourceReport:
    """
    Import files of one source.

    Args:
        source: "invoices", or a name of SCHEMAS.
        paths: CSV or Parquet files, or folders of them.

    Raises:
        UsageError: No such source (UNKNOWN_SOURCE); columns that cannot be read (UNKNOWN_COLUMNS, UNKNOWN_UNIT, BAD_COLUMN).
        HefuError: A file cannot be read, with a code of FILE_PROBLEMS. Nothing is stored then.
    """
    if source not in kept.KINDS:
        raise UsageError(f"no such source; there are {', '.join(kept.KINDS)}", code="UNKNOWN_SOURCE")
    found = [item for path in paths for item in sources(path)[0]]
    try:
        with tempfile.TemporaryDirectory(prefix="hefu-import-") as folder, store.writing() as work:
            taken = (
                _Invoices(work, Path(folder), options)
                if source == "invoices"
                else _Table(work, Path(folder), options, SCHEMAS[source])
            )
            return _import(work, source, found, taken, options)
    except duckdb.OutOfMemoryException:
        raise problem("NO_ROOM") from None


def _import(
    work: duckdb.DuckDBPyConnection, source: str, found: Sequence[Source], taken: _Reader, options: Options
) -> SourceReport:
    columns = ", ".join(f"{name} {sql}" for name, sql in kept.columns_of(source).items())
    work.execute(
        f'CREATE TEMP TABLE read_rows ({columns}, treatment VARCHAR, field VARCHAR, "row" BIGINT, file VARCHAR)'
    )
    for item in found:
        taken.read(item)
    counts = {
        str(code): int(rows)
        for code, rows in work.execute("SELECT treatment, count(*) FROM read_rows GROUP BY 1 ORDER BY 1").fetchall()
    }
    refused = tuple(RefusedRow(*row) for row in taken.refused())
    synthetic = work.execute(f"SELECT count(*) FROM read_rows WHERE starts_with(firm, {quoted(SYNTHETIC)})").fetchone()  # noqa: S608
    assert synthetic is not None
    stored, added = not refused or options.skip_refused, 0
    if stored:
        names = ", ".join(kept.columns_of(source))
        left = _refusing()
        work.execute(f"CREATE TEMP VIEW taken AS SELECT {names} FROM read_rows WHERE treatment NOT IN ({left})")  # noqa: S608
        added = kept.merge(work, source, "taken")
        for item in found:
            read, accepted = _of_file(work, item.name, left)
            version = INVOICE_VERSION if source == "invoices" else SCHEMAS[source].version
            with item.path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            kept.write_journal(work, Entry(source, item.name, digest, version, read, accepted, bool(synthetic[0])))
        work.execute("DROP VIEW taken")
    work.execute("DROP TABLE read_rows")
    return SourceReport(source, tuple(item.name for item in found), counts, refused, added, stored, bool(synthetic[0]))


def _refusing() -> str:
    codes = {t.code for t in (*BY_CODE.values(), *INVOICE_TREATMENTS.values()) if t.outcome is Outcome.REFUSED}
    return ", ".join(map(quoted, sorted(codes)))


def _of_file(work: duckdb.DuckDBPyConnection, file: str, left: str) -> tuple[int, int]:
    row = work.execute(
        f"SELECT count(*), count(*) FILTER (treatment NOT IN ({left})) FROM read_rows WHERE file = ?",  # noqa: S608
        [file],
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


@dataclass(frozen=True, slots=True)
class _Reader:
    work: duckdb.DuckDBPyConnection
    folder: Path
    options: Options

    def read(self, source: Source) -> None:
        raise NotImplementedError

    def refused(self) -> Iterator[tuple[str, int, str, str]]:
        """Refused rows in order of file and row."""
        self.work.execute(
            f'SELECT file, "row", treatment, field FROM read_rows WHERE treatment IN ({_refusing()}) ORDER BY file, "row"'  # noqa: S608
        )
        while batch := self.work.fetchmany(10_000):
            yield from batch


@dataclass(frozen=True, slots=True)
class _Invoices(_Reader):
    """Invoices are read by their own import; its rows come over in one file, because two databases share no memory."""

    def read(self, source: Source) -> None:
        """Read one file into `read_rows`."""
        options = self.options
        imported = import_invoices(
            source.path, today=options.today, mapping=options.mapping, direction=options.direction, refused_kept=0
        )
        passed = self.folder / "invoices.parquet"
        fields = "MAP {" + ", ".join(f"{quoted(code)}: {quoted(name)}" for code, name in _INVOICE_FIELDS.items()) + "}"
        amounts = ", ".join(f"coalesce({name}_minor, 0) AS {name}_minor" for name in ("net", "tax", "gross"))
        # The files do not say when an invoice was voided; the law allows it in the month of issue only, so it counts from issue.
        imported.invoices.connection.execute(f"""
            COPY (SELECT firm, direction, number, issued_on, counterparty, {amounts}, issued_on AS recorded_on,
                         CASE WHEN treatment = 'VOID' THEN issued_on END AS voided_on, treatment,
                         coalesce({fields}[treatment], '') AS field, "row", file FROM invoice_rows)
            TO {quoted(str(passed))} (FORMAT parquet)
        """)  # noqa: S608
        imported.invoices.connection.close()
        names = ", ".join((*kept.columns_of("invoices"), "treatment", "field", '"row"', "file"))
        self.work.execute(f"INSERT INTO read_rows SELECT {names} FROM read_parquet({quoted(str(passed))})")  # noqa: S608


@dataclass(frozen=True, slots=True)
class _Table(_Reader):
    schema: Schema

    def read(self, source: Source) -> None:
        """Read one file into `read_rows`."""
        rows, columns, damage = self._parquet(source) if source.is_parquet else self._csv(source)
        query = typed_rows(rows, self.schema, columns, file=source.name, today=self.options.today.isoformat())
        names = ", ".join((*kept.columns_of(self.schema.source), "treatment", "field", '"row"', "file"))
        try:
            self.work.execute(f"INSERT INTO read_rows SELECT {names} FROM ({query})")  # noqa: S608
        except duckdb.OutOfMemoryException:
            raise
        except (duckdb.Error, UnicodeDecodeError):
            raise _damaged(damage, source.name) from None

    def _parquet(self, source: Source) -> tuple[str, dict[str, tuple[str, str, int]], str]:
        table, described = open_parquet(self.work, source, self.folder)
        fitted = fit(self.schema, [column for column, _ in described], self.options.columns, source.name)
        columns = {f: (f"{f}_column", described[place][1], factor) for f, (place, factor) in fitted.items()}
        chosen = ", ".join(f"{sql_name(described[place][0])} AS {f}_column" for f, (place, _) in fitted.items())
        return f"(SELECT {chosen}, file_row_number + 2 AS row_number FROM {table})", columns, "BAD_PARQUET"  # noqa: S608

    def _csv(self, source: Source) -> tuple[str, dict[str, tuple[str, str, int]], str]:
        found: dict[str, tuple[int, int]] = {}

        def accept(header: list[str]) -> None:
            found.clear()
            found.update(fit(self.schema, header, self.options.columns, source.name))

        target = self.folder / "regular.csv"
        regular = regularise(source.path, target, accept, encoding=None, delimiter=",", progress=_silent)
        if not found:
            raise problem("FILE_EMPTY", source.name)
        if regular.open_end is not None:
            raise problem("FILE_TRUNCATED", source.name, "where it is whole, end its last row with a line end")
        texts = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(regular.columns))
        rows = (
            f"read_csv({quoted(str(target))}, columns = {{'row_number': 'BIGINT', {texts}}}, auto_detect = false, header = false, "
            f"delim = {quoted(regular.delimiter)}, quote = '', escape = '', nullstr = '', strict_mode = true, "
            f"compression = 'none', max_line_size = {_LINE_BYTES_MAX})"
        )
        return rows, {f: (f"c{place}", "VARCHAR", factor) for f, (place, factor) in found.items()}, "BAD_CSV"


_silent: Callable[[int], None] = lambda count: None  # noqa: E731


def _damaged(code: str, file: str) -> Exception:
    return problem("BAD_PARQUET", file) if code == "BAD_PARQUET" else problem("BAD_CSV", file)


def fit(schema: Schema, header: Sequence[str], named: Mapping[str, str], file: str) -> dict[str, tuple[int, int]]:
    """
    Lay a schema over a header.

    Args:
        named: Field to header as the user says; a unit is then that of the field's first known header unless the word is known.

    Returns:
        Field to column position and unit factor.

    Raises:
        UsageError: A field is named that does not exist (BAD_COLUMN); a required one is absent or stands twice (UNKNOWN_COLUMNS);
            a quantity's header has no unit (UNKNOWN_UNIT).
    """
    strange = set(named) - {f.name for f in schema.fields}
    if strange:
        raise UsageError(
            f"{schema.source} has no field {', '.join(sorted(strange))}; it has {', '.join(f.name for f in schema.fields)}",
            code="BAD_COLUMN",
        )
    words = [_word(word) for word in header]
    found, absent = dict[str, tuple[int, int]](), []
    for f in schema.fields:
        known = {_word(word): factor for word, factor in f.headers.items()}
        if f.name in named:
            known = {_word(named[f.name]): known.get(_word(named[f.name]), next(iter(f.headers.values())))}
        places = [(i, known[word]) for i, word in enumerate(words) if word in known]
        if len(places) == 1:
            found[f.name] = places[0]
        elif places:
            absent.append(f"{f.name} (twice)")
        elif f.default is None:
            if any(_word(bare) in words for bare in f.bare_headers):
                raise UsageError(
                    f"the header of {f.name} does not say its unit; name it {' or '.join(f.headers)}",
                    code="UNKNOWN_UNIT",
                    where=file,
                )
            absent.append(f.name)
    if absent:
        raise problem("UNKNOWN_COLUMNS", file, f"absent: {', '.join(absent)}")
    return found


def _word(text: str) -> str:
    # Half-width brackets are what a keyboard gives; the unit is the same.
    return text.strip().casefold().replace("(", "（").replace(")", "）")
