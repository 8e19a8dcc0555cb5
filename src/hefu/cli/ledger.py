"""`hefu init`, `hefu ledger …`, `hefu clock …`: the ledger itself."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from hefu import bootstrap
from hefu.cli.blocks import list_blocks
from hefu.cli.common import (
    common,
    day,
    home_path,
    ledger_store,
    not_archived,
    opened,
    passphrase,
    reading,
    require_all_blocks,
    shown_store,
)
from hefu.cli.events import list_events
from hefu.cli.language import t
from hefu.cli.output import Bars, Output
from hefu.contracts.parties.commands import Upgrade
from hefu.kernel.errors import EngineError, Unavailable, UsageError
from hefu.kernel.time import format_instant, instant_ms
from hefu.ledger import archive, audit, snapshot
from hefu.ledger import block as blocks
from hefu.ledger.block import Sealed
from hefu.ledger.genesis import Genesis
from hefu.ledger.store import RocksStore, Store, at_height
from hefu.ledger.versions import CODE_VERSION, check_known
from hefu.services import restored
from hefu.services.backup import back_up
from hefu.services.founding import FounderSpec
from hefu.services.home import Home
from hefu.services.lookup import moment
from hefu.services.network import Network

TRUST = {
    "countersigned": (
        "countersigned by {n} members up to block {h}",
        "截至区块 {h} 有 {n} 家成员会签",
    ),
    "one operator": (
        "one operator alone: it could have rewritten history before anybody kept a copy",
        "仅凭运营方一家：在他人留存副本之前，它可能改写历史",
    ),
    "validators": (
        "{n} of {h} voting power signed the newest block",
        "最新区块由 {h} 表决权中的 {n} 签署",
    ),
    "unsigned": (
        "this node's own copy: the validators' votes lie with CometBFT, and the node does not show them now; start it, and verify again",
        "仅凭本节点自有副本：验证节点的投票由 CometBFT 保存，而节点目前未能出示；请启动节点后再次核验",
    ),
}
#: Voting power that signed the newest block, and all of it.
Votes = tuple[int, int]


@click.command(help=t("Make a new embedded ledger with its founders.", "新建内嵌账本及其创始机构。"))
@click.argument("name")
@click.option("--operator", default="Operator", show_default=True, help=t("Platform operator.", "平台运营方。"))
@click.option("--bank", "banks", multiple=True, help=t("A founding bank; repeat for several.", "创始银行，可重复。"))
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
@common
def init(
    output: Output, name: str, operator: str, banks: tuple[str, ...], suite: str, simulated_clock: str | None
) -> None:
    """Operator and banks are members and vote; every bank is a settlement bank too, and none vouches for its own payment."""
    if not banks:
        raise UsageError(t("name at least one founding bank: --bank NAME", "请至少指定一家创始银行：--bank 名称"))
    founders = [FounderSpec(operator, ("platform_operator",), True)]
    founders += [FounderSpec(bank, ("bank", "settlement_bank"), True) for bank in banks]
    start = instant_ms(datetime.now(UTC))
    if simulated_clock:
        from hefu.kernel.time import start_of_day_ms

        start = start_of_day_ms(day(simulated_clock)) + 9 * 3_600_000
    network = Network.create(
        home_path(),
        bootstrap.application(),
        name=name,
        founders=founders,
        passphrase=passphrase(confirm=True),
        suite_name=suite,
        clock="simulated" if simulated_clock else "block",
        start_ms=start,
        keeper=operator if simulated_clock else "",
    )
    chain_id = network.genesis.chain_id.hex()
    network.close()
    output.data({"home": str(home_path()), "chain_id": chain_id, "genesis": str(Home(home_path()).genesis)})
    output.line(t(f"Ledger {chain_id[:16]} is in {home_path()}.", f"账本 {chain_id[:16]} 已建在 {home_path()}。"))
    output.line(
        t(
            f"Give {Home(home_path()).genesis} to whoever shall verify its evidence.",
            f"请把 {Home(home_path()).genesis} 交给将来要核验证据的人。",
        )
    )


@click.group(help=t("Look into the ledger, check it, carry it elsewhere.", "查看、核验、迁移账本。"))
def ledger() -> None:
    """Group."""


ledger.add_command(list_blocks)
ledger.add_command(list_events)


@ledger.command(help=t("Height, roots and clock.", "高度、根与时钟。"))
@common
def status(output: Output) -> None:
    """What the tip says."""
    store = shown_store()
    try:
        genesis = audit.stored_genesis(store)
        header = blocks.HEADER.load(audit.stored_tip(store).header)
        application = bootstrap.application()
        from hefu.ledger.chain import Chain

        chain = Chain(genesis, application, store)
        business = application.clock.now_ms(chain.state, genesis, header.at_ms)
        upgrades, decides_by = chain.upgrades(), chain.next_version()
    finally:
        store.close()
    file = genesis.file
    rows = [
        (t("name", "名称"), file.name),
        (t("chain", "链标识"), genesis.chain_id.hex()),
        (t("height", "高度"), str(header.height)),
        (t("block time", "区块时间"), format_instant(header.at_ms) if header.height else "-"),
        (
            t("business time", "业务时间"),
            format_instant(business) + (t(" (simulated)", "（模拟）") if file.clock.kind == "simulated" else ""),
        ),
        (t("state root", "状态根"), header.state_root.hex()),
        (t("suite, hash", "签名、杂凑"), f"{file.suite}, {file.hash}"),
        (t("rules", "规则集"), f"{file.rules.version}"),
        (
            t("code version", "代码版本"),
            f"{decides_by}" + t(f" (this software knows {CODE_VERSION})", f"（本软件支持至 {CODE_VERSION}）"),
        ),
    ]
    rows += [
        (t("upgrade adopted", "已通过升级"), t(f"{version} from block {at} on", f"自区块 {at} 起为 {version}"))
        for version, at in upgrades
    ]
    output.data(
        {
            "name": file.name,
            "chain_id": genesis.chain_id,
            "height": header.height,
            "block_at_ms": header.at_ms,
            "business_at_ms": business,
            "clock": file.clock.kind,
            "state_root": header.state_root,
            "suite": file.suite,
            "hash": file.hash,
            "rules_version": file.rules.version,
            "code": {"knows": CODE_VERSION, "decides_by": decides_by, "adopted": upgrades},
        }
    )
    output.table(("", ""), rows)


@ledger.command(
    help=t(
        "Vote for the contracts to decide by the next code version from a block on.",
        "表决：自某一区块起，合约按下一代码版本执行。",
    )
)
@click.argument("version", type=click.IntRange(2, 1 << 16))
@click.option(
    "--at",
    "height",
    required=True,
    type=click.IntRange(1),
    help=t(
        "The first block; leave the members the time to install the release.",
        "首个区块；请为各成员预留安装新版本的时间。",
    ),
)
@click.option(
    "--force",
    is_flag=True,
    help=t(
        "Though nodes do not answer, or run software that will stop there.",
        "即使有节点无应答，或其软件届时将停止运行。",
    ),
)
@common
def upgrade(output: Output, version: int, height: int, force: bool) -> None:
    """Every member of this home votes; one that is adopted and does not hold yet may be moved."""
    check_known(version, t("this would be", "目标为"))
    with opened() as trade:
        if not force:
            behind = trade.network.too_old(version)
            if behind:
                raise UsageError(
                    t(
                        f"these nodes would stop there, or do not answer: {', '.join(behind)}",
                        f"以下节点届时将停止运行，或无应答：{'、'.join(behind)}",
                    ),
                    code="NODES_TOO_OLD",
                )
        trade.network.vote(trade.network.home.party(trade.network.home.operator), Upgrade(version, height))
    output.data({"code_version": version, "from_height": height})
    output.line(
        t(f"Code version {version} decides from block {height} on.", f"自区块 {height} 起按代码版本 {version} 执行。")
    )


@ledger.command(
    help=t(
        "Recompute everything from the bodies; name the first wrong block.",
        "由交易正文全部重算，指出第一个有误的区块。",
    )
)
@click.option(
    "--trust",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help=t("The genesis that you trust; this home's by default.", "你信任的创世文件，缺省为本地所存。"),
)
@common
def verify(output: Output, trust: Path | None) -> None:
    """Exit code 4 where something is wrong; 7 where this node began from a snapshot and lacks the blocks before."""
    home = Home(home_path())
    home.require()
    trusted = Genesis.read(trust or home.genesis)
    store = shown_store()
    standing = not home.network.exists()
    scratch = Path(tempfile.mkdtemp(prefix="hefu-verify-"))
    votes = (0, 0)
    try:
        first = restored.first_kept(store)
        if first and not standing:
            raise not_archived(store)
        with Bars(lambda stage: t("blocks", "区块"), quiet=output.as_json) as bars:
            again = RocksStore(scratch / "ledger")
            progress = lambda done, total: bars("blocks", done, total)  # noqa: E731  # both ways of checking take it
            if first:
                kept = restored.verify(store, trusted, first, scratch=again, progress=progress)
            else:
                report = audit.verify(
                    store, trusted, bootstrap.application(), scratch=again, progress=progress, standing=standing
                )
        if (kept if first else report).trust == "unsigned":
            votes = _votes(home, trusted, store, (kept if first else report).height)
    finally:
        store.close()
        shutil.rmtree(scratch, ignore_errors=True)
    if first:
        _tell_kept(output, kept, votes)
        raise SystemExit(7)
    _tell_audit(output, report, votes)


def _votes(home: Home, trusted: Genesis, store: Store, height: int) -> Votes:
    """Those of a network's validators for a block that was recomputed; none for genesis, nor where no node shows them."""
    if not height:
        return 0, 0
    raw = store.get(at_height(b"h", height))
    assert raw is not None
    # A node that joined by a snapshot has no votes for the block that it began with.
    with suppress(Unavailable, UsageError, EngineError):
        found = _check_votes(_with_votes(home, store, blocks.SEALED.load(raw)), trusted)
        return found.power, found.total
    return 0, 0


