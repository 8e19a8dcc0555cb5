"""
The port of what signs, and the adapter for keys held in memory.

A signer shows its public key and signs; it never gives its private key away, so that a device can stand in its place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn, Protocol

import nacl.bindings as sodium

from hefu.kernel.errors import Corrupt, UsageError
from hefu.kernel.keyfile import KeyPair
from hefu.kernel.suites import suite_named
from hefu.kernel.suites.ed25519 import Ed25519Suite
from hefu.kernel.suites.port import Suite
from hefu.kernel.suites.sm2 import Sm2Suite


class Signer(Protocol):
    """Signs for one key pair of one suite."""

    @property
    def suite_name(self) -> str:
        """Name of the suite, as a genesis names it."""
        ...

    @property
    def public_key(self) -> bytes:
        """The public key, 32 or 65 bytes."""
        ...

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        ...


class KeySigner:
    """
    Signs with a private key in memory, loaded once; any number of threads may share it.

    Python cannot wipe the key's bytes, so they stay in this process's memory until it ends or reuses the place.

    Args:
        suite: What the key belongs to.
        private_key: 32 bytes.

    Raises:
        UsageError: The private key is not one of this suite.
    """

    __slots__ = ("_sign", "public_key", "suite_name")

    def __init__(self, suite: Suite, private_key: bytes) -> None:
        if len(private_key) != 32:
            raise UsageError("a private key is 32 bytes", code="BAD_KEY")
        self.suite_name = suite.name
        self.public_key = suite.public_key(private_key)
        self._sign = _prepared(suite, private_key)

    @classmethod
    def of(cls, pair: KeyPair, suite: Suite | None = None) -> KeySigner:
        """
        Signer of a key pair that was read from a file or the environment.

        Args:
            suite: The suite to use where one is at hand already; else one is made.

        Raises:
            UsageError: The key pair belongs to another or an unknown suite.
            Corrupt: The private key does not give the public key beside it.
        """
        suite = suite or suite_named(pair.suite_name)
        if suite.name != pair.suite_name:
            raise UsageError(f"this key is for {pair.suite_name}, not for {suite.name}", code="WRONG_SUITE")
        signer = cls(suite, pair.private_key)
        if signer.public_key != pair.public_key:
            raise Corrupt("the private key does not belong to its public key", code="KEYFILE_DAMAGED")
        return signer

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        return self._sign(message)

    def __repr__(self) -> str:
        return f"KeySigner({self.suite_name}, public_key={self.public_key.hex()})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a signer stays in its process; send the message to it instead")


def _prepared(suite: Suite, private_key: bytes) -> Callable[[bytes], bytes]:
    if isinstance(suite, Ed25519Suite):
        # Expanding the seed costs as much as signing does, so it is done once.
        _, secret = sodium.crypto_sign_seed_keypair(private_key)
        return lambda message: bytes(sodium.crypto_sign(message, secret)[:64])
    if isinstance(suite, Sm2Suite):
        return suite.prepare(private_key)
    return lambda message: suite.sign(private_key, message)
