"""`hefu receivable …`: from proposal to settlement."""

from __future__ import annotations

import secrets
from pathlib import Path

import click

from hefu.cli.common import (
    amount,
    common,
    day,
    document_id,
    identifier,
    money,
    opened,
    party,
    reading,
    right_id,
    someone,
)
from hefu.cli.language import LANGUAGE, t
from hefu.cli.output import Output
from hefu.cli.tables import print_history, print_right, print_rights, print_tree
from hefu.contracts.receivables.decisions import REFUSAL_REASONS
from hefu.kernel.errors import UsageError
from hefu.kernel.keyfile import publish
from hefu.readmodels.marks import MARKS
from hefu.services import confirmation, lookup


@click.group(
    help=t("Receivables: confirm, split, pass on, pledge, settle.", "应收账款：确权、拆分、转让、质押、清偿。")
)
def receivable() -> None:
    """Group."""


def _done(output: Output, right: bytes, english: str, chinese: str) -> None:
    output.data({"right": right})
    output.line(t(english, chinese))


@receivable.command(
    help=t(
        "Propose a receivable on an invoice; the obligor confirms or refuses.",
        "就发票提出应收账款，由债务人确权或拒绝。",
    )
)
@click.argument("document")
@click.option(
    "--amount", "value", required=True, help=t("At most what the invoice has available.", "不超过发票可用额度。")
)
@click.option("--due", required=True, help=t("Due date.", "到期日。"))
@click.option("--note", default="", help=t("Stays in the seller's vault.", "备注，只存于销方保险库。"))
@common
def propose(output: Output, document: str, value: str, due: str, note: str) -> None:
    """Signed by the seller; lapses after seven days."""
    with opened() as trade:
        identifier = document_id(trade, document)
        seller = trade.network.home.party(trade.document(identifier).seller.hex())
        right = trade.propose(seller, identifier, amount(value), day(due), note)
    _done(output, right, f"Proposed: right {right.hex()}", f"已提出：权利 {right.hex()}")


@receivable.command(help=t("The obligor confirms (one, or many from a file).", "债务人确权（单笔，或由文件批量）。"))
@click.argument("right", required=False)
@click.option(
    "--file",
    "file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help=t("One right a line.", "每行一个权利标识。"),
)
@click.option(
    "--text",
    "language",
    type=click.Choice(sorted(confirmation.TEXTS)),
    default=LANGUAGE,
    help=t(
        "Language of the words that are signed; that of the command if not given.",
        "所签确权文本的语言，缺省与命令语言相同。",
    ),
)
@common
def confirm(output: Output, right: str | None, file: Path | None, language: str) -> None:
    """
    The tag is computed anew from the obligor's own copy of the invoice. Obligor and seller keep the words that are signed; the
    ledger has their digest. Exit code 3 where one of many was refused.
    """
    if (right is None) == (file is None):
        raise UsageError(t("give one right or --file", "请给出一个权利标识，或用 --file"))
    with opened() as trade:
        if right is not None:
            identifier = right_id(trade, right)
            trade.confirm(identifier, language=language)
            _done(output, identifier, f"Confirmed: {identifier.hex()[:16]}", f"已确权：{identifier.hex()[:16]}")
            return
        assert file is not None
        try:
            lines = file.read_text(encoding="utf-8-sig").split()
        except UnicodeDecodeError:
            raise UsageError(
                t("not a text file in UTF-8", "不是 UTF-8 文本文件"), code="BAD_ENCODING", where=str(file)
            ) from None
        wanted, answers = [], {}
        for number, text in enumerate(lines, 1):
            try:
                wanted.append(right_id(trade, text))
            except UsageError as error:
                answers[f"{file.name}:{number} {text[:16]}"] = error.code
        for identifier, code in trade.confirm_many(list(dict.fromkeys(wanted)), language=language).items():
            answers[identifier.hex()] = code
    output.data(answers)
    good = sum(1 for code in answers.values() if code == "OK")
    output.line(t(f"{good} of {len(answers)} confirmed.", f"{len(answers)} 笔中已确权 {good} 笔。"))
    for name, code in answers.items():
        if code != "OK":
            output.line(f"  {name}: {code}")
    if good != len(answers):
        raise SystemExit(3)


