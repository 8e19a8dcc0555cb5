"""Every table of cells, every fact and every feature, once; and who answers for them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from hefu.credit.features import crossing, invoices, others
from hefu.credit.features.definitions import CellTable, Fact, Feature, Key, total

#: The version of all definitions together: stands in every feature table and decision. A changed definition raises it.
VERSION = 1
SIDES = ("sales", "purchases")
#: Sources that come in rows, in order; links between firms are found from invoices and come besides.
SOURCES = (*SIDES, *others.MONTHLY)
LINKS = "links"

MONTH = CellTable(
    "month",
    Key.MONTH,
    {**{side: invoices.measures(side) for side in SIDES}, **others.MONTHLY},
    {
        **{name: fact for side in SIDES for name, fact in invoices.month_facts(side).items()},
        "sales_gross_ever": total("sales_gross"),
        **others.MONTH_FACTS,
        **crossing.MONTH_FACTS,
    },
)
TABLES: tuple[CellTable, ...] = (MONTH, *(t for side in SIDES for t in invoices.tables(side)), *others.TABLES)
FEATURES: tuple[Feature, ...] = (
    *(feature for side in SIDES for feature in invoices.features(side)),
    *others.FEATURES,
    *crossing.FEATURES,
)
BY_NAME: Mapping[str, Feature] = {feature.name: feature for feature in FEATURES}
assert len(BY_NAME) == len(FEATURES), "two features have one name"


@cache
def facts() -> Mapping[str, tuple[CellTable, Fact]]:
    """Every fact that comes from cells, with its table."""
    found = [(name, table, fact) for table in TABLES for name, fact in table.facts.items()]
    by_name = {name: (table, fact) for name, table, fact in found}
    assert len(by_name) == len(found), "two facts have one name"
    return by_name


@cache
def fact_names() -> tuple[str, ...]:
    """Every fact that a formula reads, in a fixed order; what no formula reads is not computed."""
    read = {name for feature in FEATURES for name in feature.expression.names}
    known = (*facts(), *crossing.LINK_FACTS)
    assert read <= set(known), f"no such fact: {sorted(read - set(known))}"
    return tuple(name for name in known if name in read)


def sources_of(feature: Feature) -> tuple[str, ...]:
    """The sources that a feature reads; without one of them it is unknown."""
    found = set[str]()
    for name in feature.expression.names:
        if name in crossing.LINK_FACTS:
            found.add(LINKS)
        else:
            table, fact = facts()[name]
            found.update(table.sources_of(fact))
    return tuple(source for source in (*SOURCES, LINKS) if source in found)
