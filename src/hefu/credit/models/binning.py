"""
Optimal binning of one field: the bins, adjacent and at most so many, whose default rates rise or fall throughout and that tell
most of the outcome. Exact, by dynamic programming over fine bins of equal size; a field's unknown values are a bin of their own.

Source:
    G. Navas-Palencia, Optimal binning: mathematical programming formulation (arXiv:2001.08025), with likelihood for
    information value;
    the weight of evidence as in N. Siddiqi, Credit Risk Scorecards (Wiley, 2006).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FINE_BINS = 24
#: A further bin must gain so much of log likelihood: about what chance gives once in twenty.
PENALTY = 1.92


@dataclass(frozen=True, slots=True)
class Bins:
    """
    Args:
        thresholds: Integers; a value at most the i-th is in bin i or below.
        risk: Log odds of default of each bin against the whole: weight of evidence with its sign turned.
        unknown: The same of unknown values; 0 where too few were unknown to say.
        gain: Log likelihood gained over one bin.
    """

    thresholds: tuple[int, ...]
    risk: tuple[float, ...]
    unknown: float
    gain: float

    def of(self, values: Floats) -> Floats:
        """Risk of each value; NaN is unknown."""
        steps = np.array(self.thresholds, dtype=np.float64)
        found = np.array(self.risk)[np.searchsorted(steps, values, side="left")]
        return np.where(np.isnan(values), self.unknown, found)


def fine_edges(values: Floats, most: int = FINE_BINS) -> list[int]:
    """Thresholds of fine bins, about as many rows in each; `values` without unknown ones."""
    ordered = np.sort(values)
    edges = set[int]()
    for k in range(1, most):
        at = len(ordered) * k // most
        low = ordered[at - 1] if at else ordered[0]
        above = ordered[np.searchsorted(ordered, low, side="right") :]
        if len(above):
            # Between two values that occur, so that neither sits on the edge.
            edges.add(int(np.floor((low + above[0]) / 2)))
    return sorted(edges)


def bin_field(
    values: Floats, labels: Floats, *, direction: str = "either", most: int = 6, smallest: int | None = None
) -> Bins:
    """
    Find the bins.

    Args:
        values: Whole numbers; NaN unknown.
        labels: 1 default, 0 none.
        direction: "riskier" or "safer" fixes which way the rates go; "either" takes the better of both.
        smallest: Rows that a bin holds at least; a twentieth of all by default.
    """
    known = ~np.isnan(values)
    rate = (labels.sum() + 0.5) / (len(labels) + 1)
    unknown = _risk(labels[~known], rate) if (~known).sum() >= 10 else 0.0
    x, y = values[known], labels[known]
    smallest = max(5, len(values) // 20) if smallest is None else smallest
    edges = fine_edges(x) if len(x) >= 2 * smallest else []
    place = np.searchsorted(np.array(edges, dtype=np.float64), x, side="left")
    rows: Floats = np.bincount(place, minlength=len(edges) + 1).astype(np.float64)
    bads: Floats = np.bincount(place, weights=y, minlength=len(edges) + 1).astype(np.float64)
    ways = {"riskier": (1,), "safer": (-1,), "either": (1, -1)}[direction]
    gain, cuts = max((_best(rows, bads, sign, most, smallest) for sign in ways), key=lambda found: found[0])
    steps = [edges[c - 1] for c in cuts]
    parts = np.searchsorted(np.array(steps, dtype=np.float64), x, side="left")
    risk = tuple(_risk(y[parts == i], rate) for i in range(len(steps) + 1)) if len(x) else (0.0,)
    return Bins(tuple(steps), risk, unknown, gain)


def _risk(labels: Floats, rate: float) -> float:
    # One row of the whole's rate in each bin, so that a bin without defaults is safe and not infinitely so.
    share = (labels.sum() + rate) / (len(labels) + 1)
    return float(np.log(share / (1 - share)) - np.log(rate / (1 - rate)))


def _best(rows: Floats, bads: Floats, sign: int, most: int, smallest: int) -> tuple[float, list[int]]:
    """
    Cuts (positions of fine bins that begin a bin) with rates that rise (1) or fall (-1), and the likelihood gained.

    `best[k][i, j]` is the most that k + 1 bins reach of which the last holds fine bins i to j.
    """
    n = len(rows)
    total_rows, total_bads = np.r_[0, np.cumsum(rows)], np.r_[0, np.cumsum(bads)]
    count = total_rows[None, 1:] - total_rows[:-1, None]
    hits = total_bads[None, 1:] - total_bads[:-1, None]
    allowed = (np.tri(n, n).T > 0) & (count >= smallest)
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = np.where(allowed, hits / np.where(count > 0, count, 1), np.nan)
        value = np.where(allowed, _likelihood(hits, count), -np.inf)
    whole = float(_likelihood(total_bads[-1:], total_rows[-1:])[0])
    first = np.full((n, n), -np.inf)
    first[0] = value[0]
    layers, backs = [first], []
    for _ in range(1, most):
        layer, back = np.full((n, n), -np.inf), np.zeros((n, n), dtype=np.int64)
        for i in range(1, n):
            before, rate = layers[-1][:, i - 1], rates[:, i - 1]
            if not np.isfinite(before).any():
                continue
            fits = sign * (rates[None, i, i:] - rate[:, None]) > 0
            offered = np.where(fits, before[:, None], -np.inf)
            back[i, i:] = offered.argmax(axis=0)
            layer[i, i:] = offered.max(axis=0) + value[i, i:] - PENALTY
        layers.append(layer)
        backs.append(back)
    ends = [float(layer[:, n - 1].max()) for layer in layers]
    k = int(np.argmax(ends))
    if not np.isfinite(ends[k]) or k == 0:
        return 0.0, []
    i, j, cuts = int(layers[k][:, n - 1].argmax()), n - 1, list[int]()
    while k:
        cuts.append(i)
        k -= 1
        i, j = int(backs[k][i, j]), i - 1
    return ends[len(cuts)] - whole, sorted(cuts)


def _likelihood(bads: Floats, rows: Floats) -> Floats:
    goods = rows - bads
    with np.errstate(divide="ignore", invalid="ignore"):
        made: Floats = np.where(bads > 0, bads * np.log(bads / rows), 0.0) + np.where(
            goods > 0, goods * np.log(goods / rows), 0.0
        )
    return made
