"""`hefu ledger blocks`: what every reader of the ledger sees of its blocks."""

from __future__ import annotations

import click

from hefu import bootstrap
from hefu.cli.common import common, not_archived, shown_store
from hefu.cli.language import t
from hefu.cli.output import Output
from hefu.kernel.errors import UsageError
from hefu.kernel.time import format_instant
from hefu.ledger import audit
from hefu.ledger import block as blocks
from hefu.ledger.store import Store, at_height
from hefu.services.restored import first_kept


@click.command("blocks", help=t("List the newest blocks, or show one.", "列出最新区块，或查看某一区块。"))
@click.argument("height", type=int, required=False)
@click.option("-n", "count", default=20, show_default=True, help=t("How many.", "数量。"))
@common
def list_blocks(output: Output, height: int | None, count: int) -> None:
    """Everything that a reader of the ledger sees of a block."""
    store = shown_store()
    try:
        last = audit.tip_height(store)
        if height is not None:
            _show_block(output, store, height)
            return
        rows, data = [], []
        for number in range(last, max(last - count, -1), -1):
            raw, results = store.get(at_height(b"h", number)), store.get(at_height(b"r", number))
            if raw is None or results is None:
                break
            header = blocks.HEADER.load(blocks.SEALED.load(raw).header)
            refused = sum(1 for r in blocks.RESULTS.load(results) if r.code != blocks.OK)
            when = format_instant(header.at_ms) if number else "-"
            rows.append((number, when, header.count, refused, header.state_root.hex()[:16]))
            data.append(
                {
                    "height": number,
                    "at_ms": header.at_ms,
                    "transactions": header.count,
                    "refused": refused,
                    "state_root": header.state_root,
                }
            )
    finally:
        store.close()
    output.data({"height": last, "blocks": data})
    output.table(
        (
            t("height", "高度"),
            t("time", "时间"),
            t("transactions", "交易"),
            t("refused", "被拒绝"),
            t("state root", "状态根"),
        ),
        rows,
        right=(0, 2, 3),
    )


def _show_block(output: Output, store: Store, height: int) -> None:
    raw, results = store.get(at_height(b"h", height)), store.get(at_height(b"r", height))
    if raw is None or results is None:
        if 0 <= height < first_kept(store):
            raise not_archived(store)
        raise UsageError(t(f"there is no block {height} here", f"此处没有区块 {height}"), code="UNKNOWN_BLOCK")
    sealed = blocks.SEALED.load(raw)
    header = blocks.HEADER.load(sealed.header)
    codec = bootstrap.application().event_codec
    data = {
        "height": header.height,
        "at_ms": header.at_ms,
        "previous": header.previous,
        "transactions_root": header.transactions_root,
        "results_root": header.results_root,
        "state_root": header.state_root,
        "seal": {"kind": sealed.seal_kind, "key": sealed.seal[0] if sealed.seal else b""},
        "transactions": [
            {
                "id": result.transaction_id,
                "code": result.code,
                "events": [_tag(codec.load(event)) for event in result.events],
            }
            for result in blocks.RESULTS.load(results)
        ],
    }
    output.data(data)
    output.table(
        ("", ""),
        [
            (t("height", "高度"), header.height),
            (t("time", "时间"), format_instant(header.at_ms) if height else "-"),
            (t("block before", "前一区块"), header.previous.hex()),
            (t("transactions' root", "交易根"), header.transactions_root.hex()),
            (t("answers' root", "结果根"), header.results_root.hex()),
            (t("state root", "状态根"), header.state_root.hex()),
            (t("sealed by", "签章密钥"), sealed.seal[0].hex() if sealed.seal else sealed.seal_kind),
        ],
    )
    output.table(
        (t("transaction", "交易"), t("answer", "结果"), t("events", "事件")),
        [
            (r.transaction_id.hex()[:16], r.code, ", ".join(_tag(codec.load(event)) for event in r.events))
            for r in blocks.RESULTS.load(results)
        ],
    )


def _tag(event: object) -> str:
    tag: str = type(event).__struct_config__.tag  # type: ignore[attr-defined]
    return tag
