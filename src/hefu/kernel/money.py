"""
Amounts in minor units, behind four operations.

`Amount` is opaque to the type checker and an `int` at run time. Contracts touch it only through add, subtract, equal and
in_range, so that a committed amount can take a plain one's place (docs/decisions/0006-accounts-and-amounts.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, Inexact, localcontext
from typing import NewType

from hefu.kernel.errors import UsageError

Amount = NewType("Amount", int)

#: Largest amount in minor units; ten trillion yuan, and far inside 64 bits however many are added up.
AMOUNT_MAX = 10**15
#: Digits after the point, by ISO 4217 code.
MINOR_DIGITS = {"CNY": 2, "USD": 2, "EUR": 2, "HKD": 2, "JPY": 0}


def zero() -> Amount:
    """No money."""
    return Amount(0)


def add(a: Amount, b: Amount) -> Amount:
    """Sum."""
    return Amount(a + b)


def subtract(a: Amount, b: Amount) -> Amount:
    """Difference; whether it may be negative is the caller's rule."""
    return Amount(a - b)


def equal(a: Amount, b: Amount) -> bool:
    """Whether two amounts are the same."""
    return a == b


def in_range(amount: Amount, low: Amount | int, high: Amount | int) -> bool:
    """Whether low <= amount <= high. A bool or a float is never in range."""
    return type(amount) is int and low <= amount <= high


def total(amounts: Sequence[Amount]) -> Amount:
    """Sum of many."""
    return Amount(sum(amounts))


def parse_minor(text: str, currency: str) -> int:
    """
    Minor units of a decimal text, to the cent and without rounding.

    Raises:
        UsageError: Not a number, more digits than the currency has, or past the bound.

    >>> parse_minor("12,345.67", "CNY")
    1234567
    """
    digits = MINOR_DIGITS.get(currency)
    if digits is None:
        raise UsageError(f"unknown currency {currency!r}", code="UNKNOWN_CURRENCY")
    try:
        with localcontext() as context:
            context.prec = 60
            context.traps[Inexact] = True
            scaled = Decimal(text.strip().replace(",", "")).scaleb(digits)
            # Before anything is made of it: a short text can name a number of a million digits.
            if abs(scaled) > AMOUNT_MAX:
                raise UsageError(f"{text!r} is past the largest amount", code="BAD_AMOUNT")
            if scaled != scaled.to_integral_value():
                raise UsageError(f"{text!r} has more than {digits} digits after the point", code="BAD_AMOUNT")
            return int(scaled)
    except (ArithmeticError, ValueError):
        raise UsageError(f"{text!r} is not an amount", code="BAD_AMOUNT") from None


def format_minor(minor: int, currency: str) -> str:
    """
    Decimal text with thousands separators.

    >>> format_minor(123456789, "CNY")
    '1,234,567.89'
    """
    digits = MINOR_DIGITS.get(currency, 2)
    sign, value = ("-" if minor < 0 else ""), abs(minor)
    if not digits:
        return f"{sign}{value:,}"
    return f"{sign}{value // 10**digits:,}.{value % 10**digits:0{digits}d}"


def share_half_up(minor: int, rate: Decimal) -> int:
    """A share of an amount, half a cent rounded away from zero. The rounding is in the name."""
    with localcontext() as context:
        context.prec = 60
        return int((Decimal(minor) * rate).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def largest_remainder(minor: int, weights: Sequence[int]) -> list[int]:
    """
    Split an amount by weights so that the parts sum to the whole.

    Each part gets its floor; the cents left over go to the largest remainders, earlier parts first among equals.

    >>> largest_remainder(100, [1, 1, 1])
    [34, 33, 33]
    """
    whole = sum(weights)
    if whole <= 0 or any(weight < 0 for weight in weights):
        raise UsageError("weights must not be negative and must not all be zero")
    parts = [minor * weight // whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda i: (-(minor * weights[i] % whole), i))
    for i in order[: minor - sum(parts)]:
        parts[i] += 1
    return parts
