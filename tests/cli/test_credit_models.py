"""Models by command: propose, fit, evaluate, score, export, report, drift; the integer score beside the library's; bad input."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import commands
from commands import hefu
from credit_tables import SCHEMA, csv_text, rows, table_file
from hefu.credit.models.batch import Batch, arrays
from hefu.credit.models.checks import labels_of, prepare
from hefu.credit.models.coding import code_table, record_columns
from hefu.credit.models.making import making_of
from hefu.credit.models.metrics import auc
from hefu.credit.models.record import Model
from hefu.credit.models.schema import read_schema
from hefu.credit.models.tables import read_table
from hefu.credit.models.training import fit_parts, frame_of
from hefu.kernel.errors import UsageError

HOME = Path("no-home-is-needed")


def told(*words: object):
    """What a command tells a machine."""
    return commands.told(*words, home=HOME)


KEYS = ["n", "positives", "auc", "auc_low", "auc_high", "ks", "pr_auc", "brier", "calibration_slope", "error_at_half"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table, a schema, a model of a scorecard and small trees, and a table of other firms."""
    folder = tmp_path_factory.mktemp("models")
    table_file(folder, 400)
    table_file(folder, 300, seed=2, name="later.csv")
    (folder / "schema.toml").write_text(SCHEMA, encoding="utf-8")
    fit = ("--data", folder / "firms.csv", "--schema", folder / "schema.toml", "-o", folder / "model.json")
    made = told("credit", "fit", *fit, "--kind", "scorecard", "--kind", "boosted")
    assert made["rows"] == 400
    assert set(made["tried"]) == {"scorecard", "boosted", "scorecard+boosted"}
    assert made["gain"][1] > 0
    return folder


def test_the_same_seed_makes_the_same_bytes(folder: Path):
    fit = (
        "--data",
        folder / "firms.csv",
        "--schema",
        folder / "schema.toml",
        "-o",
        folder / "again.json",
        "--name",
        "model",
    )
    hefu("credit", "fit", *fit, "--kind", "scorecard", "--kind", "boosted")
    assert (folder / "again.json").read_bytes() == (folder / "model.json").read_bytes()


def test_evaluation_has_the_keys_of_its_kind_and_no_others(folder: Path):
    found = told("credit", "evaluate", folder / "model.json", "--data", folder / "later.csv")
    assert list(found) == KEYS
    assert found["n"] == 300
    assert 0.6 < found["auc_low"] < found["auc"] < found["auc_high"] < 1
    assert 0.6 < found["calibration_slope"] < 1.6


def test_a_test_on_training_rows_stops_unless_it_is_asked_for(folder: Path):
    evaluate = ("credit", "evaluate", folder / "model.json", "--data")
    assert "trained on" in hefu(*evaluate, folder / "firms.csv", code=3)
    mixed = folder / "mixed.csv"
    mixed.write_text(csv_text(rows(200, 1) + rows(200, 9)), encoding="utf-8")
    assert "50 % of the rows were trained on" in hefu(*evaluate, mixed, code=3)
    assert "flatter" in hefu(*evaluate, mixed, "--training-rows")


