"""What a genesis file says, as far as a verifier needs it."""

from __future__ import annotations

import json
from typing import Any

from hefu_verify.codec import CODE_VERSIONS, Record, Refused, require

BYTES_MAX = 1 << 20
#: What this verifier was written for; a field that is absent has this value.
_ONLY = {"format": "hefu-genesis/1", "codec": "msgpack-array/1", "calendar": "utc8/1"}
_TREE = {"arity": 16, "depth": 5}


def read_genesis(raw: bytes) -> Record:
    """Names of the ledger, suite, hash and clock; rule set; the operator's keys; members; validators."""
    require(len(raw) <= BYTES_MAX, "TOO_LARGE", f"a genesis of more than {BYTES_MAX} bytes")
    try:
        file = json.loads(raw.decode(), object_pairs_hook=_unambiguous)
        seal, clock, rules = file["seal"], file.get("clock", {}), file.get("rules", {})
        require(
            _integer(file.get("code_version", 1)) in CODE_VERSIONS,
            "BAD_GENESIS",
            "a code version that this verifier does not know",
        )
        known = all(file.get(name, value) == value for name, value in _ONLY.items())
        require(
            known and _TREE | file.get("tree", {}) == _TREE, "BAD_GENESIS", "a format that this verifier does not know"
        )
        return Record(
            name=_text(file["name"]),
            suite=_one_of(file["suite"], "ed25519", "sm2"),
            hash=_one_of(file["hash"], "sha256", "sm3"),
            clock=_one_of(clock.get("kind", "block"), "block", "simulated"),
            rule_version=_integer(rules.get("version", 1)),
            register=_one_of(rules.get("register", "not_required"), "not_required"),
            seal_key=bytes.fromhex(seal["key"]),
            post_quantum_key=bytes.fromhex(seal["post_quantum_key"]),
            countersignatures_min=_integer(seal.get("countersignatures_min", 2)),
            members=[_member(founder) for founder in file["founders"] if founder["member"] is True],
            validators=[_validator(validator) for validator in file.get("validators", [])],
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Refused("BAD_GENESIS", "this is not a genesis file") from None


def _member(founder: Any) -> Record:
    keys = [bytes.fromhex(key["key"]) for key in founder["keys"] if "checkpoint" in key["purposes"]]
    return Record(
        identity=bytes.fromhex(founder["identity"]), roles=[_text(role) for role in founder["roles"]], keys=keys
    )


def _validator(validator: Any) -> Record:
    key = bytes.fromhex(validator["key"])
    if len(key) != 32:
        raise ValueError("not an Ed25519 key")
    return Record(key=key, power=_integer(validator.get("power", 10)))


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


def _one_of(value: Any, *known: str) -> str:
    if value not in known:
        raise ValueError("not a value that is known")
    return str(value)


def _integer(value: Any) -> int:
    if type(value) is not int:
        raise ValueError("not an integer")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.encode():  # A lone surrogate is no text and fails to encode.
        raise ValueError("not a text")
    return value
