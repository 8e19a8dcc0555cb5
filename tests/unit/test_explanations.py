"""Every stable code that the source can raise has an explanation in both languages, and none explains what is never raised."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from hefu.documents.invoices.treatments import FILE_PROBLEMS, TREATMENTS
from hefu.kernel.explanations import AREAS, EXPLANATIONS

ROOT = Path(__file__).resolve().parent.parent.parent
CHINESE = re.compile("[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")


def _collector() -> ModuleType:
    spec = importlib.util.spec_from_file_location("stable_codes", ROOT / "scripts" / "stable_codes.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


stable_codes = _collector()
CODES = stable_codes.stable_codes()


def test_every_code_has_an_explanation_and_every_explanation_a_code():
    assert sorted(set(CODES) - set(EXPLANATIONS)) == []
    assert sorted(set(EXPLANATIONS) - set(CODES)) == []


def test_no_code_is_explained_in_two_areas():
    assert sum(map(len, AREAS)) == len(EXPLANATIONS)


@pytest.mark.parametrize("code", sorted(EXPLANATIONS))
def test_an_explanation_is_short_and_in_both_languages(code):
    english, chinese = EXPLANATIONS[code]
    assert english.endswith(".")
    assert english[0].isupper()
    assert not CHINESE.search(english)
    assert english.isascii()
    assert chinese.endswith("。")
    assert CHINESE.search(chinese)
    for text in (english, chinese):
        assert text == " ".join(text.split())
        assert "  " not in text
    assert len(re.findall(r"[.?!](?= |$)", english)) <= 3
    assert not re.search(r"[\u3400-\u9fff][,;:?!]|[,;:?!][\u3400-\u9fff]", chinese), "Chinese has Chinese punctuation"


def test_no_two_codes_share_an_explanation():
    for language in (0, 1):
        texts = [texts[language] for texts in EXPLANATIONS.values()]
        assert len(texts) == len(set(texts))


def test_the_collector_sees_each_way_to_give_a_code():
    raised = {
        "NOT_AUTHORIZED": "hefu/ledger/application.py",  # by the class alone
        "UNKNOWN_DOCUMENT": "hefu/contracts/evidence/contract.py",  # code=
        "FROZEN": "hefu/assets/header.py",  # a precondition
        "BAD_WINDOW": "hefu/ledger/transaction.py",  # returned by check_stateless
        "NOT_YET_VALID": "hefu/ledger/chain.py",  # a result
        "REPLAYED": "hefu/ledger/chain.py",  # a receipt
        "OK": "hefu/ledger/application.py",  # by its name
        "BAD_CSV": "hefu/documents/invoices/csvtext.py",  # a file problem
    }
    for code, place in raised.items():
        assert place in CODES[code]
    assert {item.code for item in (*TREATMENTS, *FILE_PROBLEMS)} <= set(CODES)


@pytest.mark.parametrize(
    ("line", "codes"),
    [
        ('raise Odd("x", code="A_CODE")', ["A_CODE"]),
        ('raise Odd("x", code="A" if y else "B")', ["A", "B"]),
        ('raise Odd("x", code="NO_" + {"a": "A"}.get(y, "B"))', ["NO_A", "NO_B"]),
        ('raise Odd("x")', []),
        ('raise Odd("x", code=error.code)', []),
        ('plain(code="lower case is no code")', []),
        ("plain(code=anything())", []),
    ],
)
def test_codes_are_read_from_the_source(tmp_path, line, codes):
    (tmp_path / "made").mkdir()
    header = 'class HefuError(Exception):\n    code: str = "ERROR"\nclass Odd(HefuError):\n    code = "ODD"\n'
    (tmp_path / "made" / "a.py").write_text(header + line + "\n", encoding="utf-8")
    found = stable_codes.stable_codes(tmp_path, "made")
    assert sorted(set(found) - {"ERROR", "ODD"}) == codes
    assert found["ERROR"] == []
    assert found["ODD"] == (["made/a.py"] if line == 'raise Odd("x")' else [])


def test_a_code_made_at_run_time_is_refused(tmp_path):
    (tmp_path / "made").mkdir()
    header = 'class HefuError(Exception):\n    code: str = "ERROR"\n'
    (tmp_path / "made" / "a.py").write_text(header + "raise HefuError(code=name.upper())\n", encoding="utf-8")
    with pytest.raises(stable_codes.NotConstantError, match=r"made/a\.py:3"):
        stable_codes.stable_codes(tmp_path, "made")
