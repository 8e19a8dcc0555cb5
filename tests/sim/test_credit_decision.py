"""Whatever the case: more risk never gets more or pays less, offers keep to the policy, and the file replays to the bit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import example as case
from hypothesis import given, settings
from hypothesis import strategies as st

from credit_decisions import ON, STEADY, application, applications, cases, example, inputs, item, model, score
from hefu.credit.decision.application import Application, application_of
from hefu.credit.decision.decide import Answer, Record, decide
from hefu.credit.decision.file import make, replay
from hefu.credit.decision.policy import KINDS, VERDICTS
from hefu.kernel.errors import HefuError

RISKS = st.integers(0, 300_000)


def better_or_equal(safe: Answer, risky: Answer) -> None:
    """The riskier of two firms, all else equal, gets no more of anything and pays no less for it."""
    assert VERDICTS.index(safe.verdict) <= VERDICTS.index(risky.verdict)
    assert safe.limit >= risky.limit
    for kind in KINDS:
        one, other = safe.offer(kind), risky.offer(kind)
        if one and other:
            assert one.rate_ppm <= other.rate_ppm, kind


@settings(max_examples=150, deadline=None)
@given(applications(), cases(), RISKS, RISKS, st.integers(0, 100_000), st.integers(0, 100_000))
@case(application(items=(item(evidence=("invoice", "payments")),)), dict(STEADY), 100_000, 0, 0, 0)
def test_more_risk_never_gets_more_or_pays_less(
    asked: Application, known: Mapping[str, int | None], risk: int, more: int, spread: int, wider: int
) -> None:
    safe, _ = decide(example(), asked, known, score(risk, spread), ON)
    risky, _ = decide(example(), asked, known, score(min(1_000_000, risk + more), spread + wider), ON)
    better_or_equal(safe, risky)


@settings(max_examples=60, deadline=None)
@given(applications(), cases(), RISKS, st.integers(0, 200_000))
def test_an_answer_keeps_to_the_policy(asked: Application, known: Record, risk: int, spread: int) -> None:
    policy = example()
    answer, steps = decide(policy, asked, known, score(risk, spread), ON)
    assert answer.limit == sum(offer.limit for offer in answer.offers)
    own = sum(exposure.outstanding for exposure in asked.exposures if exposure.lender == "own")
    if answer.offers:
        assert policy.limit_min <= answer.limit <= policy.limit_max - own
        assert not asked.amount or answer.limit <= asked.amount
    for offer in answer.offers:
        assert offer.limit > 0
        assert policy.rate_min <= offer.rate_ppm <= policy.rate_max
        potential = next(p for p in steps.potentials if p.kind == offer.kind)
        assert offer.limit <= potential.amount <= potential.base * max(potential.share_ppm, 1_000_000) // 1_000_000
        assert offer.tenor_days <= policy.facilities[offer.kind].tenor_days
    assert (answer.verdict == "refuse") == any(why.effect == "refuse" for why in answer.reasons)
    assert (answer.verdict == "refuse") == (not answer.offers)
    for look in steps.looks:
        assert bool(look.why) == (look.counted == 0)


@settings(max_examples=60, deadline=None)
@given(applications(), cases(), st.sampled_from([1, 2, 5]))
def test_more_of_what_backs_a_limit_never_lowers_it(asked: Application, known: Record, times: int) -> None:
    more = replace(asked, items=tuple(replace(one, amount=one.amount * times) for one in asked.items))
    for risk in (5_000, 60_000):
        less_backed, _ = decide(example(), asked, known, score(risk), ON)
        more_backed, _ = decide(example(), more, known, score(risk), ON)
        # A price rises where a later due date is pooled, never with an amount alone; the limit of the whole follows.
        if len({one.payer_default_ppm for one in asked.items}) <= 1:
            assert less_backed.limit <= more_backed.limit


@settings(max_examples=60, deadline=None)
@given(applications(), cases(), st.booleans())
def test_every_decision_replays_to_its_bytes(asked: Application, known: Record, inside: bool) -> None:
    made = make(inputs(application=asked, record=known), model(), with_model=inside)
    beside = None if inside else b'{"x":1}'
    if beside:
        with pytest.raises(HefuError) as caught:
            replay(made.raw)
        assert caught.value.code == "MODEL_NOT_GIVEN"
        with pytest.raises(HefuError) as caught:
            replay(made.raw, beside)
        assert caught.value.code == "OTHER_MODEL"
        from credit_decisions import model_document
        from hefu.credit.models.record import canonical

        beside = canonical(model_document())
    again = replay(made.raw, beside, digest=made.digest)
    assert again.raw == made.raw
    assert again.answer == made.answer
    assert application_of(asked.to_table()) == asked


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_changed_byte_is_found(data: st.DataObject) -> None:
    raw = make(inputs(application=application(items=(item(),))), model()).raw
    at = data.draw(st.integers(0, len(raw) - 1))
    changed = data.draw(st.integers(0, 255).filter(lambda byte: byte != raw[at]))
    with pytest.raises(HefuError) as caught:
        replay(raw[:at] + bytes([changed]) + raw[at + 1 :])
    assert caught.value.exit_code in (2, 4)
