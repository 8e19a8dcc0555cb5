"""
Recomputes a ledger from its bodies: every signature, every command, every root. Trusts nothing that is stored but the bytes
of the bodies, and names the first block that is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hefu.kernel.errors import Corrupt
from hefu.ledger import block as blocks
from hefu.ledger import checkpoint as checkpoints
from hefu.ledger.application import Application
from hefu.ledger.block import SEAL_PREFIX, Sealed
from hefu.ledger.chain import STORE_FORMAT, Chain
from hefu.ledger.genesis import Genesis
from hefu.ledger.store import MemoryStore, Store, at_height
from hefu.ledger.transaction import check_stateless

Progress = Callable[[int, int], None]
#: In a copy of a network's ledger: the block at which it was taken, with its validators' votes.
VOTED = b"mvoted"


@dataclass(frozen=True)
class AuditReport:
    """What was recomputed, and whom its truth rests on."""

    height: int
    transactions: int
    refused: int
    records: int
    state_root: bytes
    trust: str
    countersigned_height: int
    countersignatures: int


def stored_genesis(store: Store) -> Genesis:
    """
    The genesis that a store says it began with.

    Raises:
        Corrupt: The store holds no ledger of this format.
    """
    raw = store.get(b"mgenesis")
    if raw is None or store.get(b"mformat") != STORE_FORMAT:
        raise Corrupt("this store holds no ledger", code="NO_LEDGER")
    return Genesis(raw)


def stored_tip(store: Store) -> Sealed:
    """
    The newest block of a store, as it is sealed there.

    Raises:
        Corrupt: It has no tip, or one that cannot be read.
    """
    tip = store.get(b"mtip")
    if tip is None:
        raise Corrupt("this store has no tip", code="NO_TIP")
    return blocks.SEALED.load_canonical(tip, "tip")


def tip_height(store: Store) -> int:
    """The height that a store says it reached; raises as `stored_tip` does."""
    return blocks.HEADER.load_canonical(stored_tip(store).header, "tip").height


def stored_blocks(
    store: Store, from_height: int = 1, *, last: int | None = None
) -> Iterator[tuple[int, Sealed, tuple[bytes, ...]]]:
    """
    Sealed headers and bodies in order of height.

    Raises:
        Corrupt: One is missing or cannot be read; `where` names the block.
    """
    for height in range(from_height, (tip_height(store) if last is None else last) + 1):
        raw_sealed, raw_body = store.get_many([at_height(b"h", height), at_height(b"t", height)])
        if raw_sealed is None or raw_body is None:
            raise Corrupt("header or body is missing", code="BLOCK_MISSING", where=f"block {height}")
        try:
            yield (
                height,
                blocks.SEALED.load_canonical(raw_sealed, "sealed header"),
                blocks.BODY.load_canonical(raw_body, "body"),
            )
        except Corrupt as error:
            raise Corrupt(str(error), code=error.code, where=f"block {height}") from None


def verify(
    store: Store,
    genesis: Genesis,
    application: Application,
    *,
    scratch: Store | None = None,
    progress: Progress | None = None,
    standing: bool = True,
) -> AuditReport:
    """
    Recompute a ledger and compare it with what is stored.

    Args:
        genesis: What the auditor trusts, not what the store says.
        scratch: Where the recomputed ledger lives meanwhile; memory by default.
        progress: Told the height reached and the last.
        standing: The store stands still, so its records are compared too. One that a network moves on is recomputed up to the
            block that was its last when this began; what it stores beside its blocks is its own affair.

    Raises:
        Corrupt: The first block that is wrong, in `where`, or what in the stored state is.
    """
    if store.get(b"mgenesis") != genesis.raw:
        raise Corrupt("the store belongs to another genesis", code="OTHER_GENESIS")
    again = Chain(genesis, application, MemoryStore() if scratch is None else scratch)
    _compare_block_zero(store, again)
    transactions = refused = 0
    last = tip_height(store)
    for height, sealed, body in stored_blocks(store, last=last):
        where = f"block {height}"
        try:
            check_kept_seal(genesis, sealed, again.validators_decide())
            for raw in body:
                code = check_stateless(
                    raw,
                    h=genesis.hash,
                    suite=genesis.suite,
                    chain_id=genesis.chain_id,
                    bounds=genesis.file.bounds,
                )
                if code:
                    raise Corrupt("it holds a transaction that could never be accepted", code=code)
            outcome = again.replay(sealed, body)
        except Corrupt as error:
            raise Corrupt(str(error), code=error.code, where=where) from None
        again.write(outcome, sync=False)
        if store.get(at_height(b"r", height)) != again.store.get(at_height(b"r", height)):
            raise Corrupt("the stored results are not what the body leads to", code="RESULTS_DIFFER", where=where)
        transactions += len(body)
        refused += sum(1 for receipt in outcome.receipts if not receipt.ok)
        if progress is not None:
            progress(height, last)
    if standing and store.get(b"mtip") != store.get(at_height(b"h", last)):
        raise Corrupt("the stored tip is not the last block", code="BLOCK_DIFFERS", where="tip")
    records = _compare_state(store, again) if standing else sum(1 for _ in again.store.scan(b"s", b"t"))
    newest = checkpoints.latest(store)
    countersigned, height = 0, 0
    if newest is not None:
        body_of = checkpoints.check(genesis, newest)
        sealed_there = again.store.get(at_height(b"h", body_of.height))
        header = None if sealed_there is None else blocks.SEALED.load(sealed_there).header
        if (
            header is None
            or blocks.block_id(genesis.hash, header) != body_of.block_id
            or blocks.HEADER.load(header).state_root != body_of.state_root
        ):
            raise Corrupt("the newest checkpoint names a block that is not in this history", code="HISTORY_REWRITTEN")
        countersigned = checkpoints.countersigners(genesis, newest)
        height = body_of.height
    trust = trust_of(genesis, countersigned, again.tip_sealed.seal_kind == "validators")
    return AuditReport(
        again.tip.height, transactions, refused, records, again.tip.state_root, trust, height, countersigned
    )


def trust_of(genesis: Genesis, countersigned: int, by_validators: bool) -> str:
    """
    What stored bytes alone rest on: `countersigned`, `one operator`, or on a network `unsigned`, for its validators' votes lie with
    CometBFT.
    """
    if by_validators:
        return "unsigned"
    return "countersigned" if countersigned >= genesis.countersigners_min else "one operator"


def check_kept_seal(genesis: Genesis, sealed: Sealed, by_validators: bool) -> None:
    """
    The seal of a block in a ledger's own store. On a network it is empty there; whoever takes over another's blocks has to have the
    validators' votes checked, and calls `check_seal`, which refuses it.

    Args:
        by_validators: Whether validators decided the block: they may have taken the ledger over from an operator before it.

    Raises:
        Corrupt: The header is sealed otherwise.
    """
    if not by_validators:
        check_seal(genesis, sealed)
    elif sealed.seal_kind != "validators" or sealed.seal:
        raise Corrupt("a block of a network with another seal", code="BAD_SEAL")


def refuse_votes(sealed: Sealed) -> None:
    """
    For whoever cannot check validators' votes.

    Raises:
        Corrupt: Always.
    """
    raise Corrupt("validators' votes, which nobody checks here", code="BAD_SEAL")


def kept(shown: Sealed) -> Sealed:
    """A block of validators as a ledger's own store has it, without their votes."""
    return Sealed(shown.header, shown.seal_kind, ()) if shown.seal_kind == "validators" else shown


