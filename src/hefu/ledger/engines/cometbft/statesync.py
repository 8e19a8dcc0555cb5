"""
Snapshots as CometBFT hands them from node to node, so that a new one starts without replaying (docs/decisions/0012).

A snapshot is the state after one of the engine's blocks, the results of the last day, and the signatures under every change of
validators, in chunks of some 4 MiB; its manifest travels in the snapshot's metadata. CometBFT's light client says which app hash
that block had, which is the id of the ledger's tip: chunks are checked against the manifest's digests, the state against the
tip's root, and recent blocks hang on the tip by their ids. Nothing is taken on the word of whoever sent it.

It is put together in a store beside the ledger's own, which takes its place when everything was right.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from hefu.kernel.codec import Codec, Record, encode
from hefu.kernel.errors import Corrupt
from hefu.ledger import block as blocks
from hefu.ledger.audit import stored_genesis
from hefu.ledger.block import Sealed
from hefu.ledger.chain import STORE_FORMAT
from hefu.ledger.genesis import Genesis
from hefu.ledger.snapshot import CHUNK, CHUNK_BYTES, RECENT, RecentBlock, RecentBlocks, recent_blocks, state_chunks
from hefu.ledger.store import RocksStore, Store, at_height
from hefu.ledger.treebuilder import TreeBuilder

FORMAT = 1
#: A node writes a tenth of what the embedded engine does, and shall stay below 400 MB whatever the ledger grows to.
BUFFER_BYTES, CACHE_BYTES = 16 << 20, 48 << 20
#: Snapshots that stay; a node that joins may be fetching the older one.
KEPT = 2
ENGINE_KEY = b"mengine"
ENGINE_HEIGHT: Codec[int] = Codec(int)
_STATE, _RECENT, _HANDOVERS = b"s", b"r", b"v"


class SyncManifest(Record, frozen=True):
    """
    What a snapshot consists of. `made_at` is the engine's block that made the tip, `engine_height` the newest one, `chunks` the
    digests of all chunks in order, with the chain's hash.
    """

    engine_height: int
    made_at: int
    tip: Sealed
    chunks: tuple[bytes, ...]


MANIFEST: Codec[SyncManifest] = Codec(SyncManifest)
HANDOVERS: Codec[tuple[tuple[bytes, bytes], ...]] = Codec(tuple[tuple[bytes, bytes], ...])


def take_snapshot(store: Store, folder: Path) -> SyncManifest | None:
    """
    Write a snapshot of a replica's store into a folder of its own under `folder`, and drop all but the newest.

    Args:
        store: Read only, so that the replica may go on.

    Returns:
        None if there is one of this height already, or a change of validators of which the signatures are not there yet.
    """
    genesis = stored_genesis(store)
    tip_raw, engine_raw = store.get(b"mtip"), store.get(ENGINE_KEY)
    if tip_raw is None or engine_raw is None:
        return None
    tip, engine_height = blocks.SEALED.load(tip_raw), ENGINE_HEIGHT.load(engine_raw)
    header = blocks.HEADER.load(tip.header)
    made_raw = store.get(at_height(b"n", header.height))
    handovers = tuple(store.scan(b"v", b"w"))
    target = folder / f"{engine_height:020d}"
    if target.exists() or made_raw is None or not all(light for _, light in handovers):
        return None
    partial = folder / "part"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    digests = []
    for i, chunk in enumerate(_chunks(store, genesis, tip, handovers)):
        (partial / f"{i:05d}").write_bytes(chunk)
        digests.append(genesis.hash(chunk))
    manifest = SyncManifest(engine_height, ENGINE_HEIGHT.load(made_raw), tip, tuple(digests))
    (partial / "manifest").write_bytes(encode(manifest))
    partial.rename(target)
    for old in _folders(folder)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return manifest


def _chunks(store: Store, genesis: Genesis, tip: Sealed, handovers: tuple[tuple[bytes, bytes], ...]) -> Iterator[bytes]:
    for raw in state_chunks(store):
        yield _STATE + raw
    piece: list[RecentBlock] = []
    size = 0
    for block in recent_blocks(store, genesis, tip):
        piece.append(block)
        size += sum(len(event) + 64 for result in block.results for event in result.events) + 512
        if size >= CHUNK_BYTES:
            yield _RECENT + encode(tuple(piece))
            piece, size = [], 0
    yield _RECENT + encode(tuple(piece))
    yield _HANDOVERS + encode(handovers)


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name.isdigit()) if folder.is_dir() else []


class Snapshots:
    """The snapshots that a node has to give."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def manifests(self) -> list[SyncManifest]:
        """Newest first."""
        return [MANIFEST.load((path / "manifest").read_bytes()) for path in reversed(_folders(self._folder))]

    def chunk(self, engine_height: int, index: int) -> bytes:
        """One chunk; empty if it is gone."""
        try:
            return (self._folder / f"{engine_height:020d}" / f"{index:05d}").read_bytes()
        except OSError:
            return b""


class Disk(Protocol):
    """Where a replica's ledger lies, and how another takes its place."""

    @property
    def folder(self) -> Path | None:
        """Where there is room for what a state sync keeps meanwhile; None wherever the system has it."""
        ...

    def scratch(self) -> Store:
        """An empty store beside the ledger's."""
        ...

    def adopt(self, scratch: Store, current: Store) -> Store:
        """Put the scratch store in place of the current one; both are closed, and the ledger's is opened."""
        ...


