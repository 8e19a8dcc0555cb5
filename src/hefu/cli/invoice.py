"""`hefu invoice …`: invoices on the ledger, and from files; `hefu invoices` is another name of the same group."""

from __future__ import annotations

from pathlib import Path

import click

from hefu.cli.common import amount, common, day, document_id, identifier, money, opened, party, reading, someone
from hefu.cli.invoice_files import import_files, register_file
from hefu.cli.invoice_relations import relations_command
from hefu.cli.language import t
from hefu.cli.options import MAPPING
from hefu.cli.output import Output
from hefu.contracts.evidence.contract import available_at
from hefu.contracts.evidence.state import DOCUMENT, DocumentRecord, document_key
from hefu.kernel.errors import UsageError
from hefu.kernel.money import total
from hefu.services import lookup
from hefu.services.trade import InvoiceDocument


@click.group(
    help=t(
        "Invoices, on the ledger and in files (`hefu invoices` is the same).",
        "发票：账本上的与文件中的（也可写作 hefu invoices）。",
    )
)
def invoice() -> None:
    """Group."""


invoice.add_command(import_files)
invoice.add_command(relations_command)


@invoice.command(
    help=t(
        "Register an invoice by its fingerprint, once in the whole network; or all of a file.",
        "以指纹登记发票，全网只此一次；也可登记整个文件。",
    )
)
@click.option("--as", "seller", required=True, help=t("Seller.", "销方。"))
@click.option("--buyer", help=t("Buyer.", "购方。"))
@click.option("--number", help=t("Invoice number.", "发票号码。"))
@click.option("--code", default="", help=t("Invoice code, where there is one.", "发票代码（如有）。"))
@click.option("--date", "issued", help=t("Date of issue.", "开票日期。"))
@click.option("--gross", help=t("Amount with tax.", "价税合计。"))
@click.option("--tax", default="0", help=t("Tax.", "税额。"))
@click.option(
    "--file",
    "file",
    type=click.Path(path_type=Path, exists=True),
    help=t(
        "Instead of the options above: the seller's export (CSV or Parquet), one invoice a row.",
        "代替以上各项：销方导出的文件（CSV 或 Parquet），每行一张发票。",
    ),
)
@MAPPING
@click.option(
    "--standing-acceptance",
    is_flag=True,
    help=t("Take payment by assignment without signing each time.", "同意以债权转让方式收款，无需逐笔签署。"),
)
@common
def register(
    output: Output,
    seller: str,
    buyer: str | None,
    number: str | None,
    code: str,
    issued: str | None,
    gross: str | None,
    tax: str,
    file: Path | None,
    mapping: Path | None,
    standing_acceptance: bool,
) -> None:
    """
    Names, number and dates stay in the vaults of both sides; the ledger gets fingerprint, gross and commitments. Of a file, the rows
    name buyers by their exact name or credit code; exit code 3 where one was not registered.
    """
    if file is not None:
        if buyer or number or code or issued or gross:
            raise UsageError(t("with --file the rows say the rest", "使用 --file 时，其余各项由文件给出"))
        with opened() as trade:
            register_file(output, trade, party(trade, seller), file, mapping, standing=standing_acceptance)
        return
    if not (buyer and number and issued and gross):
        raise UsageError(
            t(
                "an invoice needs --buyer, --number, --date and --gross; many at once come by --file",
                "请给出 --buyer、--number、--date 和 --gross；批量登记请用 --file",
            )
        )
    document = _document(number, code, issued, gross, tax)
    with opened() as trade:
        if document.issued_on > trade.today():
            raise UsageError(t("this date is in the future", "开票日期晚于业务日期"), code="FUTURE_DATE")
        made = trade.register(party(trade, seller), party(trade, buyer), document, standing=standing_acceptance)
    output.data({"document": made})
    output.line(t(f"Registered: invoice {made.hex()}", f"已登记发票 {made.hex()}"))


def _document(number: str, code: str, issued: str, gross: str, tax: str) -> InvoiceDocument:
    gross_minor = amount(gross)
    tax_minor = amount(tax) if tax not in ("0", "") else 0
    if tax_minor >= gross_minor:
        raise UsageError(t("tax is less than the whole", "税额应小于价税合计"), code="BAD_AMOUNT")
    return InvoiceDocument(
        number, day(issued), gross_minor, code=code, net_minor=gross_minor - tax_minor, tax_minor=tax_minor
    )


PARTS = {
    "gross_minor": ("gross", "价税合计"),
    "available_minor": ("available", "可用"),
    "reserved_minor": ("reserved", "预留"),
    "live_minor": ("live", "在用"),
    "spent_minor": ("spent", "已用"),
}


