"""
The validators' signatures of a block, as a bundle carries them: CometBFT's header after the block with its votes, and before it the
headers that announced a change of validators. docs/reference/format.md has the form; hefu_verify checks it.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from hefu.kernel.codec import encode
from hefu.kernel.errors import Corrupt
from hefu.ledger.block import Sealed
from hefu.services.nodes.rpc import EngineRpc

_COMMITTED = 2  # CometBFT's flag of a vote for the block; others are for nothing, or absent.


async def seal_of(rpc: EngineRpc, header: bytes, engine_height: int, handovers: Mapping[int, bytes]) -> Sealed:
    """
    Fetch the signatures of a block from CometBFT.

    Args:
        header: The ledger's header bytes.
        engine_height: The engine's block that made it.
        handovers: Heights at which the engine announced other validators, up to that block, ascending; each with its header and
            votes if they were kept.

    Raises:
        EngineError: CometBFT does not answer, or the header after the block is not there yet.
    """
    parts = [kept or await light_of(rpc, height) for height, kept in handovers.items()]
    parts.append(await light_of(rpc, engine_height + 1))
    return Sealed(header, "validators", tuple(parts))


async def light_of(rpc: EngineRpc, height: int) -> bytes:
    """
    One of the engine's headers with its validators and votes.

    Raises:
        EngineError: CometBFT does not answer, or has it not.
    """
    signed = (await rpc.commit(height))["signed_header"]
    header, commit = signed["header"], signed["commit"]
    validators = await rpc.validators(height)
    if len(commit["signatures"]) != len(validators):
        raise Corrupt("CometBFT's commit has not one vote a validator", code="NODE_ANSWER")
    parts = commit["block_id"]["parts"]
    return encode(
        (
            _fields(header),
            int(commit["round"]),
            int(parts["total"]),
            bytes.fromhex(parts["hash"]),
            [(base64.b64decode(v["pub_key"]["value"]), int(v["voting_power"])) for v in validators],
            [_vote(vote) for vote in commit["signatures"]],
        )
    )


def _vote(vote: dict[str, Any]) -> tuple[int, int, bytes]:
    if int(vote["block_id_flag"]) != _COMMITTED:
        return 0, 0, b""
    return (*_instant(vote["timestamp"]), base64.b64decode(vote["signature"]))


def _fields(header: dict[str, Any]) -> list[bytes]:
    """The fourteen fields of a header in the forms whose hash CometBFT takes."""
    last = header["last_block_id"]
    parts = last.get("parts") or {"total": 0, "hash": ""}
    version = header["version"]
    last_parts = _number(1, int(parts["total"])) + _bytes(2, bytes.fromhex(parts["hash"]))
    return [
        _number(1, int(version.get("block", 0))) + _number(2, int(version.get("app", 0))),
        _bytes(1, header["chain_id"].encode()),
        _number(1, int(header["height"])),
        _time(header["time"]),
        _bytes(1, bytes.fromhex(last["hash"])) + _bytes(2, last_parts, always=True),
        *(
            _bytes(1, bytes.fromhex(header[name]))
            for name in (
                "last_commit_hash",
                "data_hash",
                "validators_hash",
                "next_validators_hash",
                "consensus_hash",
                "app_hash",
                "last_results_hash",
                "evidence_hash",
                "proposer_address",
            )
        ),
    ]


def _time(text: str) -> bytes:
    seconds, nanos = _instant(text)
    return _number(1, seconds) + _number(2, nanos)


def _instant(text: str) -> tuple[int, int]:
    """Seconds and nanoseconds of an instant in RFC 3339 with up to nine digits after the point."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    at = datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    return int(at.timestamp()), int(fraction.ljust(9, "0")[:9] or "0")


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def _number(field: int, value: int) -> bytes:
    return bytes((field << 3,)) + _varint(value) if value else b""


def _bytes(field: int, value: bytes, *, always: bool = False) -> bytes:
    return bytes((field << 3 | 2,)) + _varint(len(value)) + value if value or always else b""