@receivable.command(
    "confirmation",
    help=t("The words with which a right was confirmed, as a document.", "查看或取出一项权利的确权文本。"),
)
@click.argument("right")
@click.option("--as", "who", required=True, help=t("Whose vault: obligor or seller.", "谁的保险库：债务人或销方。"))
@click.option(
    "-o",
    "--output-file",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help=t("Write the document to this file.", "把文本写入此文件。"),
)
@common
def show_confirmation(output: Output, right: str, who: str, file: Path | None) -> None:
    """The document's hash is the digest on the ledger: whoever has both can see that these were the words."""
    with opened() as trade:
        identifier = right_id(trade, right)
        document = trade.confirmation_of(identifier, someone(trade.network.home, who))
        digest, name = trade.right(identifier).confirmation, trade.network.genesis.file.hash
    if file is not None:
        publish(file, document, overwrite=False)
    text = document.decode("utf-8")
    output.data(
        {"right": identifier, "text": text, "digest": digest, "hash": name, "file": str(file) if file else None}
    )
    output.line(text)
    output.line(
        t(f"{name} of these words, on the ledger: {digest.hex()}", f"账本所载该文本的 {name} 摘要：{digest.hex()}")
    )


@receivable.command(help=t("The obligor refuses, for a reason of the list.", "债务人以列明的理由拒绝。"))
@click.argument("right")
@click.option(
    "--reason",
    required=True,
    type=click.Choice(REFUSAL_REASONS),
    help=t(
        "From the list, and no other: a firm's own procedure is none.",
        "只能从清单中选：金额不符、重复、未收货、非本公司债务、已付款、质量争议；内部流程不是理由。",
    ),
)
@common
def refuse(output: Output, right: str, reason: str) -> None:
    """Capacity returns to the invoice."""
    with opened() as trade:
        identifier = right_id(trade, right)
        trade.refuse(identifier, reason)
    _done(output, identifier, "Refused; the invoice's capacity is free again.", "已拒绝，发票额度已恢复。")


@receivable.command(help=t("The seller withdraws its proposal.", "销方撤回提议。"))
@click.argument("right")
@common
def withdraw(output: Output, right: str) -> None:
    """Capacity returns to the invoice."""
    with opened() as trade:
        identifier = right_id(trade, right)
        trade.withdraw(identifier)
    _done(output, identifier, "Withdrawn; the invoice's capacity is free again.", "已撤回，发票额度已恢复。")


@receivable.command(help=t("Seller and obligor cancel what never moved.", "未流转前由双方撤销。"))
@click.argument("right")
@common
def cancel(output: Output, right: str) -> None:
    """Signed by both."""
    with opened() as trade:
        identifier = right_id(trade, right)
        trade.cancel(identifier)
    _done(output, identifier, "Cancelled; the invoice's capacity is free again.", "已撤销，发票额度已恢复。")


@receivable.command(
    "raise",
    help=t(
        "Raise a receivable on an attested delivery, unconfirmed for ever.",
        "凭交付证明提出未确权的应收账款（脱核），永久标明未确权。",
    ),
)
@click.argument("document")
@click.option(
    "--amount", "value", required=True, help=t("At most what the invoice has available.", "不超过发票可用额度。")
)
@click.option("--due", required=True, help=t("Due date.", "到期日。"))
@click.option("--delivery", required=True, help=t("The attestation of delivery.", "交付证明的标识。"))
@common
def raise_on_evidence(output: Output, document: str, value: str, due: str, delivery: str) -> None:
    """For a core enterprise that will not confirm."""
    with opened() as trade:
        identifier = document_id(trade, document)
        seller = trade.network.home.party(trade.document(identifier).seller.hex())
        try:
            attestation = bytes.fromhex(delivery)
        except ValueError:
            raise UsageError(t("not an attestation's identifier", "不是证明的标识"), code="BAD_IDENTIFIER") from None
        right = trade.raise_on_evidence(seller, identifier, amount(value), day(due), attestation)
    _done(output, right, f"Raised, unconfirmed: right {right.hex()}", f"已提出（未确权）：权利 {right.hex()}")


