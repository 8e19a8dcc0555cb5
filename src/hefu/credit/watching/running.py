"""The rules over all firms of a store, and the same replayed over the past to see what they would have foretold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import Any

from hefu.credit.features import compute
from hefu.credit.sources import Store, SyntheticFirms
from hefu.credit.watching.alarms import RULES, Event, Watch, month_ends

#: Months of all firms are computed together up to so many rows: one query for few firms, a month at a time for many.
ROWS_AT_ONCE = 4_000
#: An alarm that comes this long before a default foretells it; an earlier one does not.
HORIZON_DAYS = 365


def events(
    store: Store, first: date, last: date, *, up: Mapping[str, set[str]] | None = None, with_links: bool = True
) -> Iterator[Event]:
    """
    All events of all firms at the months' ends of a span, in order of day, firm and rule.

    Args:
        first: Of the year before it rules only remember what they look back at.
        up: By firm, rules whose alarm is up from before.
        with_links: Look for twins and trades among the firms each month; alarms about them need it.
    """
    firms = store.firms()
    watches = {firm: Watch(firm, (up or {}).get(firm, ())) for firm in firms}
    ends = month_ends(date(first.year - 1, first.month, 1), last)
    each = max(1, ROWS_AT_ONCE // max(1, len(firms)))
    for start in range(0, len(ends), each):
        spine = [(firm, end) for end in ends[start : start + each] for firm in firms]
        table = compute(store.connection, spine, with_links=with_links)
        for values in sorted(table.features(), key=lambda row: (row["as_of"], row["firm"])):
            watch, end = watches[str(values["firm"])], values["as_of"]
            if end < first:
                watch.remember(values)
            else:
                yield from watch.look(end, values)
        table.connection.close()


@dataclass(frozen=True, slots=True)
class Foretold:
    """
    What a rule would have foretold.

    Args:
        defaults: Firms that defaulted late enough to be foretold, and whose sources the rule can read.
        foretold: Of those, with an alarm up within a year before the default.
        lead_days: Median days from the first such alarm to the default; None without any.
        false: Alarms raised for firms that lived on for a year or to the end.
        firm_years: Years of such firms that were watched.
    """

    rule: str
    defaults: int
    foretold: int
    lead_days: float | None
    false: int
    firm_years: float

    @property
    def false_per_firm_year(self) -> float:
        """False alarms for each year that a living firm is watched."""
        return self.false / self.firm_years if self.firm_years else 0.0


def foretell(made: SyntheticFirms, found: Sequence[Event]) -> list[Foretold]:
    """Each rule, any rule ("any") and any two at once ("two"), against what became of the firms."""
    raised = defaultdict[str, list[Event]](list)
    for event in found:
        if event.kind == "raised":
            raised[event.rule].append(event)
    raised["any"] = [event for rule in RULES for event in raised[rule.name]]
    raised["two"] = _two_at_once(found)
    start = date(made.first_on.year + 1, made.first_on.month, 1)
    fate = {firm.code: firm.defaulted_on for firm in made.firms}
    died = {code: on for code, on in fate.items() if on is not None and on > start}
    # A firm is watched until a year before its default, or to the end: there an alarm is false.
    years = sum(_years(start, on, made.last_on) for on in fate.values())
    return [
        _judged(name, raised[name], died, fate, start, years)
        for name in (*(rule.name for rule in RULES), "any", "two")
        if raised[name]
    ]


def _years(start: date, defaulted: date | None, last: date) -> float:
    end = last.toordinal() if defaulted is None else defaulted.toordinal() - HORIZON_DAYS
    return max(0, end - start.toordinal()) / 365.25


def _judged(
    name: str,
    raised: Sequence[Event],
    died: Mapping[str, date],
    fate: Mapping[str, date | None],
    start: date,
    years: float,
) -> Foretold:
    leads: dict[str, int] = {}
    false = 0
    for event in raised:
        on = fate[event.firm]
        days = (on - event.on).days if on is not None else None
        if days is None or days > HORIZON_DAYS:
            false += 1
        elif days > 0:
            leads[event.firm] = max(leads.get(event.firm, 0), days)
    return Foretold(name, len(died), len(leads), median(leads.values()) if leads else None, false, years)


def _two_at_once(found: Sequence[Event]) -> list[Event]:
    """The moments at which a firm's second alarm joins a first that is up."""
    up = defaultdict[str, set[str]](set)
    joined = []
    for event in found:
        rules = up[event.firm]
        if event.kind == "raised":
            rules.add(event.rule)
            if len(rules) == 2:
                joined.append(event)
        elif event.kind == "cleared":
            rules.discard(event.rule)
    return joined


def as_rows(found: Sequence[Foretold]) -> list[dict[str, Any]]:
    """For a table or JSON."""
    return [
        {
            "rule": f.rule,
            "defaults": f.defaults,
            "foretold": f.foretold,
            "lead_days_median": f.lead_days,
            "false_alarms": f.false,
            "firm_years": round(f.firm_years, 1),
            "false_per_firm_year": round(f.false_per_firm_year, 3),
        }
        for f in found
    ]
