"""
The report of a model: one HTML file that opens anywhere, in English or Chinese. What it was made from and how, how it ranks
and how its
probabilities hold on the rows given, what each field does, how stable it is, how it treats groups, and what it is not for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hefu.credit.models.applying import groups_of, read_fields, schema_of, written_of
from hefu.credit.models.batch import Batch, arrays
from hefu.credit.models.charts import Line, bars, beams, lines, percent
from hefu.credit.models.checks import labels_of
from hefu.credit.models.coding import days
from hefu.credit.models.drift import ALARM, WATCH, drift_of
from hefu.credit.models.making import making_of
from hefu.credit.models.metrics import Evaluation, auc, evaluation
from hefu.credit.models.overlap import check_overlap
from hefu.credit.models.record import PPM, Model, Score
from hefu.credit.models.schema import Schema
from hefu.credit.models.tables import Table
from hefu.credit.models.values import word
from hefu.kernel.errors import Rejected, UsageError

Floats = NDArray[np.float64]
#: Rows that reasons are worked out for; more add nothing to a mean.
EXPLAINED = 4_000
GROUPS_MAX, GROUP_LEAST = 12, 20
_CURVE_POINTS = 200
_STYLE = """
:root{--ink:#1d2a33;--soft:#55636e;--line:#d9dee3;--paper:#fff;--wash:#f4f6f8;--blue:#1f5f8b;--warn:#b5482a}
*{box-sizing:border-box}body{margin:0;background:var(--wash);color:var(--ink);
font:16px/1.6 system-ui,-apple-system,"Segoe UI","Noto Sans CJK SC","Noto Sans SC","PingFang SC","Microsoft YaHei",sans-serif}
main{max-width:1040px;margin:0 auto;background:var(--paper);padding:40px 48px 64px}
h1{font-size:30px;line-height:1.25;margin:0 0 6px}h2{font-size:21px;margin:44px 0 12px;padding-top:14px;border-top:2px solid
var(--ink)}
h3{font-size:16px;margin:24px 0 8px}p{margin:8px 0;max-width:75ch}.soft{color:var(--soft)}.mono{font-family:ui-monospace,monospace;
font-size:13px;overflow-wrap:anywhere}.flag{background:#fbeee9;border-left:4px solid var(--warn);padding:10px 14px;margin:14px 0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:20px 0}.tile{background:var(--wash);
padding:12px 14px;border-radius:6px}.tile b{display:block;font-size:25px;line-height:1.2;color:var(--blue)}.tile
span{font-size:13px;
color:var(--soft)}.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(380px,1fr));gap:22px}figure{margin:0}
figcaption{font-weight:600;margin-bottom:4px}svg{width:100%;height:auto}svg text{font-size:11.5px;fill:#45525e}
figure p{font-size:13px;margin:2px 0}.key{margin-right:16px;white-space:nowrap}.key i{display:inline-block;width:14px;height:3px;
margin-right:6px;vertical-align:middle}table{border-collapse:collapse;width:100%;margin:10px 0;font-size:14.5px}
th,td{text-align:left;padding:5px 10px 5px 0;border-bottom:1px solid var(--line);vertical-align:top}thead th{color:var(--soft);
font-weight:600}.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}.beams th{width:34%;font-weight:400;
overflow-wrap:anywhere}.beams td:nth-child(2){width:50%}.beam{display:inline-block;height:12px;background:var(--blue)}
li{margin:5px 0;max-width:75ch}.bad{color:var(--warn);font-weight:600}.wide{overflow-x:auto}
@media(max-width:700px){main{padding:22px 18px}.charts{grid-template-columns:1fr}}
@media print{body{background:#fff}main{max-width:none;padding:0}h2{break-after:avoid}figure,tr{break-inside:avoid}}
"""


@dataclass(slots=True)
class _Seen:
    """What the rows given say."""

    model: Model
    table: Table
    schema: Schema
    y: Floats
    raw: Floats
    p: Floats
    points: NDArray[np.int64]
    kept: list[int]
    evaluation: Evaluation
    scores: list[Score]
    trained: float
    drift: dict[str, Any]


def report_html(model: Model, table: Table, *, language: str = "en") -> str:
    """
    The report.

    Args:
        table: Rows with labels, best such that the model was not made from.
        language: "en" or "zh".

    Raises:
        UsageError: As `making_of` and `read_fields`. Rejected: ONE_CLASS.
    """
    making_of(model)

    def t(english: str, chinese: str) -> str:
        return chinese if language == "zh" else english

    seen = _look(model, table)
    parts = [
        _head(seen, t),
        _data(seen, t),
        _method(seen, t),
        _rank(seen, t),
        _calibration(seen, t),
        _fields(seen, t),
        _stability(seen, t),
        _segments(seen, t),
        _limits(seen, t),
    ]
    title = escape(t(f"Model report: {model.name}", f"模型报告：{model.name}"))
    tag = "zh-Hans" if language == "zh" else "en"
    return (
        f'<!doctype html><html lang="{tag}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><main>{''.join(parts)}</main></body></html>\n"
    )


Words = Callable[[str, str], str]


def _look(model: Model, table: Table) -> _Seen:
    schema = schema_of(model)
    columns, coded, _ = read_fields(model, table)
    values, unknown = arrays(columns, [f.name for f in model.fields], coded.rows)
    batch = Batch(model)
    outputs = batch.score(values, unknown)
    labels = labels_of(table, schema)
    kept = [i for i, label in enumerate(labels) if label is not None and i not in outputs.errors]
    y = np.array([labels[i] for i in kept], dtype=np.float64)
    if not len(y) or not 0 < y.sum() < len(y):
        raise Rejected("the labelled rows have one outcome or none", code="ONE_CLASS", where=table.file)
    raw, p = outputs.raw[kept].astype(np.float64), outputs.default_ppm[kept] / PPM
    some = kept[:: max(1, len(kept) // EXPLAINED)]
    scores = [s for s in batch.explain(values[some], unknown[some]) if isinstance(s, Score)]
    return _Seen(
        model,
        table,
        schema,
        y,
        raw,
        p,
        outputs.points[kept],
        kept,
        evaluation(y, raw, p, groups=groups_of(table, schema, kept)),
        scores,
        check_overlap(model, table, allowed=True),
        drift_of(model, table),
    )


class _Html(str):
    """What is HTML already; every other text is escaped where it is shown."""

    __slots__ = ()


def _shown(text: object) -> str:
    return text if isinstance(text, _Html) else escape(str(text))


def _rows(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    def cells(tag: str, row: Sequence[str]) -> str:
        return "".join(f"<{tag}{' class=n' if i in right else ''}>{_shown(cell)}</{tag}>" for i, cell in enumerate(row))

    head = f"<thead><tr>{cells('th', header)}</tr></thead>" if header else ""
    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f'<div class="wide"><table>{head}<tbody>{body}</tbody></table></div>'


def _tile(value: str, name: str) -> str:
    return f'<div class="tile"><b>{escape(value)}</b><span>{escape(name)}</span></div>'


def _ppm(value: Any, digits: int = 3) -> str:
    return "–" if value is None else f"{value / PPM:.{digits}f}"


def _head(seen: _Seen, t: Words) -> str:
    e, model = seen.evaluation, seen.model
    slope = "–" if e.calibration_slope is None else f"{e.calibration_slope:.2f}"
    out = [
        f"<h1>{t('Model report: ', '模型报告：')}{escape(model.name)}</h1>",
        f'<p class="soft">{escape(t("Digest", "摘要"))} <span class="mono">{escape(model.digest)}</span></p>',
    ]
    if model.about.get("synthetic"):
        out.append(
            f'<p class="flag">{t("Synthetic: made from firms that do not exist. It shows how the software works and says nothing about real firms.", "合成数据：所用企业均不存在。本报告仅展示软件功能，不代表真实企业的情况。")}</p>'
        )
    if seen.trained >= 0.01:
        out.append(
            f'<p class="flag">{t(f"{100 * seen.trained:.0f} % of the rows shown here were trained on, so the charts flatter. What to expect of new firms stands under Method, held out.", f"此处 {100 * seen.trained:.0f} % 的行曾用于训练，图表因而偏乐观。对新企业的预期表现，请看“方法”一节的留出验证。")}</p>'
        )
    out += [
        '<div class="tiles">',
        _tile(
            f"{e.auc:.3f}",
            t(f"AUC, 95 %: {e.auc_low:.3f} to {e.auc_high:.3f}", f"AUC，95% 区间 {e.auc_low:.3f} 至 {e.auc_high:.3f}"),
        ),
        _tile(f"{e.ks:.3f}", "KS"),
        _tile(
            f"{e.pr_auc:.3f}",
            t(f"precision-recall area; chance {e.positives / e.n:.3f}", f"PR 面积；随机水平 {e.positives / e.n:.3f}"),
        ),
        _tile(f"{e.brier:.3f}", t("Brier score", "Brier 分数")),
        _tile(slope, t("calibration slope; 1 is right", "校准斜率；1 为准确")),
        "</div>",
        f"<p>{t(f'Measured on {e.n:,} rows with {e.positives:,} defaults of {escape(seen.table.file)}.', f'以上指标基于 {escape(seen.table.file)} 的 {e.n:,} 行，其中违约 {e.positives:,} 行。')}</p>",
    ]
    return "".join(out)


def _data(seen: _Seen, t: Words) -> str:
    d, schema = seen.model.about["data"], seen.schema
    made_from = f'{escape(d["file"])}<br><span class="mono">SHA-256 {escape(d["sha256"])}</span>'
    rows: list[tuple[str, str]] = [
        (t("made from", "训练数据"), _Html(made_from)),
        (t("rows used", "使用行数"), f"{d['used']:,}"),
        (t("defaults", "违约"), f"{d['defaults']:,} ({100 * d['defaults'] / d['used']:.1f} %)"),
        (t("without a label, left out", "无标签，略去"), f"{d['unlabelled']:,}"),
        (t("copies, left out", "重复行，略去"), f"{d['copies']:,}"),
        (t("outcome", "结果列"), f"{schema.label} = {', '.join(schema.positive)}"),
    ]
    for name, reason in schema.banned.items():
        rows.append((t("banned", "禁用字段"), f"{name}: {reason}" if reason else name))
    for caution in seen.model.about["cautions"]:
        text = {
            "STRONG_FIELD": t("ranks strongly alone", "单独排序能力很强"),
            "CONSTANT_FIELD": t("is constant", "取值恒定"),
            "NOT_NUMBERS": t("cells were no numbers and counted as unknown", "个单元格不是数字，按未知处理"),
            "INFINITE": t("cells were infinite and counted as unknown", "个单元格为无穷大，按未知处理"),
            "HELD": t("cells were too large to be told apart", "个单元格数值过大，无法区分"),
            "NOT_BY_TIME": t(
                "leaves too few late rows to judge by, so rows were held back at random", "靠后的样本过少，改为随机留出"
            ),
        }.get(caution["code"], caution["code"])
        rows.append((t("seen", "注意"), f"{caution['field']} {text}"))
    return f"<h2>{t('Data', '数据')}</h2>{_rows((), rows)}"


_PARTS = {
    "scorecard": ("scorecard", "评分卡"),
    "linear": ("line over normal scores", "正态得分线性"),
    "boosted": ("boosted trees, small", "提升树（小）"),
    "deep": ("boosted trees, deep", "提升树（深）"),
    "forest": ("forest", "随机森林"),
}


def _parts(text: str, t: Words) -> str:
    return " + ".join(t(*_PARTS.get(k, (k, k))) for k in text.split("+"))


def _method(seen: _Seen, t: Words) -> str:
    about = seen.model.about
    m, held, one, gain = about["method"], about["held_out"], about["one_field"], about["gain_ppm"]
    splits = {
        "stratified": t("at random, with equal shares of defaults", "随机分层"),
        "grouped": t("by group", "按组"),
        "time": t("by time: later rows held back", "按时间：留出较晚的行"),
    }
    chosen = "+".join(m["parts"])
    tried = [
        (_Html(f"<b>{escape(_parts(k, t))}</b>") if k == chosen else _parts(k, t), _ppm(v, 4))
        for k, v in sorted(m["tried_auc_ppm"].items(), key=lambda item: -(item[1] or 0))
    ]
    keys = ("auc", "auc_low", "auc_high", "ks", "pr_auc", "brier", "calibration_slope", "error_at_half")
    names = (
        "AUC",
        t("low", "下限"),
        t("high", "上限"),
        "KS",
        t("PR area", "PR 面积"),
        "Brier",
        t("slope", "斜率"),
        t("error at ½", "½ 处错分率"),
    )
    if gain[1] > 0:
        said = t("The gain is more than chance.", "该增益并非偶然。")
    else:
        said = t("The interval includes zero: no gain is shown over one field.", "区间包含零：未能证明优于单一字段。")

    versions = ", ".join(f"{k} {v}" for k, v in about["versions"].items())
    return "".join(
        [
            f"<h2>{t('Method', '方法')}</h2>",
            f"<p>{t('The score of record is a sum of integers from tables and trees; libraries trained it, our own evaluator gives it. Held back:', '正式评分为整数表与树之和；由程序库训练，由本系统的求值器给出。留出方式：')} {splits.get(m['split'], escape(m['split']))}, {m['folds']} {t('folds, seed', '折，种子')} {m['seed']}. {t('The method was chosen on the same folds, so these figures flatter a little.', '方法亦由同样的折选出，指标略偏乐观。')}</p>",
            f"<h3>{t('Held out: what to expect of new firms', '留出验证：对新企业的预期表现')}</h3>",
            _rows(
                ("", *names),
                [
                    (t("this model", "本模型"), *(_ppm(held[k]) for k in keys)),
                    (t("best single field", "最佳单一字段"), *(_ppm(one[k]) for k in keys)),
                ],
                right=range(1, 9),
            ),
            f"<p>{t('Gain in AUC over the best single field, on the same rows:', '同样的行上，相对最佳单一字段的 AUC 增益：')} <b>{gain[0] / PPM:+.3f}</b> ({gain[1] / PPM:+.3f} {t('to', '至')} {gain[2] / PPM:+.3f}). {said}</p>",
            f"<h3>{t('What was tried', '尝试过的方法')}</h3>",
            _rows((t("parts", "组成"), t("held-out AUC", "留出 AUC")), tried, right=(1,)),
            f'<p class="soft">{escape(versions)}</p>',
        ]
    )


def _curve(y: Floats, raw: Floats) -> tuple[Floats, Floats, Floats]:
    """By falling risk, at the ends of ties: share of rows, of defaults, of others."""
    order = np.argsort(-raw, kind="stable")
    last = np.r_[raw[order][1:] != raw[order][:-1], True]
    bads, goods = np.cumsum(y[order])[last], np.cumsum(1 - y[order])[last]
    found = np.flatnonzero(last) + 1
    start = np.zeros(1)
    return (
        np.r_[start, found / len(y)],
        np.r_[start, bads / max(1, y.sum())],
        np.r_[start, goods / max(1, (1 - y).sum())],
    )


def _thin(x: Floats, y: Floats) -> list[tuple[float, float]]:
    keep = np.unique(np.linspace(0, len(x) - 1, min(len(x), _CURVE_POINTS)).astype(int))
    return list(zip(x[keep].tolist(), y[keep].tolist()))


def _rank(seen: _Seen, t: Words) -> str:
    rows, bads, goods = _curve(seen.y, seen.raw)
    even = [(0.0, 0.0), (1.0, 1.0)]
    precision = np.divide(bads * seen.y.sum(), rows * len(seen.y), out=np.ones_like(rows), where=rows > 0)
    roc = lines(
        t("Defaults found against others caught with them (ROC)", "ROC 曲线"),
        t("share of non-defaults", "未违约占比"),
        t("share of defaults", "违约占比"),
        [Line(t("model", "模型"), _thin(goods, bads)), Line(t("chance", "随机"), even, dashes=True)],
    )
    pr = lines(
        t("Precision and recall", "精确率与召回率"),
        t("share of defaults found (recall)", "找出的违约占比（召回率）"),
        t("defaults among those named (precision)", "所指之中违约占比（精确率）"),
        [
            Line(t("model", "模型"), _thin(bads[1:], precision[1:])),
            Line(t("chance", "随机"), [(0, float(seen.y.mean())), (1, float(seen.y.mean()))], dashes=True),
        ],
    )
    gains = lines(
        t("Gains: working from the riskiest down", "增益曲线：从风险最高者起"),
        t("share of all firms", "企业占比"),
        t("share of defaults", "违约占比"),
        [Line(t("model", "模型"), _thin(rows, bads)), Line(t("chance", "随机"), even, dashes=True)],
    )
    low, high = (int(v) for v in np.percentile(seen.points, [0.5, 99.5]))
    edges = np.linspace(low, max(high, low + 14), 15)
    held = np.clip(seen.points, edges[0], edges[-1])
    counts = [np.histogram(held[seen.y == k], edges)[0] for k in (0, 1)]
    spread = bars(
        t("Points of firms that paid and firms that defaulted", "未违约与违约企业的分数分布"),
        t("points (more is safer)", "分数（越高越安全）"),
        t("share of the group", "组内占比"),
        [f"{edges[i]:.0f}" for i in range(14)],
        [
            (t("paid", "未违约"), (counts[0] / max(1, counts[0].sum())).tolist()),
            (t("defaulted", "违约"), (counts[1] / max(1, counts[1].sum())).tolist()),
        ],
    )
    top = float(np.interp(0.2, rows, bads))
    return (
        f"<h2>{t('How it ranks', '排序能力')}</h2><p>{t(f'The riskiest fifth of the firms holds {100 * top:.0f} % of the defaults.', f'风险最高的五分之一企业包含 {100 * top:.0f} % 的违约。')}</p>"
        f'<div class="charts">{roc}{spread}{gains}{pr}</div>'
    )


def _calibration(seen: _Seen, t: Words) -> str:
    count = int(np.clip(seen.y.sum() // 8, 4, 10))
    parts = np.array_split(np.argsort(seen.p, kind="stable"), count)
    forecast = [float(seen.p[part].mean()) for part in parts]
    observed = [float(seen.y[part].mean()) for part in parts]
    intervals = [_wilson(int(seen.y[part].sum()), len(part)) for part in parts]
    top = min(1.0, 1.1 * max(*forecast, *(high for _, high in intervals), 0.02))
    chart = lines(
        t("Forecast and outcome, firms in equal groups by forecast", "预测与实际：按预测概率等分各组"),
        t("forecast default", "预测违约率"),
        t("observed default", "实际违约率"),
        [
            Line(t("observed, 95 %", "实际，95% 区间"), list(zip(forecast, observed)), dots=True, intervals=intervals),
            Line(t("exact", "完全准确"), [(0, 0), (top, top)], dashes=True),
        ],
        x_span=(0, top),
        y_span=(0, top),
    )
    table = _rows(
        (t("group", "组"), t("firms", "企业数"), t("forecast", "预测"), t("observed", "实际"), t("95 %", "95% 区间")),
        [
            (str(i + 1), f"{len(part):,}", percent(f), percent(o), f"{percent(low)} – {percent(high)}")
            for i, (part, f, o, (low, high)) in enumerate(zip(parts, forecast, observed, intervals))
        ],
        right=(0, 1, 2, 3, 4),
    )
    mean = t(
        f"Forecast {percent(float(seen.p.mean()))}, observed {percent(float(seen.y.mean()))} over all.",
        f"总体：预测 {percent(float(seen.p.mean()))}，实际 {percent(float(seen.y.mean()))}。",
    )
    return f'<h2>{t("How its probabilities hold", "概率校准")}</h2><p>{mean}</p><div class="charts">{chart}<div>{table}</div></div>'


def _wilson(bads: int, rows: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927)."""
    z, p = 1.96, bads / rows
    middle = (p + z * z / (2 * rows)) / (1 + z * z / rows)
    half = z * float(np.sqrt(p * (1 - p) / rows + z * z / (4 * rows * rows))) / (1 + z * z / rows)
    return max(0.0, middle - half), min(1.0, middle + half)


def _fields(seen: _Seen, t: Words) -> str:
    taken: dict[str, int] = {}
    for score in seen.scores:
        for reason in score.reasons:
            taken[reason.field] = taken.get(reason.field, 0) - reason.points
    n = max(1, len(seen.scores))
    shown = sorted(taken.items(), key=lambda item: -item[1])[:25]
    by_name = {f.name: f for f in seen.model.fields}

    def named(name: str) -> str:
        f = by_name[name]
        told = t(f.english, f.chinese)
        # Two fields may be described alike.
        return told if told == name else f"{told} · {name}"

    rows = [(named(name), total / n, f"{total / n:.1f}") for name, total in shown]
    rest = len(by_name) - len(shown)
    more = t(f" {rest} further fields take less.", f" 另有 {rest} 个字段影响更小。") if rest > 0 else ""
    return (
        f"<h2>{t('What each field does', '各字段的作用')}</h2>"
        f"<p>{t('Points that a field takes off the average firm, for firms it speaks against.', '字段对企业不利时的平均扣分（按全部企业平均）。')}{more}</p>{beams(rows)}"
    )


def _stability(seen: _Seen, t: Words) -> str:
    drift = seen.drift
    moved = [
        (name, f"{f['population_stability']:.3f}", _verdict(f["population_stability"], t))
        for name, f in list(drift["fields"].items())[:12]
    ]
    score = drift["score_stability"]
    out = [
        f"<h2>{t('Stability', '稳定性')}</h2>",
        f"<p>{t('Population stability of the score against the firms it was made from:', '相对训练企业，评分的群体稳定性指数：')} <b>{score:.3f}</b> {_verdict(score, t)}. "
        f"{t(f'Below {WATCH} is steady, above {ALARM} somebody must look.', f'低于 {WATCH} 为平稳，高于 {ALARM} 须人工检查。')}</p>",
        _rows((t("field", "字段"), t("stability index", "稳定性指数"), ""), moved, right=(1,)),
    ]
    if seen.schema.time and seen.schema.time in seen.table.names:
        out.append(_by_time(seen, t))
    return "".join(out)


def _verdict(value: float, t: Words) -> str:
    if value >= ALARM:
        return _Html(f'<span class="bad">{t("moved", "已偏移")}</span>')
    return t("watch", "关注") if value >= WATCH else t("steady", "平稳")


def _by_time(seen: _Seen, t: Words) -> str:
    try:
        decided = days(seen.table, seen.schema.time, written_of(seen.model).get(seen.schema.time))
    except UsageError:
        return ""
    at = np.array([np.nan if decided[i] is None else float(decided[i] or 0) for i in seen.kept])
    known = ~np.isnan(at)
    if known.sum() < 4 * GROUP_LEAST:
        return ""
    # Where few days repeat, a quarter of the rows and the next may begin on one day: then they are one.
    starts = np.unique(np.quantile(at[known], [0, 0.25, 0.5, 0.75], method="lower"))
    written = [seen.table.column(seen.schema.time)[i] for i in seen.kept]
    rows = []
    for low, high in pairwise([*starts, np.inf]):
        part = known & (at >= low) & (at < high)
        first, last = (
            str(written[k]) for k in (np.where(part, at, np.inf).argmin(), np.where(part, at, -np.inf).argmax())
        )
        rows.append((first if first == last else f"{first} – {last}", *_group_cells(seen, part)))
    header = (t("decided on, a quarter of the rows each", "决策日期（各约四分之一）"), *_group_header(t))
    return f"<h3>{t('By time', '按时间')}</h3>{_rows(header, rows, right=range(1, 6))}"


def _group_header(t: Words) -> tuple[str, ...]:
    return (
        t("firms", "企业数"),
        t("forecast", "预测"),
        t("observed", "实际"),
        "AUC",
        t("above the median score", "分数高于中位数"),
    )


def _group_cells(seen: _Seen, part: NDArray[np.bool_]) -> tuple[str, ...]:
    y, p, raw = seen.y[part], seen.p[part], seen.raw[part]
    area = f"{auc(y, raw):.3f}" if len(y) and 0 < y.sum() < len(y) and min(y.sum(), len(y) - y.sum()) >= 5 else "–"
    passed = float((raw <= np.median(seen.raw)).mean()) if len(raw) else 0.0
    if not len(y):
        return ("0", "–", "–", "–", "–")
    return (f"{len(y):,}", percent(float(p.mean())), percent(float(y.mean())), area, percent(passed))


def _segments(seen: _Seen, t: Words) -> str:
    out = [f"<h2>{t('Groups side by side', '分组比较与公平性')}</h2>"]
    names = [name for name in seen.schema.segments if name in seen.table.names]
    if not names:
        out.append(
            f"<p>{t('The schema names no segments, so nothing is shown of region or type of firm. Name them under segments to have it looked at.', 'schema 未指定分组列，因此无法按地区或企业类型比较。请在 segments 中指定后重新生成报告。')}</p>"
        )
        return "".join(out)
    out.append(
        f"<p>{t('The last column is the share of a group that lies on the safer side of the median: a group below four fifths of the best is marked, for somebody to find out why. A difference in defaults may explain it; a model may have learnt it wrongly.', '末列为组内分数高于全体中位数的占比：低于最高组五分之四者予以标出，须查明原因。差异可能源于违约率不同，也可能是模型学偏。')}</p>"
    )
    for name in names:
        words = [word(cell) or t("(unknown)", "（未知）") for cell in seen.table.column(name)]
        own = np.array([words[i] for i in seen.kept], dtype=object)
        found = sorted(Counter(own.tolist()).items(), key=lambda item: (-item[1], item[0]))
        shown = [w for w, n in found if n >= GROUP_LEAST][:GROUPS_MAX]
        median = np.median(seen.raw)
        passed = {w: float((seen.raw[own == w] <= median).mean()) for w in shown}
        best = max(passed.values(), default=0.0)
        rows = []
        for w in shown:
            *cells, last = _group_cells(seen, own == w)
            rows.append((w, *cells, _Html(f'<span class="bad">{last}</span>') if passed[w] < 0.8 * best else last))
        small = len(found) - len(shown)
        note = (
            t(f"{small} groups with fewer firms are not shown.", f"另有 {small} 个企业较少的组未列出。")
            if small
            else ""
        )
        out.append(
            f"<h3>{escape(name)}</h3>{_rows(('', *_group_header(t)), rows, right=range(1, 6))}<p class=soft>{note}</p>"
        )
    return "".join(out)


def _limits(seen: _Seen, t: Words) -> str:
    about, e = seen.model.about, seen.evaluation
    d, held = about["data"], about["held_out"]
    notes = [
        t(
            f"Made from {d['used']:,} rows of {escape(d['file'])}. For other kinds of firm, other countries or another definition of default it says nothing.",
            f"由 {escape(d['file'])} 的 {d['used']:,} 行训练而成。对其他类型的企业、其他国家或其他违约定义，本模型无从判断。",
        ),
        t(
            "A score is evidence for a decision and not the decision. A refusal rests on reasons that a person has read.",
            "评分是决策依据，而非决策本身。拒绝须有人工审阅过的理由。",
        ),
        t(
            "The interval of a probability tells the chance in the calibration sample; it does not tell that the economy turns.",
            "概率区间只反映校准样本的偶然性，不反映经济形势变化。",
        ),
        t(
            "Reasons tell which fields took points off in this model. They are no causes.",
            "理由说明模型因哪些字段扣分，并不等于原因。",
        ),
    ]
    if d["defaults"] < 100:
        notes.append(
            t(
                f"Only {d['defaults']} defaults: every figure here is uncertain, and differences between methods mostly are chance.",
                f"仅有 {d['defaults']} 个违约样本：各项指标均不确定，方法之间的差异多属偶然。",
            )
        )
    if held["auc_low"] is not None and held["auc_high"] - held["auc_low"] > 100_000:
        notes.append(
            t(
                f"The interval of the AUC is wide: {_ppm(held['auc_low'])} to {_ppm(held['auc_high'])}.",
                f"AUC 的区间较宽：{_ppm(held['auc_low'])} 至 {_ppm(held['auc_high'])}。",
            )
        )
    if e.calibration_slope is not None and not 0.8 <= e.calibration_slope <= 1.25:
        notes.append(
            t(
                f"On these rows the calibration slope is {e.calibration_slope:.2f}: probabilities are too "
                + ("bold" if e.calibration_slope < 1 else "timid")
                + ". Calibrate again before pricing by them.",
                f"在这些行上校准斜率为 {e.calibration_slope:.2f}：概率"
                + ("过于极端" if e.calibration_slope < 1 else "过于保守")
                + "。用于定价之前应重新校准。",
            )
        )
    if not seen.schema.time:
        notes.append(
            t(
                "No time column: nobody has tested that it holds on later firms.",
                "没有时间列：未检验模型对后来企业是否依然有效。",
            )
        )
    items = "".join(f"<li>{note}</li>" for note in notes)
    return f"<h2>{t('Limits of use', '使用限制')}</h2><ul>{items}</ul>"
