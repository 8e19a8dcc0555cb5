"""
Proposes an allocation: prices of the rows by cutting planes on the Lagrangian dual, then a mixed-integer program over the firms
that those prices leave undecided. HiGHS solves both; floats stay in this file, and what it proposes is checked in integers.

At given prices every firm decides for itself, so a hundred thousand firms cost an array operation, and only as many firms as
there are rows, or a few more, need to be weighed against each other. Where firms are few the program holds all of them.

Source:
    Dantzig & Wolfe, Decomposition Principle for Linear Programs (1960); Kelley, The Cutting-Plane Method (1960); Geoffrion,
    Lagrangean Relaxation for Integer Programming (1974).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hefu.credit.decision.allocation import Effect
from hefu.credit.decision.numbers import ONE
from hefu.credit.decision.policy import Steering
from hefu.credit.decision.portfolio import Choice, Problem, Totals
from hefu.kernel.errors import Unavailable, UsageError

if TYPE_CHECKING:
    import highspy

#: The dual ends where a step promises less than this part of the bound.
_DUAL_GAP = 1e-7
_DUAL_STEPS = 120
#: Firms from which the dual is first solved on every so-many-th firm.
_SAMPLED = 8_000
_SAMPLE = 4_000
#: Firms that the program weighs at first, and at most.
_CORE = 100
#: Rates that it weighs for each.
_RATES = 5
#: A gap that more firms in the program are not worth trying for, part of the bound.
_GAP = 1e-5


@dataclass(frozen=True, slots=True)
class Allocation:
    """
    Args:
        prices_ppm: Of each row: what one more fen of room would bring, ppm.
        bound: No allocation brings more, fen; from the prices, in integers.
        gap_ppm: How much more the bound is than the profit, part of the bound.
    """

    choices: tuple[Choice, ...]
    totals: Totals
    prices_ppm: tuple[int, ...]
    bound: int

    @property
    def gap_ppm(self) -> int:
        """The gap as part of the bound, rounded up."""
        return -((self.totals.profit - self.bound) * ONE // self.bound) if self.bound > 0 else 0


def allocate(problem: Problem, *, start_ppm: Sequence[int] | None = None, nodes: int = 2_000) -> Allocation:
    """
    Propose an allocation, check it and bound it.

    Args:
        start_ppm: Prices to begin with, of a problem much like this one.
        nodes: Most that each mixed-integer program may branch to; not a time, so that a slow machine proposes the same.

    Raises:
        Unavailable: No solver is installed (NO_SOLVER).
        UsageError: The policy leaves churn to a table, and none was given (CHURN_NOT_GIVEN).
    """
    try:
        import highspy
        import numpy as np
    except ImportError:
        raise Unavailable("an allocation needs a solver: pip install 'hefu[allocation]'", code="NO_SOLVER") from None
    if not problem.candidates:
        return Allocation((), problem.totals(()), (0,) * len(problem.rows), 0)
    solver = _Solver(problem, highspy, np, nodes)
    prices = solver.prices(start_ppm)
    choices, totals = solver.program(prices)
    prices_ppm = tuple(math.floor(price * ONE) for price in prices)
    return Allocation(choices, totals, prices_ppm, max(totals.profit, problem.bound(prices_ppm)))


class _Solver:
    """Arrays of one problem; amounts in steps of the policy, money in fen."""

    def __init__(self, problem: Problem, high: Any, np: Any, nodes: int) -> None:
        self.problem, self.high, self.np, self.nodes = problem, high, np, nodes
        policy, candidates, grid = problem.policy, problem.candidates, problem.grid
        costs, n = policy.costs, len(candidates)
        rate = np.array(grid, dtype=float) / ONE
        taken = np.array([problem._takens[c] for c in sorted(problem._takens)], dtype=float) / ONE
        group = np.fromiter((max(0, c.churn) for c in candidates), dtype=np.int64, count=n)
        default = np.fromiter((c.terms.term_default_ppm for c in candidates), dtype=float, count=n) / ONE
        years = candidates[0].terms.tenor_days / candidates[0].terms.day_basis
        loss = candidates[0].terms.loss_ppm / ONE
        carried = (
            (costs.funding_ppm + costs.operating_ppm + costs.capital_ppm / ONE * costs.capital_return_ppm) / ONE * years
        )
        self.most = np.fromiter((c.most for c in candidates), dtype=float, count=n)
        self.least = np.fromiter((c.least for c in candidates), dtype=float, count=n)
        low = np.fromiter((c.rates[0] for c in candidates), dtype=np.int64, count=n)
        high_rate = np.fromiter((c.rates[1] for c in candidates), dtype=np.int64, count=n)
        #: Part of customers who accept, by candidate and rate.
        self.taken = taken[group]
        self.profit = self.taken * ((1 - default)[:, None] * rate * years - (default * loss + carried)[:, None])
        place = np.arange(len(grid))
        self.profit[(place < low[:, None]) | (place > high_rate[:, None])] = -1e9
        self.fixed = costs.fixed * self.taken
        # What an offer uses of row k: alpha[k] + beta[k] * taken, by candidate.
        self.room = np.array([row.room / ONE for row in problem.rows])
        self.alpha = np.zeros((len(problem.rows), n))
        self.beta = np.zeros((len(problem.rows), n))
        for k, row in enumerate(problem.rows):
            if row.kind == "loss":
                self.beta[k] = default * loss - row.share_ppm / ONE
            elif row.kind == "budget" and policy.budget_counts == "expected":
                self.beta[k] = 1.0
            else:
                self.alpha[k] = [problem.use(row, c, 0) / ONE for c in candidates]

    # -- prices -------------------------------------------------------------------------------------------------------

    def prices(self, start_ppm: Sequence[int] | None) -> Any:
        """Prices that make the bound least."""
        np, n = self.np, len(self.most)
        start = np.zeros(len(self.room)) if start_ppm is None else np.array(start_ppm, dtype=float) / ONE
        everyone = np.arange(n)
        if n > _SAMPLED and start_ppm is None:
            few = everyone[:: n // _SAMPLE]
            start = self._dual(few, self.room * (len(few) / n), start, 0.5)
            return self._dual(everyone, self.room, start, 0.01)
        return self._dual(everyone, self.room, start, 0.5 if start_ppm is None else 0.05)

    def _dual(self, firms: Any, room: Any, start: Any, radius: float) -> Any:
        """
        Cutting planes within a box around the best prices so far; the box grows where a step held what it promised, and shrinks
        where it did not.
        """
        np, rows = self.np, len(room)
        best, best_value = start.copy(), math.inf
        master, at, reachable = self._master(rows, room), start, -math.inf
        for cuts in range(1, _DUAL_STEPS + 1):
            value, slope = self._value(firms, room, at)
            # bound(prices) >= value + slope * (prices - at): theta stands for the firms' part of it.
            firms_slope = slope - room
            master.addRow(value - room @ at - firms_slope @ at, math.inf, rows + 1, np.arange(rows + 1, dtype=np.int32),
                          np.concatenate(([1.0], -firms_slope)))  # fmt: skip
            promised = best_value - reachable
            if value < best_value:
                if cuts > 1 and best_value - value > 0.5 * promised:
                    radius *= 2
                best, best_value = at, value
            elif cuts > 1:
                radius /= 2
            for k in range(rows):
                master.changeColBounds(k + 1, max(0.0, best[k] - radius), best[k] + radius)
            master.run()
            if master.getModelStatus() != self.high.HighsModelStatus.kOptimal:
                break
            reachable = master.getInfo().objective_function_value
            at = np.maximum(np.array(master.getSolution().col_value[1:]), 0.0)
            inside = bool(np.all((at < best + radius * 0.999) & ((at > best - radius * 0.999) | (at <= 0))))
            if best_value - reachable <= _DUAL_GAP * max(1.0, abs(best_value)):
                if inside or radius > 1:
                    break
                radius *= 4
        return best

    def _master(self, rows: int, room: Any) -> highspy.Highs:
        """min theta + room * prices, over cuts to come."""
        master = self._quiet()
        inf = math.inf
        master.addVar(-inf, inf)
        master.changeColCost(0, 1.0)
        for k in range(rows):
            master.addVar(0.0, 1.0)
            master.changeColCost(k + 1, float(room[k]))
        return master

    def _quiet(self) -> highspy.Highs:
        solver: highspy.Highs = self.high.Highs()
        for name, value in (("output_flag", False), ("threads", 1), ("random_seed", 1)):
            solver.setOptionValue(name, value)
        return solver

    def _worth(self, firms: Any, prices: Any) -> Any:
        """What each firm's largest amount brings at each rate, after prices."""
        fixed_price = prices @ self.alpha[:, firms]
        taken_price = prices @ self.beta[:, firms]
        worth = self.profit[firms] - fixed_price[:, None]
        if taken_price.any():
            worth -= self.taken[firms] * taken_price[:, None]
        worth *= self.most[firms][:, None]
        if self.problem.policy.costs.fixed:
            worth -= self.fixed[firms]
        return worth

    def _value(self, firms: Any, room: Any, prices: Any) -> tuple[float, Any]:
        """The bound and its slope."""
        np = self.np
        worth = self._worth(firms, prices)
        rate = worth.argmax(axis=1)
        top = worth[np.arange(len(firms)), rate]
        chosen = top > 0
        who, at = firms[chosen], rate[chosen]
        use = self.alpha[:, who] + self.beta[:, who] * self.taken[who, at]
        return float(top[chosen].sum() + prices @ room), room - use @ self.most[who]

    # -- the program --------------------------------------------------------------------------------------------------

    def program(self, prices: Any) -> tuple[tuple[Choice, ...], Totals]:
        """Weigh the undecided firms, more of them where that is not enough."""
        np, n = self.np, len(self.most)
        worth = self._worth(np.arange(n), prices)
        order = np.sort(worth, axis=1)
        top = order[:, -1]
        second = order[:, -2] if order.shape[1] > 1 else np.full(n, -np.inf)
        # How far a firm is from choosing otherwise: another rate, or nothing.
        firmness = np.where(top > 0, np.minimum(top, top - np.maximum(second, 0)), -top)
        by_firmness = np.argsort(np.abs(firmness), kind="stable")
        core, bound = min(n, _CORE), self._value(np.arange(n), self.room, prices)[0]
        found: tuple[tuple[Choice, ...], Totals] | None = None
        while True:
            made = self._weighed(by_firmness[:core], worth, top)
            if made is not None and (found is None or made[1].profit > found[1].profit):
                found = made
            if core >= n or (found is not None and (core >= 4 * _CORE or bound - found[1].profit <= _GAP * bound)):
                break
            core = min(n, core * 4)
        if found is None:
            raise UsageError("the solver found no allocation; look at the policy's floors", code="ALLOCATION_NOT_FOUND")
        return found

    def _weighed(self, core: Any, worth: Any, top: Any) -> tuple[tuple[Choice, ...], Totals] | None:
        """The best allocation in which all firms outside the core do what they would at the prices, or None."""
        np, step = self.np, self.problem.policy.limit_step
        free = np.zeros(len(top), dtype=bool)
        free[core] = True
        who = np.flatnonzero(~free & (top > 0))
        at = worth[who].argmax(axis=1)
        left = self.room - (self.alpha[:, who] + self.beta[:, who] * self.taken[who, at]) @ self.most[who]
        columns = self._columns(core, worth, top)
        slack = np.zeros(len(left))
        for _ in range(4):
            solution = self._solved(columns, (left - slack) / step)
            if solution is None:
                return None
            offers = [*zip(who.tolist(), self.most[who].astype(np.int64).tolist(), at.tolist()), *solution]
            choices = tuple(
                Choice(int(candidate), int(amount), self.problem.grid[rate])
                for candidate, amount, rate in sorted(offers)
            )
            over = [used - row.room for used, row in zip(self.problem.used(choices), self.problem.rows)]
            if max(over) <= 0:
                return choices, self.problem.checked(choices)
            # The solver's tolerance let a row through by a hair.
            slack += np.array([max(0, part) * 2 / ONE for part in over])
        return None

    def _columns(self, core: Any, worth: Any, top: Any) -> list[tuple[int, int]]:
        """Firm and rate of each offer that the program may make: the best rates of each firm of the core."""
        np = self.np
        # Where no row looks at who accepts, prices do not move the rate that is best; only a fixed cost can, and hardly.
        keep = _RATES if self.beta.any() else 2 if self.problem.policy.costs.fixed else 1
        columns = []
        for i in core.tolist():
            rates = np.argsort(-worth[i], kind="stable")[:keep]
            columns += [(i, int(r)) for r in rates if self.profit[i, r] > -1e8]
        return columns

    def _solved(self, columns: list[tuple[int, int]], room: Any) -> list[tuple[int, int, int]] | None:
        """Firm, amount and rate of the offers that the program makes."""
        np, step = self.np, self.problem.policy.limit_step
        if not columns:
            return []
        who = np.array([i for i, _ in columns])
        at = np.array([r for _, r in columns])
        m = len(columns)
        least, most = np.ceil(self.least[who] / step), np.floor(self.most[who] / step)
        # Columns: steps of each offer, then whether it is made.
        gain = np.concatenate((self.profit[who, at] * step, -self.fixed[who, at]))
        use = self.alpha[:, who] + self.beta[:, who] * self.taken[who, at]
        starts, places, values, lower, upper = [0], list[int](), list[float](), list[float](), list[float]()

        def row(indices: Sequence[int], numbers: Sequence[float], low: float, high: float) -> None:
            places.extend(indices)
            values.extend(numbers)
            starts.append(len(places))
            lower.append(low)
            upper.append(high)

        inf = self.high.kHighsInf
        for k in range(len(room)):
            used = np.flatnonzero(use[k])
            row(used.tolist(), use[k, used].tolist(), -inf, float(room[k]))
        for j in range(m):
            row((j, m + j), (1.0, -float(most[j])), -inf, 0.0)
            row((j, m + j), (1.0, -float(least[j])), 0.0, inf)
        first = 0
        for j in range(1, m + 1):
            if j == m or who[j] != who[first]:
                if j - first > 1:
                    row(range(m + first, m + j), [1.0] * (j - first), -inf, 1.0)
                first = j
        model = self.high.HighsLp()
        model.num_col_, model.num_row_ = 2 * m, len(lower)
        model.col_cost_ = -gain / max(1.0, float(np.abs(gain).max()))
        model.col_lower_ = np.zeros(2 * m)
        model.col_upper_ = np.concatenate((most, np.ones(m)))
        model.row_lower_, model.row_upper_ = np.array(lower), np.array(upper)
        model.a_matrix_.format_ = self.high.MatrixFormat.kRowwise
        model.a_matrix_.start_ = np.array(starts)
        model.a_matrix_.index_ = np.array(places)
        model.a_matrix_.value_ = np.array(values)
        model.integrality_ = [self.high.HighsVarType.kInteger] * (2 * m)
        solver = self._quiet()
        for name, value in (("mip_max_nodes", self.nodes), ("mip_rel_gap", 1e-6)):
            solver.setOptionValue(name, value)
        solver.passModel(model)
        solver.run()
        if not solver.getInfo().primal_solution_status:
            return None
        solution = solver.getSolution().col_value
        if solver.getInfo().primal_solution_status != self.high.SolutionStatus.kSolutionStatusFeasible:
            return None
        amounts = [round(solution[j]) for j in range(m)]
        return [(int(who[j]), amounts[j] * step, int(at[j])) for j in range(m) if amounts[j] > 0]


