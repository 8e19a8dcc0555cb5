"""Key files: what comes back, what is refused, and that no text shows a secret."""

from __future__ import annotations

import dataclasses
import json
import stat
import traceback
from pathlib import Path

import pytest

from hefu.kernel import keyfile
from hefu.kernel.errors import Corrupt, UsageError
from hefu.kernel.keyfile import KeyPair, generate_pair, key_from_environment, read_key, write_key
from hefu.kernel.signer import KeySigner
from hefu.kernel.suites import suite_named

PASSPHRASE = "correct horse 电池 staple"
COST = 2**10
PRIVATE = bytes.fromhex("c0ffee" * 10 + "abcd")
ED25519 = suite_named("ed25519")
PAIR = KeyPair("member", "ed25519", ED25519.public_key(PRIVATE), PRIVATE)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("keys") / "member.key"
    write_key(path, PAIR, PASSPHRASE, cost=COST)
    return path


@pytest.mark.parametrize("name", ["ed25519", "sm2"])
def test_a_key_comes_back_and_signs(tmp_path, name):
    suite = suite_named(name)
    pair = generate_pair(suite, "member")
    write_key(tmp_path / "key", pair, PASSPHRASE, cost=COST)
    again = read_key(tmp_path / "key", PASSPHRASE, purpose="member")
    assert again == pair
    for signer in (KeySigner.of(again), KeySigner.of(again, suite)):
        assert suite.verify(pair.public_key, signer.sign(b"m"), b"m")


def test_the_file_is_private_stated_and_holds_no_secret(written):
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    raw = written.read_bytes()
    assert PRIVATE not in raw
    assert PRIVATE.hex().encode() not in raw
    content = json.loads(raw)
    assert content["format"] == "hefu-key/1"
    assert content["public_key"] == PAIR.public_key.hex()
    assert {name: content["sealed"][name] for name in ("kdf", "n", "r", "p", "cipher")} == {
        "kdf": "scrypt",
        "n": COST,
        "r": 8,
        "p": 1,
        "cipher": "aes-256-gcm",
    }
    assert [path.name for path in written.parent.iterdir()] == ["member.key"]


def test_the_cost_by_default_is_two_to_the_fifteen():
    assert keyfile.COST == 2**15


def sealed_in(path: Path) -> dict[str, str]:
    return json.loads(path.read_bytes())["sealed"]


def test_files_under_one_passphrase_share_the_slow_derivation_and_nothing_else(tmp_path, written):
    write_key(tmp_path / "second", PAIR, PASSPHRASE, cost=COST)
    first, second = sealed_in(written), sealed_in(tmp_path / "second")
    assert first["salt"] == second["salt"]
    assert all(first[name] != second[name] for name in ("nonce", "ciphertext"))
    write_key(tmp_path / "other", PAIR, "another passphrase", cost=COST)
    assert sealed_in(tmp_path / "other")["salt"] != first["salt"]


def test_a_new_process_goes_on_with_the_salt_of_what_it_opened(tmp_path, written, monkeypatch):
    monkeypatch.setattr(keyfile, "_SALTS", {})
    # A file that does not open, as somebody without the passphrase could plant it, has no say.
    planted = json.loads(written.read_bytes())
    planted["sealed"]["salt"] = "00" * 16
    with pytest.raises(UsageError):
        keyfile.unseal(keyfile.Sealed(**planted["sealed"]), PASSPHRASE, (), "planted")
    assert keyfile._SALTS == {}
    read_key(written, PASSPHRASE)
    write_key(tmp_path / "second", PAIR, PASSPHRASE, cost=COST)
    assert sealed_in(tmp_path / "second")["salt"] == sealed_in(written)["salt"]