def test_scores_stand_in_the_order_of_the_table_with_reasons_and_the_same_integers_as_the_evaluator(folder: Path):
    done = told("credit", "score", folder / "model.json", "--data", folder / "later.csv", "-o", folder / "scores.csv")
    assert (done["rows"], done["scored"]) == (300, 300)
    with (folder / "scores.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert [row["firm"] for row in found] == [row["firm"] for row in rows(300, 2)]
    model, table = Model.read((folder / "model.json").read_bytes()), read_table(folder / "later.csv")
    columns, _ = record_columns(table, read_schema(SCHEMA.encode(), "s"), model.fields)
    for i in (0, 7, 299):
        score = model.score({f.name: columns[f.name][i] for f in model.fields})
        told_of = [int(found[i][key]) for key in ("points", "default_ppm", "low_ppm", "high_ppm", "raw")]
        assert told_of == [score.points, score.default_ppm, score.low_ppm, score.high_ppm, score.raw]
    west = [row for row in found if "region CATEGORY" in row["reasons"]]
    assert west


def test_directions_hold_whatever_the_rest(folder: Path):
    model, table = Model.read((folder / "model.json").read_bytes()), read_table(folder / "later.csv")
    columns, _ = record_columns(table, read_schema(SCHEMA.encode(), "s"), model.fields)
    for i in range(0, 300, 15):
        record = {f.name: columns[f.name][i] for f in model.fields}
        for name, sign in (("sales", -1), ("debt", 1)):
            raws = [model.score({**record, name: v}).raw for t in model.steps(name) for v in (t, t + 1)]
            assert all(sign * (b - a) >= 0 for a, b in pairwise(raws))


@pytest.mark.parametrize("kind", ["scorecard", "linear", "boosted", "deep", "forest"])
def test_the_integer_score_ranks_as_the_library_does(kind: str, tmp_path: Path):
    """Kendall's distance below one in ten thousand pairs, and no raw score farther off than rounding allows."""
    from hefu.credit.models.fitting import _document, _own_raw

    schema, table = read_schema(SCHEMA.encode(), "s"), read_table(table_file(tmp_path, 400))
    coded, digits = code_table(table, schema)
    frame = frame_of(coded, prepare(table, coded, schema).labels, schema)
    fitted = fit_parts(frame, np.arange(frame.rows), [kind], seed=1)
    document = _document(table, schema, frame, fitted, [kind], digits, "m")
    document["points"] = {"offset": 0, "numerator": 1, "denominator": 1, "lowest": 0, "highest": 0}
    document["calibration"] = {"raw": [0], "default_ppm": [0], "low_ppm": [0], "high_ppm": [0]}
    model = Model.read(json.dumps({**document, "about": {}}).encode())
    names = [f.name for f in model.fields]
    values, unknown = arrays(record_columns(table, schema, model.fields)[0], names, frame.rows)
    raw = Batch(model).score(values, unknown).raw.astype(float)
    own = _own_raw(frame, fitted, [kind]) * 1e6
    parts = len(model.tables) + len(model.trees)
    assert np.abs(raw - own).max() <= 0.5 * parts + 2
    y = np.array(labels_of(table, schema), dtype=float)
    assert auc(y, raw) == pytest.approx(auc(y, own), abs=1e-4)
    order = np.argsort(own)
    assert (np.diff(raw[order]) < 0).sum() <= 1 + len(raw) ** 2 // 20_000


def test_rows_that_cannot_be_scored_say_why_and_the_others_go_on(folder: Path):
    made = rows(30, 3)
    made[0]["sales"] = "-5"
    made[1]["debt"] = "half"
    made[2]["region"] = "Moon"
    made[3]["margin"] = "inf"
    made[4]["age"] = ""
    dirty = folder / "dirty.csv"
    dirty.write_text(csv_text(made), encoding="utf-8")
    said = hefu("credit", "score", folder / "model.json", "--data", dirty, "-o", folder / "dirty_scores.csv")
    assert "29 of 30 rows scored" in said
    assert "debt: 1 cells are no numbers" in said
    with (folder / "dirty_scores.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert (found[0]["points"], found[0]["error"], found[0]["error_field"]) == ("", "RECORD_RANGE", "sales")
    assert "debt NOT_A_NUMBER" in found[1]["notes"]
    assert "region OTHER_WORD" in found[2]["notes"]
    assert found[4]["notes"] in ("age UNKNOWN_UNSEEN", "")


def test_another_unit_is_noticed(folder: Path):
    made = [{**row, "debt": str(100 * float(row["debt"]))} for row in rows(60, 4)]
    other = folder / "units.csv"
    other.write_text(csv_text(made), encoding="utf-8")
    done = told("credit", "score", folder / "model.json", "--data", other, "-o", folder / "units_scores.csv")
    assert done["shifted"]["debt"] > 0.9
    alerts = told("credit", "drift", folder / "model.json", "--data", other)["alerts"]
    assert {"code": "DRIFT_ALARM", "where": "debt"} in alerts


def test_a_column_that_came_blank_is_told_of(folder: Path):
    blank = folder / "blank.csv"
    blank.write_text(csv_text([{**row, "debt": "", "margin": ""} for row in rows(40, 4)]), encoding="utf-8")
    score = ("credit", "score", folder / "model.json", "--data", blank, "-o", folder / "blank_scores.csv")
    done = told(*score)
    assert done["unknown"]["debt"] == {"now": 1.0, "then": 0.0}
    assert 0.05 < done["unknown"]["margin"]["then"] < 0.2
    assert "debt: 100 % unknown, was 0 %" in hefu(*score)


def test_drift_leaves_out_what_cannot_be_scored(folder: Path):
    made = rows(60, 4)
    expected = told("credit", "drift", folder / "model.json", "--data", _written(folder, made[10:]))
    found = told(
        "credit",
        "drift",
        folder / "model.json",
        "--data",
        _written(folder, [{**r, "sales": "-5"} for r in made[:10]] + made[10:]),
    )
    assert (found["rows"], found["not_scored"]) == (60, 10)
    assert {**found, "rows": 50, "not_scored": 0} == expected
    drift = ("credit", "drift", folder / "model.json", "--data")
    assert "NOTHING_SCORED" in hefu(*drift, _written(folder, [{**r, "sales": "-5"} for r in made]), code=3)
    (folder / "header.csv").write_text(csv_text(made).splitlines()[0] + "\n", encoding="utf-8")
    assert "NOTHING_SCORED" in hefu(*drift, folder / "header.csv", code=3)


def _written(folder: Path, found: list[dict[str, str]]) -> Path:
    (folder / "written.csv").write_text(csv_text(found), encoding="utf-8")
    return folder / "written.csv"


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda about: about.pop("then"), "about.then"),
        (lambda about: about.pop("data"), "about.data"),
        (lambda about: about["method"].update(seed="<b>1"), "about.method.seed"),
        (lambda about: about["then"]["fields"].pop("debt"), "about.then.fields.debt"),
        (lambda about: about["then"]["score"]["ppm"].pop(), "score"),
    ],
)
def test_what_a_file_does_not_say_of_its_making_is_named(folder: Path, change, where: str):
    document = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    change(document["about"])
    with pytest.raises(UsageError) as caught:
        making_of(Model.read(json.dumps(document).encode()))
    assert caught.value.code == "MODEL_ABOUT"
    assert where in str(caught.value.where)


