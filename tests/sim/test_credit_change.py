"""A proposed change is applied to the firm's record and put through the real decision: the answer turns, every time."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from credit_decisions import ON, applications, cases, example, inputs, model
from hefu.credit.decision.application import Application
from hefu.credit.decision.change import apply_moves, approved, of_decision, smallest_change
from hefu.credit.decision.decide import Record, decide
from hefu.credit.decision.file import make

CHANGES = {change.field: change for change in example().changes}


@settings(max_examples=60, deadline=None)
@given(applications(), cases(), st.sampled_from([0, 50_000_000]))
def test_the_change_turns_the_answer(asked: Application, known: Record, wanted: int) -> None:
    policy, scorer = example(), model()

    def goal(answer: object) -> bool:
        return approved(answer) and answer.limit >= wanted  # type: ignore[arg-type,attr-defined]

    found = smallest_change(policy, asked, known, scorer, ON, goal=goal, tries=400)
    before, _ = decide(policy, asked, known, scorer.score(known), ON)
    if goal(before):
        assert found.turn is None
        return
    for turn in (*([found.turn] if found.turn else []), *found.others):
        assert goal(turn.answer)
    if found.turn is None:
        return
    changed = apply_moves(known, found.turn.moves)
    after, _ = decide(policy, asked, changed, scorer.score(changed), ON)
    assert goal(after)
    assert after == found.turn.answer
    # Only what the policy lets a firm change, in its one direction, within its bounds.
    moved = {name for name in known if known[name] != changed[name]}
    allowed = {name for move in found.turn.moves for name in (move.field, *CHANGES[move.field].along)}
    assert moved <= allowed
    for move in found.turn.moves:
        change = CHANGES[move.field]
        assert (move.new > move.old) == (change.better == "up")
        assert change.low <= move.new <= change.high
        assert move.cost > 0
    # None of the moves is idle.
    for n in range(len(found.turn.moves)):
        fewer = apply_moves(known, found.turn.moves[:n] + found.turn.moves[n + 1 :])
        less, _ = decide(policy, asked, fewer, scorer.score(fewer), ON)
        assert not goal(less)


def test_an_approved_firm_needs_no_change() -> None:
    made = make(inputs(), model())
    found = of_decision(made, model())
    assert made.answer.verdict == "approve"
    assert found.turn is None
    assert found.others == ()
