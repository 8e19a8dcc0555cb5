"""`hefu credit …`: sources of firms in, features out. Needs no ledger: the store is a file on the node that was given the data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import click

from hefu.cli.codes import explain
from hefu.cli.common import common, day
from hefu.cli.credit_allocation import allocate_command
from hefu.cli.credit_decision import COMMANDS as DECISION_COMMANDS
from hefu.cli.credit_models import COMMANDS as MODEL_COMMANDS
from hefu.cli.credit_policy import policy_command
from hefu.cli.credit_store import STORE, check_known, existing_store, store_file, synthetic_note
from hefu.cli.credit_watching import COMMANDS as WATCHING_COMMANDS
from hefu.cli.language import t
from hefu.cli.options import DIRECTION, MAPPING, NO_LINKS, READ_FILE, TODAY, business_day
from hefu.cli.output import Output
from hefu.credit.features import BY_NAME, FEATURES, VERSION, Feature, compute, record_of, sources_of
from hefu.credit.features.registry import LINKS, SOURCES
from hefu.credit.models.outcomes import LABEL, Labels, labels_of, read_outcomes
from hefu.credit.sources import Options, SourceReport, Store, import_source, synthetic_firms, write_firms
from hefu.credit.sources.schema import SCHEMAS
from hefu.documents.invoices import Direction, load_mapping
from hefu.kernel.errors import UsageError
from hefu.kernel.money import format_minor

KINDS = ("invoices", *SCHEMAS)
NAMES = {
    "invoices": ("invoices", "发票"),
    "sales": ("sales invoices", "销项发票"),
    "purchases": ("purchase invoices", "进项发票"),
    LINKS: ("links between firms", "企业之间的关联"),
    **{source: (schema.english.lower(), schema.chinese) for source, schema in SCHEMAS.items()},
}


@click.group(help=t("Credit from data: sources of firms and their features.", "数据增信：企业的数据源与特征。"))
def credit() -> None:
    """Group."""


for _command in (*MODEL_COMMANDS, *DECISION_COMMANDS, allocate_command, policy_command, *WATCHING_COMMANDS):
    credit.add_command(_command)


def _named(source: str) -> str:
    return t(*NAMES[source])


@credit.command(
    "import",
    help=t(
        "Read and check files of one source; keep them all or none.",
        "读取并检查一种数据源的文件，要么全部入库，要么全不入库。",
    ),
)
@click.argument("source", type=click.Choice(KINDS))
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@STORE
@TODAY
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="FIELD=HEADER",
    help=t("Which column holds a field, where no known header does.", "表头不在已知之列时，指明字段所在的列。"),
)
@MAPPING
@DIRECTION
@click.option(
    "--skip-refused",
    is_flag=True,
    help=t("Keep the other rows although some are refused.", "即使有行被拒绝，仍将其余各行入库。"),
)
@common
def import_command(
    output: Output,
    source: str,
    files: tuple[Path, ...],
    store_path: Path | None,
    today: str | None,
    columns: tuple[str, ...],
    mapping: Path | None,
    direction: str | None,
    skip_refused: bool,
) -> None:
    """Exit code 3 where rows were refused and nothing was kept."""
    options = Options(
        business_day(today),
        _pairs(columns),
        load_mapping(mapping) if mapping else None,
        Direction(direction) if direction else None,
        skip_refused,
    )
    path = store_file(store_path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with Store(path) as store:
        report = import_source(store, source, files, options)
    _told(output, report, path)
    if not report.is_stored:
        raise SystemExit(3)


def _pairs(columns: Sequence[str]) -> dict[str, str]:
    found = {}
    for text in columns:
        name, sign, header = text.partition("=")
        if not sign or not header:
            raise UsageError(
                t(f"{text!r} does not say FIELD=HEADER", f"“{text}”不是“字段=表头”的形式"), code="BAD_COLUMN"
            )
        found[name] = header
    return found


def _told(output: Output, report: SourceReport, path: Path) -> None:
    output.data(
        {
            "source": report.source,
            "files": list(report.files),
            "rows": report.rows,
            "counts": dict(report.counts),
            "added": report.added,
            "stored": report.is_stored,
            "synthetic": report.is_synthetic,
            "refused": [{**r._asdict(), "reason": r.reason} for r in report.refused],
        }
    )
    synthetic_note(output, report.is_synthetic)
    output.table(
        (t("treatment", "处理"), t("rows", "行数")), [(c, f"{n:,}") for c, n in report.counts.items()], right=(1,)
    )
    for row in report.refused[:20]:
        output.line(f"  {row.file}:{row.row} {row.code} [{row.field}]: {t(row.reason, explain(row.code, row.reason))}")
    if len(report.refused) > 20:
        output.line(
            t(
                f"  … {len(report.refused) - 20:,} more; --json lists them all",
                f"  … 另有 {len(report.refused) - 20:,} 行，--json 可全部列出",
            )
        )
    if report.is_stored:
        output.line(
            t(
                f"{report.rows:,} rows of {_named(report.source)} read, {report.added:,} new ones kept in {path.name}.",
                f"{_named(report.source)}共读取 {report.rows:,} 行，新入库 {report.added:,} 行（{path.name}）。",
            )
        )
    else:
        output.line(
            t(
                f"Nothing was kept: {len(report.refused):,} of {report.rows:,} rows were refused. Correct them, or go on without them "
                "with --skip-refused.",
                f"未入库：{report.rows:,} 行中有 {len(report.refused):,} 行被拒绝。请更正，或用 --skip-refused 略过这些行。",
            )
        )


@credit.command("sources", help=t("What is known of the firms, and what is not.", "已有哪些企业数据，缺哪些。"))
@STORE
@common
def sources_command(output: Output, store_path: Path | None) -> None:
    """Prints rows, firms and dates of every source; an absent one is told as absent."""
    with Store(existing_store(store_path)) as store:
        coverage, firms, synthetic, journal = store.coverage(), store.firms(), store.is_synthetic, store.journal()
    output.data(
        {
            "firms": len(firms),
            "synthetic": synthetic,
            "sources": {
                kind: {"rows": rows, "firms": known, "first_on": first, "last_on": last}
                for kind, (rows, known, first, last) in coverage.items()
            },
            "imports": [
                {"source": e.source, "file": e.file, "sha256": e.digest, "rows": e.rows, "accepted": e.accepted}
                for e in journal
            ],
        }
    )
    synthetic_note(output, synthetic)
    absent = t("absent", "缺")
    output.table(
        (t("source", "数据源"), t("rows", "行数"), t("firms", "企业数"), t("from", "起"), t("to", "止")),
        [
            (_named(kind), f"{rows:,}", f"{known:,} / {len(firms):,}", first, last)
            if rows
            else (_named(kind), absent, "", "", "")
            for kind, (rows, known, first, last) in coverage.items()
        ],
        right=(1, 2),
    )


@credit.command("features", help=t("Features of firms as of a date, as a table.", "计算企业截至某日的特征，输出为表。"))
@STORE
@click.option(
    "--as-of",
    "days",
    required=True,
    multiple=True,
    help=t(
        "Nothing known later enters; may be repeated with -o.",
        "截至日期，此后获知的数据一律不计；使用 -o 时可重复指定。",
    ),
)
@click.option(
    "--firm", "firms", multiple=True, help=t("Only this firm; may be repeated.", "仅计算该企业，可重复指定。")
)
@click.option(
    "-o",
    "--output",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    help=t("Table to write (.parquet or .csv).", "输出文件（.parquet 或 .csv）。"),
)
@click.option(
    "--outcomes",
    "outcomes_path",
    type=READ_FILE,
    help=t(
        "Who defaulted when (columns firm and defaulted_on, or defaulted where no day is known): adds the label that a model learns.",
        "违约情况表（含 firm 与 defaulted_on 两列；不知日期时为 defaulted），据此加入供模型学习的标签列。",
    ),
)
@click.option(
    "--horizon",
    "horizon_days",
    default=365,
    show_default=True,
    type=click.IntRange(1, 3660),
    help=t("Days after the as-of date in which a default counts.", "截至日期之后多少天内违约计入标签。"),
)
@click.option(
    "--outcomes-until",
    "until",
    help=t(
        "Outcomes are known up to this day; today if absent. Whose days end later has no label.",
        "违约情况的统计截止日，缺省为今天；观察期未满的企业不作标签。",
    ),
)
@NO_LINKS
@click.option(
    "--relations",
    is_flag=True,
    help=t(
        "Look for overlaps, rings and own codes among the firms too; takes longer.",
        "同时查找企业之间的发票重合、循环开票与自身代号，耗时较长。",
    ),
)
@common
def features_command(
    output: Output,
    store_path: Path | None,
    days: tuple[str, ...],
    firms: tuple[str, ...],
    target: Path | None,
    outcomes_path: Path | None,
    horizon_days: int,
    until: str | None,
    no_links: bool,
    relations: bool,
) -> None:
    """Without --output, one named firm is shown on the screen: value, unit and definition of every feature."""
    if target is None and (len(firms) != 1 or len(days) != 1 or outcomes_path is not None):
        raise UsageError(
            t("name a table to write (-o), or one firm to show", "请指定输出文件（-o），或仅指定一家企业以显示"),
            code="NO_OUTPUT",
        )
    as_of = sorted({day(text) for text in days})
    outcomes = None if outcomes_path is None else read_outcomes(outcomes_path)
    with Store(existing_store(store_path)) as store:
        check_known(store, *firms)
        synthetic = store.is_synthetic
        spine = [(firm, on) for firm in dict.fromkeys(firms) or store.firms() for on in as_of]
        labels = None
        if outcomes is not None:
            labels = labels_of(outcomes, spine, horizon=timedelta(days=horizon_days), until=business_day(until))
            spine = list(labels.words)
        table = compute(store.connection, spine, with_links=not no_links, with_relations=relations)
        if target is not None:
            table.save(target, labels=None if labels is None else (LABEL, labels.words))
            told: dict[str, object] = {"saved": str(target)}
        else:
            told = {"features": next(table.features()), "record": record_of(next(table.facts()))}
        absent = [source for source in SOURCES if source not in table.sources]
        rows = table.rows
        values = next(table.features()) if target is None else {}
    output.data(
        {
            **told,
            "rows": rows,
            "as_of": as_of[-1],
            "days": as_of,
            "labels": None if labels is None else _counted(labels),
            "definitions": VERSION,
            "absent": absent,
            "synthetic": synthetic,
        }
    )
    synthetic_note(output, synthetic)
    if target is None:
        _show(output, values)
    if absent:
        names = t(", ", "、").join(map(_named, absent))
        output.line(t(f"Absent, so their features are unknown: {names}.", f"缺以下数据源，相应特征为未知：{names}。"))
    if labels is not None:
        _tell_labels(output, labels, horizon_days if outcomes and outcomes.days is not None else None)
    if target is not None:
        told_days = ", ".join(map(str, as_of))
        output.line(
            t(
                f"{rows:,} rows of {len(FEATURES)} features as of {told_days}, saved to {target.name}.",
                f"截至 {told_days} 的 {len(FEATURES)} 项特征共 {rows:,} 行，已存入 {target.name}。",
            )
        )


def _counted(labels: Labels) -> dict[str, int]:
    words = Counter(word or "unknown" for word in labels.words.values())
    return {"yes": 0, "no": 0, "unknown": 0, **words, "already": labels.already}


def _tell_labels(output: Output, labels: Labels, horizon_days: int | None) -> None:
    counts = _counted(labels)
    if horizon_days is None:
        counted = t(", ", "，").join(f"{word}: {count:,}" for word, count in counts.items() if count)
        output.line(t(f"Labels: {counted}.", f"标签：{counted}。"))
        return
    output.line(
        t(
            f"Within {horizon_days:,} days {counts['yes']:,} defaulted, {counts['no']:,} did not; {counts['unknown']:,} without a label; "
            f"{counts['already']:,} left out that had defaulted before.",
            f"{horizon_days:,} 天内违约 {counts['yes']:,} 行，未违约 {counts['no']:,} 行；无标签 {counts['unknown']:,} 行；"
            f"此前已违约而略去 {counts['already']:,} 行。",
        )
    )


def _show(output: Output, values: dict[str, object]) -> None:
    rows = [(f.name, _shown(f, values[f.name]), _unit(f), t(f.english, f.chinese)) for f in FEATURES]
    output.table((t("feature", "特征"), t("value", "值"), t("unit", "单位"), t("definition", "定义")), rows, right=(1,))


def _shown(feature: Feature, value: object) -> str:
    if not isinstance(value, float):
        return t("unknown", "未知")
    if feature.unit == "fen":
        return format_minor(round(value), "CNY")
    return f"{value:,.0f}" if feature.digits == 0 or abs(value) >= 1e6 else f"{value:,.4f}"


UNITS = {
    "fen": "分",
    "count": "个",
    "days": "天",
    "share": "占比",
    "ratio": "比率",
    "ratio per month": "比率/月",
    "fen per invoice": "分/张",
    "fen per count": "分/次",
    "fen per hour": "分/小时",
    "yes or no": "是否",
    "watt-hours": "瓦时",
    "litres": "升",
    "Wh per yuan": "瓦时/元",
    "Wh per hour": "瓦时/小时",
    "litres per yuan": "升/元",
}


def _unit(feature: Feature) -> str:
    # People read yuan; files and --json have what models are made with.
    return t("yuan", "元") if feature.unit == "fen" else t(feature.unit, UNITS[feature.unit])


@credit.command("define", help=t("What a feature means, exactly.", "某项特征的确切定义。"))
@click.argument("name")
@common
def define_command(output: Output, name: str) -> None:
    """Formula, facts, sources and cautions of one feature."""
    from hefu.credit.features.describe import definition

    feature = BY_NAME.get(name)
    if feature is None:
        close = [other for other in BY_NAME if name in other][:5]
        raise UsageError(
            t(
                f"no feature is called {name!r}" + (f"; close to it: {', '.join(close)}" if close else ""),
                f"没有名为“{name}”的特征" + (f"；相近的有{'、'.join(close)}" if close else ""),
            ),
            code="UNKNOWN_FEATURE",
        )
    found = definition(feature)
    output.data(found)
    output.line(t(feature.english, feature.chinese))
    output.line(f"  {t('unit', '单位')}: {t(feature.unit, UNITS[feature.unit])}")
    output.line(f"  {t('sources', '数据源')}: {t(', ', '、').join(map(_named, sources_of(feature)))}")
    output.line(f"  {t('formula', '公式')}: {feature.formula}")
    for fact, text in found["facts"].items():
        output.line(f"    {fact} = {text}")


@credit.command(
    "synthetic", help=t("Write made-up firms with all their sources.", "生成一批虚构企业及其全部数据源文件。")
)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--firms", default=100, show_default=True, type=click.IntRange(1, 100_000), help=t("How many.", "企业数量。")
)
@click.option(
    "--months", default=36, show_default=True, type=click.IntRange(12, 120), help=t("Months of history.", "历史月数。")
)
@click.option("--seed", default=1, show_default=True, help=t("Same seed, same firms.", "种子相同，结果相同。"))
@click.option("--until", "until", default="2026-06-30", show_default=True, help=t("Last day.", "截止日期。"))
@click.option("--chinese", is_flag=True, help=t("Chinese headers, in GB18030.", "中文表头，GB18030 编码。"))
@common
def synthetic_command(
    output: Output, folder: Path, firms: int, months: int, seed: int, until: str, chinese: bool
) -> None:
    """The files are what `hefu credit import` reads; synthetic_labels.csv says who defaulted, when and why."""
    made = synthetic_firms(seed, firms=firms, months=months, last_on=day(until))
    folder.mkdir(parents=True, exist_ok=True)
    written = write_firms(made, folder, chinese=chinese, encoding="gb18030" if chinese else "utf-8")
    defaulted = sum(firm.defaulted_on is not None for firm in made.firms)
    output.data(
        {
            "synthetic": True,
            "seed": seed,
            "firms": len(made.firms),
            "defaulted": defaulted,
            "rows": len(made.rows),
            "files": [path.name for path in written],
        }
    )
    synthetic_note(output, True)
    output.line(
        t(
            f"{len(made.firms):,} firms, {defaulted:,} of them defaulted, {len(made.rows):,} rows, in {folder}.",
            f"{len(made.firms):,} 家企业，其中 {defaulted:,} 家违约，共 {len(made.rows):,} 行，已写入 {folder}。",
        )
    )
