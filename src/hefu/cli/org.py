"""`hefu org …` and `hefu key …`: organisations, their roles and keys."""

from __future__ import annotations

import secrets

import click

from hefu.cli.common import common, opened, party, reading
from hefu.cli.language import t
from hefu.cli.output import Output
from hefu.contracts.parties import commands as pc
from hefu.contracts.parties import state as ps
from hefu.contracts.parties.contract import possession_message
from hefu.contracts.parties.roles import ROLES
from hefu.kernel.errors import UsageError
from hefu.kernel.hashing import ZERO
from hefu.kernel.keyfile import generate_pair, write_key
from hefu.kernel.signer import KeySigner
from hefu.ledger.chain import Chain
from hefu.services.network import OFFICE, FounderSpec
from hefu.services.trade import Trade

ROLE_NAMES = {
    "core_enterprise": ("core enterprise", "核心企业"),
    "supplier": ("supplier", "供应商"),
    "bank": ("bank", "银行"),
    "factor": ("factor", "保理商"),
    "settlement_bank": ("settlement bank", "清算银行"),
    "guarantor": ("guarantor", "担保人"),
    "platform_operator": ("platform operator", "平台运营方"),
    "tax_authority": ("tax authority", "税务机关"),
    "utility": ("utility", "公用事业单位"),
    "warehouse": ("warehouse", "仓储方"),
    "verifier": ("verifier", "核证机构"),
    "ecny_operator": ("e-CNY operating bank", "数字人民币运营机构"),
    "court": ("court", "法院"),
    "supervisor": ("supervisor", "监管机构"),
}


@click.group(help=t("Organisations, roles, votes.", "机构、角色与表决。"))
def org() -> None:
    """Group."""


@org.command("list", help=t("Everybody in this home.", "本地所有机构。"))
@common
def list_orgs(output: Output) -> None:
    """From the private address book, with the status that the ledger has."""
    with reading() as (home, chain):
        entries = home.names.parties
        status = {e.organisation: _status(chain, e.organisation) for e in entries}
    output.data(
        [
            {
                "name": e.name,
                "organisation": e.organisation,
                "account": e.account,
                "roles": status[e.organisation][1],
                "member": status[e.organisation][2],
                "status": status[e.organisation][0],
            }
            for e in entries
        ]
    )
    output.table(
        (t("name", "名称"), t("roles", "角色"), t("account", "账户"), t("member", "成员"), t("status", "状态")),
        [
            (
                e.name,
                t(", ", "、").join(t(*ROLE_NAMES[r]) for r in status[e.organisation][1]),
                e.account[:12],
                t("yes", "是") if status[e.organisation][2] else "",
                t(
                    status[e.organisation][0],
                    {"active": "正常", "suspended": "暂停"}.get(status[e.organisation][0], ""),
                ),
            )
            for e in entries
        ],
    )


def _status(chain: Chain, organisation: str) -> tuple[str, tuple[str, ...], bool]:
    record = chain.state.get(ps.organisation_key(bytes.fromhex(organisation)), ps.ORGANISATION)
    return ("unknown", (), False) if record is None else (record.status, record.roles, record.member)


@org.command(help=t("Enrol a supplier, or admit another organisation by vote.", "供应商入网；其他机构经成员表决加入。"))
@click.argument("name")
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice(sorted(ROLES)),
    default=("supplier",),
    show_default=True,
    help=t("Repeat for several.", "可重复。"),
)
@click.option(
    "--uscc", default="", help=t("Unified social credit code; stays in this home.", "统一社会信用代码，只存本地。")
)
@click.option("--member", is_flag=True, help=t("As a voting member.", "作为有表决权的成员。"))
@click.option(
    "--registrar", default="", help=t("Who vouches; the operator if not given.", "由谁核验身份，缺省为平台运营方。")
)
@common
def enrol(output: Output, name: str, roles: tuple[str, ...], uscc: str, member: bool, registrar: str) -> None:
    """Makes key files and a vault for it too."""
    with opened() as trade:
        entry = trade.network.enrol(FounderSpec(name, roles, member, uscc), registrar or trade.network.home.operator)
    output.data({"name": entry.name, "organisation": entry.organisation, "account": entry.account})
    output.line(t(f"{name} is enrolled; account {entry.account[:12]}.", f"{name} 已入网，账户 {entry.account[:12]}。"))


