"""
The hash and the signatures that a genesis names: SHA-256 and SM3 through hashlib, Ed25519 through libsodium, SM2 through the
system's libcrypto, ML-DSA-65 through `cryptography`. Nothing here signs.
"""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import functools
import hashlib
import sys
from collections.abc import Callable, Iterator
from ctypes import POINTER, byref, c_char_p, c_int, c_long, c_size_t, c_void_p
from typing import Any

from hefu_verify.codec import Refused
from hefu_verify.primitives import Hash

Verify = Callable[[bytes, bytes, bytes], bool]
#: Public keys that stay read: a bundle has the same few again and again.
KEYS_KEPT = 64

# SM2 (GB/T 32918): order of the base point; user ID with its length in bits and the curve's a, b, x, y, as they go into Z.
_ORDER = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
_Z_HEAD = b"\x00\x801234567812345678" + bytes.fromhex(
    "fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc"
    "28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93"
    "32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7"
    "bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0"
)
# SubjectPublicKeyInfo of a key on that curve, up to the point itself (RFC 5480).
_KEY_HEAD = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")
# GB/T 32918.5-2017, annex A.2: what a library must call good before it is believed, and its public key.
_PROBE_KEY = bytes.fromhex(
    "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)
_PROBE_SIGNATURE = bytes.fromhex(
    "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
    "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
)


class Unavailable(Refused):
    """This machine lacks what the check needs. It says nothing about the bytes."""


def hash_named(name: str) -> Hash:
    """The hash function that a genesis names."""
    try:
        empty = hashlib.new(name)
    except ValueError:
        raise Unavailable("HASH_UNAVAILABLE", f"this Python's OpenSSL has no {name}") from None

    def hashed(data: bytes) -> bytes:
        # A copy of one that has read nothing: by its name, OpenSSL would be searched for it each time.
        state = empty.copy()
        state.update(data)
        return state.digest()

    return hashed


def suite_named(name: str) -> Verify:
    """The function that verifies (public key, signature, message) in the suite that a genesis names."""
    return _ed25519 if name == "ed25519" else _sm2()


def _ed25519(public: bytes, signature: bytes, message: bytes) -> bool:
    from nacl.exceptions import CryptoError
    from nacl.signing import VerifyKey

    if len(public) != 32 or len(signature) != 64:
        return False
    try:
        VerifyKey(public).verify(message, signature)
    except CryptoError:
        return False
    return True


def ml_dsa_65(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether an ML-DSA-65 signature (FIPS 204, empty context) is good."""
    try:
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey
    except ImportError:
        raise Unavailable("MLDSA_UNAVAILABLE", "ML-DSA-65 needs the package cryptography, 50 or later") from None
    try:
        MLDSA65PublicKey.from_public_bytes(public).verify(signature, message)
    except UnsupportedAlgorithm:
        raise Unavailable("MLDSA_UNAVAILABLE", "this build of cryptography has no ML-DSA-65") from None
    except (InvalidSignature, ValueError):
        return False
    return True


@functools.cache
def _sm2() -> Verify:
    with contextlib.suppress(ValueError):
        hashlib.new("sm3")
        for name in _libraries():
            with contextlib.suppress(OSError, AttributeError):
                verify = _sm2_of(ctypes.CDLL(name))
                good = verify(_PROBE_KEY, _PROBE_SIGNATURE, b"message digest")
                # A library that calls everything good must fail as well.
                if good and not verify(_PROBE_KEY, _PROBE_SIGNATURE, b"another digest"):
                    return verify
    raise Unavailable("SM2_UNAVAILABLE", "no OpenSSL 3 with SM2 and SM3 was found on this machine")


def _libraries() -> Iterator[str]:
    # macOS ends a process that loads its unversioned libcrypto, so only versioned names are tried there.
    if sys.platform == "darwin":
        yield from ("/opt/homebrew/lib/libcrypto.3.dylib", "/usr/local/lib/libcrypto.3.dylib")
    else:
        yield from (ctypes.util.find_library("crypto") or "libcrypto.so.3", "libcrypto.so.3")
    with contextlib.suppress(ImportError):
        import _hashlib

        yield str(_hashlib.__file__)


class _Key:
    """A public key as libcrypto read it, freed with this object; reading takes a quarter as long as verifying."""

    def __init__(self, handle: Any, free: Callable[[Any], Any]) -> None:
        self.handle, self._free = handle, free

    def __del__(self) -> None:
        self._free(self.handle)


def _sm2_of(library: ctypes.CDLL) -> Verify:
    # Calls that end at once keep the interpreter's lock: getting it back takes longer beside a thread that reads.
    quick = ctypes.PyDLL(library._name, handle=library._handle)

    def function(name: str, result: Any, *arguments: Any, of: ctypes.CDLL = quick) -> Callable[..., Any]:
        found = getattr(of, name)
        # Without a result type a pointer would be cut to 32 bits.
        found.restype, found.argtypes = result, arguments
        return found  # type: ignore[no-any-return]

    read_key = function("d2i_PUBKEY", c_void_p, c_void_p, POINTER(c_char_p), c_long)
    free_key = function("EVP_PKEY_free", None, c_void_p)
    new_context = function("EVP_PKEY_CTX_new", c_void_p, c_void_p, c_void_p)
    free_context = function("EVP_PKEY_CTX_free", None, c_void_p)
    begin = function("EVP_PKEY_verify_init", c_int, c_void_p)
    check = function("EVP_PKEY_verify", c_int, c_void_p, c_char_p, c_size_t, c_char_p, c_size_t, of=library)
    # Python's ssl module misreads errors that others leave in the queue it shares.
    clear_errors = function("ERR_clear_error", None)

    @functools.lru_cache(KEYS_KEPT)
    def key_of(public: bytes) -> _Key:
        raw = _KEY_HEAD + public
        return _Key(read_key(None, byref(c_char_p(raw)), len(raw)), free_key)

    def verify(public: bytes, signature: bytes, message: bytes) -> bool:
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        # libcrypto knows other spellings of a point (02, 03, 06, 07): second names for one key, so only 04 passes.
        if len(public) != 65 or public[0] != 4 or len(signature) != 64 or not (0 < r < _ORDER and 0 < s < _ORDER):
            return False
        digest = hashlib.new("sm3", hashlib.new("sm3", _Z_HEAD + public[1:]).digest() + message).digest()
        der = _der(_der_integer(r) + _der_integer(s), 0x30)
        key = key_of(public)
        context = new_context(key.handle, None) if key.handle else None
        try:
            return bool(context) and begin(context) == 1 and check(context, der, len(der), digest, 32) == 1
        finally:
            free_context(context)
            clear_errors()

    return verify


def _der(body: bytes, tag: int) -> bytes:
    return bytes((tag, len(body))) + body


def _der_integer(value: int) -> bytes:
    # One bit more than the number has, so that its first bit is never read as a sign.
    return _der(value.to_bytes(value.bit_length() // 8 + 1, "big"), 0x02)