def check_seal(genesis: Genesis, sealed: Sealed) -> None:
    """
    Raises:
        Corrupt: The header is not sealed by the operator that genesis names.
    """
    if sealed.seal_kind != "operator" or len(sealed.seal) != 2 or sealed.seal[0].hex() != genesis.file.seal.key:
        raise Corrupt("the seal is not the operator's", code="BAD_SEAL")
    if not genesis.suite.verify(sealed.seal[0], sealed.seal[1], SEAL_PREFIX + sealed.header):
        raise Corrupt("the seal's signature is bad", code="BAD_SEAL")


def _compare_block_zero(store: Store, again: Chain) -> None:
    raw = store.get(at_height(b"h", 0))
    if raw is None:
        raise Corrupt("header is missing", code="BLOCK_MISSING", where="block 0")
    sealed = blocks.SEALED.load_canonical(raw, "sealed header")
    if sealed.header != again.tip_sealed.header:
        raise Corrupt("genesis leads to another header", code="BLOCK_DIFFERS", where="block 0")
    check_kept_seal(again.genesis, sealed, bool(again.genesis.validators))
    for prefix, what in ((b"t", "body"), (b"r", "results")):
        if store.get(at_height(prefix, 0)) != again.store.get(at_height(prefix, 0)):
            raise Corrupt(f"genesis leads to another {what}", code="BLOCK_DIFFERS", where="block 0")


def _compare_state(store: Store, again: Chain) -> int:
    """State, its tree's buckets, links and the index of transactions, record by record."""
    count = 0
    kinds = ((b"s", b"t", "state"), (b"b", b"c", "tree"), (b"e", b"f", "history"), (b"i", b"j", "index"))
    for prefix, end, what in kinds:
        expected = again.store.scan(prefix, end)
        for key, value in store.scan(prefix, end):
            if next(expected, None) != (key, value):
                raise Corrupt(
                    f"stored {what} differs from what the bodies lead to", code="STATE_DIFFERS", where=key.hex()
                )
            count += prefix == b"s"
        if next(expected, None) is not None:
            raise Corrupt(f"stored {what} lacks records", code="STATE_DIFFERS", where=what)
    return count
