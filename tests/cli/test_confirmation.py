"""The obligor chooses the words that it signs, in Chinese or English; both sides can show them, and their hash is on the ledger."""

from __future__ import annotations

import hashlib
from pathlib import Path

from commands import BANK, BUYER, SELLER, hefu, practice, right, told
from hefu.services import confirmation


def test_the_words_are_chosen_kept_and_proven(tmp_path: Path) -> None:
    home = practice(tmp_path / "home")
    chinese, english, other = (right(home, number, "10.00", confirm=False) for number in (1, 2, 3))
    hefu("receivable", "confirm", chinese, home=home, lang="zh")
    hefu("receivable", "confirm", english, "--text", "en", home=home, lang="zh")
    for made, language in ((chinese, "zh"), (english, "en")):
        digest = hashlib.sha256(confirmation.TEXTS[language].encode()).hexdigest()
        assert told("receivable", "show", made, home=home)["confirmation"] == digest
        assert f"{'Chinese' if language == 'zh' else 'English'} text ({digest[:16]})" in hefu(
            "receivable", "show", made, home=home
        )
        for who in (BUYER, SELLER):
            file = tmp_path / f"{language}-{who}.txt"
            said = told("receivable", "confirmation", made, "--as", who, "-o", file, home=home)
            assert hashlib.sha256(file.read_bytes()).hexdigest() == digest == said["digest"]
            assert said["text"] == confirmation.TEXTS[language]
        bundle = tmp_path / language
        hefu("prove", made, "-o", bundle, home=home)
        for lang in ("en", "zh"):
            assert confirmation.TEXTS[language] in hefu("verify", bundle, "--trust", home / "genesis.json", lang=lang)
    assert "UNCONFIRMED" in hefu("receivable", "confirmation", other, "--as", BUYER, home=home, code=3)
    assert "NO_COPY" in hefu("receivable", "confirmation", chinese, "--as", BANK, home=home, code=2)
    (tmp_path / "list").write_text(other + "\n")
    hefu("receivable", "confirm", "--file", tmp_path / "list", "--text", "zh", home=home)
    assert told("receivable", "confirmation", other, "--as", SELLER, home=home)["text"] == confirmation.TEXTS["zh"]
