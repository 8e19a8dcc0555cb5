"""
The smallest change that would turn an answer, found with the model that gave it: every proposal is tried on the real decision,
and told only if that turns.

Only fields that the policy names as changeable are moved, each in its one feasible direction and within its bounds; what a firm
cannot change (its age, its industry) is not named there. Combinations of up to three fields are tried in the order of what they
cost, so the first that turns is the cheapest of those that are tried. Values lie at the thresholds of the model and of the
policy; for money that limits rest on, the least amount that turns is searched for by halving.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from hefu.credit.decision.application import Application
from hefu.credit.decision.decide import Answer, Record, decide
from hefu.credit.decision.feasible import is_possible
from hefu.credit.decision.file import Decision, scored
from hefu.credit.decision.numbers import ceil_div, down_to
from hefu.credit.decision.policy import Change, Policy, read_policy
from hefu.credit.models.record import Model
from hefu.kernel.errors import HefuError
from hefu.kernel.time import business_date

FIELDS_MAX = 3
TRIES = 3_000
#: Raises of money, percent, where no threshold says which value matters.
_RAISES = (5, 10, 20, 35, 50, 75, 100, 150, 200)
#: No firm is told to become more than three times what it is.
_TIMES_MAX = 3


@dataclass(frozen=True, slots=True)
class Move:
    """
    One field's change.

    Args:
        along: Fields that move by the same amount.
        cost: Points of effort, as the policy states them.
        days: How long it takes at least.
    """

    field: str
    old: int
    new: int
    along: tuple[str, ...]
    cost: int
    days: int


@dataclass(frozen=True, slots=True)
class Turn:
    """
    A change that turns the answer, and the answer that it turns to.

    Args:
        moves: Of the record; empty where something else is changed.
        amount: What to ask for instead, fen; None where that stays.
        confirmed: Receivable that its obligor would confirm, or empty.
    """

    moves: tuple[Move, ...]
    amount: int | None
    confirmed: str
    answer: Answer

    @property
    def cost(self) -> int:
        """Points of effort of all moves."""
        return sum(move.cost for move in self.moves)


@dataclass(frozen=True, slots=True)
class Found:
    """
    Args:
        turn: The cheapest change of the record that turns the answer, or None.
        others: What would turn it too, without any change of the firm: to ask for less, a buyer's confirmation.
        is_complete: Whether every combination up to that cost, or all of them, was tried; without it a change may have been missed.
        tried: How many were.
    """

    turn: Turn | None
    others: tuple[Turn, ...]
    is_complete: bool
    tried: int


def approved(answer: Answer) -> bool:
    """The goal by default: approved, whatever the amount."""
    return answer.verdict == "approve"


def apply_moves(record: Record, moves: tuple[Move, ...]) -> dict[str, int | None]:
    """The record after the moves."""
    changed = dict(record)
    for move in moves:
        changed[move.field] = move.new
        for name in move.along:
            value = changed.get(name)
            if value is not None:
                changed[name] = value + move.new - move.old
    return changed


def of_decision(
    decision: Decision, model: Model, *, goal: Callable[[Answer], bool] = approved, tries: int = TRIES
) -> Found:
    """The smallest change that would have turned a decision."""
    inputs = decision.inputs
    policy = read_policy(inputs.policy.encode())
    return smallest_change(
        policy, inputs.application, inputs.record, model, business_date(inputs.at_ms), goal=goal, tries=tries
    )


def smallest_change(
    policy: Policy,
    application: Application,
    record: Record,
    model: Model,
    on: date,
    *,
    goal: Callable[[Answer], bool] = approved,
    tries: int = TRIES,
) -> Found:
    """
    Search.

    Args:
        goal: What the answer ought to be.
        tries: Decisions that may be made on the way.
    """
    return _Search(policy, application, record, model, on, goal, tries).found()


class _Search:
    """One search."""

    def __init__(
        self,
        policy: Policy,
        application: Application,
        record: Record,
        model: Model,
        on: date,
        goal: Callable[[Answer], bool],
        tries: int,
    ) -> None:
        self.policy, self.application, self.record, self.model, self.on = policy, application, record, model, on
        self.goal, self.left, self.tries = goal, tries, tries
        #: What the sources say of a firm may contradict itself already; then nothing follows from a contradiction.
        self.was_possible = is_possible(record)
        self.modelled = {field.name for field in model.fields}
        self.money = {anchor.field for segment in policy.segments for anchor in segment.anchors} | {policy.debt_field}

    def found(self) -> Found:
        if self._turned(()) is not None:
            return Found(None, (), True, 1)
        others = tuple(self._others())
        levers = [(change, options) for change in self.policy.changes if (options := self._options(change))]
        # If even all of it together does not turn the answer, no part of it will be searched for: more is never worse by much.
        best = tuple(self._move(change, options[-1]) for change, options in levers)
        if not levers or (len(levers) > FIELDS_MAX and self._turned(best) is None and not self._any_single(levers)):
            return Found(None, others, not levers, self.tries - self.left)
        for moves in self._by_cost(levers):
            answer = self._turned(moves)
            if answer is not None:
                return Found(self._shrunk(Turn(moves, None, "", answer)), others, True, self.tries - self.left)
            if self.left <= 0:
                return Found(None, others, False, self.tries)
        return Found(None, others, True, self.tries - self.left)

    def _any_single(self, levers: list[tuple[Change, list[int]]]) -> bool:
        return any(self._turned((self._move(change, value),)) for change, options in levers for value in options)

    # -- trying ---------------------------------------------------------------------------------------------------------

    def _turned(self, moves: tuple[Move, ...], application: Application | None = None) -> Answer | None:
        """The answer, if it is what it ought to be."""
        self.left -= 1
        record: Mapping[str, int | None] = apply_moves(self.record, moves)
        if self.was_possible and not is_possible(record):
            return None
        try:
            score = scored(self.model, record)
        except HefuError:
            # A value that the field cannot have.
            return None
        answer, _ = decide(self.policy, application or self.application, record, score, self.on)
        return answer if self.goal(answer) else None

    def _move(self, change: Change, value: int) -> Move:
        old = self.record[change.field]
        assert old is not None
        cost = ceil_div(abs(value - old), change.unit) * change.cost
        along = tuple(name for name in change.along if self.record.get(name) is not None)
        return Move(change.field, old, value, along, cost, change.days)

    def _by_cost(self, levers: list[tuple[Change, list[int]]]) -> Iterator[tuple[Move, ...]]:
        """Combinations of up to three fields, cheapest first, each once."""
        moves = [[self._move(change, value) for value in options] for change, options in levers]
        heap: list[tuple[int, tuple[tuple[int, int], ...]]] = [
            (options[0].cost, ((n, 0),)) for n, options in enumerate(moves)
        ]
        heapq.heapify(heap)
        while heap:
            cost, picked = heapq.heappop(heap)
            yield tuple(moves[n][i] for n, i in picked)
            last, at = picked[-1]
            if at + 1 < len(moves[last]):
                more = moves[last][at + 1].cost - moves[last][at].cost
                heapq.heappush(heap, (cost + more, (*picked[:-1], (last, at + 1))))
            if len(picked) < FIELDS_MAX:
                for n in range(last + 1, len(moves)):
                    heapq.heappush(heap, (cost + moves[n][0].cost, (*picked, (n, 0))))

    # -- values worth trying ----------------------------------------------------------------------------------------------

    def _options(self, change: Change) -> list[int]:
        """Values of a field at which something can change, nearest first."""
        old = self.record.get(change.field)
        if old is None:
            # Nobody can promise what an unknown value would be.
            return []
        up = change.better == "up"
        values = set[int]()
        for name in (change.field, *change.along):
            base = self.record.get(name)
            if name in self.modelled and base is not None:
                for step in self.model.steps(name):
                    values.add(old + step + (1 if up else 0) - base)
        for rule in self.policy.rules:
            if rule.field == change.field:
                values.update(bound for bound in (rule.above, rule.below) if bound is not None)
        if change.field in self.money and up:
            values.update(old + max(old, 1) * percent // 100 for percent in _RAISES)
            values.update(self._least(change, old))
        most = min(change.high, old * _TIMES_MAX) if change.field in self.money and old > 0 else change.high
        inside = [v for v in values if change.low <= v <= most and (v > old if up else v < old)]
        return sorted(inside, reverse=not up)

    def _least(self, change: Change, old: int) -> list[int]:
        """The least value that turns the answer alone, where the highest does."""
        high = min(change.high, max(old, 1) * _TIMES_MAX)
        if high <= old or self._turned((self._move(change, high),)) is None:
            return []
        return [self._halved(change, old, high, ())]

    def _halved(self, change: Change, bad: int, good: int, rest: tuple[Move, ...]) -> int:
        """Between a value that does not turn and one that does: the one nearest to the first that was seen to turn."""
        while abs(good - bad) > 1:
            middle = (good + bad) // 2
            if self._turned((self._move(change, middle), *rest)) is None:
                bad = middle
            else:
                good = middle
        return good

    def _shrunk(self, turn: Turn) -> Turn:
        """Each move of money taken back as far as the others allow; still tried on the real decision."""
        moves = list(turn.moves)
        for n, move in enumerate(moves):
            change = next(change for change in self.policy.changes if change.field == move.field)
            if move.field in self.money:
                rest = tuple(other for k, other in enumerate(moves) if k != n)
                moves[n] = self._move(change, self._halved(change, move.old, move.new, rest))
        answer = self._turned(tuple(moves))
        return turn if answer is None else Turn(tuple(moves), None, "", answer)

    # -- without changing the firm ----------------------------------------------------------------------------------------

    def _others(self) -> Iterator[Turn]:
        policy, asked = self.policy, self.application
        amount = down_to(policy.limit_refer_above, policy.limit_step)
        if (not asked.amount or asked.amount > amount) and amount >= policy.limit_min:
            answer = self._turned((), replace(asked, amount=amount))
            if answer is not None:
                yield Turn((), amount, "", answer)
        for item in asked.items:
            if item.kind == "receivable" and "confirmed" not in item.evidence:
                evidence = tuple(sorted((*item.evidence, "confirmed")))
                items = tuple(replace(one, evidence=evidence) if one is item else one for one in asked.items)
                answer = self._turned((), replace(asked, items=items))
                if answer is not None:
                    yield Turn((), None, item.name, answer)
