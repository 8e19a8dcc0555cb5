"""`hefu invoice import`, and `hefu invoice register --file`: invoices from the files that a firm exports."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from hefu.cli.codes import explain
from hefu.cli.common import common, money
from hefu.cli.language import t
from hefu.cli.options import DIRECTION, MAPPING, TODAY, business_day
from hefu.cli.output import Bars, Output
from hefu.documents.invoices import Direction, Imported, Outcome, import_invoices, load_mapping, match_trades
from hefu.ledger.block import OK
from hefu.services.home import PartyEntry
from hefu.services.registering import Answer, register_many, rows_of
from hefu.services.trade import Trade


@click.command(
    "import",
    help=t(
        "Read and check invoice files; report every row that is left out.",
        "读取并检查发票文件，报告每一行未采用的原因。",
    ),
)
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@MAPPING
@DIRECTION
@TODAY
@click.option(
    "--save",
    "save_to",
    type=click.Path(path_type=Path, dir_okay=False),
    help=t("Save the report (.csv or .json).", "保存报告（.csv 或 .json）。"),
)
@click.option("--match/--no-match", default=False, help=t("Find trades between the firms.", "查找企业之间的交易。"))
@common
def import_files(
    output: Output,
    path: Path,
    mapping: Path | None,
    direction: str | None,
    today: str | None,
    save_to: Path | None,
    match: bool,
) -> None:
    """Exit code 3 where rows were refused."""
    with Bars(lambda stage: stage, quiet=output.as_json) as bars:
        imported = import_invoices(
            path,
            today=business_day(today),
            mapping=load_mapping(mapping) if mapping else None,
            direction=Direction(direction) if direction else None,
            progress=bars,
        )
    report = imported.report
    if save_to is not None:
        report.save(save_to)
    matching = match_trades(imported.invoices) if match else None
    output.data(
        {
            "rows": report.rows,
            "counts": dict(report.counts),
            "gross_minor": dict(report.gross_minor),
            "files": [
                {"name": f.name, "rows": f.rows, "direction": f.direction, "encoding": f.encoding} for f in report.files
            ],
            "files_skipped": dict(report.files_skipped),
            "refused": [{"file": r.file, "row": r.row, "code": r.code, "reason": r.reason} for r in report.refused],
            "saved": str(save_to) if save_to else None,
            "trades": len(matching.trades) if matching else None,
            "twins": len(matching.twins) if matching else None,
            "self_trades": len(matching.self_trades) if matching else None,
        }
    )
    output.table(
        (t("treatment", "处理"), t("rows", "行数"), t("gross, CNY", "价税合计（元）")),
        [
            (code, f"{count:,}", money(report.gross_minor.get(code, 0))[:-4])
            for code, count in report.counts.items()
            if count
        ],
        right=(1, 2),
    )
    output.line(
        t(
            f"{report.rows:,} rows: {report.rows_with(Outcome.ACCEPTED):,} accepted, {report.rows_with(Outcome.SET_ASIDE):,} set aside, "
            f"{report.rows_with(Outcome.REFUSED):,} refused.",
            f"共 {report.rows:,} 行：采用 {report.rows_with(Outcome.ACCEPTED):,}，另列 {report.rows_with(Outcome.SET_ASIDE):,}，"
            f"拒绝 {report.rows_with(Outcome.REFUSED):,}。",
        )
    )
    for name, why in report.files_skipped.items():
        output.line(t(f"skipped {name}: {why}", f"未读 {name}：{why}"))
    for row in report.refused[:20]:
        output.line(f"  {row.file}:{row.row} {row.code}: {t(row.reason, explain(row.code, row.reason))}")
    if matching is not None:
        output.line(
            t(
                f"{len(matching.trades):,} trades between firms; {len(matching.twins)} groups of twins, "
                f"{len(matching.self_trades):,} self-trades, {len(matching.ambiguous):,} ambiguous.",
                f"企业之间的交易 {len(matching.trades):,} 笔；孪生企业 {len(matching.twins)} 组，自开票 {len(matching.self_trades):,} 张，"
                f"无法判定 {len(matching.ambiguous):,} 张。",
            )
        )
    if report.rows_with(Outcome.REFUSED):
        raise SystemExit(3)


def read_sales(path: Path, mapping: Path | None, today: date) -> Imported:
    """A seller's own export, checked as every import is."""
    return import_invoices(
        path, today=today, mapping=load_mapping(mapping) if mapping else None, direction=Direction.SALES
    )


def register_file(
    output: Output, trade: Trade, seller: PartyEntry, path: Path, mapping: Path | None, *, standing: bool
) -> None:
    """Register every accepted row of a file; tell what became of each that was not. Exit code 3 where there is one."""
    imported = read_sales(path, mapping, trade.today())
    with Bars(lambda stage: t("register", "登记"), quiet=output.as_json) as bars:
        answers = list(register_many(trade, seller, rows_of(imported), standing=standing, progress=bars))
    refused = imported.report.refused
    output.data(
        {
            "registered": sum(1 for answer in answers if answer.code == OK),
            "rows": imported.report.rows,
            "answers": [_answer(answer) for answer in answers],
            "refused": [{"file": r.file, "row": r.row, "code": r.code} for r in refused],
        }
    )
    good = [answer for answer in answers if answer.code == OK]
    gross = sum(answer.row.invoice.gross_minor for answer in good)
    output.line(
        t(
            f"{len(good):,} of {imported.report.rows:,} rows registered, {money(gross)} in all.",
            f"{imported.report.rows:,} 行中已登记 {len(good):,} 行，合计 {money(gross)}。",
        )
    )
    left = [(a.row.file, a.row.row, a.code) for a in answers if a.code != OK] + [
        (r.file, r.row, r.code) for r in refused
    ]
    for file, row, code in sorted(left)[:50]:
        output.line(f"  {file}:{row} {code}: {explain(code, code)}")
    if left:
        raise SystemExit(3)


def _answer(answer: Answer) -> dict[str, object]:
    row = answer.row
    return {
        "file": row.file,
        "row": row.row,
        "number": row.invoice.number,
        "buyer": row.counterparty,
        "gross_minor": row.invoice.gross_minor,
        "code": answer.code,
        "document": answer.document if answer.code == OK else None,
    }
