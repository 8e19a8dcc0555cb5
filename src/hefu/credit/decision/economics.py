"""
What a loan earns and costs, exactly: integers in, integers out, each part rounded once and by name.

A loan of `amount` for `tenor` days at a yearly rate. It defaults within the tenor with a probability that grows with the days;
one that defaults pays no interest and loses a share. Money costs the funding rate; capital must earn its return on top of that.
"""

from __future__ import annotations

from dataclasses import dataclass

from hefu.credit.decision.numbers import ONE, ceil_div, half_up_div, up_to
from hefu.credit.decision.policy import Costs

#: A model's probability of default is over a year.
HORIZON_DAYS = 365


@dataclass(frozen=True, slots=True)
class Terms:
    """
    Args:
        default_ppm: Probability of default in a year.
        loss_ppm: Loss given default.
        tenor_days, day_basis: The tenor, and the days that a year of interest has.
    """

    default_ppm: int
    loss_ppm: int
    tenor_days: int
    day_basis: int

    @property
    def term_default_ppm(self) -> int:
        """Probability of default within the tenor, rounded up."""
        return min(ONE, ceil_div(self.default_ppm * self.tenor_days, HORIZON_DAYS))


@dataclass(frozen=True, slots=True)
class Expected:
    """
    Expected values, fen. What is lent is what customers who accept take; profit is interest less all the others.

    Args:
        lent: Expected amount, after those who turn the offer down.
    """

    lent: int
    interest: int
    loss: int
    funding: int
    operating: int
    capital: int

    @property
    def profit(self) -> int:
        """Interest less loss, funding, operating cost and the return on capital."""
        return self.interest - self.loss - self.funding - self.operating - self.capital


def expected_of(amount: int, rate_ppm: int, churn_ppm: int, terms: Terms, costs: Costs) -> Expected:
    """
    Expected result of one offer.

    Args:
        amount: Fen; with nothing offered, everything is nothing.
        churn_ppm: Probability that the offer is turned down.
    """
    if amount == 0:
        return Expected(0, 0, 0, 0, 0, 0)
    taken, default, days = ONE - churn_ppm, terms.term_default_ppm, terms.tenor_days
    yearly = terms.day_basis * ONE * ONE
    volume = amount * taken * days
    return Expected(
        lent=half_up_div(amount * taken, ONE),
        interest=half_up_div(volume * rate_ppm * (ONE - default), yearly * ONE),
        loss=ceil_div(amount * taken * default * terms.loss_ppm, ONE**3),
        funding=ceil_div(volume * costs.funding_ppm, yearly),
        operating=ceil_div(volume * costs.operating_ppm, yearly) + ceil_div(costs.fixed * taken, ONE),
        capital=ceil_div(volume * costs.capital_ppm * costs.capital_return_ppm, yearly * ONE),
    )


def rate_needed(amount: int, terms: Terms, costs: Costs, margin_ppm: int, step_ppm: int) -> int:
    """
    The lowest yearly rate that pays for loss, money, work, capital and margin, rounded up to the step, ppm.

    Args:
        amount: What the fixed cost is spread over, fen, above zero.

    Returns:
        The rate; past any that can be asked for (10 times one) where default is certain.
    """
    default = terms.term_default_ppm
    if default >= ONE:
        return 10 * ONE
    days, basis = terms.tenor_days, terms.day_basis
    # All parts over one denominator, so that there is one rounding: ppm of the amount a year.
    denominator = ONE * days * amount
    parts = (
        default * terms.loss_ppm * basis * amount
        + (costs.funding_ppm + costs.operating_ppm + margin_ppm) * denominator
        + costs.capital_ppm * costs.capital_return_ppm * days * amount
        + costs.fixed * ONE * ONE * basis
    )
    return min(10 * ONE, up_to(ceil_div(parts * ONE, denominator * (ONE - default)), step_ppm))
