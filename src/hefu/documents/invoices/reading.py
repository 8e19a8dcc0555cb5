"""Brings one file to where DuckDB can read it: as a source of rows, with the columns found and the direction settled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from hefu.documents.invoices import classify
from hefu.documents.invoices.csvtext import Regular, regularise
from hefu.documents.invoices.mappings import ColumnMapping, Direction, Fit
from hefu.documents.invoices.sources import Source, best_fit, open_parquet
from hefu.documents.invoices.treatments import problem

#: Smaller than DuckDB's own, so that both cores of a small machine share one file.
_BUFFER_BYTES = 2 << 20
_LINE_BYTES_MAX = 1 << 20


@dataclass(frozen=True, slots=True)
class Readable:
    """
    A file that is ready to be read.

    Args:
        rows: SQL source of rows with `row_number`, negative for a ragged row.
        columns: Field to SQL name and SQL type of its column.
        encoding: Of the text; None for Parquet.
        damage: Code of the problem, should reading fail all the same.
    """

    rows: str
    columns: dict[str, tuple[str, str]]
    mapping: ColumnMapping
    direction: Direction
    encoding: str | None
    damage: str


@dataclass(frozen=True, slots=True)
class Reader:
    """
    Prepares files.

    Args:
        connection: To ask for the columns of Parquet files.
        mappings: Tried in order; all have the encoding and delimiter of the first.
        direction: Named for all files, or None.
        folder: For temporary files.
        progress: Called with the number of bytes read since its last call.
    """

    connection: duckdb.DuckDBPyConnection
    mappings: Sequence[ColumnMapping]
    direction: Direction | None
    folder: Path
    progress: Callable[[int], None]

    def prepare(self, source: Source) -> Readable:
        """
        Prepare one file; what was prepared before is gone.

        Raises:
            HefuError: With a code of FILE_PROBLEMS.
        """
        return self._parquet(source) if source.is_parquet else self._csv(source)

    def _fit(self, source: Source, header: Sequence[str]) -> tuple[Fit, Direction]:
        return best_fit(source.name, header, self.mappings, self.direction)

    def _parquet(self, source: Source) -> Readable:
        table, described = open_parquet(self.connection, source, self.folder)
        fitted, direction = self._fit(source, [column for column, _ in described])
        # Renamed, because a step of the import must not meet a column of the file under a name of its own.
        columns = {field: (f"{field}_column", described[i][1]) for field, i in fitted.positions.items()}
        chosen = (f"{classify.name(described[i][0])} AS {columns[field][0]}" for field, i in fitted.positions.items())
        rows = f"(SELECT {', '.join(chosen)}, file_row_number + 2 AS row_number FROM {table})"  # noqa: S608
        return Readable(rows, columns, fitted.mapping, direction, None, "BAD_PARQUET")

    def _csv(self, source: Source) -> Readable:
        found: list[tuple[Fit, Direction]] = []

        def accept(header: list[str]) -> None:
            found[:] = [self._fit(source, header)]

        first, target = self.mappings[0], self.folder / "regular.csv"
        regular = regularise(
            source.path, target, accept, encoding=first.encoding, delimiter=first.delimiter, progress=self.progress
        )
        if not found:
            raise problem("FILE_EMPTY", source.name)
        fitted, direction = found[0]
        _check_end(source.name, regular, fitted)
        texts = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(regular.columns))
        rows = (
            f"read_csv({classify.quoted(str(target))}, columns = {{'row_number': 'BIGINT', {texts}}}, "
            f"auto_detect = false, header = false, delim = {classify.quoted(regular.delimiter)}, "
            "quote = '', escape = '', nullstr = '', strict_mode = true, compression = 'none', "
            f"buffer_size = {_BUFFER_BYTES}, max_line_size = {_LINE_BYTES_MAX})"
        )
        columns = {field: (f"c{position}", "VARCHAR") for field, position in fitted.positions.items()}
        return Readable(rows, columns, fitted.mapping, direction, regular.encoding, "BAD_CSV")


def _check_end(file: str, regular: Regular, fitted: Fit) -> None:
    """Without a line end the last row is whole only if it ends with a status word that is no other word's start."""
    if regular.open_end is None:
        return
    words = {word.strip().lower() for word in (*fitted.mapping.valid, *fitted.mapping.void)}
    last = regular.open_end[-1].strip().lower()
    longer = any(word != last and word.startswith(last) for word in words)
    ends_with_status = fitted.positions["status"] == regular.columns - 1 == len(regular.open_end) - 1
    if not ends_with_status or last not in words or longer:
        raise problem("FILE_TRUNCATED", file, "where it is whole, end its last row with a line end")
