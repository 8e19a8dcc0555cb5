"""
How often two invoices of different trades agree in everything that identifies an invoice, by chance alone.

Two invoices are taken for one where number, day, net, tax and gross agree. Given the day, the number of one trade says
nothing about the amounts of another; so between two lists of invoices

    expected = sum, over days and amounts that stand in both, of (rows here) x (rows there) x (chance that numbers agree)

and the chance that numbers of so many digits agree is read off the same files: pairs of rows of one day and different firms
whose amounts differ, so that they cannot be one invoice, and whose numbers agree all the same. Files whose firms number 1,
2, 3 have a large chance and need much evidence; numbers of eight digits have next to none. No firm is known in advance and
nothing is tuned.

Coincidences come in clumps: two landlords who count 1, 2, 3 and let ten flats each at one rent agree in all invoices for ever
once their numbers agree in one. So agreement must be beyond chance twice, in invoices and in different amounts among them, on
each day; and all amounts that come on three days and more, a list of prices, count for one.

Besides chance there are slips: rows booked under a wrong firm. They are counted where nothing else makes them, in pairs of
firms that share one single invoice on one side, and laid over all pairs of lists, half of them by size and half evenly.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import duckdb

from hefu.documents.invoices.evidence import fill

#: Largest part of the relations reported that chance may have made.
FALSE_SHARE = 0.02
#: Virtual evidence that numbers of n digits are drawn evenly from 10^n: one agreement in 10^n pairs.
_PRIOR = 1.0
_DIGITS_MAX = 20

#: One side of one firm.
Side = tuple[str, str]
Sides = tuple[Side, Side]
#: Days on which an amount comes that is a price.
_PRICE_DAYS = 3
#: What tells amounts apart, in SQL.
_AMOUNTS = "net_minor, tax_minor, gross_minor"
#: How many different invoices each side of each firm holds.
Sizes = Mapping[Side, int]


class Agreeing(NamedTuple):
    """Invoices in which two lists agree, and different amounts of each day, prices for one; counted, or to be expected at most."""

    invoices: float
    amounts: float


@dataclass(frozen=True, slots=True)
class Coincidences:
    """
    What chance and slips would make.

    Args:
        sizes: Invoices by firm and side.
        expected: Of the pairs of lists asked for: what agrees by chance.
        total: Over all pairs of lists of that kind, asked for or not.
        slips: Pairs of firms that share one single invoice on one side, beyond those that chance makes.
    """

    sizes: Sizes
    expected: Mapping[Sides, Agreeing]
    total: float
    slips: int
    #: Pairs of lists that could agree, and pairs of invoices in them: asked for with every pair, found once.
    tests: int = field(init=False)
    weight: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tests", max(1, len({firm for firm, _ in self.sizes}) ** 2))
        object.__setattr__(self, "weight", weight(self.sizes))

    def by_slip(self, a: Side, b: Side) -> float:
        """Invoices that slips alone would let two lists share: half by size of the lists, half evenly."""
        return self._by_slip(self.sizes.get(a, 0) * self.sizes.get(b, 0), 1)

    def by_slip_across(self) -> float:
        """The sum of `by_slip` over the sales of every firm and the purchases of every firm."""
        sold, bought = (sum(n for (_, side), n in self.sizes.items() if side == s) for s in ("sales", "purchases"))
        return self._by_slip(sold * bought, self.tests)

    def _by_slip(self, invoices: int, lists: int) -> float:
        return self.slips * (invoices / self.weight + lists / self.tests) / 2

    def of(self, a: Side, b: Side) -> float:
        """Invoices that two lists share by chance or by slips."""
        return self._by_chance((a, b)).invoices + self.by_slip(a, b)

    def _by_chance(self, pair: Sides) -> Agreeing:
        return self.expected.get(pair, Agreeing(0.0, 0.0))

    def _tail(self, pair: Sides, shared: Agreeing) -> float:
        # Slips come one by one, so they are weighed in invoices alone.
        clumps = poisson_tail(int(shared.amounts), self._by_chance(pair).amounts)
        return max(poisson_tail(int(shared.invoices), self.of(*pair)), clumps)

    def beyond(self, shared: Mapping[Sides, Agreeing]) -> set[Sides]:
        """
        The pairs that chance does not explain: of those returned at most one in fifty is to be expected by chance.

        As Benjamini and Hochberg do it, with two bounds on how many false ones come with a probability p: p for each pair
        of lists, and never more than all invoices that agree by chance and slips in the whole of the files.
        """
        ranked = sorted((self._tail(pair, agreeing), pair) for pair, agreeing in shared.items())
        most = self.total + self.slips
        for k in range(len(ranked), 0, -1):
            if min(ranked[k - 1][0] * self.tests, most) <= FALSE_SHARE * k:
                # How many pairs share nothing but prices the second bound does not tell: firms that bill alike do so together.
                prices = {pair for pair, found in shared.items() if found.amounts == 1 < found.invoices}
                return {pair for p, pair in ranked[:k] if pair not in prices or p * self.tests <= FALSE_SHARE * k}
        return set()


def weight(sizes: Sizes) -> float:
    """Pairs of invoices on one side of two firms."""
    total = 0.0
    for side in ("sales", "purchases"):
        counts = [n for (_, which), n in sizes.items() if which == side]
        total += (sum(counts) ** 2 - sum(n * n for n in counts)) / 2
    return max(1.0, total)


def poisson_tail(count: int, mean: float) -> float:
    """
    Probability of at least so many events where so many are expected.

    >>> round(poisson_tail(2, 0.1), 6)
    0.004679
    """
    if count <= 0:
        return 1.0
    if mean <= 0.0:
        return 0.0
    if count < mean:
        return 1.0
    # Terms fall from here on, so that a few make the sum.
    term, total = math.exp(count * math.log(mean) - mean - math.lgamma(count + 1)), 0.0
    for k in range(count, count + 1_000):
        total += term
        term *= mean / (k + 1)
        if term <= total * 1e-12:
            break
    return min(1.0, total)


def make_number_chances(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `number_chances`: by digits, the chance that such a number stands on another trade's invoice of the same day."""
    agreeing = dict(
        connection.execute("""
            WITH twice AS (SELECT * FROM relation_keys
                           WHERE number_hash IN (SELECT number_hash FROM relation_keys GROUP BY 1 HAVING count(*) > 1)),
                 -- How often a number stands on a day, less the pairs of one firm and the pairs of one amount.
                 every AS (SELECT length(bare) AS digits, issued_on, bare, count(*) AS n FROM twice GROUP BY ALL),
                 own AS (SELECT issued_on, bare, firm, count(*) AS n FROM twice GROUP BY ALL),
                 alike AS (SELECT issued_on, bare, gross_minor, count(*) AS n FROM twice GROUP BY ALL),
                 own_alike AS (SELECT issued_on, bare, gross_minor, firm, count(*) AS n FROM twice GROUP BY ALL)
            SELECT digits, sum(pairs) FROM (
                SELECT digits, n * (n - 1) / 2 AS pairs FROM every
                UNION ALL SELECT length(bare), -n * (n - 1) / 2 FROM own
                UNION ALL SELECT length(bare), -n * (n - 1) / 2 FROM alike
                UNION ALL SELECT length(bare), n * (n - 1) / 2 FROM own_alike)
            GROUP BY 1
        """).fetchall()
    )
    pairs = connection.execute("""
        WITH parts AS (SELECT issued_on, firm, length(bare) AS digits, count(*) AS n FROM relation_keys GROUP BY ALL),
             days AS (SELECT issued_on, sum(n) AS n FROM parts GROUP BY 1),
             own AS (SELECT issued_on, firm, sum(n) AS n FROM parts GROUP BY ALL)
        SELECT digits, sum(parts.n * (days.n - own.n))
        FROM parts JOIN days USING (issued_on) JOIN own USING (issued_on, firm) GROUP BY 1
    """).fetchall()
    chances = [
        (digits, (2 * float(agreeing.get(digits, 0)) + _PRIOR) / (float(n) + 10.0 ** min(int(digits), _DIGITS_MAX)))
        for digits, n in pairs
    ]
    fill(connection, "number_chances", "digits BIGINT, chance DOUBLE", chances)


