"""
Make the model of the synthetic economy that the main job scores with: made-up firms, their features as of dates before the end, and
whether each defaulted within a year. Writes src/hefu/credit/models/synthetic.json and its report.

    python scripts/synthetic_model.py [--report FILE.html] [--ablation]

Nothing in it comes from real firms. The same seeds make the same file. `--ablation` prints what each source adds.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Collection, Iterable
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

from hefu.credit.features import BY_NAME, FEATURES, VERSION, compute, record_of, sources_of
from hefu.credit.models.fitting import Fit, fit_table
from hefu.credit.models.record import canonical
from hefu.credit.models.report import report_html
from hefu.credit.models.schema import Column, Role, Schema, Split
from hefu.credit.models.tables import Table
from hefu.credit.sources import Store, SyntheticFirms, synthetic_firms

TARGET = Path(__file__).parents[1] / "src" / "hefu" / "credit" / "models" / "synthetic.json"
SEEDS, TEST_SEED = (11, 12, 13), 14
FIRMS, MONTHS = 250, 48
#: Each firm is looked at on these days, if it lives; what becomes of it in the year after is the label.
AS_OF = (date(2024, 6, 30), date(2025, 6, 30))
HORIZON = timedelta(days=365)
#: Features that a model may read at all: none that a caution speaks against, and none that only says that a source is there.
ALLOWED = tuple(f for f in FEATURES if not f.caution and not f.name.endswith("_present"))
FIELDS_MAX = 24


def rows_of(seeds: Iterable[int], sources: Collection[str] | None = None) -> Table:
    """One row a firm and date: the features' integers of record as decimals, and the label."""
    cells: dict[str, list[str | None]] = {
        name: [] for name in ("firm", "as_of", "defaulted", *(f.name for f in ALLOWED))
    }
    for seed in seeds:
        made = synthetic_firms(seed, firms=FIRMS, months=MONTHS)
        _add(cells, made, seed, sources)
    digest = sha256(repr(sorted(cells.items())).encode()).hexdigest()
    return Table("synthetic firms", tuple(cells), tuple(cells.values()), digest)


def _add(cells: dict[str, list[str | None]], made: SyntheticFirms, seed: int, sources: Collection[str] | None) -> None:
    ended = {firm.code: firm.defaulted_on for firm in made.firms}
    with Store() as store:
        store.add(made.rows)
        spine = [(f, day) for f in store.firms() for day in AS_OF if (end := ended.get(f)) is None or end > day]
        table = compute(store.connection, spine, sources=sources)
        for facts in table.facts():
            record = record_of(facts)
            end, day = ended[facts["firm"]], facts["as_of"]
            # Seeds make firms of the same codes; rows of one firm stay together.
            cells["firm"].append(f"{facts['firm']}/{seed}")
            cells["as_of"].append(day.isoformat())
            cells["defaulted"].append("yes" if end is not None and end <= day + HORIZON else "no")
            for feature in ALLOWED:
                value = record[feature.name]
                cells[feature.name].append(None if value is None else str(Decimal(value).scaleb(-feature.digits)))


def schema_of(names: Collection[str]) -> Schema:
    """Grouped by firm, since a firm is looked at twice."""
    return Schema(
        label="defaulted",
        positive=("yes",),
        identifiers=("as_of",),
        group="firm",
        split=Split.GROUPED,
        columns=tuple(
            Column(f.name, Role.NUMBER, f.unit, f.direction, f.digits, english=f.english, chinese=f.chinese)
            for f in ALLOWED
            if f.name in names
        ),
    )


def chosen(table: Table) -> list[str]:
    """The fields that a scorecard of all keeps, the strongest first, so that the model asks for few."""
    fit = fit_table(table, schema_of([f.name for f in ALLOWED]), name="all", kinds=("scorecard",), synthetic=True)
    spread = {entry["field"]: max(entry["values"]) - min(entry["values"]) for entry in fit.document["tables"]}
    return sorted(spread, key=lambda name: -spread[name])[:FIELDS_MAX]


def ablation(table: Table) -> list[dict[str, object]]:
    """What the model is worth with invoices alone, and with each other source beside them."""
    base = {"sales", "purchases", "links"}
    rows: list[dict[str, object]] = []
    for more in ((), ("tax",), ("bank",), ("inventory",), ("capacity",), ("electricity", "water"), None):
        allowed = None if more is None else base | set(more)
        names = [f.name for f in ALLOWED if allowed is None or set(sources_of(f)) <= allowed]
        fit = fit_table(table, schema_of(names), name="ablation", kinds=("scorecard", "boosted"), synthetic=True)
        told = "all" if more is None else "invoices" + "".join(f" + {m}" for m in more)
        held = fit.held_out
        rows.append(
            {"sources": told, "fields": len(names), "auc": held.auc, "low": held.auc_low, "high": held.auc_high}
        )
        print(json.dumps(rows[-1]), flush=True)
    return rows


def main() -> None:
    """Make it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--report", type=Path)
    parser.add_argument("--language", default="en", choices=("en", "zh"))
    parser.add_argument("--ablation", action="store_true")
    asked = parser.parse_args()
    table = rows_of(SEEDS)
    if asked.ablation:
        ablation(table)
        return
    fit: Fit = fit_table(
        table,
        schema_of(chosen(table)),
        name=f"synthetic economy, features {VERSION}",
        kinds=("scorecard", "boosted"),
        synthetic=True,
    )
    assert all(BY_NAME[field.name].digits == field.digits for field in fit.model.fields)
    TARGET.write_bytes(canonical(fit.document))
    print(json.dumps({"digest": fit.model.digest, "bytes": TARGET.stat().st_size, **fit.held_out.as_dict()}))
    print(json.dumps({"parts": fit.model.about["method"]["parts"], "fields": [f.name for f in fit.model.fields]}))
    if asked.report:
        asked.report.write_text(
            report_html(fit.model, rows_of((TEST_SEED,)), language=asked.language), encoding="utf-8"
        )
    sys.stdout.flush()


if __name__ == "__main__":
    main()