@receivable.command(help=t("Split an amount off into a new right.", "拆出一部分，成为新的权利。"))
@click.argument("right")
@click.argument("value", metavar="AMOUNT")
@common
def split(output: Output, right: str, value: str) -> None:
    """To the cent; the parent keeps the remainder."""
    with opened() as trade:
        child = trade.split(right_id(trade, right), amount(value))
    _done(output, child, f"Split off: right {child.hex()}", f"已拆出：权利 {child.hex()}")


@receivable.command(
    help=t("Pay a supplier's invoice with the right, or with a part of it.", "以权利（或其一部分）支付供应商的发票。")
)
@click.argument("right")
@click.option("--to", required=True, help=t("The supplier.", "供应商。"))
@click.option(
    "--invoice",
    "document",
    required=True,
    help=t("Its registered invoice on the holder.", "该供应商开给持有人的已登记发票。"),
)
@click.option("--amount", "value", help=t("A part; the whole right otherwise.", "部分金额，缺省为全部。"))
@click.option(
    "--recourse/--no-recourse",
    default=True,
    show_default=True,
    help=t("Whether recourse reaches back.", "是否保留追索权。"),
)
@common
def assign(output: Output, right: str, to: str, document: str, value: str | None, recourse: bool) -> None:
    """Signed by the holder, and by the assignee unless its invoice carries a standing acceptance."""
    with opened() as trade:
        moved = trade.assign(
            right_id(trade, right),
            party(trade, to),
            document_id(trade, document),
            recourse=recourse,
            amount_minor=amount(value) if value else None,
        )
    _done(output, moved, f"Assigned: right {moved.hex()}", f"已转让：权利 {moved.hex()}")


@receivable.command(help=t("Pledge a right to a financier.", "向资金方质押权利。"))
@click.argument("right")
@click.option("--to", required=True, help=t("The pledgee.", "质权人。"))
@click.option("--cap", required=True, help=t("Most that the pledge secures.", "最高担保金额。"))
@common
def pledge(output: Output, right: str, to: str, cap: str) -> None:
    """Signed by both. A pledge of receivables exists in law only once it is registered outside; this ledger is evidence."""
    with opened() as trade:
        identifier = right_id(trade, right)
        trade.pledge(identifier, party(trade, to), amount(cap), secrets.token_bytes(32))
    _done(output, identifier, "Pledged.", "已质押。")


@receivable.command(help=t("The pledgee releases its pledge.", "质权人解除质押。"))
@click.argument("right")
@common
def release(output: Output, right: str) -> None:
    """Signed by the pledgee."""
    with opened() as trade:
        identifier = right_id(trade, right)
        trade.release(identifier)
    _done(output, identifier, "Released.", "已解除。")


@receivable.command(
    help=t("Notify the obligor where to pay; the ledger dates it.", "通知债务人收款账户，由账本记录时间。")
)
@click.argument("right")
@click.option(
    "--account", required=True, help=t("Bank account; the ledger sees its digest.", "收款账号，账本只见摘要。")
)
@common
def notify(output: Output, right: str, account: str) -> None:
    """Signed by the holder."""
    with opened() as trade:
        identifier = right_id(trade, right)
        trade.notify(identifier, account)
    _done(output, identifier, "The obligor is notified.", "已通知债务人。")


@receivable.command(help=t("The obligor acknowledges the notice and the account.", "债务人签收通知并确认账户。"))
@click.argument("right")
@click.option("--account", required=True, help=t("The account that the holder told it.", "持有人告知的收款账号。"))
@common
def acknowledge(output: Output, right: str, account: str) -> None:
    """Refused where the account differs from the notice's."""
    with opened() as trade:
        identifier = right_id(trade, right)
        trade.acknowledge(identifier, account)
    _done(output, identifier, "Acknowledged.", "已签收。")


