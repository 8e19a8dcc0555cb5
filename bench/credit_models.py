"""
How good models of credit are on the development data, and how fast scores come.

    python -m bench.credit_models [--only NAME ...] [--speed] [--outer FOLDS] [--write]

Figures are nested: the whole `fit` (choice of parts, number of trees, calibration) runs inside each outer fold, and the
integer score of record is judged on rows that no part of it has seen. CUMCM is the exception: its fields and its kind of model were
set by hand after looking at some of its folds, and the page says so. Peers (LightGBM, XGBoost, CatBoost, tuned over a small
grid inside the same folds) are set beside as far as they are installed (`requirements/peers.txt`). Data without a licence are
read by path (HEFU_SHARED, default ../shared), and rows of them never leave this process. `--write` merges the rows into
build/credit.json and prints the page.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from bench.table import row as speed_row
from hefu.credit.features import FEATURES, compute, record_of
from hefu.credit.models.applying import read_fields
from hefu.credit.models.batch import Batch, arrays
from hefu.credit.models.checks import prepare
from hefu.credit.models.coding import code_table
from hefu.credit.models.fitting import fit_table, probability
from hefu.credit.models.metrics import evaluation, logistic_line, paired_difference
from hefu.credit.models.proposing import propose
from hefu.credit.models.record import Model
from hefu.credit.models.schema import Column, Role, Schema
from hefu.credit.models.tables import Table, read_table
from hefu.credit.models.training import Codes, frame_of
from hefu.credit.sources import Options, Store, import_source

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("HEFU_SHARED", ROOT.parent / "shared")) / "data"
TARGET = ROOT / "build" / "credit.json"
COMMAND = "python -m bench.credit_models"
Floats = NDArray[np.float64]
#: Refused columns of each table, as the notes on the data say.
BANNED = {
    "sba": "Term daysterm RealEstate Recession xx ChgOffDate ChgOffPrinGr BalanceGross MIS_Status DisbursementDate "
    "Selected Bank City Zip State ApprovalDate DisbursementGross SBA_Appv NewExist __index_level_0__",
    "american": "year",
    "taiwan": "Index",
}
FILES = {
    "german": "german_credit/germancredit.csv",
    "sba": "sba_case/sba_case_train_1051.parquet",
    "american": "american_bankruptcy/american_2015_2017.parquet",
    "taiwan": "taiwan_bankruptcy/taiwan_labelled_5807.parquet",
    "polish": "polish_bankruptcy/polish_5year.parquet",
}
NAMES = ("cumcm", *FILES)


def schema_for(name: str, table: Table) -> Schema:
    """What `hefu credit schema` proposes, and the bans of the notes."""
    proposed = propose(table).schema
    return replace(
        proposed, banned={**proposed.banned, **dict.fromkeys(BANNED.get(name, "").split(), "notes on the data")}
    )


# -- nested validation ------------------------------------------------------------------------------------------------


def nested(name: str, outer: int) -> list[dict[str, Any]]:
    """Rows of the table for one data set: our model, the best single field, the peers."""
    table = read_table(SHARED / FILES[name])
    schema = schema_for(name, table)
    coded, _ = code_table(table, schema)
    prepared = prepare(table, coded, schema)
    y = np.array(prepared.labels, dtype=np.float64)
    rows = np.array(prepared.rows)
    splits = list(_splits(y, prepared.groups, outer))
    raw, p, line = (np.full(len(y), np.nan) for _ in range(3))
    taken, parts = [], []
    for fit, out in splits:
        start = time.perf_counter()
        made = fit_table(table.take(rows[fit].tolist()), schema, name=name, repeats=1)
        taken.append(time.perf_counter() - start)
        outputs, _ = _applied(made.model, table.take(rows[out].tolist()))
        raw[out], p[out] = outputs.raw, outputs.default_ppm / 1e6
        parts.append("+".join(made.model.about["method"]["parts"]))
        line[out] = _best_single(table, schema, rows, y, fit, out)
    result = _row(name, "hefu, integer score of record", y, raw, p, taken, line)
    result["parts"] = parts
    found = [_row(name, "best single field", y, line, probability(line), [], None), result]
    found += [_row(name, peer, y, *_peer(run, coded, schema, rows, y, splits), line) for peer, run in _peers()]
    return found


def _splits(y: Floats, groups: list[str] | None, outer: int) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    if groups is None:
        yield from StratifiedKFold(outer, shuffle=True, random_state=0).split(y, y)
    else:
        yield from StratifiedGroupKFold(outer, shuffle=True, random_state=0).split(y, y, groups)


def _applied(model: Model, table: Table) -> tuple[Any, int]:
    columns, coded, _ = read_fields(model, table)
    return Batch(model).score(*arrays(columns, [f.name for f in model.fields], coded.rows)), coded.rows


def _best_single(table: Table, schema: Schema, rows: Any, y: Floats, fit: Any, out: Any) -> Floats:
    from hefu.credit.models.fitting import best_field
    from hefu.credit.models.training import Fitted

    coded, _ = code_table(table.take(rows.tolist()), schema)
    frame = frame_of(coded, y.astype(int).tolist(), schema)
    return best_field(frame, fit, out, Fitted(Codes.of(frame, fit)))


Run = Callable[[Floats, Floats, Floats, int], tuple[Floats, Floats]]


def _peers() -> list[tuple[str, Run]]:
    """Each tuned over depth and number of trees on a fifth held back inside the fold, then refitted."""
    found: list[tuple[str, Run]] = []
    try:
        import lightgbm

        def light(x: Floats, y: Floats, other: Floats, leaves: int) -> Any:
            made = lightgbm.LGBMClassifier(
                n_estimators=300, learning_rate=0.05, num_leaves=leaves, colsample_bytree=0.6, n_jobs=1, verbosity=-1
            )
            return made.fit(x, y).predict_proba(other)[:, 1]

        found.append(("LightGBM, tuned", _tuned(light, (5, 15, 31))))
    except ImportError:
        pass
    try:
        import xgboost

        def extreme(x: Floats, y: Floats, other: Floats, depth: int) -> Any:
            made = xgboost.XGBClassifier(
                n_estimators=300, learning_rate=0.05, max_depth=depth, colsample_bytree=0.6, subsample=0.8, n_jobs=1
            )
            return made.fit(x, y).predict_proba(other)[:, 1]

        found.append(("XGBoost, tuned", _tuned(extreme, (2, 4, 6))))
    except ImportError:
        pass
    try:
        import catboost

        def cat(x: Floats, y: Floats, other: Floats, depth: int) -> Any:
            made = catboost.CatBoostClassifier(
                iterations=300,
                learning_rate=0.06,
                depth=depth,
                thread_count=1,
                verbose=False,
                allow_writing_files=False,
            )
            return made.fit(x, y).predict_proba(other)[:, 1]

        found.append(("CatBoost, tuned", _tuned(cat, (4, 6))))
    except ImportError:
        pass
    return found


def _tuned(run: Callable[[Floats, Floats, Floats, int], Any], grid: Sequence[int]) -> Run:
    def tuned(x: Floats, y: Floats, other: Floats, seed: int) -> tuple[Floats, Floats]:
        from hefu.credit.models.metrics import auc

        fit, held = next(iter(StratifiedKFold(5, shuffle=True, random_state=seed).split(x, y)))
        best = max(grid, key=lambda value: auc(y[held], run(x[fit], y[fit], x[held], value)))
        p = np.clip(run(x, y, other, best), 1e-6, 1 - 1e-6)
        return np.log(p / (1 - p)), p

    return tuned


def _peer(
    run: Run, coded: Any, schema: Schema, rows: Any, y: Floats, splits: Any
) -> tuple[Floats, Floats, list[float]]:
    from hefu.credit.models.fitting import _taken

    frame = frame_of(_taken(coded, rows.tolist()), y.astype(int).tolist(), schema)
    raw, p, taken = np.full(len(y), np.nan), np.full(len(y), np.nan), []
    for k, (fit, out) in enumerate(splits):
        codes = Codes.of(frame, fit)
        start = time.perf_counter()
        raw[out], p[out] = run(codes.training_matrix(frame, fit, k), y[fit], codes.matrix(frame, out), k)
        taken.append(time.perf_counter() - start)
    return raw, p, taken


def _row(
    data: str, what: str, y: Floats, raw: Floats, p: Floats, taken: Sequence[float], line: Floats | None
) -> dict[str, Any]:
    kept = ~np.isnan(raw)
    row: dict[str, Any] = {"data": data, "what": what, **evaluation(y[kept], raw[kept], p[kept]).as_dict()}
    row["fit_s"] = round(float(np.mean(taken)), 2) if taken else None
    if line is not None:
        row["gain"] = [round(v, 4) for v in paired_difference(y[kept], raw[kept], line[kept])]
    return row


# -- CUMCM: fixed folds beside log sales ------------------------------------------------------------------------------


def cumcm_table() -> tuple[Table, NDArray[np.int64], Floats]:
    """Features of the labelled firms without the rating, their fixed folds, and gross sales without void invoices."""
    folder = SHARED / "cumcm2020c"
    with (folder / "a1_firms.csv").open(encoding="utf-8", newline="") as file:
        firms = {row["firm_id"]: row["defaulted"] for row in csv.DictReader(file)}
    with (folder / "a1_folds_10x5.csv").open(encoding="utf-8", newline="") as file:
        marks = {row["firm_id"]: [int(v) for k, v in row.items() if k != "firm_id"] for row in csv.DictReader(file)}
    with Store() as store:
        files = sorted(folder.glob("a1_*_invoices.parquet"))
        import_source(store, "invoices", files, Options(date(2020, 12, 31), skip_refused=True))
        query = "SELECT firm, sum(gross_minor) FROM invoices WHERE direction = 'sales' AND voided_on IS NULL GROUP BY 1"
        sales = dict(store.connection.execute(query).fetchall())
        spine = [(firm, date(2020, 2, 21)) for firm in store.firms() if firm in firms]
        records = {f["firm"]: record_of(f) for f in compute(store.connection, spine).facts()}
    names = [f.name for f in FEATURES]
    order = sorted(records)
    columns = [[_text(records[firm][f.name], f.digits) for firm in order] for f in FEATURES]
    table = Table("cumcm", ("firm", "label", *names), (list(order), [firms[f] for f in order], *columns), "")
    return table, np.array([marks[firm] for firm in order]).T, np.array([float(sales.get(firm, 0)) for firm in order])


def _text(value: int | None, digits: int) -> str | None:
    from decimal import Decimal

    return None if value is None else str(Decimal(value).scaleb(-digits))


def cumcm() -> list[dict[str, Any]]:
    """Ten seeds by five folds: mean over seeds of each figure, beside log sales in the same folds."""
    table, seeds, sales = cumcm_table()
    # Whole-history figures alone: no default date exists, so how a history ends may be later than the default, and what the last
    # twelve months hold says how it ended.
    read = [f for f in FEATURES if f.name.endswith("_all")]
    columns = tuple(Column(f.name, Role.NUMBER, f.unit, f.direction, f.digits) for f in read)
    schema = Schema("label", ("1",), identifiers=("firm",), columns=columns)
    y = np.array([schema.outcome(v) for v in table.column("label")], dtype=np.float64)
    x = np.sign(sales) * np.log1p(np.abs(sales))
    ours, lines, figures, taken = [], [], [], []
    for folds in seeds:
        raw, p, line = (np.full(len(y), np.nan) for _ in range(3))
        for k in range(5):
            fit, out = np.flatnonzero(folds != k), np.flatnonzero(folds == k)
            start = time.perf_counter()
            # What a fit takes on so few rows nearly always; comparing parts inside 98 rows fifty times would measure luck.
            made = fit_table(table.take(fit.tolist()), schema, name="cumcm", kinds=("linear",), repeats=1)
            taken.append(time.perf_counter() - start)
            outputs, _ = _applied(made.model, table.take(out.tolist()))
            raw[out], p[out] = outputs.raw, outputs.default_ppm / 1e6
            a, b = logistic_line(y[fit], x[fit])
            line[out] = a + b * x[out]
        ours.append(evaluation(y, raw, p))
        lines.append(evaluation(y, line, probability(line)))
        figures.append((raw, line))
    gains = [paired_difference(y, raw, line, draws=400) for raw, line in figures]
    rows = []
    for what, found in (("log sales alone", lines), ("hefu (line over normal scores), integer score of record", ours)):
        dicts = [one.as_dict() for one in found]
        row: dict[str, Any] = {"data": "cumcm", "what": what}
        row |= {k: round(float(np.mean([d[k] for d in dicts])), 6) for k in dicts[0]}
        row["auc_sd"] = round(float(np.std([d["auc"] for d in dicts])), 4)
        rows.append(row)
    rows[1]["gain"] = [round(float(v), 4) for v in np.mean(gains, axis=0)]
    rows[1]["fit_s"] = round(float(np.mean(taken)), 2)
    return rows


# -- speed ------------------------------------------------------------------------------------------------------------


def speed() -> list[dict[str, Any]]:
    """Firms a second on one core, with and without reasons, and one firm by the evaluator of record."""
    path = ROOT / "src" / "hefu" / "credit" / "models" / "synthetic.json"
    model = Model.read(path.read_bytes())
    chance = np.random.default_rng(1)
    n = 200_000
    values = np.empty((n, len(model.fields)), dtype=np.int64)
    for k, field in enumerate(model.fields):
        steps = np.array(model.steps(field.name) or (0,), dtype=np.int64)
        values[:, k] = np.clip(chance.choice(steps, n) + chance.integers(-1, 2, n), field.lowest, field.highest)
    unknown = chance.random(values.shape) < 0.1
    unknown &= np.array([f.unknown for f in model.fields])
    batch = Batch(model)
    what = f"{len(model.fields)} fields, {len(model.tables)} tables, {len(model.trees)} trees"
    found = []
    for label, run, count, must in (
        ("without reasons", lambda m: batch.score(values[:m], unknown[:m]), n, 200_000),
        ("with reasons", lambda m: batch.explain(values[:m], unknown[:m]), 20_000, 5_000),
    ):
        best = min(_seconds(run, count) for _ in range(3))
        found.append(_speed(f"firms scored a second a core {label}, {what}", count / best, "/s", must))
    record = {f.name: None if unknown[0, k] else int(values[0, k]) for k, f in enumerate(model.fields)}
    start = time.perf_counter()
    for _ in range(200):
        model.score(record)
    found.append(_speed(f"one firm by the evaluator of record, {what}", (time.perf_counter() - start) * 5, "ms", 10.0))
    return found


def _seconds(run: Callable[[int], object], count: int) -> float:
    start = time.process_time()
    run(count)
    return time.process_time() - start


def _speed(name: str, value: float, unit: str, must: float) -> dict[str, Any]:
    return speed_row(f"credit models: {name}", round(value, 3), unit, must, None, command=COMMAND)


# -- the page ---------------------------------------------------------------------------------------------------------


def page(rows: Sequence[dict[str, Any]]) -> str:
    """docs/reference/credit-benchmarks.md."""
    lines = [
        "# Models of credit, measured",
        "",
        "<!-- Printed by `make bench-credit`; the rows are in build/credit.json. -->",
        "",
        "Nested: the whole fit runs inside each outer fold, and the integer score of record is judged on rows that no part of",
        "it has seen. Gain: AUC over the simple line on the same rows, with its 95 % bootstrap interval; where it includes zero",
        "there is no gain. Rank and calibration are apart: a peer may rank as well and be bolder (slope below 1). In the folds a",
        "fit holds rows back once, where `hefu credit fit` does so up to five times on small tables.",
        "",
        "CUMCM is not nested to the end, so its figure is optimistic: that a line over normal scores is taken on few rows was",
        "settled after other kinds had been compared on some of its folds, and its fields are those over the whole history,",
        "chosen because no date of default is known. Data that nobody has looked at are the test.",
        "",
        "| data | model | n | defaults | AUC (95 %) | gain over the line | KS | PR area | Brier | slope | fit, s |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for r in rows:
        if "auc" not in r:
            continue
        gain = r.get("gain")
        said = (
            ""
            if not gain
            else f"{gain[0]:+.3f} ({gain[1]:+.3f} to {gain[2]:+.3f})" + ("" if gain[1] > 0 else ", none shown")
        )
        slope = "" if r["calibration_slope"] is None else f"{r['calibration_slope']:.2f}"
        fit = "" if r.get("fit_s") is None else f"{r['fit_s']:.1f}"
        spread = f" ± {r['auc_sd']:.3f}" if "auc_sd" in r else ""
        area = f"{r['auc']:.3f}{spread} ({r['auc_low']:.3f}–{r['auc_high']:.3f})"
        lines.append(
            f"| {r['data']} | {r['what']} | {r['n']:.0f} | {r['positives']:.0f} | {area} "
            f"| {said} | {r['ks']:.3f} | {r['pr_auc']:.3f} | {r['brier']:.3f} | {slope} | {fit} |"
        )
    quick = [r for r in rows if "name" in r]
    if quick:
        lines += ["", "| speed | value | unit | must |", "|---|---|---|---|"]
        lines += [
            f"| {r['name'].removeprefix('credit models: ')} | {r['value']:,} | {r['unit']} | {r['must']:,} |"
            for r in quick
        ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", nargs="*", choices=NAMES)
    parser.add_argument("--speed", action="store_true", help="speed alone")
    parser.add_argument("--outer", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for name in () if asked.speed else asked.only or NAMES:
        if not (SHARED / (FILES.get(name) or "cumcm2020c")).exists():
            continue
        rows += cumcm() if name == "cumcm" else nested(name, asked.outer)
        if asked.write:
            merge(rows)
    if not asked.only:
        rows += speed()
    if asked.write:
        merge(rows)
    print(json.dumps(rows, indent=1))


def merge(rows: Sequence[dict[str, Any]]) -> None:
    """Put rows into build/credit.json in place of those of the same data, and print the page."""
    TARGET.parent.mkdir(exist_ok=True)
    old = json.loads(TARGET.read_text()) if TARGET.exists() else []
    key = lambda r: (r.get("data") or r["name"].split(",")[0], r.get("what"))  # noqa: E731
    new = {key(r) for r in rows}
    kept = [r for r in old if key(r) not in new] + list(rows)
    kept.sort(key=lambda r: NAMES.index(r["data"]) if "data" in r else len(NAMES))
    TARGET.write_text(json.dumps(kept, indent=1) + "\n")
    (ROOT / "docs" / "reference" / "credit-benchmarks.md").write_text(page(kept), encoding="utf-8")


if __name__ == "__main__":
    main()
