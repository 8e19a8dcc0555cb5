"""
How far firms have moved from those that a model was made from: the stability of each field and of the score, what the model expects
of itself without labels, and champion beside challenger on the same rows. It alerts; a person decides.

Source:
    Population stability index: N. Siddiqi, Credit Risk Scorecards (Wiley, 2006). Expected AUC from calibrated probabilities:
    the mean of
    what the outcomes would give if they came as forecast (confidence-based performance estimation).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hefu.credit.models.applying import read_fields, schema_of
from hefu.credit.models.batch import Batch, arrays
from hefu.credit.models.checks import labels_of
from hefu.credit.models.metrics import auc, paired_difference
from hefu.credit.models.record import PPM, Model
from hefu.credit.models.tables import Table
from hefu.credit.models.values import BOUND

if TYPE_CHECKING:
    from hefu.credit.models.training import Fitted, Frame

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
BINS = 10
#: Above the first a person looks, above the second the model is not used unlooked at.
WATCH, ALARM = 0.10, 0.25
#: An expected AUC so much below the one at the time of the fit.
AUC_FALL = 0.05
LEAST_ROWS = 50


def edges_of(values: Ints) -> list[int]:
    """Thresholds of about ten bins with equally many rows."""
    if not len(values):
        return []
    cuts = np.quantile(values, np.arange(1, BINS) / BINS, method="inverted_cdf")
    return sorted({int(v) for v in cuts})


def shares(values: Ints, unknown: NDArray[np.bool_], edges: Sequence[int]) -> list[int]:
    """Rows of each bin, then unknown ones; millionths."""
    place = np.searchsorted(np.array(edges, dtype=np.int64), values[~unknown], side="left")
    counts = np.r_[np.bincount(place, minlength=len(edges) + 1), unknown.sum()]
    return [int(v) for v in np.rint(counts * PPM / max(1, counts.sum()))]


def population_stability(then: Sequence[int], now: Sequence[int], rows: int) -> float:
    """
    Sum over bins of (now - then) ln(now / then), less what chance alone gives a sample of so many rows.
    """
    a, b = (np.maximum(np.array(v, dtype=np.float64) / PPM, 0.5 / max(rows, 1000)) for v in (then, now))
    found = float(((b - a) * np.log(b / a)).sum())
    return max(0.0, found - (len(then) - 1) / max(1, rows))


def then_of(model: Model, frame: Frame, fitted: Fitted) -> dict[str, Any]:
    """What a model's file keeps of the firms that it was made from: shares of bins, of each field and of the score."""
    rows = np.arange(frame.rows)
    matrix = fitted.codes.matrix(frame, rows)
    columns = [frame.names.index(f.name) for f in model.fields]
    held = np.clip(np.nan_to_num(matrix[:, columns]), -float(BOUND), float(BOUND))
    values, unknown = held.astype(np.int64), np.isnan(matrix[:, columns])
    found: dict[str, Any] = {}
    for k, field in enumerate(model.fields):
        edges = edges_of(values[~unknown[:, k], k])
        found[field.name] = {"edges": edges, "ppm": shares(values[:, k], unknown[:, k], edges)}
    raw = Batch(model).score(values, unknown).raw
    edges = edges_of(raw)
    return {"fields": found, "score": {"edges": edges, "ppm": shares(raw, np.zeros(len(raw), bool), edges)}}


def expected_auc(probabilities: Floats) -> float:
    """AUC that the outcomes would give if they came as forecast; needs no label, and trusts the calibration."""
    order = np.argsort(probabilities, kind="stable")
    p = probabilities[order]
    goods = np.cumsum(1 - p) - (1 - p)
    # A pair of equal forecasts counts half; a row is no pair with itself.
    _, first, counts = np.unique(p, return_index=True, return_counts=True)
    inside = np.repeat((np.add.reduceat(1 - p, first)), counts) - (1 - p)
    before = np.repeat(goods[first], counts)
    pairs = p.sum() * (1 - p).sum() - (p * (1 - p)).sum()
    return float((p * (before + inside / 2)).sum() / pairs) if pairs > 0 else 0.5


