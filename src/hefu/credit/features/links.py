"""
Who is linked to whom, as of a date: twins, trades that both sides show, invoices of a firm to itself.

The finding is that of `hefu.documents.invoices`; here its answer becomes facts of each firm. Links are found among all firms at
once, so one firm's event does not change them: they hold until the next run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

import duckdb

from hefu.documents.invoices import Invoices, Matching, RelationKind, Relations, find_relations, match_trades


class Links(NamedTuple):
    """
    A firm's links, in the order of LINK_FACTS.

    Args:
        twins: Other firms of its group of twins.
        twin_invoices: Most invoices that two of the group share.
        self_trades, self_gross: Invoices that it shows on both sides, and their gross, fen.
        customers, suppliers: Other firms that confirm its sales, or whose sales it confirms.
        sales_gross: Gross of the sales so confirmed, fen.
        reciprocal: Firms that are both.
        overlaps: Other firms that show some of its invoices on the same side, more than chance explains.
        rings: Rings of three or more that it stands in.
        own_code: Invoices to itself, by both sides or by its own code among its counterparties.

    The last three are None where they were not looked for.
    """

    twins: int = 0
    twin_invoices: int = 0
    self_trades: int = 0
    self_gross: int = 0
    customers: int = 0
    suppliers: int = 0
    sales_gross: int = 0
    reciprocal: int = 0
    overlaps: int | None = None
    rings: int | None = None
    own_code: int | None = None


def find_links(connection: duckdb.DuckDBPyConnection, as_of: date, *, with_relations: bool = False) -> dict[str, Links]:
    """
    Links of every firm that has any, from the valid positive invoices known on the as-of date.

    Args:
        connection: With the store's table `invoices`.
        with_relations: Look for overlaps, rings and own codes too, which takes several times as long; then every firm that shows an
            invoice is there.
    """
    work = connection.cursor()
    work.execute("ATTACH IF NOT EXISTS ':memory:' AS linking")
    try:
        work.execute(
            """
            CREATE OR REPLACE TABLE linking.known AS
            SELECT firm, direction, number, issued_on, counterparty, net_minor, tax_minor, gross_minor FROM invoices
            WHERE gross_minor > 0 AND recorded_on <= ? AND (voided_on IS NULL OR voided_on > ?)
            """,
            [as_of, as_of],
        )
        known = Invoices(connection, "linking.known")
        found = links_of(match_trades(known))
        if not with_relations:
            return found
        firms = [str(row[0]) for row in work.execute("SELECT DISTINCT firm FROM linking.known ORDER BY 1").fetchall()]
        return _with_relations(found, firms, find_relations(known))
    finally:
        work.execute("DETACH linking")
        work.close()


def _with_relations(found: Mapping[str, Links], firms: Iterable[str], relations: Relations) -> dict[str, Links]:
    overlaps, rings, own = (defaultdict[str, int](int) for _ in range(3))
    for pair in relations.of(RelationKind.TWINS):
        overlaps[pair.firm_a] += 1
        overlaps[pair.firm_b] += 1
    for step in relations.of(RelationKind.RING):
        # A firm sells once on each ring.
        rings[step.firm_a] += 1
    for trade in relations.of(RelationKind.SELF_TRADE):
        own[trade.firm_a] += trade.evidence
    return {
        firm: found.get(firm, Links())._replace(overlaps=overlaps[firm], rings=rings[firm], own_code=own[firm])
        for firm in firms
    }


def links_of(matching: Matching) -> dict[str, Links]:
    """What a matching says of each firm; a twin has the trades of its group."""
    sold, bought = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    gross, own, own_gross = defaultdict[str, int](int), defaultdict[str, int](int), defaultdict[str, int](int)
    for trade in matching.trades:
        sold[trade.seller].add(trade.buyer)
        bought[trade.buyer].add(trade.seller)
        gross[trade.seller] += trade.gross_minor
    for trade in matching.self_trades:
        own[trade.seller] += 1
        own_gross[trade.seller] += trade.gross_minor
    groups = {group.firm: group for group in matching.twins}
    found = {}
    for firm in {*sold, *bought, *own, *groups}:
        group = groups.get(firm)
        links = Links(
            len(group.twins) if group else 0,
            group.shared if group else 0,
            own[firm],
            own_gross[firm],
            len(sold[firm]),
            len(bought[firm]),
            gross[firm],
            len(sold[firm] & bought[firm]),
        )
        found.update(dict.fromkeys((firm, *(group.twins if group else ())), links))
    return found
