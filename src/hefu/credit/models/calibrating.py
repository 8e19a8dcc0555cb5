"""
From raw scores that no row had a part in to probabilities of default: a logistic line through them, with the interval that the
sample leaves, written as integers; and the line from raw score to points.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hefu.credit.models.metrics import drawing, logistic_line
from hefu.credit.models.record import PPM

Floats = NDArray[np.float64]
KNOTS = 61
DRAWS = 400
#: Of the interval, percent.
CONFIDENCE = 90
#: 600 points: one default in twenty-one; 40 more halve the odds.
POINTS_AT, ODDS_AT, POINTS_TO_HALVE = 600, 1 / 20, 40
#: Nobody's probability is put below or above these.
FLOOR_PPM, CEILING_PPM = 100, 990_000
UNIT = 1_000_000


def line_of(labels: Floats, runs: Sequence[Floats]) -> tuple[float, float]:
    """
    Intercept and slope over log odds.

    Args:
        runs: Held-out raw scores of all rows, one array for each repetition of the validation.
    """
    found = [logistic_line(labels, raw) for raw in runs]
    intercept, slope = (float(np.mean(values)) for values in zip(*found))
    # A falling line would turn the ranking around; a flat one says that nothing was learnt.
    return (intercept, slope) if slope > 0.02 else (math.log(labels.mean() / (1 - labels.mean())), 0.02)


def crossed(labels: Floats, raw: Floats, folds: NDArray[np.int64]) -> Floats:
    """
    Log odds of held-out rows, each by a line through the rows of the other folds: a line judged on the rows that it was fitted on
    would always have a slope of one.

    Args:
        folds: In which of them each row was held out.
    """
    if len(set(folds.tolist())) < 2:
        # Every other row of each class.
        folds = np.empty(len(labels), dtype=np.int64)
        for label in (0, 1):
            own = np.flatnonzero(labels == label)
            folds[own] = np.arange(len(own)) % 2
    found = np.empty(len(raw))
    for fold in np.unique(folds):
        own, others = folds == fold, folds != fold
        if not 0 < labels[others].sum() < others.sum():
            others = np.ones(len(raw), dtype=bool)
        intercept, slope = line_of(labels[others], [raw[others]])
        found[own] = intercept + slope * raw[own]
    return found


def calibration(
    labels: Floats,
    runs: Sequence[Floats],
    span: tuple[float, float],
    *,
    seed: int,
    groups: Sequence[object] | None = None,
) -> dict[str, list[int]]:
    """
    The calibration of record.

    Args:
        span: Least and greatest raw score that the model can be expected to give, log odds.
        groups: One value a row, where rows of one group are alike: the interval is of groups then.
    """
    intercept, slope = line_of(labels, runs)
    knots = np.linspace(span[0], max(span[1], span[0] + 0.01), KNOTS)
    chance = np.random.default_rng(seed)
    lines = []
    bads, goods = np.flatnonzero(labels == 1), np.flatnonzero(labels == 0)
    draw_groups = None if groups is None else drawing(labels, groups, chance)
    for draw in range(DRAWS):
        # How many defaults a sample has is chance too.
        count = int(np.clip(chance.binomial(len(labels), labels.mean()), 2, len(labels) - 2))
        if draw_groups is not None:
            rows = draw_groups()
        else:
            rows = np.r_[chance.choice(bads, count), chance.choice(goods, len(labels) - count)]
        raw = runs[draw % len(runs)]
        a, b = logistic_line(labels[rows], raw[rows])
        lines.append(a + max(b, 0.02) * knots)
    tail = (100 - CONFIDENCE) / 2
    low, high = np.percentile(np.array(lines), [tail, 100 - tail], axis=0)
    middle = intercept + slope * knots
    raw_knots = _ascending([round(k * UNIT) for k in knots])
    default = _ppm(middle)
    lows, highs = _ppm(np.minimum(low, middle)), _ppm(np.maximum(high, middle))
    return {"raw": raw_knots, "default_ppm": default, "low_ppm": lows, "high_ppm": highs}


def _ascending(numbers: list[int]) -> list[int]:
    for i in range(1, len(numbers)):
        numbers[i] = max(numbers[i], numbers[i - 1] + 1)
    return numbers


def _ppm(log_odds: Floats) -> list[int]:
    share = PPM / (1 + np.exp(-np.clip(log_odds, -35, 35)))
    clipped = np.clip(np.rint(share), FLOOR_PPM, CEILING_PPM).astype(int)
    return [int(v) for v in np.maximum.accumulate(clipped)]


def points_line(intercept: float, slope: float) -> dict[str, int]:
    """The line of record from raw score to points."""
    by = POINTS_TO_HALVE / math.log(2)
    offset = round(POINTS_AT - by * (intercept - math.log(ODDS_AT)))
    denominator = 10**12
    while denominator > 1 and round(by * slope / UNIT * denominator) > PPM:
        denominator //= 10
    numerator = max(1, round(by * slope / UNIT * denominator))
    return {
        "offset": max(-PPM, min(PPM, offset)),
        "numerator": numerator,
        "denominator": denominator,
        "lowest": 0,
        "highest": 1000,
    }
