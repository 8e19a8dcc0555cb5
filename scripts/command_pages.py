"""
Prints every command of the command line as a page: usage, help, arguments, options. Run by make_docs.py, once a language:

    HEFU_LANG=zh python scripts/command_pages.py
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from hefu.cli.language import LANGUAGE, t
from hefu.cli.main import ALIASES, cli

#: Options that nearly every command has; they are told once.
SHARED = ("home_path", "lang", "as_json")


def commands(command: click.Command, context: click.Context) -> Iterator[tuple[click.Command, click.Context]]:
    """A command and all below it, in the order of their names, each with its context."""
    yield command, context
    if isinstance(command, click.Group):
        for name in sorted(command.list_commands(context)):
            below = command.get_command(context, name)
            assert below is not None
            yield from commands(below, click.Context(below, info_name=name, parent=context))


def every_command() -> Iterator[tuple[click.Command, click.Context]]:
    """All commands and groups, the root first."""
    return commands(cli, click.Context(cli, info_name="hefu"))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _default(option: click.Option) -> str:
    value = option.default
    if not option.show_default or value in (None, ()):
        return ""
    if isinstance(value, bool) and option.secondary_opts:
        value = (option.opts if value else option.secondary_opts)[0]
    return f"`{', '.join(value) if isinstance(value, tuple) else value}`"


def option_row(option: click.Option, context: click.Context) -> str:
    """One option of a table."""
    names = " / ".join((*option.opts, *option.secondary_opts))
    if not option.is_flag:
        names += f" {option.make_metavar(context)}"
    notes = [option.help or ""]
    if option.required:
        notes.append(t("Required.", "必填。"))
    if option.envvar:
        notes.append(t(f"Or `{option.envvar}`.", f"或用 `{option.envvar}`。"))
    return f"| `{_cell(names)}` | {_default(option)} | {_cell(t(' ', '').join(filter(None, notes)))} |"


def _own_options(command: click.Command) -> list[click.Option]:
    return [p for p in command.params if isinstance(p, click.Option) and p.name not in SHARED and not p.hidden]


def command_lines(command: click.Command, context: click.Context) -> Iterator[str]:
    """A command's part of the page."""
    usage = " ".join((context.command_path, *command.collect_usage_pieces(context)))
    yield f"\n### `{context.command_path}`\n"
    yield command.help or ""
    # What the code says besides stands in English only.
    said = inspect.getdoc(command.callback) if command.callback else None
    if said and LANGUAGE == "en":
        yield " ".join(said.split())
    yield f"\n```\n{usage}\n```"
    options = _own_options(command)
    if options:
        yield t("\n| option | default | |\n|---|---|---|", "\n| 选项 | 缺省 | |\n|---|---|---|")
        yield from (option_row(option, context) for option in options)


def page() -> str:
    """The whole page in the language of this process."""
    everything = list(every_command())
    root = everything[0][0]
    status = next(item for item in everything if item[1].command_path == "hefu ledger status")
    shared = [p for p in status[0].params if isinstance(p, click.Option)]
    lines = [
        t("# Commands\n", "# 命令\n"),
        t(
            "Every command with its options, as `--help` shows them. An identifier may be shortened to its first digits, at least "
            "four. A command that signs takes an organisation's exact name or the first digits of its account; one that only "
            "reads, a part of the name too.\n",
            "全部命令及其选项，与 `--help` 所示一致。标识可只写前几位（至少四位）。签署类命令须写机构的准确全称，"
            "或其账户标识的前几位（至少六位）；查询类命令也可只写名称的一部分。\n",
        ),
        f"{root.epilog}\n",
        *(
            t(f"`hefu {other}` is another name of `hefu {name}`.\n", f"`hefu {other}` 与 `hefu {name}` 相同。\n")
            for other, name in ALIASES.items()
        ),
        t("Nearly every command takes these:\n", "几乎每条命令都有以下选项：\n"),
        t("| option | default | |\n|---|---|---|", "| 选项 | 缺省 | |\n|---|---|---|"),
        *(option_row(option, status[1]) for option in shared),
    ]
    for command, context in everything[1:]:
        if isinstance(command, click.Group):
            lines.append(f"\n## `{context.command_path}`\n\n{command.help}")
        else:
            if context.parent is not None and context.parent.command is root:
                lines.append(f"\n## `{context.command_path}`")
            lines += command_lines(command, context)
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    print(page(), end="")
