"""
The tables that relations between firms are found in: every invoice once, those that several lists show, and who trades with
whom.

All are temporary tables of one connection. `relation_keys` has a row for each different invoice of a firm and side;
`twin_evidence` one for each invoice that two firms show on the same side; `sides` one for each invoice that a seller and a
buyer show; `edge_rows` one for each invoice that says who sold to whom, from one side or from both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb

from hefu.documents.invoices.twins import FIRMS_PER_INVOICE_MAX

#: What identifies an invoice: bare number, day and amounts.
KEY = ("bare", "issued_on", "net_minor", "tax_minor", "gross_minor")
KEYS = ", ".join(KEY)
_HASHES = "hash(issued_on, net_minor, tax_minor, gross_minor) AS amounts_hash, hash(issued_on, bare) AS number_hash"


_WIDE = f"translate(number, '{''.join(map(chr, range(0xFF10, 0xFF1A)))}{chr(0xFF0E)}', '0123456789.')"
_DIGITS = rf"regexp_replace(regexp_replace({_WIDE}, '\.0*\s*$', ''), '[^0-9]', '', 'g')"
#: The number less what systems add to it: the last eight digits without leading zeros, which leaves out marks, blanks, the
#: decimals of a spreadsheet and an invoice code in front; where there is no digit, the letters.
_BARE = rf"""coalesce(nullif(ltrim(
    CASE WHEN regexp_full_match(number, '[0-9]{{1,8}}') THEN number
         ELSE coalesce(nullif(right({_DIGITS}, 8), ''), regexp_replace(upper(number), '[^\p{{L}}\p{{N}}]', '', 'g')) END,
    '0'), ''), '0')"""


def _same(one: str, other: str) -> str:
    return " AND ".join(f"{one}.{name} = {other}.{name}" for name in KEY)


def columns_of(connection: duckdb.DuckDBPyConnection, table: str) -> set[str]:
    """Names of a table's columns."""
    return {str(row[0]) for row in connection.execute(f"DESCRIBE SELECT * FROM {table}").fetchall()}  # noqa: S608


def make_relation_keys(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """
    Make `relation_keys`; `shared_keys`, those that stand in more than one list; and `several_codes`, all codes of an invoice that a
    firm has under more than one.

    A counterparty's code counts within its sheet: the file where rows name one, else the direction. Rows of a firm that
    differ in the code alone are one invoice, with the first and the last of its codes. Tax and gross may be rounded otherwise,
    by 0.01. The case of letters makes no other name: a firm goes by the spelling of its own book.
    """
    columns = columns_of(connection, table)
    party = "counterparty" if "counterparty" in columns else "''"
    sheet = "file" if "file" in columns else "direction"
    credit_code = f"length({party}) = 18 AND regexp_full_match({party}, '[0-9A-Za-z]+')"
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE spellings AS
        SELECT upper(firm) AS folded, min(firm) AS firm FROM (SELECT DISTINCT firm FROM {table}) GROUP BY 1 HAVING count(*) = 1;
        CREATE OR REPLACE TEMP VIEW relation_rows AS
        SELECT r.firm, direction, {_BARE} AS bare, issued_on, net_minor, tax_minor, gross_minor, {sheet} AS sheet,
               coalesce(s.firm, CASE WHEN {credit_code} THEN upper({party}) ELSE {party} END) AS party
        FROM {table} AS r LEFT JOIN spellings AS s ON s.folded = upper({party});
        CREATE OR REPLACE TEMP TABLE relation_keys AS
        SELECT firm, direction, {KEYS}, min(party) AS party, max(party) AS last_party, min(sheet) AS sheet, {_HASHES}
        FROM relation_rows GROUP BY ALL;
    """)  # noqa: S608 - names of columns and of the table are ours.
    _round_alike(connection)
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE several_codes AS
        SELECT DISTINCT k.firm, k.direction, k.sheet, {", ".join(f"k.{name}" for name in KEY)}, r.party
        FROM relation_keys AS k JOIN relation_rows AS r USING (firm, direction, bare, issued_on, net_minor)
        WHERE k.party <> k.last_party AND abs(r.tax_minor - k.tax_minor) <= 1 AND abs(r.gross_minor - k.gross_minor) <= 1;
        CREATE OR REPLACE TEMP TABLE shared_keys AS
        -- Hashes find the few candidates; only they are then compared column by column.
        WITH whole AS (SELECT *, hash(amounts_hash, number_hash) AS h FROM relation_keys)
        SELECT * EXCLUDE h FROM whole WHERE h IN (SELECT h FROM whole GROUP BY 1 HAVING count(*) > 1);
        CREATE OR REPLACE TEMP TABLE twin_evidence AS
        WITH few AS (SELECT direction, {KEYS} FROM shared_keys GROUP BY ALL HAVING count(*) BETWEEN 2 AND {FIRMS_PER_INVOICE_MAX}),
             kept AS (SELECT * FROM shared_keys JOIN few USING (direction, {KEYS}))
        SELECT x.firm AS a, y.firm AS b, x.direction, {", ".join(f"x.{name}" for name in KEY)},
               x.party AS a_party, y.party AS b_party, x.sheet AS a_sheet, y.sheet AS b_sheet
        FROM kept AS x JOIN kept AS y ON x.direction = y.direction AND x.firm < y.firm AND {_same("x", "y")}
    """)  # noqa: S608


