"""
What the command-line library says by itself, in Chinese: usage errors, headings of the help, questions on a terminal.

The library asks gettext for each of its sentences, and gettext knows no Chinese ones. Here they stand instead, by the English they
replace; a test reads the library's source and fails where a new version says something that is not here.
"""

from __future__ import annotations

from typing import Any

from click import core, decorators, exceptions, formatting, parser, termui, types

TEXTS = {
    "%(prog)s, version %(version)s": "%(prog)s，版本 %(version)s",
    "(Did you mean one of: {possibilities}?)": "（是否想写：{possibilities}？）",
    "(dynamic)": "（动态）",
    "Aborted!": "已中止。",
    "Argument {name!r} takes {nargs} values.": "参数 {name!r} 需要 {nargs} 个值。",
    "Choose from:\n\t{choices}": "可选：\n\t{choices}",
    "Choice({choices})": "可选（{choices}）",
    "Commands": "命令",
    "Confirm the action without prompting.": "不再询问，直接执行。",
    "Could not open file {filename!r}: {message}": "无法打开文件 {filename!r}：{message}",
    "DeprecationWarning: The command {name!r} is deprecated.{extra_message}": "命令 {name!r} 即将停用。{extra_message}",
    "DeprecationWarning: The {param_type} {name!r} is deprecated.{extra_message}": (
        "{param_type} {name!r} 即将停用。{extra_message}"
    ),
    "Did you mean {possibility}?": "是否想写 {possibility}？",
    "Do you want to continue?": "是否继续？",
    "Error: The two entered values do not match.": "有误：两次输入不一致。",
    "Error: invalid input": "有误：输入无效",
    "Error: {message}": "有误：{message}",
    "Got unexpected extra argument ({args})": "多出的参数（{args}）",
    "Got unexpected extra arguments ({args})": "多出的参数（{args}）",
    "Invalid value for {param_hint}: {message}": "{param_hint} 的值无效：{message}",
    "Invalid value: {message}": "值无效：{message}",
    "Missing argument": "缺少参数",
    "Missing command.": "缺少命令。",
    "Missing option": "缺少选项",
    "Missing parameter": "缺少参数",
    "Missing parameter: {param_name}": "缺少参数：{param_name}",
    "Missing {param_type}": "缺少 {param_type}",
    "No such command {name!r}.": "没有命令 {name!r}。",
    "No such option {name!r}.": "没有选项 {name!r}。",
    "Option {name!r} does not take a value.": "选项 {name!r} 不带值。",
    "Option {name!r} requires an argument.": "选项 {name!r} 需要一个值。",
    "Option {name!r} requires {nargs} arguments.": "选项 {name!r} 需要 {nargs} 个值。",
    "Options": "选项",
    "Positional arguments": "参数",
    "Press any key to continue...": "按任意键继续……",
    "Repeat for confirmation": "请再次输入",
    "Show the version and exit.": "显示版本。",
    "Show this message and exit.": "显示本帮助。",
    "Takes {nargs} values but 1 was given.": "需要 {nargs} 个值，只给出 1 个。",
    "Takes {nargs} values but {len} were given.": "需要 {nargs} 个值，给出了 {len} 个。",
    "Try '{command} {option}' for help.": "用法详见 '{command} {option}'。",
    "Usage:": "用法：",
    "default: {default}": "缺省：{default}",
    "deprecated": "即将停用",
    "directory": "文件夹",
    "env var: {var}": "环境变量：{var}",
    "file": "文件",
    "path": "路径",
    "required": "必填",
    "unknown error": "未知错误",
    "{len_type} values are required, but {len_value} was given.": "需要 {len_type} 个值，给出了 {len_value} 个。",
    "{len_type} values are required, but {len_value} were given.": "需要 {len_type} 个值，给出了 {len_value} 个。",
    "{name} {filename!r} does not exist.": "{name} {filename!r} 不存在。",
    "{name} {filename!r} is a directory.": "{name} {filename!r} 是文件夹。",
    "{name} {filename!r} is a file.": "{name} {filename!r} 是文件，不是文件夹。",
    "{name} {filename!r} is not executable.": "{name} {filename!r} 不能执行。",
    "{name} {filename!r} is not readable.": "{name} {filename!r} 不可读。",
    "{name} {filename!r} is not writable.": "{name} {filename!r} 不可写。",
    "{value!r} does not match the format {format}.": "{value!r} 不符合格式 {format}。",
    "{value!r} does not match the formats {formats}.": "{value!r} 不符合任一格式 {formats}。",
    "{value!r} is not a valid UUID.": "{value!r} 不是有效的 UUID。",
    "{value!r} is not a valid boolean. Recognized values: {states}": "{value!r} 不是“是”或“否”。可写：{states}",
    "{value!r} is not a valid {number_type}.": "{value!r} 不是有效的数字。",
    "{value!r} is not one of {choices}.": "{value!r} 不在可选值之中：{choices}。",
    "{value!r} is not {choice}.": "{value!r} 不是 {choice}。",
    "{value} is not in the range {range}.": "{value} 不在范围 {range} 之内。",
}
MODULES = (core, decorators, exceptions, formatting, parser, termui, types)
#: What only a mistake in our own commands could bring up.
FOR_PROGRAMMERS = (
    "Value must be an iterable.",
    "Could not determine name for option with declarations {decls!r}",
    "No options defined but a name was passed ({name}). Did you mean to declare an argument instead? Did you mean to pass '--{name}'?",
    "Arguments take exactly one parameter declaration, got {length}: {decls}.",
    "Name '{name}' defined twice",
    "Boolean option {decl!r} cannot use the same flag for true/false.",
    "Invalid start character for option ({option})",
    "Unknown color {colour!r}",
)


def _one(text: str) -> str:
    return TEXTS.get(text, text)


def _counted(one: str, several: str, count: int) -> str:
    return _one(one if count == 1 else several)


def install() -> None:
    """Have the library say all of this in Chinese, in this process."""
    module: Any
    for module in MODULES:
        for name, text_of in (("_", _one), ("ngettext", _counted)):
            if hasattr(module, name):
                setattr(module, name, text_of)


def plain(message: str) -> str:
    """A sentence of the library with the one full stop that it puts itself made Chinese."""
    return message[:-1] + "。" if message.endswith(".") and not message.endswith("..") else message


__all__ = ["FOR_PROGRAMMERS", "MODULES", "TEXTS", "install", "plain"]