@org.command(help=t("Suspend an organisation by the members' votes.", "经成员表决暂停某机构。"))
@click.argument("name")
@click.option(
    "--as", "proposer", default="", help=t("Who proposes; the operator if not given.", "提议方，缺省为平台运营方。")
)
@common
def suspend(output: Output, name: str, proposer: str) -> None:
    """From then on its keys sign nothing."""
    _set_status(output, name, proposer, "suspended")


@org.command(help=t("Make a suspended organisation active again, by vote.", "经成员表决恢复某机构。"))
@click.argument("name")
@click.option(
    "--as", "proposer", default="", help=t("Who proposes; the operator if not given.", "提议方，缺省为平台运营方。")
)
@common
def reinstate(output: Output, name: str, proposer: str) -> None:
    """Its keys sign again."""
    _set_status(output, name, proposer, "active")


def _set_status(output: Output, name: str, proposer: str, status: str) -> None:
    with opened() as trade:
        target = party(trade, name)
        trade.network.vote(
            party(trade, proposer or trade.network.home.operator),
            pc.SetStatus(bytes.fromhex(target.organisation), status),
        )
    output.data({"name": target.name, "status": status})
    output.line(
        t(f"{target.name} is now {status}.", f"{target.name} 现为{'正常' if status == 'active' else '暂停'}状态。")
    )


@org.command(help=t("Set the ceiling of what an obligor confirms in all.", "设定债务人确权总额上限。"))
@click.argument("name")
@click.argument("amount")
@common
def ceiling(output: Output, name: str, amount: str) -> None:
    """Signed by the obligor's own governing key."""
    from hefu.cli.common import amount as parse
    from hefu.cli.common import money

    with opened() as trade:
        target = party(trade, name)
        trade.set_ceiling(target, parse(amount))
    output.data({"name": target.name, "ceiling_minor": parse(amount)})
    output.line(t(f"{target.name}: ceiling {money(parse(amount))}.", f"{target.name}：上限 {money(parse(amount))}。"))


@org.command(help=t("What an obligor owes in all, and the room left.", "债务人的应付总额与剩余额度。"))
@click.argument("name")
@common
def exposure(output: Output, name: str) -> None:
    """Confirmed receivables that are live."""
    from hefu.cli.common import money

    with opened() as trade:
        target = party(trade, name)
        record, height = trade.exposure(target), trade.network.chain.tip.height
    room = None if record.ceiling is None else max(record.ceiling - record.live, 0)
    output.data(
        {
            "name": target.name,
            "height": height,
            "live_minor": record.live,
            "ceiling_minor": record.ceiling,
            "room_minor": room,
        }
    )
    output.line(
        t(f"{target.name} owes {money(record.live)}", f"{target.name} 应付 {money(record.live)}")
        + (
            t("; no ceiling is set.", "；未设上限。")
            if room is None
            else t(f"; room left {money(room)}.", f"；剩余额度 {money(room)}。")
        )
        + t(f" (block {height})", f"（区块 {height}）")
    )


@click.group(help=t("Signing keys of organisations.", "机构的签名密钥。"))
def key() -> None:
    """Group."""


@key.command("list", help=t("Keys of an organisation, with purposes and limits.", "某机构的密钥、用途与限额。"))
@click.argument("name")
@common
def list_keys(output: Output, name: str) -> None:
    """Public keys only."""
    with opened() as trade:
        target = party(trade, name)
        keys = trade.network.engine.query(lambda chain: _keys(chain, bytes.fromhex(target.organisation)))
        height = trade.network.chain.tip.height
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
                }
                for k, r in keys
            ],
        }
    )
    output.table(
        (t("key", "公钥"), t("purposes", "用途"), t("from block", "自区块"), t("until before", "止于区块前")),
        [(k.hex()[:16], ", ".join(r.purposes), r.valid_from, r.valid_until or "") for k, r in keys],
        right=(2, 3),
    )


