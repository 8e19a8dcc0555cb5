"""`hefu credit schema, fit, evaluate, score, export, report, drift`: models of credit from any table with a label."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click

from hefu.cli.codes import explain
from hefu.cli.common import common
from hefu.cli.language import LANGUAGE, t
from hefu.cli.output import Output
from hefu.credit.models.applying import Seen, groups_of, read_fields, schema_of, scores_of, seen_of
from hefu.credit.models.proposing import propose, schema_text
from hefu.credit.models.record import BadModel, Model, Score, canonical
from hefu.credit.models.schema import Schema, read_schema
from hefu.credit.models.tables import read_table
from hefu.documents.invoices.report import harmless
from hefu.documents.invoices.saving import whole_file
from hefu.kernel.errors import Corrupt, Rejected, Unavailable, UsageError

_FILE = click.Path(path_type=Path, dir_okay=False)
_DATA = click.option(
    "--data",
    required=True,
    type=_FILE,
    help=t("Table: CSV, Parquet or ARFF.", "数据表：CSV、Parquet 或 ARFF。"),
)
_MODEL = click.argument("model_path", metavar="MODEL", type=_FILE)
#: Fields without a difference that a fit names; --json has all.
_CONSTANTS_NAMED = 5
#: What a check saw that is no reason to stop.
CAUTIONS = {
    "STRONG_FIELD": (
        "ranks strongly alone; make sure that it is known when deciding",
        "单独排序能力很强，请确认决策时确实已知",
    ),
    "CONSTANT_FIELD": ("has one value throughout and tells nothing", "全表取值相同，不提供信息"),
    "NOT_NUMBERS": ("cells that are no numbers counted as unknown", "个单元格不是数字，按未知处理"),
    "INFINITE": ("infinite cells counted as unknown", "个单元格为无穷大，按未知处理"),
    "NOT_BY_TIME": (
        "leaves too few late rows to judge by, so rows were held back at random",
        "靠后的样本过少，改为随机留出",
    ),
    "HELD": ("cells are too large to be told apart; look for slips", "个单元格数值过大，无法区分，请检查是否录入有误"),
}


@contextmanager
def _training() -> Iterator[None]:
    """What trains and judges is an extra."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in ("numpy", "lightgbm", "sklearn", "scipy", "onnx"):
            raise
        raise Unavailable(
            t(
                "this needs the extra models, which is not installed: name it with the wheel, as in pip install 'hefu-….whl[models]'",
                "此命令需要附加组件 models，尚未安装；安装 wheel 时请一并指定，如 pip install 'hefu-….whl[models]'",
            ),
            code="MODELS_MISSING",
        ) from None


def read_model(path: Path) -> Model:
    """
    A model's file.

    Raises:
        UsageError: FILE_MISSING. Corrupt: it is no model, with the code of `record`.
    """
    try:
        return Model.read(path.read_bytes())
    except OSError:
        raise UsageError(
            t("no such file; check the path", "没有这个文件，请检查路径"), code="FILE_MISSING", where=path.name
        ) from None
    except BadModel as error:
        raise Corrupt(
            t(str(error), explain(error.code, str(error))), code=error.code, where=f"{path.name}: {error.where}"
        ) from None


def _note(output: Output, text: str) -> None:
    """To the error stream, so that --json stays one value of the stated keys."""
    if output.as_json:
        click.echo(text, err=True)
    else:
        output.line(text)


@click.command(
    "schema", help=t("Propose a schema of a table, to be corrected by hand.", "为数据表拟出 schema，供人工修改。")
)
@_DATA
@click.option("--label", help=t("Column of the outcome, where the guess is wrong.", "结果列；自动判断有误时指定。"))
@click.option(
    "-o", "--output", "target", type=_FILE, help=t("File to write; the screen if absent.", "输出文件；缺省为屏幕。")
)
@common
def schema_command(output: Output, data: Path, label: str | None, target: Path | None) -> None:
    """Prints TOML with a comment on what was seen of each column."""
    table = read_table(data)
    proposal = propose(table, label=label)
    text = schema_text(proposal, table)
    if target is not None:
        with whole_file(target) as file:
            file.write(text)
    output.data(
        {
            "schema": text,
            "label": proposal.schema.label,
            "positive": list(proposal.schema.positive),
            "negative": list(proposal.schema.negative),
            "identifiers": list(proposal.schema.identifiers),
            "time": proposal.schema.time,
            "group": proposal.schema.group,
            "banned": dict(proposal.schema.banned),
            "fields": [c.name for c in proposal.schema.fields],
            "questions": list(proposal.questions),
        }
    )
    if output.as_json:
        return
    if target is None:
        click.echo(text, nl=False)
        return
    output.line(
        t(
            f"{len(proposal.schema.fields)} fields proposed, written to {target.name}. Look at the lines with '# ?' before you fit.",
            f"已拟出 {len(proposal.schema.fields)} 个字段，写入 {target.name}。训练前请查看带“# ?”的各行。",
        )
    )


