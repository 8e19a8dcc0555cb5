"""
A fit, start to end: table and schema in, model of record out. Parts are compared on rows that they were not made from; a blend is
taken only where it ranks better than each part alone; the file says what was tried and what came of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from hefu import __version__
from hefu.credit.models import training
from hefu.credit.models.calibrating import CONFIDENCE, calibration, crossed, line_of, points_line
from hefu.credit.models.checks import Prepared, fingerprints, prepare
from hefu.credit.models.coding import CODE_BOUND, Coded, bounds, code_table
from hefu.credit.models.drift import then_of
from hefu.credit.models.metrics import Evaluation, auc, evaluation, logistic_line, paired_difference
from hefu.credit.models.record import FORMAT, PIECES, VERSION, Model, canonical
from hefu.credit.models.schema import Role, Schema, Split, as_document
from hefu.credit.models.splits import folds
from hefu.credit.models.tables import Table
from hefu.credit.models.training import (
    BOOSTED,
    FEW_ROWS,
    STAGES,
    Boosted,
    Fitted,
    Frame,
    fit_parts,
    frame_of,
    growth_of,
)
from hefu.credit.models.values import BOUND
from hefu.kernel.errors import Rejected, UsageError

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
#: A part more must raise the AUC by this: what is simpler is easier to answer for.
BLEND_GAIN = 0.001
#: A forest is tried on samples up to this size.
FOREST_ROWS = 3_000
#: Training rows that a file remembers marks of, so that a test on them is noticed.
MARKS = 4_000
#: Of a bootstrap, for each repetition.
DRAWS = 300
#: A file holds a table of each field for each of two parts that have tables, and those of a prior.
FIELDS_MAX = PIECES // 5
KINDS = ("scorecard", "linear", "boosted", "deep", "forest")
#: On few rows a comparison is mostly chance: the smooth line is taken unless something else is better by this much.
FEW_KIND, FEW_GAIN = ("linear",), 0.03


@dataclass(frozen=True, slots=True)
class Fit:
    """
    Args:
        document: The model's file, before it becomes bytes.
        model: The same, read back by the evaluator of record.
        held_out: Evaluation of scores of rows that their models were not made from, averaged over repetitions.
        line: The same of the best single field, chosen and weighed inside each fold.
        gain: AUC of the model minus that of the line, with its 95 % interval.
        tried: AUC by what was tried.
        prepared: Which rows it stands on.
    """

    document: dict[str, Any]
    model: Model
    held_out: Evaluation
    line: Evaluation
    gain: tuple[float, float, float]
    tried: Mapping[str, float]
    prepared: Prepared


@dataclass(slots=True)
class _Held:
    """Raw scores of held-out rows: by part and repetition; NaN where a row was never held out. And the fold that held each out."""

    parts: dict[str, list[Floats]]
    stages: dict[tuple[str, int], list[Floats]]
    line: list[Floats]
    folds: list[NDArray[np.int64]]


def repetitions(rows: int) -> int:
    """How often the validation is repeated: until luck in the split no longer shows."""
    return 5 if rows < 300 else 2 if rows < 3_000 else 1


def fit_table(
    table: Table,
    schema: Schema,
    *,
    name: str,
    seed: int = 1,
    kinds: Sequence[str] | None = None,
    synthetic: bool = False,
    repeats: int | None = None,
) -> Fit:
    """
    Make a model.

    Args:
        name: Of the model.
        kinds: Parts to try, of KINDS; those fit for the size by default.
        repeats: How often the validation is repeated; by the number of rows by default.

    Raises:
        HefuError: As `code_table`, `prepare` and `folds`; TOO_MANY_FIELDS, a file of a model cannot hold them.
    """
    if len(schema.fields) > FIELDS_MAX:
        raise UsageError(
            f"{len(schema.fields):,} fields, and a model reads {FIELDS_MAX:,} at most; ignore some in the schema",
            code="TOO_MANY_FIELDS",
            where=table.file,
        )
    coded, digits = code_table(table, schema)
    prepared = prepare(table, coded, schema)
    prepared.cautions += [("HELD", f"{name}: {n}") for name, n in coded.held.items()]
    # More threads would wait for each other, and change sums.
    with threadpool_limits(1):
        return fit_coded(
            table,
            coded,
            digits,
            prepared,
            schema,
            name=name,
            seed=seed,
            kinds=kinds,
            synthetic=synthetic,
            repeats=repeats,
        )


def fit_coded(
    table: Table,
    coded: Coded,
    digits: Mapping[str, int],
    prepared: Prepared,
    schema: Schema,
    *,
    name: str,
    seed: int,
    kinds: Sequence[str] | None,
    synthetic: bool,
    repeats: int | None = None,
) -> Fit:
    """The same, of a table that is coded and checked."""
    frame = frame_of(_taken(coded, prepared.rows), prepared.labels, schema)
    kinds = kinds or _fit_for(frame.rows)
    split = _split(frame, prepared, schema, seed)
    held = _held_out(frame, prepared, schema, split, kinds, seed, repeats)
    total: Floats = np.sum(held.line, axis=0)
    judged = ~np.isnan(total)
    y = frame.labels[judged]
    groups = None if not schema.group or prepared.groups is None else np.array(prepared.groups)[judged].tolist()
    rounds = _rounds(held, y, judged)
    for kind, stage in rounds.items():
        held.parts[kind] = held.stages[kind, stage]
    tried, chosen = _choose(held, y, judged)
    runs = [_blend(held, chosen, i)[judged] for i in range(len(held.line))]
    fitted = fit_parts(frame, np.arange(frame.rows), chosen, seed=seed, rounds=rounds)
    document = _document(table, schema, frame, fitted, chosen, digits, name)
    raw = _own_raw(frame, fitted, chosen)
    span = (
        min(float(raw.min()), *(float(r.min()) for r in runs)),
        max(float(raw.max()), *(float(r.max()) for r in runs)),
    )
    document["calibration"] = calibration(y, runs, span, seed=seed, groups=groups)
    document["points"] = points_line(*line_of(y, runs))
    # Each repetition is judged by itself: the mean of their scores would be another model, and a better one.
    held_out = averaged(
        [
            evaluation(y, run, probability(crossed(y, run, fold[judged])), draws=DRAWS, groups=groups)
            for run, fold in zip(runs, held.folds)
        ]
    )
    simple = [r[judged] for r in held.line]
    line = averaged([evaluation(y, run, probability(run), draws=DRAWS, groups=groups) for run in simple])
    gains = [paired_difference(y, run, one, draws=DRAWS, groups=groups) for run, one in zip(runs, simple)]
    gain = tuple(np.mean(gains, axis=0).tolist())
    document["about"] = _about(
        table,
        schema,
        digits,
        coded.written,
        prepared,
        fingerprints(coded),
        seed,
        split,
        rounds,
        chosen,
        tried,
        held_out,
        line,
        gain,
        synthetic,
        then_of(Model.read(canonical({**document, "about": {}})), frame, fitted),
    )
    return Fit(document, Model.read(canonical(document)), held_out, line, gain, tried, prepared)


def _taken(coded: Coded, rows: Sequence[int]) -> Coded:
    return Coded(
        len(rows),
        {name: [values[i] for i in rows] for name, values in coded.integers.items()},
        {name: [values[i] for i in rows] for name, values in coded.words.items()},
    )


def _split(frame: Frame, prepared: Prepared, schema: Schema, seed: int) -> Split:
    """At random where nobody asked for a split by time and the later rows are too few, or all alike, to judge by."""
    if schema.split is not Split.AUTO or schema.split_kind is not Split.TIME:
        return schema.split_kind
    try:
        list(folds(frame.labels.astype(np.int64), Split.TIME, schema.folds, seed=seed, times=prepared.times))
    except Rejected:
        prepared.cautions.append(("NOT_BY_TIME", schema.time))
        return Split.STRATIFIED
    return Split.TIME


def _held_out(
    frame: Frame,
    prepared: Prepared,
    schema: Schema,
    kind: Split,
    kinds: Sequence[str],
    seed: int,
    repeats: int | None,
) -> _Held:
    empty = np.full(frame.rows, np.nan)
    repeats = 1 if kind is Split.TIME else repeats or repetitions(frame.rows)
    boosted = [k for k in BOOSTED if k in kinds]
    stages = [(k, s) for k in boosted for s in STAGES if s <= growth_of(k, frame.rows).rounds]
    held = _Held({k: [] for k in kinds}, {s: [] for s in stages}, [], [])
    groups = None if kind is Split.STRATIFIED and schema.group else prepared.groups
    for repeat in range(repeats):
        parts = {k: empty.copy() for k in kinds}
        by_stage = {s: empty.copy() for s in stages}
        line, place = empty.copy(), np.full(frame.rows, -1, dtype=np.int64)
        splits = folds(
            frame.labels.astype(np.int64), kind, schema.folds, seed=seed + repeat, groups=groups, times=prepared.times
        )
        for number, (fit, out) in enumerate(splits):
            place[out] = number
            fitted = fit_parts(frame, fit, kinds, seed=seed + repeat)
            for k, raw in fitted.raw(frame, out).items():
                parts[k][out] = raw
            if stages:
                _stages(fitted, frame, out, by_stage)
            line[out] = best_field(frame, fit, out, fitted)
        for k in kinds:
            held.parts[k].append(parts[k])
        for s in stages:
            held.stages[s].append(by_stage[s])
        held.line.append(line)
        held.folds.append(place)
    return held


def _stages(fitted: Fitted, frame: Frame, out: Rows, by_stage: dict[tuple[str, int], Floats]) -> None:
    matrix = fitted.codes.matrix(frame, out)
    prior = 0.0 if fitted.prior is None else fitted.prior.raw(matrix)
    for (kind, stage), scores in by_stage.items():
        part = fitted.parts[kind]
        assert isinstance(part, Boosted)
        scores[out] = prior + replace(part, rounds=stage).raw(matrix)


def best_field(frame: Frame, fit: Rows, out: Rows, fitted: Fitted) -> Floats:
    """
    Log odds of rows held out by the one number that ranks the fitted rows best: the line that anything must beat.
    """
    matrix, y = fitted.codes.matrix(frame, fit), frame.labels[fit]
    filled = np.where(np.isnan(matrix), np.nanmedian(np.c_[matrix.T, np.zeros(matrix.shape[1])], axis=1), matrix)
    areas = [abs(auc(y, filled[:, k]) - 0.5) for k in range(matrix.shape[1])]
    k = int(np.argmax(areas))
    other = fitted.codes.matrix(frame, out)[:, k]
    column = np.sort(filled[:, k])
    # Places among the fitted rows: no logarithm has to be guessed, and one bad cell moves nothing.
    place = np.searchsorted(column, filled[:, k]) / len(column)
    other = np.searchsorted(column, np.where(np.isnan(other), np.median(column), other)) / len(column)
    a, b = logistic_line(y, place)
    return a + b * other


def _fit_for(rows: int) -> tuple[str, ...]:
    unfit = {"forest"} if rows > FOREST_ROWS else {"deep"} if rows < FEW_ROWS else set[str]()
    return tuple(k for k in KINDS if k not in unfit)


def probability(log_odds: Floats) -> Floats:
    """Of log odds."""
    found: Floats = 1 / (1 + np.exp(-np.clip(log_odds, -35, 35)))
    return found


def averaged(found: Sequence[Evaluation]) -> Evaluation:
    """The mean of each figure over repetitions."""
    rows = [asdict(one) for one in found]
    means: dict[str, Any] = {
        k: float(np.mean([row[k] for row in rows])) if all(row[k] is not None for row in rows) else None
        for k in rows[0]
    }
    return Evaluation(**{**means, "n": found[0].n, "positives": found[0].positives})


def mean_auc(y: Floats, runs: Sequence[Floats]) -> float:
    """Mean of the AUC over repetitions."""
    return float(np.mean([auc(y, run) for run in runs]))


def _rounds(held: _Held, y: Floats, judged: NDArray[np.bool_]) -> dict[str, int]:
    """How many boosted trees ranked best; a tie takes fewer."""
    areas = {key: mean_auc(y, [r[judged] for r in runs]) for key, runs in held.stages.items()}
    found = {}
    for kind in dict.fromkeys(k for k, _ in areas):
        own = {stage: area for (k, stage), area in areas.items() if k == kind}
        found[kind] = min(s for s, area in own.items() if area >= max(own.values()) - 0.0005)
    return found


def _blend(held: _Held, chosen: Sequence[str], repeat: int) -> Floats:
    total: Floats = np.sum([held.parts[k][repeat] for k in chosen], axis=0) / len(chosen)
    return total


def _choose(held: _Held, y: Floats, judged: NDArray[np.bool_]) -> tuple[dict[str, float], tuple[str, ...]]:
    kinds = tuple(held.parts)
    sets = [c for size in range(1, len(kinds) + 1) for c in combinations(kinds, size)]
    tried = {"+".join(c): mean_auc(y, [_blend(held, c, i)[judged] for i in range(len(held.line))]) for c in sets}
    few = len(y) < FEW_ROWS

    def worth(parts: tuple[str, ...]) -> float:
        return tried["+".join(parts)] - BLEND_GAIN * len(parts) + (FEW_GAIN if few and parts == FEW_KIND else 0)

    return tried, max(sets, key=worth)


def _own_raw(frame: Frame, fitted: Fitted, chosen: Sequence[str]) -> Floats:
    found = fitted.raw(frame, np.arange(frame.rows))
    total: Floats = np.sum([found[k] for k in chosen], axis=0) / len(chosen)
    return total


# -- the file ---------------------------------------------------------------------------------------------------------


def _document(
    table: Table,
    schema: Schema,
    frame: Frame,
    fitted: Fitted,
    chosen: Sequence[str],
    digits: Mapping[str, int],
    name: str,
) -> dict[str, Any]:
    share = 1 / len(chosen)
    parts = [fitted.parts[k] for k in chosen]
    if fitted.prior is not None:
        parts += [fitted.prior for k in chosen if k in BOOSTED]
    tables = [entry for part in parts for entry in part.tables(share)]
    trees = [tree for part in parts for tree in part.trees(share)]
    base = sum(part.base(share) for part in parts)
    # Only fields that something reads are asked for.
    used = sorted({t["field"] for t in tables} | {node[0] for tree in trees for node in tree if len(node) > 1})
    place = {k: i for i, k in enumerate(used)}
    by_name = {c.name: c for c in schema.fields}
    for entry in tables:
        entry["field"] = frame.names[entry["field"]]
    for tree in trees:
        for node in tree:
            if len(node) > 1:
                node[0] = place[node[0]]
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": name,
        "fields": [_field(by_name[frame.names[k]], frame, fitted, digits) for k in used],
        "base": training.whole(base),
        "tables": tables,
        "trees": trees,
    }


def _field(column: Any, frame: Frame, fitted: Fitted, digits: Mapping[str, int]) -> dict[str, Any]:
    name = column.name
    common = {
        "name": name,
        "unit": column.unit,
        "direction": column.direction,
        "unknown": True,
        "english": column.english or name,
        "chinese": column.chinese or column.english or name,
    }
    if column.role is Role.CATEGORY:
        codes = dict(fitted.codes.codes[name])
        seen = list(codes.values()) or [0]
        return {
            **common,
            "digits": 3,
            "unknown_seen": any(w is None for w in frame.words[name]),
            "lowest": -CODE_BOUND,
            "highest": CODE_BOUND,
            "seen_lowest": min(seen),
            "seen_highest": max(seen),
            "codes": codes,
            "other": 0,
        }
    low, high = bounds(column, digits[name])
    values = frame.numbers[name][~np.isnan(frame.numbers[name])]
    return {
        **common,
        "digits": digits[name],
        "unknown_seen": bool(np.isnan(frame.numbers[name]).any()),
        "lowest": low,
        "highest": high,
        "seen_lowest": _held_in(float(values.min())) if len(values) else 0,
        "seen_highest": _held_in(float(values.max())) if len(values) else 0,
        "codes": {},
        "other": None,
    }


def _held_in(value: float) -> int:
    return max(-BOUND, min(BOUND, int(value)))


def ppm(value: float | None) -> int | None:
    """A figure for a file without floats, millionths."""
    return None if value is None else round(1_000_000 * value)


def figures(found: Evaluation) -> dict[str, int | None]:
    """An evaluation for a file without floats: counts, and millionths."""
    return {k: v if isinstance(v, int) else ppm(v) for k, v in found.as_dict().items()}


def _about(
    table: Table,
    schema: Schema,
    digits: Mapping[str, int],
    written: Mapping[str, str],
    prepared: Prepared,
    marks: Sequence[int | None],
    seed: int,
    split: Split,
    rounds: Mapping[str, int],
    chosen: Sequence[str],
    tried: Mapping[str, float],
    held_out: Evaluation,
    line: Evaluation,
    gain: tuple[float, float, float],
    synthetic: bool,
    then: dict[str, Any],
) -> dict[str, Any]:
    rows = set(prepared.rows)
    kept = sorted({m for i, m in enumerate(marks) if m is not None and i in rows})
    # Those with the smallest marks: which of the rows they are is chance.
    return {
        "synthetic": synthetic,
        "data": {
            "file": table.file,
            "sha256": table.digest,
            "rows": table.rows,
            "used": len(prepared.rows),
            "defaults": sum(prepared.labels),
            "unlabelled": prepared.unlabelled,
            "copies": prepared.copies,
            "marks": kept[:MARKS],
            "marked": len(kept),
        },
        "digits": dict(digits),
        "written": dict(written),
        "schema": as_document(schema),
        "method": {
            "parts": list(chosen),
            "tried_auc_ppm": {k: ppm(v) for k, v in tried.items()},
            "leaves": {k: growth_of(k, len(prepared.rows)).leaves for k in chosen if k in BOOSTED},
            "rounds": {k: n for k, n in rounds.items() if k in chosen},
            "seed": seed,
            "split": str(split),
            "folds": schema.folds,
            "interval_percent": CONFIDENCE,
        },
        "then": then,
        "held_out": figures(held_out),
        "one_field": figures(line),
        "gain_ppm": [ppm(v) for v in gain],
        "cautions": [{"code": code, "field": where} for code, where in prepared.cautions],
        "versions": {
            "hefu": __version__,
            **{package: version(package) for package in ("lightgbm", "numpy", "scikit-learn", "scipy")},
        },
    }
