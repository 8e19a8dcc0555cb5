"""Relations as a file: CSV for a spreadsheet, JSON for a program; one row each, in a fixed order."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from hefu.documents.invoices.export import yuan
from hefu.documents.invoices.relations import Relation, Relations
from hefu.documents.invoices.report import harmless
from hefu.documents.invoices.saving import whole_file
from hefu.documents.invoices.treatments import problem

COLUMNS = (
    "kind",
    "firm_a",
    "firm_b",
    "evidence_count",
    "amount",
    "expected_by_chance",
    "first_on",
    "last_on",
    "group",
    "note",
    "digest",
)


def row_of(relation: Relation) -> dict[str, object]:
    """One relation under the names of COLUMNS; the amount in yuan, a plain decimal."""
    chance = None if relation.expected is None else float(f"{relation.expected:.3g}")
    values = (
        str(relation.kind),
        relation.firm_a,
        relation.firm_b,
        relation.evidence,
        yuan(relation.amount_minor),
        chance,
        relation.first_on.isoformat(),
        relation.last_on.isoformat(),
        relation.group,
        relation.note,
        relation.digest,
    )
    return dict(zip(COLUMNS, values, strict=True))


def summary(relations: Relations) -> dict[str, object]:
    """Everything, as one JSON value."""
    return {
        "firms": relations.firms,
        "invoices": relations.invoices,
        "counterparties_by_name": relations.by_name,
        "slips": relations.slips,
        "all_circles_looked_at": relations.are_circles_all,
        "counts": {str(kind): count for kind, count in relations.counts().items()},
        "relations": [row_of(relation) for relation in relations.found],
    }


def save_relations(relations: Relations, path: Path) -> None:
    """
    Write all relations, whole or not at all.

    Raises:
        UsageError: BAD_REPORT_KIND, neither .csv nor .json; NOT_SAVED, the file cannot be written.
    """
    kind = path.suffix.lower()
    if kind not in (".csv", ".json"):
        raise problem("BAD_REPORT_KIND", path.name)
    rows: list[list[object]] = [list(COLUMNS)]
    rows += [
        [harmless(v) if isinstance(v, str) else v for v in row_of(relation).values()] for relation in relations.found
    ]
    # The mark lets spreadsheets read Chinese names; where there is none, it would only spoil the first column's name elsewhere.
    is_plain = all(str(value).isascii() for row in rows for value in row)
    with whole_file(path, encoding="utf-8-sig" if kind == ".csv" and not is_plain else "utf-8") as file:
        if kind == ".json":
            json.dump(summary(relations), file, ensure_ascii=False, indent=1)
        else:
            csv.writer(file).writerows(rows)
