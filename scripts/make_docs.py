"""
Print the reference from the code: records, authority tables, codes, commands, settings, features, sources, and the tables in the
contracts' READMEs.

`--check` writes nothing and fails where a page is stale.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import typing
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import credit_pages
import msgspec
import settings_page
from stable_codes import stable_codes

from hefu import bootstrap
from hefu.kernel.explanations import EXPLANATIONS
from hefu.ledger.authority import Row, Signer

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
CONTRACTS = ROOT / "src" / "hefu" / "contracts"
GENERATED = "<!-- Printed by `make docs` from the code. Do not edit. -->\n\n"
#: Between these two lines of a contract's README stands its table of authority.
_TABLE = re.compile(r"(?<=<!-- authority: printed by `make docs` -->\n).*?(?=<!-- end -->\n)", re.DOTALL)


def type_name(kind: Any) -> str:
    """A type as readers of the format need it."""
    if kind is type(None):
        return "nil"
    if isinstance(kind, typing.NewType):
        return "amount"
    origin = typing.get_origin(kind)
    if origin is tuple:
        inner = [a for a in typing.get_args(kind) if a is not Ellipsis]
        return "[" + ", ".join(type_name(a) for a in inner) + "…]"
    if origin is not None:
        return " or ".join(type_name(a) for a in typing.get_args(kind))
    return {"bytes": "bytes", "str": "text", "int": "integer", "bool": "bool", "date": "date"}.get(
        kind.__name__, f"[{kind.__name__}](#{kind.__name__.lower()})"
    )


def fields_of(record: type) -> str:
    """`name type, ...` in wire order."""
    hints = typing.get_type_hints(record)
    return ", ".join(f"`{f.name}` {type_name(hints[f.name])}" for f in msgspec.structs.fields(record))


def nested(records: list[type]) -> list[type]:
    """Records that stand inside others, each once, in order of first use."""
    found: list[type] = []

    def visit(kind: Any) -> None:
        for part in typing.get_args(kind):
            visit(part)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind not in records and kind not in found:
            found.append(kind)
            for hint in typing.get_type_hints(kind).values():
                visit(hint)

    for record in records:
        for hint in typing.get_type_hints(record).values():
            visit(hint)
    return found


def records_page() -> str:
    """docs/reference/records.md."""
    application = bootstrap.application()
    lines = [GENERATED + "# Commands and events\n", "Fields in wire order; each array begins with its tag.\n"]
    for contract in application.contracts:
        lines.append(f"\n## {contract.name}\n")
        for title, records in (("Commands", contract.commands), ("Events", contract.events)):
            lines.append(f"\n| {title.lower()[:-1]} | fields | |\n|---|---|---|")
            for record in records:
                tag = record.__struct_config__.tag
                doc = " ".join((record.__doc__ or "").split("\n\n")[0].split())
                lines.append(f"| `{tag}` | {fields_of(record)} | {doc} |")
            lines.append("")
    everything = [r for c in application.contracts for r in (*c.commands, *c.events)]
    inner = nested(everything)
    if inner:
        lines.append("\n## Parts of records\n\n| part | fields |\n|---|---|")
        for record in inner:
            tag = record.__struct_config__.tag
            mark = f" (tag `{tag}`)" if tag else ""
            lines.append(f'| <a id="{record.__name__.lower()}"></a>{record.__name__}{mark} | {fields_of(record)} |')
    return "\n".join(lines).rstrip() + "\n"


def signer_text(signer: Signer) -> str:
    """One signer of a row, for people."""
    text = f"{signer.who}: {signer.purpose}"
    if signer.member:
        text += ", a member"
    if signer.roles:
        text += f", {' or '.join(signer.roles)}"
    if signer.amount:
        text += f", limit against {signer.amount}"
    if signer.unless:
        text += f" (not needed: {signer.unless})"
    return text


def row_line(row: Row) -> str:
    """One command of an authority table."""
    tag = row.command.__struct_config__.tag
    signers = "<br>".join(signer_text(s) for s in row.signers) or "any key of the ledger"
    states = ", ".join(row.statuses) or "-"
    conditions = ", ".join(f"`{p.code}`" for p in row.preconditions) or "-"
    return f"| `{tag}` | {row.text} | {signers} | {states} | {conditions} | {row.becomes} |"


def authority_page() -> str:
    """docs/reference/authority.md."""
    lines = [
        GENERATED + "# Who may do what\n",
        "The tables that the code runs from. A condition that does not hold refuses with the code shown. Every signer's "
        "organisation must be",
        "active (`ORGANISATION_SUSPENDED`) and every key must hold at the block's height (`KEY_NOT_VALID`).\n",
    ]
    for contract in bootstrap.application().contracts:
        lines.append(f"\n## {contract.name}\n")
        lines += authority_table(contract.authority)
    return "\n".join(lines).rstrip() + "\n"


def authority_table(rows: Iterable[Row]) -> list[str]:
    """A contract's table, line by line."""
    heading = "| command | | signed by | in state | refused unless | becomes |\n|---|---|---|---|---|---|"
    return [heading, *(row_line(row) for row in rows)]


