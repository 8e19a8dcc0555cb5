"""Letters by command, in a home without nodes: one office for all, the same code."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands import BANK, BUYER, OTHER_BANK, SELLER, hefu, practice, right, told


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = practice(tmp_path_factory.mktemp("letters") / "home")
    for who in (SELLER, BANK):
        assert told("letter", "contact", "--as", who, home=made)["name"] == who
    return made


def letters(home: Path, who: str) -> list[dict[str, object]]:
    return told("letter", "list", "--as", who, home=home)


def test_a_document_is_sent_read_and_receipted(home: Path, tmp_path: Path) -> None:
    about = right(home, 1)
    file = tmp_path / "合同.txt"
    file.write_text("between us")
    sent = told("letter", "send", file, "--as", SELLER, "--to", BANK, "--right", about, home=home)["letter"]
    assert "NO_RECEIPT" in hefu("letter", "receipt", sent, "--as", SELLER, home=home, code=2)
    (got,) = letters(home, BANK)
    assert (got["letter"], got["with"], got["name"], got["about"], got["state"]) == (
        sent,
        SELLER,
        "合同.txt",
        about,
        "read",
    )
    read = told("letter", "read", sent[:8], "--as", BANK, "-o", tmp_path / "copy", home=home)
    assert read["bytes"] == 10
    assert (tmp_path / "copy").read_text() == "between us"
    assert "FILE_EXISTS" in hefu("letter", "read", sent, "--as", BANK, "-o", tmp_path / "copy", home=home, code=2)
    proof = told("letter", "receipt", sent, "--as", SELLER, "-o", tmp_path / "receipt", home=home)
    assert told("letter", "verify", tmp_path / "receipt", home=home) == proof
    (tmp_path / "receipt").write_bytes((tmp_path / "receipt").read_bytes().replace(b"between us", b"between me"))
    assert "BAD_RECEIPT" in hefu("letter", "verify", tmp_path / "receipt", home=home, code=4)
    for lang, word in (("en", "read, receipted"), ("zh", "已阅，有回执")):
        assert word in hefu("letter", "list", "--as", SELLER, home=home, lang=lang)
        assert "合同.txt" in hefu("letter", "read", sent, "--as", SELLER, home=home, lang=lang)
        assert SELLER in hefu("letter", "receipt", sent, "--as", SELLER, home=home, lang=lang)


def test_terms_are_opened_to_one_organisation(home: Path) -> None:
    about = right(home, 2)
    sent = told("letter", "send", "--terms", "--right", about, "--as", SELLER, "--to", BANK, home=home)["letter"]
    (got,) = (row for row in letters(home, BANK) if row["letter"] == sent)
    assert (got["kind"], got["state"], got["about"]) == ("terms", "read", about)
    assert "NO_COPY" in hefu(
        "letter", "send", "--terms", "--right", about, "--as", BUYER, "--to", BANK, home=home, code=2
    )


def test_an_offer_goes_by_letter_where_the_holder_gets_letters(home: Path) -> None:
    about = right(home, 3)
    made = told("offer", "make", about, "--as", BANK, "--price", "80,000.00", home=home)["offer"]
    assert made in {row["offer"] for row in told("offer", "list", "--as", BANK, home=home)}
    (listed,) = (row for row in told("offer", "list", "--as", SELLER, home=home) if row["offer"] == made)
    assert listed["state"] == "open"
    assert [row["kind"] for row in letters(home, BANK) if row["direction"] == "out"] == ["offer"]
    hefu("offer", "accept", made, "--as", SELLER, home=home)


def test_what_makes_no_sense_is_told(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_text("x")
    send = ("letter", "send", "--as", SELLER, "--to")
    assert "NO_CONTACT" in hefu(*send, OTHER_BANK, file, home=home, code=3)
    for wrong in ((), (file, "--terms"), ("--terms",), (file, "--right", "00" * 32, "--document", "00" * 32)):
        hefu(*send, BANK, *wrong, home=home, code=2)
    assert "UNKNOWN_LETTER" in hefu("letter", "read", "abcdef", "--as", BANK, home=home, code=2)
    assert "MALFORMED" in hefu("letter", "verify", file, home=home, code=4)
    assert "BAD_ADDRESS" in hefu("letter", "contact", "--as", BANK, "--address", "ftp://x", home=home, code=3)
    assert letters(home, OTHER_BANK) == []
