"""One thing has one Chinese name: the command line, the verifier and the pages say the same."""

from __future__ import annotations

import re
from pathlib import Path

from hefu.cli import key, org, tables
from hefu.contracts.receivables.decisions import REFUSAL_REASONS
from hefu_verify.words import TERMS_ZH, ZH

ROOT = Path(__file__).resolve().parent.parent.parent
#: Words that were in use beside another for the same thing, and the one that stays.
RETIRED = {"核证": "核验", "存续": "有效", "注销": "撤销", "组织": "机构", "买断": "转让"}


def test_command_line_and_verifier_use_the_same_words() -> None:
    for role, (_, chinese) in org.ROLE_NAMES.items():
        assert TERMS_ZH[role] == chinese
    for purpose, chinese in key.PURPOSES.items():
        assert TERMS_ZH[purpose] == chinese
    assert set(tables.REASONS) == set(REFUSAL_REASONS)
    for reason, chinese in tables.REASONS.items():
        assert TERMS_ZH[reason] == chinese
    for status, chinese in tables.STATUS.items():
        assert ZH[f"status {status}"] == chinese


def test_retired_words_do_not_come_back() -> None:
    pages = [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "src").rglob("*.md"),
        *(ROOT / "src").rglob("*.py"),
    ]
    for page in pages:
        found = re.findall("|".join(RETIRED), page.read_text(encoding="utf-8"))
        assert not found, f"{page.relative_to(ROOT)}: {found}"