def test_a_file_is_not_overwritten_unless_told(tmp_path):
    path = tmp_path / "key"
    write_key(path, PAIR, PASSPHRASE, cost=COST)
    before = path.read_bytes()
    with pytest.raises(UsageError) as caught:
        write_key(path, PAIR, "other", cost=COST)
    assert caught.value.code == "KEYFILE_EXISTS"
    # A file that appears after the first look is kept as well.
    with pytest.raises(UsageError) as caught:
        keyfile.publish(path, b"late", overwrite=False)
    assert caught.value.code == "KEYFILE_EXISTS"
    assert path.read_bytes() == before
    write_key(path, PAIR, "other", cost=COST, overwrite=True)
    assert read_key(path, "other") == PAIR
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [item.name for item in tmp_path.iterdir()] == ["key"]


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "key"
    write_key(path, PAIR, PASSPHRASE, cost=COST)

    def fail(descriptor):
        raise OSError("disk full")

    monkeypatch.setattr(keyfile.os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        write_key(path, PAIR, "other", cost=COST, overwrite=True)
    monkeypatch.undo()
    assert read_key(path, PASSPHRASE) == PAIR
    assert [item.name for item in tmp_path.iterdir()] == ["key"]


def test_a_file_system_without_links_works_too(tmp_path, monkeypatch):
    def no_links(self, target):
        raise PermissionError("no links here")

    monkeypatch.setattr(keyfile.Path, "hardlink_to", no_links)
    write_key(tmp_path / "key", PAIR, PASSPHRASE, cost=COST)
    assert read_key(tmp_path / "key", PASSPHRASE) == PAIR
    with pytest.raises(UsageError):
        keyfile.publish(tmp_path / "key", b"late", overwrite=False)
    assert [item.name for item in tmp_path.iterdir()] == ["key"]


def test_passphrases_are_compared_by_their_characters_not_their_encoding(tmp_path):
    write_key(tmp_path / "key", PAIR, "Caf\u00e9\uff11", cost=COST)
    assert read_key(tmp_path / "key", "Cafe\u03011") == PAIR


@pytest.mark.parametrize("passphrase", ["wrong", PASSPHRASE + " ", PASSPHRASE.upper()])
def test_a_wrong_passphrase_is_named_as_such(written, passphrase):
    with pytest.raises(UsageError) as caught:
        read_key(written, passphrase)
    assert caught.value.code == "WRONG_PASSPHRASE"


def test_an_empty_passphrase_is_refused_both_ways(tmp_path, written):
    for use in (lambda: read_key(written, ""), lambda: write_key(tmp_path / "key", PAIR, "", cost=COST)):
        with pytest.raises(UsageError) as caught:
            use()
        assert caught.value.code == "EMPTY_PASSPHRASE"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("cost", [0, 1, 2**9, 2**10 + 1, 2**21, -(2**15)])
def test_a_cost_out_of_range_is_refused(tmp_path, cost):
    with pytest.raises(UsageError) as caught:
        write_key(tmp_path / "key", PAIR, PASSPHRASE, cost=cost)
    assert caught.value.code == "BAD_COST"


def test_every_damaged_byte_is_found(tmp_path, written):
    raw = written.read_bytes()
    path = tmp_path / "key"
    for at in range(len(raw)):
        flipped = bytearray(raw)
        flipped[at] ^= 1 << at % 8
        path.write_bytes(flipped)
        outcome = _outcome(path)
        # White space between the fields carries nothing.
        assert outcome == "KEYFILE_DAMAGED" or (outcome == PAIR and raw[at] in b" \n"), f"byte {at}"


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"{}" * 40_000, b"[" * 60_000], ids=lambda raw: repr(raw[:4])
)
def test_what_is_no_key_file_is_damaged(tmp_path, raw):
    path = tmp_path / "key"
    path.write_bytes(raw)
    with pytest.raises(Corrupt) as caught:
        read_key(path, PASSPHRASE)
    assert caught.value.code == "KEYFILE_DAMAGED"


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("purpose", "checkpoint", "WRONG_PASSPHRASE"),
        ("suite", "sm2", "WRONG_PASSPHRASE"),
        ("public_key", "00" * 32, "WRONG_PASSPHRASE"),
        ("format", "hefu-key/2", "KEYFILE_DAMAGED"),
        ("n", 2**11, "WRONG_PASSPHRASE"),
        ("n", 2**30, "KEYFILE_DAMAGED"),
        ("n", 2**9, "KEYFILE_DAMAGED"),
        ("n", 1500, "KEYFILE_DAMAGED"),
        ("r", 0, "KEYFILE_DAMAGED"),
        ("r", 2**20, "KEYFILE_DAMAGED"),
        ("p", 2**20, "KEYFILE_DAMAGED"),
        ("p", 2, "WRONG_PASSPHRASE"),
        ("kdf", "pbkdf2", "KEYFILE_DAMAGED"),
        ("cipher", "none", "KEYFILE_DAMAGED"),
        ("salt", "00" * 16, "WRONG_PASSPHRASE"),
        ("salt", "0", "KEYFILE_DAMAGED"),
        ("nonce", "00" * 12, "WRONG_PASSPHRASE"),
        ("nonce", "", "KEYFILE_DAMAGED"),
        ("ciphertext", "", "WRONG_PASSPHRASE"),
        ("ciphertext", "GG", "KEYFILE_DAMAGED"),
    ],
)
def test_a_forger_who_mends_the_checksum_gets_no_key(tmp_path, written, field, value, code):
    content = json.loads(written.read_bytes())
    (content if field in content else content["sealed"])[field] = value
    names = ("format", "purpose", "suite", "public_key")
    sealed = keyfile.Sealed(**content["sealed"])
    content["checksum"] = keyfile.checksum_of(*(content[name] for name in names), sealed)
    path = tmp_path / "key"
    path.write_text(json.dumps(content))
    with pytest.raises((UsageError, Corrupt)) as caught:
        read_key(path, PASSPHRASE)
    assert caught.value.code == code


