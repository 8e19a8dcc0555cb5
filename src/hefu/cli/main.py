"""
The hefu command. Exit codes:

    0  done
    1  unexpected error (a bug: please report it)
    2  wrong usage
    3  refused by a rule
    4  corrupt: bytes contradict themselves
    5  neither done nor refused; run it again
    6  this machine lacks a part
    7  consistent, but not authenticated (verify without --trust), or not checked from the first block on (ledger verify of a snapshot)
"""

from __future__ import annotations

import importlib
import json
import sys

import click

from hefu import __version__
from hefu.cli import chinese
from hefu.cli.codes import told
from hefu.cli.language import t
from hefu.kernel.errors import HefuError

EPILOG = t(
    "Exit codes: 0 done, 2 wrong usage, 3 refused by a rule, 4 corrupt, 5 run it again, 6 this machine lacks a part, "
    "7 consistent but not authenticated, or not checked from the first block on.",
    "退出码：0 完成；2 用法有误；3 被规则拒绝；4 数据损坏；5 未完成，请重试；6 本机缺少组件；7 前后一致，但未经认证，或未能从首个区块起核验。",
)


#: Where each command lives. A command is imported when it is called: together they take longer to load than most take to run.
COMMANDS = {
    "clock": "hefu.cli.ledger:clock",
    "credit": "hefu.cli.credit:credit",
    "demo": "hefu.cli.demo:demo",
    "init": "hefu.cli.ledger:init",
    "invoice": "hefu.cli.invoice:invoice",
    "key": "hefu.cli.key:key",
    "ledger": "hefu.cli.ledger:ledger",
    "letter": "hefu.cli.letter:letter",
    "network": "hefu.cli.network:network",
    "node": "hefu.cli.network:node",
    "offer": "hefu.cli.offer:offer",
    "org": "hefu.cli.org:org",
    "payment": "hefu.cli.offer:payment",
    "prove": "hefu.cli.proof:prove",
    "receivable": "hefu.cli.receivable:receivable",
    "verify": "hefu.cli.proof:verify",
    "views": "hefu.cli.views:views",
}
#: Other names of commands, for hands that know them; help and reference tell of each thing once.
ALIASES = {"invoices": "invoice"}


class Root(click.Group):
    """The root, which loads a command when it is asked for and knows it by its other names too."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command, or None."""
        place = COMMANDS.get(ALIASES.get(cmd_name, cmd_name))
        if place is None:
            return None
        module, _, name = place.partition(":")
        found = getattr(importlib.import_module(module), name)
        assert isinstance(found, click.Command)
        return found


@click.group(
    cls=Root,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    help=t(
        "Hefu: receivables on a ledger that nobody can alter unseen, and one file that proves them.",
        "合符：应收账款上账，谁也改不了而不被发现；一个文件即可向外人证明。",
    ),
    epilog=EPILOG,
)
@click.version_option(__version__, prog_name="hefu")
def cli() -> None:
    """The root of all commands."""


def main() -> int:
    """Entry point; never shows a traceback for an error raised on purpose."""
    as_json = "--json" in sys.argv[1:]
    try:
        code = cli.main(standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.exceptions.Abort:
        return _fail(as_json, "ABORTED", t("stopped", "已中止"), 130)
    except click.ClickException as error:
        said = t(error.format_message(), chinese.plain(error.format_message()))
        if not as_json:
            _usage(error, said)
            return error.exit_code
        return _fail(as_json, "USAGE", said, error.exit_code)
    except HefuError as error:
        return _fail(as_json, error.code, told(error), error.exit_code)
    except BrokenPipeError:
        # Whoever read the pipe has seen enough.
        sys.stderr.close()
        return 0


def _usage(error: click.ClickException, said: str) -> None:
    """How the command is called, where to read on, and what was wrong."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        # Nothing was wrong but that nothing was asked: the help itself is the answer.
        error.show()
        return
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is not None:
        click.echo(context.get_usage(), err=True)
        help_option = f"{context.command_path} {context.help_option_names[-1]}"
        click.echo(t(f"Try '{help_option}' for help.", f"用法详见 '{help_option}'。") + "\n", err=True)
    click.echo(t(f"Error: {said}", f"有误：{said}"), err=True)


def _fail(as_json: bool, code: str, detail: str, exit_code: int) -> int:
    if as_json:
        # RFC 9457 shape, so that the same code reads errors of commands and of the API.
        problem = {"type": "about:blank", "title": code, "code": code, "detail": detail}
        click.echo(json.dumps(problem, ensure_ascii=False), err=True)
    else:
        click.echo(f"hefu: {code}: {detail}" if detail != code else f"hefu: {code}", err=True)
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
