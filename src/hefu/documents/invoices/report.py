"""What an import did, row by row: counts and sums for each treatment, and every row that was not accepted."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NamedTuple

from hefu.documents.invoices.saving import whole_file
from hefu.documents.invoices.treatments import BY_CODE, Outcome, problem

_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)*")


class LeftRow(NamedTuple):
    """A row that was not accepted. `row` counts as a spreadsheet does: the header is row 1, in Parquet too."""

    file: str
    row: int
    code: str

    @property
    def outcome(self) -> Outcome:
        """Refused or set aside."""
        return BY_CODE[self.code].outcome

    @property
    def reason(self) -> str:
        """Why, in words."""
        return BY_CODE[self.code].when


@dataclass(frozen=True, slots=True)
class FileReport:
    """One file that was read; `encoding` is None for Parquet, `rows` leaves out header and blank lines."""

    name: str
    mapping: str
    direction: str
    encoding: str | None
    rows: int


@dataclass(frozen=True, slots=True)
class Totals:
    """Accepted invoices of one direction; sums in minor units."""

    rows: int
    net_minor: int
    tax_minor: int
    gross_minor: int


@dataclass(frozen=True, slots=True)
class ImportReport:
    """
    The outcome of one import.

    Args:
        files: Files read, in order of name.
        files_skipped: Other files of the folder, and why each was not read.
        counts: Rows for every treatment, in the order of TREATMENTS, zeros included; they sum to the rows read.
        gross_minor: Sum of gross for every treatment, minor units, over the rows where gross could be read.
        totals: Accepted invoices by direction.
        refused: The first refused rows, in order of file and row; `save` writes them all.
    """

    files: tuple[FileReport, ...]
    files_skipped: Mapping[str, str]
    counts: Mapping[str, int]
    gross_minor: Mapping[str, int]
    totals: Mapping[str, Totals]
    refused: tuple[LeftRow, ...]
    _left: Callable[[], Iterable[LeftRow]] = field(repr=False, compare=False)

    @property
    def rows(self) -> int:
        """Rows read."""
        return sum(self.counts.values())

    def rows_with(self, outcome: Outcome) -> int:
        """Number of rows accepted, set aside or refused."""
        return sum(count for code, count in self.counts.items() if BY_CODE[code].outcome is outcome)

    def left(self) -> Iterator[LeftRow]:
        """Every row that was not accepted, in order of file and row."""
        return iter(self._left())

    def save(self, path: Path) -> None:
        """
        Write every row that was not accepted; as JSON together with counts and totals. Whole or not at all.

        Raises:
            UsageError: BAD_REPORT_KIND, neither .csv nor .json; NOT_SAVED, the file cannot be written.
        """
        kind = path.suffix.lower()
        if kind not in (".csv", ".json"):
            raise problem("BAD_REPORT_KIND", path.name)
        # The mark lets spreadsheets read Chinese file names.
        with whole_file(path, encoding="utf-8-sig" if kind == ".csv" else "utf-8") as file:
            if kind == ".csv":
                writer = csv.writer(file)
                writer.writerow(("file", "row", "outcome", "code", "reason"))
                writer.writerows((harmless(r.file), r.row, r.outcome, r.code, r.reason) for r in self.left())
            else:
                json.dump(self._summary(), file, ensure_ascii=False, indent=1)

    def _summary(self) -> dict[str, object]:
        return {
            "files": [asdict(f) for f in self.files],
            "files_skipped": dict(self.files_skipped),
            "counts": dict(self.counts),
            "gross_minor": dict(self.gross_minor),
            "totals": {direction: asdict(total) for direction, total in self.totals.items()},
            "left": [{**r._asdict(), "outcome": r.outcome, "reason": r.reason} for r in self.left()],
        }


def harmless(text: str) -> str:
    """A cell that a spreadsheet does not run; numbers stay as they are."""
    # A spreadsheet runs what begins with one of these.
    runs = text.startswith(("=", "+", "-", "@", "\t", "\r"))
    return "'" + text if runs and not _NUMBER.fullmatch(text) else text