def test_a_model_without_its_making_scores_and_is_not_judged(folder: Path):
    document = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    (folder / "silent.json").write_text(
        json.dumps({**document, "about": {"schema": document["about"]["schema"]}}), encoding="utf-8"
    )
    with_later = (folder / "silent.json", "--data", folder / "later.csv")
    assert told("credit", "score", *with_later, "-o", folder / "silent.csv")["scored"] == 300
    for command in (
        ("drift", *with_later),
        ("evaluate", *with_later),
        ("report", *with_later, "-o", folder / "r.html"),
    ):
        assert "MODEL_ABOUT" in hefu("credit", *command, code=2)


def test_nothing_in_a_model_or_a_table_becomes_a_part_of_the_report(folder: Path):
    document = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    about, bad = document["about"], "<script>1</script>"
    about["data"].update(sha256=bad, file=bad)
    about["method"].update(split=bad, parts=[bad])
    about["method"]["tried_auc_ppm"][bad] = 1
    about["cautions"] = [{"code": bad, "field": bad}]
    about["versions"][bad] = bad
    document["name"] = bad
    (folder / "bad.json").write_text(json.dumps(document), encoding="utf-8")
    made = [{**row, "region": f"{row['region']}{bad}"} for row in rows(300, 2)]
    hefu("credit", "report", folder / "bad.json", "--data", _written(folder, made), "-o", folder / "bad.html")
    html = (folder / "bad.html").read_text(encoding="utf-8")
    assert "<script" not in html
    assert html.count("&lt;script") > 8


def test_a_file_that_cannot_be_written_is_told_of_before_the_fit(folder: Path):
    fit = ("credit", "fit", "--data", folder / "no such.csv", "--schema", folder / "schema.toml", "-o")
    assert "NOT_SAVED" in hefu(*fit, folder / "nowhere" / "m.json", code=2)
    hefu(*fit, folder / "m.json", "--seed", "-1", code=2)
    hefu(*fit, folder / "m.json", "--seed", "5000000000", code=2)


