"""
What a node that began from a snapshot can still check and show.

It keeps the records, the headers and answers of the last day before the snapshot, and everything since; the blocks before, and the
histories they wrote, it never had. What it has is checked here; what it lacks is said plainly, for nothing else tells a
restored node from a damaged one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hefu.contracts.parties.state import VALIDATORS_KEY
from hefu.contracts.receivables import state as rs
from hefu.kernel.codec import encode
from hefu.kernel.errors import Corrupt, Unavailable
from hefu.ledger import block as blocks
from hefu.ledger import checkpoint as checkpoints
from hefu.ledger.audit import check_kept_seal, tip_height, trust_of
from hefu.ledger.chain import BLOCK_ID, BLOCK_ID_PREFIX, Chain
from hefu.ledger.genesis import Genesis
from hefu.ledger.store import MemoryStore, Store, at_height
from hefu.ledger.transaction import check_stateless
from hefu.ledger.tree import StateTree

Progress = Callable[[int, int], None]
_CHUNK_RECORDS = 100_000


@dataclass(frozen=True)
class KeptReport:
    """
    What was checked of a node without old blocks.

    Args:
        first_height: The first block that it keeps whole; one past the tip where it keeps none.
        first_header: The oldest header that it keeps.
        records: Records that lead to the tip's state root.
        countersigned_height: Block of the newest checkpoint that it keeps, 0 for none.
    """

    height: int
    first_height: int
    first_header: int
    transactions: int
    refused: int
    records: int
    state_root: bytes
    trust: str
    countersigned_height: int
    countersignatures: int


def first_kept(store: Store) -> int:
    """
    The first block that a store keeps whole: 0 where it keeps all of them, or ought to.

    Only what a snapshot never brings may be missing: block 0 and every body up to its own block. Any other gap is damage.
    """
    if store.get(at_height(b"h", 0)) is not None:
        return 0
    body = next(store.scan(b"t", b"u"), None)
    first = tip_height(store) + 1 if body is None else int.from_bytes(body[0][1:], "big")
    return 0 if first <= 1 else first


def links_of(chain: Chain, right: bytes, record: rs.RightRecord) -> list[bytes]:
    """
    All links of a right's history, oldest first.

    Raises:
        Unavailable: This node began later than the right.
    """
    links = chain.links(right)
    if len(links) < record.header.length and first_kept(chain.store):
        raise Unavailable(
            "this node was restored from a snapshot and keeps no history from before; ask a node that keeps all blocks",
            code="NOT_ARCHIVED",
        )
    return links


def verify(
    store: Store, genesis: Genesis, first_height: int, *, scratch: Store | None = None, progress: Progress | None = None
) -> KeptReport:
    """
    Check what a restored node has: that its records lead to the tip's state root, and that headers, seals, answers, bodies and
    signatures fit each other from the oldest header on. What came before the snapshot rests on the operator's seal.

    Args:
        genesis: What the auditor trusts, not what the store says.
        first_height: As `first_kept` says.
        scratch: Where the tree is built anew meanwhile; memory by default.

    Raises:
        Corrupt: The first thing that is wrong, in `where`.
    """
    if store.get(b"mgenesis") != genesis.raw:
        raise Corrupt("the store belongs to another genesis", code="OTHER_GENESIS")
    last = tip_height(store)
    oldest = next(store.scan(b"h", b"i"), None)
    if oldest is None:
        raise Corrupt("header is missing", code="BLOCK_MISSING", where=f"block {last}")
    first_header = int.from_bytes(oldest[0][1:], "big")
    transactions = refused = 0
    previous: blocks.BlockHeader | None = None
    previous_id = b""
    named = store.get(b"s" + VALIDATORS_KEY) is not None
    by_validators = bool(genesis.validators)
    for height in range(first_header, last + 1):
        where = f"block {height}"
        try:
            # Where the state names validators they took over at some block; from then on there is no way back.
            by_validators = by_validators or (named and _seal_kind(store, height) == "validators")
            header, count, failed = _check_block(store, genesis, height, by_validators, whole=height >= first_height)
        except Corrupt as error:
            raise Corrupt(str(error), code=error.code, where=where) from None
        if previous is not None and (header.previous != previous_id or header.at_ms <= previous.at_ms):
            raise Corrupt("it does not follow the block before it", code="NOT_NEXT", where=where)
        previous, previous_id = header, _id_at(store, genesis, height)
        # The state commits to every block before the tip: headers put in place of others do not pass.
        committed = store.get(b"s" + BLOCK_ID_PREFIX + height.to_bytes(8, "big"))
        if height < last and (committed is None or BLOCK_ID.load(committed).id != previous_id):
            raise Corrupt("the state commits to another block", code="BLOCK_DIFFERS", where=where)
        transactions, refused = transactions + count, refused + failed
        if progress is not None:
            progress(height - first_header + 1, last - first_header + 1)
    assert previous is not None
    if store.get(b"mtip") != store.get(at_height(b"h", last)):
        raise Corrupt("the stored tip is not the last block", code="BLOCK_DIFFERS", where="tip")
    records = _check_state(store, genesis, previous.state_root, MemoryStore() if scratch is None else scratch)
    height, countersigned = _checkpoint(store, genesis, first_header)
    trust = trust_of(genesis, countersigned, by_validators)
    return KeptReport(
        last,
        first_height,
        first_header,
        transactions,
        refused,
        records,
        previous.state_root,
        trust,
        height,
        countersigned,
    )


def _id_at(store: Store, genesis: Genesis, height: int) -> bytes:
    raw = store.get(at_height(b"h", height))
    return b"" if raw is None else blocks.block_id(genesis.hash, blocks.SEALED.load(raw).header)


def _seal_kind(store: Store, height: int) -> str:
    raw = store.get(at_height(b"h", height))
    return "" if raw is None else blocks.SEALED.load_canonical(raw, "sealed header").seal_kind


def _check_block(
    store: Store, genesis: Genesis, height: int, by_validators: bool, *, whole: bool
) -> tuple[blocks.BlockHeader, int, int]:
    """A block's header, and how many transactions of it were checked and refused."""
    raw_sealed, raw_body, raw_results = (store.get(at_height(prefix, height)) for prefix in (b"h", b"t", b"r"))
    if raw_sealed is None or raw_results is None or (whole and raw_body is None):
        raise Corrupt("header, body or answers are missing", code="BLOCK_MISSING")
    sealed = blocks.SEALED.load_canonical(raw_sealed, "sealed header")
    check_kept_seal(genesis, sealed, by_validators)
    header = blocks.HEADER.load_canonical(sealed.header, "block header")
    if header.chain_id != genesis.chain_id or header.height != height:
        raise Corrupt("this header is of another chain or block", code="WRONG_CHAIN")
    results = blocks.RESULTS.load_canonical(raw_results, "results")
    if blocks.results_root(genesis.hash, [encode(result) for result in results]) != header.results_root:
        raise Corrupt("the stored results are not the header's", code="RESULTS_DIFFER")
    if raw_body is None:
        return header, 0, 0
    body = blocks.BODY.load_canonical(raw_body, "body")
    if blocks.transactions_root(genesis.hash, body) != header.transactions_root or len(body) != len(results):
        raise Corrupt("the stored body is not the header's", code="BLOCK_DIFFERS")
    bounds = genesis.file.bounds
    for raw in body:
        code = check_stateless(raw, h=genesis.hash, suite=genesis.suite, chain_id=genesis.chain_id, bounds=bounds)
        if code:
            raise Corrupt("it holds a transaction that could never be accepted", code=code)
    return header, len(body), sum(1 for result in results if result.code != blocks.OK)


