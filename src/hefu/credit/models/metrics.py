"""
How good scores are: rank (AUC, KS, precision and recall) and calibration (Brier, slope) apart, each with what chance could do.

Floats: they report, and decide nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DRAWS = 1_000


@dataclass(frozen=True, slots=True)
class Evaluation:
    """
    Args:
        n: Rows with a label and a score. `positives`: defaults among them.
        auc: Probability that a default scores riskier than a non-default, ties half; `auc_low`, `auc_high`: its 95 % bootstrap
            interval.
        ks: Largest distance between the two distributions.
        pr_auc: Average precision.
        brier: Mean squared error of the probability.
        calibration_slope: Of the outcome's log odds on the forecast's; 1 where calibrated, below where too bold. None where it
            has none.
        error_at_half: Share misclassified at a probability of one half.
    """

    n: int
    positives: int
    auc: float
    auc_low: float
    auc_high: float
    ks: float
    pr_auc: float
    brier: float
    calibration_slope: float | None
    error_at_half: float

    def as_dict(self) -> dict[str, float | int | None]:
        """By name, six digits."""
        return {k: round(v, 6) if isinstance(v, float) else v for k, v in asdict(self).items()}


def ranks(values: Floats) -> Floats:
    """Ranks from 1, ties their mean."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    first = np.ones(len(values), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    starts = np.append(np.flatnonzero(first), len(values))
    made = np.empty(len(values))
    made[order] = ((starts[:-1] + 1 + starts[1:]) / 2)[np.cumsum(first) - 1]
    return made


def auc(labels: Floats, scores: Floats) -> float:
    """Area under the curve; a half where one class is absent."""
    positives = float(labels.sum())
    negatives = len(labels) - positives
    if not positives or not negatives:
        return 0.5
    area: float = (float(ranks(scores)[labels == 1].sum()) - positives * (positives + 1) / 2) / (positives * negatives)
    return area


def ks(labels: Floats, scores: Floats) -> float:
    """Kolmogorov and Smirnov's distance."""
    order = np.argsort(scores, kind="stable")
    y, s = labels[order], scores[order]
    bads = np.cumsum(y) / max(1, y.sum())
    goods = np.cumsum(1 - y) / max(1, (1 - y).sum())
    last = np.r_[s[1:] != s[:-1], True]
    return float(np.abs(bads - goods)[last].max())


def average_precision(labels: Floats, scores: Floats) -> float:
    """Area under precision and recall, by steps; ties count together."""
    order = np.argsort(-scores, kind="stable")
    y, s = labels[order], scores[order]
    last = np.r_[s[1:] != s[:-1], True]
    hits = np.cumsum(y)[last]
    found = np.flatnonzero(last) + 1
    recall = np.r_[0.0, hits / max(1, y.sum())]
    return float(((recall[1:] - recall[:-1]) * (hits / found)).sum())


def logistic_line(labels: Floats, x: Floats) -> tuple[float, float]:
    """
    Intercept and slope of the outcome's log odds on x, by Newton's steps; a hair of a ridge keeps separated data finite.
    """
    scale = float(x.std()) or 1.0
    centre = float(x.mean())
    z = (x - centre) / scale
    design = np.c_[np.ones(len(z)), z]
    rate = float(np.clip(labels.mean(), 1e-6, 1 - 1e-6))
    beta = np.array([np.log(rate / (1 - rate)), 0.0])
    ridge = np.diag([1e-9, 1e-3])
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(design @ beta, -35, 35)))
        gradient = design.T @ (labels - p) - ridge @ beta
        hessian = (design * (p * (1 - p))[:, None]).T @ design + ridge + 1e-9 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        beta = beta + np.clip(step, -5, 5)
        if float(np.abs(step).max()) < 1e-9:
            break
    slope = float(beta[1]) / scale
    return float(beta[0]) - slope * centre, slope


def calibration_slope(labels: Floats, probabilities: Floats) -> float | None:
    """Slope of the outcome's log odds on the forecast's."""
    p = np.clip(probabilities, 1e-6, 1 - 1e-6)
    x = np.log(p / (1 - p))
    if float(x.std()) < 1e-12 or len(set(labels.tolist())) < 2:
        return None
    return logistic_line(labels, x)[1]


