"""
One firm's features, kept up to date event by event, equal to what a batch over all its rows would say.

The firm's cells are kept as sums by month. A new row is added to them; a better version of a row takes the old one out and
puts the new one in; a row that is not known yet waits for its day. So the order of arrival does not matter, nor how often
a row comes. What runs here is generated from the same definitions as the SQL.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import Any

from hefu.credit.features import crossing, registry
from hefu.credit.features.definitions import CellTable, Fact, Fold, Key
from hefu.credit.features.expression import EXACT, FLOATS, compiled, defined, parse, to_python
from hefu.credit.features.links import Links
from hefu.credit.features.plan import month_days
from hefu.credit.features.rows import ROWS, RowSpec
from hefu.credit.sources.rows import Invoice, Row
from hefu.kernel.errors import UsageError

_EPOCH = date(1970, 1, 1).toordinal()
Cell = list[int]


class LiveFirm:
    """
    A firm's rows, cells and facts as of a date that only moves forward.

    Args:
        firm: Rows of others are refused.
        as_of: Nothing that became known later counts.
    """

    def __init__(self, firm: str, as_of: date) -> None:
        self.firm, self.as_of = firm, as_of
        self.links: Links | None = None
        self._versions: dict[tuple[Any, ...], Row] = {}
        self._waiting: list[tuple[date, int, Row]] = []
        self._arrived = 0
        self._rows_of = dict.fromkeys(registry.SOURCES, 0)
        self._tables = {table.name: _Cells(table) for table in registry.TABLES}
        self._move()

    def apply(self, row: Row) -> bool:
        """
        Take in one row: new, late, repeated or corrected.

        Returns:
            Whether anything changed as of today.

        Raises:
            UsageError: The row is another firm's.
        """
        if row.firm != self.firm:
            raise UsageError("the row is another firm's", code="OTHER_FIRM")
        if row.recorded_on > self.as_of:
            self._arrived += 1
            heapq.heappush(self._waiting, (row.recorded_on, self._arrived, row))
            return False
        return self._take(row)

    def advance(self, as_of: date) -> None:
        """
        Move on to a later day; rows that waited for it are taken in.

        Raises:
            UsageError: The day is earlier than the one that the firm stands at.
        """
        if as_of < self.as_of:
            raise UsageError(
                "a firm's features move forward only; build them anew for an earlier date", code="AS_OF_BACKWARDS"
            )
        self.as_of = as_of
        self._move()
        while self._waiting and self._waiting[0][0] <= as_of:
            self._take(heapq.heappop(self._waiting)[2])

    def set_links(self, links: Links) -> None:
        """Links to other firms, as the last run over all firms found them."""
        self.links = links

    def facts(self) -> dict[str, int | None]:
        """Every fact that a formula reads, in order."""
        known: dict[str, int | None] = {}
        for table in registry.TABLES:
            known.update(self._tables[table.name].facts())
        if self.links is not None and any(self._rows_of[side] for side in registry.SIDES):
            known.update(zip(crossing.LINK_FACTS, self.links))
        absent = frozenset(source for source, rows in self._rows_of.items() if not rows)
        known.update(_unknown_without(absent))
        return {name: known.get(name) for name in registry.fact_names()}

    def features(self) -> dict[str, float | None]:
        """Every feature; None where it is unknown."""
        return features_of(self.facts())

    # -- inside -----------------------------------------------------------------------------------------------------

    def _move(self) -> None:
        next_day = self.as_of + timedelta(days=1)
        running, day = next_day.year * 12 + next_day.month - 1, self.as_of.toordinal() - _EPOCH
        for cells in self._tables.values():
            cells.move(running, day)

    def _take(self, row: Row) -> bool:
        spec = _spec_of(row)
        name, places = spec
        identity = (name, *(row[place] for place in places))
        old = self._versions.get(identity)
        if old is not None and _rank(row) <= _rank(old):
            return False
        self._versions[identity] = row
        if old is not None:
            self._add(name, old, -1)
        self._add(name, row, 1)
        return True

    def _add(self, source: str, row: Row, sign: int) -> None:
        self._rows_of[source] += sign
        tables = [self._tables[table.name] for table in registry.TABLES if source in table.measures]
        for piece in _pieces(source, row):
            for cells in tables:
                cells.add(source, piece, sign)


def build(firm: str, as_of: date, rows: Iterable[Row]) -> LiveFirm:
    """A firm from its rows, in any order."""
    live = LiveFirm(firm, as_of)
    for row in rows:
        live.apply(row)
    return live


def features_of(facts: Mapping[str, int | None]) -> dict[str, float | None]:
    """Features from facts, as floats."""
    values: tuple[float | None, ...] = _formulas(exact=False)(facts)
    return dict(zip(_feature_names(), values))


def record_of(facts: Mapping[str, int | None]) -> dict[str, int | None]:
    """
    Features from facts as integers of record: scaled by ten to the feature's digits, halves to the even one.

    Exact: fractions of integers and integer roots, the same on every machine. A model of record reads these.
    """
    values: tuple[Fraction | int | None, ...] = _formulas(exact=True)(facts)
    return {
        feature.name: None if value is None else round(Fraction(value) * 10**feature.digits)
        for feature, value in zip(registry.FEATURES, values)
    }


@cache
def _feature_names() -> tuple[str, ...]:
    return tuple(feature.name for feature in registry.FEATURES)


@cache
def _formulas(*, exact: bool) -> Callable[[Mapping[str, int | None]], tuple[Any, ...]]:
    """One generated function for all formulas: calling one for each would take longer than the arithmetic."""
    lines = ["def run(f):"]
    for i, feature in enumerate(registry.FEATURES):
        text = to_python(feature.expression, {name: f"f[{name!r}]" for name in feature.expression.names})
        # Arithmetic with something unknown, or a division by zero: unknown.
        lines += [
            "    try:",
            f"        v{i} = {text if exact else f'float({text})'}",
            f"    except TypeError: v{i} = None",
        ]
    lines.append(f"    return ({', '.join(f'v{i}' for i in range(len(registry.FEATURES)))},)")
    run: Callable[[Mapping[str, int | None]], tuple[Any, ...]] = defined(
        "\n".join(lines), "run", EXACT if exact else FLOATS
    )
    return run


@cache
def _unknown_without(absent: frozenset[str]) -> Mapping[str, None]:
    """Facts that are unknown where sources are absent; whether a source is there is never unknown."""
    return dict.fromkeys(
        name
        for name, (table, fact) in registry.facts().items()
        if not name.endswith("_present") and absent & set(table.sources_of(fact))
    )


@cache
def _specs() -> Mapping[tuple[type, str | None], tuple[str, tuple[int, ...]]]:
    found = {}
    for name, spec in ROWS.items():
        places = tuple(spec.kind._fields.index(column) for column in spec.identity)
        found[spec.kind, spec.where[1] if spec.where else None] = name, places
    return found


def _spec_of(row: Row) -> tuple[str, tuple[int, ...]]:
    return _specs()[type(row), row.direction if isinstance(row, Invoice) else None]


def _rank(row: Row) -> tuple[Any, ...]:
    """What makes one version better than another: a void beats everything, then what became known later."""
    # The rest of the row breaks ties, so that two versions of one day have one winner in whatever order they come.
    return (row.void,) if isinstance(row, Invoice) else (row.recorded_on, *row)


@dataclass(frozen=True, slots=True)
class _Piece:
    """The part of a row that lies in one month: the month, the day (0 for a period) and its columns in order."""

    month: int
    day: int
    columns: tuple[Any, ...]


#: What every row has besides its own columns.
_DATED = ("calendar",)
_PERIODIC = ("days", "ends")


@cache
def _columns(source: str) -> tuple[str, ...]:
    spec = ROWS[source]
    return (*spec.columns, *(_PERIODIC if spec.is_period else _DATED))


@cache
def _reader(source: str) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    spec = ROWS[source]
    places = {name: f"r[{i}]" for i, name in enumerate(spec.kind._fields)}
    columns = ", ".join(to_python(parse(text), places) for text in spec.columns.values())
    code: Callable[[Sequence[Any]], tuple[Any, ...]] = compiled(f"lambda r: ({columns},)", FLOATS)
    return code


def _pieces(source: str, row: Row) -> list[_Piece]:
    spec = ROWS[source]
    plain = [value.toordinal() - _EPOCH if isinstance(value, date) else value for value in row]
    columns = _reader(source)(plain)
    if not spec.is_period:
        dated = getattr(row, spec.dated_by[0])
        month = dated.year * 12 + dated.month - 1
        return [_Piece(month, dated.toordinal() - _EPOCH, (*columns, month % 12))]
    return _laid(spec, row, columns)


def _laid(spec: RowSpec, row: Row, columns: tuple[Any, ...]) -> list[_Piece]:
    first, last = (getattr(row, name) for name in spec.dated_by)
    start, end = first.toordinal() - _EPOCH, last.toordinal() - _EPOCH
    whole, last_month = end - start + 1, last.year * 12 + last.month - 1
    found = []
    for month in range(first.year * 12 + first.month - 1, last_month + 1):
        _, month_first, month_last = month_days(month)
        before, until = max(month_first - start, 0), min(month_last, end) - start + 1
        pieces = [
            _part(value, before, until, whole) if name in spec.split else value
            for name, value in zip(spec.columns, columns)
        ]
        found.append(_Piece(month, 0, (*pieces, until - before, 1 if month == last_month else 0)))
    return found


def _part(value: int, before: int, until: int, whole: int) -> int:
    size = abs(value)
    part = size * until // whole - size * before // whole
    return -part if value < 0 else part


# -- cells ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Cells:
    """
    The cells of one table for one firm.

    `sums` holds, by key and month, the number of rows and the sum of each measure. What facts see of a key is made anew when it
    was touched, and of all keys when the as-of date moves what they see; totals and counts follow by what changed.
    """

    table: CellTable
    sums: dict[Any, dict[int, Cell]] = field(default_factory=dict)
    running: int = 0
    day: int = 0
    _seen: dict[Any, tuple[Any, ...]] = field(default_factory=dict)
    _added: list[int] = field(default_factory=list)
    #: For each fact of the largest few: its value of every key, in order.
    _ranked: list[list[int]] = field(default_factory=list)
    _touched: set[Any] = field(default_factory=set)
    _known: dict[str, int | None] | None = None

    def move(self, running: int, day: int) -> None:
        """Another as-of date."""
        if running != self.running or (self.table.key is Key.DAY and day != self.day):
            self._seen.clear()
            self._touched = set(self.sums)
            self._added = [0] * len(_code(self.table).additive)
            self._ranked = [[] for _ in _code(self.table).tops]
            self._known = None
        self.running, self.day = running, day

    def add(self, source: str, piece: _Piece, sign: int) -> None:
        """Add a piece to its cell, or take it out."""
        code = _code(self.table)
        key, values = code.measure[source](piece.columns)
        if self.table.key is Key.MONTH:
            key = piece.month
        elif self.table.key is Key.DAY:
            key = piece.day
        months = self.sums.setdefault(key, {})
        cell = months.setdefault(piece.month, [0] * (1 + code.width))
        cell[0] += sign
        for i, value in enumerate(values, 1 + code.first[source]):
            cell[i] += sign * value
        if not cell[0]:
            del months[piece.month]
            if not months:
                del self.sums[key]
        self._touched.add(key)
        self._known = None

    def facts(self) -> dict[str, int | None]:
        """Facts of this table; unknown where no cell has what is asked for."""
        if self._known is None:
            code, seen, added = _code(self.table), self._seen, self._added
            for key in self._touched:
                old, months = seen.pop(key, None), self.sums.get(key)
                if old is not None:
                    for i, value in enumerate(code.contribution(old)):
                        added[i] -= value
                    for ranked, (_, _, value_of) in zip(self._ranked, code.tops):
                        del ranked[bisect_left(ranked, value_of(old))]
                if months is not None:
                    new = seen[key] = self._shown(code, key, months)
                    for i, value in enumerate(code.contribution(new)):
                        added[i] += value
                    for ranked, (_, _, value_of) in zip(self._ranked, code.tops):
                        insort(ranked, value_of(new))
            self._touched.clear()
            tops = {name: sum(ranked[-most:]) for ranked, (name, most, _) in zip(self._ranked, code.tops)}
            others = _others(code, list(seen.values())) if code.others else {}
            self._known = {**dict(zip(code.additive, added)), **tops, **others}
        return self._known

    def _shown(self, code: _Code, key: Any, months: dict[int, Cell]) -> tuple[Any, ...]:
        """What the expressions of facts see of a key."""
        if self.table.key is Key.VALUE:
            return (key, *code.roll(months, self.running))
        # A month or a day lies in one month.
        ((month, cell),) = months.items()
        age = (self.day - key, self.running - month) if self.table.key is Key.DAY else (self.running - month,)
        return (*age, *cell[1:])


def _others(code: _Code, cells: list[tuple[int, ...]]) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    for name, fact, values_of in code.others:
        values = values_of(cells)
        if fact.fold is Fold.GAP:
            values.sort()
            found[name] = max((b - a for a, b in pairwise(values)), default=None)
        else:
            found[name] = (max if fact.fold is Fold.LARGEST else min)(values, default=None)
    return found


@dataclass(frozen=True, slots=True)
class _Code:
    """
    A table's definitions as Python.

    Args:
        measure: By source: columns of a piece to its key (None where a date is the key) and the values of its measures.
        first: By source: position of its first measure. `width`: number of all.
        roll: For a table by value: months of a key and the running month to the values of its columns.
        additive: Names of totals and counts; `contribution` gives what one cell adds to each.
        tops: Name, how many, and what gives a cell's value.
        others: Name, fact, and what gives the values that it is chosen from.
    """

    measure: Mapping[str, Callable[[tuple[Any, ...]], tuple[Any, tuple[int, ...]]]]
    first: Mapping[str, int]
    width: int
    roll: Callable[[dict[int, Cell], int], tuple[int, ...]]
    additive: tuple[str, ...]
    contribution: Callable[[tuple[int, ...]], tuple[int, ...]]
    tops: tuple[tuple[str, int, Callable[[tuple[int, ...]], int]], ...]
    others: tuple[tuple[str, Fact, Callable[[list[tuple[int, ...]]], list[int]]], ...]


_CODE: dict[str, _Code] = {}


def _code(table: CellTable) -> _Code:
    # By name: hashing a whole table of definitions for each event would take longer than the event.
    found = _CODE.get(table.name)
    if found is None:
        found = _CODE[table.name] = _written(table)
    return found


def _written(table: CellTable) -> _Code:
    measure, first, width = {}, {}, 0
    for source, measures in table.measures.items():
        places = {name: f"p[{i}]" for i, name in enumerate(_columns(source))}
        key = to_python(parse(table.key_text), places) if table.key_text else "None"
        values = ", ".join(to_python(parse(text), places) for text in measures.values())
        measure[source] = compiled(f"lambda p: ({key}, ({values},))", FLOATS)
        first[source], width = width, width + len(measures)
    own = {Key.MONTH: ("m",), Key.DAY: ("ago", "m"), Key.VALUE: ("key",)}[table.key]
    places = {name: f"c[{i}]" for i, name in enumerate((*own, *table.cell_columns))}
    wanted = set(registry.fact_names())
    facts = {name: fact for name, fact in table.facts.items() if name in wanted}
    additive = {name: fact for name, fact in facts.items() if fact.fold in (Fold.TOTAL, Fold.COUNT)}
    one = {
        name: to_python(fact.value, places)
        if fact.fold is Fold.TOTAL
        else f"(1 if {to_python(fact.condition, places)} else 0)"
        for name, fact in additive.items()
    }
    others = []
    for name, fact in facts.items():
        if name not in additive and fact.fold is not Fold.TOP:
            value = "c[0]" if fact.fold is Fold.GAP else to_python(fact.value, places)
            condition = to_python(fact.condition, places)
            code = compiled(f"lambda cells: [{value} for c in cells if {condition}]", FLOATS)
            others.append((name, fact, code))
    return _Code(
        measure,
        first,
        width,
        _roll(table),
        tuple(additive),
        compiled(f"lambda c: ({', '.join(one.values())}{',' if one else ''})", FLOATS),
        tuple(
            (name, fact.most, compiled(f"lambda c: {to_python(fact.value, places)}", FLOATS))
            for name, fact in facts.items()
            if fact.fold is Fold.TOP
        ),
        tuple(others),
    )


def _roll(table: CellTable) -> Callable[[dict[int, Cell], int], tuple[int, ...]]:
    names = [name for measures in table.measures.values() for name in measures]
    windows = [(1 + names.index(c.measure), c.first, c.last) for c in table.columns.values()]

    def roll(months: dict[int, Cell], running: int) -> tuple[int, ...]:
        aged = [(running - month, cell) for month, cell in months.items()]
        return tuple([sum([cell[i] for m, cell in aged if first <= m <= last]) for i, first, last in windows])

    return roll
