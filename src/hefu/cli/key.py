"""`hefu key …`: the signing keys of organisations."""

from __future__ import annotations

import click

from hefu.cli.common import amount, common, money, opened, party, reading, someone
from hefu.cli.language import t
from hefu.cli.output import Output
from hefu.contracts.parties import state as ps
from hefu.kernel.errors import UsageError
from hefu.services import keys
from hefu.services.trade import Trade

LIMIT = t("Largest amount that the new key signs alone; none if not given.", "新密钥单独签署的最高金额，缺省不限。")
PURPOSES = {
    "accept": "受让",
    "administer": "管理",
    "attest": "证明",
    "checkpoint": "会签检查点",
    "clock": "推进时钟",
    "confirm": "确权",
    "finance": "融资",
    "pledge": "质押",
    "receive": "收款",
    "register": "登记",
    "transfer": "转让",
    "vote": "表决",
}


@click.group(help=t("Signing keys of organisations.", "机构的签名密钥。"))
def key() -> None:
    """Group."""


@key.command("list", help=t("Keys of an organisation, with purposes and limits.", "某机构的密钥、用途与限额。"))
@click.argument("name")
@common
def list_keys(output: Output, name: str) -> None:
    """Public keys only; a star marks those that this home signs with."""
    with reading() as (home, chain):
        target = someone(home, name)
        found, height = keys.keys_of(chain, bytes.fromhex(target.organisation)), chain.tip.height
    in_use = {target.office_key, target.govern_key}
    output.data(
        {
            "height": height,
            "keys": [
                {
                    "key": k,
                    "purposes": r.purposes,
                    "limit_minor": r.limit_minor,
                    "valid_from": r.valid_from,
                    "valid_until": r.valid_until,
                    "signs_here": k.hex() in in_use,
                }
                for k, r in found
            ],
        }
    )
    output.table(
        (
            t("key", "公钥"),
            t("purposes", "用途"),
            t("limit", "单签限额"),
            t("from block", "自区块"),
            t("until before", "止于区块前"),
            t("signs here", "本地签署"),
        ),
        [
            (
                k.hex()[:16],
                t(", ", "、").join(t(purpose, PURPOSES[purpose]) for purpose in r.purposes),
                _limit(r),
                r.valid_from,
                r.valid_until or "",
                "*" if k.hex() in in_use else "",
            )
            for k, r in found
        ],
        right=(2, 3, 4),
    )


def _limit(record: ps.KeyRecord) -> str:
    return money(record.limit_minor) if record.limit_minor else ""


@key.command(
    help=t(
        "Add a key to an organisation: a second one, or one after a revocation.", "为机构增设密钥：备用，或停用后补设。"
    )
)
@click.argument("name")
@click.option(
    "--purpose",
    "kind",
    type=click.Choice(keys.KINDS),
    default="office",
    show_default=True,
    help=t("Daily business, or keys, votes and ceilings.", "office 办理日常业务；govern 用于密钥、表决与确权上限。"),
)
@click.option("--limit", default="", help=LIMIT)
@click.option(
    "--use",
    is_flag=True,
    help=t(
        "Sign with it here from then on; so in any case where the present key has ended.",
        "此后本地改用新密钥签署；原密钥已停用时必然如此。",
    ),
)
@common
def add(output: Output, name: str, kind: str, limit: str, use: bool) -> None:
    """Signed by the governing key. The old file is kept beside; keys that hold go on holding."""
    with opened() as trade:
        target = party(trade, name)
        made = keys.add(trade.network, target, kind, amount(limit) if limit else 0, use=use)
    output.data(
        {
            "name": target.name,
            "purpose": kind,
            "key": made.key,
            "replaces": made.replaces or None,
            "file": made.file,
            "from_height": made.from_height,
        }
    )
    digits, height = made.key.hex()[:16], made.from_height
    if made.replaces:
        output.line(
            t(
                f"{target.name} signs with {digits} from block {height} on.",
                f"{target.name} 自区块 {height} 起改用 {digits}。",
            )
        )
        return
    output.line(
        t(
            f"{target.name} has another key, {digits}, from block {height} on; its file is {made.file}.",
            f"{target.name} 自区块 {height} 起增设密钥 {digits}，密钥文件为 {made.file}。",
        )
    )


@key.command(help=t("Replace the office key of an organisation.", "更换某机构的业务密钥。"))
@click.argument("name")
@click.option("--limit", default="", help=LIMIT)
@common
def rotate(output: Output, name: str, limit: str) -> None:
    """Adds a key from the next block on and ends the old one at the block after; the old file is kept beside."""
    with opened() as trade:
        target = party(trade, name)
        made = keys.rotate(trade.network, target, amount(limit) if limit else 0)
    output.data({"name": target.name, "key": made.key, "replaces": made.replaces, "from_height": made.from_height})
    new, old, height = made.key.hex()[:16], made.replaces.hex()[:16], made.from_height
    output.line(
        t(
            f"{target.name} signs with {new} from block {height} on; {old} has ended by then.",
            f"{target.name} 自区块 {height} 起改用 {new}，{old} 届时已停用。",
        )
    )


@key.command(help=t("End a key at the next block.", "自下一区块起停用某密钥。"))
@click.argument("name")
@click.argument("public_key")
@common
def revoke(output: Output, name: str, public_key: str) -> None:
    """Earlier signatures stay good. The last key that could add another cannot be ended."""
    with opened() as trade:
        target = party(trade, name)
        chosen = _one(trade, bytes.fromhex(target.organisation), public_key)
        height = keys.revoke(trade.network, target, chosen)
    output.data({"key": chosen, "until_height": height})
    output.line(t(f"{chosen.hex()[:16]} ends at block {height}.", f"{chosen.hex()[:16]} 自区块 {height} 起停用。"))
    if chosen.hex() == target.office_key:
        output.line(
            t(
                f"{target.name} can sign no business until it has another: hefu key add {target.name!r}",
                f"{target.name} 在增设密钥之前不能签署业务：hefu key add {target.name!r}",
            )
        )


def _one(trade: Trade, organisation: bytes, digits: str) -> bytes:
    known = trade.network.engine.query(lambda chain: keys.keys_of(chain, organisation))
    found = [k for k, _ in known if digits and k.hex().startswith(digits.lower())]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(
            t("several of its keys begin so; give more digits", "有多把密钥以此开头，请多给几位"),
            code="AMBIGUOUS_IDENTIFIER",
        )
    raise UsageError(
        t("no key of it begins so; `hefu key list` shows them", "没有以此开头的密钥；请用 hefu key list 查看"),
        code="UNKNOWN_KEY",
    )