def drawing(
    labels: Floats, groups: Sequence[object] | None, chance: np.random.Generator
) -> Callable[[], NDArray[np.intp]]:
    """
    Positions drawn with replacement, as often as it is called: each class by itself so that neither is ever absent, or whole
    groups, whose rows tell less than as many rows that stand alone.

    Args:
        groups: One value a row.
    """
    bads, goods = np.flatnonzero(labels == 1), np.flatnonzero(labels == 0)
    places = None if groups is None else np.unique(np.array([str(g) for g in groups]), return_inverse=True)[1]

    def by_row() -> NDArray[np.intp]:
        return np.concatenate([chance.choice(bads, len(bads)), chance.choice(goods, len(goods))])

    # A single group of either outcome would be all or nothing.
    if places is None or min(len(set(places[rows].tolist())) for rows in (bads, goods)) < 2:
        return by_row
    order, sizes = np.argsort(places, kind="stable"), np.bincount(places)
    starts = np.cumsum(sizes) - sizes

    def by_group() -> NDArray[np.intp]:
        while True:
            drawn = chance.integers(len(sizes), size=len(sizes))
            own = sizes[drawn]
            rows: NDArray[np.intp] = order[np.arange(own.sum()) + np.repeat(starts[drawn] - np.cumsum(own) + own, own)]
            if 0 < labels[rows].sum() < len(rows):
                return rows

    return by_group


def bootstrap(
    labels: Floats,
    measure: Callable[[NDArray[np.intp]], float],
    *,
    seed: int,
    draws: int = DRAWS,
    level: float = 0.95,
    groups: Sequence[object] | None = None,
) -> tuple[float, float]:
    """
    Interval of a measure over rows, or groups of rows, drawn with replacement.

    Args:
        measure: Of the positions drawn.
        groups: As `drawing` takes them.
    """
    draw = drawing(labels, groups, np.random.default_rng(seed))
    found = [measure(draw()) for _ in range(draws)]
    tail = 50 * (1 - level)
    low, high = np.percentile(found, [tail, 100 - tail])
    return float(low), float(high)


def evaluation(
    labels: Floats,
    scores: Floats,
    probabilities: Floats,
    *,
    seed: int = 1,
    draws: int = DRAWS,
    groups: Sequence[object] | None = None,
) -> Evaluation:
    """
    All measures.

    Args:
        labels: 1 default, 0 none; both occur.
        scores: Riskier is larger.
        groups: One value a row, where rows of one group are alike: the interval is of groups then.
    """
    # A draw costs a sort; a large table's interval is narrow whatever the draws.
    draws = max(100, min(draws, 20_000_000 // max(1, len(labels))))
    low, high = bootstrap(labels, lambda rows: auc(labels[rows], scores[rows]), seed=seed, draws=draws, groups=groups)
    return Evaluation(
        n=len(labels),
        positives=int(labels.sum()),
        auc=auc(labels, scores),
        auc_low=low,
        auc_high=high,
        ks=ks(labels, scores),
        pr_auc=average_precision(labels, scores),
        brier=float(((probabilities - labels) ** 2).mean()),
        calibration_slope=calibration_slope(labels, probabilities),
        error_at_half=float(((probabilities >= 0.5) != (labels == 1)).mean()),
    )


def paired_difference(
    labels: Floats,
    scores: Floats,
    others: Floats,
    *,
    seed: int = 1,
    draws: int = DRAWS,
    groups: Sequence[object] | None = None,
) -> tuple[float, float, float]:
    """AUC of scores minus AUC of others on the same rows, with its 95 % bootstrap interval."""
    draws = max(100, min(draws, 10_000_000 // max(1, len(labels))))
    low, high = bootstrap(
        labels,
        lambda rows: auc(labels[rows], scores[rows]) - auc(labels[rows], others[rows]),
        seed=seed,
        draws=draws,
        groups=groups,
    )
    return auc(labels, scores) - auc(labels, others), low, high
