"""`hefu invoices import` (files) and `hefu invoice …` (documents on the ledger)."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from hefu.cli.codes import explain
from hefu.cli.common import amount, common, day, document_id, money, opened, party
from hefu.cli.language import t
from hefu.cli.output import Bars, Output
from hefu.contracts.evidence.contract import available_at
from hefu.documents.invoices import Direction, Outcome, import_invoices, load_mapping, match_trades
from hefu.kernel.errors import UsageError
from hefu.kernel.money import total
from hefu.kernel.time import CHINA
from hefu.services.trade import InvoiceDocument


@click.group(help=t("Invoice files.", "发票文件。"))
def invoices() -> None:
    """Group."""


@invoices.command(
    "import",
    help=t(
        "Read and check invoice files; report every row that is left out.",
        "读取并检查发票文件，报告每一行未采用的原因。",
    ),
)
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--mapping",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help=t("Column mapping (TOML).", "列映射（TOML）。"),
)
@click.option(
    "--direction",
    type=click.Choice(["purchases", "sales"]),
    help=t("Where neither header nor file name says.", "表头与文件名均未说明时使用。"),
)
@click.option("--today", help=t("Business date; later invoices are refused.", "业务日期，晚于此日的发票被拒绝。"))
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
            today=day(today) if today else datetime.now(CHINA).date(),
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


@click.group(help=t("Invoices on the ledger.", "账本上的发票。"))
def invoice() -> None:
    """Group."""


@invoice.command(
    help=t("Register an invoice by its fingerprint, once in the whole network.", "以指纹登记发票，全网只此一次。")
)
@click.option("--as", "seller", required=True, help=t("Seller.", "销方。"))
@click.option("--buyer", required=True, help=t("Buyer.", "购方。"))
@click.option("--number", required=True, help=t("Invoice number.", "发票号码。"))
@click.option("--code", default="", help=t("Invoice code, where there is one.", "发票代码（如有）。"))
@click.option("--date", "issued", required=True, help=t("Date of issue.", "开票日期。"))
@click.option("--gross", required=True, help=t("Amount with tax.", "价税合计。"))
@click.option("--tax", default="0", help=t("Tax.", "税额。"))
@click.option(
    "--standing-acceptance",
    is_flag=True,
    help=t("Take payment by assignment without signing each time.", "同意以债权转让方式收款，无需逐笔签署。"),
)
@common
def register(
    output: Output,
    seller: str,
    buyer: str,
    number: str,
    code: str,
    issued: str,
    gross: str,
    tax: str,
    standing_acceptance: bool,
) -> None:
    """Names, number and dates stay in the vaults of both sides; the ledger gets fingerprint, gross and commitments."""
    gross_minor = amount(gross)
    tax_minor = amount(tax) if tax not in ("0", "") else 0
    if tax_minor >= gross_minor:
        raise UsageError(t("tax is less than the whole", "税额应小于价税合计"), code="BAD_AMOUNT")
    document = InvoiceDocument(
        number, day(issued), gross_minor, code=code, net_minor=gross_minor - tax_minor, tax_minor=tax_minor
    )
    with opened() as trade:
        if document.issued_on > trade.today():
            raise UsageError(t("this date is in the future", "开票日期晚于业务日期"), code="FUTURE_DATE")
        made = trade.register(party(trade, seller), party(trade, buyer), document, standing=standing_acceptance)
    output.data({"document": made})
    output.line(t(f"Registered: invoice {made.hex()}", f"已登记发票 {made.hex()}"))


@invoice.command(help=t("Capacity of an invoice.", "发票的额度使用情况。"))
@click.argument("document")
@common
def show(output: Output, document: str) -> None:
    """gross = available + reserved + live + spent."""
    with opened() as trade:
        identifier = document_id(trade, document)
        record, height = trade.document(identifier), trade.network.chain.tip.height
        now = trade.network.business_ms()
        home = trade.network.home
        seller, buyer = home.name_of_account(record.seller), home.name_of_account(record.buyer)
    reserved = total([r.amount for r in record.reserved if r.until_ms >= now])
    parts = {
        "gross_minor": record.gross,
        "available_minor": available_at(record, now),
        "reserved_minor": reserved,
        "live_minor": record.live,
        "spent_minor": record.spent,
    }
    output.data(
        {
            "document": identifier,
            "height": height,
            "seller": seller,
            "buyer": buyer,
            "standing_acceptance": record.standing_acceptance,
            **parts,
        }
    )
    names = {
        "gross_minor": t("gross", "价税合计"),
        "available_minor": t("available", "可用"),
        "reserved_minor": t("reserved", "预留"),
        "live_minor": t("live", "在用"),
        "spent_minor": t("spent", "已用"),
    }
    output.line(f"{identifier.hex()}  {seller} → {buyer}  " + t(f"(block {height})", f"（区块 {height}）"))
    output.table(("", ""), [(names[k], money(v, record.currency)) for k, v in parts.items()], right=(1,))


@invoice.command(help=t("Attest that the goods of an invoice were delivered.", "证明发票项下货物已交付。"))
@click.argument("document")
@click.option(
    "--as",
    "attester",
    required=True,
    help=t("A warehouse, a verifier or the core enterprise.", "仓储方、核验机构或核心企业。"),
)
@common
def deliver(output: Output, document: str, attester: str) -> None:
    """What a receivable on evidence alone needs."""
    with opened() as trade:
        made = trade.attest_delivery(party(trade, attester), document_id(trade, document))
    output.data({"attestation": made})
    output.line(t(f"Attested: {made.hex()}", f"已证明：{made.hex()}"))
