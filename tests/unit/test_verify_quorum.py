"""
A bundle whose blocks validators decided: tests/golden/network holds one that four validators of CometBFT v0.38.25 signed, with the
genesis that names them.
"""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from nacl.signing import SigningKey

from hefu_verify import verify
from hefu_verify.codec import Record, Refused, decode
from hefu_verify.records import BUNDLE
from hefu_verify.suites import hash_named
from hefu_verify.trust import quorum
from hefu_verify.trust.genesis import read_genesis

FOLDER = Path(__file__).parent.parent / "golden" / "network"
encode = msgspec.msgpack.encode
RAW = (FOLDER / "right.hefu").read_bytes()
GENESIS = (FOLDER / "genesis.json").read_bytes()
TIP = 2  # Where a bundle has its tip, and a tip its seal.


def seal_of(raw: bytes) -> list[bytes]:
    return list(decode(raw)[TIP][2])


def with_seal(seal: list[bytes], kind: str = "validators") -> bytes:
    bundle = decode(RAW)
    bundle[TIP][1:] = [kind, seal]
    return encode(bundle)


def refused(raw: bytes) -> str:
    with pytest.raises(Refused) as caught:
        verify(raw, GENESIS)
    return f"{caught.value.code}: {caught.value.text}"


def test_two_thirds_of_the_validators_are_a_trust_basis_of_its_own():
    verdict = verify(RAW, GENESIS)
    assert verdict.authenticated
    assert (verdict.basis.name, verdict.basis.power, verdict.basis.total) == ("validators", 40, 40)


def test_no_bit_of_the_validators_word_can_be_changed():
    sealed = BUNDLE.read("bundle", RAW).tip
    genesis = read_genesis(GENESIS)
    chain_id = verify(RAW, GENESIS).chain_id
    h = hash_named(genesis.hash)
    quorum.check_seal(sealed.seal, genesis.validators, sealed.header, chain_id, h)
    (part,) = sealed.seal
    for at in range(len(part)):
        changed = bytearray(part)
        changed[at] ^= 1 << at % 8
        with pytest.raises(Refused):
            quorum.check_seal([bytes(changed)], genesis.validators, sealed.header, chain_id, h)


def test_one_validator_of_four_may_be_silent_but_not_two():
    light = decode(seal_of(RAW)[0])
    light[5][0] = [0, 0, b""]
    assert verify(with_seal([encode(light)]), GENESIS).basis.power == 30
    light[5][1] = [0, 0, b""]
    assert refused(with_seal([encode(light)])) == "BAD_SEAL: fewer than two thirds of the voting power signed"


def test_a_vote_counts_once():
    light = decode(seal_of(RAW)[0])
    light[4][1], light[5][1] = light[4][0], light[5][0]
    assert "one twice" in refused(with_seal([encode(light)]))


def test_a_fork_signed_by_keys_that_the_genesis_does_not_name_is_refused():
    light = decode(seal_of(RAW)[0])
    signers = [SigningKey.generate() for _ in range(4)]
    light[4] = [[bytes(signer.verify_key), 10] for signer in signers]
    shapes = [Record(key=key, power=power) for key, power in light[4]]
    light[0][7] = b"\x0a\x20" + quorum._set_hash(quorum._ordered(shapes))
    light[4] = [[v.key, v.power] for v in quorum._ordered(shapes)]
    assert "signed by others than the validators" in refused(with_seal([encode(light)]))


def test_nobody_signs_for_another_block_or_another_ledger():
    light = decode(seal_of(RAW)[0])
    other = [*light[0]]
    other[1] = other[1][:-1] + (b"1" if other[1].endswith(b"0") else b"0")
    assert refused(with_seal([encode([other, *light[1:]])])).startswith("WRONG_CHAIN")
    bundle = decode(RAW)
    header = decode(bundle[TIP][0])
    header[3] += 1
    bundle[TIP][0] = encode(header)
    assert refused(encode(bundle)) == "BAD_SEAL: the validators signed for another block"


@pytest.mark.parametrize("kind", ["operator", "none", ""])
def test_a_bundle_cannot_choose_another_way_of_sealing_than_the_genesis(kind):
    assert refused(with_seal(seal_of(RAW), kind)).startswith("BAD_SEAL")


def test_headers_stand_in_their_order_and_there_is_one_at_least():
    seal = seal_of(RAW)
    assert refused(with_seal([])) == "BAD_SEAL: no validator signed"
    assert refused(with_seal(seal * 2)) == "BAD_SEAL: engine's headers are out of order"


