"""
Transactions: an atomic list of salted commands under a header that every party signs.

    wire    = [header bytes, [signature...], [[salt, command bytes]...]]
    header  = [version, chain id, valid from, expires at, count, commands root, [key...]]

The identifier is the hash of the header bytes as received. Nothing here looks at state.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from hefu.kernel import merkle
from hefu.kernel.codec import Codec, Record, encode
from hefu.kernel.errors import Corrupt, Rejected
from hefu.kernel.hashing import TAGS, Hash, Tag
from hefu.kernel.ids import SALT_BYTES
from hefu.kernel.signer import Signer
from hefu.kernel.suites.port import Suite
from hefu.ledger.genesis import Bounds

VERSION = 1
SIGNING_PREFIX = b"hefu/transaction/1\n"
_TRANSACTION = TAGS[Tag.TRANSACTION]


class Header(Record, frozen=True):
    """
    What signers sign.

    `valid_from_ms` and `expires_at_ms` are block time; a transaction outside its window is refused, and the window is
    no longer than a day, so that marks against replay can be forgotten.
    """

    version: int
    chain_id: bytes
    valid_from_ms: int
    expires_at_ms: int
    count: int
    commands_root: bytes
    keys: tuple[bytes, ...]


class Wire(Record, frozen=True):
    """A transaction as it travels."""

    header: bytes
    signatures: tuple[bytes, ...]
    commands: tuple[tuple[bytes, bytes], ...]


HEADER: Codec[Header] = Codec(Header)
WIRE: Codec[Wire] = Codec(Wire)


def transaction_id(h: Hash, header: bytes) -> bytes:
    """Identifier of a transaction, from its header bytes as received."""
    return h(_TRANSACTION + header)


def command_leaves(h: Hash, commands: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
    """Leaf hashes over salt and command."""
    return [merkle.leaf_hash(h, salt + command) for salt, command in commands]


class Draft:
    """
    A transaction that parties sign one after another.

    Args:
        commands: Encoded commands in order.
        keys: Public keys of all who will sign, in the order of their signatures.
        valid_from_ms: Block time from which it holds.
        expires_at_ms: Block time after which it is void.
    """

    def __init__(
        self,
        h: Hash,
        chain_id: bytes,
        commands: Sequence[Record],
        keys: Sequence[bytes],
        valid_from_ms: int,
        expires_at_ms: int,
    ) -> None:
        self.commands = tuple((secrets.token_bytes(SALT_BYTES), encode(command)) for command in commands)
        root = merkle.root_of_leaves(h, command_leaves(h, self.commands))
        self.header = encode(
            Header(VERSION, chain_id, valid_from_ms, expires_at_ms, len(self.commands), root, tuple(keys))
        )
        self.id = transaction_id(h, self.header)
        self._keys = tuple(keys)
        self._signatures: dict[bytes, bytes] = {}

    @property
    def to_sign(self) -> bytes:
        """The bytes that each party signs."""
        return SIGNING_PREFIX + self.header

    def sign(self, *signers: Signer) -> Draft:
        """Add signatures; each signer's key must be among the keys."""
        for signer in signers:
            if signer.public_key not in self._keys:
                raise Rejected("this key is not among the transaction's signers", code="NOT_A_SIGNER")
            self._signatures[signer.public_key] = signer.sign(self.to_sign)
        return self

    def wire(self) -> bytes:
        """
        The transaction's bytes.

        Raises:
            Rejected: A signature is missing.
        """
        missing = [key for key in self._keys if key not in self._signatures]
        if missing:
            raise Rejected(f"{len(missing)} of {len(self._keys)} signatures are missing", code="SIGNATURE_MISSING")
        return encode(Wire(self.header, tuple(self._signatures[key] for key in self._keys), self.commands))


def check_stateless(raw: bytes, *, h: Hash, suite: Suite, chain_id: bytes, bounds: Bounds) -> str:
    """
    Everything about a transaction that needs no state: form, bounds, chain, root of commands, signatures.

    Returns:
        An empty text, or the stable code of the refusal: TOO_LARGE, MALFORMED, NOT_CANONICAL, WRONG_CHAIN,
        WRONG_VERSION, BAD_WINDOW, BAD_COUNT, BAD_ROOT, BAD_SIGNATURE, SIGNATURE_MISSING, DUPLICATE_SIGNER.
    """
    if len(raw) > bounds.transaction_bytes:
        return "TOO_LARGE"
    try:
        wire = WIRE.load_canonical(raw, "transaction")
        header = HEADER.load_canonical(wire.header, "header")
    except Corrupt as error:
        return error.code
    keys, signatures, commands = header.keys, wire.signatures, wire.commands
    if header.version != VERSION:
        return "WRONG_VERSION"
    if header.chain_id != chain_id:
        return "WRONG_CHAIN"
    if not 0 <= header.valid_from_ms <= header.expires_at_ms <= header.valid_from_ms + bounds.window_ms:
        return "BAD_WINDOW"
    if not 0 < len(commands) <= bounds.commands or header.count != len(commands):
        return "BAD_COUNT"
    if not 0 < len(keys) <= bounds.signers:
        return "SIGNATURE_MISSING"
    if len(keys) > 1 and len(frozenset(keys)) != len(keys):
        return "DUPLICATE_SIGNER"
    if len(signatures) != len(keys):
        return "SIGNATURE_MISSING"
    if any(len(salt) != SALT_BYTES for salt, _ in commands):
        return "MALFORMED"
    if merkle.root_of_leaves(h, command_leaves(h, commands)) != header.commands_root:
        return "BAD_ROOT"
    message = SIGNING_PREFIX + wire.header
    for key, signature in zip(keys, signatures, strict=True):
        if not suite.verify(key, signature, message):
            return "BAD_SIGNATURE"
    return ""