def _check_state(store: Store, genesis: Genesis, root: bytes, scratch: Store) -> int:
    """Build the tree anew from the records alone; the number of records."""
    tree, count = StateTree(genesis.hash, scratch), 0
    for chunk in _records(store):
        scratch.write(tree.update(chunk, 0), sync=False)
        count += len(chunk)
    if tree.root != root:
        raise Corrupt("the stored records do not lead to the tip's state root", code="STATE_ROOT")
    expected = scratch.scan(b"b", b"c")
    for pair in store.scan(b"b", b"c"):
        if next(expected, None) != pair:
            raise Corrupt("the stored tree is not the records'", code="STATE_DIFFERS", where=pair[0].hex())
    if next(expected, None) is not None:
        raise Corrupt("the stored tree lacks buckets", code="STATE_DIFFERS", where="tree")
    return count


def _records(store: Store) -> Iterator[list[tuple[bytes, bytes | None]]]:
    chunk: list[tuple[bytes, bytes | None]] = []
    for key, value in store.scan(b"s", b"t"):
        chunk.append((key[1:], value))
        if len(chunk) >= _CHUNK_RECORDS:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _checkpoint(store: Store, genesis: Genesis, first_header: int) -> tuple[int, int]:
    """Block of the newest checkpoint, and how many members countersigned it."""
    newest = checkpoints.latest(store)
    if newest is None:
        return 0, 0
    body = checkpoints.check(genesis, newest)
    if body.height < first_header or _id_at(store, genesis, body.height) != body.block_id:
        raise Corrupt("the newest checkpoint names a block that is not in this history", code="HISTORY_REWRITTEN")
    return body.height, checkpoints.countersigners(genesis, newest)
