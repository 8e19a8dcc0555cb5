"""
Receivables as any table tells of them: who owes since when, until when, and when it was paid. Rows that make no sense are refused
with their row and field.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from hefu.documents.invoices.classify import name as sql_name
from hefu.documents.invoices.classify import quoted
from hefu.documents.invoices.mappings import DATE_FORMATS
from hefu.documents.invoices.treatments import problem
from hefu.kernel.errors import UsageError

#: Field to the headers that are known for it; a mapping of one's own comes first.
HEADERS: Mapping[str, tuple[str, ...]] = {
    "customer": ("customer", "customer_id", "customerid", "buyer", "debtor", "客户", "购方", "购方单位代号", "债务人"),
    "number": ("number", "invoice_no", "invoicenumber", "invoice_number", "发票号码"),
    "issued_on": ("issued_on", "issue_date", "invoicedate", "invoice_date", "开票日期"),
    "due_on": ("due_on", "due_date", "duedate", "到期日", "到期日期"),
    "settled_on": ("settled_on", "settled_date", "settleddate", "paid_on", "结清日期", "付款日期"),
}
OPTIONAL = ("number",)


class Receivable(NamedTuple):
    """
    One invoice that a customer owes.

    Args:
        row: As a spreadsheet counts; the header is row 1.
        settled_on: None while it is open.
    """

    row: int
    customer: str
    number: str
    issued_on: date
    due_on: date
    settled_on: date | None

    @property
    def days_late(self) -> int | None:
        """Days after the due date, 0 where in time; None while open."""
        return None if self.settled_on is None else max(0, (self.settled_on - self.due_on).days)

    @property
    def days(self) -> int | None:
        """Days after the due date, negative where before it; None while open."""
        return None if self.settled_on is None else (self.settled_on - self.due_on).days

    @property
    def is_late(self) -> bool | None:
        """Whether it was paid after its due date; None while open."""
        return None if self.settled_on is None else self.settled_on > self.due_on


class RefusedReceivable(NamedTuple):
    """A row that was not taken."""

    row: int
    code: str
    field: str


@dataclass(frozen=True, slots=True)
class Receivables:
    """Rows in order of issue, and those refused."""

    rows: tuple[Receivable, ...]
    refused: tuple[RefusedReceivable, ...]

    def known_at(self, as_of: date) -> Receivables:
        """As they stood on a day: what was issued later is not there, what was settled later is open."""
        rows = (
            r if r.settled_on is None or r.settled_on <= as_of else r._replace(settled_on=None)
            for r in self.rows
            if r.issued_on <= as_of
        )
        return Receivables(tuple(rows), self.refused)


def read_receivables(path: Path, columns: Mapping[str, str] | None = None) -> Receivables:
    """
    Read a CSV or Parquet file.

    Args:
        columns: Field to the header's word for it.

    Raises:
        UsageError: A column is missing or unknown (UNKNOWN_COLUMNS, BAD_COLUMN), or the file cannot be read.
    """
    given = dict(columns or {})
    strange = set(given) - set(HEADERS)
    if strange:
        raise UsageError(
            f"receivables have no field {', '.join(sorted(strange))}; they have {', '.join(HEADERS)}", code="BAD_COLUMN"
        )
    if not path.is_file():
        raise problem("FILE_MISSING", path.name)
    kind = path.suffix.lower()
    if kind not in (".csv", ".parquet"):
        raise problem("FILE_KIND", path.name)
    with duckdb.connect(":memory:") as connection:
        source = (
            f"read_parquet({quoted(str(path))})"
            if kind == ".parquet"
            else f"read_csv({quoted(str(path))}, all_varchar = true, header = true, delim = ',', quote = '\"')"
        )
        try:
            described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()  # noqa: S608
            places = _places([str(row[0]) for row in described], given, path.name)
            texts = ", ".join(f"CAST({sql_name(places[f])} AS VARCHAR)" if f in places else "NULL" for f in HEADERS)
            found = connection.execute(f"SELECT {texts} FROM {source}").fetchall()  # noqa: S608
        except duckdb.Error:
            raise problem("BAD_PARQUET" if kind == ".parquet" else "BAD_CSV", path.name) from None
    return _judged(found)


def _places(header: list[str], given: Mapping[str, str], file: str) -> dict[str, str]:
    by_word = {word.strip().casefold(): word for word in header}
    places = {}
    for field, words in HEADERS.items():
        for word in (given[field],) if field in given else words:
            if word.strip().casefold() in by_word:
                places[field] = by_word[word.strip().casefold()]
                break
    absent = [field for field in HEADERS if field not in places and field not in OPTIONAL]
    if absent:
        raise problem("UNKNOWN_COLUMNS", file, f"absent: {', '.join(absent)}")
    return places


def _judged(rows: Iterable[tuple[Any, ...]]) -> Receivables:
    taken, refused = list[Receivable](), list[RefusedReceivable]()
    for row, (customer, number, *days) in enumerate(rows, 2):
        dates = [_day(text) for text in days]
        fault = _fault(customer, days, dates)
        if fault:
            refused.append(RefusedReceivable(row, *fault))
            continue
        issued, due, settled = dates
        assert issued is not None
        assert due is not None
        taken.append(Receivable(row, str(customer).strip(), str(number or row), issued, due, settled))
    return Receivables(tuple(sorted(taken, key=lambda r: (r.issued_on, r.row))), tuple(refused))


def _fault(customer: Any, texts: list[Any], dates: list[date | None]) -> tuple[str, str] | None:
    if not str(customer or "").strip():
        return "MISSING_VALUE", "customer"
    for field, text, day in zip(("issued_on", "due_on", "settled_on"), texts, dates):
        if not str(text or "").strip():
            if field != "settled_on":
                return "MISSING_VALUE", field
        elif day is None:
            return "BAD_DATE", field
    issued, due, settled = dates
    assert issued is not None
    assert due is not None
    if due < issued:
        return "PERIOD_BACKWARDS", "due_on"
    if settled is not None and settled < issued:
        return "PERIOD_BACKWARDS", "settled_on"
    return None


def _day(text: Any) -> date | None:
    from datetime import datetime

    word = str(text or "").strip()
    for form in DATE_FORMATS:
        try:
            return datetime.strptime(word, form).date()  # noqa: DTZ007 - a business date has no zone.
        except ValueError:
            continue
    return None


def in_order_of_settling(rows: Iterable[Receivable]) -> Iterator[Receivable]:
    """Settled ones, as they became known."""
    yield from sorted((r for r in rows if r.settled_on is not None), key=lambda r: (r.settled_on, r.row))
