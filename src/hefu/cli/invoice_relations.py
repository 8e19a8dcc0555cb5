"""`hefu invoice relations`: twins, self-trade, reciprocal trade, rings and codes of one party, from invoice files."""

from __future__ import annotations

from pathlib import Path

import click

from hefu.cli.common import common, money
from hefu.cli.language import t
from hefu.cli.options import DIRECTION, MAPPING, TODAY, business_day, check_apart
from hefu.cli.output import Bars, Output
from hefu.documents.invoices import (
    Direction,
    Outcome,
    Relation,
    RelationKind,
    Relations,
    find_relations,
    import_invoices,
    load_mapping,
)
from hefu.documents.invoices.relations_report import save_relations, summary

NAMES = {
    RelationKind.TWINS: ("show the same invoices on the same side", "在同一方向出示相同发票（孪生企业）"),
    RelationKind.SELF_TRADE: ("invoices of a firm to itself", "自开自收的发票"),
    RelationKind.RECIPROCAL: ("sell to each other", "互为购销双方"),
    RelationKind.RING: ("steps of rings of three or more", "三家以上循环开票的各环节"),
    RelationKind.SEVERAL_CODES: ("codes of one counterparty in one sheet", "同一表内同一往来单位的多个代号"),
    RelationKind.CODES_ACROSS: ("codes of one counterparty in two sheets", "不同表中同一往来单位的代号"),
    RelationKind.LINK: ("sales that the buyer's own file shows", "购方数据印证的销售关系"),
}
_SHOWN = 10


def _remark(relation: Relation) -> str:
    return "; ".join(filter(None, (relation.note, relation.group)))


@click.command(
    "relations",
    help=t(
        "Relations between firms that invoice files show: twins, self-trade, reciprocal trade, rings, counterparties with several "
        "codes, and sales that both sides show. Only what chance does not explain.",
        "从发票文件查找企业之间的关系：孪生企业、自开自收、互为购销、循环开票、同一单位多个代号，以及双方数据相互印证的交易。仅列出无法用巧合解释的关系。",
    ),
)
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@click.option(
    "-o",
    "--output",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    help=t("Write all of them (.csv or .json).", "将全部关系写入文件（.csv 或 .json）。"),
)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice([str(kind) for kind in RelationKind]),
    help=t("Only this kind; may be repeated.", "仅此一类，可重复指定。"),
)
@MAPPING
@DIRECTION
@TODAY
@common
def relations_command(
    output: Output,
    path: Path,
    target: Path | None,
    kinds: tuple[str, ...],
    mapping: Path | None,
    direction: str | None,
    today: str | None,
) -> None:
    """PATH is a file, or a folder with the books of any number of firms."""
    with Bars(lambda stage: stage, quiet=output.as_json) as bars:
        imported = import_invoices(
            path,
            today=business_day(today),
            mapping=load_mapping(mapping) if mapping else None,
            direction=Direction(direction) if direction else None,
            progress=bars,
        )
    if target is not None:
        read = [path / file.name if path.is_dir() else path for file in imported.report.files]
        check_apart(target, *[*read, *([mapping] if mapping else [])])
    found = find_relations(imported.invoices)
    if kinds:
        found = found.only(RelationKind(kind) for kind in kinds)
    if target is not None:
        save_relations(found, target)
    refused = imported.report.rows_with(Outcome.REFUSED)
    output.data({**summary(found), "rows_refused": refused, "saved": str(target) if target else None})
    _show(output, found, full=target is None)
    if refused:
        output.line(
            t(
                f"{refused:,} rows were refused and left out; `hefu invoice import` says why.",
                f"有 {refused:,} 行被拒绝，未参与查找；原因可用 hefu invoice import 查看。",
            )
        )
    if not found.are_circles_all:
        output.line(
            t(
                "Firms here trade with each other so much that not all circles were looked at.",
                "企业之间的交易过于密集，未能检查全部循环。",
            )
        )
    if target is not None:
        output.line(
            t(
                f"{len(found.found):,} relations saved to {target.name}.",
                f"{len(found.found):,} 条关系已存入 {target.name}。",
            )
        )


def _show(output: Output, found: Relations, *, full: bool) -> None:
    output.line(
        t(
            f"{found.firms:,} firms, {found.invoices:,} different invoices.",
            f"{found.firms:,} 家企业，{found.invoices:,} 张不同的发票。",
        )
    )
    output.table(
        (t("kind", "类别"), t("rows", "条数"), ""),
        [(str(kind), f"{count:,}", t(*NAMES[kind])) for kind, count in found.counts().items()],
        right=(1,),
    )
    if not full:
        return
    for kind in RelationKind:
        rows = sorted(found.of(kind), key=lambda r: -r.evidence)
        if not rows:
            continue
        output.line()
        output.table(
            (str(kind), "", t("invoices", "发票数"), t("gross", "价税合计"), ""),
            [(r.firm_a, r.firm_b, f"{r.evidence:,}", money(r.amount_minor), _remark(r)) for r in rows[:_SHOWN]],
            right=(2, 3),
        )
        if len(rows) > _SHOWN:
            output.line(
                t(
                    f"… {len(rows) - _SHOWN:,} more; -o writes them all",
                    f"… 另有 {len(rows) - _SHOWN:,} 条，可用 -o 全部写出",
                )
            )
