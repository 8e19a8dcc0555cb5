"""
What a verdict rests on: who vouches for the block that all proofs lead to. One module a basis.

A new way of sealing blocks gets its own module and a row in `SEALS`: validators' commits come there, as the seal kind that their
engine's blocks carry, with the voting power behind them as a basis of its own, stronger than those here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from hefu_verify.codec import Record, require
from hefu_verify.primitives import Hash
from hefu_verify.suites import Verify
from hefu_verify.trust import countersigned, operator

#: Checks of a seal, by its kind.
SEALS: dict[str, Callable[[Record, Record, Verify], None]] = {"operator": operator.check_seal}


class Basis(NamedTuple):
    """
    Who vouches.

    Args:
        name: `countersigned`, or `operator`: one operator, who could have rewritten history.
        members: Founding members that countersigned, without the operator's own.
        needed: How many the genesis asks for.
        checkpoint: Whether there is a checkpoint, with the operator's post-quantum signature.
    """

    name: str
    members: tuple[Record, ...]
    needed: int
    checkpoint: bool


def basis_of(sealed: Record, checkpoint: Record | None, tip: Record, genesis: Record, h: Hash, signed: Verify) -> Basis:
    """
    Check the tip's seal and the checkpoint, if there is one.

    Raises:
        Refused: A seal or signature is bad.
    """
    require(sealed.kind in SEALS, "BAD_SEAL", "a seal of a kind that this verifier does not know")
    SEALS[sealed.kind](sealed, genesis, signed)
    # One member is needed whatever a genesis says: none at all is the operator alone.
    needed = max(1, genesis.countersignatures_min)
    members = () if checkpoint is None else countersigned.check(checkpoint, sealed, tip, genesis, h, signed)
    name = "countersigned" if len(members) >= needed else "operator"
    return Basis(name, members, needed, checkpoint is not None)