@click.command("fit", help=t("Make a model from a table with a label.", "用带标签的数据表训练模型。"))
@_DATA
@click.option("--schema", "schema_path", required=True, type=_FILE, help=t("Schema (TOML).", "schema 文件（TOML）。"))
@click.option(
    "-o", "--output", "target", required=True, type=_FILE, help=t("Model to write (JSON).", "输出的模型文件（JSON）。")
)
@click.option("--name", help=t("Name of the model; the file's by default.", "模型名称；缺省取文件名。"))
@click.option(
    "--seed",
    default=1,
    show_default=True,
    type=click.IntRange(0, 2_000_000_000),
    help=t("Same seed, same model.", "种子相同，模型相同。"),
)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(["scorecard", "linear", "boosted", "deep", "forest"]),
    help=t("Try only this; may be repeated.", "只尝试此种方法，可重复指定。"),
)
@common
def fit_command(
    output: Output, data: Path, schema_path: Path, target: Path, name: str | None, seed: int, kinds: tuple[str, ...]
) -> None:
    """Exit code 3 where a check stops the fit, with the column and the reason."""
    _check_folder(target)
    schema = _schema(schema_path)
    table = read_table(data)
    with _training():
        from hefu.credit.models.fitting import fit_table

        fit = fit_table(table, schema, name=name or target.stem, seed=seed, kinds=kinds or None)
    with whole_file(target) as file:
        file.write(canonical(fit.document).decode())
    about = fit.model.about
    output.data(
        {
            "model": str(target),
            "digest": fit.model.digest,
            "parts": about["method"]["parts"],
            "rows": about["data"]["used"],
            "unlabelled": about["data"]["unlabelled"],
            "copies": about["data"]["copies"],
            "held_out": fit.held_out.as_dict(),
            "one_field": fit.line.as_dict(),
            "gain": [round(v, 6) for v in fit.gain],
            "tried": {k: round(v, 6) for k, v in fit.tried.items()},
            "cautions": [{"code": code, "field": where} for code, where in fit.prepared.cautions],
        }
    )
    constant = [where for code, where in fit.prepared.cautions if code == "CONSTANT_FIELD"]
    for code, where in fit.prepared.cautions:
        if code != "CONSTANT_FIELD":
            output.line(f"  {where}: {t(*CAUTIONS[code])}")
    if constant:
        more = len(constant) - _CONSTANTS_NAMED
        named = t(", ", "、").join(constant[:_CONSTANTS_NAMED])
        rest = t(f" and {more} more", f" 等共 {len(constant)} 项") if more > 0 else ""
        output.line(f"  {named}{rest}: {t(*CAUTIONS['CONSTANT_FIELD'])}")
    d = about["data"]
    output.line(
        t(
            f"{d['used']:,} rows with {d['defaults']:,} defaults; {d['unlabelled']:,} without a label and {d['copies']:,} copies left out.",
            f"使用 {d['used']:,} 行，其中违约 {d['defaults']:,} 行；略去无标签 {d['unlabelled']:,} 行、重复 {d['copies']:,} 行。",
        )
    )
    held, line, gain = fit.held_out, fit.line, fit.gain
    output.line(
        t(
            f"Held out: AUC {held.auc:.3f} ({held.auc_low:.3f} to {held.auc_high:.3f}), KS {held.ks:.3f}, Brier {held.brier:.3f}; a little "
            f"flattering, for the method was chosen on the same folds. `evaluate` on rows of their own tells.",
            f"留出验证：AUC {held.auc:.3f}（{held.auc_low:.3f} 至 {held.auc_high:.3f}），KS {held.ks:.3f}，Brier {held.brier:.3f}；"
            f"方法亦由同样的折选出，指标略偏乐观，请另用未参与训练的数据运行 evaluate。",
        )
    )
    output.line(
        t(
            f"Best single field: AUC {line.auc:.3f}; gain {gain[0]:+.3f} ({gain[1]:+.3f} to {gain[2]:+.3f})"
            + ("." if gain[1] > 0 else ", which chance could have made."),
            f"最佳单一字段：AUC {line.auc:.3f}；增益 {gain[0]:+.3f}（{gain[1]:+.3f} 至 {gain[2]:+.3f}）"
            + ("。" if gain[1] > 0 else "，可能出于偶然。"),
        )
    )
    output.line(
        t(
            f"{' and '.join(about['method']['parts'])}, written to {target.name}, digest {fit.model.digest[:16]}.",
            f"方法：{'、'.join(about['method']['parts'])}；已写入 {target.name}，摘要 {fit.model.digest[:16]}。",
        )
    )


