"""The verifier's hash and signatures: published vectors, agreement with what the ledger signs, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hefu.kernel.hashing import hash_named as ledger_hash
from hefu.kernel.signer import KeySigner
from hefu.kernel.suites import hybrid
from hefu.kernel.suites import suite_named as ledger_suite
from hefu_verify import suites
from hefu_verify.suites import Unavailable, hash_named, ml_dsa_65, suite_named
from world import digest

SUITES = pytest.mark.parametrize("name", ["ed25519", "sm2"])
# RFC 8032, section 7.1, test 2; GB/T 32918.5-2017, annex A.2.
VECTORS = {
    "ed25519": (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        b"r",
    ),
    "sm2": (
        "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
        "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13",
        "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
        "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa",
        b"message digest",
    ),
}
ORDER = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
LATTICE = json.loads((Path(__file__).parent.parent / "golden" / "ml_dsa_65.json").read_text(encoding="utf-8"))


@SUITES
def test_a_published_vector_is_good(name):
    public, signature, message = VECTORS[name]
    verify = suite_named(name)
    assert verify(bytes.fromhex(public), bytes.fromhex(signature), message)
    assert not verify(bytes.fromhex(public), bytes.fromhex(signature), message + b"!")


@SUITES
def test_what_the_ledger_signs_is_good_and_no_bit_of_it_can_change(name):
    signer = KeySigner(ledger_suite(name), digest("a key"))
    verify, message = suite_named(name), b"hefu/block/1\nheader"
    signature = signer.sign(message)
    assert verify(signer.public_key, signature, message)
    for at in range(64):
        flipped = bytearray(signature)
        flipped[at] ^= 1 << at % 8
        assert not verify(signer.public_key, bytes(flipped), message)
    for at in range(len(signer.public_key)):
        flipped = bytearray(signer.public_key)
        flipped[at] ^= 1 << at % 8
        assert not verify(bytes(flipped), signature, message)


@SUITES
@pytest.mark.parametrize("cut", [0, 1, 32, 63, 65])
def test_keys_and_signatures_of_another_length_are_bad(name, cut):
    public, signature, message = VECTORS[name]
    verify = suite_named(name)
    assert not verify(bytes.fromhex(public), bytes.fromhex(signature).ljust(65, b"\0")[:cut], message)
    assert not verify(bytes.fromhex(public)[:cut] + b"\0", bytes.fromhex(signature), message)


def test_sm2_takes_one_spelling_of_a_key_and_numbers_in_range():
    public, signature, message = VECTORS["sm2"]
    verify, point, good = suite_named("sm2"), bytes.fromhex(public), bytes.fromhex(signature)
    parity = 6 + (point[-1] & 1)
    assert not verify(bytes([parity]) + point[1:], good, message)
    assert not verify(bytes([parity - 4]) + point[1:33], good, message)
    r, s = int.from_bytes(good[:32], "big"), int.from_bytes(good[32:], "big")
    for other in ((0, s), (r, 0), (r + ORDER, s), (r, s + ORDER), (r, ORDER - s), (ORDER, s)):
        if max(other) < 1 << 256:
            assert not verify(point, b"".join(n.to_bytes(32, "big") for n in other), message)


@pytest.mark.parametrize("name", ["sha256", "sm3"])
def test_hashes_are_those_of_the_ledger(name):
    for data in (b"", b"abc", bytes(1000)):
        assert hash_named(name)(data) == ledger_hash(name)(data)


def test_ml_dsa_65_meets_a_published_vector_and_the_ledger():
    public, signature, message = (bytes.fromhex(LATTICE[name]) for name in ("public_key", "signature", "message"))
    assert ml_dsa_65(public, signature, message)
    assert not ml_dsa_65(public, signature, message + b"!")
    assert not ml_dsa_65(public[:-1], signature, message)
    assert not ml_dsa_65(public, signature[:-1], message)
    seed = digest("seed")
    assert ml_dsa_65(hybrid.public_key(seed), hybrid.sign(seed, b"x"), b"x")


def test_what_a_machine_lacks_is_said_and_is_no_verdict(monkeypatch):
    monkeypatch.setattr(suites, "_libraries", lambda: iter(["no-such-library"]))
    suites._sm2.cache_clear()
    try:
        with pytest.raises(Unavailable, match="SM2_UNAVAILABLE"):
            suite_named("sm2")
    finally:
        suites._sm2.cache_clear()
    with pytest.raises(Unavailable, match="HASH_UNAVAILABLE"):
        hash_named("no-such-hash")


def test_a_library_that_calls_everything_good_is_not_believed(monkeypatch):
    monkeypatch.setattr(suites, "_sm2_of", lambda library: lambda public, signature, message: True)
    suites._sm2.cache_clear()
    try:
        with pytest.raises(Unavailable, match="SM2_UNAVAILABLE"):
            suite_named("sm2")
    finally:
        suites._sm2.cache_clear()