def _with_votes(home: Home, store: Store, sealed: Sealed) -> Sealed:
    # Loaded only where it is needed: an HTTP client takes longer to load than most commands to run.
    from hefu.services.nodes.light import with_votes

    return with_votes(home.path, store, sealed)


def _check_votes(sealed: Sealed, trusted: Genesis) -> Any:
    from hefu.services.nodes.light import check_votes

    return check_votes(sealed, trusted)


def _tell_audit(output: Output, report: audit.AuditReport, votes: Votes) -> None:
    output.data(
        {
            "height": report.height,
            "first_height": 0,
            "transactions": report.transactions,
            "refused": report.refused,
            "records": report.records,
            "state_root": report.state_root,
            "trust": "validators" if votes[1] else report.trust,
            "countersigned_height": report.countersigned_height,
            "countersignatures": report.countersignatures,
            **({"power": votes[0], "total_power": votes[1]} if votes[1] else {}),
        }
    )
    output.line(
        t(
            f"{report.height:,} blocks, {report.transactions:,} transactions ({report.refused:,} refused), {report.records:,} records: "
            "every signature, command and root recomputed; all agree.",
            f"{report.height:,} 个区块、{report.transactions:,} 笔交易（其中 {report.refused:,} 笔被拒绝）、{report.records:,} 条记录："
            "签名、指令与根全部重算，完全一致。",
        )
    )
    _tell_basis(output, report, votes)


