"""`hefu letter …`: offers, terms, documents and bundles between organisations, sealed; and receipts for them."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import Any

import click

from hefu.cli.codes import explain
from hefu.cli.common import common, document_id, opened, party, reading, right_id, someone
from hefu.cli.language import t
from hefu.cli.output import Output
from hefu.kernel.codec import encode
from hefu.kernel.errors import EngineError, Unavailable, UsageError
from hefu.kernel.keyfile import publish
from hefu.kernel.time import format_instant
from hefu.services.home import PartyEntry
from hefu.services.letters.correspondence import DAYS, Collected
from hefu.services.letters.evidence import FILE_BYTES, ReceiptFile, check_file, read_file
from hefu.services.letters.letter import BODY_BYTES, BUNDLE, DAYS_MAX, DOCUMENT, Content
from hefu.services.letters.vaulted import IN, Kept
from hefu.services.trade import Trade

KIND = {
    "offer": ("offer", "报价"),
    "terms": ("terms", "条款"),
    "document": ("document", "文件"),
    "bundle": ("bundle", "证据包"),
    "": ("unreadable", "无法识别"),
}
STATE = {
    "waiting": ("on its way", "投递中"),
    "delivered": ("arrived", "已送达"),
    "expired": ("not delivered in time", "逾期未送达"),
    "read": ("read, receipted", "已阅，有回执"),
    "refused": ("refused", "已拒收"),
}
BUNDLE_SUFFIX = ".hefu"

_as = click.option("--as", "who", required=True, help=t("Whose letters.", "谁的信件。"))


@click.group(
    help=t(
        "Letters between organisations: sealed end to end, receipted on the ledger.",
        "机构间信件：端到端加密，回执摘要上账。",
    )
)
def letter() -> None:
    """Group."""


def fetch(output: Output, trade: Trade, who: PartyEntry) -> Collected | None:
    """
    Look for letters, where the organisation has said that it gets any. What cannot be reached now is told and keeps nobody from what is
    in the vault.
    """
    if not trade.letters.has_contact(bytes.fromhex(who.organisation)):
        return None
    try:
        found = trade.letters.collect(who)
    except (EngineError, Unavailable) as error:
        output.line(
            t(
                f"New letters could not be fetched ({error.code}); this is what was fetched before.",
                f"暂时无法收取新信件（{error.code}），以下为此前已收取的内容。",
            )
        )
        return None
    for identifier, code in found.left:
        output.line(
            t(f"Letter {identifier.hex()[:12]} stays at the node: ", f"信件 {identifier.hex()[:12]} 仍留在节点：")
            + explain(code, code)
        )
    if found.trouble:
        output.line(
            t("Receipts could not be put on the ledger: ", "回执暂未上账：") + explain(found.trouble, found.trouble)
        )
    return found


@letter.command(
    help=t(
        "Say on the ledger where letters go, with a fresh key; again to replace it.",
        "在账本上登记收信地址与新密钥；再次执行即更换。",
    )
)
@click.option("--as", "who", required=True, help=t("Who gets letters.", "收信机构。"))
@click.option(
    "--address",
    default=None,
    help=t(
        "Where the node's door is reached, for example https://node.example; empty: told by hand. As the node says if not given.",
        "节点收信口的地址，如 https://node.example；空则另行告知；缺省以节点为准。",
    ),
)
@common
def contact(output: Output, who: str, address: str | None) -> None:
    """Signed by the governing key. Members see the address: it can tell who is behind a pseudonym."""
    with opened() as trade:
        target = party(trade, who)
        digest = trade.letters.set_contact(target, address=address)
    output.data({"name": target.name, "key_digest": digest})
    output.line(
        t(
            f"Letters for {target.name} are sealed to key {digest.hex()[:16]} from now on.",
            f"此后寄给 {target.name} 的信件用密钥 {digest.hex()[:16]} 加密。",
        )
    )


@letter.command(help=t("Send a file, or opened terms, to one organisation.", "向一家机构发送文件或公开条款。"))
@click.argument("file", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--as", "sender", required=True, help=t("Who writes.", "发信机构。"))
@click.option("--to", "receiver", required=True, help=t("Who alone can read it.", "唯一可阅读的收信机构。"))
@click.option("--right", "right", default="", help=t("The right that it is about.", "所涉权利。"))
@click.option("--document", "document", default="", help=t("The document that it is about.", "所涉单据。"))
@click.option(
    "--terms",
    is_flag=True,
    help=t("Send the terms of the right or document, in place of a file.", "发送该权利或单据的条款，不发文件。"),
)
@click.option(
    "--days",
    type=click.IntRange(1, DAYS_MAX),
    default=DAYS,
    show_default=True,
    help=t("For how long delivery is tried.", "尝试投递的天数。"),
)
@common
def send(
    output: Output,
    file: Path | None,
    sender: str,
    receiver: str,
    right: str,
    document: str,
    terms: bool,
    days: int,
) -> None:
    """It is on the own node's disk when this ends, and is forwarded from there."""
    if terms == (file is not None) or (right and document) or (terms and not (right or document)):
        raise UsageError(
            t(
                "give a file, or --terms with --right or --document",
                "请给出一个文件，或用 --terms 并指明 --right 或 --document",
            )
        )
    with opened() as trade:
        who, to = party(trade, sender), party(trade, receiver)
        about = right_id(trade, right) if right else document_id(trade, document) if document else b""
        organisation = bytes.fromhex(to.organisation)
        if file is None:
            made = trade.send_terms(who, organisation, about)
        else:
            made = trade.letters.send(who, organisation, _content(file, about), days=days)
    output.data({"letter": made})
    output.line(
        t(f"Letter {made.hex()[:16]} is on its way to {to.name}.", f"信件 {made.hex()[:16]} 已交寄给 {to.name}。")
    )


