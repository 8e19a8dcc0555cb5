"""The evaluator of record: what a score is, what stops one, and that it needs nothing but its own file."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from credit_models import document, model
from hefu.credit.models import record as record_file
from hefu.credit.models.record import BadModel, BadRecord, Model, canonical, half_even

RECORD = {"sales": 50, "age": 3, "region": 3}


def test_a_score_is_the_base_a_value_of_each_table_and_a_leaf_of_each_tree():
    score = model().score(RECORD)
    assert score.raw == -1_000_000 + 500_000 + 20_000 + 75_000
    assert score.points == 600 - half_even(score.raw * 40, 693_147)
    assert (score.default_ppm, score.low_ppm, score.high_ppm) == (174_350, 129_885, 266_250)
    assert [(r.field, r.code) for r in score.reasons] == [("sales", "TOO_LOW"), ("region", "CATEGORY")]
    assert score.reasons[0].points < score.reasons[1].points < 0
    assert score.notes == ()


def test_reasons_and_the_average_add_up_to_the_raw_score():
    made = model()
    # Age moved the tree from its mean of 30,000 to -25,000, sales from there to the leaf.
    assert made.score({"sales": 5_000, "age": 3, "region": 3}).raw == -1_000_000 - 400_000 + 20_000 - 125_000
    assert made.score({"sales": 5_000, "age": 1, "region": 3}).reasons[0].field == "age"


def test_thresholds_belong_to_the_bin_below_them():
    made = model()
    raw = [made.score({**RECORD, "sales": sales}).raw for sales in (100, 101, 500, 501, 1_000, 1_001)]
    assert [b - a for a, b in pairwise(raw)] == [-500_000, 0, -200_000, 0, -400_000]
    assert made.steps("sales") == (100, 500, 1_000)
    assert made.steps("age") == (2,)


def test_unknown_takes_its_own_way_and_is_a_reason():
    score = model().score({**RECORD, "sales": None})
    assert score.raw == -1_000_000 + 700_000 + 20_000 + 75_000
    assert score.reasons[0].code == "UNKNOWN"


@pytest.mark.parametrize(
    ("changed", "note"),
    [
        ({"sales": 9}, ("sales", "OUTSIDE_SEEN")),
        ({"sales": 100_001}, ("sales", "OUTSIDE_SEEN")),
        ({"region": None}, ("region", "UNKNOWN_UNSEEN")),
        ({"region": 0}, ("region", "OTHER_WORD")),
        ({"sales": None}, None),
    ],
)
def test_what_the_model_never_saw_is_said(changed: dict[str, int | None], note: tuple[str, str] | None):
    notes = [(n.field, n.code) for n in model().score({**RECORD, **changed}).notes]
    assert notes == ([note] if note else [])


@pytest.mark.parametrize(
    ("given", "code", "where"),
    [
        ({"sales": 50, "age": 3}, "RECORD_FIELD_MISSING", "region"),
        ({**RECORD, "age": None}, "RECORD_UNKNOWN", "age"),
        ({**RECORD, "sales": 50.0}, "RECORD_TYPE", "sales"),
        ({**RECORD, "sales": True}, "RECORD_TYPE", "sales"),
        ({**RECORD, "sales": "50"}, "RECORD_TYPE", "sales"),
        ({**RECORD, "sales": -1}, "RECORD_RANGE", "sales"),
    ],
)
def test_a_record_that_cannot_be_scored_names_its_field(given: dict[str, Any], code: str, where: str):
    with pytest.raises(BadRecord) as caught:
        model().score(given)
    assert (caught.value.code, caught.value.where) == (code, where)
    assert "50" not in str(caught.value)


def test_calibration_is_flat_beyond_its_ends_and_never_falls():
    line = model().calibration
    assert line.of(-(10**9)) == (10_000, 1_000, 50_000)
    assert line.of(10**9) == (900_000, 700_000, 1_000_000)
    answers = [line.of(raw) for raw in range(-3_100_000, 3_100_000, 37_123)]
    assert all(low <= default <= high for default, low, high in answers)
    assert all(a <= b for i in range(3) for a, b in pairwise(v[i] for v in answers))


def changed(path: str, value: Any) -> bytes:
    """The small model with one value at a path changed; `DELETE` takes the key away."""
    made = copy.deepcopy(document())
    *way, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    at: Any = made
    for part in way:
        at = at[part]
    if value == "DELETE":
        del at[last]
    else:
        at[last] = value
    return json.dumps(made).encode()


@pytest.mark.parametrize(
    ("path", "value", "code", "where"),
    [
        ("format", "onnx", "NOT_A_MODEL", "format"),
        ("version", 2, "MODEL_VERSION", "version"),
        ("version", "1", "MODEL_TYPE", "version"),
        ("base", "DELETE", "MODEL_KEY", "base"),
        ("extra", 1, "MODEL_KEY", "extra"),
        ("base", True, "MODEL_TYPE", "base"),
        ("base", 10**8 + 1, "MODEL_RANGE", "base"),
        ("fields/0/name", "", "MODEL_FIELD", "fields[0].name"),
        ("fields/1/name", "sales", "MODEL_FIELD", "fields[1].name"),
        ("fields/0/direction", "up", "MODEL_RANGE", "fields[0].direction"),
        ("fields/0/highest", -1, "MODEL_RANGE", "fields[0].highest"),
        ("fields/0/unknown", 1, "MODEL_TYPE", "fields[0].unknown"),
        ("fields/2/other", None, "MODEL_TYPE", "fields[2].other"),
        ("fields/2/codes/east", "4", "MODEL_TYPE", "fields[2].codes.east"),
        ("tables/0/field", "profit", "MODEL_FIELD", "tables[0].field"),
        ("tables/0/thresholds/1", 100, "MODEL_RANGE", "tables[0].thresholds[1]"),
        ("tables/0/values", [1, 2], "MODEL_RANGE", "tables[0].values"),
        ("tables/0/surplus", 1, "MODEL_KEY", "tables[0].surplus"),
        ("trees/0", [], "MODEL_TREE", "trees[0]"),
        ("trees/0/0", [1, 2], "MODEL_TREE", "trees[0][0]"),
        ("trees/0/0/0", 3, "MODEL_RANGE", "trees[0][0][0]"),
        ("trees/0/2/3", 2, "MODEL_RANGE", "trees[0][2][3]"),
        ("trees/0/2/4", 3, "MODEL_TREE", "trees[0]"),
        ("trees/0/1/0", 2**31, "MODEL_RANGE", "trees[0][1]"),
        ("points/denominator", 0, "MODEL_RANGE", "points.denominator"),
        ("points/lowest", 901, "MODEL_RANGE", "points.highest"),
        ("calibration/raw", [], "MODEL_RANGE", "calibration.raw"),
        ("calibration/raw/1", 3_000_000, "MODEL_RANGE", "calibration.raw[2]"),
        ("calibration/default_ppm/2", 1, "MODEL_RANGE", "calibration.default_ppm[2]"),
        ("calibration/low_ppm/1", 250_000, "MODEL_RANGE", "calibration.default_ppm[1]"),
        ("calibration/high_ppm", [1], "MODEL_RANGE", "calibration.high_ppm"),
        ("about", [], "MODEL_TYPE", "about"),
    ],
)
def test_a_file_that_is_no_model_names_the_place(path: str, value: Any, code: str, where: str):
    with pytest.raises(BadModel) as caught:
        Model.read(changed(path, value))
    assert (caught.value.code, caught.value.where) == (code, where)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "NOT_A_MODEL"),
        (b"\xff", "NOT_A_MODEL"),
        (b"[]", "NOT_A_MODEL"),
        (b'{"format": "hefu-credit-model", "format": "x"}', "MODEL_KEY"),
        (changed("base", 1.5), "MODEL_TYPE"),
        (changed("about/auc", 0.9), "MODEL_TYPE"),
        (changed("base", 0).replace(b'"base": 0', b'"base": NaN'), "MODEL_TYPE"),
        (changed("base", 0).replace(b'"base": 0', b'"base": ' + b"9" * 5000), "MODEL_RANGE"),
        (changed("name", "x").replace(b'"x"', b'"\\ud800"'), "NOT_A_MODEL"),
        (b"[" * 100_000, "NOT_A_MODEL"),
    ],
)
def test_bytes_that_are_no_model_are_refused(raw: bytes, code: str):
    with pytest.raises(BadModel) as caught:
        Model.read(raw)
    assert caught.value.code == code


def test_the_digest_is_of_the_content_and_not_of_its_blanks():
    made = document()
    assert Model.read(json.dumps(made, indent=3).encode()).digest == Model.read(canonical(made)).digest
    assert Model.read(changed("base", 5)).digest != model().digest


def test_the_file_alone_scores_to_the_same_integers_in_a_bare_process(tmp_path: Path):
    (tmp_path / "record.py").write_bytes(Path(record_file.__file__).read_bytes())
    (tmp_path / "model.json").write_bytes(canonical(document()))
    # -I leaves out the folder as well as the environment; the script puts the folder back and nothing else.
    (tmp_path / "run.py").write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "import record\n"
        "model = record.Model.read(open(sys.argv[1], 'rb').read())\n"
        f"print(model.digest, [model.score({{**{RECORD!r}, 'sales': s}}) for s in (None, 0, 777, 10**9)])\n"
    )
    run = [sys.executable, "-S", "-I", str(tmp_path / "run.py"), str(tmp_path / "model.json")]
    outside = subprocess.run(run, capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "7"}).stdout
    made = model()
    here = f"{made.digest} {[made.score({**RECORD, 'sales': s}) for s in (None, 0, 777, 10**9)]}\n"
    assert outside == here
