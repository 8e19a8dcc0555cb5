"""
SM2 signatures with SM3 through ctypes on the system's libcrypto 3: 2,000 to 3,400 verifications a second on one core.

The digest e = SM3(Z || message) is computed here with a Z kept per key, and libcrypto sees only e: that saves setting
up a digest for each message. ctypes releases the interpreter's lock during the call. The module never falls back to
arithmetic of its own: a machine without SM2 is told so when the suite is made.

Source: GB/T 32918.2-2016 (signatures), GB/T 32918.5-2017 (curve, default user ID), GB/T 32905-2016 (SM3).
"""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import hashlib
import os
import secrets
import sys
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator
from ctypes import POINTER, byref, c_char_p, c_int, c_long, c_size_t, c_void_p
from typing import Any

from hefu.kernel.errors import EngineError, Unavailable, UsageError

USER_ID = b"1234567812345678"
#: Order of the base point, n.
ORDER = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123

_CURVE = bytes.fromhex(
    "fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc"  # a
    "28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93"  # b
    "32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7"  # x of the base point
    "bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0"  # y of the base point
)
_Z_PREFIX = (8 * len(USER_ID)).to_bytes(2, "big") + USER_ID + _CURVE
_ZERO_BYTES = bytes(32)
_ORDER_BYTES = ORDER.to_bytes(32, "big")
# SubjectPublicKeyInfo and ECPrivateKey (RFC 5480, RFC 5915) around the curve's object identifier 1.2.156.10197.1.301.
_PUBLIC_HEAD = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")
_PRIVATE_HEAD = bytes.fromhex("30310201010420")
_PRIVATE_TAIL = bytes.fromhex("a00a06082a811ccf5501822d")
_SIGNATURE_DER_MAX = 72

