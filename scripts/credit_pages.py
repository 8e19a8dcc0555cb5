"""The pages on credit's sources and features, from the definitions that the code runs from. Run by make_docs.py."""

from __future__ import annotations

from collections.abc import Iterator

from hefu.credit.features import crossing, registry
from hefu.credit.features.definitions import CellTable, Key
from hefu.credit.features.describe import AS_OF, OWNERS
from hefu.credit.features.links import Links
from hefu.credit.features.rows import ROWS
from hefu.credit.sources.classify import TREATMENTS
from hefu.credit.sources.schema import INVOICE_VERSION, SCHEMAS, Kind

_TITLES = {
    "sales": "Sales",
    "purchases": "Purchases",
    "tax": "Tax returns",
    "bank": "Bank flows",
    "inventory": "Stock",
    "capacity": "Capacity",
    "electricity": "Electricity",
    "water": "Water",
    "across": "Across sources",
    "links": "Among firms",
}


def features_page() -> str:
    """docs/reference/features.md."""
    return "\n".join(_features()).rstrip() + "\n"


def _features() -> Iterator[str]:
    yield "# Features\n"
    yield (
        f"Definitions, version {registry.VERSION}: {len(registry.FEATURES)} features. The code runs from these tables, on DuckDB, on Spark and event by event "
        "([0015](../decisions/0015-credit.md)); `hefu credit define NAME` shows one.\n"
    )
    yield (
        "A feature is *unknown* (empty, never zero) where a source that it reads is absent for the firm, and where it divides by zero. "
        "`fen` is a hundredth of a yuan. *Larger is* says what a larger value means, all else equal: a model may be held to it. Months are calendar "
        "months: *12 months* are the last 12 complete ones, *the 12 before* those before them, and the running month counts in neither. A month is complete "
        "on its last day. As integers of record, shares and ratios keep six digits, all else is whole.\n"
    )
    yield "## When a row counts\n\n| source | as-of semantics |\n|---|---|"
    for source, text in AS_OF.items():
        yield f"| {source} | {text} |"
    for group, title in _TITLES.items():
        found = [feature for feature in registry.FEATURES if feature.group == group]
        yield f"\n## {title}\n\nOwner of the definitions: {OWNERS[group]}.\n"
        yield "| feature | unit | larger is | definition | 定义 | formula | sources |\n|---|---|---|---|---|---|---|"
        for f in found:
            note = f" *Caution: {f.caution}.*" if f.caution else ""
            sources = ", ".join(registry.sources_of(f))
            yield f"| `{f.name}` | {f.unit} | {f.direction} | {f.english}.{note} | {f.chinese} | `{f.formula}` | {sources} |"
    yield "\n## Rows\n\nWhat cells measure is said of these columns. Dates are days since 1970-01-01; of a period, quantities lie in its months by days.\n"
    yield "| source | table | identity | column | is |\n|---|---|---|---|---|"
    for source, spec in ROWS.items():
        for i, (name, text) in enumerate(spec.columns.items()):
            where = f"`{spec.table}`" if not i else ""
            identity = ", ".join(spec.identity) if not i else ""
            split = " (by months)" if name in spec.split else ""
            yield f"| {source if not i else ''} | {where} | {identity} | `{name}` | `{text}`{split} |"
    yield "\n## Cells\n\nSums over the rows of one firm that share a key.\n\n| table | key | column | sum of |\n|---|---|---|---|"
    for table in registry.TABLES:
        yield from _cells(table)
    yield "\n## Facts\n\nIntegers folded from cells; `m` is months before the running one, `ago` days before the as-of date.\n"
    yield "| fact | table | is |\n|---|---|---|"
    for name in registry.fact_names():
        if name in crossing.LINK_FACTS:
            yield f"| `{name}` | links | `{Links._fields[crossing.LINK_FACTS.index(name)]}` |"
        else:
            table, fact = registry.facts()[name]
            yield f"| `{name}` | {table.name} | `{fact}` |"


def _cells(table: CellTable) -> Iterator[str]:
    key = f"`{table.key_text}`" if table.key is Key.VALUE else str(table.key)
    for source, measures in table.measures.items():
        for name, text in measures.items():
            windows = ", ".join(
                f"`{column}` (m from {c.first}{f' to {c.last}' if c.last < 9_999 else ' on'})"
                for column, c in table.columns.items()
                if c.measure == name
            )
            yield f"| {table.name} | {key} | {windows or f'`{name}`'} | {source}: `{text}` |"


def sources_page() -> str:
    """docs/reference/sources.md."""
    return "\n".join(_sources()).rstrip() + "\n"


def _sources() -> Iterator[str]:
    yield "# Sources\n"
    yield (
        "What `hefu credit import SOURCE FILE` reads: CSV (UTF-8 or GB18030) or Parquet, with any of the headers below, in any order; other columns are left alone. "
        "Brackets may be half-width. A quantity's header says its unit; one without is refused (`UNKNOWN_UNIT`). Where a header is another, "
        "`--column FIELD=HEADER` names it, and the unit is then that of the field's first header. Every source is optional: an absent one is told as absent "
        "and its features are unknown.\n"
    )
    yield (
        "A row that became known later (`recorded_on`) and has the same identity corrects the one before; the same row again changes nothing. "
        "While a row is refused, nothing of the call is kept, unless `--skip-refused` is given.\n"
    )
    yield (
        f"**invoices** (version {INVOICE_VERSION}) are read as [docs/invoices.md](../invoices.md) says. Valid, red-letter, zero and voided rows are kept, "
        "each once; a void counts from the day of issue, since files do not tell its own and the law allows it in the month of issue only.\n"
    )
    for schema in SCHEMAS.values():
        spec = ROWS[schema.source]
        yield f"## {schema.source}\n\n{schema.english} ({schema.chinese}), version {schema.version}. Owner of the data: {schema.owner}."
        yield f"A row counts {schema.known_english} ({schema.known_chinese}). Identity: {', '.join(spec.identity)}.\n"
        yield "| field | headers | is | 含义 | if absent |\n|---|---|---|---|---|"
        for f in schema.fields:
            absent = "refused" if f.default is None else f"`{f.default}`" if f.default else "empty"
            words = f" Words: {', '.join(f.words)}." if f.kind is Kind.WORD else ""
            sign = " May be negative." if f.is_signed else ""
            yield f"| `{f.name}` | {', '.join(f'`{h}`' for h in f.headers)} | {f.english}.{words}{sign} | {f.chinese} | {absent} |"
        yield ""
    yield "## Treatments\n\nThe first that fits is the row's only one.\n\n| | code | outcome | when |\n|---|---|---|---|"
    for i, treatment in enumerate(TREATMENTS, 1):
        yield f"| {i} | `{treatment.code}` | {treatment.outcome} | {treatment.when} |"