def drift_of(model: Model, table: Table, *, challenger: Model | None = None) -> dict[str, Any]:
    """
    Compare a table with what the model was made from.

    Returns:
        rows, fields (population_stability, unknown_then, unknown_now), score_stability, expected_default, expected_auc,
        auc_then, alerts;
        where the table has labels, observed_default and auc; with a challenger, both AUCs and their difference with its interval.

    Raises:
        UsageError: As `read_fields`.
    """
    columns, coded, _ = read_fields(model, table)
    values, unknown = arrays(columns, [f.name for f in model.fields], coded.rows)
    then = model.about["then"]
    outputs = Batch(model).score(values, unknown)
    alerts: list[dict[str, str]] = []
    fields = {}
    for k, field in enumerate(model.fields):
        was = then["fields"][field.name]
        now = shares(values[:, k], unknown[:, k], was["edges"])
        moved = population_stability(was["ppm"], now, coded.rows)
        fields[field.name] = {
            "population_stability": round(moved, 6),
            "unknown_then": was["ppm"][-1] / PPM,
            "unknown_now": now[-1] / PPM,
        }
        _alert(alerts, moved, field.name)
    now = shares(outputs.raw, np.zeros(coded.rows, bool), then["score"]["edges"])
    moved = population_stability(then["score"]["ppm"], now, coded.rows)
    _alert(alerts, moved, "score")
    p = outputs.default_ppm / PPM
    expected, auc_then = expected_auc(p), model.about["held_out"]["auc"] / PPM
    if coded.rows >= LEAST_ROWS and expected < auc_then - AUC_FALL:
        alerts.append(alert(code="DRIFT_AUC", where="score"))
    found: dict[str, Any] = {
        "rows": coded.rows,
        "fields": dict(sorted(fields.items(), key=lambda item: -item[1]["population_stability"])),
        "score_stability": round(moved, 6),
        "expected_default": round(float(p.mean()), 6),
        "expected_auc": round(expected, 6),
        "auc_then": auc_then,
        "alerts": alerts,
    }
    return found | _labelled(model, table, outputs.raw, p, challenger, alerts)


def alert(*, code: str, where: str) -> dict[str, str]:
    """What somebody should look at."""
    return {"code": code, "where": where}


def _alert(alerts: list[dict[str, str]], moved: float, where: str) -> None:
    if moved >= ALARM:
        alerts.append(alert(code="DRIFT_ALARM", where=where))
    elif moved >= WATCH:
        alerts.append(alert(code="DRIFT_WATCH", where=where))


def _labelled(
    model: Model, table: Table, raw: Ints, p: Floats, challenger: Model | None, alerts: list[dict[str, str]]
) -> dict[str, Any]:
    schema = schema_of(model)
    if schema.label not in table.names:
        return {}
    labels = labels_of(table, schema)
    kept = np.array([label is not None for label in labels])
    y = np.array([label or 0 for label in labels], dtype=np.float64)[kept]
    if not 0 < y.sum() < len(y):
        return {}
    # Sixteen in a million by chance: three standard deviations and more of what was forecast.
    spread = float(np.sqrt((p[kept] * (1 - p[kept])).sum()))
    if abs(float(y.sum() - p[kept].sum())) > 4 * spread:
        alerts.append(alert(code="DRIFT_LEVEL", where="score"))
    found: dict[str, Any] = {
        "observed_default": round(float(y.mean()), 6),
        "auc": round(auc(y, raw[kept].astype(np.float64)), 6),
    }
    if challenger is not None:
        columns, coded, _ = read_fields(challenger, table)
        other = Batch(challenger).score(*arrays(columns, [f.name for f in challenger.fields], coded.rows)).raw
        one, two = raw[kept].astype(np.float64), other[kept].astype(np.float64)
        difference = paired_difference(y, two, one)
        found["challenger"] = {
            "digest": challenger.digest,
            "auc": round(auc(y, two), 6),
            "gain": [round(v, 6) for v in difference],
        }
        if difference[1] > 0:
            alerts.append(alert(code="CHALLENGER_BETTER", where="score"))
    return found