# GB/T 32918.5-2017, annex A.2: what a library must verify before it is trusted.
_PROBE_PUBLIC = bytes.fromhex(
    "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)
_PROBE_SIGNATURE = bytes.fromhex(
    "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
    "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
)
_PROBE_MESSAGE = b"message digest"


def candidates() -> Iterator[str]:
    """Names or paths under which libcrypto may be found, the likeliest first."""
    # macOS kills a process that loads its unversioned libcrypto, so only versioned names are tried there.
    found = None if sys.platform == "darwin" else ctypes.util.find_library("crypto")
    if found:
        yield found
    if sys.platform == "darwin":
        yield from ("/opt/homebrew/lib/libcrypto.3.dylib", "/usr/local/lib/libcrypto.3.dylib")
    else:
        yield "libcrypto.so.3"
    # Looking a symbol up in Python's own extension also searches the libcrypto that it is linked with.
    with contextlib.suppress(ImportError):
        import _hashlib

        yield str(_hashlib.__file__)


class _Library:
    """The few functions of libcrypto that are used here, with their types."""

    def __init__(self, path: str) -> None:
        self._handle = ctypes.CDLL(path)
        key_reader = (c_void_p, POINTER(c_char_p), c_long)
        operation = (c_void_p, c_char_p, c_size_t, c_char_p, c_size_t)
        self.read_public = self._function("d2i_PUBKEY", c_void_p, *key_reader)
        self.read_private = self._function("d2i_AutoPrivateKey", c_void_p, *key_reader)
        self.write_public = self._function("i2d_PUBKEY", c_int, c_void_p, POINTER(c_void_p))
        self.free_key = self._function("EVP_PKEY_free", None, c_void_p)
        self.new_context = self._function("EVP_PKEY_CTX_new", c_void_p, c_void_p, c_void_p)
        self.free_context = self._function("EVP_PKEY_CTX_free", None, c_void_p)
        self.verify_init = self._function("EVP_PKEY_verify_init", c_int, c_void_p)
        self.verify = self._function("EVP_PKEY_verify", c_int, *operation)
        self.sign_init = self._function("EVP_PKEY_sign_init", c_int, c_void_p)
        self.sign = self._function("EVP_PKEY_sign", c_int, c_void_p, c_char_p, POINTER(c_size_t), c_char_p, c_size_t)
        # The error queue is shared with Python's ssl module, which misreads what others leave there.
        self.clear_errors = self._function("ERR_clear_error", None)

    def _function(self, name: str, result: Any, *arguments: Any) -> Callable[..., Any]:
        function = getattr(self._handle, name)
        # Without a result type a pointer would be cut to 32 bits.
        function.restype = result
        function.argtypes = arguments
        return function  # type: ignore[no-any-return]


class _LoadedKey:
    """
    A key inside libcrypto and its idle contexts.

    A context serves one call at a time, so a call borrows one and puts it back. The key is freed with its contexts when
    the last reference goes, which a running call holds: eviction from a cache can never free what is in use.
    """

    __slots__ = ("__weakref__", "_handle", "_idle", "_init", "_library", "_z_state", "point")

    def __init__(self, library: _Library, handle: int, point: bytes, init: Callable[..., Any]) -> None:
        self._library, self._handle, self._init = library, handle, init
        self._idle: list[int] = []
        self.point = point
        z = hashlib.new("sm3", _Z_PREFIX + point[1:]).digest()
        self._z_state = hashlib.new("sm3", z)

    def _digest(self, message: bytes) -> bytes:
        state = self._z_state.copy()
        state.update(message)
        return state.digest()

    def _borrow(self) -> int:
        try:
            # Taking from a list is one step under the interpreter's lock; no two threads get the same context.
            return self._idle.pop()
        except IndexError:
            context = self._library.new_context(self._handle, None)
            if context and self._init(context) == 1:
                return int(context)
            self._library.free_context(context)
            self._library.clear_errors()
            raise EngineError("libcrypto could not prepare an SM2 operation") from None

    def verifies(self, signature: bytes, message: bytes) -> bool:
        digest, context = self._digest(message), self._borrow()
        try:
            verdict = self._library.verify(context, signature, len(signature), digest, len(digest))
        finally:
            self._idle.append(context)
        if verdict == 1:
            return True
        self._library.clear_errors()
        if verdict < 0:
            # Key, encoding and range are checked by now; what remains is memory, which says nothing of the signature.
            raise EngineError("libcrypto could not decide on an SM2 signature")
        return False

    def signature(self, message: bytes) -> bytes:
        digest, context = self._digest(message), self._borrow()
        buffer, length = ctypes.create_string_buffer(_SIGNATURE_DER_MAX), c_size_t(_SIGNATURE_DER_MAX)
        try:
            done = self._library.sign(context, buffer, byref(length), digest, len(digest))
        finally:
            self._idle.append(context)
        if done != 1:
            self._library.clear_errors()
            raise EngineError("libcrypto could not make an SM2 signature")
        return from_der(buffer.raw[: length.value])

    def __del__(self, is_finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        # As a default, because this module's names may be gone when the interpreter ends.
        if is_finalizing():
            return
        for context in self._idle:
            self._library.free_context(context)
        self._library.free_key(self._handle)


def to_der(r: bytes, s: bytes) -> bytes:
    """SEQUENCE of two positive INTEGERs (ITU-T X.690), from 32 bytes each that are not zero."""
    body = _der_integer(r) + _der_integer(s)
    return b"\x30" + bytes((len(body),)) + body


def _der_integer(value: bytes) -> bytes:
    digits = value.lstrip(b"\0")
    if digits[0] & 0x80:
        digits = b"\0" + digits
    return b"\x02" + bytes((len(digits),)) + digits


def from_der(der: bytes) -> bytes:
    """
    r || s, 64 bytes, from the one DER encoding of a signature.

    Raises:
        ValueError: Any other encoding, r or s out of [1, n - 1], or bytes after the end.
    """
    try:
        r_end = 4 + der[3]
        r, s = der[4:r_end].lstrip(b"\0"), der[r_end + 2 :].lstrip(b"\0")
        r, s = r.rjust(32, b"\0"), s.rjust(32, b"\0")
        strict = _in_range(r) and _in_range(s) and to_der(r, s) == der
    except IndexError:
        strict = False
    if not strict:
        raise ValueError("not the DER encoding of an SM2 signature")
    return r + s


def _in_range(value: bytes) -> bool:
    return len(value) == 32 and _ZERO_BYTES < value < _ORDER_BYTES


class Sm2Suite:
    """
    SM2 with SM3 and the user ID 1234567812345678.

    One object serves any number of threads, and works on in a forked process; pickling makes a fresh one. A signature
    (r, s) has no second form that verifies: n - s is no such form as it is with ECDSA.

    Args:
        library: Name or path of the libcrypto to use; where absent, the system's own.
        keys_max: Loaded public keys to keep, count; about 4 KiB each.

    Raises:
        Unavailable: No libcrypto here passes the standard's vector, or Python lacks SM3.
    """

    name = "sm2"
    public_key_bytes = 65

    def __init__(self, library: str | None = None, *, keys_max: int = 4096) -> None:
        if keys_max < 1:
            raise UsageError("keys_max must be at least 1")
        self._arguments = (library, keys_max)
        self._keys_max = keys_max
        self._keys: OrderedDict[bytes, _LoadedKey] = OrderedDict()
        self._lock = threading.Lock()
        self._library = self._trusted_library((library,) if library else tuple(candidates()))
        _live_suites.add(self)

    def verify(self, public_key: bytes, signature: bytes, message: bytes) -> bool:
        """
        Whether the signature is good. Malformed keys and signatures are bad signatures.

        Raises:
            EngineError: libcrypto is out of memory.
        """
        if len(signature) != 64:
            return False
        r, s = signature[:32], signature[32:]
        if not (_in_range(r) and _in_range(s)):
            return False
        key = self._loaded(public_key)
        return key is not None and key.verifies(to_der(r, s), message)

    def sign(self, private_key: bytes, message: bytes) -> bytes:
        """
        r || s, 64 bytes. It loads the key each time; `prepare` does that once.

        Raises:
            UsageError: The private key is not 32 bytes in [1, n - 2].
        """
        return self.prepare(private_key)(message)

    def prepare(self, private_key: bytes) -> Callable[[bytes], bytes]:
        """
        A function that signs with a key loaded once, for any number of threads.

        Raises:
            UsageError: The private key is not 32 bytes in [1, n - 2].
        """
        return self._loaded_private(private_key).signature

    def public_key(self, private_key: bytes) -> bytes:
        """
        04 || x || y, 65 bytes.

        Raises:
            UsageError: The private key is not 32 bytes in [1, n - 2].
        """
        return self._loaded_private(private_key).point

    def generate(self) -> bytes:
        """A fresh private key in [1, n - 2], 32 bytes (GB/T 32918.1-2016, clause 6.1)."""
        return (1 + secrets.randbelow(ORDER - 2)).to_bytes(32, "big")

    def __reduce__(self) -> tuple[Callable[..., Sm2Suite], tuple[str | None, int]]:
        return _make_suite, self._arguments

    def _trusted_library(self, paths: tuple[str, ...]) -> _Library:
        try:
            hashlib.new("sm3")
        except ValueError:
            raise Unavailable(
                "Python's OpenSSL lacks SM3, which SM2 needs; use a Python built against OpenSSL 3 with SM3",
                code="SM2_UNAVAILABLE",
            ) from None
        for path in paths:
            try:
                self._library = _Library(path)
            except (OSError, AttributeError):
                continue
            if self._passes_probe():
                return self._library
            self._keys.clear()
        raise Unavailable(
            "no OpenSSL 3 library with SM2 was found; install one that has it (libssl3 on Debian and Ubuntu, "
            "openssl-libs on openEuler; some distributions build theirs without SM2), or choose --suite ed25519",
            code="SM2_UNAVAILABLE",
        )

    def _passes_probe(self) -> bool:
        try:
            # A library that calls everything good must fail as well.
            good = self.verify(_PROBE_PUBLIC, _PROBE_SIGNATURE, _PROBE_MESSAGE)
            return good and not self.verify(_PROBE_PUBLIC, _PROBE_SIGNATURE, _PROBE_MESSAGE + b".")
        except EngineError:
            return False

    def _loaded(self, point: bytes) -> _LoadedKey | None:
        with self._lock:
            key = self._keys.get(point)
            if key is not None:
                self._keys.move_to_end(point)
                return key
        # libcrypto takes hybrid forms (06, 07) too: a second name for one key, so only 04 passes. It checks the curve.
        if len(point) != 65 or point[0] != 4:
            return None
        handle = _read(self._library, self._library.read_public, _PUBLIC_HEAD + point)
        if handle is None:
            return None
        key, evicted = _LoadedKey(self._library, handle, point, self._library.verify_init), None
        with self._lock:
            self._keys[point] = key
            if len(self._keys) > self._keys_max:
                _, evicted = self._keys.popitem(last=False)
        # Freed outside the lock, and only once no other thread uses it.
        del evicted
        return key

    def _loaded_private(self, private_key: bytes) -> _LoadedKey:
        if len(private_key) != 32 or not 1 <= int.from_bytes(private_key, "big") <= ORDER - 2:
            raise UsageError("an SM2 private key is 32 bytes in [1, n - 2]", code="BAD_KEY")
        library = self._library
        handle = _read(library, library.read_private, _PRIVATE_HEAD + private_key + _PRIVATE_TAIL)
        if handle is None:
            raise EngineError("libcrypto could not load an SM2 private key")
        return _LoadedKey(library, handle, _point_of(library, handle), library.sign_init)


def _read(library: _Library, reader: Callable[..., Any], der: bytes) -> int | None:
    handle = reader(None, byref(c_char_p(der)), len(der))
    if not handle:
        library.clear_errors()
        return None
    return int(handle)


def _point_of(library: _Library, handle: int) -> bytes:
    buffer = ctypes.create_string_buffer(256)
    length = library.write_public(handle, byref(c_void_p(ctypes.addressof(buffer))))
    der = buffer.raw[: max(length, 0)]
    assert der[:-65] == _PUBLIC_HEAD, "libcrypto wrote another form of public key"
    return der[-65:]


def _make_suite(library: str | None, keys_max: int) -> Sm2Suite:
    return Sm2Suite(library, keys_max=keys_max)


_live_suites: weakref.WeakSet[Sm2Suite] = weakref.WeakSet()


def _renew_locks() -> None:
    # A lock that another thread held when the process forked would stay locked in the child for ever.
    for suite in list(_live_suites):
        suite._lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_locks)
