"""
What a verdict rests on: who vouches for the block that all proofs lead to. One module a basis.

Which way a ledger's blocks are sealed stands in its genesis: by one operator, or by validators together. A bundle cannot choose. An
operator's ledger may have been handed over to validators, which the founding members signed.
"""

from __future__ import annotations

from typing import NamedTuple

from hefu_verify.codec import Record, require
from hefu_verify.primitives import Hash
from hefu_verify.suites import Verify
from hefu_verify.trust import countersigned, handover, operator, quorum


class Basis(NamedTuple):
    """
    Who vouches.

    Args:
        name: `validators`: more than two thirds of the voting power; `countersigned`; or `operator`: one operator, who could have
            rewritten history.
        members: Founding members that countersigned, without the operator's own.
        needed: How many the genesis asks for.
        checkpoint: Whether there is a checkpoint, with the operator's post-quantum signature.
        power: Voting power that signed, of `total`; none where an operator sealed.
        took_over_at: The operator's last block, where validators took the ledger over; then `members` countersigned that one.
    """

    name: str
    members: tuple[Record, ...]
    needed: int
    checkpoint: bool
    power: int = 0
    total: int = 0
    took_over_at: int | None = None


def basis_of(sealed: Record, checkpoint: Record | None, tip: Record, genesis: Record, h: Hash, signed: Verify) -> Basis:
    """
    Check the tip's seal and the checkpoint, if there is one.

    Raises:
        Refused: A seal or signature is bad.
    """
    # One member is needed whatever a genesis says: none at all is the operator alone.
    needed = max(1, genesis.countersignatures_min)
    members = () if checkpoint is None else countersigned.check(checkpoint, sealed, tip, genesis, h, signed)
    if sealed.kind == "validators":
        found, taken = check_votes(sealed, genesis, tip.chain_id, h, signed)
        if taken is None:
            return Basis("validators", members, needed, checkpoint is not None, found.power, found.total)
        require(taken.height < tip.height, "BAD_HANDOVER", "the block is older than the handover to its validators")
        return Basis("validators", taken.members, needed, True, found.power, found.total, taken.height)
    by_operator = sealed.kind == "operator" and not genesis.validators
    require(by_operator, "BAD_SEAL", "a seal of another kind than the genesis says")
    operator.check_seal(sealed, genesis, signed)
    name = "countersigned" if len(members) >= needed else "operator"
    return Basis(name, members, needed, checkpoint is not None)


def check_votes(
    sealed: Record, genesis: Record, chain_id: bytes, h: Hash, signed: Verify
) -> tuple[Record, Record | None]:
    """
    Check the validators' votes for a block.

    Returns:
        Of CometBFT's header after it: `height`, `hash`, voting `power` that signed it, and `total`. And how these validators took
        over, where the genesis names none.

    Raises:
        Refused: Fewer than two thirds signed, or something does not fit.
    """
    require(sealed.kind == "validators", "BAD_SEAL", "a seal of another kind than validators'")
    if genesis.validators:
        return quorum.check_seal(sealed.seal, genesis.validators, sealed.header, chain_id, h), None
    require(sealed.seal, "BAD_SEAL", "no validator signed")
    taken = handover.check(sealed.seal[0], genesis, chain_id, h, signed)
    return quorum.check_seal(sealed.seal[1:], taken.validators, sealed.header, chain_id, h), taken
