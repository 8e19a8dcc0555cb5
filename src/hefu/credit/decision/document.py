"""
The one form of a decision's or an allocation's file: canonical JSON of integers and texts, with its own digest inside. Reads with
the standard library alone, and takes no bytes but those that `canonical` would write.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, NoReturn

from hefu.kernel.errors import Corrupt, UsageError

SALT_BYTES = 32
_DIGITS_MAX = 40


def canonical(document: Mapping[str, Any]) -> bytes:
    """JSON in UTF-8, keys sorted, no blanks, no escapes beyond what JSON asks, a line's end at the end."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode() + b"\n"


def digest_of(document: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical bytes of a document without its own digest, hexadecimal."""
    return sha256(canonical({key: value for key, value in document.items() if key != "digest"})).hexdigest()


def read_document(raw: bytes, *, format: str, version: int, keys: frozenset[str], damaged: Corrupt) -> dict[str, Any]:
    """
    A file's document, whose values nobody has looked at yet.

    Args:
        keys: All that it has.
        damaged: What is raised where the bytes are nothing of this format.

    Raises:
        Corrupt: `damaged`; other keys (DECISION_DIFFERS); not in the one form that it can have (DECISION_NOT_CANONICAL).
        UsageError: Of a version that this program does not know (DECISION_VERSION).
    """
    try:
        found = json.loads(raw.decode("utf-8"), parse_float=_refuse, parse_constant=_refuse, parse_int=_int)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or found.get("format") != format:
        raise damaged
    if found.get("version") != version:
        raise UsageError(
            "the decision was made by an arithmetic that this program does not know", code="DECISION_VERSION"
        )
    if found.keys() != keys:
        raise differs(min(found.keys() ^ keys))
    try:
        same = canonical(found) == raw
    except (ValueError, RecursionError):
        same = False
    if not same:
        raise Corrupt("the bytes are not in the one form that a decision has", code="DECISION_NOT_CANONICAL")
    return found


def whole(value: object, top: int, where: str = "inputs") -> int:
    """
    A whole number from zero to below `top`.

    Raises:
        Corrupt: It is none (DECISION_DIFFERS).
    """
    if type(value) is not int or not 0 <= value < top:
        raise differs(where)
    return value


def check_named(made: str, digest: str | None) -> None:
    """
    Hold a document's digest against the one that somebody names, hexadecimal.

    Raises:
        Corrupt: Another one (OTHER_DECISION).
    """
    if digest is not None and digest.lower() != made:
        raise Corrupt("consistent, but not the decision that this digest names", code="OTHER_DECISION", where="digest")


def check_salt(salt: bytes) -> None:
    """
    Raises:
        UsageError: Not of its length (BAD_FIELD).
    """
    if len(salt) != SALT_BYTES:
        raise UsageError(f"a salt has {SALT_BYTES} bytes", code="BAD_FIELD", where="salt")


def differs(where: str) -> Corrupt:
    """The file contradicts itself at `where` (DECISION_DIFFERS)."""
    return Corrupt(
        "the file does not say what comes of its own inputs: it was altered", code="DECISION_DIFFERS", where=where
    )


def _refuse(_: str) -> NoReturn:
    raise ValueError("not an integer")


def _int(text: str) -> int:
    if len(text) > _DIGITS_MAX:
        raise ValueError("an integer of more than forty characters")
    return int(text)
