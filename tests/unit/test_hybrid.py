"""ML-DSA-65 beside a suite: both halves must hold."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from hefu.kernel.errors import Unavailable, UsageError
from hefu.kernel.suites import hybrid, suite_named

MESSAGE = b"hefu/checkpoint/1 height 42"
SEED = bytes(range(32))
# Project Wycheproof's vector, computed again with an independent implementation.
VECTOR = json.loads((Path(__file__).parent.parent / "golden" / "ml_dsa_65.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module", params=["ed25519", "sm2"])
def suite(request):
    return suite_named(request.param)


@pytest.fixture(scope="module")
def lattice():
    return hybrid.public_key(SEED), hybrid.sign(SEED, MESSAGE)


def test_ml_dsa_65_meets_a_published_vector():
    seed, message, public, signature = (
        bytes.fromhex(VECTOR[name]) for name in ("seed", "message", "public_key", "signature")
    )
    assert hybrid.public_key(seed) == public
    assert hybrid.verify(public, signature, message)
    assert not hybrid.verify(public, signature, message + b"!")


def test_sizes_are_those_of_fips_204(lattice):
    assert (len(hybrid.generate_seed()), len(lattice[0]), len(lattice[1])) == (32, 1952, 3309)
    assert hybrid.generate_seed() != hybrid.generate_seed()


def test_signing_is_hedged_and_both_signatures_hold(lattice):
    other = hybrid.sign(SEED, MESSAGE)
    assert other != lattice[1]
    assert hybrid.verify(lattice[0], other, MESSAGE)


def test_a_flipped_bit_in_any_byte_is_refused(lattice):
    public, signature = lattice
    for at in range(len(signature)):
        flipped = bytearray(signature)
        flipped[at] ^= 1 << at % 8
        assert not hybrid.verify(public, bytes(flipped), MESSAGE), f"byte {at}"
    for at in range(0, len(public), 16):
        flipped = bytearray(public)
        flipped[at] ^= 1 << at % 8
        assert not hybrid.verify(bytes(flipped), signature, MESSAGE), f"key byte {at}"


def test_other_messages_keys_and_lengths_are_refused(lattice):
    public, signature = lattice
    assert not hybrid.verify(public, signature, MESSAGE[:-1])
    assert not hybrid.verify(hybrid.public_key(bytes(32)), signature, MESSAGE)
    for length in (0, 64, 3308, 3310):
        assert not hybrid.verify(public, (signature * 2)[:length], MESSAGE)
    for length in (0, 32, 1951, 1953):
        assert not hybrid.verify((public * 2)[:length], signature, MESSAGE)
    for length in (0, 31, 33):
        for use in (hybrid.public_key, lambda seed: hybrid.sign(seed, b"")):
            with pytest.raises(UsageError):
                use(bytes(length))


def test_a_hybrid_signature_needs_both_halves(suite):
    key = suite.generate()
    keys = suite.public_key(key), hybrid.public_key(SEED)
    signature = hybrid.sign_both(lambda message: suite.sign(key, message), SEED, MESSAGE)
    assert len(signature) == hybrid.HYBRID_SIGNATURE_BYTES == 3373
    assert hybrid.verify_both(suite, *keys, signature, MESSAGE)

    other = hybrid.sign_both(lambda message: suite.sign(key, message), SEED, b"another")
    bad = {
        "classical half of another message": other[:64] + signature[64:],
        "lattice half of another message": signature[:64] + other[64:],
        "first bit": bytes([signature[0] ^ 1]) + signature[1:],
        "first bit of the second half": signature[:64] + bytes([signature[64] ^ 1]) + signature[65:],
        "no second half": signature[:64],
        "no first half": signature[64:],
        "longer": signature + b"\0",
        "empty": b"",
    }
    for name, wrong in bad.items():
        assert not hybrid.verify_both(suite, *keys, wrong, MESSAGE), name
    assert not hybrid.verify_both(suite, suite.public_key(suite.generate()), keys[1], signature, MESSAGE)
    assert not hybrid.verify_both(suite, keys[0], hybrid.public_key(bytes(32)), signature, MESSAGE)


def test_a_machine_without_ml_dsa_is_told_so(monkeypatch, lattice):
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric.mldsa", None)
    for use in (lambda: hybrid.sign(SEED, b""), lambda: hybrid.verify(*lattice, MESSAGE)):
        with pytest.raises(Unavailable) as caught:
            use()
        assert caught.value.code == "MLDSA_UNAVAILABLE"
