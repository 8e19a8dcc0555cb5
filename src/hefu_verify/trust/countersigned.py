"""
A checkpoint: the operator vouches for a block with two kinds of signature, and founding members countersign what is consistent
with the last checkpoint that they signed. Rewriting history then takes them all.
"""

from __future__ import annotations

from hefu_verify.codec import Record, require
from hefu_verify.primitives import BLOCK, Hash
from hefu_verify.records import BUNDLE
from hefu_verify.suites import Verify, ml_dsa_65

OPERATOR_ROLE = "platform_operator"


def check(
    checkpoint: Record, sealed: Record, tip: Record, genesis: Record, h: Hash, signed: Verify
) -> tuple[Record, ...]:
    """
    Check a checkpoint of the tip with all its signatures.

    Returns:
        The members that countersigned, each once. The operator's own organisation is checked and not counted: it adds nobody.

    Raises:
        Refused: It names another block, or one of its signatures is bad or not a member's.
    """
    body, message = BUNDLE.read("vouched", checkpoint.body), b"hefu/checkpoint/1\n" + checkpoint.body
    vouched = (body.chain_id, body.height, body.block_id, body.state_root, body.at_ms)
    is_tip = vouched == (tip.chain_id, tip.height, h(BLOCK + sealed.header), tip.state_root, tip.at_ms)
    require(is_tip, "BAD_CHECKPOINT", "the checkpoint is of another block")
    good = signed(genesis.seal_key, checkpoint.signature, message)
    require(good, "BAD_CHECKPOINT", "the operator's signature of the checkpoint is bad")
    keys = [countersignature.key for countersignature in checkpoint.countersignatures]
    require(keys == sorted(set(keys)), "BAD_CHECKPOINT", "countersignatures are out of order")
    members: list[Record] = []
    for countersignature in checkpoint.countersignatures:
        found = [member for member in genesis.members if countersignature.key in member.keys]
        require(found, "BAD_CHECKPOINT", "a countersignature of nobody that the genesis entitles")
        good = signed(countersignature.key, countersignature.signature, message)
        require(good, "BAD_CHECKPOINT", "a countersignature is bad")
        if found[0] not in members and not _is_operator(found[0], genesis):
            members.append(found[0])
    good = ml_dsa_65(genesis.post_quantum_key, checkpoint.post_quantum_signature, message)
    require(good, "BAD_CHECKPOINT", "the operator's post-quantum signature of the checkpoint is bad")
    return tuple(members)


def _is_operator(member: Record, genesis: Record) -> bool:
    return OPERATOR_ROLE in member.roles or genesis.seal_key in member.keys
