"""`hefu views …`: SQL views of the ledger, rebuilt from its events; never a source of truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeVar

import click

from hefu.cli.common import common, home_path, money, not_archived, reading, require_all_blocks
from hefu.cli.language import t
from hefu.cli.output import Bars, Output
from hefu.cli.tables import BACKING, status_name
from hefu.readmodels import queries
from hefu.readmodels.marks import Moment
from hefu.readmodels.projector import Projector, rebuild
from hefu.services.home import Home
from hefu.services.lookup import moment
from hefu.services.restored import first_kept

F = TypeVar("F", bound=Callable[..., Any])


@click.group(help=t("SQL views of the ledger, rebuilt from its events.", "由账本事件重建的 SQL 视图。"))
def views() -> None:
    """Group."""


def _url_option(function: F) -> F:
    return click.option(
        "--url",
        envvar="HEFU_VIEWS",
        default="",
        help=t(
            "Database: SQLite in the home by default, or postgresql+psycopg://…",
            "数据库地址，缺省为本地 SQLite，也可用 postgresql+psycopg://…",
        ),
    )(function)


def _url(url: str) -> str:
    return url or f"sqlite:///{Home(home_path()).views.absolute()}"


@views.command(
    "rebuild", help=t("Drop the views and build them from the first event on.", "清空视图并从首个事件起重建。")
)
@_url_option
@common
def rebuild_views(output: Output, url: str) -> None:
    """The ledger is the truth; the views are made from it."""
    with reading() as (_, chain), Bars(lambda stage: t("blocks", "区块"), quiet=output.as_json):
        # Before the old tables are dropped: there would be nothing to make them from again.
        require_all_blocks(chain.store)
        height = rebuild(_url(url), chain.application, chain.genesis, chain)
    output.data({"height": height, "url": _shown(url)})
    output.line(t(f"Views rebuilt up to block {height:,}.", f"视图已重建至区块 {height:,}。"))


@views.command("catch-up", help=t("Bring the views up to the tip.", "把视图追到最新区块。"))
@_url_option
@common
def catch_up(output: Output, url: str) -> None:
    """Resumes where they stand."""
    height = _catch_up(url)[0]
    output.data({"height": height, "url": _shown(url)})
    output.line(t(f"Views stand at block {height:,}.", f"视图已到区块 {height:,}。"))


def _catch_up(url: str) -> tuple[int, Moment]:
    """Height reached, and business time."""
    with reading() as (home, chain):
        first = first_kept(chain.store)
        if first and not url and not home.views.exists():
            raise not_archived(chain.store)
        projector = Projector(_url(url), chain.application, chain.genesis)
        try:
            # Tables that came along from elsewhere may reach the blocks that are here.
            if first and projector.height < first:
                raise not_archived(chain.store)
            return projector.catch_up(chain), moment(chain)
        finally:
            projector.close()


def _shown(url: str) -> str:
    """The database without a password."""
    import sqlalchemy

    return sqlalchemy.make_url(_url(url)).render_as_string(hide_password=True)


@views.command(help=t("Rights counted and summed by status.", "按状态汇总权利的数量与金额。"))
@_url_option
@common
def totals(output: Output, url: str) -> None:
    """Caught up first; the answer states its height. Every yuan counts once: what was passed on counts with the parts."""
    now = _catch_up(url)[1]
    engine = queries.open_views(_url(url))
    try:
        answer = queries.totals(engine, now)
    finally:
        engine.dispose()
    output.data(
        {
            "height": answer.height,
            "business_at_ms": now.at_ms,
            "totals": [{**asdict(row), "mark": row.mark or None} for row in answer.value],
        }
    )
    output.table(
        (
            t("status", "状态"),
            t("backing", "依据"),
            t("count", "数量"),
            t("face", "面额"),
            t("open", "余额"),
            t("settled", "已清偿"),
        ),
        [
            (
                status_name(row.status, row.mark),
                t(*BACKING[row.backing]),
                f"{row.count:,}",
                money(row.face_minor, row.currency),
                money(row.open_minor, row.currency),
                money(row.settled_minor, row.currency),
            )
            for row in answer.value
        ],
        right=(2, 3, 4, 5),
    )
    output.line(t(f"at block {answer.height:,}", f"区块 {answer.height:,}"))


@views.command(
    help=t(
        "Every event about a right, document, organisation, account or key.",
        "与某权利、发票、机构、账户或密钥有关的全部事件。",
    )
)
@click.argument("subject")
@_url_option
@common
def about(output: Output, subject: str, url: str) -> None:
    """SUBJECT is the whole identifier in hexadecimal."""
    from hefu.kernel.errors import UsageError

    try:
        identifier = bytes.fromhex(subject)
    except ValueError:
        raise UsageError(t("not an identifier in hexadecimal", "不是十六进制标识"), code="BAD_IDENTIFIER") from None
    _catch_up(url)
    engine = queries.open_views(_url(url))
    try:
        answer = queries.events_about(engine, identifier)
    finally:
        engine.dispose()
    output.data({"height": answer.height, "events": [asdict(event) for event in answer.value]})
    output.table(
        (t("block", "区块"), t("event", "事件"), t("transaction", "交易"), t("fields", "内容")),
        [(e.height, e.tag, e.transaction_id.hex()[:12], str(e.fields)[:160]) for e in answer.value],
        right=(0,),
    )
    output.line(
        t(
            f"{len(answer.value)} events, at block {answer.height:,}",
            f"{len(answer.value)} 个事件，区块 {answer.height:,}",
        )
    )
