"""`hefu offer …` and `hefu payment …`: finance, and the money that completes it."""

from __future__ import annotations

from typing import Any

import click

from hefu.cli.codes import explain
from hefu.cli.common import amount, common, money, opened, party, right_id, someone
from hefu.cli.language import t
from hefu.cli.letter import fetch
from hefu.cli.output import Output
from hefu.kernel.errors import UsageError
from hefu.kernel.time import DAY_MS, format_instant
from hefu.services import offering
from hefu.services.home import PartyEntry
from hefu.services.offers import Offer, check_offer
from hefu.services.trade import Trade


@click.group(
    help=t(
        "Offers of finance; only the accepted one's commitments reach the ledger.",
        "融资报价；只有被接受的报价以承诺形式上账。",
    )
)
def offer() -> None:
    """Group."""


METHOD = {"sale": ("sale", "转让"), "pledge": ("pledge", "质押")}
STATE = {
    offering.OPEN: ("open", "可接受"),
    offering.ACCEPTED: ("accepted", "已接受"),
    offering.COMPLETED: ("completed", "已放款"),
    offering.EXPIRED: ("expired", "已过期"),
    offering.VOID: ("void", "不可接受"),
}


def _offer_id(trade: Trade, who: PartyEntry, text: str) -> bytes:
    return _one(trade.offers(who), who, text)[0]


def _one(offers: list[tuple[bytes, Offer]], who: PartyEntry, text: str) -> tuple[bytes, Offer]:
    found = [(identifier, o) for identifier, o in offers if text and identifier.hex().startswith(text.lower())]
    if len(found) != 1:
        raise UsageError(
            t(f"{who.name} has no single offer that begins with {text}", f"{who.name} 没有唯一以 {text} 开头的报价"),
            code="UNKNOWN_OFFER",
        )
    return found[0]


def _offer_data(trade: Trade, identifier: bytes, o: Offer) -> dict[str, Any]:
    """An offer for machines, with what has become of it."""
    state, reason = trade.network.engine.query(lambda chain: offering.state_of(chain, identifier, o))
    return {
        "offer": identifier,
        "right": o.account("right"),
        "financier": trade.network.home.name_of_account(o.account("financier")),
        "method": str(o.value("method")),
        "price_minor": o.number("price_minor"),
        "annual_rate_bps": o.number("annual_rate_bps"),
        "recourse": bool(o.number("recourse")),
        "until_ms": o.number("until_ms"),
        "state": state,
        "reason": reason or None,
    }


def _state(row: dict[str, Any]) -> str:
    words = t(*STATE[row["state"]])
    return f"{words} ({row['reason']})" if row["reason"] else words


def _recourse(row: dict[str, Any]) -> str:
    return t("with recourse", "有追索权") if row["recourse"] else t("without recourse", "无追索权")


@offer.command(help=t("A financier offers to the holder.", "资金方向持有人报价。"))
@click.argument("right")
@click.option("--as", "financier", required=True, help=t("The financier.", "资金方。"))
@click.option("--price", required=True, help=t("What it pays now.", "现在支付的金额。"))
@click.option(
    "--rate-bps",
    default=0,
    help=t("Annual rate in basis points, for the holder to compare.", "年化利率（基点），供比较。"),
)
@click.option(
    "--method",
    type=click.Choice(["sale", "pledge"]),
    default="sale",
    show_default=True,
    help=t("Buy the right, or lend against it.", "转让（sale）或质押（pledge）。"),
)
@click.option(
    "--recourse/--no-recourse",
    default=True,
    show_default=True,
    help=t("Whether it may turn to the holder if the obligor does not pay.", "债务人不付时可否向持有人追索。"),
)
@click.option("--days", default=7, show_default=True, help=t("How long it stands.", "有效天数。"))
@common
def make(
    output: Output, right: str, financier: str, price: str, rate_bps: int, method: str, recourse: bool, days: int
) -> None:
    """Goes to the holder by letter or into its vault, not to the ledger. What acceptance would refuse is refused here, before anything is signed or sent."""
    with opened() as trade:
        who, identifier = party(trade, financier), right_id(trade, right)
        until_ms = trade.network.business_ms() + days * DAY_MS
        trade.network.engine.query(
            lambda chain: offering.check_acceptable(
                chain,
                right=identifier,
                financier=bytes.fromhex(who.account),
                method=method,
                recourse=recourse,
                price_minor=amount(price),
                until_ms=until_ms,
            )
        )
        made = trade.offer(
            who,
            identifier,
            price_minor=amount(price),
            annual_rate_bps=rate_bps,
            method=method,
            recourse=recourse,
            days=days,
        )
    output.data({"offer": made})
    output.line(t(f"Offer {made.hex()[:16]} is with the holder.", f"报价 {made.hex()[:16]} 已送达持有人。"))


