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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from heapq import merge
from itertools import islice

from hefu.documents.invoices.coincidence import poisson_tail

#: Longest ring looked for, in firms.
LENGTH_MAX = 8
#: How many circles are looked at; a graph with more is told as such.
CIRCLES_MAX = 20_000
#: Farthest that two invoices of a round may lie apart, in days, and how much larger one may be, in percent.
LAG_DAYS = 90
ALIKE_PERCENT = 125
#: Unlike invoices that are passed over in search of the next of a round.
_UNLIKE_MAX = 100
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

    # By numbers: sets of texts have another order in each process, and so another part would be left where the bound cuts off.
    names = sorted({firm for edge in kept for firm in edge})
    number = {name: i for i, name in enumerate(names)}
    graph = nx.DiGraph([(number[a], number[b]) for a, b in kept])
    found = list[tuple[str, ...]]()
    for length in range(shortest, longest + 1):
        # Shortest first, so that a bound cuts off the long ones; each length lists the shorter ones again and passes them over.
        few = islice(nx.simple_cycles(graph, length_bound=length), CIRCLES_MAX)
        seen = 0
        for circle in few:
            seen += 1
            if len(circle) == length:
                found.append(_turned([names[i] for i in circle]))
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
    books = [_Steps(rows) for rows in steps]
    starts = sorted((when, place, i) for place, rows in enumerate(steps) for i, (when, _) in enumerate(rows))
    rounds = 0
    for _, place, i in starts:
        if i not in books[place].used:
            path = _round([*books[place:], *books[:place]], [i])
            rounds += path is not None
            for book, row in zip((*books[place:], *books[:place]), path or ()):
                book.used.add(row)
    return rounds


class _Steps:
    """
    Invoices of one edge, in order of day, by how large they are: what is unlike is not looked at.

    Args:
        rows: Day and gross, in order.
    """

    def __init__(self, rows: Sequence[tuple[date, int]]) -> None:
        self.rows, self.used = rows, set[int]()
        self._bins = defaultdict[int, list[int]](list)
        for i, (_, gross) in enumerate(rows):
            self._bins[_bin(gross)].append(i)
        #: By steps that are still to go and bin: for each place in the bin the next that may be open; steps only ever close.
        self._next: dict[tuple[int, int], list[int]] = {}

    def following(self, when: date, gross: int, to_go: int) -> Iterator[int]:
        """Rows alike in the days after, the earliest first, less those used or closed; a few in a row may be unlike."""
        first, here = bisect_left(self.rows, (when, 0)), _bin(gross)
        return merge(*(self._open(b, first, when, gross, to_go) for b in (here - 1, here, here + 1) if b in self._bins))

    def _open(self, which: int, first: int, when: date, gross: int, to_go: int) -> Iterator[int]:
        rows = self._bins[which]
        at, unlike = self._find(which, bisect_left(rows, first), to_go), 0
        while at < len(rows) and unlike < _UNLIKE_MAX and (self.rows[rows[at]][0] - when).days <= LAG_DAYS:
            if rows[at] in self.used:
                self._close(which, at, to_go)
            elif is_alike(self.rows[rows[at]][1], gross):
                yield rows[at]
                # Whoever asks for another one has found that this one leads nowhere, and so it will for everyone after.
                self._close(which, at, to_go)
            else:
                unlike += 1
            at = self._find(which, at + 1, to_go)

    def _close(self, which: int, at: int, to_go: int) -> None:
        self._next[which, to_go][at] = at + 1

    def _find(self, which: int, at: int, to_go: int) -> int:
        following = self._next.get((which, to_go))
        if following is None:
            following = self._next[which, to_go] = list(range(len(self._bins[which]) + 1))
        while following[at] != at:
            following[at] = following[following[at]]
            at = following[at]
        return at


def _round(books: Sequence[_Steps], path: list[int]) -> list[int] | None:
    """The rows of a round that begins with the path, one of each book; None where there is none."""
    to_go = len(books) - len(path)
    if not to_go:
        return path
    when, gross = books[len(path) - 1].rows[path[-1]]
    for row in books[len(path)].following(when, gross, to_go - 1):
        if found := _round(books, [*path, row]):
            return found
    return None


def _bin(gross: int) -> int:
    return int(math.log(max(1, gross)) / math.log(ALIKE_PERCENT / 100))


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
    bins = Counter(_bin(gross) for rows in invoices.values() for _, gross in rows)
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