def _content(file: Path, about: bytes) -> Content:
    if file.stat().st_size > BODY_BYTES:
        raise UsageError(
            t(f"a letter carries at most {BODY_BYTES:,} bytes", f"一封信件最多 {BODY_BYTES:,} 字节"), code="TOO_LARGE"
        )
    if file.suffix == BUNDLE_SUFFIX:
        return Content(BUNDLE, file.name, "application/octet-stream", about, file.read_bytes())
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return Content(DOCUMENT, file.name, kind, about, file.read_bytes())


def _one(trade: Trade, who: PartyEntry, text: str) -> Kept:
    found = [kept for kept in trade.letters.letters(who) if text and kept.id.hex().startswith(text.lower())]
    if len(found) != 1:
        raise UsageError(
            t(f"{who.name} has no single letter that begins with {text}", f"{who.name} 没有唯一以 {text} 开头的信件"),
            code="UNKNOWN_LETTER",
        )
    return found[0]


def _fetched(output: Output, trade: Trade, who: str, text: str) -> tuple[PartyEntry, Kept]:
    """An organisation and a letter of its, once new ones were looked for."""
    owner = someone(trade.network.home, who)
    fetch(output, trade, owner)
    return owner, _one(trade, owner, text)


def _data(trade: Trade, who: PartyEntry, kept: Kept) -> dict[str, Any]:
    state, code = trade.letters.state_of(who, kept)
    other = kept.head.sender if kept.direction == IN else kept.head.receiver
    return {
        "letter": kept.id,
        "direction": kept.direction,
        "with": trade.network.home.name_of_organisation(other),
        "kind": kept.kind,
        "name": kept.name,
        "media_type": kept.media_type,
        "about": kept.reference or None,
        "bytes": kept.size,
        "sent_at_ms": kept.head.sent_at_ms,
        "expires_at_ms": kept.head.expires_at_ms,
        "state": state,
        "code": code or None,
    }


def _state(row: dict[str, Any]) -> str:
    return t(*STATE[row["state"]]) + (f" ({row['code']})" if row["code"] else "")


@letter.command("list", help=t("Letters got and sent.", "收发的信件。"))
@_as
@common
def list_letters(output: Output, who: str) -> None:
    """Fetches new ones first, receipts them on the ledger, and says what has become of those sent."""
    with opened() as trade:
        target = someone(trade.network.home, who)
        fetch(output, trade, target)
        rows = [_data(trade, target, kept) for kept in trade.letters.letters(target)]
    output.data(rows)
    output.table(
        (
            t("letter", "信件"),
            "",
            t("with", "对方"),
            t("kind", "类别"),
            t("name", "名称"),
            t("bytes", "字节"),
            t("sent", "发出"),
            t("state", "状态"),
        ),
        [
            (
                row["letter"].hex()[:12],
                t("from", "来自") if row["direction"] == IN else t("to", "寄往"),
                row["with"],
                t(*KIND[row["kind"]]),
                row["name"],
                f"{row['bytes']:,}",
                format_instant(row["sent_at_ms"]),
                _state(row),
            )
            for row in rows
        ],
        right=(5,),
    )


