"""
Identifiers: H(chain, creator's account, creator's salt, kind).

They are known before signing, usable inside the same transaction, and nobody can take another's in advance.
"""

from __future__ import annotations

from hefu.kernel.hashing import TAGS, Hash, Tag

SALT_BYTES = 16
_PREFIX = TAGS[Tag.IDENTIFIER]


def derive_id(h: Hash, chain_id: bytes, account: bytes, salt: bytes, kind: str) -> bytes:
    """
    Identifier of a new thing, 32 bytes.

    Args:
        account: Creator's account, 32 bytes.
        salt: Creator's salt, 16 bytes.
        kind: What is created, for example "right".
    """
    return h(_PREFIX + chain_id + account + salt + kind.encode("ascii"))