def _check_folder(target: Path) -> None:
    # A fit of minutes is not made to be lost.
    if not target.parent.is_dir() or target.is_dir():
        raise UsageError(t("the file cannot be written", "无法写入该文件"), code="NOT_SAVED", where=target.name)


def _schema(path: Path) -> Schema:
    try:
        raw = path.read_bytes()
    except OSError:
        raise UsageError(
            t("no such file; check the path", "没有这个文件，请检查路径"), code="FILE_MISSING", where=path.name
        ) from None
    return read_schema(raw, path.name)


@click.command(
    "evaluate", help=t("How good a model's scores are on a table with a label.", "在带标签的数据表上评估模型。")
)
@_MODEL
@_DATA
@click.option(
    "--training-rows",
    is_flag=True,
    help=t("Go on although the model was made from these rows.", "即使该表含有训练所用的行，仍继续评估。"),
)
@common
def evaluate_command(output: Output, model_path: Path, data: Path, training_rows: bool) -> None:
    """Rows without a label, or that cannot be scored, are left out and counted on the error stream."""
    model, table = read_model(model_path), read_table(data)
    with _training():
        import numpy as np

        from hefu.credit.models.batch import Batch, arrays
        from hefu.credit.models.checks import labels_of
        from hefu.credit.models.making import making_of
        from hefu.credit.models.metrics import evaluation
        from hefu.credit.models.overlap import check_overlap

        schema = schema_of(model)
        labels = labels_of(table, schema)
        making_of(model)
        share = check_overlap(model, table, allowed=training_rows)
        columns, coded, _ = read_fields(model, table)
        outputs = Batch(model).score(*arrays(columns, [f.name for f in model.fields], table.rows))
        kept = [i for i, label in enumerate(labels) if label is not None and i not in outputs.errors]
        y = np.array([labels[i] for i in kept], dtype=np.float64)
        if not len(y) or not 0 < y.sum() < len(y):
            raise Rejected(
                t(
                    "the labelled rows that can be scored have one outcome or none",
                    "可评分且有标签的行只有一种结果，或没有",
                ),
                code="ONE_CLASS",
                where=table.file,
            )
        found = evaluation(
            y,
            outputs.raw[kept].astype(np.float64),
            outputs.default_ppm[kept] / 1e6,
            groups=groups_of(table, schema, kept),
        )
    output.data(found.as_dict())
    errors = Counter((error.code, error.where) for error in outputs.errors.values())
    _tell_scores(output, errors, seen_of(model, columns, coded))
    unlabelled = sum(label is None for label in labels)
    if unlabelled:
        _note(output, t(f"{unlabelled:,} rows without a label left out.", f"略去无标签的行 {unlabelled:,} 行。"))
    if share:
        _note(
            output,
            t(
                f"{100 * share:.1f} % of the rows were trained on; figures on them flatter.",
                f"其中 {100 * share:.1f} % 的行曾用于训练，指标因而偏高。",
            ),
        )
    slope = "-" if found.calibration_slope is None else f"{found.calibration_slope:.3f}"
    output.table(
        (t("measure", "指标"), t("value", "值")),
        [
            (t("rows", "行数"), f"{found.n:,}"),
            (t("defaults", "违约"), f"{found.positives:,}"),
            ("AUC", f"{found.auc:.4f}"),
            (t("AUC, 95 %", "AUC 95% 区间"), f"{found.auc_low:.4f} – {found.auc_high:.4f}"),
            ("KS", f"{found.ks:.4f}"),
            (t("precision-recall area", "PR 面积"), f"{found.pr_auc:.4f}"),
            ("Brier", f"{found.brier:.4f}"),
            (t("calibration slope", "校准斜率"), slope),
            (t("error at one half", "0.5 处错分率"), f"{found.error_at_half:.4f}"),
        ],
        right=(1,),
    )