def test_a_missing_file_or_folder_and_another_purpose_are_named(tmp_path, written):
    with pytest.raises(UsageError) as caught:
        read_key(tmp_path / "none", PASSPHRASE)
    assert caught.value.code == "KEYFILE_MISSING"
    with pytest.raises(UsageError) as caught:
        read_key(written, PASSPHRASE, purpose="checkpoint")
    assert caught.value.code == "WRONG_PURPOSE"
    with pytest.raises(UsageError):
        write_key(tmp_path / "none" / "key", PAIR, PASSPHRASE, cost=COST)


def test_a_key_can_come_from_the_environment():
    environment = {"HEFU_KEY_BANK_A": f" {PRIVATE.hex()}\n"}
    assert key_from_environment("bank-a", ED25519, purpose="member", environment=environment) == PAIR


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("bank", None, "KEY_NOT_SET"),
        ("bank a", PRIVATE.hex(), "USAGE"),
        ("bank", "", "BAD_KEY"),
        ("bank", PRIVATE.hex()[:-1], "BAD_KEY"),
        ("bank", PRIVATE.hex() + "00", "BAD_KEY"),
        ("bank", "zz" + PRIVATE.hex()[2:], "BAD_KEY"),
    ],
)
def test_what_is_no_key_in_the_environment_is_refused(name, value, code):
    environment = {} if value is None else {"HEFU_KEY_BANK": value}
    with pytest.raises(UsageError) as caught:
        key_from_environment(name, ED25519, purpose="member", environment=environment)
    assert caught.value.code == code
    _assert_silent("".join(traceback.format_exception(caught.value)))


def test_a_key_of_another_suite_or_another_pair_does_not_sign():
    with pytest.raises(UsageError) as caught:
        KeySigner.of(PAIR, suite_named("sm2"))
    assert caught.value.code == "WRONG_SUITE"
    with pytest.raises(Corrupt) as caught:
        KeySigner.of(dataclasses.replace(PAIR, public_key=bytes(32)))
    assert caught.value.code == "KEYFILE_DAMAGED"


def test_no_text_shows_a_secret(tmp_path, written):
    sealed = keyfile.seal(PRIVATE, PASSPHRASE, ("x",), cost=COST)
    for thing in (PAIR, [PAIR], {"key": PAIR}, KeySigner.of(PAIR), sealed):
        for text in (repr(thing), str(thing), f"{thing}"):
            _assert_silent(text)
    failures = [
        lambda: read_key(written, PASSPHRASE + "x"),
        lambda: read_key(written, PASSPHRASE, purpose="other"),
        lambda: write_key(written, PAIR, PASSPHRASE, cost=COST),
        lambda: write_key(tmp_path / "key", PAIR, PASSPHRASE, cost=7),
        lambda: KeySigner(suite_named("sm2"), b"\xff" * 32),
        lambda: KeySigner(ED25519, PRIVATE + b"x"),
        lambda: KeySigner.of(dataclasses.replace(PAIR, suite_name="sm3")),
    ]
    for failure in failures:
        with pytest.raises((UsageError, Corrupt)) as caught:
            failure()
        _assert_silent("".join(traceback.format_exception(caught.value)) + repr(caught.value) + str(caught.value))
        assert caught.value.__cause__ is None


def _outcome(path):
    """The key, or the code of the refusal."""
    try:
        return read_key(path, PASSPHRASE)
    except Corrupt as error:
        return error.code


def _assert_silent(text: str) -> None:
    # The source lines of a traceback name variables, never their values.
    assert PRIVATE.hex()[:16] not in text.lower()
    assert repr(PRIVATE)[2:10] not in text
    assert PASSPHRASE not in text
