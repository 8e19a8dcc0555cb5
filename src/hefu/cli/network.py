"""`hefu network …`: a network of nodes on this machine, to try out and to learn. `hefu node …`: one node."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from hefu import bootstrap
from hefu.cli.codes import explain
from hefu.cli.common import common, day, home_path, opened, party, passphrase
from hefu.cli.language import t
from hefu.cli.output import Bars, Output
from hefu.kernel.errors import UsageError
from hefu.kernel.keyfile import publish
from hefu.kernel.time import instant_ms, start_of_day_ms
from hefu.ledger.block import OK
from hefu.ledger.genesis import Genesis
from hefu.services.home import Home
from hefu.services.nodes import joining, membership, takeover
from hefu.services.nodes.local import FIRST_PORT, LocalNetwork, client_of
from hefu.services.nodes.membership import POWER
from hefu.services.nodes.node import Node, NodeHome
from hefu.services.nodes.supervisor import TOOLS
from hefu.services.nodes.unanswered import Unanswered

#: Patience for each transaction that is asked for again.
RESUME_S = 15.0
BANKS = (
    t("Bank A", "甲银行"),
    t("Bank B", "乙银行"),
    t("Bank C", "丙银行"),
    t("Bank D", "丁银行"),
    t("Bank E", "戊银行"),
    t("Bank F", "己银行"),
    t("Bank G", "庚银行"),
)


_first_port = click.option(
    "--first-port",
    type=click.IntRange(1024, 65000),
    default=FIRST_PORT,
    show_default=True,
    help=t("Each node takes four ports from here on.", "从此端口起，每个节点占四个。"),
)


@click.group(
    help=t(
        "A network of nodes on this machine: a ledger that no single operator seals.",
        "本机上的多节点网络：账本不由任何一方单独签封。",
    )
)
def network() -> None:
    """Group."""


@network.command(
    help=t(
        "Found a ledger that banks decide together, a node for each.", "新建由多家银行共同记账的账本，每家一个节点。"
    )
)
@click.argument("name")
@click.option(
    "--validators",
    type=click.IntRange(4, 7),
    default=4,
    show_default=True,
    help=t("How many banks run a node.", "运行节点的银行数。"),
)
@click.option("--bank", "banks", multiple=True, help=t("A bank by name; repeat for each.", "银行名称，可重复。"))
@click.option(
    "--operator",
    default="Operator",
    show_default=True,
    help=t("Platform operator; runs no node.", "平台运营方，不运行节点。"),
)
@click.option(
    "--suite",
    type=click.Choice(["ed25519", "sm2"]),
    default="ed25519",
    show_default=True,
    help=t("Signatures and hashes.", "签名与杂凑算法。"),
)
@click.option(
    "--simulated-clock",
    metavar="DATE",
    help=t(
        "Business time starts here and moves only by `clock advance`.", "业务时间从此日开始，只由 clock advance 推进。"
    ),
)
@_first_port
@common
def init(
    output: Output,
    name: str,
    validators: int,
    banks: tuple[str, ...],
    operator: str,
    suite: str,
    simulated_clock: str | None,
    first_port: int,
) -> None:
    """Whoever holds this machine holds all validators: for trying out and for tests."""
    named = banks or BANKS[:validators]
    start = instant_ms(datetime.now(UTC))
    if simulated_clock:
        start = start_of_day_ms(day(simulated_clock)) + 9 * 3_600_000
    local = LocalNetwork.create(
        home_path(),
        name=name,
        operator=operator,
        banks=named,
        passphrase=passphrase(confirm=True),
        first_port=first_port,
        suite_name=suite,
        clock="simulated" if simulated_clock else "block",
        start_ms=start,
        keeper=operator if simulated_clock else "",
    )
    output.data({"home": str(home_path()), "nodes": local.file.nodes, "urls": local.file.urls, "banks": list(named)})
    output.table(
        (t("node", "节点"), t("bank", "银行"), t("gateway", "网关")),
        list(zip(local.file.nodes, named, local.file.urls, strict=True)),
    )
    output.line(t("`hefu network up` starts it.", "用 hefu network up 启动。"))


@network.command(
    "take-over",
    help=t(
        "Hand this home's ledger, which one operator seals, over to its banks, a node for each. There is no way back.",
        "把本文件夹中由运营方单独签封的账本移交给成员银行共同记账，每家一个节点。此操作不可撤销。",
    ),
)
@click.option("--bank", "banks", multiple=True, help=t("A bank by name; repeat for each.", "银行名称，可重复。"))
@_first_port
@common
def take_over(output: Output, banks: tuple[str, ...], first_port: int) -> None:
    """Chain, heights and history stay; what stopped in between goes on where it stood."""
    takeover.check_pilot(Home(home_path()))
    with opened() as trade:
        members = [party.name for party in trade.network.home.names.parties if party.member and "bank" in party.roles]
        named = [party(trade, bank).name for bank in banks] or members
        with Bars(lambda stage: t("copying the ledger", "复制账本"), quiet=output.as_json) as bars:
            local = takeover.take_over(trade.network, named, first_port=first_port, progress=bars)
    output.data({"nodes": local.file.nodes, "urls": local.file.urls, "banks": named})
    output.table(
        (t("node", "节点"), t("bank", "银行"), t("gateway", "网关")),
        list(zip(local.file.nodes, named, local.file.urls, strict=True)),
    )
    output.line(t("`hefu network up` starts it.", "用 hefu network up 启动。"))


@network.command(
    help=t("Start all nodes, or those named, and wait until they are up.", "启动全部或指定的节点，并等待就绪。")
)
@click.argument("nodes", nargs=-1)
@common
def up(output: Output, nodes: tuple[str, ...]) -> None:
    """They live on when this command ends."""
    local = LocalNetwork(home_path())

    def told(name: str, status: dict[str, Any]) -> None:
        output.line(t(f"{name} is up at block {status['height']}", f"{name} 已就绪，区块高度 {status['height']}"))

    local.up(told, names=nodes)
    output.data({"nodes": _status(local)})
    count = len(nodes or local.nodes)
    output.line(t(f"{count} nodes are up." if count != 1 else "1 node is up.", f"{count} 个节点已就绪。"))


@network.command(help=t("Stop all nodes of this home, or those named.", "停止本地全部或指定的节点。"))
@click.argument("nodes", nargs=-1)
@common
def down(output: Output, nodes: tuple[str, ...]) -> None:
    """In order; nothing is lost."""
    local = LocalNetwork(home_path())
    local.down(nodes)
    output.data({"nodes": _status(local)})
    named = ", ".join(nodes)
    output.line(t(f"Down: {named}.", f"已停止：{named}。") if nodes else t("All nodes are down.", "全部节点已停止。"))


@network.command(
    "add-validator",
    help=t("A node for another bank, voted in by the members.", "为另一家银行新建节点，经成员表决成为验证节点。"),
)
@click.argument("bank")
@click.option(
    "--request",
    type=click.Path(path_type=Path, dir_okay=False),
    help=t(
        "The bank runs its node elsewhere, and made this file there.",
        "该银行在别处运行节点，并在当地生成了此申请文件。",
    ),
)
@click.option(
    "--power", type=click.IntRange(1, 1_000_000), default=POWER, show_default=True, help=t("Voting power.", "表决权。")
)
@common
def add_validator(output: Output, bank: str, request: Path | None, power: int) -> None:
    """It follows the ledger first, and votes once it has all of it."""
    local = LocalNetwork(home_path())
    if request is not None:
        change = joining.read_request(request).change(power)
        with opened() as trade:
            if change.organisation.hex() != party(trade, bank).organisation:
                raise UsageError(
                    t("this request is of another organisation", "该申请属于另一机构"), code="OTHER_ORGANISATION"
                )
            trade.network.vote(trade.network.home.party(trade.network.home.operator), change)
        output.data({"bank": bank, "power": power})
        output.line(t(f"{bank} is a validator.", f"{bank} 已成为验证节点。"))
        return

    def told(_: str, fields: dict[str, Any]) -> None:
        name = fields["node"]
        output.line(t(f"{name} has the whole ledger; voting.", f"{name} 已同步完毕，正在表决。"))

    with opened() as trade:
        name = membership.add_validator(local, trade.network, bank, power=power, progress=told)
    output.data({"node": name, "bank": bank, "power": power})
    output.line(t(f"{name} of {bank} is a validator.", f"{bank} 的 {name} 已成为验证节点。"))


@network.command(
    "remove-validator",
    help=t(
        "Vote a validator out, by its node or its bank, and stop the node if it is here.",
        "经成员表决移出一个验证节点（以节点或银行名称指定）；节点在本机的，一并停止。",
    ),
)
@click.argument("name")
@common
def remove_validator(output: Output, name: str) -> None:
    """Its folder stays; the others go on without it."""
    local = LocalNetwork(home_path())
    with opened() as trade:
        was_here = membership.remove_validator(local, trade.network, name)
    output.data({"node": name, "stopped": was_here})
    output.line(
        t(f"{name} is no validator any more, and stopped.", f"{name} 已不再是验证节点，并已停止。")
        if was_here
        else t(f"{name} is no validator any more.", f"{name} 已不再是验证节点。")
    )


@network.command(
    help=t(
        "Ask again for what the network gave no answer to; it counts once.", "再次查询未获答复的交易，不会重复执行。"
    )
)
@common
def resume(output: Output) -> None:
    """Exit code 5 where there is still one without an answer."""
    home = home_path()
    kept = Unanswered(Home(home).unanswered)
    with closing(client_of(home)) as client:
        answers = list(kept.ask(lambda raw: client.submit(raw, RESUME_S)))
    output.data([{"transaction": name, "code": None if receipt is None else receipt.code} for name, receipt in answers])
    for name, receipt in answers:
        if receipt is None:
            output.line(t(f"{name}: no answer yet", f"{name}：尚无答复"))
        else:
            output.line(f"{name}: {receipt.code}" + ("" if receipt.code == OK else f" {explain(receipt.code, '')}"))
    if not answers:
        output.line(t("Every transaction has its answer.", "所有交易均已获答复。"))
    if any(receipt is None for _, receipt in answers):
        raise SystemExit(5)


@network.command(help=t("Where every node stands.", "各节点的状态。"))
@common
def status(output: Output) -> None:
    """Height, root, peers; and why one is down, as far as it said."""
    local = LocalNetwork(home_path())
    found = _status(local)
    output.data({"nodes": found})
    output.table(
        (
            t("node", "节点"),
            t("state", "状态"),
            t("block", "区块"),
            t("state root", "状态根"),
            t("peers", "对端"),
            t("power", "表决权"),
            t("waiting", "待处理"),
            t("gateway", "网关"),
        ),
        [
            (
                entry["node"],
                {
                    "up": t("up", "运行"),
                    "catching up": t("catching up", "追赶中"),
                    "no engine": t("no engine", "共识引擎未运行"),
                    "no answer": t("no answer", "无应答"),
                    "down": t("down", "停止"),
                }[entry["state"]],
                f"{entry['height']:,}" if entry["height"] is not None else "",
                (entry["state_root"] or "")[:12],
                "" if entry["peers"] is None else str(entry["peers"]),
                "" if entry["power"] is None else str(entry["power"]),
                "" if entry["waiting"] is None else str(entry["waiting"]),
                entry["url"],
            )
            for entry in found
        ],
    )
    for entry in found:
        if entry["said"]:
            output.line(f"{entry['node']}: {entry['said']}")
    total = max((entry["total_power"] or 0 for entry in found), default=0)
    up = sum(entry["power"] or 0 for entry in found if entry["state"] == "up")
    if total and 3 * up <= 2 * total:
        output.line(
            t(
                f"{up:,} of {total:,} of the voting power is up here; without more than {2 * total // 3:,}, here and elsewhere, nothing is decided",
                f"本地运行的表决权为 {up:,}/{total:,}；各处合计须超过 {2 * total // 3:,} 才能出块",
            )
        )
    if count := len(Unanswered(Home(home_path()).unanswered)):
        output.line(
            t(
                f"{count:,} transactions have no answer yet: hefu network resume",
                f"{count:,} 笔交易尚无答复，可用 hefu network resume 查询",
            )
        )


@network.command(help=t("The last lines of a node's log.", "节点日志的最后若干行。"))
@click.argument("name")
@click.option("--lines", type=click.IntRange(1, 10_000), default=20, show_default=True, help=t("How many.", "行数。"))
@click.option(
    "--engine", is_flag=True, help=t("CometBFT's log instead of the node's.", "查看共识引擎 CometBFT 的日志。")
)
@common
def logs(output: Output, name: str, lines: int, engine: bool) -> None:
    """As the node wrote them."""
    local = LocalNetwork(home_path())
    node = local.nodes.get(name)
    if node is None:
        raise UsageError(
            t(f"no node {name}; there are {', '.join(local.nodes)}", f"没有节点 {name}；现有 {'、'.join(local.nodes)}"),
            code="UNKNOWN_NODE",
        )
    path = node.path / ("engine.log" if engine else "node.log")
    found: deque[str] = deque(maxlen=lines)
    if path.exists():
        with path.open(encoding="utf-8", errors="replace") as file:
            found.extend(line.rstrip("\n") for line in file)
    output.data({"node": name, "lines": list(found)})
    for line in found:
        output.line(line)


def _status(local: LocalNetwork) -> list[dict[str, Any]]:
    found = []
    for (name, node), url in zip(local.nodes.items(), local.file.urls, strict=True):
        pid = local.pid(name)
        said = local.status_of(name) if pid is not None else {}
        engine = said.get("engine", {})
        state = (
            "down"
            if pid is None
            else "no answer"
            if not said
            else "no engine"
            if not engine.get("running")
            else "catching up"
            if engine.get("catching_up")
            else "up"
        )
        words = (
            engine.get("meaning")
            or engine.get("said")
            or (local.last_words(name) if state == "down" and (node.path / "pid").exists() else "")
        )
        found.append(
            {
                "node": name,
                "state": state,
                "pid": pid,
                "height": said.get("height"),
                "block_id": said.get("block_id"),
                "state_root": said.get("state_root"),
                "engine_height": said.get("engine_height"),
                "peers": engine.get("peers"),
                "power": engine.get("voting_power"),
                "total_power": engine.get("total_power"),
                "waiting": said.get("waiting"),
                "url": url,
                "said": words,
            }
        )
    return found


@click.group(help=t("One node of a network.", "网络中的一个节点。"))
def node() -> None:
    """Group."""


_folder = click.option(
    "--node",
    "folder",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help=t("The node's folder.", "节点文件夹。"),
)


@node.command(
    "init",
    help=t("Make a node that joins a network which others run.", "新建节点，加入他方已在运行的网络。"),
)
@_folder
@click.option(
    "--genesis",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help=t("The ledger's genesis, from somebody whom you trust.", "创世文件，须取自可信来源。"),
)
@click.option(
    "--join",
    "url",
    required=True,
    metavar="URL",
    help=t("Gateway of a node of the network.", "网络中某节点的网关地址。"),
)
@click.option(
    "--token-file",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help=t("That gateway's token.", "该网关的访问令牌文件。"),
)
@click.option("--name", default="node", show_default=True, help=t("What peers call it.", "对端所见的节点名称。"))
@click.option(
    "--host", default="127.0.0.1", show_default=True, help=t("Where peers reach it.", "对端连接本节点所用的地址。")
)
@click.option(
    "--bind",
    default="127.0.0.1",
    show_default=True,
    help=t("Where its gateway listens; put TLS in front.", "网关监听地址，前置 TLS。"),
)
@_first_port
@common
def node_init(
    output: Output,
    folder: Path,
    genesis: Path,
    url: str,
    token_file: Path,
    name: str,
    host: str,
    bind: str,
    first_port: int,
) -> None:
    """It follows the ledger; to vote it needs the members' votes."""
    keys = joining.join(
        NodeHome(folder),
        name=name,
        genesis=Genesis.read(genesis),
        url=url,
        token=token_file.read_text().strip(),
        host=host,
        bind=bind,
        first_port=first_port,
    )
    output.data({"node": str(folder), "id": keys.id, "validator": keys.validator.hex()})
    output.line(t(f"Start it: hefu node run --node {folder}", f"启动：hefu node run --node {folder}"))