def _tell_scores(output: Output, errors: Mapping[tuple[str, str], int], seen: Seen) -> None:
    for (code, where), n in errors.items():
        _note(
            output,
            t(
                f"{n:,} rows not scored: {where}: {explain(code, code)}",
                f"{n:,} 行未评分：{where}：{explain(code, code)}",
            ),
        )
    if seen.strange:
        names = Counter(name for found in seen.strange.values() for name in found)
        for name, n in names.items():
            _note(
                output,
                t(
                    f"{name}: {n:,} cells are no numbers; they count as unknown.",
                    f"{name}：{n:,} 个单元格不是数字，按未知处理。",
                ),
            )
    for name, share in seen.shifted.items():
        _note(
            output,
            t(
                f"{name}: {100 * share:.0f} % of the rows lie outside what the model saw. Check the unit.",
                f"{name}：{100 * share:.0f} % 的行超出模型见过的范围，请核对单位。",
            ),
        )
    for name, (now, then) in seen.unknown.items():
        _note(
            output,
            t(
                f"{name}: {100 * now:.0f} % unknown, was {100 * then:.0f} %. Check the column.",
                f"{name}：{100 * now:.0f} % 未知，训练时为 {100 * then:.0f} %，请核对该列。",
            ),
        )


_HEADER = ("row", "points", "default_ppm", "low_ppm", "high_ppm", "raw", "reasons", "notes", "error", "error_field")


@click.command("score", help=t("Score every row of a table.", "为数据表的每一行评分。"))
@_MODEL
@_DATA
@click.option(
    "-o", "--output", "target", required=True, type=_FILE, help=t("Scores to write (CSV).", "输出的评分文件（CSV）。")
)
@click.option(
    "--reasons", "most", default=4, show_default=True, help=t("Most reasons a row.", "每行最多列出的理由数。")
)
@common
def score_command(output: Output, model_path: Path, data: Path, target: Path, most: int) -> None:
    """One line a row of the table, in its order: points, probability of default with its interval, reasons; or the error of the row."""
    if target.suffix.lower() != ".csv":
        raise UsageError(t("scores are written as .csv", "评分只能存为 .csv"), code="SCORES_KIND", where=target.name)
    model, table = read_model(model_path), read_table(data)
    schema = schema_of(model)
    columns, coded, _ = read_fields(model, table)
    seen, errors = seen_of(model, columns, coded), Counter[tuple[str, str]]()
    names = [name for name in (*schema.identifiers, schema.group, schema.time) if name and name in table.names]
    named = [table.column(name) for name in names]
    with whole_file(target) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow((_HEADER[0], *map(harmless, names), *_HEADER[1:]))
        for i, row in enumerate(scores_of(model, columns, table.rows)):
            who = [harmless(column[i] or "") for column in named]
            if isinstance(row, Score):
                reasons = "; ".join(f"{r.field} {r.code} {r.points}" for r in row.reasons[:most])
                notes = [f"{n.field} {n.code}" for n in row.notes]
                notes += [f"{name} NOT_A_NUMBER" for name in seen.strange.get(i, ())]
                line = (
                    row.points,
                    row.default_ppm,
                    row.low_ppm,
                    row.high_ppm,
                    row.raw,
                    harmless(reasons),
                    harmless("; ".join(notes)),
                    "",
                    "",
                )
                writer.writerow((i + 1, *who, *line))
            else:
                errors[row.code, row.where] += 1
                writer.writerow((i + 1, *who, "", "", "", "", "", "", "", row.code, harmless(row.where)))
    scored = table.rows - errors.total()
    by_code = Counter[str]()
    for (code, _), count in errors.items():
        by_code[code] += count
    output.data(
        {
            "rows": table.rows,
            "scored": scored,
            "model": model.digest,
            "synthetic": bool(model.about.get("synthetic")),
            "errors": dict(by_code),
            "shifted": {name: round(share, 6) for name, share in seen.shifted.items()},
            "unknown": {
                name: {"now": round(now, 6), "then": round(then, 6)} for name, (now, then) in seen.unknown.items()
            },
            "saved": str(target),
        }
    )
    if model.about.get("synthetic"):
        output.line(t("The model was made from synthetic firms.", "该模型由合成企业训练而成。"))
    _tell_scores(output, errors, seen)
    output.line(
        t(
            f"{scored:,} of {table.rows:,} rows scored, saved to {target.name}.",
            f"{table.rows:,} 行中已评分 {scored:,} 行，存入 {target.name}。",
        )
    )
    if table.rows and not scored:
        raise SystemExit(3)


