"""Finds the files of an import, the mapping that fits each, and whether it shows purchases or sales."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from hefu.documents.invoices.classify import quoted
from hefu.documents.invoices.mappings import ColumnMapping, Direction, Fit, fit
from hefu.documents.invoices.treatments import problem

SUFFIXES = (".csv", ".parquet")
_NAME_WORDS = {
    Direction.PURCHASES: ("input", "进项"),
    Direction.SALES: ("output", "销项"),
}
_PARQUET_MARK = b"PAR1"


@dataclass(frozen=True, slots=True)
class Source:
    """One file to read."""

    path: Path
    is_parquet: bool
    size_bytes: int

    @property
    def name(self) -> str:
        """The file's name; bytes that are no text become question marks."""
        return self.path.name.encode("utf-8", "replace").decode("utf-8")


def sources(path: Path) -> tuple[list[Source], list[str]]:
    """
    The files of an import, in order of name, and the names of a folder's other files.

    Args:
        path: A file, or a folder, whose subfolders and hidden files are left alone.

    Raises:
        UsageError: FILE_MISSING, FILE_UNREADABLE, FILE_KIND or NO_INVOICE_FILES.
    """
    try:
        if path.is_dir():
            visible = (p for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
            files = sorted(visible, key=lambda p: p.name)
        elif not path.exists():
            raise problem("FILE_MISSING", path.name)
        else:
            files = [path] if path.is_file() else []
        kinds = {p: p.suffix.lower() for p in files}
        found = [Source(p, kinds[p] == ".parquet", p.stat().st_size) for p in files if kinds[p] in SUFFIXES]
    except (OSError, ValueError):
        raise problem("FILE_UNREADABLE", path.name) from None
    if not found:
        raise problem("NO_INVOICE_FILES" if path.is_dir() else "FILE_KIND", path.name)
    return found, [p.name for p in files if kinds[p] not in SUFFIXES]


def check_parquet(path: Path) -> None:
    """
    Refuse a Parquet file without its two marks: the last bytes are missing where writing or copying stopped.

    Raises:
        HefuError: FILE_EMPTY, FILE_TRUNCATED, BAD_PARQUET or FILE_UNREADABLE.
    """
    try:
        with path.open("rb") as file:
            start = file.read(4)
            size = file.seek(0, 2)
            file.seek(max(size - 4, 0))
            end = file.read(4)
    except OSError:
        raise problem("FILE_UNREADABLE", path.name) from None
    if not start:
        raise problem("FILE_EMPTY", path.name)
    if not _PARQUET_MARK.startswith(start[:size]):
        raise problem("BAD_PARQUET", path.name)
    if end != _PARQUET_MARK or size < 12:
        raise problem("FILE_TRUNCATED", path.name)


def open_parquet(
    connection: duckdb.DuckDBPyConnection, source: Source, folder: Path
) -> tuple[str, list[tuple[str, str]]]:
    """
    A Parquet file, ready to be read.

    Args:
        folder: For a link, of which there is one at a time.

    Returns:
        The SQL source of its rows, with `file_row_number` from 0; name and SQL type of each column.

    Raises:
        HefuError: FILE_EMPTY, FILE_TRUNCATED, BAD_PARQUET or FILE_UNREADABLE.
    """
    check_parquet(source.path)
    # A link of our own naming: DuckDB takes brackets and stars in a name for a pattern.
    link = folder / "source.parquet"
    link.unlink(missing_ok=True)
    link.symlink_to(source.path.absolute())
    table = f"read_parquet({quoted(str(link))}, file_row_number = true)"
    try:
        described = connection.execute(f"DESCRIBE SELECT * EXCLUDE file_row_number FROM {table}").fetchall()  # noqa: S608
    except (duckdb.Error, UnicodeDecodeError):
        raise problem("BAD_PARQUET", source.name) from None
    return table, [(str(column[0]), str(column[1])) for column in described]


def best_fit(
    file: str, header: Sequence[str], mappings: Sequence[ColumnMapping], direction: Direction | None
) -> tuple[Fit, Direction]:
    """
    The first mapping that fits a header, and the file's direction.

    Args:
        direction: Named by the user for all files; None where the file must say it.

    Raises:
        UsageError: UNKNOWN_COLUMNS, UNKNOWN_DIRECTION or DIRECTION_CONFLICT.
    """
    closest: tuple[list[str], str] | None = None
    for mapping in mappings:
        fitted = fit(mapping, header, direction)
        if isinstance(fitted, Fit):
            return fitted, _direction(file, fitted, direction)
        if closest is None or len(fitted) < len(closest[0]):
            closest = fitted, mapping.name
    detail = f"mapping {closest[1]}: absent or twice: {', '.join(closest[0])}" if closest else ""
    raise problem("UNKNOWN_COLUMNS", file, detail)


def _direction(file: str, fitted: Fit, named: Direction | None) -> Direction:
    if settled := named or fitted.mapping.direction:
        if fitted.direction not in (None, settled):
            raise problem("DIRECTION_CONFLICT", file, f"{settled} was named, the header shows {fitted.direction}")
        return settled
    by_name = {d for d, words in _NAME_WORDS.items() if any(word in file.lower() for word in words)}
    hints = by_name | ({fitted.direction} if fitted.direction else set())
    if len(hints) == 1:
        return hints.pop()
    raise problem("DIRECTION_CONFLICT" if hints else "UNKNOWN_DIRECTION", file)