def _parts(record: DocumentRecord, now_ms: int) -> dict[str, int]:
    """gross = available + reserved + live + spent, as of a moment: a proposal that lapsed reserves nothing."""
    return {
        "gross_minor": record.gross,
        "available_minor": available_at(record, now_ms),
        "reserved_minor": total([r.amount for r in record.reserved if r.until_ms >= now_ms]),
        "live_minor": record.live,
        "spent_minor": record.spent,
    }


@invoice.command("list", help=t("Invoices on the ledger, with their capacity.", "列出账本上的发票及其额度。"))
@click.option("--seller", help=t("Only this seller's.", "只列某销方的。"))
@click.option("--buyer", help=t("Only those on this buyer.", "只列开给某购方的。"))
@click.option("--available", is_flag=True, help=t("Only those with something available.", "只列尚有可用额度的。"))
@click.option(
    "--as",
    "who",
    help=t("With numbers and dates, from this organisation's vault.", "附发票号码与开票日期，取自该机构的保险库。"),
)
@click.option("-n", "count", default=50, show_default=True, help=t("At most so many.", "最多列出数量。"))
@common
def list_invoices(
    output: Output, seller: str | None, buyer: str | None, available: bool, who: str | None, count: int
) -> None:
    """The ledger knows no invoice number; only the vaults of seller and buyer do."""
    with reading() as (home, chain):
        found = lookup.documents(
            chain,
            seller=bytes.fromhex(someone(home, seller).account) if seller else None,
            buyer=bytes.fromhex(someone(home, buyer).account) if buyer else None,
        )
        height, now = chain.tip.height, lookup.moment(chain).at_ms
    rows = [(document, record, _parts(record, now)) for document, record in found]
    rows = [row for row in rows if row[2]["available_minor"] or not available]
    known: dict[bytes, tuple[str, str]] = {}
    if who:
        with opened() as trade:
            keeper = someone(trade.network.home, who)
            for document, _, _ in rows:
                terms = trade.terms(document, keeper)
                if terms is not None:
                    own = trade.invoice_of(document, keeper)
                    known[document] = (own.number, own.issued_on.isoformat())
        rows = [row for row in rows if row[0] in known]
    output.data(
        {
            "height": height,
            "total": len(rows),
            "invoices": [
                {
                    "document": document,
                    "seller": home.name_of_account(record.seller),
                    "buyer": home.name_of_account(record.buyer),
                    "currency": record.currency,
                    "standing_acceptance": record.standing_acceptance,
                    **parts,
                    **(dict(zip(("number", "issued_on"), known[document], strict=True)) if who else {}),
                }
                for document, record, parts in rows[:count]
            ],
        }
    )
    output.table(
        (
            t("invoice", "发票"),
            *((t("number", "号码"), t("date", "开票日期")) if who else ()),
            t("seller", "销方"),
            t("buyer", "购方"),
            *(t(*PARTS[name]) for name in PARTS),
        ),
        [
            (
                document.hex()[:12],
                *(known[document] if who else ()),
                home.name_of_account(record.seller),
                home.name_of_account(record.buyer),
                *(money(parts[name], record.currency) for name in PARTS),
            )
            for document, record, parts in rows[:count]
        ],
        right=tuple(range(5 if who else 3, 10 if who else 8)),
    )
    output.line(
        t(
            f"{min(count, len(rows))} of {len(rows)}, at block {height}",
            f"{len(rows)} 项中的 {min(count, len(rows))} 项，区块 {height}",
        )
    )


@invoice.command(help=t("Capacity of an invoice.", "发票的额度使用情况。"))
@click.argument("document")
@common
def show(output: Output, document: str) -> None:
    """gross = available + reserved + live + spent."""
    with reading() as (home, chain):
        key = identifier(chain, document, b"D", "document")
        record, height = chain.state.get(document_key(key), DOCUMENT), chain.tip.height
        assert record is not None, "the identifier was looked up in this chain"
        now = lookup.moment(chain).at_ms
        seller, buyer = home.name_of_account(record.seller), home.name_of_account(record.buyer)
    parts = _parts(record, now)
    output.data(
        {
            "document": key,
            "height": height,
            "seller": seller,
            "buyer": buyer,
            "standing_acceptance": record.standing_acceptance,
            **parts,
        }
    )
    output.line(f"{key.hex()}  {seller} → {buyer}  " + t(f"(block {height})", f"（区块 {height}）"))
    output.table(("", ""), [(t(*PARTS[k]), money(v, record.currency)) for k, v in parts.items()], right=(1,))


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