def _tell_kept(output: Output, report: restored.KeptReport, votes: Votes) -> None:
    since = report.height - report.first_height + 1
    output.data(
        {
            "code": "NOT_ARCHIVED",
            "height": report.height,
            "first_height": report.first_height,
            "first_header": report.first_header,
            "transactions": report.transactions,
            "refused": report.refused,
            "records": report.records,
            "state_root": report.state_root,
            "trust": "validators" if votes[1] else report.trust,
            "countersigned_height": report.countersigned_height,
            "countersignatures": report.countersignatures,
            **({"power": votes[0], "total_power": votes[1]} if votes[1] else {}),
        }
    )
    output.line(
        t(
            f"NOT_ARCHIVED: this node was restored from a snapshot and keeps no blocks before {report.first_height:,}. What it has agrees: "
            f"{report.records:,} records lead to the sealed state root of block {report.height:,}, the headers from block "
            f"{report.first_header:,} on are sealed and follow each other, and {report.transactions:,} transactions in {since:,} blocks since "
            "are the signed ones.",
            f"NOT_ARCHIVED：本节点由快照恢复，没有第 {report.first_height:,} 块之前的区块。现有内容一致：{report.records:,} 条记录与第 "
            f"{report.height:,} 块所签章的状态根相符，自第 {report.first_header:,} 块起各区块头签章有效、前后衔接，此后 {since:,} 个区块中的 "
            f"{report.transactions:,} 笔交易与其签名相符。",
        )
    )
    output.line(
        t(
            "How that state came about is not recomputed: take the export of a node that keeps all blocks, `hefu ledger import` it into a "
            "new home, and verify there; its state root at this block must be the same.",
            "该状态如何形成未经重算：请向保存全部区块的节点索取导出文件，用 hefu ledger import 导入新文件夹后核验，其同一区块的状态根应与此相同。",
        )
    )
    _tell_basis(output, report, votes)