@click.command(
    "export", help=t("Write a model as ONNX, for programs of others.", "将模型导出为 ONNX，供其他程序使用。")
)
@_MODEL
@click.option(
    "-o", "--output", "target", required=True, type=_FILE, help=t("File to write (.onnx).", "输出文件（.onnx）。")
)
@common
def export_command(output: Output, model_path: Path, target: Path) -> None:
    """What is exported gives the raw score as an integer; the score of record stays the evaluator's."""
    model = read_model(model_path)
    with _training():
        from hefu.credit.models.onnx_export import onnx_bytes

        raw = onnx_bytes(model)
    try:
        target.write_bytes(raw)
    except OSError:
        raise UsageError(
            t("the file cannot be written", "无法写入该文件"), code="NOT_SAVED", where=target.name
        ) from None
    output.data({"model": model.digest, "saved": str(target), "bytes": len(raw)})
    output.line(t(f"{len(raw):,} bytes written to {target.name}.", f"已写入 {target.name}，{len(raw):,} 字节。"))


@click.command(
    "report", help=t("A report of a model as one HTML file, with charts.", "生成模型报告（单个 HTML 文件，含图表）。")
)
@_MODEL
@_DATA
@click.option(
    "-o", "--output", "target", required=True, type=_FILE, help=t("File to write (.html).", "输出文件（.html）。")
)
@common
def report_command(output: Output, model_path: Path, data: Path, target: Path) -> None:
    """In the language of --lang: data, method, rank, calibration, gains, stability, segments, limits of use."""
    model, table = read_model(model_path), read_table(data)
    with _training():
        from hefu.credit.models.report import report_html

        html = report_html(model, table, language=LANGUAGE)
    with whole_file(target) as file:
        file.write(html)
    output.data({"model": model.digest, "saved": str(target)})
    output.line(t(f"Report written to {target.name}.", f"报告已写入 {target.name}。"))


@click.command(
    "drift", help=t("How far a table has moved from what a model was made from.", "衡量数据表相对训练数据的偏移。")
)
@_MODEL
@_DATA
@click.option(
    "--challenger", type=_FILE, help=t("Another model, compared on the same rows.", "挑战者模型，在同样的行上比较。")
)
@common
def drift_command(output: Output, model_path: Path, data: Path, challenger: Path | None) -> None:
    """Population stability by field and of the score, what the model expects of itself without labels, and alerts."""
    model, table = read_model(model_path), read_table(data)
    other = None if challenger is None else read_model(challenger)
    with _training():
        from hefu.credit.models.drift import drift_of

        found = drift_of(model, table, challenger=other)
    output.data(found)
    output.table(
        (t("field", "字段"), t("stability index", "稳定性指数"), t("unknown then and now", "未知占比：当时与现在")),
        [
            (
                name,
                f"{f['population_stability']:.3f}",
                f"{100 * f['unknown_then']:.1f} % → {100 * f['unknown_now']:.1f} %",
            )
            for name, f in found["fields"].items()
        ],
        right=(1, 2),
    )
    if found["not_scored"]:
        output.line(
            t(
                f"{found['not_scored']:,} rows cannot be scored and are left out.",
                f"{found['not_scored']:,} 行无法评分，已略去。",
            )
        )
    for alert in found["alerts"]:
        output.line(f"{alert['code']} {alert['where']}: {explain(alert['code'], alert['code'])}")
    if not found["alerts"]:
        output.line(t("No alert.", "无告警。"))


COMMANDS = (
    schema_command,
    fit_command,
    evaluate_command,
    score_command,
    export_command,
    report_command,
    drift_command,
)
