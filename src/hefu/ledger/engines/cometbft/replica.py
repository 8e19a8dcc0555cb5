"""
A ledger as CometBFT sees it: what each call of ABCI does to a chain.

CometBFT orders parcels and gives them back decided, block by block; here they are unpacked and run. Between FinalizeBlock and
Commit a block is in memory alone; Commit writes it, with the engine's height, in one batch. CometBFT is therefore at the
chain's height or one ahead, never behind. Blocks of the engine in which nothing is kept make no block of the ledger: the app
hash stays as it was, or a network that has nothing to do would make blocks for ever.

The app hash is the id of the ledger's newest block, so that what two thirds of the validators sign in the engine's next header
vouches for the whole of it: transactions, results and state.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hefu.kernel.codec import encode
from hefu.kernel.errors import Corrupt, EngineError
from hefu.ledger.application import Application
from hefu.ledger.block import Receipt
from hefu.ledger.chain import Chain, Outcome
from hefu.ledger.engines.cometbft.statesync import (
    ENGINE_HEIGHT,
    ENGINE_KEY,
    Disk,
    Restoring,
    Snapshots,
    read_manifest,
)
from hefu.ledger.engines.cometbft.verdicts import Verdicts
from hefu.ledger.genesis import Genesis
from hefu.ledger.store import Store, at_height
from hefu.ledger.versions import check_known

CHAIN_ID_BYTES = 16
#: Decoded records in memory: a fifth of what the embedded engine keeps.
RECORDS = 10_000
#: Of the state tree's million buckets; all of them grow with the ledger, to hundreds of megabytes.
TREE_BUCKETS = 160_000


@dataclass(frozen=True, slots=True)
class Info:
    """Where this replica stands: the engine's height and the app hash after it."""

    height: int
    app_hash: bytes


@dataclass(frozen=True, slots=True)
class Finalized:
    """A decided block, run and not yet written; `updates` are validators with the power that they have from now on."""

    engine_height: int
    outcome: Outcome | None
    updates: tuple[tuple[bytes, int], ...]
    receipts: tuple[Receipt, ...]
    parcels: list[bytes]


def engine_chain_id(genesis: Genesis) -> str:
    """What CometBFT calls this ledger; at most 50 characters there."""
    return f"hefu-{genesis.chain_id[:CHAIN_ID_BYTES].hex()}"


