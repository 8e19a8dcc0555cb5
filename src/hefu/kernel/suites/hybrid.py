"""
ML-DSA-65 beside a chain's own signature, for what must still convince when quantum computers break elliptic curves.

A hybrid signature is the suite's 64 bytes followed by 3,309 bytes of ML-DSA-65, both over the same message, and it is
good only if both are. Each half alone is an ordinary signature of that message, so the message itself must say what it
is for (checkpoints begin with a prefix of their own). It is too large for transactions: use it for checkpoints.

Source: FIPS 204 (2024), ML-DSA with an empty context string; signing is hedged: two signatures of one message differ.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

from hefu.kernel.errors import Unavailable, UsageError
from hefu.kernel.suites.port import Suite

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey

SCHEME = "ml-dsa-65"
SEED_BYTES = 32
PUBLIC_KEY_BYTES = 1952
SIGNATURE_BYTES = 3309
SUITE_SIGNATURE_BYTES = 64
HYBRID_SIGNATURE_BYTES = SUITE_SIGNATURE_BYTES + SIGNATURE_BYTES

_MISSING = "ML-DSA-65 is missing; install the package `cryptography`, 50 or later, built with OpenSSL 3.5 or later"


def generate_seed() -> bytes:
    """A fresh private seed, 32 bytes; whoever has it can sign."""
    return secrets.token_bytes(SEED_BYTES)


def public_key(seed: bytes) -> bytes:
    """
    The public key of a seed, 1,952 bytes.

    Raises:
        UsageError: The seed is not 32 bytes.
        Unavailable: This machine lacks ML-DSA-65.
    """
    return _private(seed).public_key().public_bytes_raw()


def sign(seed: bytes, message: bytes) -> bytes:
    """
    ML-DSA-65 signature, 3,309 bytes.

    Raises:
        UsageError: The seed is not 32 bytes.
        Unavailable: This machine lacks ML-DSA-65.
    """
    return _private(seed).sign(message)


def verify(public: bytes, signature: bytes, message: bytes) -> bool:
    """
    Whether an ML-DSA-65 signature is good. Malformed keys and signatures are bad signatures.

    Raises:
        Unavailable: This machine lacks ML-DSA-65.
    """
    if len(public) != PUBLIC_KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    try:
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey
    except ImportError:
        raise Unavailable(_MISSING, code="MLDSA_UNAVAILABLE") from None
    try:
        MLDSA65PublicKey.from_public_bytes(public).verify(signature, message)
    except UnsupportedAlgorithm:
        raise Unavailable(_MISSING, code="MLDSA_UNAVAILABLE") from None
    except (InvalidSignature, ValueError):
        return False
    return True


def sign_both(suite_sign: Callable[[bytes], bytes], seed: bytes, message: bytes) -> bytes:
    """
    Hybrid signature, 3,373 bytes.

    Args:
        suite_sign: Signs with the chain's suite, 64 bytes; a Signer's `sign`.
        seed: ML-DSA-65 seed, 32 bytes.

    Raises:
        UsageError: The seed is not 32 bytes.
        Unavailable: This machine lacks ML-DSA-65.
    """
    classical = suite_sign(message)
    assert len(classical) == SUITE_SIGNATURE_BYTES, "suites sign with 64 bytes"
    return classical + sign(seed, message)


def verify_both(suite: Suite, suite_public: bytes, public: bytes, signature: bytes, message: bytes) -> bool:
    """
    Whether both halves of a hybrid signature are good.

    Args:
        suite_public: Public key of the chain's suite, 32 or 65 bytes.
        public: ML-DSA-65 public key, 1,952 bytes.

    Raises:
        Unavailable: This machine lacks ML-DSA-65.
    """
    if len(signature) != HYBRID_SIGNATURE_BYTES:
        return False
    classical, lattice = signature[:SUITE_SIGNATURE_BYTES], signature[SUITE_SIGNATURE_BYTES:]
    return suite.verify(suite_public, classical, message) and verify(public, lattice, message)


def _private(seed: bytes) -> MLDSA65PrivateKey:
    if len(seed) != SEED_BYTES:
        raise UsageError("an ML-DSA-65 seed is 32 bytes", code="BAD_KEY")
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey
    except ImportError:
        raise Unavailable(_MISSING, code="MLDSA_UNAVAILABLE") from None
    try:
        return MLDSA65PrivateKey.from_seed_bytes(seed)
    except UnsupportedAlgorithm:
        raise Unavailable(_MISSING, code="MLDSA_UNAVAILABLE") from None
