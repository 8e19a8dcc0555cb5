"""`hefu credit policy`, and what commands share that decide by one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from hefu.cli.common import common
from hefu.cli.language import t
from hefu.cli.options import FORCE, READ_FILE, WRITTEN_FILE, check_new
from hefu.cli.output import Output
from hefu.credit.decision import policy as policy_module
from hefu.credit.decision.policy import read_policy
from hefu.kernel.errors import UsageError
from hefu.kernel.keyfile import publish
from hefu.kernel.time import instant_ms

POLICIES = Path(policy_module.__file__).parent / "policies"
AT = click.option(
    "--at", "at", metavar="INSTANT", help=t("Instant of the decision; now if absent.", "决策时刻，缺省为当前时间。")
)
POLICY = click.option(
    "--policy", "policy_path", required=True, type=READ_FILE, help=t("Lending policy (TOML).", "信贷政策文件（TOML）。")
)
DECISION_FILE = click.option(
    "-o",
    "--output",
    "target",
    required=True,
    type=WRITTEN_FILE,
    help=t("File to write.", "输出文件。"),
)


def instant(given: str | None) -> int:
    """
    The instant that --at names, or now, in milliseconds.

    Raises:
        UsageError: BAD_DATE.
    """
    if given is None:
        return instant_ms(datetime.now(UTC))
    try:
        return instant_ms(datetime.fromisoformat(given))
    except ValueError:
        raise UsageError(
            t(
                f"{given!r} is no instant; write 2026-07-01T09:00:00+08:00",
                f"“{given}”不是时刻，请写成 2026-07-01T09:00:00+08:00",
            ),
            code="BAD_DATE",
        ) from None


def policy_text(path: Path) -> str:
    """
    A policy's text, as a decision's file keeps it.

    Raises:
        UsageError: BAD_POLICY.
    """
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(
            t("the policy is not TOML in UTF-8", "信贷政策不是 UTF-8 编码的 TOML"), code="BAD_POLICY", where=path.name
        ) from None


@click.command(
    "policy", help=t("Check a policy, or write an example to edit.", "检查信贷政策文件，或写出可供修改的示例。")
)
@click.argument("path", metavar="FILE", type=WRITTEN_FILE)
@click.option(
    "--example", type=click.Choice(["example", "contest"]), help=t("Write this example there.", "将该示例写入此文件。")
)
@FORCE
@common
def policy_command(output: Output, path: Path, example: str | None, force: bool) -> None:
    """Exit code 2 where a field makes no sense, with its name."""
    if example is not None:
        check_new(path, force=force)
        publish(path, (POLICIES / f"{example}.toml").read_bytes(), overwrite=force)
    elif not path.exists():
        raise UsageError(t("there is no such file", "没有该文件"), code="NO_FILE", where=path.name)
    policy = read_policy(path.read_bytes())
    output.data(
        {"name": policy.name, "version": policy.version, "digest": policy.digest, "effective_on": policy.effective_on}
    )
    output.line(
        t(
            f"{policy.name}, version {policy.version}: in order. Digest {policy.digest}",
            f"{policy.name}，版本 {policy.version}：检查通过。摘要 {policy.digest}",
        )
    )
