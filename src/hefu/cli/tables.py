"""How rights, trees and histories are printed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from hefu.cli.common import money
from hefu.cli.language import t
from hefu.cli.output import Output
from hefu.contracts.receivables import events as e
from hefu.contracts.receivables import state as rs
from hefu.contracts.receivables.authority import is_locked
from hefu.kernel.hashing import ZERO
from hefu.kernel.time import format_instant
from hefu.ledger.chain import Chain
from hefu.readmodels.marks import Moment
from hefu.services import confirmation
from hefu.services.home import Home
from hefu.services.lookup import Step, mark_of, moment

STATUS = {
    "proposed": "待确权",
    "live": "有效",
    "settled": "已清偿",
    "refused": "已拒绝",
    "withdrawn": "已撤回",
    "cancelled": "已撤销",
}
MARK = {
    "lapsed": ("lapsed", "已失效"),
    "due": ("due today", "今日到期"),
    "overdue": ("overdue", "已逾期"),
}
REASONS = {
    "amount_wrong": "金额不符",
    "duplicate": "重复",
    "goods_missing": "未收货",
    "not_ours": "非本公司债务",
    "paid": "已付款",
    "quality_dispute": "质量争议",
}
BACKING = {"confirmed": ("confirmed", "经确权"), "evidence": ("on evidence, unconfirmed", "凭证据，未确权")}
Row = tuple[bytes, rs.RightRecord]


def status_name(name: str, mark: str = "") -> str:
    """A status of the ledger in words, with what the calendar makes of it."""
    text = t(name, STATUS.get(name, name))
    return text + t(", ", "，") + t(*MARK[mark]) if mark else text


def status(record: rs.RightRecord, now: Moment) -> str:
    """Status with what matters besides."""
    text = status_name(record.status, mark_of(record, now))
    if record.backing == rs.EVIDENCE_BACKING:
        text += t(", unconfirmed", "，未确权")
    if record.header.encumbrances:
        text += t(", pledged", "，已质押")
    if record.header.freezes:
        text += t(", frozen", "，已冻结")
    return text


def right_data(home: Home, right: bytes, record: rs.RightRecord, now: Moment) -> dict[str, Any]:
    """A right for machines."""
    header = record.header
    return {
        "right": right,
        "status": record.status,
        "mark": mark_of(record, now) or None,
        "backing": record.backing,
        "owner": home.name_of_account(header.owner),
        "obligor": home.name_of_account(record.obligor),
        "currency": header.currency,
        "face_minor": header.face,
        "open_minor": header.open,
        "settled_minor": header.settled,
        "passed_minor": header.passed,
        "due_on": record.due_on,
        "root": record.root,
        "parent": record.parent,
        "depth": record.depth,
        "document": record.document,
        "confirmation": None if record.confirmation == ZERO else record.confirmation,
        "endorsements": [
            {"assignor": home.name_of_account(x.assignor), "recourse": x.recourse} for x in record.endorsements
        ],
        "pledges": [
            {"pledgee": home.name_of_account(x.pledgee), "cap_minor": x.cap, "rank": x.rank}
            for x in header.encumbrances
        ],
        "history_length": header.length,
        "history_head": header.history,
    }


def print_rights(output: Output, home: Home, height: int, now: Moment, rows: Sequence[Row], count: int) -> None:
    """A list of rights."""
    output.data(
        {"height": height, "total": len(rows), "rights": [right_data(home, r, rec, now) for r, rec in rows[:count]]}
    )
    output.table(
        (
            t("right", "权利"),
            t("holder", "持有人"),
            t("obligor", "债务人"),
            t("open", "余额"),
            t("due", "到期日"),
            t("status", "状态"),
        ),
        [
            (
                right.hex()[:12],
                home.name_of_account(rec.header.owner),
                home.name_of_account(rec.obligor),
                money(rec.header.open, rec.header.currency),
                rec.due_on.isoformat(),
                status(rec, now),
            )
            for right, rec in rows[:count]
        ],
        right=(3,),
    )
    output.line(
        t(
            f"{min(count, len(rows))} of {len(rows)}, at block {height}",
            f"{len(rows)} 项中的 {min(count, len(rows))} 项，区块 {height}",
        )
    )


def print_right(output: Output, home: Home, chain: Chain, right: bytes) -> None:
    """Everything about one right."""
    record = chain.state.get(rs.right_key(right), rs.RIGHT)
    assert record is not None, "the identifier was looked up in this chain"
    now = moment(chain)
    height = chain.tip.height
    header = record.header
    locked = is_locked(record, now.at_ms)
    output.data({"height": height, "locked": locked, **right_data(home, right, record, now)})
    rows = [
        (t("right", "权利"), right.hex()),
        (t("status", "状态"), status(record, now)),
        (t("obligor", "债务人"), home.name_of_account(record.obligor)),
        (t("holder", "持有人"), home.name_of_account(header.owner)),
        (t("face", "面额"), money(header.face, header.currency)),
        (t("open", "余额"), money(header.open, header.currency)),
        (t("settled", "已清偿"), money(header.settled, header.currency)),
        (t("passed on", "已拆出"), money(header.passed, header.currency)),
        (t("due", "到期日"), record.due_on.isoformat()),
        (t("root", "根权利"), record.root.hex()[:16] if record.depth else t("itself", "自身")),
        (t("invoice", "发票"), record.document.hex()[:16]),
    ]
    for endorsement in record.endorsements:
        recourse = t("with recourse", "有追索权") if endorsement.recourse else t("without recourse", "无追索权")
        rows.append((t("passed on by", "转让人"), f"{home.name_of_account(endorsement.assignor)} ({recourse})"))
    for pledge in header.encumbrances:
        rows.append((t("pledged to", "质权人"), f"{home.name_of_account(pledge.pledgee)}, {money(pledge.cap)}"))
    if locked and record.lock is not None:
        until = format_instant(record.lock.until_ms)
        rows.append((t("locked for", "锁定给"), f"{home.name_of_account(record.lock.financier)}, {until}"))
    if record.confirmation != ZERO:
        rows.append((t("words confirmed", "确权文本"), _words(chain, record.confirmation)))
    if record.notice is not None:
        rows.append((t("notice", "通知"), format_instant(record.notice.at_ms)))
    rows.append((t("at block", "区块"), str(height)))
    output.table(("", ""), rows)


def _words(chain: Chain, digest: bytes) -> str:
    language = confirmation.language_of(chain.genesis.hash, digest)
    known = {
        "en": t("the English text", "英文文本"),
        "zh": t("the Chinese text", "中文文本"),
        None: t("others", "其他文本"),
    }
    return f"{known[language]} ({digest.hex()[:16]})"


def print_tree(output: Output, home: Home, height: int, now: Moment, rows: Sequence[Row]) -> None:
    """A tree of parts."""
    output.data({"height": height, "rights": [right_data(home, right, rec, now) for right, rec in rows]})
    output.table(
        (t("right", "权利"), t("holder", "持有人"), t("face", "面额"), t("open", "余额"), t("status", "状态")),
        [
            (
                "  " * rec.depth + ("└ " if rec.depth else "") + right.hex()[:12],
                home.name_of_account(rec.header.owner),
                money(rec.header.face, rec.header.currency),
                money(rec.header.open, rec.header.currency),
                status(rec, now),
            )
            for right, rec in rows
        ],
        right=(2, 3),
    )
    total = sum(rec.header.open + rec.header.settled for _, rec in rows)
    face = rows[0][1].header.face
    output.line(
        t(
            f"{len(rows)} parts; open and settled sum to {money(total)} of {money(face)}, at block {height}",
            f"共 {len(rows)} 个部分；余额与已清偿合计 {money(total)}，面额 {money(face)}，区块 {height}",
        )
    )


def print_history(output: Output, home: Home, height: int, steps: Sequence[Step]) -> None:
    """A right's history."""
    output.data(
        {
            "height": height,
            "steps": [
                {
                    "height": s.height,
                    "block_at_ms": s.block_at_ms,
                    "business_at_ms": s.business_at_ms,
                    "transaction": s.transaction_id,
                    "event": s.tag,
                    **{f"event_{k}": v for k, v in msgspec.structs.asdict(s.event).items()},
                }
                for s in steps
            ],
        }
    )
    output.table(
        (t("block", "区块"), t("business time", "业务时间"), t("what", "事项"), t("transaction", "交易")),
        [(s.height, format_instant(s.business_at_ms), told(home, s.event), s.transaction_id.hex()[:12]) for s in steps],
        right=(0,),
    )
    output.line(t(f"{len(steps)} events, at block {height}", f"共 {len(steps)} 个事件，区块 {height}"))


