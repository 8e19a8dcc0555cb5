"""Options that commands of several groups share."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import click

from hefu.cli.common import day
from hefu.cli.language import t
from hefu.kernel.errors import UsageError
from hefu.kernel.time import CHINA

#: A file that is read.
READ_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
#: A file that is written.
WRITTEN_FILE = click.Path(path_type=Path, dir_okay=False)

MAPPING = click.option(
    "--mapping", type=READ_FILE, help=t("Column mapping of invoices (TOML).", "发票的列映射（TOML）。")
)
DIRECTION = click.option(
    "--direction",
    type=click.Choice(["purchases", "sales"]),
    help=t("Of invoices, where neither header nor file name says.", "发票方向，表头与文件名均未说明时使用。"),
)
TODAY = click.option("--today", help=t("Business date; later dates are refused.", "业务日期，晚于此日的数据被拒绝。"))
FORCE = click.option("--force", is_flag=True, help=t("Replace the file.", "覆盖已有文件。"))
NO_LINKS = click.option(
    "--no-links",
    is_flag=True,
    help=t("Do not look for twins and trades among the firms.", "不查找企业之间的孪生与交易关系。"),
)


def check_new(path: Path, *, force: bool = False) -> None:
    """
    Refuse before the work what could not be saved after it.

    Raises:
        UsageError: FILE_EXISTS.
    """
    if path.exists() and not force:
        raise UsageError(
            t("this file exists; --force replaces it", "文件已存在，可用 --force 覆盖"),
            code="FILE_EXISTS",
            where=str(path),
        )


def check_apart(target: Path, *inputs: Path) -> None:
    """
    Refuse to write over what is read.

    Raises:
        UsageError: OUTPUT_IS_INPUT.
    """
    if target.exists() and any(path.exists() and target.samefile(path) for path in inputs):
        raise UsageError(
            t("this file is read; name another to write", "该文件是输入文件，请另指定输出文件"),
            code="OUTPUT_IS_INPUT",
            where=str(target),
        )


def business_day(given: str | None) -> date:
    """
    The day that --today names, or China's day now.

    Raises:
        UsageError: BAD_DATE.
    """
    return day(given) if given else datetime.now(CHINA).date()
