"""
Sealing to a public key: HPKE in base mode with a KEM of ML-KEM-768 and X25519 together, HKDF-SHA-256 and AES-256-GCM.

Whoever sealed is not shown by the seal; signatures inside and around it show that. Keys are raw bytes: the public one is ML-KEM's
1,184 and X25519's 32, the private one ML-KEM's seed of 64 and X25519's 32.

Source: RFC 9180; the KEM, draft-ietf-hpke-pq (MLKEM768-X25519); ML-KEM, FIPS 203.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from hefu.kernel.errors import Corrupt, Unavailable, UsageError
from hefu.kernel.keyfile import KeyPair

SUITE = "mlkem768-x25519"
#: What sealing adds: ML-KEM's ciphertext, X25519's share, AES-GCM's tag.
OVERHEAD_BYTES = 1088 + 32 + 16
_PUBLIC, _PRIVATE = 1184, 64
_HPKE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def generate_pair(purpose: str) -> KeyPair:
    """
    A fresh key pair to seal to.

    Raises:
        Unavailable: This machine's cryptography has no ML-KEM (MLKEM_UNAVAILABLE).
    """
    try:
        first, second = MLKEM768PrivateKey.generate(), X25519PrivateKey.generate()
    except UnsupportedAlgorithm:
        raise Unavailable("this build of cryptography has no ML-KEM", code="MLKEM_UNAVAILABLE") from None
    public = first.public_key().public_bytes_raw() + second.public_key().public_bytes_raw()
    return KeyPair(purpose, SUITE, public, first.private_bytes_raw() + second.private_bytes_raw())


def seal(public_key: bytes, plain: bytes, info: bytes) -> bytes:
    """
    Encrypt to a public key.

    Args:
        info: What opening must repeat exactly.

    Raises:
        UsageError: These bytes are no public key of the suite (BAD_KEY).
    """
    try:
        key = MLKEM768X25519PublicKey(
            MLKEM768PublicKey.from_public_bytes(public_key[:_PUBLIC]),
            X25519PublicKey.from_public_bytes(public_key[_PUBLIC:]),
        )
        return _HPKE.encrypt(plain, key, info)
    except ValueError:
        raise UsageError("this is no key that can be sealed to", code="BAD_KEY") from None


def unseal(private_key: bytes, sealed: bytes, info: bytes) -> bytes:
    """
    Decrypt.

    Raises:
        Corrupt: Altered, sealed to another key, or bound to other information (LETTER_SEAL).
    """
    key = MLKEM768X25519PrivateKey(
        MLKEM768PrivateKey.from_seed_bytes(private_key[:_PRIVATE]),
        X25519PrivateKey.from_private_bytes(private_key[_PRIVATE:]),
    )
    try:
        return _HPKE.decrypt(sealed, key, info)
    except (InvalidTag, ValueError):
        raise Corrupt("the seal does not open with this key", code="LETTER_SEAL") from None