def totals(connection: duckdb.DuckDBPyConnection) -> tuple[float, float, float]:
    """
    Invoices that agree by chance in the whole of the files: between lists of one side, between sales and purchases, and within the
    purchases of one firm, which come from many sellers.
    """
    row = connection.execute("""
        WITH parts AS (SELECT amounts_hash AS h, firm, direction, sum(chance) AS weighted, count(*) AS n
                       FROM relation_keys JOIN number_chances ON digits = length(bare)
                       WHERE amounts_hash IN (SELECT amounts_hash FROM relation_keys GROUP BY 1 HAVING count(*) > 1) GROUP BY ALL),
             sides AS (SELECT h, direction, sum(weighted) AS weighted, sum(n) AS n, sum(weighted * n) AS own
                       FROM parts GROUP BY ALL)
        SELECT (SELECT sum(weighted * n - own) / 2 FROM sides),
               (SELECT sum(s.weighted * p.n) FROM sides AS s JOIN sides AS p ON p.h = s.h
                WHERE s.direction = 'sales' AND p.direction = 'purchases'),
               (SELECT sum(weighted * (n - 1)) / 2 FROM parts WHERE direction = 'purchases')
    """).fetchone()
    assert row is not None
    same, across, within = (float(value or 0) for value in row)
    return same, across, within


