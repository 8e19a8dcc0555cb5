"""
The genesis: everything about a ledger that can never change, in one JSON file. The chain id is the digest of its bytes.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Literal

import msgspec

from hefu.kernel.errors import Corrupt, UsageError
from hefu.kernel.hashing import TAGS, Hash, Tag, hash_named
from hefu.kernel.suites import Suite, suite_named
from hefu.kernel.time import DAY_MS

FORMAT = "hefu-genesis/1"
CODE_VERSION = 1


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of the parts of a genesis file."""


class TreeShape(_Part, frozen=True, kw_only=True):
    """Shape of the state tree; other shapes need another code version."""

    arity: Literal[16] = 16
    depth: Literal[5] = 5


class ClockRule(_Part, frozen=True, kw_only=True):
    """
    Where business time comes from.

    `block` is the engine's clock; `simulated` is a record that only the key may advance, from start_ms on.
    """

    kind: Literal["block", "simulated"] = "block"
    key: str = ""
    start_ms: int = 0


class Bounds(_Part, frozen=True, kw_only=True):
    """Sizes past which bytes are refused before anything else looks at them."""

    transaction_bytes: int = 1 << 20
    commands: int = 1000
    signers: int = 16
    window_ms: int = DAY_MS
    block_transactions: int = 2000


class RuleParameters(_Part, frozen=True, kw_only=True):
    """Parameters of rule set 1 (docs/decisions/0009-time-and-rules.md)."""

    version: int = 1
    register: Literal["not_required"] = "not_required"
    tenor_days_max: int = 365
    lock_days_max: int = 30
    reservation_days_max: int = 30
    reservations_max: int = 64
    endorsements_max: int = 64
    vote_days_max: int = 30


class FounderKey(_Part, frozen=True, kw_only=True):
    """A founder's key: public key in hexadecimal, purposes, largest amount that it signs alone (0: no limit)."""

    key: str
    purposes: tuple[str, ...]
    limit_minor: int = 0


class Founder(_Part, frozen=True, kw_only=True):
    """An organisation that exists from the start. `identity` is the registrar's keyed digest of its USCC."""

    identity: str
    roles: tuple[str, ...]
    member: bool
    keys: tuple[FounderKey, ...]
    account_salts: tuple[str, ...] = ()


class Seal(_Part, frozen=True, kw_only=True):
    """Keys of the operator: the suite's key seals blocks; with the ML-DSA-65 key it signs checkpoints."""

    key: str
    post_quantum_key: str
    countersignatures_min: int = 2


class GenesisFile(_Part, frozen=True, kw_only=True):
    """The file, field by field."""

    format: Literal["hefu-genesis/1"] = "hefu-genesis/1"
    name: str
    suite: Literal["ed25519", "sm2"]
    hash: Literal["sha256", "sm3"]
    codec: Literal["msgpack-array/1"] = "msgpack-array/1"
    code_version: Literal[1] = 1
    calendar: Literal["utc8/1"] = "utc8/1"
    tree: TreeShape = TreeShape()
    clock: ClockRule = ClockRule()
    bounds: Bounds = Bounds()
    rules: RuleParameters = RuleParameters()
    seal: Seal
    founders: tuple[Founder, ...]


class Genesis:
    """
    A genesis as read: the file's bytes, what they say, and the chain id that they make.

    Args:
        raw: The file's bytes.

    Raises:
        Corrupt: Not a genesis of this format.
        Unavailable: This machine lacks the suite or hash that it names.
    """

    def __init__(self, raw: bytes) -> None:
        try:
            self.file = msgspec.json.decode(raw, type=GenesisFile)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise Corrupt(f"this is not a genesis file: {error}", code="BAD_GENESIS") from None
        self.raw = raw
        self.hash: Hash = hash_named(self.file.hash)
        self.chain_id = self.hash(TAGS[Tag.GENESIS] + raw)

    @cached_property
    def suite(self) -> Suite:
        """The signature suite of this chain."""
        return suite_named(self.file.suite)

    @classmethod
    def read(cls, path: Path) -> Genesis:
        """
        Read a genesis file.

        Raises:
            UsageError: The file cannot be read.
        """
        try:
            return cls(path.read_bytes())
        except OSError as error:
            raise UsageError(f"cannot read the genesis: {error.strerror}", where=str(path)) from None


def genesis_bytes(file: GenesisFile) -> bytes:
    """The bytes of a new genesis, indented for people."""
    return msgspec.json.format(msgspec.json.encode(file), indent=2) + b"\n"
