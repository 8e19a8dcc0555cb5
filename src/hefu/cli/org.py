"""`hefu org …`: organisations, their roles, and votes about them."""

from __future__ import annotations

import click

from hefu.cli.common import amount as parse
from hefu.cli.common import common, identifier, money, opened, party, reading, someone
from hefu.cli.language import t
from hefu.cli.output import Output
from hefu.contracts.parties import commands as pc
from hefu.contracts.parties import state as ps
from hefu.contracts.parties.roles import ROLES
from hefu.ledger.chain import Chain
from hefu.services import lookup, standing
from hefu.services.founding import FounderSpec

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
    "verifier": ("verifier", "核验机构"),
    "ecny_operator": ("e-CNY operating bank", "数字人民币运营机构"),
    "court": ("court", "法院"),
    "supervisor": ("supervisor", "监管机构"),
}


_proposer = click.option(
    "--as", "proposer", default="", help=t("Who proposes; the operator if not given.", "提议方，缺省为平台运营方。")
)


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
        entry = trade.network.enrol(
            FounderSpec(name, roles, member, uscc), party(trade, registrar or trade.network.home.operator).name
        )
    output.data({"name": entry.name, "organisation": entry.organisation, "account": entry.account})
    output.line(t(f"{name} is enrolled; account {entry.account[:12]}.", f"{name} 已入网，账户 {entry.account[:12]}。"))


@org.command(help=t("Suspend an organisation by the members' votes.", "经成员表决暂停某机构。"))
@click.argument("name")
@_proposer
@common
def suspend(output: Output, name: str, proposer: str) -> None:
    """From then on its keys sign nothing."""
    _set_status(output, name, proposer, "suspended")


@org.command(help=t("Make a suspended organisation active again, by vote.", "经成员表决恢复某机构。"))
@click.argument("name")
@_proposer
@common
def reinstate(output: Output, name: str, proposer: str) -> None:
    """Its keys sign again."""
    _set_status(output, name, proposer, "active")


@org.command(
    help=t(
        "Vote, as a member of this home, on a change that was proposed elsewhere.",
        "以本地成员身份对其他机构提出的变更表决。",
    )
)
@click.argument("proposal", metavar="PROPOSAL")
@click.option("--as", "voter", required=True, help=t("The member that votes.", "表决的成员。"))
@click.option("--against", is_flag=True, help=t("Refuse it.", "反对。"))
@common
def vote(output: Output, proposal: str, voter: str, against: bool) -> None:
    """The command that proposed it says its identifier, where votes are missing (VOTES_MISSING)."""
    with opened() as trade:
        which = identifier(trade.network.chain, proposal, b"P", "proposal")
        adopted = trade.network.cast(party(trade, voter), which, approve=not against)
    output.data({"proposal": which, "approve": not against, "adopted": adopted})
    output.line(t("Voted; the change is adopted.", "已表决，变更通过。") if adopted else t("Voted.", "已表决。"))


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


@org.command(
    "set-roles",
    help=t("Change an organisation's roles or membership, by vote.", "经成员表决变更某机构的角色或成员身份。"),
)
@click.argument("name")
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice(sorted(ROLES)),
    help=t(
        "All that it shall have; repeat for several. As before if not given.", "变更后的全部角色，可重复；缺省不变。"
    ),
)
@click.option(
    "--member/--no-member",
    default=None,
    help=t("Whether it votes; as before if not given.", "是否为有表决权的成员；缺省不变。"),
)
@_proposer
@common
def set_roles(output: Output, name: str, roles: tuple[str, ...], member: bool | None, proposer: str) -> None:
    """
    The roles given replace those that it has. A new member gets a governing key that may vote, for the one that it was enrolled with
    may not.
    """
    with opened() as trade:
        network, target = trade.network, party(trade, name)
        by = party(trade, proposer or network.home.operator)
        made = standing.set_roles(network, by, target, roles, member)
    output.data({"name": target.name, "roles": made.roles, "member": made.member, "key": made.key or None})
    words = t(", ", "、").join(t(*ROLE_NAMES[role]) for role in made.roles) or t("none", "无")
    votes = t("a voting member", "有表决权的成员") if made.member else t("no member", "非成员")
    output.line(t(f"{target.name}: {words}; {votes}.", f"{target.name}：{words}；{votes}。"))


@org.command(help=t("Set the ceiling of what an obligor confirms in all.", "设定债务人确权总额上限。"))
@click.argument("name")
@click.argument("amount")
@common
def ceiling(output: Output, name: str, amount: str) -> None:
    """Signed by the obligor's own governing key."""
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
    with reading() as (home, chain):
        target, height = someone(home, name), chain.tip.height
        record = lookup.exposure(chain, bytes.fromhex(target.account))
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