def readmes() -> dict[Path, str]:
    """The README of every contract, with its table of authority as the code has it."""
    found = {}
    for contract in bootstrap.application().contracts:
        path = CONTRACTS / contract.name / "README.md"
        text = path.read_text(encoding="utf-8")
        place = _TABLE.search(text)
        assert place is not None, f"{path} has no place for its table of authority"
        table = "\n".join(authority_table(contract.authority))
        found[path] = f"{text[: place.start()]}\n{table}\n\n{text[place.end() :]}"
    return found


def commands_page(language: str) -> str:
    """docs/reference/commands.md in a language, which a process chooses once: hence another process."""
    script = Path(__file__).with_name("command_pages.py")
    environment = {**os.environ, "HEFU_LANG": language, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, str(script)], env=environment, check=True, capture_output=True)
    return GENERATED + done.stdout.decode("utf-8")


def refusals_page() -> str:
    """docs/reference/refusals.md: every stable code that the source can raise, what it means, and where it comes from."""
    lines = [
        GENERATED + "# Stable codes\n",
        "What each refusal or error means, and what to do. One code has one explanation, wherever it comes from.\n",
        "| code | meaning | 含义 | raised in |\n|---|---|---|---|",
    ]
    for code, places in stable_codes().items():
        # One without an explanation is for the tests to name.
        english, chinese = EXPLANATIONS.get(code, ("-", "-"))
        lines.append(f"| `{code}` | {english} | {chinese} | {', '.join(f'`{p}`' for p in places) or '-'} |")
    return "\n".join(lines) + "\n"


def pages() -> dict[Path, str]:
    """Every generated page with its content."""
    return {
        REFERENCE / "records.md": records_page(),
        REFERENCE / "authority.md": authority_page(),
        REFERENCE / "refusals.md": refusals_page(),
        REFERENCE / "commands.md": commands_page("en"),
        REFERENCE / "commands.zh.md": commands_page("zh"),
        REFERENCE / "features.md": GENERATED + credit_pages.features_page(),
        REFERENCE / "sources.md": GENERATED + credit_pages.sources_page(),
        REFERENCE / "settings.md": GENERATED + settings_page.page(),
        **readmes(),
    }


def main() -> int:
    """Write the pages, or with --check compare them."""
    stale = []
    for path, content in pages().items():
        if "--check" in sys.argv:
            if not path.exists() or path.read_text(encoding="utf-8") != content:
                stale.append(path)
        else:
            path.write_text(content, encoding="utf-8")
            print(path.relative_to(ROOT))
    for path in stale:
        print(f"stale: {path.relative_to(ROOT)}; run make docs", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