@offer.command("list", help=t("Offers in an organisation's vault.", "某机构保险库中的报价。"))
@click.option("--as", "who", required=True, help=t("Whose vault.", "谁的保险库。"))
@common
def list_offers(output: Output, who: str) -> None:
    """Received and made, each with what has become of it: open, accepted, completed, expired, or void and why."""
    with opened() as trade:
        target = someone(trade.network.home, who)
        fetch(output, trade, target)
        rows = [_offer_data(trade, identifier, o) for identifier, o in trade.offers(target)]
    output.data(rows)
    output.table(
        (
            t("offer", "报价"),
            t("right", "权利"),
            t("financier", "资金方"),
            t("method", "方式"),
            t("price", "价款"),
            t("rate", "利率"),
            t("recourse", "追索权"),
            t("until", "有效至"),
            t("state", "状态"),
        ),
        [
            (
                row["offer"].hex()[:12],
                row["right"].hex()[:12],
                row["financier"],
                t(*METHOD.get(row["method"], (row["method"],) * 2)),
                money(row["price_minor"]),
                f"{row['annual_rate_bps'] / 100:.2f} %",
                t("yes", "有") if row["recourse"] else t("no", "无"),
                format_instant(row["until_ms"]),
                _state(row),
            )
            for row in rows
        ],
        right=(4, 5),
    )


@offer.command("show", help=t("Everything about one offer.", "查看一份报价的全部内容。"))
@click.argument("offer_id", metavar="OFFER")
@click.option("--as", "who", required=True, help=t("Whose vault.", "谁的保险库。"))
@common
def show_offer(output: Output, offer_id: str, who: str) -> None:
    """The terms as they were signed, the right as it stands now, and whether the offer can still be accepted."""
    with opened() as trade:
        home, target = trade.network.home, someone(trade.network.home, who)
        fetch(output, trade, target)
        identifier, found = _one(trade.offers(target), target, offer_id)
        check_offer(trade.network.genesis.hash, trade.network.genesis.suite, found)
        row = _offer_data(trade, identifier, found)
        record, height = trade.right(row["right"]), trade.network.chain.tip.height
    header = record.header
    holder, obligor = home.name_of_account(header.owner), home.name_of_account(record.obligor)
    output.data(
        {
            **row,
            "height": height,
            "holder": holder,
            "obligor": obligor,
            "open_minor": header.open,
            "due_on": record.due_on,
            "key": found.key,
        }
    )
    output.table(
        ("", ""),
        [
            (t("offer", "报价"), identifier.hex()),
            (t("state", "状态"), _state(row)),
            (t("financier", "资金方"), row["financier"]),
            (t("method", "方式"), t(*METHOD.get(row["method"], (row["method"],) * 2))),
            (t("price", "价款"), money(row["price_minor"], header.currency)),
            (t("rate", "利率"), f"{row['annual_rate_bps'] / 100:.2f} %"),
            (t("recourse", "追索权"), _recourse(row)),
            (t("stands until", "有效至"), format_instant(row["until_ms"])),
            (t("signed by", "签署密钥"), found.key.hex()),
            (t("right", "权利"), row["right"].hex()),
            (t("holder", "持有人"), holder),
            (t("obligor", "债务人"), obligor),
            (t("open", "余额"), money(header.open, header.currency)),
            (t("due", "到期日"), record.due_on.isoformat()),
            (t("at block", "区块"), str(height)),
        ],
    )
    if row["reason"]:
        output.line(f"{row['reason']}: {explain(row['reason'], row['reason'])}")


