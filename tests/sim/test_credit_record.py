"""Of any model and record: outputs stay in their ranges, steps are all that matters, reasons add up."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from credit_models import documents, records
from hefu.credit.models.batch import Batch, arrays
from hefu.credit.models.record import BadRecord, Model, Score, canonical


@given(st.data())
def test_between_two_steps_nothing_changes(data: st.DataObject):
    document = data.draw(documents())
    model = Model.read(canonical(document))
    record = data.draw(records(document))
    name = data.draw(st.sampled_from([f.name for f in model.fields]))
    edges = [-(10**15), *(t + 1 for t in model.steps(name) if t < 10**15)]
    edges.sort()
    for low, high in zip(edges, [*(t - 1 for t in edges[1:]), 10**15]):
        scores = [model.score({**record, name: value}) for value in (low, high)]
        assert len({(s.raw, s.points, s.default_ppm, s.reasons) for s in scores}) == 1


@given(st.data())
def test_outputs_stay_in_their_ranges_and_reasons_take_points_off(data: st.DataObject):
    document = data.draw(documents())
    model = Model.read(canonical(document))
    score = model.score(data.draw(records(document)))
    assert model.points.lowest <= score.points <= model.points.highest
    assert 0 <= score.low_ppm <= score.default_ppm <= score.high_ppm <= 1_000_000
    assert all(reason.points <= 0 for reason in score.reasons)
    assert [r.points for r in score.reasons] == sorted(r.points for r in score.reasons)


@given(st.data())
def test_a_riskier_raw_score_never_has_more_points_or_a_lower_default(data: st.DataObject):
    document = data.draw(documents())
    model = Model.read(canonical(document))
    scores = sorted((model.score(data.draw(records(document))) for _ in range(5)), key=lambda s: s.raw)
    for a, b in pairwise(scores):
        assert a.points >= b.points
        assert a.default_ppm <= b.default_ppm
        assert a.high_ppm <= b.high_ppm


@given(st.data())
def test_a_batch_gives_the_same_integers_reasons_notes_and_errors_as_the_evaluator_of_record(data: st.DataObject):
    document = data.draw(documents())
    # A narrow range and a field that must be known, so that errors occur too.
    document["fields"][0] |= {"lowest": -20, "highest": 10**14, "unknown": data.draw(st.booleans())}
    model = Model.read(canonical(document))
    rows = data.draw(st.lists(records(document), min_size=1, max_size=12))
    names = [f.name for f in model.fields]
    values, unknown = arrays({name: [row[name] for row in rows] for name in names}, names, len(rows))
    batch = Batch(model)
    expected = [_scored(model, row) for row in rows]
    explained = batch.explain(values, unknown)
    assert [_told(one) for one in explained] == [_told(one) for one in expected]
    outputs = batch.score(values, unknown)
    assert set(outputs.errors) == {i for i, one in enumerate(expected) if isinstance(one, BadRecord)}
    for i, one in enumerate(expected):
        if isinstance(one, Score):
            got = [
                int(a[i]) for a in (outputs.points, outputs.default_ppm, outputs.low_ppm, outputs.high_ppm, outputs.raw)
            ]
            assert got == [one.points, one.default_ppm, one.low_ppm, one.high_ppm, one.raw]


def _scored(model: Model, row: dict[str, int | None]) -> Score | BadRecord:
    try:
        return model.score(row)
    except BadRecord as error:
        return error


def _told(one: Score | BadRecord) -> object:
    return (one.code, one.where) if isinstance(one, BadRecord) else one
