"""The port of a signature suite: what a chain signs and verifies with, chosen once in its genesis."""

from __future__ import annotations

from typing import Protocol


class Suite(Protocol):
    """
    Verifies and makes signatures. Signatures are 64 bytes in both suites (Ed25519: RFC 8032; SM2: r || s, 32 bytes each).

    Public keys are 32 bytes (Ed25519) or 65 (SM2: 04 || x || y). Private keys are 32 bytes.
    """

    name: str
    public_key_bytes: int

    def verify(self, public_key: bytes, signature: bytes, message: bytes) -> bool:
        """Whether the signature is good. Malformed keys and signatures are bad signatures, not errors."""
        ...

    def sign(self, private_key: bytes, message: bytes) -> bytes:
        """64 bytes."""
        ...

    def public_key(self, private_key: bytes) -> bytes:
        """The public half of a private key."""
        ...

    def generate(self) -> bytes:
        """A fresh private key from the system's random source."""
        ...
