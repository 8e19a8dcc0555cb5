"""
Snapshots: the state at a height in chunks, so that a new node starts without replaying.

A folder holds `manifest` (canonical bytes) and `chunk-00000`… in order of state key, each at most about 4 MiB. A chunk is checked
against the manifest when it arrives, the whole against the header's state root, and the header against its seal. A snapshot
carries the results of the last day of blocks too, so that a replayed transaction is still known; old events and bodies it does
not carry: holders keep the events of their rights, archive nodes keep all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from hefu.kernel.codec import Codec, Record, encode
from hefu.kernel.errors import Corrupt, UsageError
from hefu.ledger import block as blocks
from hefu.ledger.audit import VOTED, check_kept_seal, check_seal, kept, refuse_votes, stored_genesis, stored_tip
from hefu.ledger.block import Result, Sealed
from hefu.ledger.chain import STORE_FORMAT
from hefu.ledger.genesis import Genesis
from hefu.ledger.store import Store, at_height
from hefu.ledger.treebuilder import TreeBuilder

FORMAT = "hefu-snapshot/1"
CHUNK_BYTES = 4 << 20
Progress = Callable[[int, int], None]


class Manifest(Record, frozen=True):
    """What a snapshot consists of; digests are the chain's hash of each chunk's bytes."""

    format: str
    genesis: bytes
    tip: Sealed
    chunks: tuple[bytes, ...]
    recent: bytes


class RecentBlock(Record, frozen=True):
    """A block of the last day: its sealed header and results, for marks against replay."""

    sealed: Sealed
    results: tuple[Result, ...]


MANIFEST: Codec[Manifest] = Codec(Manifest)
CHUNK: Codec[tuple[tuple[bytes, bytes], ...]] = Codec(tuple[tuple[bytes, bytes], ...])
RECENT: Codec[tuple[RecentBlock, ...]] = Codec(tuple[RecentBlock, ...])


def write_snapshot(
    store: Store,
    folder: Path,
    progress: Progress | None = None,
    *,
    seal: Callable[[Sealed], Sealed] | None = None,
) -> Manifest:
    """
    Write a snapshot of a closed or quiet store.

    Args:
        seal: Gives a block of validators its votes, which a store does not keep.

    Raises:
        UsageError: The folder exists.
    """
    if folder.exists():
        raise UsageError("this folder exists", code="FILE_EXISTS", where=str(folder))
    genesis = stored_genesis(store)
    tip = stored_tip(store)
    shown = tip if seal is None else seal(tip)
    partial = folder.with_name(folder.name + ".part")
    partial.mkdir(parents=True)
    digests = []
    for i, chunk in enumerate(state_chunks(store)):
        (partial / f"chunk-{i:05d}").write_bytes(chunk)
        digests.append(genesis.hash(chunk))
        if progress is not None:
            progress(i + 1, 0)
    recent = encode(tuple(recent_blocks(store, genesis, tip)))
    (partial / "recent").write_bytes(recent)
    manifest = Manifest(FORMAT, genesis.raw, shown, tuple(digests), genesis.hash(recent))
    (partial / "manifest").write_bytes(encode(manifest))
    partial.rename(folder)
    return manifest


def restore_snapshot(
    folder: Path,
    store: Store,
    trusted: Genesis,
    progress: Progress | None = None,
    *,
    check_votes: Callable[[Sealed], object] = refuse_votes,
) -> Manifest:
    """
    Fill an empty store from a snapshot.

    Args:
        check_votes: Raises where a block's seal is not that of its validators.

    Raises:
        UsageError: There is something in the store already.
        Corrupt: A chunk, the root or the seal is wrong, or blocks of the last day are missing; the store is of no use then.
    """
    if next(store.scan(b"", b"\xff"), None) is not None:
        # What an earlier snapshot left here half restored would stand in the state without being under its root.
        raise UsageError("this store is not empty", code="HOME_EXISTS")
    try:
        manifest = MANIFEST.load_canonical((folder / "manifest").read_bytes(), "manifest")
    except OSError:
        raise UsageError("no snapshot here", code="NO_SNAPSHOT", where=str(folder)) from None
    if manifest.format != FORMAT or manifest.genesis != trusted.raw:
        raise Corrupt("the snapshot is of another ledger than expected", code="OTHER_GENESIS")
    by_validators = manifest.tip.seal_kind == "validators"
    if by_validators:
        check_votes(manifest.tip)
    else:
        check_seal(trusted, manifest.tip)
    tip = kept(manifest.tip)
    header = blocks.HEADER.load_canonical(manifest.tip.header, "block header")
    if header.chain_id != trusted.chain_id:
        raise Corrupt("the snapshot's header is of another chain", code="WRONG_CHAIN")
    with closing(TreeBuilder(trusted.hash)) as tree:
        for i, digest in enumerate(manifest.chunks):
            raw = _checked(trusted, folder / f"chunk-{i:05d}", digest)
            entries = CHUNK.load_canonical(raw, "chunk")
            store.write([(b"s" + key, value) for key, value in entries], sync=False)
            tree.add(entries)
            if progress is not None:
                progress(i + 1, len(manifest.chunks))
        for writes in tree.finish():
            store.write(writes, sync=False)
    if tree.root != header.state_root:
        raise Corrupt("the chunks do not lead to the header's state root", code="STATE_ROOT")
    # Those of validators hang on the tip by their successors; an operator's may stand before them.
    recent = RecentBlocks(
        store,
        trusted,
        lambda sealed: check_kept_seal(trusted, sealed, sealed.seal_kind == "validators" and by_validators),
    )
    for block in RECENT.load_canonical(_checked(trusted, folder / "recent", manifest.recent), "recent blocks"):
        recent.add(block)
    recent.end(tip)
    if by_validators:
        store.write([(VOTED, encode(manifest.tip))])
    # The format comes last: a store that was filled half has none, and is no ledger.
    store.write([(b"mgenesis", trusted.raw), (b"mtip", encode(tip)), (b"mformat", STORE_FORMAT)])
    return manifest


def _checked(genesis: Genesis, path: Path, digest: bytes) -> bytes:
    try:
        raw = path.read_bytes()
    except OSError:
        raise Corrupt("a part is missing", code="CUT_OFF", where=path.name) from None
    if genesis.hash(raw) != digest:
        raise Corrupt("this part is not the manifest's", code="CHUNK_DIFFERS", where=path.name)
    return raw


def state_chunks(store: Store) -> Iterator[bytes]:
    """The state in order of key, some 4 MiB a piece."""
    entries: list[tuple[bytes, bytes]] = []
    size = 0
    for key, value in store.scan(b"s", b"t"):
        entries.append((key[1:], value))
        size += len(key) + len(value) + 8
        if size >= CHUNK_BYTES:
            yield encode(tuple(entries))
            entries, size = [], 0
    if entries:
        yield encode(tuple(entries))


def recent_blocks(store: Store, genesis: Genesis, tip: Sealed) -> Iterator[RecentBlock]:
    """The blocks of the last day, and one before them."""
    header = blocks.HEADER.load(tip.header)
    first = header.height
    # One block before the last day goes along: it shows that none of the day is left out.
    while first > 1 and _is_recent(genesis, store, first, header.at_ms):
        first -= 1
    for height in range(first, header.height + 1):
        sealed, results = store.get(at_height(b"h", height)), store.get(at_height(b"r", height))
        assert sealed is not None
        assert results is not None
        yield RecentBlock(blocks.SEALED.load(sealed), blocks.RESULTS.load(results))


def _is_recent(genesis: Genesis, store: Store, height: int, tip_ms: int) -> bool:
    raw = store.get(at_height(b"h", height))
    assert raw is not None
    return blocks.HEADER.load(blocks.SEALED.load(raw).header).at_ms >= tip_ms - genesis.file.bounds.window_ms


class RecentBlocks:
    """
    Takes the blocks of the last day, oldest first, and writes the marks that they leave.

    Args:
        check: Refuses a block by its seal; where only the tip has one, the others hang on it by their successors.
    """

    def __init__(self, store: Store, genesis: Genesis, check: Callable[[Sealed], None] | None = None) -> None:
        self._store, self._genesis, self._check = store, genesis, check
        self._oldest: blocks.BlockHeader | None = None
        self._last: Sealed | None = None

    def add(self, block: RecentBlock) -> None:
        """
        Raises:
            Corrupt: It does not follow the one before, or its results are not its own.
        """
        h, sealed = self._genesis.hash, block.sealed
        header = blocks.HEADER.load_canonical(sealed.header, "block header")
        if self._check is not None:
            self._check(sealed)
        if self._last is None:
            self._oldest = header
        elif header.previous != blocks.block_id(h, self._last.header):
            raise Corrupt("the recent blocks are no chain", code="NOT_NEXT", where=f"block {header.height}")
        if blocks.results_root(h, [encode(result) for result in block.results]) != header.results_root:
            raise Corrupt("results are not the header's", code="RESULTS_DIFFER", where=f"block {header.height}")
        self._last = sealed
        writes: list[tuple[bytes, bytes | None]] = [
            (at_height(b"h", header.height), encode(sealed)),
            (at_height(b"r", header.height), encode(block.results)),
        ]
        writes += [(b"i" + r.transaction_id, encode((header.height, i))) for i, r in enumerate(block.results)]
        self._store.write(writes, sync=False)

    def end(self, tip: Sealed) -> None:
        """
        Raises:
            Corrupt: They do not end at the tip, or do not go back a day.
        """
        if self._oldest is None or self._last != tip:
            raise Corrupt("the recent blocks do not end at the tip", code="NOT_NEXT")
        newest = blocks.HEADER.load_canonical(tip.header, "block header")
        if self._oldest.height > 1 and self._oldest.at_ms >= newest.at_ms - self._genesis.file.bounds.window_ms:
            # With their results left out, this node would carry out again what others know as a replay.
            raise Corrupt(
                "blocks of the last day are missing", code="NOT_NEXT", where=f"block {self._oldest.height - 1}"
            )
