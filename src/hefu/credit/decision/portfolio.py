"""
Many firms under one budget, in integers: what can be chosen, what it uses up, what it is expected to bring, and how good it
could be at best. A solver proposes; this file says whether the proposal keeps to the rules and what it is worth, exactly.

Every firm is offered one amount at one rate, or nothing. An offer uses up rows (budget, caps, floors, expected loss, capital)
in proportion to its amount. For any prices of the rows that are not negative, the sum of what each firm would bring at these
prices, plus the rows' own worth, is more than any allocation can bring (weak duality): that is the bound that the gap is stated
against, and anybody can compute it again from the recorded prices.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from hefu.credit.decision.economics import Expected, Terms, expected_of
from hefu.credit.decision.numbers import ONE, ceil_div, down_to, part_of
from hefu.credit.decision.policy import Policy, Steering
from hefu.kernel.errors import UsageError

#: A rounded profit is above the exact one by half a fen at most; one more where a quotient was rounded down.
_ROUNDING = 2


@dataclass(frozen=True, slots=True)
class Firm:
    """
    A firm that money could go to.

    Args:
        limit: Most that it could be lent before steering, fen; 0 for as much as the policy lends to anybody.
    """

    name: str
    default_ppm: int
    limit: int = 0
    industry: str = ""
    lists: tuple[str, ...] = ()
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """
    A firm as the policy sees it.

    Args:
        firm: Position among the firms.
        churn: Position of its class; -1 where the policy says nothing of churn.
        least, most: Amounts, fen, multiples of the step.
        rates: Positions of the lowest and highest rate of the grid.
        rules: Positions of the steering rules that mean it.
    """

    firm: int
    terms: Terms
    churn: int
    least: int
    most: int
    rates: tuple[int, int]
    rules: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """
    One constraint: the sum over offers of amount * use is at most room, both in ppm of a fen.

    Args:
        kind: "budget", "cap", "floor", "loss" or "capital".
        rule: Position of its steering rule, or -1.
        share_ppm: For a floor or a bound on losses.
    """

    name: str
    kind: str
    room: int
    rule: int = -1
    share_ppm: int = 0


@dataclass(frozen=True, slots=True)
class Choice:
    """An offer: position of the candidate, amount in fen, rate in ppm."""

    candidate: int
    amount: int
    rate_ppm: int


@dataclass(frozen=True, slots=True)
class Totals:
    """Of all offers together; fen."""

    firms: int
    offered: int
    expected: Expected

    @property
    def profit(self) -> int:
        """What is maximised."""
        return self.expected.profit


class Problem:
    """
    Firms, a policy and a budget.

    Args:
        budget: Fen.
        on: Date by which rules are chosen.
        planned: The book that caps are shares of, fen; the budget by default.
        taken: Outstanding by name of a steering rule that has a cap.
        without: Names of rules that are left out: steering rules, "loss" or "capital".

    Raises:
        UsageError: Two firms have one name (FIRM_TWICE); what is taken names no cap (NO_SUCH_RULE) or is below zero (BAD_AMOUNT);
            the policy offers no data facility (NO_DATA_FACILITY), or is not in
            force.
    """

    def __init__(
        self,
        policy: Policy,
        firms: Sequence[Firm],
        budget: int,
        on: date,
        *,
        planned: int = 0,
        taken: Mapping[str, int] | None = None,
        without: frozenset[str] = frozenset(),
    ) -> None:
        if "data" not in policy.facilities:
            raise UsageError(
                "an allocation lends on the data facility, which this policy does not offer", code="NO_DATA_FACILITY"
            )
        if on < policy.effective_on or (policy.expires_on is not None and on >= policy.expires_on):
            raise UsageError("the policy is not in force on the date of the decision", code="POLICY_NOT_IN_FORCE")
        names = set[str]()
        for firm in firms:
            if firm.name in names:
                raise UsageError("two rows are about the same firm", code="FIRM_TWICE")
            names.add(firm.name)
        capped = {rule.code for rule in policy.steering if rule.cap_ppm is not None}
        for name, amount in (taken or {}).items():
            if name not in capped:
                raise UsageError("no rule of this name caps anything", code="NO_SUCH_RULE", where=name)
            if amount < 0:
                raise UsageError("what is outstanding is not below zero", code="BAD_AMOUNT", where=name)
        self.policy, self.firms, self.budget, self.on = policy, tuple(firms), budget, on
        self.planned, self.taken, self.without = planned or budget, dict(taken or {}), without
        self.steering: tuple[Steering, ...] = tuple(rule for rule in policy.steering if rule.code not in without)
        self.grid = (*range(policy.rate_min, policy.rate_max, policy.grid_ppm), policy.rate_max)
        self.refused: dict[int, str] = {}
        self.candidates: tuple[Candidate, ...] = tuple(self._candidates())
        self.rows: tuple[Row, ...] = tuple(self._rows())

    def without_rule(self, name: str) -> Problem:
        """The same without one rule."""
        return Problem(
            self.policy,
            self.firms,
            self.budget,
            self.on,
            planned=self.planned,
            taken=self.taken,
            without=self.without | {name},
        )

    def _candidates(self) -> Iterator[Candidate]:
        policy = self.policy
        facility = policy.facilities["data"]
        tenor = min(policy.tenor_days, facility.tenor_days)
        most_risk = min(policy.refuse_above_ppm, facility.refuse_above_ppm)
        meant: dict[tuple[str, tuple[str, ...], str], tuple[int, ...]] = {}
        for i, firm in enumerate(self.firms):
            key = firm.industry, firm.lists, firm.purpose
            if key not in meant:
                meant[key] = tuple(n for n, rule in enumerate(self.steering) if rule.means(*key, self.on))
            rules = meant[key]
            if firm.default_ppm > most_risk:
                self.refused[i] = "DEFAULT_TOO_LIKELY"
                continue
            most = firm.limit or policy.limit_max
            low, high = policy.rate_min, policy.rate_max
            for n in rules:
                rule = self.steering[n]
                most = part_of(most, rule.limit_ppm)
                # A preference lowers the highest rate, a surcharge raises the lowest: the solver chooses between.
                low, high = low + max(0, rule.rate_ppm), min(high + min(0, rule.rate_ppm), rule.rate_max or ONE)
            most = down_to(
                min(most, policy.limit_max, self.budget if policy.budget_counts == "offered" else most),
                policy.limit_step,
            )
            if most < policy.limit_min:
                self.refused[i] = "LIMIT_TOO_SMALL"
                continue
            allowed = [n for n, rate in enumerate(self.grid) if low <= rate <= high]
            if not allowed:
                self.refused[i] = "PRICE_TOO_HIGH"
                continue
            terms = Terms(firm.default_ppm, facility.loss_ppm, tenor, policy.day_basis)
            least = down_to(policy.limit_min + policy.limit_step - 1, policy.limit_step)
            churn = policy.churn_of(firm.default_ppm)
            yield Candidate(i, terms, churn, min(least, most), most, (allowed[0], allowed[-1]), rules)

    def _rows(self) -> Iterator[Row]:
        policy = self.policy
        yield Row("budget", "budget", self.budget * ONE)
        for n, rule in enumerate(self.steering):
            if rule.cap_ppm is not None:
                room = max(0, part_of(self.planned, rule.cap_ppm) - self.taken.get(rule.code, 0))
                yield Row(rule.code, "cap", room * ONE, n)
        for n, rule in enumerate(self.steering):
            if rule.floor_ppm:
                yield Row(rule.code, "floor", 0, n, rule.floor_ppm)
        if policy.loss_max_ppm < ONE and "loss" not in self.without:
            yield Row("loss", "loss", 0, -1, policy.loss_max_ppm)
        if policy.capital_max is not None and "capital" not in self.without:
            yield Row("capital", "capital", policy.capital_max * ONE)

    @cached_property
    def unmet_floors(self) -> tuple[str, ...]:
        """Rules with a floor that no firm can meet, so that nothing can be lent at all."""
        meant = {n for candidate in self.candidates for n in candidate.rules}
        return tuple(row.name for row in self.rows if row.kind == "floor" and row.rule not in meant)

    @cached_property
    def rule_names(self) -> tuple[str, ...]:
        """Names of all that could be left out."""
        names = [rule.code for rule in self.steering]
        return tuple(dict.fromkeys([*names, *(row.name for row in self.rows if row.kind in ("loss", "capital"))]))

    # -- one offer --------------------------------------------------------------------------------------------------------

    def churn_at(self, candidate: Candidate, rate_ppm: int) -> int:
        """Churn, ppm."""
        return ONE - self._takens[candidate.churn][self._place[rate_ppm]]

    def use(self, row: Row, candidate: Candidate, churn_ppm: int) -> int:
        """What each fen of an offer uses up of a row, ppm; below zero where it gives room."""
        if row.kind == "budget":
            return ONE if self.policy.budget_counts == "offered" else ONE - churn_ppm
        if row.kind == "cap":
            return ONE if row.rule in candidate.rules else 0
        if row.kind == "floor":
            return row.share_ppm - (ONE if row.rule in candidate.rules else 0)
        if row.kind == "loss":
            terms = candidate.terms
            over = terms.term_default_ppm * terms.loss_ppm - row.share_ppm * ONE
            return ceil_div((ONE - churn_ppm) * over, ONE * ONE)
        return self.policy.costs.capital_ppm

    def result(self, choice: Choice) -> Expected:
        """What an offer is expected to bring."""
        candidate = self.candidates[choice.candidate]
        churn = self.churn_at(candidate, choice.rate_ppm)
        return expected_of(choice.amount, choice.rate_ppm, churn, candidate.terms, self.policy.costs)

    # -- all offers -------------------------------------------------------------------------------------------------------

    def used(self, choices: Sequence[Choice]) -> tuple[int, ...]:
        """What the offers use up of each row."""
        found = [0] * len(self.rows)
        for choice in choices:
            candidate = self.candidates[choice.candidate]
            churn = self.churn_at(candidate, choice.rate_ppm)
            for k, row in enumerate(self.rows):
                found[k] += choice.amount * self.use(row, candidate, churn)
        return tuple(found)

    def checked(self, choices: Sequence[Choice]) -> Totals:
        """
        What the offers bring together, if every one of them and all of them keep to the rules.

        Raises:
            UsageError: An offer or a row is out of bounds (ALLOCATION_INFEASIBLE; `where` names it).
        """

        def need(holds: bool, where: str) -> None:
            if not holds:
                raise UsageError("the allocation breaks a bound", code="ALLOCATION_INFEASIBLE", where=where)

        before = -1
        for choice in choices:
            need(before < choice.candidate < len(self.candidates), "order of the offers")
            before, candidate = choice.candidate, self.candidates[choice.candidate]
            where = f"offer {choice.candidate}"
            need(
                candidate.least <= choice.amount <= candidate.most and choice.amount % self.policy.limit_step == 0,
                where,
            )
            need(candidate.rates[0] <= self._place.get(choice.rate_ppm, -1) <= candidate.rates[1], where)
        for row, used in zip(self.rows, self.used(choices)):
            need(used <= row.room, f"{row.kind} {row.name}")
        return self.totals(choices)

    def totals(self, choices: Sequence[Choice]) -> Totals:
        """Sums over the offers."""
        results = [self.result(choice) for choice in choices]
        names = ("lent", "interest", "loss", "funding", "operating", "capital")
        whole = Expected(*(sum(getattr(result, name) for result in results) for name in names))
        return Totals(len(choices), sum(choice.amount for choice in choices), whole)

    def bound(self, prices_ppm: Sequence[int]) -> int:
        """
        More than any allocation can bring, fen.

        Args:
            prices_ppm: Of each row, ppm of a fen for a fen of room; none below zero.
        """
        assert len(prices_ppm) == len(self.rows)
        assert min(prices_ppm, default=0) >= 0
        whole = sum(price * row.room for price, row in zip(prices_ppm, self.rows))
        return ceil_div(whole, ONE * ONE) + sum(self._best(candidate, prices_ppm) for candidate in self.candidates)

    def _best(self, candidate: Candidate, prices_ppm: Sequence[int]) -> int:
        """
        The most that a firm brings at these prices.

        All is linear in the amount, so a firm is worth its largest amount at the best rate, or less than a fen. Over one
        denominator, profit less prices is taken * (rate * gain - cost) - fixed, where taken is the part that accepts.
        """
        terms, costs, amount = candidate.terms, self.policy.costs, candidate.most
        default, days, basis = terms.term_default_ppm, terms.tenor_days, terms.day_basis
        gain = amount * days * (ONE - default)
        cost = amount * (
            default * terms.loss_ppm * basis
            + days * (costs.funding_ppm + costs.operating_ppm) * ONE
            + days * costs.capital_ppm * costs.capital_return_ppm
        )
        cost += costs.fixed * basis * ONE * ONE
        fixed = 0
        for price, row in zip(prices_ppm, self.rows):
            if not price:
                continue
            if row.kind == "loss":
                # Rounded down, which leaves the bound a bound.
                cost += amount * price * (default * terms.loss_ppm - row.share_ppm * ONE) * basis // ONE
            elif row.kind == "budget" and self.policy.budget_counts == "expected":
                cost += amount * price * basis * ONE
            else:
                fixed += amount * price * self.use(row, candidate, 0) * basis * ONE
        low, high = candidate.rates
        takens = self._takens[candidate.churn]
        top: int = max(takens[n] * (self.grid[n] * gain - cost) for n in range(low, high + 1)) - fixed
        return max(1, top // (basis * ONE**3) + _ROUNDING)

    @cached_property
    def _takens(self) -> dict[int, tuple[int, ...]]:
        """By class, the part of customers who accept at each rate of the grid, ppm."""
        if not self.policy.churn:
            return {-1: (ONE,) * len(self.grid)}
        return {n: tuple(ONE - churn.at(rate) for rate in self.grid) for n, churn in enumerate(self.policy.churn)}

    @cached_property
    def _place(self) -> dict[int, int]:
        return {rate: n for n, rate in enumerate(self.grid)}
