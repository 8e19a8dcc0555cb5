"""
Who turns an offer down at which rate, from a table that somebody measured: read by path, smoothed so that churn never falls as
the rate rises, as whole ppm.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from hefu.credit.decision.numbers import ONE
from hefu.credit.decision.policy import Policy
from hefu.kernel.errors import UsageError

_RATES_MAX = 1_000


def read_churn(raw: bytes) -> dict[str, tuple[tuple[int, int], ...]]:
    """
    A table of churn by class: the first column is the rate, every further one a class.

    Rows before the first that begins with a number are headers; the last of them names the classes. Numbers are parts of one,
    such as 0.0425. Each column is smoothed by itself.

    Returns:
        Last letter or word of each class's header to its points, rate and churn, ppm.

    Raises:
        UsageError: Not such a table (BAD_CHURN), with the row.
    """
    try:
        rows = [row for row in csv.reader(io.StringIO(raw.decode("utf-8-sig"))) if any(cell.strip() for cell in row)]
    except (UnicodeDecodeError, csv.Error):
        raise UsageError("the table of churn is not CSV in UTF-8", code="BAD_CHURN") from None
    first = next((i for i, row in enumerate(rows) if _part(row[0]) is not None), 0)
    if not first or len(rows) - first < 2 or len(rows) > _RATES_MAX:
        raise UsageError("a header and two rates at least are expected", code="BAD_CHURN", where="row 1")
    names = [_class_of(cell) for cell in rows[first - 1][1:] if cell.strip()]
    if not names or len(set(names)) != len(names):
        raise UsageError(
            "the header before the first rate names the classes, each once", code="BAD_CHURN", where=f"row {first}"
        )
    rates, columns = list[int](), list[list[Fraction]]([[] for _ in names])
    for number, row in enumerate(rows[first:], first + 1):
        values = [_part(cell) for cell in row[: len(names) + 1]]
        if len(values) != len(names) + 1 or any(value is None or not 0 <= value <= 1 for value in values):
            raise UsageError("every cell is a part of one, such as 0.0425", code="BAD_CHURN", where=f"row {number}")
        rate, *churn = (value for value in values if value is not None)
        rates.append(round(rate * ONE))
        if len(rates) > 1 and rates[-1] <= rates[-2]:
            raise UsageError("rates must rise from row to row", code="BAD_CHURN", where=f"row {number}")
        for column, value in zip(columns, churn):
            column.append(value)
    return {name: tuple(zip(rates, (round(v * ONE) for v in isotonic(column)))) for name, column in zip(names, columns)}


def isotonic(values: Sequence[Fraction]) -> list[Fraction]:
    """
    The closest sequence that never falls, by least squares: neighbours that fall are pooled into their mean.

    Source:
        Barlow, Bartholomew, Bremner & Brunk, Statistical Inference under Order Restrictions (Wiley, 1972): pool adjacent
        violators.

    >>> [int(v) for v in isotonic([Fraction(n) for n in (1, 4, 2, 5)])]
    [1, 3, 3, 5]
    """
    pools = list[tuple[Fraction, int]]()
    for value in values:
        pools.append((value, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (a, m), (b, n) = pools[-2:]
            pools[-2:] = [((a * m + b * n) / (m + n), m + n)]
    return [value for value, size in pools for _ in range(size)]


def with_churn(policy: Policy, table: dict[str, tuple[tuple[int, int], ...]]) -> Policy:
    """
    The policy with its classes' churn from a table.

    Raises:
        UsageError: The table has no column for a class of the policy (BAD_CHURN).
    """
    missing = [churn.name for churn in policy.churn if churn.name not in table]
    if missing or not policy.churn:
        raise UsageError(
            f"the policy's classes and the table's columns differ: the table has {', '.join(table)}",
            code="BAD_CHURN",
            where="churn",
        )
    return replace(policy, churn=tuple(replace(churn, points=table[churn.name]) for churn in policy.churn))


def _class_of(header: str) -> str:
    text = header.strip()
    last = text.split()[-1]
    # "信誉评级A" and "class A" are both A.
    return last[-1] if last[-1].isascii() and not last.isascii() else last


def _part(cell: str) -> Fraction | None:
    try:
        value = Decimal(cell.strip())
        # A short text can name a number of a million digits.
        return Fraction(value) if value.is_finite() and -60 < value.adjusted() < 20 and len(cell) < 80 else None
    except (InvalidOperation, ValueError):
        return None
