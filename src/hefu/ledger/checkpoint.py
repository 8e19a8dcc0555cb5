"""
Checkpoints: what the operator and members vouch for together, so that one operator cannot rewrite history unseen.

The operator signs with the suite and with ML-DSA-65; members countersign after checking that the new checkpoint contains
the last one that they signed (docs/reference/format.md).
"""

from __future__ import annotations

from hefu.kernel.codec import Codec, Record, encode
from hefu.kernel.errors import Corrupt, Rejected
from hefu.kernel.hashing import TAGS, ZERO, Hash, Tag
from hefu.kernel.signer import Signer
from hefu.kernel.suites import hybrid
from hefu.ledger import block as blocks
from hefu.ledger.chain import BLOCK_ID, BLOCK_ID_PREFIX, Chain
from hefu.ledger.genesis import Genesis
from hefu.ledger.store import Store, at_height
from hefu.ledger.tree import StateProof, check_proof

VERSION = 1
PREFIX = b"hefu/checkpoint/1\n"
OPERATOR_ROLE = "platform_operator"
_CHECKPOINT = TAGS[Tag.CHECKPOINT]


class CheckpointBody(Record, frozen=True):
    """What is vouched for: the block at a height, its state, and the checkpoint before."""

    version: int
    chain_id: bytes
    height: int
    block_id: bytes
    state_root: bytes
    previous: bytes
    at_ms: int


class Checkpoint(Record, frozen=True):
    """A body with its signatures; countersignatures in order of key."""

    body: bytes
    signature: bytes
    post_quantum_signature: bytes
    countersignatures: tuple[tuple[bytes, bytes], ...]


BODY: Codec[CheckpointBody] = Codec(CheckpointBody)
CHECKPOINT: Codec[Checkpoint] = Codec(Checkpoint)


def digest(h: Hash, body: bytes) -> bytes:
    """Identifier of a checkpoint."""
    return h(_CHECKPOINT + body)


def latest(store: Store) -> Checkpoint | None:
    """The newest checkpoint on a store."""
    raw = store.get(b"mcheckpoint")
    return None if raw is None else CHECKPOINT.load_canonical(raw, "checkpoint")


def make(chain: Chain, sealer: Signer, post_quantum_seed: bytes) -> Checkpoint:
    """
    Checkpoint the tip: the operator's own two signatures.

    Raises:
        Rejected: The post-quantum key is not the one that genesis names.
    """
    if hybrid.public_key(post_quantum_seed).hex() != chain.genesis.file.seal.post_quantum_key:
        raise Rejected("this is not the checkpoint key that genesis names", code="WRONG_CHECKPOINT_KEY")
    before = latest(chain.store)
    body = encode(
        CheckpointBody(
            VERSION,
            chain.genesis.chain_id,
            chain.tip.height,
            chain.tip_id,
            chain.tip.state_root,
            ZERO if before is None else digest(chain.genesis.hash, before.body),
            chain.tip.at_ms,
        )
    )
    message = PREFIX + body
    return Checkpoint(body, sealer.sign(message), hybrid.sign(post_quantum_seed, message), ())


def countersign(
    genesis: Genesis,
    checkpoint: Checkpoint,
    member: Signer,
    *,
    last_signed: CheckpointBody | None,
    tip_header: bytes,
    consistency: StateProof | None,
) -> Checkpoint:
    """
    A member adds its signature, after checking that the checkpoint contains the last one that it signed.

    Args:
        last_signed: The last body this member signed; None the first time.
        tip_header: Header bytes of the block that is vouched for.
        consistency: Proof under the tip's state root of the id of the block of `last_signed`; None where the heights are equal.

    Raises:
        Corrupt: The operator's signatures are bad, or history was rewritten since. The member must not sign.
    """
    check(genesis, checkpoint)
    h = genesis.hash
    body = BODY.load_canonical(checkpoint.body, "checkpoint")
    if blocks.block_id(h, tip_header) != body.block_id:
        raise Corrupt("the checkpoint names another block", code="CHECKPOINT_BLOCK")
    header = blocks.HEADER.load_canonical(tip_header, "block header")
    if (header.chain_id, header.height, header.state_root) != (genesis.chain_id, body.height, body.state_root):
        raise Corrupt("the checkpoint contradicts its block", code="CHECKPOINT_BLOCK")
    if last_signed is not None:
        _check_contains(h, body, last_signed, consistency)
    signature = member.sign(PREFIX + checkpoint.body)
    known = dict(checkpoint.countersignatures)
    known[member.public_key] = signature
    return Checkpoint(
        checkpoint.body, checkpoint.signature, checkpoint.post_quantum_signature, tuple(sorted(known.items()))
    )