def told(home: Home, event: Any) -> str:
    """An event in words."""
    name = home.name_of_account
    match event:
        case e.Proposed():
            return t(
                f"{name(event.owner)} proposes {money(event.amount)}, owed by {name(event.obligor)}",
                f"{name(event.owner)} 提出 {money(event.amount)}，债务人 {name(event.obligor)}",
            )
        case e.Confirmed():
            return t("the obligor confirms", "债务人确权")
        case e.Refused():
            return t(f"the obligor refuses: {event.reason}", f"债务人拒绝：{REASONS.get(event.reason, event.reason)}")
        case e.Withdrawn():
            return t("withdrawn", "撤回")
        case e.Cancelled():
            return t("cancelled", "撤销")
        case e.Raised():
            return t(
                f"{name(event.owner)} raises {money(event.amount)} on evidence, unconfirmed",
                f"{name(event.owner)} 凭证据提出 {money(event.amount)}，未确权",
            )
        case e.SplitOff():
            return t(
                f"{money(event.amount)} split off into {event.child.hex()[:12]}",
                f"拆出 {money(event.amount)}，成为 {event.child.hex()[:12]}",
            )
        case e.Assigned():
            recourse = t("with recourse", "有追索权") if event.recourse else t("without recourse", "无追索权")
            return t(f"assigned to {name(event.to)}, {recourse}", f"转让给 {name(event.to)}，{recourse}")
        case e.Pledged():
            return t(
                f"pledged to {name(event.pledgee)} up to {money(event.cap)}",
                f"质押给 {name(event.pledgee)}，最高 {money(event.cap)}",
            )
        case e.Released():
            return t("pledge released", "解除质押")
        case e.OfferAccepted():
            return t(f"offer of {name(event.financier)} accepted, locked", f"接受 {name(event.financier)} 的报价，锁定")
        case e.OfferDeclined():
            return t("lock given up", "放弃锁定")
        case e.Sold():
            return t(f"paid: {name(event.financier)} owns it", f"到款：归 {name(event.financier)} 所有")
        case e.Financed():
            return t(f"paid: pledged to {name(event.financier)}", f"到款：质押给 {name(event.financier)}")
        case e.Notified():
            return t("the obligor is notified", "通知债务人")
        case e.Acknowledged():
            return t("the obligor acknowledges the notice", "债务人签收通知")
        case e.Settled():
            word = t("a bank's attestation", "银行证明") if event.payment else t("the payee's receipt", "收款人收据")
            return t(
                f"{money(event.amount)} paid to {name(event.payee)}, on {word}",
                f"已向 {name(event.payee)} 支付 {money(event.amount)}，凭{word}",
            )
        case _:
            tag: str = type(event).__struct_config__.tag
            return tag
