"""
Each invariant is broken once in the code, on purpose, and is seen to fail: an invariant that cannot fail guards nothing.

The bug is put in by replacing one function of the product. One story runs with it, and so does a random trade.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any

import msgspec
import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

import invariants
from hefu.assets import header as headers
from hefu.contracts.attestations.contract import AttestationsContract
from hefu.contracts.attestations.events import PaymentUsed
from hefu.contracts.evidence import contract as evidence
from hefu.contracts.receivables import commands as rc
from hefu.contracts.receivables import contract as receivables
from hefu.contracts.receivables import events as e
from hefu.contracts.receivables import state as rs
from hefu.contracts.receivables import transitions
from hefu.kernel.errors import Corrupt
from hefu.ledger import tree as trees
from hefu.ledger.application import Application
from hefu.ledger.state import State
from scenario import Scene, run
from trading import SETTINGS, Trading, walk
from world import World

#: Everything that the bugs below touch happens here once.
STORY = """
    Parts        invoice    I1 Steel 1000               -> OK
    Bolts        invoice    I2 Parts 500                -> OK
    Parts        propose    R1 I1 900                   -> OK
    Steel        confirm    R1                          -> OK
    Parts        split      R1 R2 300                   -> OK
    Parts+Bolts  assign     R2 Bolts I2                 -> OK
    Parts        split      R1 R3 200                   -> OK
    Parts+BankB  pledge     R3 BankB                    -> OK
    Parts        accept-offer R1 BankB sale price=390   -> OK
    BankA        pay        A1 R1 Parts price=390       -> OK
    BankB        complete-finance R1 payment=A1         -> OK
    Parts        invoice    I3 Steel 200                -> OK
    Parts        propose    R4 I3 200                   -> OK
    Steel        confirm    R4                          -> OK
    Parts        split      R4 R5 50                    -> OK
    BankA        pay        A2 R4 Parts amount=100      -> OK
    Parts        settle     R4 100 payment=A2           -> OK
    Parts        notify     R4 here                     -> OK
"""
#: A refusal whose first command is good, so that there is something to leave behind.
REFUSED = """
    Bolts        split      R2 R6 50
    Bolts        split      R2 R7 900                   -> AMOUNT_OUT_OF_RANGE