@node.command(
    "request",
    help=t("A file by which the members let this node's validator in.", "生成申请文件，供成员表决本节点成为验证节点。"),
)
@_folder
@click.option(
    "--organisation", required=True, help=t("Identifier of the organisation that runs it.", "运行该节点的机构标识。")
)
@click.option(
    "--save",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help=t("Where to write it; nothing in it is secret.", "写入位置，内容不含秘密。"),
)
@common
def node_request(output: Output, folder: Path, organisation: str, save: Path) -> None:
    """Signed by the validator's own key."""
    try:
        whose = bytes.fromhex(organisation)
    except ValueError:
        raise UsageError(
            t("an identifier has 64 hexadecimal digits", "标识为 64 位十六进制数字"), code="BAD_IDENTIFIER"
        ) from None
    made = joining.request(NodeHome(folder), whose)
    publish(save, msgspec.json.format(msgspec.json.encode(made), indent=1) + b"\n", overwrite=False)
    output.data(msgspec.to_builtins(made))
    output.line(
        t(
            f"{save}: give it to a member, for `hefu network add-validator --request {save.name}`.",
            f"{save}：交给任一成员，由其执行 hefu network add-validator --request {save.name}。",
        )
    )


@node.command(
    help=t(
        "Run a node: ledger, gateway, and CometBFT under supervision.", "运行节点：账本、网关，以及受监管的 CometBFT。"
    )
)
@_folder
@common
def run(output: Output, folder: Path) -> None:
    """Until SIGTERM or Ctrl-C; then everything is stopped in order."""
    served = Node(NodeHome(folder), bootstrap.application(), tools=TOOLS)
    file = served.file
    asyncio.run(
        served.run(
            lambda: output.line(
                t(
                    f"{file.name}: gateway http://{file.host}:{file.gateway_port}, peers {file.host}:{file.p2p_port}",
                    f"{file.name}：网关 http://{file.host}:{file.gateway_port}，对端 {file.host}:{file.p2p_port}",
                )
            )
        )
    )