def _tell_basis(output: Output, report: audit.AuditReport | restored.KeptReport, votes: Votes) -> None:
    if votes[1]:
        basis = t(*TRUST["validators"]).format(n=votes[0], h=votes[1])
    else:
        basis = t(*TRUST[report.trust]).format(n=report.countersignatures, h=report.countersigned_height)
    output.line(t("Trust basis: ", "信任依据：") + basis)


@ledger.command(
    help=t("Recompute the ledger into a new home, from this one's blocks.", "由本账本的区块在新文件夹中重算出账本。")
)
@click.argument("target", type=click.Path(path_type=Path, file_okay=False))
@common
def replay(output: Output, target: Path) -> None:
    """The same as export and import, without the file between."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ledger.hefu"
        _export(file, output)
        height = _import(file, target, Home(home_path()).genesis, output)
    output.data({"home": str(target), "height": height})
    output.line(t(f"{height:,} blocks replayed into {target}.", f"已在 {target} 重算 {height:,} 个区块。"))


def _export(file: Path, output: Output) -> int:
    home, store = Home(home_path()), shown_store()
    try:
        require_all_blocks(store)
        with Bars(lambda stage: t("blocks", "区块"), quiet=output.as_json) as bars:
            return archive.write_export(
                store,
                file,
                lambda height: bars("blocks", height, 0),
                seal=lambda tip: _with_votes(home, store, tip),
            )
    finally:
        store.close()


@ledger.command("export", help=t("Write all blocks to one file.", "把全部区块写入一个文件。"))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@common
def export_ledger(output: Output, file: Path) -> None:
    """Public data of the ledger only: no keys, no vaults."""
    height = _export(file, output)
    output.data({"file": str(file), "height": height})
    output.line(t(f"{height:,} blocks written to {file}.", f"已将 {height:,} 个区块写入 {file}。"))


@ledger.command(
    "import", help=t("Rebuild a ledger from an export, checking every block.", "由导出文件重建账本，逐块核对。")
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option(
    "--trust",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    required=True,
    help=t("The genesis that you expect.", "你所预期的创世文件。"),
)
@common
def import_ledger(output: Output, file: Path, trust: Path) -> None:
    """The home holds the ledger only: no keys come along."""
    height = _import(file, home_path(), trust, output)
    output.data({"home": str(home_path()), "height": height})
    output.line(t(f"{height:,} blocks imported into {home_path()}.", f"已向 {home_path()} 导入 {height:,} 个区块。"))


def _import(file: Path, target: Path, trust: Path, output: Output) -> int:
    genesis = Genesis.read(trust)
    with _new_home(target, genesis) as store, Bars(lambda stage: t("blocks", "区块"), quiet=output.as_json) as bars:
        chain = archive.read_import(
            file,
            store,
            bootstrap.application(),
            genesis,
            lambda height: bars("blocks", height, 0),
            check_votes=lambda sealed: _check_votes(sealed, genesis),
        )
        return chain.tip.height


@contextmanager
def _new_home(target: Path, genesis: Genesis) -> Iterator[RocksStore]:
    """The empty store of a new home without keys; the home is there once this ends well, and not before."""
    if target.exists() and any(target.iterdir()):
        raise UsageError(t("this folder is not empty", "该文件夹非空"), code="HOME_EXISTS", where=str(target))
    partial = target.with_name(target.name + ".part")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        store = RocksStore(partial / "ledger")
        try:
            yield store
        finally:
            store.close()
        (partial / "genesis.json").write_bytes(genesis.raw)
        if target.exists():
            target.rmdir()
        partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@ledger.command("snapshot", help=t("Write the state at the tip in chunks.", "把当前状态分块写出。"))
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@common
def write_snapshot(output: Output, folder: Path) -> None:
    """State and marks against replay; no old blocks."""
    store = ledger_store()
    try:
        manifest = snapshot.write_snapshot(store, folder, seal=lambda tip: _with_votes(Home(home_path()), store, tip))
    finally:
        store.close()
    height = blocks.HEADER.load(manifest.tip.header).height
    output.data({"folder": str(folder), "height": height, "chunks": len(manifest.chunks)})
    output.line(
        t(
            f"State at block {height:,} in {len(manifest.chunks)} chunks: {folder}.",
            f"区块 {height:,} 的状态共 {len(manifest.chunks)} 块：{folder}。",
        )
    )


@ledger.command(help=t("Fill a new home from a snapshot.", "由快照建立新的账本。"))
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option(
    "--trust",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    required=True,
    help=t("The genesis that you expect.", "你所预期的创世文件。"),
)
@common
def restore(output: Output, folder: Path, trust: Path) -> None:
    """Checks every chunk, the state root and the seal."""
    target, genesis = home_path(), Genesis.read(trust)
    with _new_home(target, genesis) as store:
        manifest = snapshot.restore_snapshot(
            folder, store, genesis, check_votes=lambda sealed: _check_votes(sealed, genesis)
        )
    height = blocks.HEADER.load(manifest.tip.header).height
    output.data({"home": str(target), "height": height})
    output.line(t(f"State of block {height:,} restored into {target}.", f"已在 {target} 恢复区块 {height:,} 的状态。"))


@ledger.command(help=t("Copy this home with its keys, vaults and names.", "备份本地账本及其密钥、保险库与名称。"))
@click.argument("target", type=click.Path(path_type=Path, file_okay=False))
@common
def backup(output: Output, target: Path) -> None:
    """Nothing can write meanwhile. Whoever has the copy and the passphrase can sign: keep the two apart."""
    home = Home(home_path())
    home.require()
    with Bars(lambda stage: t("copy", "复制"), quiet=output.as_json) as bars:
        height = back_up(home, target, bootstrap.application(), bars)
    output.data({"home": str(home.path), "copy": str(target), "height": height})
    if height is None:
        output.line(
            t(
                f"Keys, vaults and names of {home.path} are copied to {target}. The nodes are not in it: each has a backup of its own.",
                f"已将 {home.path} 的密钥、保险库与名称备份至 {target}。各节点不在其中，须分别备份。",
            )
        )
        return
    output.line(
        t(
            f"{home.path} is copied to {target}, as of block {height:,}. Never let both write.",
            f"已将 {home.path} 备份至 {target}，截至区块 {height:,}。两者不可同时写入。",
        )
    )


@ledger.command(
    help=t("Sign the tip together with the members of this home.", "与本地各成员共同签署当前区块（检查点）。")
)
@common
def checkpoint(output: Output) -> None:
    """Each member countersigns only what contains the last one that it signed."""
    with opened() as trade:
        made = trade.network.checkpoint()
        height = trade.network.chain.tip.height
    output.data({"height": height, "countersignatures": len(made.countersignatures)})
    output.line(
        t(
            f"Block {height:,} is signed by the operator (with ML-DSA-65 besides) and {len(made.countersignatures)} members.",
            f"区块 {height:,} 已由运营方（另附 ML-DSA-65）与 {len(made.countersignatures)} 家成员签署。",
        )
    )


@click.group(help=t("Business time.", "业务时间。"))
def clock() -> None:
    """Group."""


@clock.command("show", help=t("Business time now.", "当前业务时间。"))
@common
def show_clock(output: Output) -> None:
    """Simulated, or the block's."""
    with reading() as (_, chain):
        now, kind = moment(chain).at_ms, chain.genesis.file.clock.kind
    output.data({"business_at_ms": now, "clock": kind})
    output.line(format_instant(now) + (t(" (simulated)", "（模拟）") if kind == "simulated" else ""))


@clock.command("advance", help=t("Move a simulated clock to the morning of a day.", "把模拟时钟推进到某日早晨。"))
@click.argument("date")
@common
def advance_clock(output: Output, date: str) -> None:
    """Only forward, and only where genesis says simulated."""
    with opened() as trade:
        trade.advance_clock(day(date))
    output.data({"date": date})
    output.line(t(f"Business time is now {date}, 09:00.", f"业务时间现为 {date} 09:00。"))
