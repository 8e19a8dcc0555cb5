"""What stops a fit: leaks, copies, labels that are none; and optimal bins against all bins there are."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from credit_tables import SCHEMA, rows
from hefu.credit.models.applying import read_fields, seen_of
from hefu.credit.models.binning import PENALTY, bin_field, fine_edges
from hefu.credit.models.calibrating import calibration, crossed
from hefu.credit.models.checks import auc_alone, fingerprints, prepare
from hefu.credit.models.coding import code_table, word_codes
from hefu.credit.models.fitting import fit_table
from hefu.credit.models.metrics import auc, average_precision, calibration_slope, evaluation, ks, logistic_line
from hefu.credit.models.overlap import check_overlap
from hefu.credit.models.schema import Column, Role, Split, as_document, read_schema
from hefu.credit.models.splits import folds
from hefu.credit.models.tables import Table
from hefu.credit.models.training import TINY, UNIT, _walked, fit_boosted, fit_linear
from hefu.kernel.errors import Rejected, UsageError

ROWS = rows(200)


def table(found: list[dict[str, str]]) -> Table:
    return Table("t.csv", tuple(found[0]), tuple([row[name] for row in found] for name in found[0]), "")


def prepared(found: list[dict[str, str]], more: str = "", extra: str = ""):
    schema = read_schema((SCHEMA.replace("[columns]", f"{more}\n[columns]") + extra).encode(), "s.toml")
    made = table(found)
    return prepare(made, code_table(made, schema)[0], schema)


def stopped(found: list[dict[str, str]], more: str = "", extra: str = "") -> tuple[str, str | None]:
    with pytest.raises(Rejected) as caught:
        prepared(found, more, extra)
    return caught.value.code, caught.value.where


def with_column(name: str, value) -> list[dict[str, str]]:
    return [{**row, name: value(i, row["defaulted"] == "yes")} for i, row in enumerate(ROWS)]


LEAKS = {
    "LEAK_FIELD": ("number", lambda i, bad: str((1000 if bad else 0) + i % 7)),
    "LEAK_VALUE": ("number", lambda i, bad: "5" if bad and i % 20 else ""),
    "LEAK_IDENTIFIER": ("category", lambda i, bad: f"name {i}"),
}


@pytest.mark.parametrize("code", LEAKS)
def test_a_field_that_knows_the_outcome_stops_the_fit_unless_a_person_accepted_or_banned_it(code: str):
    role, value = LEAKS[code]
    found, extra = with_column("extra", value), f'extra = "{role}"\n'
    assert stopped(found, extra=extra) == (code, "extra")
    assert prepared(found, 'accepted = ["extra"]', extra).rows
    assert prepared(found, 'banned = ["extra"]', extra).rows


def test_the_same_field_is_stopped_whether_written_in_numbers_or_words():
    def value(i: int, bad: bool) -> bool:
        return bad if i % 40 else not bad

    number = with_column("extra", lambda i, bad: str(int(value(i, bad))))
    words = with_column("extra", lambda i, bad: "yes" if value(i, bad) else "no")
    assert stopped(number, extra='extra = "number"\n') == ("LEAK_FIELD", "extra")
    assert stopped(words, extra='extra = "category"\n') == ("LEAK_FIELD", "extra")


def test_words_of_one_row_each_tell_nothing():
    y = np.array([1.0, 0.0] * 100)
    assert auc_alone([str(i // 2) for i in range(200)], y, is_words=True) < 0.6
    assert auc_alone(["a" if i % 4 else "b" for i in range(200)], y, is_words=True) == pytest.approx(0.75)


def test_a_day_after_the_decision_stops_the_fit():
    found = [{**row, "decided": "2024-05-01", "seen": f"2024-0{3 + i % 4}-15"} for i, row in enumerate(ROWS)]
    assert stopped(found, 'time = "decided"', 'seen = "date"\n') == ("LEAK_TIME", "seen")


@pytest.mark.parametrize("key", ["banned", "identifiers", "segments", "group"])
def test_a_schema_that_names_no_column_of_the_table_stops_the_fit(key: str):
    schema = read_schema(SCHEMA.encode(), "s.toml")
    named: dict[str, Any] = {key: "fimr" if key == "group" else {"fimr": ""} if key == "banned" else ("fimr",)}
    schema, made = replace(schema, **named), table(ROWS)
    with pytest.raises(UsageError) as caught:
        prepare(made, code_table(made, schema)[0], schema)
    assert (caught.value.code, caught.value.where) == ("BAD_SCHEMA", f"{key}: fimr")


@pytest.mark.parametrize(
    ("bounds", "stops"), [("lowest = 0, highest = 50", False), ("highest = 29", True), ("lowest = 2", True)]
)
def test_a_number_that_the_schema_rules_out_stops_the_fit(bounds: str, stops: bool):
    found = with_column("years", lambda i, bad: str(1 + i % 30) if i % 9 else "none")
    extra = f'years = {{ role = "number", {bounds} }}\n'
    if stops:
        assert stopped(found, extra=extra) == ("FIELD_RANGE", "years")
    else:
        assert prepared(found, extra=extra).rows


def test_copies_and_rows_without_a_label_are_left_out_and_counted():
    found = [*ROWS, *ROWS[:7], *({**row, "defaulted": ""} for row in ROWS[:5])]
    made = prepared(found)
    assert (len(made.rows), made.copies, made.unlabelled) == (200, 7, 5)


def test_rows_alike_but_for_the_label_stay_together():
    found = [*ROWS, {**ROWS[0], "defaulted": "no" if ROWS[0]["defaulted"] == "yes" else "yes"}]
    made = prepared(found)
    assert made.groups is not None
    assert made.groups[0] == made.groups[-1]
    assert len(set(made.groups)) == 200


def test_rows_of_few_coarse_fields_are_no_copies():
    schema = read_schema(b'label = "y"\npositive = ["1"]\n[columns]\na = "number"\n', "s.toml")
    made = Table("t.csv", ("a", "y"), ([str(i % 3) for i in range(90)], [str(i % 2) for i in range(90)]), "")
    assert prepare(made, code_table(made, schema)[0], schema).copies == 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda row: {**row, "defaulted": ""}, "NO_LABEL"),
        (lambda row: {**row, "defaulted": "no"}, "ONE_CLASS"),
        (lambda row: {**row, "defaulted": "yes"}, "ONE_CLASS"),
    ],
)
def test_labels_that_teach_nothing_stop_the_fit(change, code: str):
    assert stopped([change(row) for row in ROWS]) == (code, "t.csv: defaulted")


def test_one_row_or_few_defaults_stop_the_fit():
    assert stopped(ROWS[:1])[0] == "ONE_CLASS"
    few = [row for row in ROWS if row["defaulted"] == "no"] + [row for row in ROWS if row["defaulted"] == "yes"][:4]
    assert stopped(few)[0] == "TOO_FEW_ROWS"


def made_from(found: list[dict[str, str]], **changes: Any) -> Any:
    """What of a model a test of overlap looks at."""
    schema = read_schema(SCHEMA.encode(), "s.toml")
    coded, digits = code_table(table(found), schema)
    marks = [mark for mark in fingerprints(coded) if mark is not None]
    data = {"sha256": "of the file", "marks": marks, "used": len(found), "marked": len(marks)}
    return SimpleNamespace(about={"data": data, "digits": digits, "schema": as_document(schema), **changes})


@pytest.mark.parametrize(
    ("copies", "others", "share", "stops"),
    [
        (1, 5, 1 / 6, False),
        (4, 6, 0.4, False),
        (5, 5, 0.5, True),
        (5, 95, 0.05, False),
        (3, 0, 1, True),
        (1, 0, 1, False),
    ],
)
def test_a_test_that_was_trained_on_is_stopped_and_a_coincidence_is_told(
    copies: int, others: int, share: float, stops: bool
):
    model, made = made_from(ROWS), table([*ROWS[:copies], *rows(100, 2)[:others]])
    assert check_overlap(model, made, allowed=True) == pytest.approx(share)
    if stops:
        with pytest.raises(Rejected) as caught:
            check_overlap(model, made, allowed=False)
        assert caught.value.code == "TRAINED_ON"
    else:
        assert check_overlap(model, made, allowed=False) == pytest.approx(share)


@pytest.mark.parametrize("changes", [{"data": None}, {"data": {}}, {"digits": None, "data": {"sha256": ""}}])
def test_a_model_that_does_not_say_what_it_was_made_from_cannot_be_tested_for_overlap(changes: dict[str, Any]):
    with pytest.raises(UsageError) as caught:
        check_overlap(made_from(ROWS, **changes), table(ROWS), allowed=True)
    assert caught.value.code == "MODEL_WITHOUT_DATA"


# -- splits -----------------------------------------------------------------------------------------------------------

Y = np.array([i % 4 == 0 for i in range(120)], dtype=np.int64)


def test_groups_are_never_cut_and_each_row_is_held_back_once():
    groups = [i // 3 for i in range(120)]
    held = []
    for fit, out in folds(Y, Split.GROUPED, 5, seed=1, groups=groups):
        assert not {groups[i] for i in fit} & {groups[i] for i in out}
        held += out.tolist()
    assert sorted(held) == list(range(120))


def test_by_time_nothing_is_fitted_on_what_came_later():
    times = [None if i == 5 else 1000 + i // 2 for i in range(120)]
    held = []
    for fit, out in folds(Y, Split.TIME, 4, seed=1, times=times):
        assert max(t for i in fit if (t := times[i]) is not None) < min(times[i] for i in out)
        held += out.tolist()
    assert len(held) == len(set(held)) > 50
    assert 5 not in held


def test_a_thousand_rows_alone_and_few_groups_are_dealt_out_evenly():
    y = np.array([i % 10 == 0 for i in range(1000)], dtype=np.int64)
    groups = [f"g{i % 7}" if i < 300 else f"row {i}" for i in range(1000)]
    made = list(folds(y, Split.GROUPED, 5, seed=1, groups=groups))
    assert not any({groups[i] for i in fit} & {groups[i] for i in out} for fit, out in made)
    assert sorted(i for _, out in made for i in out) == list(range(1000))
    assert all(18 <= y[out].sum() <= 22 and 180 <= len(out) <= 220 for _, out in made)
    assert [out.tolist() for _, out in made] != [
        out.tolist() for _, out in folds(y, Split.GROUPED, 5, seed=2, groups=groups)
    ]


@pytest.mark.parametrize("late", [0, 1, 4])
def test_few_late_defaults_are_no_split_by_time(late: int):
    y = np.array([i < 30 or 0 < 120 - i <= late for i in range(120)], dtype=np.int64)
    with pytest.raises(Rejected) as caught:
        list(folds(y, Split.TIME, 4, seed=1, times=list(range(120))))
    assert caught.value.code == "TOO_FEW_FOLDS"


@pytest.mark.parametrize(("split", "told"), [("auto", "NOT_BY_TIME"), ("time", "TOO_FEW_FOLDS")])
def test_a_split_by_time_that_cannot_be_falls_back_only_where_nobody_asked_for_it(split: str, told: str):
    ordered = sorted(ROWS, key=lambda row: row["defaulted"], reverse=True)
    found = [{**row, "decided": f"{2010 + i // 20}-05-01"} for i, row in enumerate(ordered)]
    schema = read_schema(
        SCHEMA.replace("[columns]", f'time = "decided"\nsplit = "{split}"\n[columns]').encode(), "s.toml"
    )
    if split == "time":
        with pytest.raises(Rejected) as caught:
            fit_table(table(found), schema, name="m", kinds=("linear",), repeats=1)
        assert caught.value.code == told
        return
    fit = fit_table(table(found), schema, name="m", kinds=("linear",), repeats=1)
    assert (told, "decided") in fit.prepared.cautions
    assert fit.document["about"]["method"]["split"] == "stratified"


def test_more_fields_than_a_file_can_hold_are_refused_before_the_fit():
    schema = replace(
        read_schema(SCHEMA.encode(), "s.toml"), columns=tuple(Column(f"f{i}", Role.NUMBER) for i in range(5000))
    )
    with pytest.raises(UsageError) as caught:
        fit_table(table(ROWS), schema, name="m")
    assert caught.value.code == "TOO_MANY_FIELDS"


# -- parts ------------------------------------------------------------------------------------------------------------


def test_a_line_whose_signs_are_all_contradicted_says_nothing_of_its_fields():
    chance = np.random.default_rng(1)
    x = np.round(chance.normal(0, 1000, (300, 2)))
    y = (chance.random(300) < 1 / (1 + np.exp(-x[:, 0] / 500))).astype(float)
    assert fit_linear(x, y, ["riskier", "either"]).weights[0] > 0
    made = fit_linear(x[:, :1], y, ["safer"])
    assert (made.tables(1.0), round(1 / (1 + math.exp(-made.intercept)), 6)) == ([], round(y.mean(), 6))


def test_what_was_never_unknown_in_training_goes_where_the_record_sends_it():
    chance = np.random.default_rng(1)
    x = np.round(chance.normal(5000, 1000, (400, 2)))
    y = (chance.random(400) < 1 / (1 + np.exp(-(x[:, 0] - 5000) / 500))).astype(float)
    part = fit_boosted(x, y, ["either", "either"], TINY, seed=1)
    x[:9, 0] = np.nan
    found = part.raw(x)[:9]
    walked = sum(_walked(tree, x[:9]) for tree in part.trees(1.0)) / UNIT
    assert np.abs(found - walked).max() < 1e-9
    assert np.abs(part.booster.predict(x, raw_score=True)[9:] - part.raw(x)[9:]).max() < 1e-9
    assert np.abs(part.booster.predict(x, raw_score=True)[:9] - found).max() > 0.1, "the library takes it for zero"


def test_words_of_few_rows_do_not_stand_in_a_model():
    words = ["shop"] * 50 + [f"Firm {i}" for i in range(20)] + ["mill"] * 5
    assert set(word_codes(words, [i % 3 == 0 for i in range(75)], weight=5)) == {"shop", "mill"}


def test_rare_words_are_no_shift_where_there_were_as_many_then():
    found = [{**row, "sector": f"S{i % 10}" if i % 3 else f"Firm {i}"} for i, row in enumerate(ROWS)]
    fit = fit_table(table(found), read_schema(SCHEMA.encode(), "s.toml"), name="m", kinds=("linear",), repeats=1)
    assert set(fit.model.field("sector").codes) == {f"s{i}" for i in range(10)}
    for made, shifted in ((found, set()), ([{**row, "sector": "new"} for row in found], {"sector"})):
        columns, coded, _ = read_fields(fit.model, table(made))
        assert set(seen_of(fit.model, columns, coded).shifted) == shifted


# -- figures ----------------------------------------------------------------------------------------------------------


def test_rows_of_one_group_tell_less_than_rows_alone():
    chance = np.random.default_rng(1)
    firm = np.repeat(np.arange(60), 10)
    y = np.repeat((chance.random(60) < 0.4).astype(float), 10)
    scores = np.repeat(chance.normal(0, 1, 60), 10) + y * 0.8
    alone, whole = (
        evaluation(y, scores, y * 0.5, draws=200),
        evaluation(y, scores, y * 0.5, draws=200, groups=firm.tolist()),
    )
    assert whole.auc == alone.auc
    assert whole.auc_high - whole.auc_low > 2 * (alone.auc_high - alone.auc_low)
    # One row a group is a row.
    lone = evaluation(y, scores, y * 0.5, draws=200, groups=list(range(600)))
    assert lone.auc_high - lone.auc_low == pytest.approx(alone.auc_high - alone.auc_low, rel=0.3)


def test_the_interval_of_a_probability_is_of_groups_too():
    chance = np.random.default_rng(1)
    raw = np.repeat(chance.normal(0, 1, 60), 10)
    y = np.repeat((chance.random(60) < 0.4).astype(float), 10)
    widths = []
    for groups in (None, np.repeat(np.arange(60), 10).tolist()):
        found = calibration(y, [raw], (-2.0, 2.0), seed=1, groups=groups)
        widths.append(found["high_ppm"][30] - found["low_ppm"][30])
    assert widths[1] > 2 * widths[0]


def test_a_line_is_not_judged_on_the_rows_it_was_fitted_on():
    chance = np.random.default_rng(4)
    raw = chance.normal(0, 1, 60)
    y = (chance.random(60) < 0.4).astype(float)
    own = logistic_line(y, raw)
    assert calibration_slope(y, 1 / (1 + np.exp(-(own[0] + own[1] * raw)))) == pytest.approx(1, abs=0.05)
    for parts in (np.arange(60) % 5, np.zeros(60, dtype=np.int64)):
        slope = calibration_slope(y, 1 / (1 + np.exp(-crossed(y, raw, parts))))
        assert slope is not None
        assert abs(slope - 1) > 0.1


def test_one_group_leaves_nothing_to_hold_back():
    with pytest.raises(Rejected) as caught:
        list(folds(Y, Split.GROUPED, 5, seed=1, groups=[1] * 120))
    assert caught.value.code == "TOO_FEW_FOLDS"


# -- bins and figures -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("direction", ["riskier", "safer", "either"])
def test_bins_are_the_best_of_all_monotone_ones(seed: int, direction: str):
    chance = np.random.default_rng(seed)
    x = chance.integers(0, 9, 160).astype(float)
    y = (chance.random(160) < 0.15 + 0.5 * (x > 5) * (seed % 3 > 0)).astype(float)
    found = bin_field(x, y, direction=direction, most=4)
    edges = fine_edges(x)
    best = max(_gain(x, y, cut, direction) for k in range(4) for cut in itertools.combinations(edges, k))
    assert found.gain == pytest.approx(best)
    assert _gain(x, y, found.thresholds, direction) == pytest.approx(best)


def _gain(x, y, cut, direction: str) -> float:
    parts = np.searchsorted(np.array(cut, dtype=float), x, side="left")
    rates, total = [], -_likelihood(y) - PENALTY * len(cut)
    for i in range(len(cut) + 1):
        own = y[parts == i]
        if len(own) < max(5, len(x) // 20) and cut:
            return -math.inf
        rates.append(own.mean() if len(own) else 0)
        total += _likelihood(own)
    rising = all(a < b for a, b in itertools.pairwise(rates))
    falling = all(a > b for a, b in itertools.pairwise(rates))
    fits = {"riskier": rising, "safer": falling, "either": rising or falling}[direction]
    return total if fits else -math.inf


def _likelihood(y) -> float:
    return sum(n * math.log(n / len(y)) for n in (y.sum(), len(y) - y.sum()) if n)


def test_figures_agree_with_the_library():
    metrics = pytest.importorskip("sklearn.metrics")
    chance = np.random.default_rng(3)
    y = (chance.random(400) < 0.2).astype(float)
    scores = np.round(y + chance.normal(0, 1.2, 400), 1)
    assert auc(y, scores) == pytest.approx(metrics.roc_auc_score(y, scores))
    assert average_precision(y, scores) == pytest.approx(metrics.average_precision_score(y, scores))
    false, true, _ = metrics.roc_curve(y, scores, drop_intermediate=False)
    assert ks(y, scores) == pytest.approx(np.abs(true - false).max())


def test_the_slope_is_one_where_probabilities_hold_and_below_where_they_are_bold():
    chance = np.random.default_rng(5)
    odds = chance.normal(-1, 1.5, 40_000)
    y = (chance.random(40_000) < 1 / (1 + np.exp(-odds))).astype(float)
    assert calibration_slope(y, 1 / (1 + np.exp(-odds))) == pytest.approx(1, abs=0.04)
    assert calibration_slope(y, 1 / (1 + np.exp(-2 * odds))) == pytest.approx(0.5, abs=0.03)
    assert calibration_slope(y, np.full(40_000, 0.2)) is None