def effects_of(problem: Problem, made: Allocation, rules: Sequence[str] | None = None) -> list[Effect]:
    """
    What each rule moves, by solving again without it.

    Args:
        rules: Names; all of the problem's by default.
    """
    found = []
    start = {(row.name, row.kind): price for row, price in zip(problem.rows, made.prices_ppm)}
    for name in problem.rule_names if rules is None else rules:
        other = problem.without_rule(name)
        again = allocate(other, start_ppm=[start.get((row.name, row.kind), 0) for row in other.rows])
        rule = next((rule for rule in problem.steering if rule.code == name), None)
        found.append(
            Effect(
                rule=name,
                profit=made.totals.profit - again.totals.profit,
                loss=made.totals.expected.loss - again.totals.expected.loss,
                offered=made.totals.offered - again.totals.offered,
                firms=made.totals.firms - again.totals.firms,
                meant=_offered_to(problem, made.choices, rule),
                meant_without=_offered_to(other, again.choices, rule),
            )
        )
    return found


def _offered_to(problem: Problem, choices: Sequence[Choice], rule: Steering | None) -> int:
    firms = ((problem.firms[problem.candidates[choice.candidate].firm], choice.amount) for choice in choices)
    return sum(
        amount
        for firm, amount in firms
        if rule is None or rule.means(firm.industry, firm.lists, firm.purpose, problem.on)
    )