@offer.command(
    help=t(
        "The holder accepts an offer; the right is locked for that financier.", "持有人接受报价，权利为该资金方锁定。"
    )
)
@click.argument("offer_id", metavar="OFFER")
@click.option("--as", "holder", required=True, help=t("The holder.", "持有人。"))
@common
def accept(output: Output, offer_id: str, holder: str) -> None:
    """The price stays a commitment on the ledger."""
    with opened() as trade:
        who = party(trade, holder)
        fetch(output, trade, who)
        right = trade.accept_offer(who, _offer_id(trade, who, offer_id))
    output.data({"right": right})
    output.line(t("Accepted; the right waits for the money.", "已接受，权利等待到款。"))


@offer.command(help=t("The financier gives up its lock.", "资金方放弃锁定。"))
@click.argument("right")
@common
def decline(output: Output, right: str) -> None:
    """The holder may take another offer."""
    with opened() as trade:
        identifier = right_id(trade, right)
        trade.decline_offer(identifier)
    output.data({"right": identifier})
    output.line(t("The lock is gone.", "锁定已解除。"))


@offer.command(help=t("Complete: the money arrived.", "完成融资：款项已到。"))
@click.argument("right")
@click.option(
    "--payment",
    default="",
    help=t("The bank's attestation; the holder signs a receipt otherwise.", "银行证明标识；缺省由持有人签收据。"),
)
@common
def complete(output: Output, right: str, payment: str) -> None:
    """The right goes to the financier, or its pledge begins."""
    with opened() as trade:
        identifier = right_id(trade, right)
        try:
            attestation = bytes.fromhex(payment)
        except ValueError:
            raise UsageError(t("not an attestation's identifier", "不是证明的标识"), code="BAD_IDENTIFIER") from None
        trade.complete_finance(identifier, attestation)
        record = trade.right(identifier)
        owner = trade.network.home.name_of_account(record.header.owner)
    output.data({"right": identifier, "owner": owner, "pledged": bool(record.header.encumbrances)})
    output.line(
        t(f"Done; the holder is {owner}", f"已完成，持有人为 {owner}")
        + (t(", pledged.", "，已质押。") if record.header.encumbrances else t(".", "。"))
    )


@click.group(help=t("Payments that a settlement bank attests.", "清算银行证明的付款。"))
def payment() -> None:
    """Group."""


@payment.command(
    help=t("Attest that money for a right arrived at whoever it discharges.", "证明某权利项下款项已到应收款人。")
)
@click.argument("right")
@click.option("--as", "bank", required=True, help=t("A settlement bank.", "清算银行。"))
@click.option("--amount", "value", required=True, help=t("What arrived.", "到账金额。"))
@click.option(
    "--reference", required=True, help=t("End-to-end id of the payment; used once.", "付款的端到端编号，只能用一次。")
)
@common
def attest(output: Output, right: str, bank: str, value: str, reference: str) -> None:
    """For `receivable settle --payment`."""
    with opened() as trade:
        made = trade.attest_payment(party(trade, bank), right_id(trade, right), amount(value), reference)
    output.data({"attestation": made})
    output.line(t(f"Attested: {made.hex()}", f"已证明：{made.hex()}"))


@payment.command(
    "attest-price",
    help=t("Attest that an accepted price arrived, without showing it.", "证明已接受的价款到账，不透露金额。"),
)
@click.argument("offer_id", metavar="OFFER")
@click.option("--as", "bank", required=True, help=t("A settlement bank.", "清算银行。"))
@click.option("--financier", required=True, help=t("Who made the offer.", "报价的资金方。"))
@common
def attest_price(output: Output, offer_id: str, bank: str, financier: str) -> None:
    """For `offer complete --payment`."""
    with opened() as trade:
        who = party(trade, financier)
        made = trade.attest_price(party(trade, bank), who, _offer_id(trade, who, offer_id))
    output.data({"attestation": made})
    output.line(t(f"Attested: {made.hex()}", f"已证明：{made.hex()}"))
