"""
What a verdict rests on: who vouches for the block that all proofs lead to. One module a basis.

Which way a ledger's blocks are sealed stands in its genesis: by one operator, or by validators together. A bundle cannot choose.
"""

from __future__ import annotations

from typing import NamedTuple

from hefu_verify.codec import Record, require
from hefu_verify.primitives import Hash
from hefu_verify.suites import Verify
from hefu_verify.trust import countersigned, operator, quorum


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
    """

    name: str
    members: tuple[Record, ...]
    needed: int
    checkpoint: bool
    power: int = 0
    total: int = 0


def basis_of(sealed: Record, checkpoint: Record | None, tip: Record, genesis: Record, h: Hash, signed: Verify) -> Basis:
    """
    Check the tip's seal and the checkpoint, if there is one.

    Raises:
        Refused: A seal or signature is bad.
    """
    kind = "validators" if genesis.validators else "operator"
    require(sealed.kind == kind, "BAD_SEAL", "a seal of another kind than the genesis says")
    power = total = 0
    if genesis.validators:
        found = quorum.check_seal(sealed, genesis, tip.chain_id)
        power, total = found.power, found.total
    else:
        operator.check_seal(sealed, genesis, signed)
    # One member is needed whatever a genesis says: none at all is the operator alone.
    needed = max(1, genesis.countersignatures_min)
    members = () if checkpoint is None else countersigned.check(checkpoint, sealed, tip, genesis, h, signed)
    name = "validators" if total else "countersigned" if len(members) >= needed else "operator"
    return Basis(name, members, needed, checkpoint is not None, power, total)
