"""`hefu init`, `hefu ledger …`, `hefu clock …`: the ledger itself."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from hefu import bootstrap
from hefu.cli.common import common, day, home_path, opened, passphrase
from hefu.cli.language import t
from hefu.cli.output import Bars, Output
from hefu.kernel.errors import UsageError
from hefu.kernel.time import format_instant, instant_ms
from hefu.ledger import archive, audit, snapshot
from hefu.ledger import block as blocks
from hefu.ledger.genesis import Genesis
from hefu.ledger.store import RocksStore, at_height
from hefu.services.home import Home
from hefu.services.network import FounderSpec, Network

TRUST = {
    "countersigned": (
        "countersigned by {n} members up to block {h}",
        "截至区块 {h} 有 {n} 家成员会签",
    ),
    "one operator": (
        "one operator alone: it could have rewritten history before anybody kept a copy",
        "仅凭运营方一家：在他人留存副本之前，它可能改写历史",
    ),
}


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


def _store(*, read_only: bool = True) -> RocksStore:
    home = Home(home_path())
    home.require()
    return RocksStore(home.ledger, read_only=read_only)


@ledger.command(help=t("Height, roots and clock.", "高度、根与时钟。"))
@common
def status(output: Output) -> None:
    """What the tip says."""
    store = _store()
    try:
        genesis = audit.stored_genesis(store)
        tip = store.get(b"mtip")
        assert tip is not None
        header = blocks.HEADER.load(blocks.SEALED.load(tip).header)
        application = bootstrap.application()
        from hefu.ledger.chain import Chain

        chain = Chain(genesis, application, store)
        business = application.clock.now_ms(chain.state, genesis, header.at_ms)
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
        }
    )
    output.table(("", ""), rows)


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
    """Exit code 4 where something is wrong."""
    home = Home(home_path())
    home.require()
    store = _store()
    scratch = Path(tempfile.mkdtemp(prefix="hefu-verify-"))
    try:
        with Bars(lambda stage: t("blocks", "区块"), quiet=output.as_json) as bars:
            report = audit.verify(
                store,
                Genesis.read(trust or home.genesis),
                bootstrap.application(),
                scratch=RocksStore(scratch / "ledger"),
                progress=lambda done, total: bars("blocks", done, total),
            )
    finally:
        store.close()
        shutil.rmtree(scratch, ignore_errors=True)
    basis = t(*TRUST[report.trust]).format(n=report.countersignatures, h=report.countersigned_height)
    output.data(
        {
            "height": report.height,
            "transactions": report.transactions,
            "refused": report.refused,
            "records": report.records,
            "state_root": report.state_root,
            "trust": report.trust,
            "countersigned_height": report.countersigned_height,
            "countersignatures": report.countersignatures,
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
        store = _store()
        try:
            archive.write_export(store, file)
        finally:
            store.close()
        height = _import(file, target, Home(home_path()).genesis, output)
    output.data({"home": str(target), "height": height})
    output.line(t(f"{height:,} blocks replayed into {target}.", f"已在 {target} 重算 {height:,} 个区块。"))


@ledger.command("export", help=t("Write all blocks to one file.", "把全部区块写入一个文件。"))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@common
def export_ledger(output: Output, file: Path) -> None:
    """Public data of the ledger only: no keys, no vaults."""
    store = _store()
    try:
        height = archive.write_export(store, file)
    finally:
        store.close()
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
            file, store, bootstrap.application(), genesis, lambda height: bars("blocks", height, 0)
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
    store = _store()
    try:
        manifest = snapshot.write_snapshot(store, folder)
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
        manifest = snapshot.restore_snapshot(folder, store, genesis)
    height = blocks.HEADER.load(manifest.tip.header).height
    output.data({"home": str(target), "height": height})
    output.line(t(f"State of block {height:,} restored into {target}.", f"已在 {target} 恢复区块 {height:,} 的状态。"))


@ledger.command("blocks", help=t("List the newest blocks, or show one.", "列出最新区块，或查看某一区块。"))
@click.argument("height", type=int, required=False)
@click.option("-n", "count", default=20, show_default=True, help=t("How many.", "数量。"))
@common
def list_blocks(output: Output, height: int | None, count: int) -> None:
    """Everything that a reader of the ledger sees of a block."""
    store = _store()
    try:
        tip = store.get(b"mtip")
        assert tip is not None
        last = blocks.HEADER.load(blocks.SEALED.load(tip).header).height
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


def _show_block(output: Output, store: RocksStore, height: int) -> None:
    raw, results = store.get(at_height(b"h", height)), store.get(at_height(b"r", height))
    if raw is None or results is None:
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
            (key, value.hex() if isinstance(value, bytes) else value)
            for key, value in data.items()
            if key not in ("seal", "transactions")
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
    with opened() as trade:
        now, kind = trade.network.business_ms(), trade.network.genesis.file.clock.kind
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
