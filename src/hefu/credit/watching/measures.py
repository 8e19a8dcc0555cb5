"""Measures of a ranking, and how far they would move with other customers. Standard library only."""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Sequence


def area(labels: Sequence[int], scores: Sequence[float]) -> float:
    """
    Area under the ROC curve: the chance that a positive stands above a negative, ties half. 0.5 where a class is absent.

    >>> area([0, 0, 1, 1], [0.1, 0.4, 0.4, 0.8])
    0.875
    """
    below = sorted(s for s, y in zip(scores, labels) if not y)
    above = [s for s, y in zip(scores, labels) if y]
    if not below or not above:
        return 0.5
    return sum(bisect_left(below, s) + bisect_right(below, s) for s in above) / (2 * len(below) * len(above))


def bootstrap(
    groups: Sequence[str], measure: Callable[[list[int]], float], seed: int, rounds: int
) -> tuple[float, float]:
    """95 % interval of a measure when groups are drawn anew; rows of one group stay together."""
    places = defaultdict[str, list[int]](list)
    for i, group in enumerate(groups):
        places[group].append(i)
    names, chance = sorted(places), random.Random(seed)  # noqa: S311 - nothing secret is drawn.
    values = sorted(
        measure([i for name in chance.choices(names, k=len(names)) for i in places[name]]) for _ in range(rounds)
    )
    return values[int(0.025 * rounds)], values[min(rounds - 1, int(0.975 * rounds))]