def test_a_spreadsheet_runs_nothing_in_scores(folder: Path):
    document = (folder / "model.json").read_text(encoding="utf-8")
    (folder / "formula.json").write_text(
        document.replace('"sales"', '"=sales"').replace('"debt"', '"=debt"'), encoding="utf-8"
    )
    made = [{"=sales": row.pop("sales"), "=debt": row.pop("debt"), **row} for row in rows(40, 3)]
    made[0]["=sales"] = "-1"
    hefu("credit", "score", folder / "formula.json", "--data", _written(folder, made), "-o", folder / "formula.csv")
    with (folder / "formula.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert found[0]["error_field"] == "'=sales"
    assert any(row["reasons"].startswith("'=debt") for row in found)
    assert not any(cell.startswith("=") for row in found for cell in row.values())


def test_one_row_is_scored_and_not_judged(folder: Path):
    one = folder / "one.csv"
    one.write_text(csv_text(rows(1, 5)), encoding="utf-8")
    assert told("credit", "score", folder / "model.json", "--data", one, "-o", folder / "o.csv")["scored"] == 1
    assert "ONE_CLASS" in hefu("credit", "evaluate", folder / "model.json", "--data", one, code=3)


def test_drift_is_quiet_on_like_firms_and_compares_a_challenger(folder: Path):
    fit = ("--data", folder / "firms.csv", "--schema", folder / "lean.toml", "-o", folder / "lean.json")
    (folder / "lean.toml").write_text(
        SCHEMA.replace("[columns]", 'banned = ["sales", "debt"]\n[columns]'), encoding="utf-8"
    )
    hefu("credit", "fit", *fit, "--kind", "scorecard")
    champion = ("credit", "drift", folder / "lean.json", "--data", folder / "later.csv")
    found = told(*champion, "--challenger", folder / "model.json")
    assert found["score_stability"] < 0.1
    assert found["challenger"]["gain"][1] > 0
    assert [a["code"] for a in found["alerts"]] == ["CHALLENGER_BETTER"]


def test_onnx_gives_the_same_raw_score_to_single_precision(folder: Path):
    runtime = pytest.importorskip("onnxruntime")
    hefu("credit", "export", folder / "model.json", "-o", folder / "model.onnx")
    model, table = Model.read((folder / "model.json").read_bytes()), read_table(folder / "later.csv")
    names = [f.name for f in model.fields]
    values, unknown = arrays(record_columns(table, read_schema(SCHEMA.encode(), "s"), model.fields)[0], names, 300)
    session = runtime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    found = session.run(None, {"values": np.where(unknown, np.nan, values.astype(float))})[0][:, 0]
    raw = Batch(model).score(values, unknown).raw
    assert np.abs(found - raw).max() <= 2


@pytest.mark.parametrize(("language", "words"), [("en", "Limits of use"), ("zh", "使用限制")])
def test_the_report_is_one_file_in_one_language(folder: Path, language: str, words: str):
    target = folder / f"report-{language}.html"
    hefu("credit", "report", folder / "model.json", "--data", folder / "later.csv", "-o", target, lang=language)
    html = target.read_text(encoding="utf-8")
    assert words in html
    assert html.count("<svg") == 5
    assert not re.search(r"(src|href)\s*=|<script", html), "it needs nothing from elsewhere"
    assert "region" in html
    assert "None" not in html
    assert "nan" not in re.sub(r"(?s)<style>.*?</style>", "", html).lower().replace("finance", "")
    if language == "zh":
        text = re.sub(r"(?s)<style>.*?</style>|<[^>]+>|\w+\.csv", " ", html)
        assert not re.search(r"\b(the|of the|firms)\b", text), "no English sentence is left in it"


def test_a_proposed_schema_fits_as_it_stands(folder: Path):
    hefu("credit", "schema", "--data", folder / "firms.csv", "-o", folder / "proposed.toml")
    proposed = told("credit", "schema", "--data", folder / "firms.csv")
    assert (proposed["label"], proposed["positive"], proposed["identifiers"]) == ("defaulted", ["yes"], ["firm"])
    fit = ("--data", folder / "firms.csv", "--schema", folder / "proposed.toml", "-o", folder / "proposed.json")
    assert told("credit", "fit", *fit, "--kind", "scorecard")["held_out"]["auc"] > 0.68


def test_what_is_no_model_is_refused_with_its_place(folder: Path):
    broken = json.loads((folder / "model.json").read_text())
    broken["base"] = 0.5
    (folder / "broken.json").write_text(json.dumps(broken))
    said = hefu(
        "credit", "score", folder / "broken.json", "--data", folder / "later.csv", "-o", folder / "x.csv", code=4
    )
    assert "broken.json" in said
    assert not (folder / "x.csv").exists()


WITHOUT = """
import sys
for name in ("numpy", "lightgbm", "sklearn", "scipy", "onnx"):
    sys.modules[name] = None
from hefu.cli.main import main
sys.exit(main())
"""


def test_scoring_needs_no_library_that_trains(folder: Path):
    arguments = ("credit", "score", folder / "model.json", "--data", folder / "later.csv", "-o", folder / "bare.csv")
    done = subprocess.run([sys.executable, "-c", WITHOUT, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    hefu("credit", "score", folder / "model.json", "--data", folder / "later.csv", "-o", folder / "quick.csv")
    assert (folder / "bare.csv").read_bytes() == (folder / "quick.csv").read_bytes()
    fit = (
        "credit",
        "fit",
        "--data",
        folder / "later.csv",
        "--schema",
        folder / "schema.toml",
        "-o",
        folder / "none.json",
    )
    done = subprocess.run([sys.executable, "-c", WITHOUT, *map(str, fit)], capture_output=True, text=True)
    assert (done.returncode, "MODELS_MISSING" in done.stderr) == (6, True)


def test_a_prior_of_size_is_what_a_thin_file_is_scored_by(folder: Path):
    (folder / "prior.toml").write_text(SCHEMA.replace("[columns]", 'prior = ["sales"]\n[columns]'), encoding="utf-8")
    fit = ("--data", folder / "later.csv", "--schema", folder / "prior.toml", "-o", folder / "prior.json")
    hefu("credit", "fit", *fit, "--kind", "boosted")
    model = Model.read((folder / "prior.json").read_bytes())
    assert {model.fields[table.field].name for table in model.tables} == {"sales"}
    thin = {f.name: None for f in model.fields}
    raws = [model.score({**thin, "sales": 100 * yuan}).raw for yuan in (5_000, 100_000, 5_000_000)]
    assert raws == sorted(raws, reverse=True)
    assert raws[0] > raws[-1]
