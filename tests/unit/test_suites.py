"""The standards' own vectors, the edges of SM2's encodings, and a machine without SM2."""

from __future__ import annotations

import ctypes
import gc
import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from hefu.kernel.errors import Unavailable, UsageError
from hefu.kernel.hashing import hash_named
from hefu.kernel.suites import sm2
from hefu.kernel.suites.ed25519 import Ed25519Suite
from hefu.kernel.suites.sm2 import ORDER, Sm2Suite, from_der, to_der

# GB/T 32918.5-2017, annex A.2: key, message and signature under the ID 1234567812345678.
PRIVATE = bytes.fromhex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")
PUBLIC = bytes.fromhex(
    "04"
    "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
MESSAGE = b"message digest"
R = bytes.fromhex("F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3")
S = bytes.fromhex("B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA")
PRIME = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF

# RFC 8032, section 7.1, tests 1, 2, 3 and SHA(abc): seed, public key, message, signature.
ED25519 = """
    9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60
    d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a
    -
    e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b

    4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb
    3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c
    72
    92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00

    c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7
    fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025
    af82
    6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a

    833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42
    ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf
    ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f
    dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704
"""


@pytest.fixture(scope="module")
def suite() -> Sm2Suite:
    return Sm2Suite()


def test_sm2_meets_the_vector_of_the_standard(suite):
    assert suite.public_key(PRIVATE) == PUBLIC
    assert suite.verify(PUBLIC, R + S, MESSAGE)
    assert not suite.verify(PUBLIC, S + R, MESSAGE)


@pytest.mark.parametrize(
    ("message", "digest"),
    [
        (b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
        (b"abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
    ],
)
def test_sm3_meets_the_vectors_of_gbt_32905(message, digest):
    assert hash_named("sm3")(message).hex() == digest


@pytest.mark.parametrize("vector", ED25519.strip().split("\n\n"), ids=["1", "2", "3", "SHA(abc)"])
def test_ed25519_meets_the_vectors_of_rfc_8032(vector):
    seed, public, message, signature = (bytes.fromhex(line.strip(" -")) for line in vector.strip().split("\n"))
    suite = Ed25519Suite()
    assert suite.public_key(seed) == public
    assert suite.sign(seed, message) == signature
    assert suite.verify(public, signature, message)


def test_ed25519_has_one_signature_for_each_message():
    suite = Ed25519Suite()
    seed = bytes(range(32))
    signature = suite.sign(seed, b"m")
    order = 2**252 + 27742317777372353535851937790883648493
    s = int.from_bytes(signature[32:], "little") + order
    assert not suite.verify(suite.public_key(seed), signature[:32] + s.to_bytes(32, "little"), b"m")
    # The neutral element as key would let one signature stand for every message.
    assert not suite.verify(b"\1" + bytes(31), b"\1" + bytes(63), b"anything")


def test_sm2_refuses_r_and_s_outside_their_range(suite):
    r, s = int.from_bytes(R, "big"), int.from_bytes(S, "big")
    edges = [0, ORDER, ORDER + 1, 2**256 - 1, 1, ORDER - 1]
    pairs = [(edge, s) for edge in edges] + [(r, edge) for edge in edges]
    # r + s = 0 mod n is refused by the standard itself; n - s would verify under ECDSA.
    pairs += [(r, ORDER - r), (1, ORDER - 1), (r, ORDER - s), (ORDER - r, s)]
    for pair in pairs:
        assert not suite.verify(PUBLIC, b"".join(value.to_bytes(32, "big") for value in pair), MESSAGE), pair


def test_sm2_refuses_points_that_are_no_keys(suite):
    x, y = int.from_bytes(PUBLIC[1:33], "big"), int.from_bytes(PUBLIC[33:], "big")
    points = {
        "off the curve": (x, y ^ 1),
        "of another key": (x, PRIME - y),
        "at zero": (0, 0),
        "x at the prime": (PRIME, y),
        "x past the prime": (2**256 - 1, y),
        "y past the prime": (x, 2**256 - 1),
    }
    for name, (a, b) in points.items():
        assert not suite.verify(b"\4" + a.to_bytes(32, "big") + b.to_bytes(32, "big"), R + S, MESSAGE), name
    # One key, one name: compressed and hybrid forms are refused though libcrypto knows them.
    parity = 6 + (y & 1)
    for form in (bytes([parity]) + PUBLIC[1:], bytes([parity - 4]) + PUBLIC[1:33], PUBLIC[1:], PUBLIC + b"\0", b"\0"):
        assert not suite.verify(form, R + S, MESSAGE)


@pytest.mark.parametrize("value", [0, ORDER - 1, ORDER, 2**256 - 1])
def test_sm2_refuses_private_keys_outside_their_range(suite, value):
    for use in (suite.public_key, lambda key: suite.sign(key, b""), suite.prepare):
        with pytest.raises(UsageError) as caught:
            use(value.to_bytes(32, "big"))
        assert caught.value.code == "BAD_KEY"


@pytest.mark.parametrize("value", [1, 2, ORDER - 2])
def test_sm2_signs_with_private_keys_at_the_edges(suite, value):
    key = value.to_bytes(32, "big")
    assert suite.verify(suite.public_key(key), suite.sign(key, b"edge"), b"edge")


def test_generated_keys_lie_in_range(suite, monkeypatch):
    monkeypatch.setattr(sm2.secrets, "randbelow", lambda bound: 0)
    assert int.from_bytes(suite.generate(), "big") == 1
    monkeypatch.setattr(sm2.secrets, "randbelow", lambda bound: bound - 1)
    assert int.from_bytes(suite.generate(), "big") == ORDER - 2


@pytest.mark.parametrize("r", [1, 127, 128, 255, 256, 2**247, 2**255, ORDER - 1])
@pytest.mark.parametrize("s", [1, 128, 2**248 - 1, ORDER - 1])
def test_der_and_back_is_the_identity(r, s):
    raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    assert from_der(to_der(raw[:32], raw[32:])) == raw


GOOD_DER = to_der(R, S)
BAD_DER = {
    "empty": b"",
    "cut": GOOD_DER[:-1],
    "longer": GOOD_DER + b"\0",
    "another tag": b"\x31" + GOOD_DER[1:],
    "long form of length": b"\x30\x81" + GOOD_DER[1:],
    "padded integer": b"\x30\x47\x02\x22\x00" + GOOD_DER[4:],
    "negative r": b"\x30\x45\x02\x20" + GOOD_DER[5:],
    "zero": bytes.fromhex("3006020100020101"),
    "r = n": to_der(ORDER.to_bytes(32, "big"), S),
    "s = n": to_der(R, ORDER.to_bytes(32, "big")),
    "33 bytes": b"\x30\x46\x02\x21\x01" + GOOD_DER[5:],
}


@pytest.mark.parametrize("der", BAD_DER.values(), ids=BAD_DER.keys())
def test_only_the_one_der_encoding_is_read(der):
    assert from_der(GOOD_DER) == R + S
    with pytest.raises(ValueError):
        from_der(der)


def test_the_cache_is_bounded_and_frees_what_it_evicts(monkeypatch):
    suite = Sm2Suite(keys_max=3)
    library = suite._library
    loaded, freed, contexts = [], [], []
    read, free_key, new, free_context = (
        library.read_public,
        library.free_key,
        library.new_context,
        library.free_context,
    )

    def counted_read(*arguments):
        loaded.append(read(*arguments))
        return loaded[-1]

    def counted_free(handle):
        freed.append(handle)
        free_key(handle)

    def counted_new(*arguments):
        contexts.append(1)
        return new(*arguments)

    def counted_free_context(context):
        contexts.append(-1)
        free_context(context)

    monkeypatch.setattr(library, "read_public", counted_read)
    monkeypatch.setattr(library, "free_key", counted_free)
    monkeypatch.setattr(library, "new_context", counted_new)
    monkeypatch.setattr(library, "free_context", counted_free_context)
    suite._keys.clear()
    freed.clear()
    contexts.clear()

    points = [suite.public_key(bytes(31) + bytes([d])) for d in range(1, 9)]
    freed.clear()
    with ThreadPoolExecutor(4) as pool:
        assert not any(pool.map(lambda i: suite.verify(points[i % 8], R + S, MESSAGE), range(400)))
    assert len(suite._keys) == 3
    gc.collect()
    assert len(loaded) - len(freed) == 3
    # What was used last stays: no further load.
    before = len(loaded)
    suite.verify(next(reversed(suite._keys)), R + S, MESSAGE)
    assert len(loaded) == before
    suite._keys.clear()
    gc.collect()
    assert len(loaded) == len(freed)
    assert sum(contexts) == 0


def test_a_forked_child_is_not_stopped_by_a_lock_held_elsewhere():
    suite = Sm2Suite()
    held = suite._lock
    held.acquire()
    try:
        sm2._renew_locks()
        answer: list[bool] = []
        thread = threading.Thread(target=lambda: answer.append(suite.verify(PUBLIC, R + S, MESSAGE)), daemon=True)
        thread.start()
        thread.join(10)
        assert answer == [True]
    finally:
        held.release()


def test_a_machine_without_libcrypto_is_told_what_to_install(monkeypatch):
    monkeypatch.setattr(sm2, "candidates", lambda: iter(["libcrypto-that-is-not-there.so"]))
    _refuses_clearly()
    monkeypatch.setattr(sm2, "candidates", lambda: iter([]))
    _refuses_clearly()


def test_a_libcrypto_without_sm2_is_told_what_to_install(monkeypatch):
    # Such a build has every function, but reads no key of this curve.
    monkeypatch.setattr(sm2, "_read", lambda *arguments: None)
    _refuses_clearly()


def test_a_library_that_is_no_libcrypto_is_passed_over(monkeypatch):
    other = ctypes.util.find_library("c")
    with monkeypatch.context() as patch:
        patch.setattr(sm2, "candidates", lambda: iter([other]))
        _refuses_clearly()
    real = list(sm2.candidates())
    monkeypatch.setattr(sm2, "candidates", lambda: iter([other, *real]))
    assert Sm2Suite().verify(PUBLIC, R + S, MESSAGE)


@pytest.mark.parametrize("verdict", [0, 1, -1])
def test_a_library_that_always_gives_one_answer_is_not_trusted(monkeypatch, verdict):
    original = sm2._Library._function

    def function(self, name, *types):
        return (lambda *_: verdict) if name == "EVP_PKEY_verify" else original(self, name, *types)

    monkeypatch.setattr(sm2._Library, "_function", function)
    _refuses_clearly()


def test_a_python_without_sm3_is_told_so(monkeypatch):
    original = hashlib.new

    def new(name, *arguments, **options):
        if name == "sm3":
            raise ValueError("unsupported hash type sm3")
        return original(name, *arguments, **options)

    monkeypatch.setattr(hashlib, "new", new)
    _refuses_clearly()


def _refuses_clearly() -> None:
    with pytest.raises(Unavailable) as caught:
        Sm2Suite()
    assert caught.value.code == "SM2_UNAVAILABLE"
    assert "OpenSSL 3" in str(caught.value)
