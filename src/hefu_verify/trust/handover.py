"""
How validators took over a ledger that one operator had sealed: its last block, a checkpoint of it that as many founding members
countersigned as the genesis asks for, and the record in its state that names the validators. The operator alone cannot make one.
"""

from __future__ import annotations

from hefu_verify.codec import Record, require
from hefu_verify.primitives import Hash, check_state_proof
from hefu_verify.records import BUNDLE, STATE
from hefu_verify.suites import Verify
from hefu_verify.trust import countersigned, operator

VALIDATORS_KEY = b"V"


def check(raw: bytes, genesis: Record, chain_id: bytes, h: Hash, signed: Verify) -> Record:
    """
    Check a handover.

    Returns:
        `height` of the operator's last block, `members` that countersigned it, and the `validators` that follow.

    Raises:
        Refused: A seal, signature or proof is bad, or too few founding members signed.
    """
    found = BUNDLE.read("handover", raw)
    last = BUNDLE.read("block", found.tip.header)
    require(last.chain_id == chain_id, "WRONG_CHAIN", "the operator's last block is of another ledger")
    require(found.tip.kind == "operator", "BAD_SEAL", "the block of a handover is the operator's")
    operator.check_seal(found.tip, genesis, signed)
    members = countersigned.check(found.checkpoint, found.tip, last, genesis, h, signed)
    enough = len(members) >= max(1, genesis.countersignatures_min)
    require(enough, "BAD_HANDOVER", "too few founding members signed that validators take over")
    require(found.validators.key == VALIDATORS_KEY, "BAD_HANDOVER", "a handover proves another record")
    check_state_proof(h, found.validators, last.state_root)
    named = STATE.read("validators", found.validators.value)
    return Record(height=last.height, members=members, validators=named.seats)
