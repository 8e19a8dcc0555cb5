"""
Trades: one firm's sale found again as another firm's purchase.

Counterparty codes prove nothing, so an invoice is matched by number, date, net, tax and gross, one to one. Twins are
resolved first. An invoice that still has two sellers or two buyers could be anybody's: it makes no trade and is
reported as ambiguous. A firm's invoice to itself is reported and makes no trade either. Only accepted rows take part,
so what a firm voided, reversed or repeated matches nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from hefu.documents.invoices.importing import Invoices
from hefu.documents.invoices.twins import TwinGroup, TwinRule, find_twins, make_keys


class Trade(NamedTuple):
    """One invoice that seller and buyer both show; amounts in minor units. Trades sort by date, number and parties."""

    issued_on: date
    number: str
    seller: str
    buyer: str
    net_minor: int
    tax_minor: int
    gross_minor: int


@dataclass(frozen=True, slots=True)
class AmbiguousInvoice:
    """An invoice that more than one firm shows as its sale, or more than one as its purchase."""

    issued_on: date
    number: str
    gross_minor: int
    sellers: tuple[str, ...]
    buyers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Matching:
    """
    What the invoices of many firms say about trade between them; every tuple is in a fixed order.

    Args:
        trades: Invoices with one seller and one buyer, who differ.
        self_trades: Invoices that a firm shows as its sale and its purchase.
        twins: Firms taken for one; trades name the one that stands for all.
        ambiguous: Invoices with several sellers or several buyers.
    """

    trades: tuple[Trade, ...]
    self_trades: tuple[Trade, ...]
    twins: tuple[TwinGroup, ...]
    ambiguous: tuple[AmbiguousInvoice, ...]


def match_trades(invoices: Invoices, *, rule: TwinRule | None = None) -> Matching:
    """
    Find the trades among all firms of an import.

    Args:
        rule: When two firms are twins; half of the smaller one's sales or purchases, and at least three, by default.
    """
    connection = invoices.connection.cursor()
    make_keys(connection, invoices.table)
    twins = find_twins(connection, rule or TwinRule())
    names = {twin: group.firm for group in twins for twin in group.twins}
    connection.execute("CREATE OR REPLACE TEMP TABLE twin_names (twin VARCHAR, firm VARCHAR)")
    if names:
        connection.executemany("INSERT INTO twin_names VALUES (?, ?)", [list(pair) for pair in sorted(names.items())])
    rows = connection.execute("""
        WITH resolved AS (SELECT coalesce(t.firm, k.firm) AS party, k.* FROM shared_invoices AS k
                          LEFT JOIN twin_names AS t ON t.twin = k.firm)
        SELECT issued_on, min(number), net_minor, tax_minor, gross_minor,
               list(DISTINCT party ORDER BY party) FILTER (direction = 'sales') AS sellers,
               list(DISTINCT party ORDER BY party) FILTER (direction = 'purchases') AS buyers
        FROM resolved GROUP BY bare, issued_on, net_minor, tax_minor, gross_minor
        HAVING len(sellers) > 1 OR len(buyers) > 1 OR (sellers IS NOT NULL AND buyers IS NOT NULL)
    """).fetchall()
    trades, self_trades, ambiguous = list[Trade](), list[Trade](), list[AmbiguousInvoice]()
    for issued_on, number, net, tax, gross, sellers, buyers in rows:
        if len(sellers or ()) > 1 or len(buyers or ()) > 1:
            ambiguous.append(AmbiguousInvoice(issued_on, number, gross, tuple(sellers or ()), tuple(buyers or ())))
        else:
            trade = Trade(issued_on, number, sellers[0], buyers[0], net, tax, gross)
            (self_trades if trade.seller == trade.buyer else trades).append(trade)
    connection.close()
    return Matching(
        tuple(sorted(trades)),
        tuple(sorted(self_trades)),
        twins,
        tuple(sorted(ambiguous, key=lambda a: (a.issued_on, a.number, a.gross_minor, a.sellers, a.buyers))),
    )