def _round_alike(connection: duckdb.DuckDBPyConnection) -> None:
    """Take invoices of one number, day and net for one where tax and gross differ by 0.01 at most: the lesser amounts are told."""
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE roundings AS
        SELECT bare, issued_on, net_minor, min(tax_minor) AS tax, min(gross_minor) AS gross FROM relation_keys GROUP BY ALL
        HAVING max(tax_minor) - min(tax_minor) <= 1 AND max(gross_minor) - min(gross_minor) <= 1
           AND (max(tax_minor) > min(tax_minor) OR max(gross_minor) > min(gross_minor))
    """)
    if connection.execute("SELECT 1 FROM roundings LIMIT 1").fetchone():
        connection.execute(f"""
            CREATE OR REPLACE TEMP TABLE relation_keys AS
            WITH rounded AS (SELECT k.* REPLACE (coalesce(tax, tax_minor) AS tax_minor, coalesce(gross, gross_minor) AS gross_minor)
                             FROM relation_keys AS k LEFT JOIN roundings AS r USING (bare, issued_on, net_minor))
            SELECT firm, direction, {KEYS}, min(party) AS party, max(last_party) AS last_party, min(sheet) AS sheet, {_HASHES}
            FROM rounded GROUP BY ALL
        """)  # noqa: S608


def sizes(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], int]:
    """Different invoices by firm and side."""
    rows = connection.execute("SELECT firm, direction, count(*) FROM relation_keys GROUP BY ALL").fetchall()
    return {(str(firm), str(side)): int(n) for firm, side, n in rows}


def make_sides(
    connection: duckdb.DuckDBPyConnection, stands_for: Mapping[str, str], largest: Mapping[tuple[str, str], str]
) -> None:
    """
    Make `sides`: invoices with one seller and one buyer, twins resolved, and those that a firm shows on both of its sides.

    An invoice that several twins show is that of the one with the longest list on that side; one that a single twin shows
    stays its own.
    Of twins that trade with each other the one is seller and the other buyer.

    Args:
        stands_for: Twin to the firm that stands for it.
        largest: By firm that stands for twins, and side: the one of them with the longest list.
    """
    make_names(connection, "twin_names", stands_for)
    fill(
        connection,
        "twin_faces",
        "one VARCHAR, direction VARCHAR, face VARCHAR",
        sorted((*key, face) for key, face in largest.items()),
    )
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE named_keys AS
        WITH grouped AS (SELECT coalesce(t.owner, k.firm) AS one, k.* FROM shared_keys AS k
                         LEFT JOIN twin_names AS t ON t.name = k.firm)
        SELECT g.*, CASE WHEN count(*) OVER (PARTITION BY g.one, g.direction, {KEYS}) > 1 THEN f.face ELSE firm END AS who
        FROM grouped AS g LEFT JOIN twin_faces AS f ON f.one = g.one AND f.direction = g.direction;
        CREATE OR REPLACE TEMP TABLE sides AS
        WITH held AS (SELECT {KEYS}, direction, one, min(who) AS who FROM named_keys GROUP BY ALL),
             sold AS (SELECT * EXCLUDE direction FROM held WHERE direction = 'sales'),
             bought AS (SELECT * EXCLUDE direction FROM held WHERE direction = 'purchases'),
             alone AS (SELECT {KEYS} FROM held GROUP BY ALL
                       HAVING count(*) FILTER (direction = 'sales') = 1 AND count(*) FILTER (direction = 'purchases') = 1),
             own AS (SELECT {KEYS}, one, firm FROM named_keys GROUP BY ALL HAVING count(DISTINCT direction) = 2),
             pairs AS (SELECT {KEYS}, s.one AS seller_one, b.one AS buyer_one, s.who AS seller, b.who AS buyer
                       FROM sold AS s JOIN bought AS b USING ({KEYS}))
        SELECT {KEYS}, one AS seller_one, one AS buyer_one, firm AS seller, firm AS buyer FROM own
        UNION ALL
        -- One twin sells to the other.
        SELECT * FROM pairs ANTI JOIN own ON pairs.seller_one = own.one AND {_same("pairs", "own")} WHERE seller_one = buyer_one
        UNION ALL
        SELECT * FROM pairs SEMI JOIN alone USING ({KEYS}) WHERE seller_one <> buyer_one;
        -- Either side's own row of such an invoice: whose code it shows, the firm that stands for its twins.
        CREATE OR REPLACE TEMP TABLE side_rows AS
        SELECT s.*, k.firm, k.direction, k.sheet, k.party, k.last_party,
               CASE WHEN k.direction = 'sales' THEN s.buyer_one ELSE s.seller_one END AS owner,
               CASE WHEN k.direction = 'sales' THEN s.buyer ELSE s.seller END AS named
        FROM sides AS s JOIN named_keys AS k USING ({KEYS})
        WHERE k.one = CASE WHEN k.direction = 'sales' THEN s.seller_one ELSE s.buyer_one END
    """)  # noqa: S608


def make_names(connection: duckdb.DuckDBPyConnection, table: str, names: Mapping[str, str]) -> None:
    """A table of two columns, name and owner."""
    fill(connection, table, "name VARCHAR, owner VARCHAR", sorted(names.items()))


def fill(connection: duckdb.DuckDBPyConnection, table: str, columns: str, rows: Iterable[Sequence[Any]]) -> None:
    """A temporary table of rows, in one statement."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} ({columns})")
    lists = [list(column) for column in zip(*rows)]
    if lists:
        connection.execute(f"INSERT INTO {table} SELECT {', '.join(['unnest(?)'] * len(lists))}", lists)
