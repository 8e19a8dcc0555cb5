"""One table for every signature suite: what a chain may expect of each."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from hefu.kernel.errors import UsageError
from hefu.kernel.signer import KeySigner
from hefu.kernel.suites import Suite, suite_named

MESSAGE = b"issue R1 Steel Parts 1000"


@pytest.fixture(scope="module", params=["ed25519", "sm2"])
def suite(request: pytest.FixtureRequest) -> Suite:
    return suite_named(request.param)


@pytest.fixture(scope="module")
def keys(suite: Suite) -> tuple[bytes, bytes]:
    private_key = suite.generate()
    return private_key, suite.public_key(private_key)


def test_a_signature_verifies_under_its_own_key_and_message(suite, keys):
    private_key, public_key = keys
    for message in (MESSAGE, b"", bytes(100_000)):
        signature = suite.sign(private_key, message)
        assert len(signature) == 64
        assert suite.verify(public_key, signature, message)


def test_sizes_are_those_of_the_port(suite, keys):
    private_key, public_key = keys
    assert (len(private_key), len(public_key)) == (32, suite.public_key_bytes)
    assert suite.generate() != suite.generate()


def test_every_bit_of_a_signature_counts(suite, keys):
    private_key, public_key = keys
    signature = suite.sign(private_key, MESSAGE)
    for bit in range(512):
        flipped = bytearray(signature)
        flipped[bit // 8] ^= 1 << bit % 8
        assert not suite.verify(public_key, bytes(flipped), MESSAGE), f"bit {bit}"


def test_every_bit_of_message_and_key_counts(suite, keys):
    private_key, public_key = keys
    signature = suite.sign(private_key, MESSAGE)
    for at in range(8 * len(MESSAGE)):
        other = bytearray(MESSAGE)
        other[at // 8] ^= 1 << at % 8
        assert not suite.verify(public_key, signature, bytes(other)), f"message bit {at}"
    for at in range(8 * len(public_key)):
        other = bytearray(public_key)
        other[at // 8] ^= 1 << at % 8
        assert not suite.verify(bytes(other), signature, MESSAGE), f"key bit {at}"


def test_another_key_does_not_verify(suite, keys):
    signature = suite.sign(keys[0], MESSAGE)
    assert not suite.verify(suite.public_key(suite.generate()), signature, MESSAGE)


@pytest.mark.parametrize("length", [0, 1, 31, 32, 33, 63, 64, 65, 66, 1000])
def test_keys_of_any_length_are_bad_signatures_rather_than_errors(suite, keys, length):
    signature = suite.sign(keys[0], MESSAGE)
    for fill in (b"\0", b"\x04", b"\xff"):
        assert not suite.verify(fill * length, signature, MESSAGE)


@pytest.mark.parametrize("length", [0, 1, 32, 63, 65, 70, 72, 128])
def test_signatures_of_any_length_are_bad_signatures_rather_than_errors(suite, keys, length):
    private_key, public_key = keys
    signature = suite.sign(private_key, MESSAGE)
    assert not suite.verify(public_key, (signature * 2)[:length], MESSAGE)
    for fill in (b"\0", b"\xff"):
        assert not suite.verify(public_key, fill * length, MESSAGE)
        assert not suite.verify(public_key, fill * 64, MESSAGE)


def test_a_signer_signs_as_its_suite_does(suite, keys):
    private_key, public_key = keys
    signer = KeySigner(suite, private_key)
    assert (signer.suite_name, signer.public_key) == (suite.name, public_key)
    for message in (MESSAGE, b"", MESSAGE):
        assert suite.verify(public_key, signer.sign(message), message)


def test_a_signer_refuses_keys_of_another_length(suite):
    for length in (0, 31, 33, 64):
        with pytest.raises(UsageError) as caught:
            KeySigner(suite, bytes([7]) * length)
        assert caught.value.code == "BAD_KEY"


def test_a_signer_shows_no_secret_and_stays_in_its_process(suite, keys):
    signer = KeySigner(suite, keys[0])
    for text in (repr(signer), str(signer), f"{signer}"):
        assert keys[0].hex() not in text
        assert repr(keys[0]) not in text
    assert not hasattr(signer, "__dict__")
    with pytest.raises(TypeError):
        pickle.dumps(signer)


def test_threads_share_a_suite_and_a_signer(suite, keys):
    signer = KeySigner(suite, keys[0])

    def work(number: int) -> bool:
        message = number.to_bytes(4, "big")
        signature = signer.sign(message)
        return suite.verify(keys[1], signature, message) and not suite.verify(keys[1], signature, MESSAGE)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(200)))


def test_forked_processes_verify_on(suite, keys):
    signature = suite.sign(keys[0], MESSAGE)
    assert suite.verify(keys[1], signature, MESSAGE)
    processes = [
        multiprocessing.get_context("fork").Process(target=_verify, args=(suite, keys[1], signature)) for _ in range(4)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(20)
    assert [process.exitcode for process in processes] == [0] * 4
    assert suite.verify(keys[1], signature, MESSAGE)


def test_a_suite_travels_to_a_fresh_process(suite, keys):
    program = "import pickle, sys; suite, *rest = pickle.load(sys.stdin.buffer); sys.exit(not suite.verify(*rest))"
    cargo = pickle.dumps((suite, keys[1], suite.sign(keys[0], MESSAGE), MESSAGE))
    assert subprocess.run([sys.executable, "-c", program], input=cargo, timeout=60).returncode == 0


def _verify(suite: Suite, public_key: bytes, signature: bytes) -> None:
    good = suite.verify(public_key, signature, MESSAGE) and not suite.verify(public_key, signature, b"")
    fresh = suite.generate()
    signed = suite.verify(suite.public_key(fresh), suite.sign(fresh, MESSAGE), MESSAGE)
    os._exit(0 if good and signed else 1)