def _keys(chain: Chain, organisation: bytes) -> list[tuple[bytes, ps.KeyRecord]]:
    found = []
    for raw_key, raw in chain.store.scan(b"sK", b"sL"):
        record = ps.KEY.load(raw)
        if record.organisation == organisation:
            found.append((raw_key[2:], record))
    return found


@key.command(help=t("Replace the office key of an organisation.", "更换某机构的业务密钥。"))
@click.argument("name")
@click.option(
    "--limit", default="", help=t("Largest amount that the new key signs alone.", "新密钥单独签署的最高金额。")
)
@common
def rotate(output: Output, name: str, limit: str) -> None:
    """Adds a key from the next block on and ends the old one at the block after; the old file is kept beside."""
    from hefu.cli.common import amount as parse

    with opened() as trade:
        target = party(trade, name)
        new, old, height = _rotate(trade, name, parse(limit) if limit else 0)
    output.data({"name": target.name, "key": new, "replaces": old, "from_height": height})
    output.line(
        t(
            f"{target.name} signs with {new.hex()[:16]} from block {height} on; {old.hex()[:16]} ends there.",
            f"{target.name} 自区块 {height} 起改用 {new.hex()[:16]}，{old.hex()[:16]} 同时失效。",
        )
    )


def _rotate(trade: Trade, name: str, limit: int) -> tuple[bytes, bytes, int]:
    network = trade.network
    target = party(trade, name)
    organisation = bytes.fromhex(target.organisation)
    record = network.engine.query(lambda chain: chain.state.get(ps.organisation_key(organisation), ps.ORGANISATION))
    assert record is not None
    from hefu.cli.common import passphrase

    suite = network.genesis.suite
    pair = generate_pair(suite, "office")
    signer = KeySigner.of(pair, suite)
    message = possession_message(network.genesis.chain_id, record.identity)
    new = pc.NewKey(signer.public_key, OFFICE, limit, ZERO, ZERO, signer.sign(message))
    old = bytes.fromhex(target.office_key)
    # Two blocks ahead: this transaction itself makes the next one.
    from_height = network.chain.tip.height + 2
    folder = network.home.organisation_folder(target)
    path = folder / "office.key.json"
    # The new file is on the disk before the ledger speaks of the key: a crash between loses nothing.
    pending = folder / f"office-{secrets.token_hex(4)}.key.json"
    write_key(pending, pair, passphrase())
    network.act(
        [pc.AddKey(organisation, new, from_height), pc.RevokeKey(organisation, old, from_height)],
        network.ring(target).govern,
    )
    path.rename(folder / f"office-until-{from_height}.key.json")
    pending.rename(path)
    target.office_key = signer.public_key.hex()
    network.home.save()
    return signer.public_key, old, from_height


@key.command(help=t("End a key at the next block.", "自下一区块起停用某密钥。"))
@click.argument("name")
@click.argument("public_key")
@common
def revoke(output: Output, name: str, public_key: str) -> None:
    """Earlier signatures stay good."""
    with opened() as trade:
        target = party(trade, name)
        organisation = bytes.fromhex(target.organisation)
        keys = trade.network.engine.query(lambda chain: _keys(chain, organisation))
        found = [k for k, _ in keys if k.hex().startswith(public_key.lower())]
        if len(found) != 1:
            raise UsageError(
                t(
                    "no single key of it begins so; `hefu key list` shows them",
                    "没有唯一匹配的密钥；请用 hefu key list 查看",
                ),
                code="UNKNOWN_KEY",
            )
        from_height = trade.network.chain.tip.height + 2
        trade.network.act([pc.RevokeKey(organisation, found[0], from_height)], trade.network.ring(target).govern)
    output.data({"key": found[0], "until_height": from_height})
    output.line(
        t(f"{found[0].hex()[:16]} ends at block {from_height}.", f"{found[0].hex()[:16]} 自区块 {from_height} 起失效。")
    )
