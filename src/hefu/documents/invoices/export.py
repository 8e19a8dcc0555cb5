"""Writes trades as invoice files, as sellers and as buyers see them, with bad rows where they are wanted."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from hefu.documents.invoices.mappings import CHINESE, STANDARD, ColumnMapping, Direction
from hefu.documents.invoices.matching import Trade
from hefu.documents.invoices.saving import whole_file
from hefu.documents.invoices.treatments import TREATMENTS

_FIELDS = ("firm", "number", "issued_on", "party", "net", "tax", "gross", "status")
_Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class WrittenInvoices:
    """Files written, and how many of their rows an import gives each treatment."""

    files: tuple[Path, ...]
    counts: dict[str, int]


def write_invoices(
    trades: Iterable[Trade],
    folder: Path,
    *,
    bad_rows: bool = False,
    seed: int = 0,
    mapping: ColumnMapping = CHINESE,
    encoding: str = "utf-8",
) -> WrittenInvoices:
    """
    Write `output_invoices.csv`, every trade as its seller's sale, and `input_invoices.csv`, as its buyer's purchase.

    Args:
        folder: Exists.
        bad_rows: Add to each file one row for every other treatment, in places that the seed chooses.
        mapping: A built-in mapping; it gives header and status words.
        encoding: "utf-8" or "gb18030".

    Raises:
        UsageError: NOT_SAVED, a file cannot be written.
    """
    ordered = sorted(trades)
    counts = {treatment.code: 0 for treatment in TREATMENTS}
    chance = random.Random(seed)  # noqa: S311 - nothing secret is drawn.
    files = []
    for direction, name in ((Direction.SALES, "output_invoices.csv"), (Direction.PURCHASES, "input_invoices.csv")):
        rows = [_row(trade, direction, mapping) for trade in ordered]
        counts["ACCEPTED"] += len(rows)
        if bad_rows and rows:
            for code, bad in _bad_rows(rows[0], mapping).items():
                # A copy counts as one only behind what it repeats, and what it repeats is the first row.
                rows.insert(chance.randint(1, len(rows)), bad)
                counts[code] += 1
        files.append(folder / name)
        with whole_file(files[-1], encoding=encoding) as file:
            writer = csv.writer(file)
            writer.writerow(_header(mapping, direction))
            writer.writerows([row[field] for field in _FIELDS if field in row] for row in rows)
    return WrittenInvoices(tuple(files), counts)


def _header(mapping: ColumnMapping, direction: Direction) -> list[str]:
    other = "buyer" if direction is Direction.SALES else "seller"
    party = mapping.columns.get("counterparty") or mapping.columns[other]
    return [party if field == "party" else mapping.columns[field] for field in _FIELDS]


def _row(trade: Trade, direction: Direction, mapping: ColumnMapping) -> _Row:
    own, other = (trade.seller, trade.buyer) if direction is Direction.SALES else (trade.buyer, trade.seller)
    return {
        "firm": own,
        "number": trade.number,
        "issued_on": trade.issued_on.isoformat(),
        "party": other,
        "net": yuan(trade.net_minor),
        "tax": yuan(trade.tax_minor),
        "gross": yuan(trade.gross_minor),
        "status": mapping.valid[0] if mapping is STANDARD else mapping.valid[-1],
    }


def yuan(minor: int) -> str:
    """An amount as files have it: a plain decimal."""
    return f"{'-' * (minor < 0)}{abs(minor) // 100}.{abs(minor) % 100:02d}"


def _bad_rows(row: _Row, mapping: ColumnMapping) -> dict[str, _Row]:
    """One row for each treatment but acceptance, each a change to a good one."""
    void = mapping.void[0] if mapping is STANDARD else mapping.void[-1]
    changes: dict[str, _Row] = {
        "MISSING_FIRM": {"firm": ""},
        "MISSING_NUMBER": {"number": " "},
        "MISSING_COUNTERPARTY": {"party": ""},
        "KEY_TOO_LONG": {"party": "X" * 65},
        "BAD_DATE": {"issued_on": "2026-02-30"},
        "FUTURE_DATE": {"issued_on": date.max.isoformat()},
        "BAD_AMOUNT": {"net": "n/a"},
        "AMOUNT_TOO_LARGE": {"gross": "10000000000000.01"},
        "NOT_CENTS": {"tax": "1.005"},
        "UNKNOWN_STATUS": {"status": "?"},
        "VOID": {"number": "1", "status": f" {void}"},
        "AMOUNTS_DISAGREE": {"gross": row["net"]},
        "ZERO": {"number": "2", "net": "0.00", "tax": "0.00", "gross": "0.00"},
        "RED_LETTER": {"number": "3", **{amount: "-" + row[amount] for amount in ("net", "tax", "gross")}},
        "DUPLICATE": {},
    }
    ragged = {field: value for field, value in row.items() if field != "status"}
    return {"ROW_COLUMNS": ragged, **{code: {**row, **change} for code, change in changes.items()}}
