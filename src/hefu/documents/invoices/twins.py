"""
Twins: firms under different codes that are one firm, because they show the same invoices on the same side.

An invoice has one seller and one buyer. Two firms that both list it as their sale, or both as their purchase, cannot
both be right; where they share a large part of their invoices they are taken for one. No firm is known in advance.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

#: An invoice that more firms than this list on one side is a sample or a template, and tells nothing about twins.
FIRMS_PER_INVOICE_MAX = 20


@dataclass(frozen=True, slots=True)
class TwinRule:
    """
    When two firms are twins.

    Args:
        share_bps: Least part of the smaller firm's invoices on one side, sales or purchases, that both show.
        invoices: Least number of invoices that both show on that side; one or two can be a slip.
    """

    share_bps: int = 5_000
    invoices: int = 3


@dataclass(frozen=True, slots=True)
class TwinGroup:
    """
    Firms taken for one.

    Args:
        firm: The code that stands for all: most invoices, then first in order.
        twins: The other codes, in order.
        shared: Most invoices that two of the group share on one side.
    """

    firm: str
    twins: tuple[str, ...]
    shared: int


def make_keys(connection: duckdb.DuckDBPyConnection, table: str = "invoices") -> None:
    """
    Make the temporary tables `firm_sizes`, distinct invoices of each firm and side, and `shared_invoices`, those that
    stand in more than one firm's list or on both sides of one.

    What identifies an invoice is number without leading zeros, date, net, tax and gross. The counterparty's code takes
    no part, so rows of a firm that differ in it alone are one invoice.
    """
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE invoice_keys AS
        SELECT firm, direction, ltrim(upper(number), '0') AS bare, issued_on, net_minor, tax_minor, gross_minor,
               min(number) AS number
        FROM {table} GROUP BY ALL;
        CREATE OR REPLACE TEMP TABLE firm_sizes AS
        SELECT firm, direction, count(*) AS n FROM invoice_keys GROUP BY ALL;
        -- One hash finds the few candidates; only they are then grouped by all columns.
        CREATE OR REPLACE TEMP TABLE shared_invoices AS
        SELECT * FROM invoice_keys WHERE hash(bare, issued_on, net_minor, tax_minor, gross_minor) IN (
            SELECT hash(bare, issued_on, net_minor, tax_minor, gross_minor) FROM invoice_keys
            GROUP BY 1 HAVING count(*) > 1);
        DROP TABLE invoice_keys;
    """)  # noqa: S608 - the table's name is ours.


def find_twins(connection: duckdb.DuckDBPyConnection, rule: TwinRule) -> tuple[TwinGroup, ...]:
    """Groups of twins, in order of firm; `make_keys` comes first."""
    pairs = connection.execute(
        """
        WITH held AS (SELECT direction, list(firm) AS firms FROM shared_invoices
                      GROUP BY direction, bare, issued_on, net_minor, tax_minor, gross_minor
                      HAVING count(*) BETWEEN 2 AND ?),
             one AS (SELECT direction, firms, unnest(firms) AS a FROM held),
             two AS (SELECT direction, a, unnest(firms) AS b FROM one),
             shared AS (SELECT direction, a, b, count(*) AS n FROM two WHERE a < b GROUP BY ALL)
        SELECT a, b, max(shared.n) AS n FROM shared
        JOIN firm_sizes AS x ON x.firm = a AND x.direction = shared.direction
        JOIN firm_sizes AS y ON y.firm = b AND y.direction = shared.direction
        WHERE shared.n >= ? AND shared.n * 10000 >= least(x.n, y.n) * ?
        GROUP BY ALL ORDER BY a, b
        """,
        [FIRMS_PER_INVOICE_MAX, rule.invoices, rule.share_bps],
    ).fetchall()
    sizes = dict(connection.execute("SELECT firm, sum(n) FROM firm_sizes GROUP BY 1").fetchall())
    return _groups([(str(a), str(b), int(n)) for a, b, n in pairs], sizes)


def _groups(pairs: list[tuple[str, str, int]], sizes: dict[str, int]) -> tuple[TwinGroup, ...]:
    group_of: dict[str, set[str]] = {}
    for a, b, _ in pairs:
        merged = group_of.get(a, {a}) | group_of.get(b, {b})
        group_of.update(dict.fromkeys(merged, merged))
    found = []
    for members in {min(group): group for group in group_of.values()}.values():
        first, *others = sorted(members, key=lambda firm: (-sizes[firm], firm))
        found.append(TwinGroup(first, tuple(sorted(others)), max(n for a, _, n in pairs if a in members)))
    return tuple(sorted(found, key=lambda group: group.firm))
