"""
The definitions as SQL: a list of steps, each a table made from those before it, the same for DuckDB and Spark but for a few words.

The tables of the sources and `spine` (s, firm, as_of: one row for each feature row wanted) must be there. Nothing here connects to
anything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from hefu.credit.features import crossing, registry
from hefu.credit.features.definitions import EVER, CellTable, Fact, Fold, Key
from hefu.credit.features.expression import WIDE, Dialect, parse, to_sql
from hefu.credit.features.rows import ROWS, RowSpec

_EPOCH = date(1970, 1, 1).toordinal()
#: First month that a period can lie in.
_FIRST_YEAR = 1990


@dataclass(frozen=True, slots=True)
class Step:
    """
    A table and the query that fills it.

    Args:
        is_read_again: Several later steps read it; an engine that works lazily should keep it.
    """

    table: str
    query: str
    is_read_again: bool = False


def steps(dialect: Dialect, sources: Collection[str], *, last_on: date, links: bool) -> list[Step]:
    """
    All steps; the last two are `facts` and `features`.

    Args:
        sources: Those whose tables are there; the others are absent for every firm.
        last_on: Latest as-of date of the spine.
        links: Whether a table `links` (s and LINK_FACTS) is there.
    """
    writer = _Writer(dialect, [source for source in registry.SOURCES if source in sources], links)
    return list(writer.steps(last_on))


class _Writer:
    def __init__(self, dialect: Dialect, sources: list[str], links: bool) -> None:
        self.dialect, self.sources, self.links = dialect, sources, links
        wanted = set(registry.fact_names())
        self.tables = [table for table in registry.TABLES if set(table.measures) & set(sources)]
        self.facts = {
            table.name: {
                name: fact for name, fact in table.facts.items() if name in wanted and self._is_there(table, fact)
            }
            for table in self.tables
        }

    def _is_there(self, table: CellTable, fact: Fact) -> bool:
        return set(table.sources_of(fact)) <= set(self.sources)

    def steps(self, last_on: date) -> Iterator[Step]:
        yield Step("moments", self._moments(), is_read_again=True)
        yield Step("calendar", _calendar(last_on), is_read_again=True)
        for source in self.sources:
            yield Step(f"{source}_rows", self._rows(source, ROWS[source]), is_read_again=True)
        for table in self.tables:
            yield Step(f"{table.name}_cells", self._cells(table), is_read_again=True)
            yield Step(f"{table.name}_facts", self._folded(table))
        yield Step("facts", self._all_facts(), is_read_again=True)
        yield Step("features", self._features())

    def _day(self, column: str) -> str:
        if self.dialect is Dialect.DUCKDB:
            return f"CAST({column} - DATE '1970-01-01' AS INTEGER)"
        return f"unix_date({column})"

    def _month(self, column: str) -> str:
        return f"CAST(year({column}) * 12 + month({column}) - 1 AS INTEGER)"

    def _moments(self) -> str:
        # The running month of a last day of a month is the next one: that day completes its month.
        next_day = "(as_of + INTERVAL 1 DAY)"
        return (
            f"SELECT s, firm, as_of, {self._day('as_of')} AS as_of_day, {self._month(next_day)} AS running FROM spine"  # noqa: S608
        )

    # -- rows -------------------------------------------------------------------------------------------------------

    def _rows(self, source: str, spec: RowSpec) -> str:
        columns = ", ".join(f"{self._sql(text)} AS {name}" for name, text in spec.columns.items())
        known = self._known(spec)
        if not spec.is_period:
            (dated,) = spec.dated_by
            return f"""
                SELECT s, running - {dated}_month AS m, as_of_day - {dated} AS ago, {dated}_month % 12 AS calendar, {columns}
                FROM ({known}) AS known
            """  # noqa: S608
        pieces = ", ".join(f"{self._piece(name)} AS {name}" if name in spec.split else name for name in spec.columns)
        return f"""
            SELECT s, running - month AS m, {pieces}, until_day - before_day AS days,
                   CASE WHEN month = last_month THEN 1 ELSE 0 END AS ends
            FROM (SELECT s, running, c.month, period_end_month AS last_month, period_end - period_start + 1 AS whole,
                         CASE WHEN c.first_day > period_start THEN c.first_day - period_start ELSE 0 END AS before_day,
                         CASE WHEN c.last_day < period_end THEN c.last_day ELSE period_end END - period_start + 1 AS until_day,
                         {columns}
                  FROM ({known}) AS known JOIN calendar AS c ON c.month BETWEEN period_start_month AND period_end_month) AS laid
        """  # noqa: S608

    def _piece(self, name: str) -> str:
        divide = "//" if self.dialect is Dialect.DUCKDB else "div"
        parts = (f"((abs({name}) * {edge}) {divide} whole)" for edge in ("until_day", "before_day"))
        return f"(CASE WHEN {name} < 0 THEN -1 ELSE 1 END * ({' - '.join(parts)}))"

    def _known(self, spec: RowSpec) -> str:
        """Rows known at each as-of date, in their version of that date, with dates as numbers."""
        fields = [name for name in spec.kind._fields if name not in ("firm", "recorded_on", "void")]
        chosen = []
        for name in fields:
            if name.endswith("_on") or name in spec.dated_by:
                chosen.append(f"{self._day(f'r.{name}')} AS {name}")
                if name in spec.dated_by:
                    chosen.append(f"{self._month(f'r.{name}')} AS {name}_month")
            else:
                chosen.append(f"r.{name}")
        where = f" AND r.{spec.where[0]} = '{spec.where[1]}'" if spec.where else ""
        joined = f"FROM {spec.table} AS r JOIN moments AS p ON p.firm = r.firm WHERE r.recorded_on <= p.as_of{where}"
        if "void" in spec.kind._fields:
            # The store keeps an invoice once, with the day on which its void became known.
            chosen.append("CASE WHEN r.voided_on <= p.as_of THEN 1 ELSE 0 END AS void")
            return f"SELECT p.s, p.running, p.as_of_day, {', '.join(chosen)} {joined}"
        order = ", ".join(f"r.{name} DESC" for name in ("recorded_on", *fields) if name not in spec.identity)
        identity = ", ".join(f"r.{name}" for name in spec.identity)
        return f"""
            SELECT * FROM (SELECT p.s, p.running, p.as_of_day, {", ".join(chosen)},
                                  row_number() OVER (PARTITION BY p.s, {identity} ORDER BY {order}) AS version {joined}) AS versions
            WHERE version = 1
        """  # noqa: S608

    # -- cells ------------------------------------------------------------------------------------------------------

    def _cells(self, table: CellTable) -> str:
        if table.key is Key.MONTH:
            return self._month_cells(table)
        ((source, measures),) = table.measures.items()
        if table.key is Key.DAY:
            return f"SELECT s, ago, m, {self._sums(measures)} FROM {source}_rows GROUP BY s, ago, m"  # noqa: S608
        columns = ", ".join(
            self._sum(self._window(measures[c.measure], c.first, c.last)) + f" AS {name}"
            for name, c in table.columns.items()
        )
        key = self._sql(table.key_text)
        return f"SELECT s, {key} AS key, {columns} FROM {source}_rows GROUP BY s, {key}"  # noqa: S608

    def _window(self, text: str, first: int, last: int) -> str:
        inside = f"m >= {first}" if last == EVER else f"m BETWEEN {first} AND {last}"
        return f"CASE WHEN {inside} THEN {self._sql(text)} ELSE 0 END"

    def _month_cells(self, table: CellTable) -> str:
        parts = []
        for source in self.sources:
            columns = ", ".join(
                (self._sum(self._sql(text)) if other == source else "0") + f" AS {name}"
                for other, measures in table.measures.items()
                for name, text in measures.items()
            )
            parts.append(f"SELECT s, m, {columns} FROM {source}_rows GROUP BY s, m")  # noqa: S608
        together = ", ".join(f"{self._sum(name)} AS {name}" for name in table.cell_columns)
        return f"SELECT s, m, {together} FROM ({' UNION ALL '.join(parts)}) AS parts GROUP BY s, m"  # noqa: S608

    def _sums(self, measures: Mapping[str, str]) -> str:
        return ", ".join(f"{self._sum(self._sql(text))} AS {name}" for name, text in measures.items())

    def _sum(self, sql: str) -> str:
        # A sum that leaves 64 bits stops the run; no firm has one.
        return f"CAST(sum({sql}) AS BIGINT)"

    # -- facts ------------------------------------------------------------------------------------------------------

    def _folded(self, table: CellTable) -> str:
        facts = self.facts[table.name]
        cells = f"{table.name}_cells"
        tops = sorted({fact.text for fact in facts.values() if fact.fold is Fold.TOP})
        ranks = [
            f"row_number() OVER (PARTITION BY s ORDER BY {self._sql(text)} DESC) AS rank_{i}"
            for i, text in enumerate(tops)
        ]
        gaps = {name: fact for name, fact in facts.items() if fact.fold is Fold.GAP}
        plain = [f"{self._fold(fact, tops)} AS {name}" for name, fact in facts.items() if fact.fold is not Fold.GAP]
        source = f"(SELECT *, {', '.join(ranks)} FROM {cells}) AS ranked" if ranks else cells  # noqa: S608
        folded = f"SELECT s, {', '.join(plain)} FROM {source} GROUP BY s"  # noqa: S608
        if not gaps:
            return folded
        joins, key = "", "ago" if table.key is Key.DAY else "m"
        for name, fact in gaps.items():
            distance = f"{key} - lag({key}) OVER (PARTITION BY s ORDER BY {key})"
            inner = f"SELECT s, {distance} AS distance FROM {cells} WHERE {self._sql(fact.where)}"  # noqa: S608
            joins += f" LEFT JOIN (SELECT s, max(distance) AS {name} FROM ({inner}) AS distances GROUP BY s) AS of_{name} USING (s)"  # noqa: S608
        return f"SELECT folded.*, {', '.join(gaps)} FROM ({folded}) AS folded{joins}"  # noqa: S608

    def _fold(self, fact: Fact, tops: list[str]) -> str:
        value, where = self._sql(fact.text), self._sql(fact.where)
        match fact.fold:
            case Fold.TOTAL:
                return f"sum({value})"
            case Fold.COUNT:
                return f"sum(CASE WHEN {where} THEN 1 ELSE 0 END)"
            case Fold.TOP:
                return f"sum(CASE WHEN rank_{tops.index(fact.text)} <= {fact.most} THEN {value} ELSE 0 END)"
            case Fold.LARGEST:
                return f"max(CASE WHEN {where} THEN {value} END)"
            case _:
                return f"min(CASE WHEN {where} THEN {value} END)"

    def _all_facts(self) -> str:
        wide, chosen = WIDE[self.dialect], []
        for name in registry.fact_names():
            if name in crossing.LINK_FACTS:
                chosen.append(f"CAST({self._link(name)} AS {wide}) AS {name}")
                continue
            table, fact = registry.facts()[name]
            chosen.append(f"CAST({self._fact(name, table, fact)} AS {wide}) AS {name}")
        joins = "".join(
            f" LEFT JOIN {table.name}_facts ON {table.name}_facts.s = p.s"
            for table in self.tables
            if self.facts[table.name]
        )
        if self.links:
            joins += " LEFT JOIN links ON links.s = p.s"
        return f"SELECT p.s, p.firm, p.as_of, {', '.join(chosen)} FROM moments AS p{joins}"  # noqa: S608

    def _link(self, name: str) -> str:
        # A firm without an invoice has no links that anybody could know of; one with invoices and no link has none.
        sides = [f"coalesce({side}_present, 0)" for side in registry.SIDES if side in self.sources]
        if not self.links or not sides:
            return "NULL"
        # Relations that were not looked for stay unknown; where they were, every firm with an invoice has a row.
        found = f"links.{name}" if name in crossing.RELATION_FACTS else f"coalesce(links.{name}, 0)"
        return f"CASE WHEN {' + '.join(sides)} > 0 THEN {found} END"

    def _fact(self, name: str, table: CellTable, fact: Fact) -> str:
        if name.endswith("_present"):
            return f"coalesce({name}, 0)" if self._is_there(table, fact) else "0"
        if not self._is_there(table, fact):
            return "NULL"
        value = f"coalesce({name}, 0)" if fact.fold in (Fold.TOTAL, Fold.COUNT, Fold.TOP) else name
        present = " AND ".join(f"{source}_present > 0" for source in table.sources_of(fact))
        return f"CASE WHEN {present} THEN {value} END"

    def _features(self) -> str:
        columns = (f"CAST({to_sql(f.expression, self.dialect)} AS DOUBLE) AS {f.name}" for f in registry.FEATURES)
        return f"SELECT s, firm, as_of, {', '.join(columns)} FROM facts"  # noqa: S608

    def _sql(self, text: str) -> str:
        return to_sql(parse(text), self.dialect)


def _calendar(last_on: date) -> str:
    months = range(_FIRST_YEAR * 12, last_on.year * 12 + last_on.month)
    values = ", ".join(f"({month}, {first}, {last})" for month, first, last in map(month_days, months))
    return f"SELECT * FROM (VALUES {values}) AS t(month, first_day, last_day)"  # noqa: S608


def month_days(month: int) -> tuple[int, int, int]:
    """A month (year times 12, and the month from 0), with its first and last day since 1970-01-01."""
    first = date(month // 12, month % 12 + 1, 1).toordinal() - _EPOCH
    after = date((month + 1) // 12, (month + 1) % 12 + 1, 1).toordinal() - _EPOCH
    return month, first, after - 1


def as_values(rows: Iterable[tuple[int, str, date]]) -> list[tuple[int, str, date]]:
    """The spine's rows, checked: no firm twice as of one date."""
    found = list(rows)
    assert len({row[1:] for row in found}) == len(found), "a firm stands twice as of one date"
    return found
