"""The store of sources, as commands of credit name it and speak of it."""

from __future__ import annotations

from pathlib import Path

import click

from hefu.cli.common import home_path
from hefu.cli.language import t
from hefu.cli.options import WRITTEN_FILE
from hefu.cli.output import Output
from hefu.credit.sources import Store
from hefu.kernel.errors import UsageError

STORE = click.option(
    "--store",
    "store_path",
    type=WRITTEN_FILE,
    help=t("Store of sources; credit.duckdb in the home if absent.", "数据源库文件；缺省为 home 中的 credit.duckdb。"),
)


def store_file(given: Path | None) -> Path:
    """The store that --store names, or the home's."""
    return given or home_path() / "credit.duckdb"


def existing_store(given: Path | None) -> Path:
    """
    The same, which must be there.

    Raises:
        UsageError: It is not (NO_STORE).
    """
    path = store_file(given)
    if not path.exists():
        raise UsageError(
            t("there is no store of sources yet; import some first", "尚无数据源库，请先导入数据"),
            code="NO_STORE",
            where=path.name,
        )
    return path


def check_known(store: Store, *firms: str) -> None:
    """
    Raises:
        UsageError: No source knows one of them (UNKNOWN_FIRM).
    """
    known = store.firms()
    for firm in firms:
        if firm not in known:
            raise UsageError(
                t(f"no source knows the firm {firm!r}", f"没有任何数据源包含企业“{firm}”"), code="UNKNOWN_FIRM"
            )


def synthetic_note(output: Output, is_synthetic: bool) -> None:
    """Say so where firms are made up."""
    if is_synthetic:
        output.line(t("Synthetic: no firm here exists.", "合成数据：其中企业均不存在。"))
