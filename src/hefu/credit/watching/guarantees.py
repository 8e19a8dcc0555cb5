"""
Guarantee circles: firms that guarantee each other's loans round in a circle, so that one default may call them all.

Who stands in a circle guarantees, through others, its own debt. A circle of two is mutual guarantee. Firms that reach each
other along guarantees are one knot, however many circles it holds.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

from hefu.credit.watching.alarms import Event
from hefu.documents.invoices.rings import circles, trimmed
from hefu.documents.invoices.treatments import problem
from hefu.kernel.errors import Corrupt, UsageError
from hefu.kernel.money import AMOUNT_MAX, parse_minor

#: Name of the alarm.
RULE = "guarantee_circle"
HEADERS = {
    "guarantor": ("guarantor", "担保人", "担保方"),
    "borrower": ("borrower", "被担保人", "借款人"),
    "amount": ("amount", "担保金额", "金额"),
    "until": ("until", "到期日", "担保到期日"),
}


class Guarantee(NamedTuple):
    """Who guarantees whose debt, up to how much (fen), and until when (None: open)."""

    guarantor: str
    borrower: str
    amount_minor: int
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Circle:
    """
    Args:
        firms: In order of guarantee, the first in order of code first; the last guarantees the first.
        least_minor: Smallest amount on the way round, fen.
    """

    firms: tuple[str, ...]
    least_minor: int


@dataclass(frozen=True, slots=True)
class Knot:
    """
    Firms that reach each other along guarantees.

    Args:
        amount_minor: Guarantees among them, fen.
        circles: Circles in it, the shortest first; `is_all` is False where there are more than are listed.
    """

    firms: tuple[str, ...]
    amount_minor: int
    circles: tuple[Circle, ...]
    is_all: bool


def find_knots(guarantees: Iterable[Guarantee], as_of: date, *, longest: int = 8) -> tuple[Knot, ...]:
    """Knots of guarantees in force on a day, the largest amount first."""
    amounts = defaultdict[tuple[str, str], int](int)
    for g in guarantees:
        if g.guarantor != g.borrower and (g.until is None or g.until >= as_of):
            amounts[g.guarantor, g.borrower] += g.amount_minor
    kept = trimmed(amounts)
    if not kept:
        return ()
    import networkx as nx  # Loaded only where a circle can be.

    found = []
    for component in nx.strongly_connected_components(nx.DiGraph(kept)):
        if len(component) < 2:
            continue
        inside = [edge for edge in kept if edge[0] in component and edge[1] in component]
        all_circles = circles(inside, shortest=2, longest=longest)
        told = tuple(
            Circle(firms, min(amounts[edge] for edge in zip(firms, (*firms[1:], firms[0]))))
            for firms in all_circles.found
        )
        found.append(Knot(tuple(sorted(component)), sum(amounts[edge] for edge in inside), told, all_circles.is_all))
    return tuple(sorted(found, key=lambda knot: (-knot.amount_minor, knot.firms)))


def circle_events(knots: Iterable[Knot], open_alerts: Iterable[tuple[str, str]], as_of: date) -> list[Event]:
    """
    Events for the book: each firm of each knot, and what has come undone since.

    Args:
        open_alerts: Firm and subject of the alerts that are open.
    """
    found = {(firm, " ".join(knot.firms)): float(len(knot.firms)) for knot in knots for firm in knot.firms}
    raised = [Event(firm, RULE, as_of, "raised", size, subject) for (firm, subject), size in sorted(found.items())]
    gone = sorted(set(open_alerts) - set(found))
    return raised + [Event(firm, RULE, as_of, "cleared", 0.0, subject) for firm, subject in gone]


def read_guarantees(path: Path) -> tuple[Guarantee, ...]:
    """
    Read a CSV: guarantor, borrower, amount in yuan, and until where there is one.

    Raises:
        UsageError: No such file or columns.
        Corrupt: A row cannot be read (BAD_GUARANTEE, with its row).
    """
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise problem("FILE_MISSING", path.name) from None
    except UnicodeDecodeError:
        try:
            text = path.read_text("gb18030")
        except UnicodeDecodeError:
            raise problem("BAD_ENCODING", path.name) from None
    try:
        rows = list(csv.reader(text.splitlines()))
    except csv.Error:
        raise problem("BAD_CSV", path.name) from None
    if not rows:
        raise problem("FILE_EMPTY", path.name)
    header = [word.strip().casefold() for word in rows[0]]
    places = {f: header.index(w) for f, words in HEADERS.items() for w in words if w in header}
    absent = [f for f in ("guarantor", "borrower", "amount") if f not in places]
    if absent:
        raise problem("UNKNOWN_COLUMNS", path.name, f"absent: {', '.join(absent)}")
    return tuple(_guarantee(row, places, f"{path.name}:{number}") for number, row in enumerate(rows[1:], 2) if any(row))


def _guarantee(row: Sequence[str], places: dict[str, int], where: str) -> Guarantee:
    try:
        cells = {field: row[place].strip() for field, place in places.items()}
        amount = parse_minor(cells["amount"], "CNY")
        until = date.fromisoformat(cells["until"]) if cells.get("until") else None
        if not cells["guarantor"] or not cells["borrower"] or not 0 < amount <= AMOUNT_MAX:
            raise ValueError
    except (ValueError, IndexError, UsageError):
        raise Corrupt(
            "a guarantee needs guarantor, borrower, an amount above zero and a date", code="BAD_GUARANTEE", where=where
        ) from None
    return Guarantee(cells["guarantor"], cells["borrower"], amount, until)