def test_the_genesis_vouches_for_the_validators():
    file = json.loads(GENESIS)
    file["validators"] = file["validators"][1:]
    with pytest.raises(Refused) as caught:
        verify(RAW, json.dumps(file).encode())
    assert caught.value.code == "OTHER_GENESIS"


# -- validators that changed on the way: a fifth voted in, then a dead one voted out ------------------------------------

CHANGED = (FOLDER / "changed.hefu").read_bytes()
CHANGED_GENESIS = (FOLDER / "changed_genesis.json").read_bytes()


def changed(parts: list[bytes]) -> bytes:
    bundle = decode(CHANGED)
    bundle[TIP][2] = parts
    return encode(bundle)


def test_each_change_of_validators_is_announced_by_those_of_before():
    verdict = verify(CHANGED, CHANGED_GENESIS)
    assert (verdict.basis.name, verdict.basis.total) == ("validators", 40)
    assert [sum(v[1] for v in decode(part)[4]) for part in seal_of(CHANGED)] == [40, 50, 40]


@pytest.mark.parametrize("kept", [(1, 2), (0, 2), (2,), (0, 1), (0,), (1, 0, 2), (0, 1, 1, 2), (0, 1, 2, 2), ()])
def test_no_announcement_can_be_left_out_repeated_or_moved(kept):
    parts = seal_of(CHANGED)
    with pytest.raises(Refused) as caught:
        verify(changed([parts[i] for i in kept]), CHANGED_GENESIS)
    assert caught.value.code == "BAD_SEAL"


def test_those_who_left_sign_for_nothing_any_more():
    parts = [list(decode(part)) for part in seal_of(CHANGED)]
    # The validators of the beginning, with votes that were good then, under the newest header.
    parts[2][4], parts[2][5] = parts[0][4], parts[0][5]
    with pytest.raises(Refused) as caught:
        verify(changed([encode(part) for part in parts]), CHANGED_GENESIS)
    assert caught.value.code == "BAD_SEAL"


# -- a ledger of one operator that validators took over -----------------------------------------------------------------

GROWN = (FOLDER / "grown.hefu").read_bytes()
GROWN_GENESIS = (FOLDER / "grown_genesis.json").read_bytes()


def grown(parts: list[bytes]) -> str:
    bundle = decode(GROWN)
    bundle[TIP][2] = parts
    with pytest.raises(Refused) as caught:
        verify(encode(bundle), GROWN_GENESIS)
    return caught.value.code


def test_validators_that_took_a_pilot_over_rest_on_the_members_that_signed_it_off():
    basis = verify(GROWN, GROWN_GENESIS).basis
    assert (basis.name, basis.total, basis.needed) == ("validators", 40, 2)
    assert len(basis.members) >= 2
    assert basis.took_over_at is not None


def test_no_bit_of_a_handover_can_be_changed():
    handover, *votes = seal_of(GROWN)
    for at in range(0, len(handover), 3):
        changed = bytearray(handover)
        changed[at] ^= 1 << at % 8
        grown([bytes(changed), *votes])


def test_a_handover_cannot_be_left_out_or_signed_by_too_few_or_name_others():
    handover, *votes = seal_of(GROWN)
    assert grown(votes) == "MALFORMED"
    assert grown([]) == "BAD_SEAL"
    assert grown([handover]) == "BAD_SEAL"
    shown = decode(handover)
    shown[1][3] = shown[1][3][:1]
    assert grown([encode(shown), *votes]) == "BAD_HANDOVER"
    shown = decode(handover)
    shown[1][3] = []
    assert grown([encode(shown), *votes]) == "BAD_HANDOVER"
    shown = decode(handover)
    # The operator's seal on the block cannot be a validators' vote, and the record is that of the validators.
    shown[0][1] = "validators"
    assert grown([encode(shown), *votes]) == "BAD_SEAL"
    shown = decode(handover)
    shown[2][0] = b"M"
    assert grown([encode(shown), *votes]) == "BAD_HANDOVER"


def test_an_operator_goes_on_alone_only_as_an_operator():
    bundle = decode(GROWN)
    handover = decode(seal_of(GROWN)[0])
    # The operator's own last block under the newer proofs: they do not lead to it.
    bundle[TIP] = handover[0]
    with pytest.raises(Refused):
        verify(encode(bundle), GROWN_GENESIS)