def _check_contains(h: Hash, body: CheckpointBody, last: CheckpointBody, proof: StateProof | None) -> None:
    if body.height < last.height:
        raise Corrupt("the ledger went back behind a checkpoint that was signed", code="HISTORY_REWRITTEN")
    if body.height == last.height:
        if body.block_id != last.block_id:
            raise Corrupt("two blocks at one height: history was rewritten", code="HISTORY_REWRITTEN")
        return
    key = BLOCK_ID_PREFIX + last.height.to_bytes(8, "big")
    if proof is None or proof.key != key or proof.value is None:
        raise Corrupt("a proof of the last signed block is missing", code="CONSISTENCY_MISSING")
    check_proof(h, proof, body.state_root)
    if BLOCK_ID.load(proof.value).id != last.block_id:
        raise Corrupt("the block that was signed is no longer in this history", code="HISTORY_REWRITTEN")


def check(genesis: Genesis, checkpoint: Checkpoint) -> CheckpointBody:
    """
    The operator's hybrid signature and every countersignature, each key's once.

    Raises:
        Corrupt: One is bad or stands twice, or the body is of another chain.
    """
    body = BODY.load_canonical(checkpoint.body, "checkpoint")
    message = PREFIX + checkpoint.body
    suite, seal = genesis.suite, genesis.file.seal
    if body.version != VERSION or body.chain_id != genesis.chain_id:
        raise Corrupt("the checkpoint is of another chain", code="WRONG_CHAIN")
    if not suite.verify(bytes.fromhex(seal.key), checkpoint.signature, message):
        raise Corrupt("the operator's signature is bad", code="BAD_SIGNATURE")
    if not hybrid.verify(bytes.fromhex(seal.post_quantum_key), checkpoint.post_quantum_signature, message):
        raise Corrupt("the operator's post-quantum signature is bad", code="BAD_SIGNATURE")
    keys = [key for key, _ in checkpoint.countersignatures]
    if keys != sorted(frozenset(keys)):
        raise Corrupt("countersignatures are in order of key, each once", code="BAD_SIGNATURE")
    for key, signature in checkpoint.countersignatures:
        if not suite.verify(key, signature, message):
            raise Corrupt("a countersignature is bad", code="BAD_SIGNATURE")
    return body


def keep(store: Store, checkpoint: Checkpoint) -> None:
    """Write a checkpoint, as the newest and under its height."""
    packed = encode(checkpoint)
    height = BODY.load(checkpoint.body).height
    store.write([(b"mcheckpoint", packed), (at_height(b"c", height), packed)])


def countersigners(genesis: Genesis, checkpoint: Checkpoint) -> int:
    """
    How many founding members countersigned, each counted once however many keys it used.

    The operator's own organisation adds nobody: it vouches already.
    """
    keys = frozenset(key.hex() for key, _ in checkpoint.countersignatures)
    return sum(
        1
        for founder in genesis.file.founders
        if founder.member
        and OPERATOR_ROLE not in founder.roles
        and all(key.key != genesis.file.seal.key for key in founder.keys)
        and any(key.key in keys for key in founder.keys if "checkpoint" in key.purposes)
    )