def agreeing(connection: duckdb.DuckDBPyConnection, table: str, by: str) -> dict[tuple[str, ...], Agreeing]:
    """What agrees in a table of shared invoices, by columns of texts, in order."""
    rows = connection.execute(f"""
        WITH amounts AS (SELECT {by}, count(*) AS n, count(DISTINCT issued_on) AS days FROM {table} GROUP BY {by}, {_AMOUNTS})
        SELECT {by}, sum(n), sum(CASE WHEN days < {_PRICE_DAYS} THEN days ELSE 0 END) + bool_or(days >= {_PRICE_DAYS})::INT
        FROM amounts GROUP BY {by} ORDER BY {by}
    """).fetchall()  # noqa: S608 - names of tables and columns are ours.
    return {tuple(map(str, row[:-2])): Agreeing(float(row[-2]), float(row[-1])) for row in rows}


def expected_between(connection: duckdb.DuckDBPyConnection, pairs: Iterable[Sides]) -> dict[Sides, Agreeing]:
    """Expected coincidences of each pair of lists; `relation_keys` and `number_chances` are there."""
    asked = [(*a, *b) for a, b in pairs]
    fill(connection, "asked_pairs", "a VARCHAR, a_side VARCHAR, b VARCHAR, b_side VARCHAR", asked)
    # One hash of day and amounts: whatever else falls into one bucket only makes the test stricter. An amount of a day on which
    # e invoices are expected to agree is there at all with 1 - exp(-e), or less often where they come in clumps.
    rows = connection.execute("""
        WITH involved AS (SELECT a AS firm, a_side AS direction FROM asked_pairs UNION SELECT b, b_side FROM asked_pairs),
             lists AS (SELECT firm, direction, amounts_hash AS h, length(bare) AS digits, count(*) AS n
                       FROM relation_keys JOIN involved USING (firm, direction) GROUP BY ALL),
             parts AS (SELECT p.*, x.h, sum(x.n * y.n * c.chance) AS expected
                       FROM asked_pairs AS p
                       JOIN lists AS x ON x.firm = p.a AND x.direction = p.a_side
                       JOIN lists AS y ON y.firm = p.b AND y.direction = p.b_side AND y.h = x.h
                       JOIN number_chances AS c ON c.digits = x.digits
                       GROUP BY ALL)
        SELECT a, a_side, b, b_side, sum(expected), sum(1 - exp(-expected)) FROM parts GROUP BY ALL
    """).fetchall()
    return {((str(a), str(s)), (str(b), str(t))): Agreeing(float(n), float(m)) for a, s, b, t, n, m in rows}