@receivable.command(
    help=t("Discharge an amount on a bank's attestation, or on the payee's receipt.", "凭银行证明或收款人收据清偿。")
)
@click.argument("right")
@click.option("--amount", "value", help=t("A part; all that is open otherwise.", "部分金额，缺省为全部余额。"))
@click.option(
    "--payment",
    help=t(
        "The settlement bank's attestation; the payee signs a receipt otherwise.",
        "清算银行的证明标识；缺省由收款人签收据。",
    ),
)
@common
def settle(output: Output, right: str, value: str | None, payment: str | None) -> None:
    """Before the due date the payee signs in any case."""
    with opened() as trade:
        identifier = right_id(trade, right)
        due = amount(value) if value else trade.right(identifier).header.open
        try:
            attestation = bytes.fromhex(payment or "")
        except ValueError:
            raise UsageError(t("not an attestation's identifier", "不是证明的标识"), code="BAD_IDENTIFIER") from None
        trade.settle(identifier, due, attestation)
        left = trade.right(identifier).header
    output.data({"right": identifier, "settled_minor": due, "open_minor": left.open})
    output.line(t(f"Settled {money(due)}; {money(left.open)} open.", f"已清偿 {money(due)}，余额 {money(left.open)}。"))


@receivable.command("list", help=t("Rights, of everybody or of those chosen.", "列出权利，可按条件筛选。"))
@click.option("--holder", help=t("Only this holder's.", "只列某持有人。"))
@click.option("--obligor", help=t("Only what this obligor is to pay.", "只列某债务人应付的。"))
@click.option(
    "--status",
    type=click.Choice(["proposed", "live", "settled", "refused", "withdrawn", "cancelled"]),
    help=t("Only of this status.", "只列某状态。"),
)
@click.option(
    "--mark",
    type=click.Choice(MARKS),
    help=t(
        "Only proposals that lapsed, rights due today, or overdue ones.",
        "只列已失效的提议（lapsed）、今日到期（due）或已逾期（overdue）的权利。",
    ),
)
@click.option("--due-after", metavar="DATE", help=t("Due on this day or later.", "到期日不早于此日。"))
@click.option("--due-before", metavar="DATE", help=t("Due on this day or earlier.", "到期日不晚于此日。"))
@click.option("-n", "count", default=50, show_default=True, help=t("At most so many.", "最多列出数量。"))
@common
def list_rights(
    output: Output,
    holder: str | None,
    obligor: str | None,
    status: str | None,
    mark: str | None,
    due_after: str | None,
    due_before: str | None,
    count: int,
) -> None:
    """Every answer states the height that it holds for; marks are as of business time."""
    with reading() as (home, chain):
        wanted = lookup.Filter(
            owner=bytes.fromhex(someone(home, holder).account) if holder else None,
            obligor=bytes.fromhex(someone(home, obligor).account) if obligor else None,
            status=status,
            due_after=day(due_after) if due_after else None,
            due_before=day(due_before) if due_before else None,
            mark=mark,
        )
        height, rows = lookup.rights(chain, wanted)
        now = lookup.moment(chain)
    print_rights(output, home, height, now, rows, count)


@receivable.command(help=t("Everything about one right.", "查看一项权利的全部信息。"))
@click.argument("right")
@common
def show(output: Output, right: str) -> None:
    """As the ledger has it."""
    with reading() as (home, chain):
        print_right(output, home, chain, identifier(chain, right, b"R", "right"))


@receivable.command(help=t("The whole tree of parts that a right belongs to.", "一项权利所在的整棵拆分树。"))
@click.argument("right")
@common
def tree(output: Output, right: str) -> None:
    """From the confirmed root down to every part."""
    with reading() as (home, chain):
        height, rows = lookup.tree(chain, identifier(chain, right, b"R", "right"))
        now = lookup.moment(chain)
    print_tree(output, home, height, now, rows)


@receivable.command(help=t("What happened to a right, from the beginning.", "一项权利自始至今的经历。"))
@click.argument("right")
@common
def history(output: Output, right: str) -> None:
    """Every link of its chain, ancestors included."""
    with reading() as (home, chain):
        height, steps = lookup.history(chain, identifier(chain, right, b"R", "right"))
    print_history(output, home, height, steps)