class LedgerFolder:
    """
    A ledger's folder.

    Args:
        path: RocksDB's.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._scratch = path.with_name(path.name + ".part")
        self._old = path.with_name(path.name + ".old")

    @property
    def folder(self) -> Path:
        """See the port."""
        return self._path.parent

    def open(self) -> RocksStore:
        """The ledger's store; what a state sync left half done is dropped."""
        if not self._path.exists() and self._old.exists():
            # Ended between the two renames: the ledger of before is whole.
            self._old.rename(self._path)
        for left in (self._scratch, self._old):
            shutil.rmtree(left, ignore_errors=True)
        return _opened(self._path)

    def scratch(self) -> RocksStore:
        """See the port."""
        shutil.rmtree(self._scratch, ignore_errors=True)
        return _opened(self._scratch)

    def adopt(self, scratch: Store, current: Store) -> RocksStore:
        """See the port."""
        scratch.close()
        current.close()
        self._path.rename(self._old)
        self._scratch.rename(self._path)
        shutil.rmtree(self._old, ignore_errors=True)
        return _opened(self._path)


def _opened(path: Path) -> RocksStore:
    return RocksStore(path, buffer_bytes=BUFFER_BYTES, cache_bytes=CACHE_BYTES, mapped=False)


class Restoring:
    """
    A snapshot on its way in.

    Args:
        genesis: The ledger's.
        manifest: From whoever offers it.
        app_hash: What CometBFT's light client knows of the block after which it was taken.

    Raises:
        Corrupt: The manifest is of another block than the app hash.
    """

    def __init__(self, genesis: Genesis, manifest: SyncManifest, app_hash: bytes, disk: Disk) -> None:
        if blocks.block_id(genesis.hash, manifest.tip.header) != app_hash:
            raise Corrupt("the snapshot is of another block than the network's", code="WRONG_CHAIN")
        self._genesis, self.manifest, self._disk = genesis, manifest, disk
        self._header = blocks.HEADER.load_canonical(manifest.tip.header, "block header")
        self._store = disk.scratch()
        self._tree = TreeBuilder(genesis.hash, disk.folder)
        self._recent = RecentBlocks(self._store, genesis)
        self._next = 0

    def fits(self, index: int, chunk: bytes) -> bool:
        """Whether this is the chunk that the manifest names."""
        return index == self._next and self._genesis.hash(chunk) == self.manifest.chunks[index]

    def take(self, chunk: bytes) -> bool:
        """
        The next chunk.

        Returns:
            Whether it was the last.

        Raises:
            Corrupt: The whole does not lead to the tip; another snapshot is needed.
        """
        kind, body = chunk[:1], chunk[1:]
        if kind == _STATE:
            entries = CHUNK.load_canonical(body, "chunk")
            self._store.write([(b"s" + key, value) for key, value in entries], sync=False)
            self._tree.add(entries)
        elif kind == _RECENT:
            for block in RECENT.load_canonical(body, "recent blocks"):
                self._recent.add(block)
        elif kind == _HANDOVERS:
            pairs = HANDOVERS.load_canonical(body, "handovers")
            if any(len(key) != 9 or key[:1] != b"v" for key, _ in pairs):
                raise Corrupt("a change of validators stands under another key", code="MALFORMED")
            self._store.write(list(pairs), sync=False)
        else:
            raise Corrupt("a chunk of an unknown kind", code="MALFORMED")
        self._next += 1
        return self._next == len(self.manifest.chunks)

    def finish(self, current: Store, progress: Callable[[], None] | None = None) -> Store:
        """
        Put the ledger in the place of the current one.

        Args:
            progress: Called now and then: a large state takes minutes.

        Raises:
            Corrupt: Its state is not the tip's, or blocks of the last day are missing.
        """
        tip = self.manifest.tip
        for writes in self._tree.finish(progress):
            self._store.write(writes, sync=False)
        self._tree.close()
        if self._tree.root != self._header.state_root:
            raise Corrupt("the chunks do not lead to the header's state root", code="STATE_ROOT")
        self._recent.end(tip)
        self._store.write(
            [
                (b"mgenesis", self._genesis.raw),
                (b"mtip", encode(tip)),
                (ENGINE_KEY, encode(self.manifest.engine_height)),
                (at_height(b"n", self._header.height), encode(self.manifest.made_at)),
                (b"mformat", STORE_FORMAT),
            ]
        )
        return self._disk.adopt(self._store, current)

    def give_up(self) -> None:
        """It came to nothing."""
        self._tree.close()
        self._store.close()


def read_manifest(raw: bytes, engine_height: int) -> SyncManifest:
    """
    Raises:
        Corrupt: No manifest of a snapshot after this block of the engine's.
    """
    manifest = MANIFEST.load_canonical(raw, "manifest")
    if manifest.engine_height != engine_height or not 0 < manifest.made_at <= engine_height or not manifest.chunks:
        raise Corrupt("the manifest is of another block, or names no chunks", code="WRONG_CHAIN")
    return manifest
