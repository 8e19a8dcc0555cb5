"""Under `--lang zh` nothing but names and codes is English: usage errors, the library's words, errors from below, the verifier."""

from __future__ import annotations

import ast
import inspect
import json
import re
from pathlib import Path

import pytest

from commands import hefu, practice, right
from hefu.cli import chinese
from hefu_verify.__main__ import main as verify

CHINESE = re.compile("[\u3400-\u9fff]")


def said_by_the_library() -> set[str]:
    """Every sentence for which the library's source asks gettext."""
    found = set()
    for module in chinese.MODULES:
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "ngettext"):
                texts = node.args[: 2 if node.func.id == "ngettext" else 1]
                found |= {text.value for text in texts if isinstance(text, ast.Constant)}
    return found


def test_every_sentence_of_the_library_has_its_chinese_one() -> None:
    said = said_by_the_library()
    assert len(said) > 50
    assert sorted(said - set(chinese.TEXTS) - set(chinese.FOR_PROGRAMMERS)) == []
    for english, text in chinese.TEXTS.items():
        assert re.findall(r"\{(\w+)", english) == re.findall(r"\{(\w+)", text) or "number_type" in english, english


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("receivable", "show"), "缺少参数 'RIGHT'。"),
        (("receivable", "show", "a", "b"), "多出的参数（b）"),
        (("receivable", "lst"), "没有命令 'lst'"),
        (("receivable", "list", "--bogus"), "没有选项 '--bogus'。"),
        (("receivable", "list", "--status", "lost"), "不在可选值之中"),
        (("receivable", "list", "-n", "many"), "不是有效的数字"),
        (("ledger", "import", "none", "--trust", "none"), "文件 'none' 不存在"),
        (("init", "Name"), "请至少指定一家创始银行"),
        (("ledger", "status"), "NO_LEDGER: "),
        (("ledger", "restore", ".", "--trust", __file__), "创世文件无法读取"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_mistake_is_told_in_chinese(tmp_path: Path, command: tuple[str, ...], words: str) -> None:
    said = hefu(*command, home=tmp_path / "none", code=4 if "restore" in command else 2, lang="zh")
    assert words in said
    for english in ("Usage", "Try ", "Error", "Missing", "ledger lives here"):
        assert english not in said
    problem = json.loads(
        hefu(*command, "--json", home=tmp_path / "none", code=4 if "restore" in command else 2, lang="zh")
    )
    assert CHINESE.search(problem["detail"])


def test_the_help_is_all_chinese() -> None:
    said = hefu("receivable", "list", "--help", lang="zh")
    assert "用法：" in said
    assert "Options" not in said
    assert "Show this" not in said


def test_the_verifier_follows_hefu_lang(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home, bundle = practice(tmp_path / "home"), tmp_path / "bundle"
    hefu("prove", right(home), "-o", bundle, home=home)
    asked = [str(bundle), "--trust", str(home / "genesis.json")]
    for setting, arguments, chinese_words in (
        ("zh", asked, True),
        ("zh_CN.UTF-8", asked, True),
        ("en", asked, False),
        ("en", [*asked, "--lang", "zh"], True),
        ("zh", [*asked, "--lang", "en"], False),
    ):
        monkeypatch.setenv("HEFU_LANG", setting)
        assert verify(arguments) == 0
        assert ("证据包" in capsys.readouterr().out) is chinese_words
    monkeypatch.setenv("HEFU_LANG", "zh")
    assert verify([str(tmp_path / "none")]) == 2
    assert "无法读取" in capsys.readouterr().err
    assert "证据包" in hefu("verify", bundle, "--trust", home / "genesis.json", lang="zh")
