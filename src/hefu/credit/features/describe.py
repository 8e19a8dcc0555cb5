"""What is said of a feature besides its formula: who answers for it, from when a row counts, what its facts are."""

from __future__ import annotations

from typing import Any

from hefu.credit.features import crossing, registry
from hefu.credit.features.definitions import CellTable, Fact, Feature
from hefu.credit.sources.schema import SCHEMAS

#: Who answers for a definition, by group; the data themselves have owners of their own.
OWNERS = {
    "sales": "risk modelling, with the invoice desk",
    "purchases": "risk modelling, with the invoice desk",
    "tax": "risk modelling, with the tax data steward",
    "bank": "risk modelling, with the accounts desk",
    "inventory": "risk modelling, with the collateral desk",
    "capacity": "risk modelling, with the industry desk",
    "electricity": "risk modelling, with the utility data steward",
    "water": "risk modelling, with the utility data steward",
    "across": "risk modelling",
    "links": "risk modelling, with the fraud desk",
}
#: From when a row of a source counts.
AS_OF = {
    "sales": "an invoice counts from its issue, its void from the day on which it became known",
    "purchases": "an invoice counts from its issue, its void from the day on which it became known",
    **{source: schema.known_english for source, schema in SCHEMAS.items()},
    registry.LINKS: "found among the invoices of all firms known on the as-of date; a firm's own event does not change it",
}


def as_of_of(feature: Feature) -> str:
    """From when a row counts, for each source that the feature reads."""
    return "; ".join(f"{source}: {AS_OF[source]}" for source in registry.sources_of(feature))


def definition(feature: Feature) -> dict[str, Any]:
    """Everything that is said of a feature."""
    facts = {}
    for name in sorted(feature.expression.names):
        if name in crossing.LINK_FACTS:
            facts[name] = f"links: {name.removeprefix('link_')}"
        else:
            table, fact = registry.facts()[name]
            facts[name] = fact_text(table, fact)
    return {
        "name": feature.name,
        "unit": feature.unit,
        "definition": feature.english,
        "definition_zh": feature.chinese,
        "formula": feature.formula,
        "facts": facts,
        "sources": list(registry.sources_of(feature)),
        "owner": OWNERS[feature.group],
        "as_of": as_of_of(feature),
        "direction": feature.direction,
        "record_digits": feature.digits,
        "caution": feature.caution,
        "version": registry.VERSION,
    }


def fact_text(table: CellTable, fact: Fact) -> str:
    """A fact in its own words, and where it is folded."""
    return f"{fact} over {table.name}"
