"""
Environment variables: those that the source names, and what each of them is for.

The list is written by hand and held against the source, so that no setting is undocumented and none is documented that nothing
reads.
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: Where a setting may be read; documents only tell of them.
READ_IN = ("src", "bench", "scripts", "tests")
_NAME = re.compile(r"\bHEFU_[A-Z][A-Z_]*")

#: Name to what it is for, in English and Chinese. A name that ends with `*` stands for all that begin so.
SETTINGS: dict[str, tuple[str, str]] = {
    "HEFU_COMETBFT": (
        "Path of the CometBFT program, where it is not the one that `make cometbft` installed.",
        "CometBFT 程序的路径；使用 `make cometbft` 所装程序时不必设置。",
    ),
    "HEFU_HOME": (
        "Folder of the ledger and its organisations, where `--home` is not given; `hefu-demo` otherwise.",
        "账本与各机构所在的文件夹，未给出 `--home` 时使用；缺省为 `hefu-demo`。",
    ),
    "HEFU_LANG": (
        "Language of what commands print: `en` or `zh`. `--lang` goes before it, the locale (`LC_ALL`, `LC_MESSAGES`, `LANG`) "
        "after it.",
        "命令输出的语言：`en` 或 `zh`。`--lang` 优先于它，其次是系统语言（`LC_ALL`、`LC_MESSAGES`、`LANG`）。",
    ),
    "HEFU_PASSPHRASE": (
        "Opens the key files and vaults of a home; asked for on a terminal otherwise. Fill it from a secret store, never from a "
        "file beside the home.",
        "打开密钥文件与保险库的口令；未设置时在终端询问。应由密钥管理系统写入，切勿存于同一文件夹旁的文件中。",
    ),
    "HEFU_KEY_*": (
        "A private key as 64 hexadecimal digits, as a secret store hands it to a process: `HEFU_KEY_` and the key's name in "
        "capitals, `-` written `_`. For programs that use the library; no command reads it yet.",
        "私钥（64 位十六进制），由密钥管理系统交给进程：`HEFU_KEY_` 加大写的密钥名，`-` 写作 `_`。"
        "供使用程序库的程序读取，目前没有命令读取它。",
    ),
    "HEFU_VIEWS": (
        "Database of the SQL views, where `--url` is not given; the file `views.db` of the home otherwise.",
        "SQL 视图所在数据库，未给出 `--url` 时使用；缺省为账本文件夹中的 `views.db`。",
    ),
    "HEFU_SHARED": (
        "For benchmarks and tests: folder with the real invoices (below it, `data/cumcm2020c`). What needs them is skipped where "
        "they are not there.",
        "供性能测试与测试使用：真实发票所在文件夹（其下为 `data/cumcm2020c`）；没有时相关项目跳过。",
    ),
    "HEFU_BENCH_DIR": (
        "For benchmarks: folder on the disk to be measured; the system's folder for temporary files otherwise.",
        "供性能测试使用：位于被测磁盘上的文件夹；缺省为系统临时文件夹。",
    ),
    "HEFU_BENCH_PRELOADED": (
        "Set by `python -m bench` for its own parts: folder where one measurement leaves its ledger for the next. Not for people.",
        "由 `python -m bench` 自行设置：各项测试之间传递账本的文件夹，无需人工设置。",
    ),
    "HEFU_SIM": (
        "For tests: `long` draws new cases, and many more of them, and runs the tutorials in both languages with the installed "
        "command.",
        "供测试使用：`long` 抽取新的、数量多得多的用例，并以实际安装的命令运行两种语言的教程。",
    ),
    "HEFU_WRITE_VECTORS": (
        "Tests of a network put the bundles that they made into tests/golden/network, where set.",
        "设置后，网络测试把所生成的证据包写入 tests/golden/network。",
    ),
}


def named_in_source() -> dict[str, list[str]]:
    """Every setting that the source names, with the folders that do."""
    found: dict[str, set[str]] = {}
    for folder in READ_IN:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path.name in (Path(__file__).name, "test_reference.py"):
                continue
            for name in _NAME.findall(path.read_text(encoding="utf-8")):
                found.setdefault(_entry(name), set()).add(folder)
    return {name: sorted(places) for name, places in sorted(found.items())}


def _entry(name: str) -> str:
    """The entry of the list that a name belongs to, or the name itself."""
    if name in SETTINGS:
        return name
    return next((entry for entry in SETTINGS if entry.endswith("*") and name.startswith(entry[:-1])), name)


def page() -> str:
    """docs/reference/settings.md."""
    places = named_in_source()
    lines = [
        "# Settings · 设置\n",
        "Hefu has no settings file. What a ledger is stands in its genesis; what a command does, in its options; the rest in these "
        "environment variables.\n",
        "合符没有配置文件。账本的属性写在创世文件中，命令的行为由选项决定，其余由以下环境变量决定。\n",
        "| variable | what it is for | 用途 | named in |\n|---|---|---|---|",
    ]
    for name in sorted(places):
        # One without an entry is for the tests to name.
        english, chinese = SETTINGS.get(name, ("-", "-"))
        lines.append(f"| `{name}` | {english} | {chinese} | {', '.join(f'`{place}`' for place in places[name])} |")
    return "\n".join(lines) + "\n"
