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

from hefu.credit.models.applying import groups_of, read_fields, schema_of
from hefu.credit.models.batch import Batch, arrays
from hefu.credit.models.checks import labels_of
from hefu.credit.models.making import making_of
from hefu.credit.models.metrics import auc, paired_difference
from hefu.credit.models.record import PPM, Model
from hefu.credit.models.tables import Table
from hefu.credit.models.values import BOUND
from hefu.kernel.errors import Rejected

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
        if field.is_category:
            # Rare words are other words from the beginning.
            others = (values[:, k] == field.other) & ~unknown[:, k] & (field.other not in field.codes.values())
            found[field.name]["other_ppm"] = round(PPM * float(others.mean()))
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
        rows, not_scored (left out of all that follows), fields (population_stability, unknown_then, unknown_now),
        score_stability, expected_default, expected_auc, auc_then, alerts;
        where the table has labels, observed_default and auc; with a challenger, both AUCs and their difference with its interval.

    Raises:
        UsageError: As `making_of` and `read_fields`. Rejected: NOTHING_SCORED, no row can be.
    """
    making_of(model)
    columns, coded, _ = read_fields(model, table)
    values, unknown = arrays(columns, [f.name for f in model.fields], coded.rows)
    then = model.about["then"]
    outputs = Batch(model).score(values, unknown)
    scored = np.array([i not in outputs.errors for i in range(coded.rows)], dtype=bool)
    if not scored.any():
        raise Rejected("no row of the table can be scored", code="NOTHING_SCORED", where=table.file)
    values, unknown, n = values[scored], unknown[scored], int(scored.sum())
    alerts: list[dict[str, str]] = []
    fields = {}
    for k, field in enumerate(model.fields):
        was = then["fields"][field.name]
        now = shares(values[:, k], unknown[:, k], was["edges"])
        moved = population_stability(was["ppm"], now, n)
        fields[field.name] = {
            "population_stability": round(moved, 6),
            "unknown_then": was["ppm"][-1] / PPM,
            "unknown_now": now[-1] / PPM,
        }
        _alert(alerts, moved, field.name)
    now = shares(outputs.raw[scored], np.zeros(n, bool), then["score"]["edges"])
    moved = population_stability(then["score"]["ppm"], now, n)
    _alert(alerts, moved, "score")
    p = outputs.default_ppm[scored] / PPM
    expected, auc_then = expected_auc(p), model.about["held_out"]["auc"] / PPM
    if n >= LEAST_ROWS and expected < auc_then - AUC_FALL:
        alerts.append(alert(code="DRIFT_AUC", where="score"))
    found: dict[str, Any] = {
        "rows": coded.rows,
        "not_scored": coded.rows - n,
        "fields": dict(sorted(fields.items(), key=lambda item: -item[1]["population_stability"])),
        "score_stability": round(moved, 6),
        "expected_default": round(float(p.mean()), 6),
        "expected_auc": round(expected, 6),
        "auc_then": auc_then,
        "alerts": alerts,
    }
    return found | _labelled(model, table, outputs.raw, outputs.default_ppm / PPM, scored, challenger, alerts)


def alert(*, code: str, where: str) -> dict[str, str]:
    """What somebody should look at."""
    return {"code": code, "where": where}


def _alert(alerts: list[dict[str, str]], moved: float, where: str) -> None:
    if moved >= ALARM:
        alerts.append(alert(code="DRIFT_ALARM", where=where))
    elif moved >= WATCH:
        alerts.append(alert(code="DRIFT_WATCH", where=where))


def _labelled(
    model: Model,
    table: Table,
    raw: Ints,
    p: Floats,
    scored: NDArray[np.bool_],
    challenger: Model | None,
    alerts: list[dict[str, str]],
) -> dict[str, Any]:
    schema = schema_of(model)
    if schema.label not in table.names:
        return {}
    labels = labels_of(table, schema)
    kept = scored & np.array([label is not None for label in labels])
    others = None
    if challenger is not None:
        columns, coded, _ = read_fields(challenger, table)
        others = Batch(challenger).score(*arrays(columns, [f.name for f in challenger.fields], coded.rows))
        # Both are judged on the rows that both can score.
        kept &= np.array([i not in others.errors for i in range(coded.rows)], dtype=bool)
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
    if challenger is not None and others is not None:
        one, two = raw[kept].astype(np.float64), others.raw[kept].astype(np.float64)
        groups = groups_of(table, schema, np.flatnonzero(kept).tolist())
        difference = paired_difference(y, two, one, groups=groups)
        found["challenger"] = {
            "digest": challenger.digest,
            "auc": round(auc(y, two), 6),
            "gain": [round(v, 6) for v in difference],
        }
        if difference[1] > 0:
            alerts.append(alert(code="CHALLENGER_BETTER", where="score"))
    return found
