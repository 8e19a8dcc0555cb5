"""From a bank's own cases to a decision: features with what became of each firm, a model of them, a decision on one of them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from commands import hefu, told
from credit_decisions import model_document
from hefu.credit.models.record import canonical

AT = "2026-07-01T09:00:00+08:00"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of made-up firms, and files beside it."""
    home = tmp_path_factory.mktemp("flow")
    hefu("credit", "synthetic", home / "firms", "--firms", "150", "--months", "42", home=home)
    for kind, files in (("invoices", "*_invoices.csv"), ("bank", "synthetic_bank.csv")):
        hefu("credit", "import", kind, *sorted((home / "firms").glob(files)), "--today", "2026-07-01", home=home)
    hefu("credit", "policy", home / "policy.toml", "--example", "example", home=home)
    (home / "firm.toml").write_text('firm = "SYN-00001"\namount = "500,000.00"\n', encoding="utf-8")
    return home


def features(home: Path, target: Path, *more: str) -> dict[str, object]:
    outcomes = ("--outcomes", home / "firms" / "synthetic_labels.csv", "--outcomes-until", "2026-06-30")
    return told("credit", "features", *outcomes, "--no-links", "-o", target, *more, home=home)


def test_a_model_of_features_decides_on_the_firms_of_the_store(home: Path) -> None:
    days = ("--as-of", "2024-06-30", "--as-of", "2025-06-30")
    said = features(home, home / "cases.csv", *days)
    counts = said["labels"]
    assert (said["days"], counts["unknown"]) == (["2024-06-30", "2025-06-30"], 0)
    assert counts["yes"] + counts["no"] == said["rows"] == 300 - counts["already"]
    with (home / "cases.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    defaults = {
        r["firm_id"]: r["defaulted_on"] for r in csv.DictReader((home / "firms" / "synthetic_labels.csv").open())
    }
    for row in rows:
        on = defaults[row["firm"]]
        assert not on or on > row["as_of"]
        assert row["defaulted"] == ("yes" if on and on <= f"{int(row['as_of'][:4]) + 1}-06-30" else "no")
    hefu("credit", "schema", "--data", home / "cases.csv", "-o", home / "schema.toml", home=home)
    fit = ("--data", home / "cases.csv", "--schema", home / "schema.toml", "-o", home / "model.json")
    hefu("credit", "fit", *fit, "--kind", "scorecard", home=home)
    decide = ("--model", home / "model.json", "--policy", home / "policy.toml", "--application", home / "firm.toml")
    made = told("credit", "decide", *decide, "--at", AT, "-o", home / "decision.json", home=home)
    assert made["synthetic"] is True
    assert told("credit", "replay", home / "decision.json", home=home)["digest"] == made["digest"]


def test_an_outcome_that_is_not_known_yet_is_no_label(home: Path) -> None:
    said = features(home, home / "late.csv", "--as-of", "2026-03-31")
    assert (said["labels"]["yes"], said["labels"]["no"]) == (0, 0)
    assert said["labels"]["unknown"] > 100


def test_a_decision_never_replaces_another(home: Path) -> None:
    (home / "kept.json").write_bytes(b"kept")
    arguments = ("--model", home / "none", "--policy", home / "policy.toml", "--application", home / "firm.toml")
    (home / "none").write_bytes(canonical(model_document()))
    assert "FILE_EXISTS" in hefu("credit", "decide", *arguments, "-o", home / "kept.json", home=home, code=2)
    assert (home / "kept.json").read_bytes() == b"kept"


@pytest.mark.parametrize(
    ("change", "code"), [({"name": "credit_score"}, "NOT_A_FEATURE"), ({"digits": 4}, "FIELD_UNIT")]
)
def test_a_model_of_another_table_is_no_model_of_these_features(home: Path, change: dict, code: str) -> None:
    document = json.loads(json.dumps(model_document()))
    field = next(f for f in document["fields"] if f["name"] == "sales_hhi_12m")
    field.update(change)
    for table in document["tables"]:
        table["field"] = change.get("name", table["field"]) if table["field"] == "sales_hhi_12m" else table["field"]
    (home / f"{code}.json").write_bytes(canonical(document))
    decide = ("--policy", home / "policy.toml", "--application", home / "firm.toml", "-o", home / "never.json")
    said = hefu("credit", "decide", "--model", home / f"{code}.json", *decide, home=home, code=2)
    assert code in said
    assert not (home / "never.json").exists()