class Replica:
    """
    Args:
        genesis: The ledger's; it names validators.
        application: The contracts.
        store: Where the chain lives; founded here if it is empty.
        disk: How a ledger that came by state sync takes the store's place; None refuses any.
        snapshots: What it has to give to others.
        handover: How validators took an operator's ledger over, as `hefu.ledger.handover` packs it; empty where the genesis
            names them.

    Raises:
        Corrupt: The store belongs to another ledger, or is damaged.
        EngineError: Neither genesis nor state names validators (NO_VALIDATORS).
        Unavailable: This software does not know the code version of the next block (CODE_TOO_OLD).
    """

    def __init__(
        self,
        genesis: Genesis,
        application: Application,
        store: Store,
        *,
        disk: Disk | None = None,
        snapshots: Snapshots | None = None,
        handover: bytes = b"",
    ) -> None:
        self.genesis = genesis
        self.handover = handover
        self._application = application
        self._store = store
        self._disk, self.snapshots = disk, snapshots
        self._restoring: Restoring | None = None
        self.verdicts = Verdicts(genesis)
        self._finalized: Finalized | None = None
        #: Called now and then while something takes long.
        self.alive: Callable[[], None] | None = None
        self.chain: Chain
        self._open()

    def _open(self) -> None:
        self.chain = Chain(self.genesis, self._application, self._store, records=RECORDS, buckets=TREE_BUCKETS)
        # A node that takes a snapshot of a ledger that began as a pilot has nothing yet.
        if not self.chain.validators_decide() and not (self.handover and self._disk is not None):
            raise EngineError("this ledger names no validators; one operator seals it", code="NO_VALIDATORS")
        check_known(self.chain.next_version(), "the next block of this ledger is decided by")
        raw = self._store.get(ENGINE_KEY)
        self.engine_height = 0 if raw is None else ENGINE_HEIGHT.load(raw)

    @property
    def committed_height(self) -> int:
        """Height of the newest block of the ledger on the disk."""
        finalized = self._finalized is not None and self._finalized.outcome is not None
        return self.chain.tip.height - finalized

    # -- the handshake ------------------------------------------------------------------------------------------

    def info(self) -> Info:
        """What is on the disk. CometBFT asks when it connects, and then decides what to send again."""
        self.roll_back()
        return Info(self.engine_height, self.chain.tip_id if self.engine_height else b"")

    def init_chain(self, chain_id: str, validators: Sequence[tuple[bytes, int]]) -> bytes:
        """
        The beginning; it may come again after a crash before the first block.

        Args:
            validators: Public keys with their power, from CometBFT's own genesis.

        Returns:
            The first app hash.

        Raises:
            EngineError: CometBFT was set up for another ledger, or with other validators, than the genesis names.
        """
        if chain_id != engine_chain_id(self.genesis):
            raise EngineError(
                f"CometBFT's genesis is of {chain_id}, this ledger is {engine_chain_id(self.genesis)}",
                code="OTHER_GENESIS",
            )
        named = sorted(self._validators().items())
        if sorted(validators) != named:
            raise EngineError("CometBFT's genesis names other validators than the ledger's", code="OTHER_VALIDATORS")
        if self.engine_height:
            raise EngineError("CometBFT begins anew, but this ledger has blocks", code="ENGINE_BEHIND")
        self.roll_back()
        return self.chain.tip_id

    # -- the mempool --------------------------------------------------------------------------------------------

    def check(self, parcel: bytes) -> str:
        """An empty text, or the code for which no validator would propose this parcel."""
        return self.verdicts.of(parcel).code

    # -- proposals: they change nothing -------------------------------------------------------------------------

    def prepare(self, parcels: Sequence[bytes], bytes_max: int) -> list[bytes]:
        """Those of the parcels that make a good block, in their order."""
        chosen: list[bytes] = []
        room = self.genesis.file.bounds.block_transactions
        for parcel in parcels:
            verdict = self.verdicts.of(parcel)
            # Eight bytes of protobuf around each at most.
            cost = len(parcel) + 8
            if verdict.code or len(verdict.raws) > room or cost > bytes_max:
                continue
            room -= len(verdict.raws)
            bytes_max -= cost
            chosen.append(parcel)
        return chosen

    def accepts(self, parcels: Sequence[bytes]) -> bool:
        """Whether a proposal of another node holds nothing but good parcels, and no more than a block takes."""
        count = 0
        for parcel in parcels:
            verdict = self.verdicts.of(parcel)
            if verdict.code:
                return False
            count += len(verdict.raws)
        return count <= self.genesis.file.bounds.block_transactions

    # -- decided blocks -----------------------------------------------------------------------------------------

    def finalize(
        self, engine_height: int, at_ms: int, parcels: Sequence[bytes]
    ) -> tuple[bytes, tuple[tuple[bytes, int], ...]]:
        """
        Run a decided block, in memory.

        Returns:
            The app hash after it, and validators whose power changed: public key and power, 0 for one that leaves.

        Raises:
            EngineError: It is not the next one (ENGINE_HEIGHT).
            Unavailable: The members adopted a code version for it that this software does not know (CODE_TOO_OLD).
        """
        self.roll_back()
        if engine_height != self.engine_height + 1:
            raise EngineError(
                f"CometBFT decided block {engine_height}, but {self.engine_height + 1} is next", code="ENGINE_HEIGHT"
            )
        raws = [raw for parcel in parcels for raw in self.verdicts.of(parcel).raws]
        chain = self.chain
        batch = chain.read(raws)
        chain.fetch(batch)
        before = self._validators()
        ran = chain.run(batch, at_ms)
        outcome: Outcome | None = None
        if ran.count:
            chain.begin(ran)
            outcome = chain.seal()
        else:
            chain.discard(ran)
        after = self._validators()
        changed = sorted(key for key in before | after if before.get(key) != after.get(key))
        updates = tuple((key, after.get(key, 0)) for key in changed)
        self._finalized = Finalized(engine_height, outcome, updates, tuple(ran.receipts), list(parcels))
        return chain.tip_id, updates

    def _validators(self) -> dict[bytes, int]:
        return self._application.directory.validators(self.chain.state)

    def commit(self) -> Finalized:
        """
        Write the block that was finalized, all or none, synced.

        Raises:
            EngineError: None was (NOTHING_TO_COMMIT), or the disk refused.
        """
        done = self._finalized
        if done is None:
            raise EngineError("there is no block to commit", code="NOTHING_TO_COMMIT")
        height = encode(done.engine_height)
        if done.outcome is None:
            self._store.write([(ENGINE_KEY, height)])
        else:
            writes = done.outcome.writes
            writes[ENGINE_KEY] = height
            writes[at_height(b"n", done.outcome.height)] = height
            if done.updates:
                # The engine's next header, signed by the validators of before, names those that follow.
                writes[at_height(b"v", done.engine_height + 1)] = b""
            self.chain.write(done.outcome)
        self._finalized = None
        self.engine_height = done.engine_height
        self.verdicts.forget(done.parcels)
        return done

    def roll_back(self) -> None:
        """CometBFT was restarted between FinalizeBlock and Commit while this process lived on: the disk is right."""
        if self._finalized is not None:
            self._finalized = None
            self._open()

    def handovers(self, engine_height: int) -> list[int]:
        """The engine's heights, up to one, at which a change of validators was announced."""
        pairs = self._store.scan(b"v", at_height(b"v", engine_height + 1))
        return [int.from_bytes(key[1:], "big") for key, _ in pairs]

    def announcement(self, engine_height: int) -> bytes:
        """The header of such a height with its votes, as bundles carry it; empty if it was not kept yet."""
        return self._store.get(at_height(b"v", engine_height)) or b""

    def keep_announcement(self, engine_height: int, light: bytes) -> None:
        """Keep it: CometBFT may drop old blocks, and a node that joined by a snapshot never had them."""
        self._store.write([(at_height(b"v", engine_height), light)])

    # -- state sync ---------------------------------------------------------------------------------------------

    @property
    def store(self) -> Store:
        """Where the ledger lies now."""
        return self._store

    def offer(self, engine_height: int, metadata: bytes, app_hash: bytes) -> bool:
        """Whether a snapshot that another node offers is of the network's block; its chunks come next."""
        if self._restoring is not None:
            self._restoring.give_up()
            self._restoring = None
        if self._disk is None:
            return False
        try:
            self._restoring = Restoring(self.genesis, read_manifest(metadata, engine_height), app_hash, self._disk)
        except Corrupt:
            return False
        return True

    def take(self, index: int, chunk: bytes) -> bool:
        """
        A chunk of the snapshot that was accepted.

        Returns:
            False if it is not the chunk that the manifest names: another node may have the right one.

        Raises:
            Corrupt: The whole is not the network's state; another snapshot is needed.
        """
        restoring = self._restoring
        if restoring is None or not restoring.fits(index, chunk):
            return False
        try:
            if restoring.take(chunk):
                self._store = restoring.finish(self._store, self.alive)
                self._restoring = self._finalized = None
                self._open()
        except Corrupt:
            restoring.give_up()
            self._restoring = None
            raise
        return True

    # -- proofs -------------------------------------------------------------------------------------------------

    def engine_height_of(self, height: int) -> int | None:
        """The engine's block that made a block of the ledger; the header after it carries its id."""
        raw = self._store.get(at_height(b"n", height))
        return None if raw is None else ENGINE_HEIGHT.load(raw)
