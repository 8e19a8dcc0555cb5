"""What every command shares: options, opening a home, reading identifiers and amounts, exit codes."""

from __future__ import annotations

import functools
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import click

from hefu import bootstrap
from hefu.cli.language import LANGUAGES, t
from hefu.cli.output import Output
from hefu.kernel.errors import Unavailable, UsageError
from hefu.kernel.money import format_minor, parse_minor
from hefu.ledger.audit import stored_genesis
from hefu.ledger.chain import Chain
from hefu.ledger.genesis import Genesis
from hefu.ledger.store import RocksStore, Store
from hefu.services.home import DEMO_PASSPHRASE, Home, PartyEntry
from hefu.services.network import Network
from hefu.services.restored import first_kept
from hefu.services.trade import Trade

F = TypeVar("F", bound=Callable[..., Any])
DEFAULT_HOME = "hefu-demo"


def common(function: F) -> F:
    """Give a command --home, --lang and --json, and hand it an Output as its first argument."""

    @click.option(
        "--home",
        "home_path",
        envvar="HEFU_HOME",
        default=DEFAULT_HOME,
        show_default=True,
        type=click.Path(path_type=Path, file_okay=False),
        help=t("Folder of the ledger and its organisations.", "账本与各机构所在的文件夹。"),
    )
    @click.option(
        "--lang", type=click.Choice(LANGUAGES), help=t("Language (or HEFU_LANG).", "语言（或用环境变量 HEFU_LANG）。")
    )
    @click.option("--json", "as_json", is_flag=True, help=t("Print data for machines.", "输出供程序读取的数据。"))
    @functools.wraps(function)
    def command(*args: Any, home_path: Path, lang: str | None, as_json: bool, **kwargs: Any) -> Any:
        output = Output(as_json)
        click.get_current_context().obj = {"home": home_path, "json": as_json}
        return function(output, *args, **kwargs)

    return command  # type: ignore[return-value]


def home_path() -> Path:
    """The folder that --home names."""
    path: Path = click.get_current_context().obj["home"]
    return path


def passphrase(*, confirm: bool = False) -> str:
    """
    The passphrase of a home: HEFU_PASSPHRASE, or asked for on a terminal.

    A demo's home has a passphrase that everybody knows; its marker file says so.
    """
    given = os.environ.get("HEFU_PASSPHRASE")
    if given:
        return given
    if (home_path() / "DEMO").exists():
        return DEMO_PASSPHRASE
    if not sys.stdin.isatty():
        raise UsageError(
            t(
                "set HEFU_PASSPHRASE; there is no terminal to ask on",
                "没有终端可供询问，请设置环境变量 HEFU_PASSPHRASE",
            ),
            code="EMPTY_PASSPHRASE",
        )
    answer: str = click.prompt(t("Passphrase", "口令"), hide_input=True, confirmation_prompt=confirm, err=True)
    return answer


@contextmanager
def opened() -> Iterator[Trade]:
    """The network of this home with its use cases, closed afterwards."""
    home = Home(home_path())
    home.require()
    with Network(home, bootstrap.application(), passphrase()) as network:
        yield Trade(network)


@contextmanager
def reading() -> Iterator[tuple[Home, Chain]]:
    """
    The ledger of this home, to read only: no passphrase, no lock, beside a process that writes.

    An auditor or a supervisor with a copy of the ledger and no keys reads it so.
    """
    home = Home(home_path())
    home.require()
    if home.network.exists():
        with _remote(home) as chain:
            yield home, chain
        return
    store = RocksStore(home.ledger, read_only=True)
    try:
        yield home, Chain(stored_genesis(store), bootstrap.application(), store, found=False)
    finally:
        store.close()


@contextmanager
def _remote(home: Home) -> Iterator[Chain]:
    from hefu.services.nodes.client import RemoteChain
    from hefu.services.nodes.local import client_of

    client = client_of(home.path)
    try:
        yield RemoteChain(client, Genesis.read(home.genesis), bootstrap.application(), home.checkpoints)
    finally:
        client.close()


def shown_store() -> Store:
    """The store of this home's ledger, to read only; on a network what its nodes show, which moves on."""
    home = Home(home_path())
    home.require()
    if home.network.exists():
        from hefu.services.nodes.client import RemoteStore
        from hefu.services.nodes.local import client_of

        return RemoteStore(client_of(home.path), home.checkpoints)
    return RocksStore(home.ledger, read_only=True)


def ledger_store() -> RocksStore:
    """
    The store of this home's ledger, to read only.

    Raises:
        UsageError: Nodes keep the ledger (ON_NODES).
    """
    home = Home(home_path())
    home.require()
    if home.network.exists():
        raise UsageError(
            t(
                "nodes keep this home's ledger; run this on one of them: --home HOME/nodes/NAME",
                "本地账本由各节点保存，请对其中一个节点执行：--home HOME/nodes/NAME",
            ),
            code="ON_NODES",
        )
    return RocksStore(home.ledger, read_only=True)