"""

Patch = pytest.MonkeyPatch


# -- bugs -----------------------------------------------------------------------------------------------------------


def split_keeps_the_parent_whole(patch: Patch) -> None:
    patch.setattr(
        transitions,
        "split_off",
        lambda state, link, asset, header, amount: headers.remember(state, link, asset, header),
    )


def split_forgets_what_it_passed_on(patch: Patch) -> None:
    patch.setattr(
        transitions,
        "split_off",
        lambda state, link, asset, header, amount: headers.remember(
            state, link, asset, header, open_amount=header.open - amount
        ),
    )


def a_draw_leaves_the_capacity_available(patch: Patch) -> None:
    moved = evidence._moved

    def broken(record: Any, event: Any, at_ms: int) -> Any:
        after = moved(record, event, at_ms)
        if event.source == "available":
            return msgspec.structs.replace(after, available=record.available)
        return after

    patch.setattr(evidence, "_moved", broken)


def settlement_leaves_the_capacity_live(patch: Patch) -> None:
    move = evidence.EvidenceContract.move
    patch.setattr(
        evidence.EvidenceContract,
        "move",
        lambda self, document, right, amount, source, target: move(
            self, document, right, amount if source == "reserved" else 0, source, target
        ),
    )


def an_assignment_spends_a_cent_too_much(patch: Patch) -> None:
    draw = evidence.EvidenceContract.draw

    def broken(self: Any, state: Any, document: bytes, right: bytes, amount: Any, target: str, context: Any) -> Any:
        return draw(self, state, document, right, amount + (target == "spent"), target, context)

    patch.setattr(evidence.EvidenceContract, "draw", broken)


def _retransitioned(patch: Patch, event: type, function: Callable[..., None]) -> None:
    patch.setattr(receivables, "TRANSITIONS", {**receivables.TRANSITIONS, event: function})


def an_assignment_leaves_the_owner(patch: Patch) -> None:
    _retransitioned(patch, e.Assigned, lambda state, event, link: transitions.unlock(state, event, link))


def a_sale_forgets_the_seller(patch: Patch) -> None:
    def broken(state: State, event: e.Sold, link: Any) -> None:
        transitions.sell(state, event, link)
        record = state.get(rs.right_key(event.right), rs.RIGHT)
        state.put(rs.right_key(event.right), msgspec.structs.replace(record, endorsements=()))

    _retransitioned(patch, e.Sold, broken)


def a_pledge_is_not_written_down(patch: Patch) -> None:
    _retransitioned(patch, e.Pledged, lambda state, event, link: transitions.unlock(state, event, link))


def preconditions_are_not_asked(patch: Patch) -> None:
    authorise = Application._authorise

    def broken(self: Any, state: Any, command: Any, context: Any, plan: Any, *others: Any) -> None:
        authorise(self, state, command, context, replace(plan, preconditions=()), *others)

    patch.setattr(Application, "_authorise", broken)


def settlement_leaves_the_exposure(patch: Patch) -> None:
    expose = transitions._expose
    patch.setattr(
        transitions,
        "_expose",
        lambda state, record, amount, *, up: expose(state, record, amount, up=True) if up else None,
    )


def a_payment_is_used_without_a_trace(patch: Patch) -> None:
    use = AttestationsContract.use_amount

    def broken(self: Any, state: Any, attestation: bytes, **asked: Any) -> PaymentUsed:
        return msgspec.structs.replace(use(self, state, attestation, **asked), amount=0)

    patch.setattr(AttestationsContract, "use_amount", broken)


def heads_forget_the_past(patch: Patch) -> None:
    patch.setattr(headers, "next_head", lambda h, head, link: h(b"\x12" + bytes(32) + link))


def links_are_not_kept(patch: Patch) -> None:
    patch.setattr(State, "link", lambda self, asset, number, raw: None)


def a_refusal_keeps_what_was_written(patch: Patch) -> None:
    patch.setattr(State, "drop", State.keep)


def _redecided(patch: Patch, command: type, function: Callable[..., Any]) -> None:
    """Another decision, which gets the right one to lean on."""
    decide = receivables.ReceivablesContract.decide

    def broken(self: Any, state: Any, asked: Any, context: Any) -> Any:
        if type(asked) is not command:
            return decide(self, state, asked, context)
        return function(partial(decide, self), state, asked, context)

    patch.setattr(receivables.ReceivablesContract, "decide", broken)


def a_decision_draws_lots(patch: Patch) -> None:
    numbers = count()

    def broken(decide: Any, state: Any, command: Any, context: Any) -> Any:
        return [msgspec.structs.replace(event, amount=1 + next(numbers)) for event in decide(state, command, context)]

    _redecided(patch, rc.Split, broken)


def a_decision_writes_behind_the_events(patch: Patch) -> None:
    def broken(decide: Any, state: Any, command: Any, context: Any) -> Any:
        record = state.get(rs.right_key(command.right), rs.RIGHT)
        state.put(rs.right_key(command.right), msgspec.structs.replace(record, terms=bytes(32)))
        return decide(state, command, context)

    _redecided(patch, rc.Notify, broken)


def applying_an_event_looks_at_more_than_the_event(patch: Patch) -> None:
    numbers = count()

    def broken(state: State, event: e.Notified, link: Any) -> None:
        transitions.notify(state, event, link)
        record = state.get(rs.right_key(event.right), rs.RIGHT)
        notice = msgspec.structs.replace(record.notice, at_ms=next(numbers))
        state.put(rs.right_key(event.right), msgspec.structs.replace(record, notice=notice))

    _retransitioned(patch, e.Notified, broken)


def buckets_are_hashed_like_nodes(patch: Patch) -> None:
    patch.setattr(trees, "BUCKET", trees.NODE)


def the_tree_forgets_a_level(patch: Patch) -> None:
    rehash = trees.StateTree._rehash

    def broken(self: trees.StateTree, dirty: Any) -> None:
        level = self._levels[2].copy()
        rehash(self, dirty)
        self._levels[2] = level

    patch.setattr(trees.StateTree, "_rehash", broken)


def a_proof_shows_another_buckets_siblings(patch: Patch) -> None:
    prove = trees.StateTree.prove

    def broken(self: trees.StateTree, key: bytes, value: bytes | None) -> trees.StateProof:
        proof = prove(self, key, value)
        return msgspec.structs.replace(proof, siblings=proof.siblings[::-1])

    patch.setattr(trees.StateTree, "prove", broken)


def records_are_written_past_the_tree(patch: Patch) -> None:
    update = trees.StateTree.update

    def broken(self: trees.StateTree, changes: Any, height: int) -> Any:
        return update(self, [change for change in changes if change[0][:1] != b"X"], height)

    patch.setattr(trees.StateTree, "update", broken)


#: What each bug breaks: the invariant that must notice, whatever others notice too.
BUGS: list[tuple[Callable[[Patch], None], str]] = [
    (split_keeps_the_parent_whole, "parts_sum_to_face"),
    (split_forgets_what_it_passed_on, "parts_sum_to_face"),
    (a_draw_leaves_the_capacity_available, "capacity_adds_up"),
    (settlement_leaves_the_capacity_live, "capacity_adds_up"),
    (an_assignment_spends_a_cent_too_much, "spent_is_accounted_for"),
    (an_assignment_leaves_the_owner, "one_owner"),
    (a_sale_forgets_the_seller, "one_owner"),
    (a_pledge_is_not_written_down, "at_most_one_pledge"),
    (settlement_leaves_the_exposure, "exposure_is_what_is_open"),
    (a_payment_is_used_without_a_trace, "payments_cover_what_they_paid"),
    (heads_forget_the_past, "history_folds_to_its_head"),
    (links_are_not_kept, "history_folds_to_its_head"),
    (a_decision_draws_lots, "replay_equals_state"),
    (a_decision_writes_behind_the_events, "replay_equals_state"),
    (applying_an_event_looks_at_more_than_the_event, "replay_equals_state"),
    (the_tree_forgets_a_level, "every_proof_verifies"),
    (a_proof_shows_another_buckets_siblings, "every_proof_verifies"),
    (buckets_are_hashed_like_nodes, "root_is_of_the_records"),
    (records_are_written_past_the_tree, "root_is_of_the_records"),
]
every_bug = pytest.mark.parametrize(("bug", "noticed_by"), BUGS, ids=[bug.__name__ for bug, _ in BUGS])


# -- noticing -------------------------------------------------------------------------------------------------------


@pytest.fixture
def unchecked(monkeypatch) -> Iterator[None]:
    """Stories run without looking at the invariants at their end."""
    with monkeypatch.context() as patch:
        patch.setattr(invariants, "check", lambda world: None)
        yield


def failing(world: World) -> set[str]:
    """Names of the invariants that do not hold."""
    now, found = invariants.Snapshot(world), set()
    checks: list[tuple[str, Callable[[], None]]] = [
        (check.__name__, lambda check=check: check(now)) for check in invariants.OF_A_SNAPSHOT
    ]
    checks.append(("every_proof_verifies", lambda: invariants.every_proof_verifies(now)))
    checks.append(("replay_equals_state", lambda: invariants.replay_equals_state(now, invariants.Replica(world))))
    for name, check in checks:
        try:
            check()
        except (AssertionError, Corrupt):
            found.add(name)
    return found


def told(scene: Scene | None = None) -> Scene:
    return run(STORY, scene)


def test_without_a_bug_every_invariant_holds(unchecked):
    assert failing(told().world) == set()


def test_every_invariant_is_broken_by_some_bug():
    broken = {name for _, name in BUGS} | {"refusal_changes_nothing"}
    assert broken == {check.__name__ for check in invariants.OF_A_SNAPSHOT} | {
        "every_proof_verifies",
        "replay_equals_state",
        "refusal_changes_nothing",
    }


@every_bug
def test_an_invariant_notices_the_bug(bug, noticed_by, monkeypatch, unchecked):
    World.fresh()
    bug(monkeypatch)
    assert noticed_by in failing(told().world)


def walks(seeds: int, steps: int) -> None:
    for seed in range(seeds):
        walk(seed, steps)


@every_bug
def test_a_random_trade_runs_into_the_bug(bug, noticed_by, monkeypatch):
    World.fresh()
    bug(monkeypatch)
    with pytest.raises((AssertionError, Corrupt)):
        walks(8, 150)


def test_a_refusal_that_leaves_a_trace_is_noticed(monkeypatch, unchecked):
    scene = told()
    a_refusal_keeps_what_was_written(monkeypatch)
    watch = invariants.Watch(scene.world)
    with pytest.raises(AssertionError, match="left a trace"):
        run(REFUSED, scene)
    with pytest.raises(AssertionError, match="left a trace"):
        watch.look(refused=True)


def test_a_second_pledge_is_noticed_where_nobody_asks_for_preconditions(monkeypatch, unchecked):
    scene = told()
    preconditions_are_not_asked(monkeypatch)
    run("Parts+BankA pledge R3 BankA -> OK", scene)
    assert "at_most_one_pledge" in failing(scene.world)


def test_the_state_machine_finds_a_bug_and_says_how(monkeypatch):
    settlement_leaves_the_exposure(monkeypatch)
    once = settings(SETTINGS, database=None, phases=[Phase.generate], report_multiple_bugs=False)
    with pytest.raises(AssertionError, match="exposure") as found:
        run_state_machine_as_test(Trading, settings=once)
    assert any("state.found(" in note for note in found.value.__notes__)
