"""
The genesis: everything about a ledger that can never change, in one JSON file. The chain id is the digest of its bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from hefu.kernel.errors import Corrupt, UsageError
from hefu.kernel.hashing import TAGS, Hash, Tag, hash_named
from hefu.kernel.money import AMOUNT_MAX
from hefu.kernel.suites import Suite, suite_named
from hefu.kernel.time import DAY_MS, INSTANT_MAX_MS
from hefu.ledger.versions import check_known

FORMAT = "hefu-genesis/1"
_KEY_BYTES = {"ed25519": 32, "sm2": 65}

Hex = Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{2})*\Z")]
Hex16 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}\Z")]
Hex32 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
#: Days that a rule allows. Bounded, so that no sum of dates leaves the calendar.
Days = Annotated[int, msgspec.Meta(ge=1, le=36_500)]
Count = Annotated[int, msgspec.Meta(ge=1, le=1 << 30)]


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
    key: Hex = ""
    start_ms: Annotated[int, msgspec.Meta(ge=0, le=INSTANT_MAX_MS)] = 0


class Bounds(_Part, frozen=True, kw_only=True):
    """Sizes past which bytes are refused before anything else looks at them."""

    transaction_bytes: Count = 1 << 20
    commands: Count = 1000
    signers: Count = 16
    window_ms: Count = DAY_MS
    block_transactions: Count = 2000


class RuleParameters(_Part, frozen=True, kw_only=True):
    """Parameters of rule set 1 (docs/decisions/0009-time-and-rules.md)."""

    version: int = 1
    register: Literal["not_required"] = "not_required"
    tenor_days_max: Days = 365
    lock_days_max: Days = 30
    reservation_days_max: Days = 30
    reservations_max: Count = 64
    endorsements_max: Count = 64
    vote_days_max: Days = 30


class FounderKey(_Part, frozen=True, kw_only=True):
    """A founder's key: public key in hexadecimal, purposes, largest amount that it signs alone (0: no limit)."""

    key: Hex
    purposes: tuple[str, ...]
    limit_minor: Annotated[int, msgspec.Meta(ge=0, le=AMOUNT_MAX)] = 0


class Founder(_Part, frozen=True, kw_only=True):
    """An organisation that exists from the start. `identity` is the registrar's keyed digest of its USCC."""

    identity: Hex32
    roles: tuple[str, ...]
    member: bool
    keys: tuple[FounderKey, ...]
    account_salts: tuple[Hex16, ...] = ()


class Seal(_Part, frozen=True, kw_only=True):
    """Keys of the operator: the suite's key seals blocks; with the ML-DSA-65 key it signs checkpoints."""

    key: Hex
    post_quantum_key: Hex
    countersignatures_min: Annotated[int, msgspec.Meta(ge=0)] = 2


class Validator(_Part, frozen=True, kw_only=True):
    """A validator of a network at its start: CometBFT's public key (Ed25519, whatever suite the ledger has), power, whose it is."""

    key: Hex32
    power: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 10
    identity: Hex32


class GenesisFile(_Part, frozen=True, kw_only=True):
    """The file, field by field."""

    format: Literal["hefu-genesis/1"] = "hefu-genesis/1"
    name: str
    suite: Literal["ed25519", "sm2"]
    hash: Literal["sha256", "sm3"]
    codec: Literal["msgpack-array/1"] = "msgpack-array/1"
    #: The version that blocks begin with; left out by the first.
    code_version: Annotated[int, msgspec.Meta(ge=1, le=1 << 16)] = 1
    calendar: Literal["utc8/1"] = "utc8/1"
    tree: TreeShape = TreeShape()
    clock: ClockRule = ClockRule()
    bounds: Bounds = Bounds()
    rules: RuleParameters = RuleParameters()
    seal: Seal
    founders: tuple[Founder, ...]
    #: Who decides blocks together; left out where one operator seals them.
    validators: tuple[Validator, ...] | msgspec.UnsetType = msgspec.UNSET


class Genesis:
    """
    A genesis as read: the file's bytes, what they say, and the chain id that they make.

    Args:
        raw: The file's bytes.

    Raises:
        Corrupt: Not a genesis of this format.
        Unavailable: This machine lacks the suite or hash that it names, or this software the code version (CODE_TOO_OLD).
    """

    def __init__(self, raw: bytes) -> None:
        try:
            self.file = msgspec.json.decode(raw, type=GenesisFile)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise Corrupt(f"this is not a genesis file: {error}", code="BAD_GENESIS") from None
        check_known(self.file.code_version, "this genesis begins with")
        for problem in _contradictions(self.file):
            raise Corrupt(f"this genesis makes no sense: {problem}", code="BAD_GENESIS")
        self.raw = raw
        self.hash: Hash = hash_named(self.file.hash)
        self.chain_id = self.hash(TAGS[Tag.GENESIS] + raw)

    @property
    def validators(self) -> tuple[Validator, ...]:
        """Who decides blocks together at the start; empty where one operator seals them."""
        return self.file.validators or ()

    @property
    def countersigners_min(self) -> int:
        """How many founding members must vouch for a block; one whatever the file says, for none at all is the operator alone."""
        return max(1, self.file.seal.countersignatures_min)

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


def _contradictions(file: GenesisFile) -> Iterator[str]:
    """What the parts of a genesis say against each other."""
    keys = [key for founder in file.founders for key in founder.keys]
    if any(len(key) != 2 * _KEY_BYTES[file.suite] for key in (*(key.key for key in keys), file.seal.key)):
        yield f"a key of {file.suite} has {_KEY_BYTES[file.suite]} bytes"
    if _repeats([key.key for key in keys]):
        yield "two founders' keys are the same"
    # An identifier comes from the first sixteen bytes.
    if _repeats([founder.identity[:32] for founder in file.founders]):
        yield "two founders have the same identity"
    if any(_repeats(founder.account_salts) for founder in file.founders):
        yield "a founder's accounts have the same salt"
    if _repeats([validator.key for validator in file.validators or ()]):
        yield "two validators have the same key"
    founders = {founder.identity for founder in file.founders}
    if any(validator.identity not in founders for validator in file.validators or ()):
        yield "a validator is no founder's"
    keepers = {key.key for key in keys if "clock" in key.purposes}
    if file.clock.kind == "simulated" and file.clock.key not in keepers:
        yield "a simulated clock is kept by a founder's key with the purpose clock"


def _repeats(values: Sequence[str]) -> bool:
    return len(frozenset(values)) != len(values)


def genesis_bytes(file: GenesisFile) -> bytes:
    """The bytes of a new genesis, indented for people."""
    return msgspec.json.format(msgspec.json.encode(file), indent=2) + b"\n"
