"""
Whose code a counterparty's code is.

In some files counterparties stand by a name that holds everywhere, the unified social credit code or the firm's own code;
in others by a code of the sheet, which says nothing by itself. Which of the two it is, the files tell: an invoice that
seller and buyer both show names both. A sheet's code is a firm's where at least half of the code's invoices, as far as the
firm's own list reaches, stand in that list, and hardly any speaks for another firm.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import duckdb
from stdnum.cn import uscc

#: Least part of a code's invoices that must stand in the firm's own list, in percent, for the code to be the firm's.
SHARE_PERCENT = 50
#: Least codes with owners in several files that say whether the files are one sheet.
_CODES_LEAST = 3
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


def unite_sheets(connection: duckdb.DuckDBPyConnection) -> None:
    """
    Take the files of one direction for one sheet where a code means one party in all of them; `side_rows` is there.

    The invoices that both sides show tell: of the codes that such invoices give an owner in several files, at least three, more
    than half must have the same owner in each. So files of one firm each, cut from one sheet, keep the sheet's codes.
    """
    directions = connection.execute(f"""
        WITH owned AS (SELECT direction, party, sheet, mode(owner ORDER BY owner) AS owner FROM side_rows GROUP BY ALL),
             codes AS (SELECT direction, count(DISTINCT owner) = 1 AS agrees
                       FROM owned GROUP BY direction, party HAVING count(*) > 1)
        SELECT direction FROM codes GROUP BY 1 HAVING count(*) >= {_CODES_LEAST} AND 2 * count(*) FILTER (agrees) > count(*)
    """).fetchall()  # noqa: S608 - a number of ours.
    for (direction,) in directions:
        for table, columns in (
            ("relation_keys", "sheet"),
            ("several_codes", "sheet"),
            ("side_rows", "sheet"),
            ("twin_evidence", "a_sheet b_sheet"),
        ):
            names = ", ".join(f"{name} = direction" for name in columns.split())
            connection.execute(f"UPDATE {table} SET {names} WHERE direction = ?", [direction])  # noqa: S608


def make_own_words(connection: duckdb.DuckDBPyConnection) -> None:
    """
    Make `own_words`: counterparties' words that are firms' names and mean those firms, in books of codes too.

    Books of codes may have codes like the firms' own names: then a word says nothing. So words count by their shape, runs of digits
    taken for one: most different words of the shape must be firms' names. Seven digits and fewer may be running numbers.
    """
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE own_words AS
        WITH words AS (SELECT party AS word, regexp_replace(party, '[0-9]+', '#', 'g') AS shape, firm IS NOT NULL AS is_firm
                       FROM (SELECT DISTINCT party FROM relation_keys)
                       LEFT JOIN (SELECT DISTINCT firm FROM relation_keys) ON firm = party),
             own AS (SELECT shape FROM words GROUP BY 1 HAVING 2 * count(*) FILTER (is_firm) > count(*))
        SELECT word, shape FROM words SEMI JOIN own USING (shape) WHERE is_firm AND NOT regexp_full_match(word, '[0-9]{1,7}')
    """)


def drop_contradicted_words(connection: duckdb.DuckDBPyConnection) -> None:
    """Take out of `own_words` what the invoices of `accepted_rows` show to be another firm's, and shapes where that is the rule."""
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE own_words AS
        WITH shown AS (SELECT w.word, w.shape, coalesce(t.owner, w.word) <> r.owner AS is_wrong
                       FROM accepted_rows AS r JOIN own_words AS w ON w.word = r.party
                       LEFT JOIN twin_names AS t ON t.name = r.party)
        SELECT * FROM own_words WHERE word NOT IN (SELECT word FROM shown WHERE is_wrong)
        AND shape NOT IN (SELECT shape FROM shown GROUP BY 1 HAVING 2 * count(*) FILTER (is_wrong) >= count(*))
    """)


def are_names(connection: duckdb.DuckDBPyConnection) -> bool:
    """
    Whether counterparties stand by names that hold everywhere; `sides` and `own_words` are there.

    By the invoices that both sides show, where there are at least three. Else by the words themselves: whether at least three firms
    stand among the counterparties, whose words are theirs alone; or whether most codes are social credit codes.
    """
    row = connection.execute(
        "SELECT count(*), count(*) FILTER (party IN (owner, named) OR last_party IN (owner, named)) FROM side_rows"
    ).fetchone()
    assert row is not None
    shown, agreeing = int(row[0]), int(row[1])
    if shown >= 3:
        return 2 * agreeing >= shown
    words = connection.execute("SELECT count(*) FROM own_words").fetchone()
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
    every = Counter[tuple[str, str, str]]()
    for owner in found:
        every[owner.sheet, owner.direction, owner.code] += owner.shown
    # A code is one party's: where invoices speak for another firm too, all but one in ten must be this one's.
    return tuple(
        o
        for o in found
        if o.shown >= least
        and 100 * o.shown >= SHARE_PERCENT * o.of
        and 10 * o.shown >= 9 * every[o.sheet, o.direction, o.code]
    )
