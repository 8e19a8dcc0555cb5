"""
Validators' commits: more than two thirds of the voting power signed CometBFT's header after the block, and that header carries the
block's id. Rewriting history then takes a third of the validators' keys, not one operator's.

The seal is a list of CometBFT headers, each with its validators and their votes. The first is signed by the validators that
the genesis or a handover names; where they changed on the way, the header that announced the change goes before those signed by
the new ones; the last is the one after the block. A header's hash is a Merkle root (RFC 6962's shape, SHA-256 whatever hash the
ledger has) over its fourteen fields, which stand here as the bytes that are hashed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from hefu_verify.codec import Record, Shapes, require
from hefu_verify.primitives import BLOCK, Hash, merkle_root
from hefu_verify.suites import hash_named, suite_named

LIGHT = Shapes("""
    light      fields:bytes* round:int parts:int parts_hash:id validators:validator* votes:vote*
    validator  key:id power:int
    vote       at_s:int at_ns:int signature:bytes
""")
FIELDS = 14
_CHAIN_ID, _HEIGHT, _VALIDATORS, _NEXT_VALIDATORS, _APP_HASH = 1, 2, 7, 8, 10
#: CometBFT's own name of a ledger.
_CHAIN_NAME_BYTES = 16
POWER_MAX = 1 << 60


def check_seal(seal: Sequence[bytes], validators: Sequence[Record], block: bytes, chain_id: bytes, h: Hash) -> Record:
    """
    Check the validators' signatures.

    Args:
        seal: CometBFT's headers, as above.
        validators: With which it begins; `key` and `power`.
        block: Header bytes of the ledger's block.

    Returns:
        Of the header after the block: `height`, `hash` (CometBFT's), voting `power` that signed it, and `total`.

    Raises:
        Refused: Fewer than two thirds signed, or something does not fit.
    """
    require(seal, "BAD_SEAL", "no validator signed")
    trusted, last = _set_hash(_ordered(validators)), 0
    found = Record()
    for part in seal:
        light = LIGHT.read("light", part)
        require(len(light.fields) == FIELDS, "BAD_SEAL", "an engine's header has not its fourteen fields")
        name = f"hefu-{chain_id[:_CHAIN_NAME_BYTES].hex()}".encode()
        require(_text(light.fields[_CHAIN_ID]) == name, "WRONG_CHAIN", "an engine's header is of another ledger")
        height = _number(light.fields[_HEIGHT])
        require(height > last, "BAD_SEAL", "engine's headers are out of order")
        own = _set_hash(light.validators)
        by_whom = own == trusted == _text(light.fields[_VALIDATORS])
        require(by_whom, "BAD_SEAL", "a header is signed by others than the validators of its height")
        power, total = _signed(light, height, name)
        require(3 * power > 2 * total, "BAD_SEAL", "fewer than two thirds of the voting power signed")
        found, last, trusted = (
            Record(height=height, hash=_sha_root(light.fields), power=power, total=total),
            height,
            _text(light.fields[_NEXT_VALIDATORS]),
        )
        app_hash = _text(light.fields[_APP_HASH])
    require(app_hash == h(BLOCK + block), "BAD_SEAL", "the validators signed for another block")
    return found


def _signed(light: Record, height: int, chain_name: bytes) -> tuple[int, int]:
    """Voting power that signed, and all of it."""
    require(len(light.votes) == len(light.validators), "BAD_SEAL", "a header has not one vote a validator")
    verify = suite_named("ed25519")
    block = _bytes(1, _sha_root(light.fields)) + _bytes(2, _integer(1, light.parts) + _bytes(2, light.parts_hash))
    power = 0
    for validator, vote in zip(light.validators, light.votes):
        if not vote.signature:
            require(vote.at_s == vote.at_ns == 0, "BAD_SEAL", "a vote that is none")
            continue
        at = _bytes(5, _integer(1, vote.at_s) + _integer(2, vote.at_ns))
        # A precommit, as CometBFT signs it: type, height and round of fixed length, what is voted for, when, on which chain.
        body = (
            _integer(1, 2) + _fixed(2, height) + _fixed(3, light.round) + _bytes(4, block) + at + _bytes(6, chain_name)
        )
        good = verify(validator.key, vote.signature, _varint(len(body)) + body)
        require(good, "BAD_SEAL", "a validator's signature is bad")
        power += validator.power
    return power, sum(validator.power for validator in light.validators)


def _ordered(validators: Sequence[Record]) -> list[Record]:
    """As CometBFT orders them: most power first, then by address."""
    return sorted(validators, key=lambda v: (-v.power, hashlib.sha256(v.key).digest()[:20]))


def _set_hash(validators: Sequence[Record]) -> bytes:
    keys = [validator.key for validator in validators]
    require(keys and len(set(keys)) == len(keys), "BAD_SEAL", "no validators, or one twice")
    require(all(0 < v.power < POWER_MAX for v in validators), "BAD_SEAL", "a validator without power, or with too much")
    return _sha_root([_bytes(1, _bytes(1, v.key)) + _integer(2, v.power) for v in validators])


def _sha_root(items: Sequence[bytes]) -> bytes:
    return merkle_root(hash_named("sha256"), items)


# -- the few forms of protobuf that CometBFT hashes and signs ----------------------------------------------------------


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def _integer(field: int, number: int) -> bytes:
    return bytes((field << 3,)) + _varint(number) if number else b""


def _fixed(field: int, number: int) -> bytes:
    return bytes((field << 3 | 1,)) + number.to_bytes(8, "little") if number else b""


def _bytes(field: int, value: bytes) -> bytes:
    return bytes((field << 3 | 2,)) + _varint(len(value)) + value


def _text(wrapped: bytes) -> bytes:
    """Bytes or text of a wrapper: one field with up to 127 bytes."""
    whole = len(wrapped) > 2 and wrapped[0] == 0x0A and wrapped[1] == len(wrapped) - 2 < 128
    require(whole, "BAD_SEAL", "a field of an engine's header has another form")
    return wrapped[2:]


def _number(wrapped: bytes) -> int:
    """The number of a wrapper, above zero."""
    number, shift = 0, 0
    for byte in wrapped[1:]:
        number, shift = number | (byte & 127) << shift, shift + 7
    require(0 < number < 1 << 62 and wrapped == _integer(1, number), "BAD_SEAL", "an engine's height has another form")
    return number