def not_archived(store: Store) -> Unavailable:
    """What a node says that was restored from a snapshot and is asked for older blocks."""
    first = first_kept(store)
    return Unavailable(
        t(
            f"this node was restored from a snapshot and keeps no blocks before {first:,}; ask a node that keeps all blocks, or bring "
            "its export here with `hefu ledger import`",
            f"本节点由快照恢复，没有第 {first:,} 块之前的区块；请向保存全部区块的节点查询，或用 hefu ledger import 导入其导出文件",
        ),
        code="NOT_ARCHIVED",
    )


def require_all_blocks(store: Store) -> None:
    """
    Raises:
        Unavailable: This node was restored from a snapshot and lacks the first blocks.
    """
    if first_kept(store):
        raise not_archived(store)


def party(trade: Trade, name: str) -> PartyEntry:
    """
    Who signs, or who stands in what is signed: by its exact name or by the first digits of its identifier.

    A part of a name is not enough here: a signature cannot be taken back, and tomorrow another firm may have a name like it.

    Raises:
        UsageError: Nobody has this name; those who come close are listed.
    """
    return _found(trade.network.home, name, partial=False)


def someone(home: Home, name: str) -> PartyEntry:
    """
    Whom a question is about: a part of the name is enough where it fits one alone.

    Raises:
        UsageError: Nobody, or several, go by that name; the candidates are listed.
    """
    return _found(home, name, partial=True)


def _found(home: Home, name: str, *, partial: bool) -> PartyEntry:
    found = home.matches(name, partial=partial)
    if len(found) == 1:
        return found[0]
    if found:
        listed = _listed(found)
        raise UsageError(
            t(f"{name!r} could be {listed}; give the whole name", f"“{name}”可能是{listed}，请写全称"),
            code="AMBIGUOUS_NAME",
        )
    close = home.close_to(name)
    if not close:
        raise UsageError(
            t(
                f"nobody here is called {name!r}; `hefu org list` shows who is",
                f"此处没有名为“{name}”的机构；hefu org list 可列出全部机构",
            ),
            code="UNKNOWN_NAME",
        )
    listed = _listed(close)
    raise UsageError(
        t(
            f"nobody here is called {name!r}; this command takes the exact name, for example {listed}"
            if not partial
            else f"nobody here is called {name!r}; close to it: {listed}",
            f"此处没有名为“{name}”的机构；此命令须写准确全称，例如{listed}"
            if not partial
            else f"此处没有名为“{name}”的机构；相近的有{listed}",
        ),
        code="UNKNOWN_NAME",
    )


def _listed(parties: list[PartyEntry]) -> str:
    """Candidates, not so many that nobody reads them."""
    shown = [t(f"{p.name!r} ({p.account[:12]})", f"“{p.name}”（{p.account[:12]}）") for p in parties[:5]]
    return t(", ", "、").join(shown) + (t(" and more", " 等") if len(parties) > 5 else "")


def identifier(chain: Chain, text: str, prefix: bytes, what: str) -> bytes:
    """
    A full identifier from its first hexadecimal digits.

    Args:
        prefix: First byte of its state key: R for rights, D for documents.

    Raises:
        UsageError: None, or several, begin so.
    """
    digits = text.lower()
    if not re.fullmatch(r"[0-9a-f]{4,64}", digits):
        raise UsageError(
            t(
                f"{text!r} is no identifier of a {what}: at least four hexadecimal digits",
                f"{text!r} 不是标识：至少四位十六进制数字",
            ),
            code="BAD_IDENTIFIER",
        )
    low = bytes.fromhex(digits.ljust(64, "0"))
    found = []
    for key, _ in chain.store.scan(b"s" + prefix + low, b"s" + prefix + b"\xff" * 33):
        if not key[2:].hex().startswith(digits):
            break
        found.append(key[2:])
        if len(found) > 1:
            raise UsageError(
                t(f"several begin with {text}; give more digits", f"有多个标识以 {text} 开头，请多给几位"),
                code="AMBIGUOUS_IDENTIFIER",
            )
    if not found:
        raise UsageError(
            t(f"this ledger holds no {what} that begins with {text}", f"账本中没有以 {text} 开头的标识"),
            code="UNKNOWN_" + {"right": "RIGHT", "document": "DOCUMENT"}.get(what, "IDENTIFIER"),
        )
    return found[0]


def right_id(trade: Trade, text: str) -> bytes:
    """A right by its first digits."""
    return trade.network.engine.query(lambda chain: identifier(chain, text, b"R", "right"))


def document_id(trade: Trade, text: str) -> bytes:
    """A document by its first digits."""
    return trade.network.engine.query(lambda chain: identifier(chain, text, b"D", "document"))


def amount(text: str, currency: str = "CNY") -> int:
    """Minor units of a decimal text such as 12,000.50."""
    minor = parse_minor(text, currency)
    if minor <= 0:
        raise UsageError(t("an amount is above zero", "金额应大于零"), code="BAD_AMOUNT")
    return minor


def day(text: str) -> date:
    """A date such as 2026-06-30."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(
            t(f"{text!r} is no date; write 2026-06-30", f"{text!r} 不是日期，请写成 2026-06-30"), code="BAD_DATE"
        ) from None


def money(minor: int, currency: str = "CNY") -> str:
    """An amount for people."""
    return f"{format_minor(minor, currency)} {currency}"
