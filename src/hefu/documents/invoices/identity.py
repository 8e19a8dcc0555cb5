"""
Whose code a counterparty's code is.

In some files counterparties stand by a name that holds everywhere, the unified social credit code or the firm's own code;
in others by a code of the sheet, which says nothing by itself. Which of the two it is, the files tell: an invoice that
seller and buyer both show names both. A sheet's code is a firm's where at least half of the code's invoices, as far as the
firm's own list reaches, stand in that list.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import duckdb
from stdnum.cn import uscc

#: Least part of a code's invoices that must stand in the firm's own list, in percent, for the code to be the firm's.
SHARE_PERCENT = 50
#: How many codes are looked at to see whether they are social credit codes.
_SAMPLE = 1_000


@dataclass(frozen=True, slots=True)
class CodeOwner:
    """
    A code of a sheet that is a firm's.

    Args:
        direction: Of the sheet: in a sheet of purchases the code is a seller's.
        shown: Invoices with the code that the firm's own list shows too, and their gross, minor units.
        of: Invoices with the code within the days of the firm's own list.
    """

    sheet: str
    direction: str
    code: str
    firm: str
    shown: int
    gross_minor: int
    of: int


def are_names(connection: duckdb.DuckDBPyConnection) -> bool:
    """
    Whether counterparties stand by names that hold everywhere; `sides` is there.

    By the invoices that both sides show, where there are at least three. Else by the words themselves: whether at least three firms
    stand among the counterparties, which running numbers alone do not show; or whether most codes are social credit codes.
    """
    row = connection.execute(
        "SELECT count(*), count(*) FILTER (party IN (owner, named) OR last_party IN (owner, named)) FROM side_rows"
    ).fetchone()
    assert row is not None
    shown, agreeing = int(row[0]), int(row[1])
    if shown >= 3:
        return 2 * agreeing >= shown
    words = connection.execute("""
        SELECT count(DISTINCT party) FROM relation_keys SEMI JOIN (SELECT DISTINCT firm AS name FROM relation_keys) ON name = party
        WHERE NOT regexp_full_match(party, '[0-9]{1,7}')
    """).fetchone()
    assert words is not None
    if int(words[0]) >= 3:
        return True
    found = connection.execute(
        "SELECT DISTINCT party FROM relation_keys ORDER BY hash(party) LIMIT ?", [_SAMPLE]
    ).fetchall()
    codes = [str(code) for (code,) in found]
    return bool(codes) and 2 * sum(map(uscc.is_valid, codes)) >= len(codes)


def code_owners(connection: duckdb.DuckDBPyConnection, *, least: int) -> tuple[CodeOwner, ...]:
    """
    Codes that are a firm's, from the invoices of `accepted_rows`; in order.

    Args:
        least: Least number of invoices.
    """
    rows = connection.execute("""
        WITH shown AS (SELECT sheet, direction, party AS code, owner, count(*) AS n, sum(gross_minor) AS gross
                       FROM accepted_rows GROUP BY ALL),
             reach AS (SELECT coalesce(t.owner, k.firm) AS owner, direction, min(issued_on) AS first_on, max(issued_on) AS last_on
                       FROM relation_keys AS k LEFT JOIN twin_names AS t ON t.name = k.firm GROUP BY ALL),
             codes AS (SELECT k.sheet, k.direction, k.party AS code, k.issued_on FROM relation_keys AS k
                       SEMI JOIN shown ON shown.sheet = k.sheet AND shown.direction = k.direction AND shown.code = k.party)
        SELECT s.sheet, s.direction, s.code, s.owner, s.n, s.gross, count(c.code)
        FROM shown AS s
        JOIN reach AS r ON r.owner = s.owner AND r.direction <> s.direction
        JOIN codes AS c ON c.sheet = s.sheet AND c.direction = s.direction AND c.code = s.code
                       AND c.issued_on BETWEEN r.first_on AND r.last_on
        GROUP BY ALL ORDER BY ALL
    """).fetchall()
    found = [CodeOwner(str(a), str(b), str(c), str(d), int(e), int(f), int(g)) for a, b, c, d, e, f, g in rows]
    best = defaultdict[tuple[str, str, str], list[CodeOwner]](list)
    for owner in found:
        if owner.shown >= least and 100 * owner.shown >= SHARE_PERCENT * owner.of:
            best[owner.sheet, owner.direction, owner.code].append(owner)
    # A code is one party's: where two firms could claim it, neither has it.
    return tuple(owners[0] for owners in best.values() if len(owners) == 1)
