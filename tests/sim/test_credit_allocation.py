"""An allocation keeps to every rule, is as good as trying everything, and its bound holds whatever the prices; its file replays."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit_decisions import AT_MS, ON, YUAN, example_bytes, policy_with
from hefu.credit.decision import allocation
from hefu.credit.decision.document import SALT_BYTES
from hefu.credit.decision.optimise import allocate, effects_of
from hefu.credit.decision.policy import Policy, read_policy
from hefu.credit.decision.portfolio import Choice, Firm, Problem
from hefu.kernel.errors import HefuError
from hefu.kernel.money import AMOUNT_MAX

CHURN = """
[[churn]]
name = "A"
default_up_to = "3%"
by_rate = [["3%", "0%"], ["6%", "30%"], ["9%", "50%"], ["15%", "90%"]]
[[churn]]
name = "B"
default_up_to = "20%"
by_rate = [["3%", "5%"], ["8%", "20%"], ["15%", "70%"]]
"""
#: Few steps and rates, so that everything can be tried.
TEXTS = [
    ('maximum = "3,000,000"', 'maximum = "300,000"'),
    ('step = "10,000"', 'step = "100,000"'),
    ('maximum = "15.00%"\nstep = "0.05%"', 'maximum = "15.00%"\nstep = "3.00%"'),
    ('prudence = "25%"', 'prudence = "0%"'),
    ('[[rule]]\nname = "self-trade"', CHURN + '[[rule]]\nname = "self-trade"'),
]


def _text(counts: str, loss: str, capital: str) -> str:
    text = example_bytes().decode() + (
        f'\n[portfolio]\nbudget_counts = "{counts}"\nrate_step = "3.00%"\nloss_max = "{loss}"\ncapital_max = "{capital}"\n'
    )
    for old, new in TEXTS:
        assert old in text
        text = text.replace(old, new, 1)
    return text


@st.composite
def problems(draw: st.DrawFn) -> tuple[str, Problem]:
    """A few firms and any budget."""
    text = _text(
        draw(st.sampled_from(["offered", "expected"])),
        draw(st.sampled_from(["100%", "1.5%"])),
        draw(st.sampled_from(["10,000,000", "30,000"])),
    )
    firms = [
        Firm(
            f"F{n}",
            draw(st.integers(1_000, 150_000)),
            draw(st.sampled_from([0, 100_000, 200_000, 250_000])) * YUAN,
            draw(st.sampled_from(["", "C3562", "C3111", "C1711"])),
            draw(st.sampled_from([(), ("green-verified",)])),
        )
        for n in range(draw(st.integers(1, 3)))
    ]
    budget = draw(st.integers(1, 9)) * 100_000 * YUAN
    return text, Problem(read_policy(text.encode()), firms, budget, ON, planned=2 * budget)


def everything(problem: Problem) -> int:
    """The best profit of all allocations, by trying them."""
    step = problem.policy.limit_step
    offers = [
        [None, *(
            Choice(n, amount, rate)
            for amount in range(c.least, c.most + 1, step)
            for rate in problem.grid[c.rates[0] : c.rates[1] + 1]
        )]
        for n, c in enumerate(problem.candidates)
    ]  # fmt: skip
    best = 0
    for picked in product(*offers):
        choices = [choice for choice in picked if choice is not None]
        if all(used <= row.room for used, row in zip(problem.used(choices), problem.rows)):
            best = max(best, problem.totals(choices).profit)
    return best


@settings(max_examples=40, deadline=None)
@given(problems(), st.lists(st.integers(0, 200_000), min_size=12, max_size=12))
def test_nothing_beats_it_and_the_bound_holds(drawn: tuple[str, Problem], prices: list[int]) -> None:
    _, problem = drawn
    made = allocate(problem)
    assert problem.checked(made.choices) == made.totals
    best = everything(problem)
    # The solver's own tolerance, and no more: it weighs in floats what is recorded in fen.
    assert made.totals.profit >= best - max(5, best // 100_000)
    assert best <= made.bound
    assert best <= problem.bound(prices[: len(problem.rows)])


def inputs_of(text: str, problem: Problem) -> allocation.Inputs:
    return allocation.Inputs(
        policy=text,
        churn=None,
        firms=problem.firms,
        budget=problem.budget,
        planned=problem.planned,
        taken=problem.taken,
        at_ms=AT_MS,
        salt=bytes(SALT_BYTES),
        is_synthetic=True,
        hefu="0",
    )


@settings(max_examples=15, deadline=None)
@given(problems(), st.data())
def test_the_file_replays_and_any_changed_byte_is_found(drawn: tuple[str, Problem], data: st.DataObject) -> None:
    text, problem = drawn
    made = allocate(problem)
    raw, digest = allocation.write(inputs_of(text, problem), problem, made.choices, made.prices_ppm)
    read = allocation.replay(raw, digest=digest)
    assert read.totals == made.totals
    assert read.document["bound"] == made.bound
    for _ in range(5):
        at = data.draw(st.integers(0, len(raw) - 1))
        byte = (raw[at] + data.draw(st.integers(1, 255))) % 256
        with pytest.raises(HefuError):
            allocation.replay(raw[:at] + bytes([byte]) + raw[at + 1 :])


def _large(policy: Policy) -> Problem:
    """Firms enough for the rules to bind; drawn by arithmetic."""
    kinds = ("C3562", "C3111", "C1711", "C2511")
    firms = [
        Firm(f"F{n}", 2_000 + n * 7_919 % 120_000, (10 + n * 31 % 200) * 1_000_000, kinds[n * 13 % 4])
        for n in range(200)
    ]
    return Problem(policy, firms, 3_000_000_000, ON)


def test_rules_move_money_where_they_say() -> None:
    policy = policy_with(
        ('floor = "20%"', 'floor = "60%"'), ('[[rule]]\nname = "self-trade"', CHURN + '[[rule]]\nname = "self-trade"')
    )
    problem = _large(policy)
    made = allocate(problem)
    assert made.gap_ppm < 1_000
    effects = {effect.rule: effect for effect in effects_of(problem, made)}
    assert set(effects) == {"key-industries", "green", "crowded-industries", "textiles"}
    # What forces money somewhere costs profit, and has it there.
    assert effects["key-industries"].meant > effects["key-industries"].meant_without
    assert effects["crowded-industries"].meant < effects["crowded-industries"].meant_without
    assert all(effect.profit <= made.bound - made.totals.profit for effect in effects.values())
    prices = {(row.name, row.kind): price for row, price in zip(problem.rows, made.prices_ppm)}
    assert prices["budget", "budget"] > 0
    assert prices["key-industries", "floor"] > 0
    assert effects["green"].profit == 0


def test_what_is_outstanding_names_a_cap_and_is_not_below_zero() -> None:
    policy = policy_with()
    firms = [Firm("F1", 20_000, 0, "C1711")]
    whole = Problem(policy, firms, 3_000_000_00, ON, taken={"textiles": 100})
    assert whole.taken == {"textiles": 100}
    for taken, code in (
        ({"textile": 1}, "NO_SUCH_RULE"),
        ({"textiles": -1}, "BAD_AMOUNT"),
        ({"green": 1}, "NO_SUCH_RULE"),
    ):
        with pytest.raises(HefuError) as raised:
            Problem(policy, firms, 3_000_000_00, ON, taken=taken)
        assert raised.value.code == code


def test_a_floor_that_nobody_meets_is_named() -> None:
    policy = policy_with(('floor = "20%"', 'floor = "60%"'))
    problem = Problem(policy, [Firm("F1", 20_000, 0, "C1711")], 3_000_000_00, ON)
    assert problem.unmet_floors == ("key-industries",)
    assert allocate(problem).totals.firms == 0
    met = Problem(policy, [*problem.firms, Firm("F2", 20_000, 0, "C3562")], 3_000_000_00, ON)
    assert met.unmet_floors == ()


@pytest.mark.parametrize("default_ppm", [20_001, 20_002, 20_005, 20_017])
@pytest.mark.parametrize("limit", [0, AMOUNT_MAX])
def test_steep_prices_and_the_largest_limit_replay(default_ppm: int, limit: int) -> None:
    text = example_bytes().decode().replace('floor = "20%"', "") + '\n[portfolio]\nloss_max = "1.2000%"\n'
    policy = read_policy(text.encode())
    problem = Problem(policy, [Firm(f"F{n}", default_ppm, limit, "C3562") for n in range(2)], 3_000_000_00, ON)
    made = allocate(problem)
    raw, digest = allocation.write(inputs_of(text, problem), problem, made.choices, made.prices_ppm)
    assert allocation.replay(raw, digest=digest).totals == made.totals


def test_a_proposal_that_breaks_a_bound_is_not_recorded() -> None:
    problem = _large(policy_with())
    candidate = problem.candidates[0]
    good = Choice(0, candidate.most, problem.grid[candidate.rates[1]])
    problem.checked([good])
    for bad in (
        [Choice(0, candidate.most + problem.policy.limit_step, good.rate_ppm)],
        [Choice(0, candidate.most - 1, good.rate_ppm)],
        [Choice(0, candidate.most, good.rate_ppm + 1)],
        [good, good],
        [Choice(n, c.most, problem.grid[c.rates[1]]) for n, c in enumerate(problem.candidates)],
    ):
        with pytest.raises(HefuError) as caught:
            problem.checked(bad)
        assert caught.value.code == "ALLOCATION_INFEASIBLE"
