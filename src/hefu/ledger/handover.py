"""
How a pilot grew up: the members handed a ledger that one operator sealed over to validators.

What shows it to an outsider is the operator's last block with its seal, a checkpoint of it that founding members countersigned,
and the proof of the record that names the validators. It stands before their votes in every seal from then on
(docs/reference/format.md); the verifier's trust goes from the genesis over this to them.
"""

from __future__ import annotations

from hefu.kernel.codec import Codec, Record, encode
from hefu.kernel.errors import Corrupt, Rejected
from hefu.ledger import checkpoint as checkpoints
from hefu.ledger.block import Sealed
from hefu.ledger.chain import Chain
from hefu.ledger.checkpoint import Checkpoint
from hefu.ledger.genesis import Genesis
from hefu.ledger.tree import StateProof


class Handover(Record, frozen=True):
    """The operator's last block, its checkpoint, and the proof of the validators' record under its state root."""

    tip: Sealed
    checkpoint: Checkpoint
    validators: StateProof


HANDOVER: Codec[Handover] = Codec(Handover)


def handover_of(chain: Chain) -> bytes:
    """
    The packed handover of a ledger whose members have voted for it, as of the operator's last block.

    Raises:
        Rejected: They have not (NO_VALIDATORS), or too few founding members countersigned that block (TOO_FEW_SIGNED).
        Corrupt: The tip is a validators' block already.
    """
    if not chain.validators_decide():
        raise Rejected("the members have not voted to hand this ledger over", code="NO_VALIDATORS")
    if chain.tip_sealed.seal_kind != "operator":
        raise Corrupt("the tip is not an operator's block", code="BAD_SEAL")
    newest = checkpoints.latest(chain.store)
    if newest is None or checkpoints.BODY.load(newest.body).block_id != chain.tip_id:
        raise Rejected("the last block has no checkpoint", code="TOO_FEW_SIGNED")
    check_signers(chain.genesis, newest)
    proof = chain.prove(chain.application.directory.validators_key)
    return encode(Handover(chain.tip_sealed, newest, proof))


def check_signers(genesis: Genesis, checkpoint: Checkpoint) -> None:
    """
    Raises:
        Rejected: Fewer founding members countersigned a checkpoint than an outsider asks of a handover (TOO_FEW_SIGNED).
    """
    signed, needed = checkpoints.countersigners(genesis, checkpoint), genesis.countersigners_min
    if signed < needed:
        raise Rejected(f"{signed} founding members countersigned the last block, {needed} must", code="TOO_FEW_SIGNED")