@letter.command(help=t("One letter, and what it carries into a file.", "查看一封信件，并将内容存为文件。"))
@click.argument("letter_id", metavar="LETTER")
@_as
@click.option(
    "-o",
    "--output-file",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    help=t("File for what it carries.", "存放内容的文件。"),
)
@common
def read(output: Output, letter_id: str, who: str, target: Path | None) -> None:
    """A file that is there already is left as it is."""
    with opened() as trade:
        owner, kept = _fetched(output, trade, who, letter_id)
        row = _data(trade, owner, kept)
        if target is not None:
            _write(target, trade.letters.content(owner, kept.id).body)
    output.data({**row, "file": str(target) if target else None})
    output.table(
        ("", ""),
        [
            (t("letter", "信件"), kept.id.hex()),
            (t("from", "来自") if kept.direction == IN else t("to", "寄往"), row["with"]),
            (t("kind", "类别"), t(*KIND[kept.kind])),
            (t("name", "名称"), kept.name),
            (t("about", "所涉"), kept.reference.hex() or "-"),
            (t("bytes", "字节"), f"{kept.size:,}"),
            (t("sent", "发出"), format_instant(kept.head.sent_at_ms)),
            (t("state", "状态"), _state(row)),
        ],
    )
    if row["code"]:
        output.line(f"{row['code']}: {explain(row['code'], row['code'])}")


@letter.command(help=t("That a letter was read, to the byte, and by when.", "证明信件已阅：逐字节一致及其时间。"))
@click.argument("letter_id", metavar="LETTER")
@_as
@click.option(
    "-o",
    "--output-file",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    help=t("File for somebody who has the ledger: content and receipt.", "供持有账本者核验的文件：内容与回执。"),
)
@common
def receipt(output: Output, letter_id: str, who: str, target: Path | None) -> None:
    """Checked against the ledger each time. The file shows the content to whoever gets it."""
    with opened() as trade:
        owner, kept = _fetched(output, trade, who, letter_id)
        proof = trade.letters.proof(owner, kept.id)
        home = trade.network.home
        names = [home.name_of_organisation(x) for x in (kept.head.sender, kept.head.receiver)]
        if target is not None:
            content = trade.letters.content(owner, kept.id)
            _write(target, encode(ReceiptFile(content, proof.receipt)))
    _show(output, proof.receipt.receipt.letter, names, proof.receipt, proof.anchor)


@letter.command(help=t("Check a file that `letter receipt` made.", "核验 letter receipt 生成的文件。"))
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@common
def verify(output: Output, file: Path) -> None:
    """Against this home's ledger; needs no key."""
    with file.open("rb") as stream:
        found = read_file(stream.read(FILE_BYTES + 1))
    with reading() as (home, chain):
        anchor = check_file(chain, found)
        said = found.receipt.receipt
        names = [home.name_of_organisation(x) for x in (said.sender, said.receiver)]
    _show(output, said.letter, names, found.receipt, anchor)


def _write(target: Path, content: bytes) -> None:
    if target.exists():
        raise UsageError(t("this file exists", "文件已存在"), code="FILE_EXISTS", where=str(target))
    publish(target, content, overwrite=False)


def _show(output: Output, identifier: bytes, names: list[str], signed: Any, anchor: Any) -> None:
    said = signed.receipt
    output.data(
        {
            "letter": identifier,
            "sender": names[0],
            "receiver": names[1],
            "content_digest": said.content,
            "arrived_at_ms": said.arrived_at_ms,
            "read_at_ms": said.read_at_ms,
            "height": anchor.height,
            "block_at_ms": anchor.at_ms,
            "transaction": signed.transaction,
            "attestation": signed.attestation,
        }
    )
    output.table(
        ("", ""),
        [
            (t("letter", "信件"), identifier.hex()),
            (t("from", "来自"), names[0]),
            (t("to", "寄往"), names[1]),
            (t("digest of what was read", "所阅内容摘要"), said.content.hex()),
            (t("arrived, as its node says", "送达（收信节点记录）"), format_instant(said.arrived_at_ms)),
            (t("on the ledger at block", "上账区块"), str(anchor.height)),
            (t("by", "不晚于"), format_instant(anchor.at_ms)),
        ],
    )
