"""`hefu network …`: a network of nodes on this machine, to try out and to learn. `hefu node …`: one node."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from hefu import bootstrap
from hefu.cli.common import common, day, home_path, passphrase
from hefu.cli.language import t
from hefu.cli.output import Output
from hefu.kernel.errors import UsageError
from hefu.kernel.time import instant_ms, start_of_day_ms
from hefu.services.nodes.local import FIRST_PORT, LocalNetwork
from hefu.services.nodes.node import Node, NodeHome

BANKS = (
    t("Bank A", "甲银行"),
    t("Bank B", "乙银行"),
    t("Bank C", "丙银行"),
    t("Bank D", "丁银行"),
    t("Bank E", "戊银行"),
    t("Bank F", "己银行"),
    t("Bank G", "庚银行"),
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
@click.option(
    "--first-port",
    type=click.IntRange(1024, 65000),
    default=FIRST_PORT,
    show_default=True,
    help=t("Each node takes four ports from here on.", "从此端口起，每个节点占四个。"),
)
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


@network.command(help=t("Start all nodes and wait until they decide blocks.", "启动全部节点，等待网络就绪。"))
@common
def up(output: Output) -> None:
    """They live on when this command ends."""
    local = LocalNetwork(home_path())

    def told(name: str, status: dict[str, Any]) -> None:
        output.line(t(f"{name} is up at block {status['height']}", f"{name} 已就绪，区块高度 {status['height']}"))

    local.up(told)
    output.data({"nodes": _status(local)})
    output.line(t(f"{len(local.nodes)} nodes are up.", f"{len(local.nodes)} 个节点已就绪。"))


@network.command(help=t("Stop all nodes.", "停止全部节点。"))
@common
def down(output: Output) -> None:
    """In order; nothing is lost."""
    local = LocalNetwork(home_path())
    local.down()
    output.data({"nodes": _status(local)})
    output.line(t("All nodes are down.", "全部节点已停止。"))


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
                "" if entry["waiting"] is None else str(entry["waiting"]),
                entry["url"],
            )
            for entry in found
        ],
    )
    for entry in found:
        if entry["said"]:
            output.line(f"{entry['node']}: {entry['said']}")


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
                "waiting": said.get("waiting"),
                "url": url,
                "said": words,
            }
        )
    return found


@click.group(help=t("One node of a network.", "网络中的一个节点。"))
def node() -> None:
    """Group."""


@node.command(
    help=t(
        "Run a node: ledger, gateway, and CometBFT under supervision.", "运行节点：账本、网关，以及受监管的 CometBFT。"
    )
)
@click.option(
    "--node",
    "folder",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help=t("The node's folder.", "节点文件夹。"),
)
@common
def run(output: Output, folder: Path) -> None:
    """Until SIGTERM or Ctrl-C; then everything is stopped in order."""
    served = Node(NodeHome(folder), bootstrap.application(), tools=Path(".tools"))
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
