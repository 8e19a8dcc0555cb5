"""
The integers that a decision is made of: money in fen, shares and rates in millionths (ppm), and roundings by name.

Nothing here is a float, and nothing reads a decimal context that somebody else could have set.
"""

from __future__ import annotations

from hefu.kernel.errors import UsageError
from hefu.kernel.money import parse_minor

#: One, in ppm.
ONE = 1_000_000
#: Digits after the point of a percentage that still is a whole number of ppm.
_PERCENT_DIGITS = 4


def ceil_div(a: int, b: int) -> int:
    """The quotient, rounded up; `b` is above zero."""
    return -(-a // b)


def half_up_div(a: int, b: int) -> int:
    """The quotient to the nearest whole, halves away from zero; `b` is above zero."""
    return (2 * a + b) // (2 * b) if a >= 0 else -((-2 * a + b) // (2 * b))


def down_to(value: int, step: int) -> int:
    """The largest multiple of the step that is no larger."""
    return value // step * step


def up_to(value: int, step: int) -> int:
    """The smallest multiple of the step that is no smaller."""
    return ceil_div(value, step) * step


def part_of(amount: int, share_ppm: int) -> int:
    """A share of an amount, rounded down."""
    return amount * share_ppm // ONE


def parse_ppm(text: str) -> int:
    """
    Millionths of a percentage, exactly.

    Raises:
        UsageError: Not a percentage, or finer than 0.0001 % (BAD_SHARE).

    >>> parse_ppm("4.35%")
    43500
    >>> parse_ppm("-0.20%")
    -2000
    """
    plain = text.strip()
    body = plain[:-1].strip()
    sign = -1 if body.startswith("-") else 1
    whole, point, fraction = body.lstrip("+-").partition(".")
    if (
        not plain.endswith("%")
        or not whole.isascii()
        or not whole.isdigit()
        or len(whole) > 9
        or (point and not (fraction.isascii() and fraction.isdigit()))
        or len(fraction) > _PERCENT_DIGITS
    ):
        raise UsageError(
            f"{text!r} is not a percentage such as 4.35%, with four digits after the point at most", code="BAD_SHARE"
        )
    return sign * int(whole + fraction.ljust(_PERCENT_DIGITS, "0"))


def format_ppm(ppm: int) -> str:
    """
    A percentage that `parse_ppm` reads back, two digits after the point at least.

    >>> format_ppm(43500)
    '4.35%'
    """
    sign, size = ("-" if ppm < 0 else ""), abs(ppm)
    digits = f"{size % 10_000:04d}".rstrip("0").ljust(2, "0")
    return f"{sign}{size // 10_000}.{digits}%"


def parse_fen(text: str) -> int:
    """
    Fen of a decimal text in yuan, exactly.

    >>> parse_fen("100,000.50")
    10000050
    """
    return parse_minor(text, "CNY")


def format_fen(minor: int) -> str:
    """
    Decimal text in yuan without separators, which `parse_fen` reads back.

    >>> format_fen(-5)
    '-0.05'
    """
    sign, size = ("-" if minor < 0 else ""), abs(minor)
    return f"{sign}{size // 100}.{size % 100:02d}"
