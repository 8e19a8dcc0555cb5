"""
Rings: firms that sell round in a circle, A to B, B to C, C to A.

A directed circle of trade is no proof: where many firms trade with each other, circles close by chance. Two things set a
ring apart. Either the graph of trade is so thin that no circle is to be expected in it; or invoices went round: one on each
edge, each after the one before, with amounts alike, more often than the same invoices on other days would.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

from hefu.documents.invoices.coincidence import poisson_tail

#: Longest ring looked for, in firms.
LENGTH_MAX = 8
#: How many circles are looked at; a graph with more is told as such.
CIRCLES_MAX = 20_000
#: Farthest that two invoices of a round may lie apart, in days, and how much larger one may be, in percent.
LAG_DAYS = 90
ALIKE_PERCENT = 125
#: Part of the circles of one length that chance may explain, for all of them to count.
_BY_CHANCE_MAX = 0.1
_FALSE_ALARM = 0.01

Edge = tuple[str, str]
Graph = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Ring:
    """
    Args:
        firms: In order of sale, the first in order of code first; the last sells to the first.
        rounds: Times that invoices went round.
        expected: Circles of this length that chance would make, or rounds, whichever spoke for it.
    """

    firms: tuple[str, ...]
    rounds: int
    expected: float

    @property
    def edges(self) -> tuple[Edge, ...]:
        """Seller and buyer of each step."""
        return tuple(zip(self.firms, (*self.firms[1:], self.firms[0])))


@dataclass(frozen=True, slots=True)
class Circles:
    """All circles of a graph, up to a length and a number; `is_all` is False where there were more."""

    found: tuple[tuple[str, ...], ...]
    expected: Mapping[int, float]
    is_all: bool


def circles(
    edges: Iterable[Edge], *, firms: Iterable[str] = (), shortest: int = 3, longest: int = LENGTH_MAX
) -> Circles:
    """
    Directed circles of firms, shortest first.

    Chance: n firms with m edges drawn blindly among them close (m / n)^k / k circles of k; where some firms have many customers and
    many suppliers the base is larger, (sum of in x out) / m over all firms but those with one of each, which a ring itself makes.

    Args:
        firms: All firms that could trade; those of the edges where absent.
    """
    every = sorted({edge for edge in edges if edge[0] != edge[1]})
    expected = _by_chance(every, set(firms), range(shortest, longest + 1))
    kept = trimmed(every)
    # Two firms that buy from each other make no circle of three.
    if len({firm for edge in kept for firm in edge}) < shortest:
        return Circles((), expected, True)
    import networkx as nx  # Loaded only where a circle can be: it takes as long as the rest of a small report.

    graph = nx.DiGraph(kept)
    found = list[tuple[str, ...]]()
    for length in range(shortest, longest + 1):
        # Shortest first, so that a bound cuts off the long ones; each length lists the shorter ones again and passes them over.
        few = islice(nx.simple_cycles(graph, length_bound=length), CIRCLES_MAX)
        seen = 0
        for circle in few:
            seen += 1
            if len(circle) == length:
                found.append(_turned(circle))
        if seen >= CIRCLES_MAX:
            return Circles(tuple(sorted(set(found), key=_order)), expected, False)
    return Circles(tuple(sorted(set(found), key=_order)), expected, True)


def _by_chance(edges: Sequence[Edge], firms: set[str], lengths: range) -> dict[int, float]:
    sold, bought = Counter(a for a, _ in edges), Counter(b for _, b in edges)
    # Who only sells or only buys, and shows no book, can close nothing and is no firm to draw from.
    could = firms | (set(sold) & set(bought))
    inside = [edge for edge in edges if edge[0] in could and edge[1] in could]
    sold, bought = Counter(a for a, _ in inside), Counter(b for _, b in inside)
    many = sum(sold[f] * bought[f] for f in could if (sold[f], bought[f]) != (1, 1))
    base = max(len(inside) / max(1, len(could)), many / max(1, len(inside)))
    return {k: base**k / k for k in lengths}


def find_rings(
    edges: Iterable[Edge], invoices: Mapping[Edge, Sequence[tuple[date, int]]], firms: Iterable[str]
) -> tuple[tuple[Ring, ...], bool]:
    """
    The circles that chance does not explain.

    Args:
        invoices: By edge, day and gross of each invoice, in order.
        firms: All firms that show a book.

    Returns:
        Rings in order of length and code, and whether all circles were looked at.
    """
    found = circles(edges, firms=firms)
    if not found.found:
        return (), found.is_all
    by_length = Counter(map(len, found.found))
    alike = _alike(invoices)
    days = _days(invoices)
    rings = []
    for firms in found.found:
        by_chance = found.expected[len(firms)]
        steps = [invoices[edge] for edge in zip(firms, (*firms[1:], firms[0]))]
        rounds = count_rounds(steps)
        expected_rounds = _expected_rounds(steps, days, alike)
        if by_chance <= _BY_CHANCE_MAX * by_length[len(firms)]:
            rings.append(Ring(firms, rounds, by_chance))
        elif rounds and poisson_tail(rounds, expected_rounds) * len(found.found) <= _FALSE_ALARM:
            rings.append(Ring(firms, rounds, expected_rounds))
    return tuple(rings), found.is_all


def count_rounds(steps: Sequence[Sequence[tuple[date, int]]]) -> int:
    """
    Times that invoices went round, whichever firm began; an invoice counts once.

    >>> from datetime import date
    >>> day = date(2026, 1, 1)
    >>> count_rounds([[(day, 100)], [(day.replace(day=9), 98)], [(day.replace(day=20), 97)]])
    1
    """
    used: list[set[int]] = [set() for _ in steps]
    starts = sorted((when, place, i) for place, rows in enumerate(steps) for i, (when, _) in enumerate(rows))
    rounds = 0
    for _, place, i in starts:
        if i in used[place]:
            continue
        path = [(place, i)]
        for step in range(1, len(steps)):
            at = (place + step) % len(steps)
            last_place, last = path[-1]
            following = _next(steps[at], used[at], *steps[last_place][last])
            if following is None:
                break
            path.append((at, following))
        if len(path) == len(steps):
            rounds += 1
            for at, row in path:
                used[at].add(row)
    return rounds


def _next(rows: Sequence[tuple[date, int]], used: set[int], when: date, gross: int) -> int | None:
    for i in range(bisect_left(rows, (when, 0)), len(rows)):
        day, amount = rows[i]
        if (day - when).days > LAG_DAYS:
            return None
        if i not in used and is_alike(amount, gross):
            return i
    return None


def is_alike(a: int, b: int) -> bool:
    """Whether neither amount is more than a quarter larger."""
    return 100 * max(a, b) <= ALIKE_PERCENT * min(a, b)


def _expected_rounds(steps: Sequence[Sequence[object]], days: int, alike: float) -> float:
    """Rounds that the same numbers of invoices would make on days and with amounts drawn anew."""
    expected = 0.0
    for start in range(len(steps)):
        here = float(len(steps[start]))
        for step in range(1, len(steps)):
            here *= min(1.0, len(steps[(start + step) % len(steps)]) * min(1.0, LAG_DAYS / days) * alike)
        expected += here
    return expected


def _alike(invoices: Mapping[Edge, Sequence[tuple[date, int]]]) -> float:
    """How often two invoices of different edges are alike: by bins of the logarithm as wide as what counts as alike."""
    width = math.log(ALIKE_PERCENT / 100)
    bins = Counter(int(math.log(max(1, gross)) / width) for rows in invoices.values() for _, gross in rows)
    total = sum(bins.values())
    # Two amounts within a factor lie in one bin or in neighbouring ones.
    near = sum(n * (n + bins[b - 1] + bins[b + 1]) for b, n in bins.items())
    return near / max(1, total * total)


def _days(invoices: Mapping[Edge, Sequence[tuple[date, int]]]) -> int:
    every = [when for rows in invoices.values() for when, _ in (rows[0], rows[-1])]
    return max(1, (max(every) - min(every)).days) if every else 1


def trimmed(edges: Iterable[Edge]) -> list[Edge]:
    """Edges that can lie on a circle: whoever only sells, or only buys, is taken off until nobody is left who does."""
    out, into = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for a, b in edges:
        out[a].add(b)
        into[b].add(a)
    waiting = [firm for firm in {*out, *into} if not out[firm] or not into[firm]]
    while waiting:
        firm = waiting.pop()
        for other in out.pop(firm, ()):
            into[other].discard(firm)
            if not into[other]:
                waiting.append(other)
        for other in into.pop(firm, ()):
            out[other].discard(firm)
            if not out[other]:
                waiting.append(other)
    return sorted((a, b) for a, others in out.items() for b in others)


def _turned(circle: Sequence[str]) -> tuple[str, ...]:
    first = circle.index(min(circle))
    return (*circle[first:], *circle[:first])


def _order(circle: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    return len(circle), circle
