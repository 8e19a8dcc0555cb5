"""
One ledger on one store: executes blocks, keeps the tip, proves. No threads and no clock; engines drive it.

A block is executed in memory, written in one synced batch (`writes` of the outcome), and only then acknowledged. Executing has
steps, so that an engine can have a block in each: `read` the transactions, `fetch` from the store what they will ask for, `run`
them, `begin` the state tree on what they changed, `seal` the header once the new root is known. `execute` is all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hefu.kernel.cache import GenerationCache
from hefu.kernel.codec import Codec, Record, encode
from hefu.kernel.errors import Corrupt, EngineError, Rejected, UsageError
from hefu.kernel.hashing import ZERO, Hash
from hefu.kernel.signer import Signer
from hefu.kernel.time import INSTANT_MAX_MS
from hefu.ledger import block as blocks
from hefu.ledger import transaction as transactions
from hefu.ledger.application import Application
from hefu.ledger.block import BlockHeader, Receipt, Result, Sealed
from hefu.ledger.context import Context
from hefu.ledger.genesis import Genesis
from hefu.ledger.state import State
from hefu.ledger.store import PendingStore, Store, at_height
from hefu.ledger.tree import BUCKETS, StateProof, StateTree, Tree
from hefu.ledger.versions import CODE_VERSION, check_known

STORE_FORMAT = b"hefu-store/1"
RECORDS = 50_000
BLOCK_ID_PREFIX = b"H"


class BlockId(Record, frozen=True):
    """State record under H ‖ height: the id of that block, written by its successor."""

    id: bytes


BLOCK_ID: Codec[BlockId] = Codec(BlockId)
PLACE: Codec[tuple[int, int]] = Codec(tuple[int, int])


Writes = dict[bytes, bytes | None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A block executed and not yet durable."""

    sealed: Sealed
    height: int
    receipts: list[Receipt]
    writes: Writes


@dataclass(slots=True)
class Batch:
    """Transactions that were read, and what the store knows about them; see `Chain.fetch`."""

    raws: Sequence[bytes]
    items: list[tuple[bytes, transactions.Wire, Sequence[Record] | Corrupt]]
    keys: list[bytes]
    height: int = -1
    places: dict[bytes, bytes | None] = field(default_factory=dict)
    values: dict[bytes, bytes | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ran:
    """Transactions that were run as a block; its state root and header are not known yet."""

    height: int
    at_ms: int
    code_version: int
    by_validators: bool
    count: int
    transactions_root: bytes
    results_root: bytes
    changes: list[tuple[bytes, bytes | None]]
    receipts: list[Receipt]
    writes: Writes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CommittedBlock:
    """A block as subscribers get it."""

    height: int
    header: BlockHeader
    body: tuple[bytes, ...]
    results: tuple[Result, ...]


class Chain:
    """
    Args:
        genesis: What the ledger began with.
        application: Its contracts.
        store: Its disk.
        sealer: Signs block headers; None for a chain that is only read or replayed.
        found: Begin the ledger where the store is empty.
        tree: The state tree of this store; None for one in this process.
        records: Decoded records that stay in memory, about; some two kilobytes each.
        buckets: Buckets of the tree that stay in memory; fewer only where each block is on the disk before the next is run.

    Raises:
        Corrupt: The store belongs to another genesis, or its parts contradict each other.
    """

    def __init__(
        self,
        genesis: Genesis,
        application: Application,
        store: Store,
        sealer: Signer | None = None,
        *,
        found: bool = True,
        tree: Tree | None = None,
        records: int = RECORDS,
        buckets: int = BUCKETS,
    ) -> None:
        self.genesis = genesis
        self.application = application
        self.store = store
        self._sealer = sealer
        self._h: Hash = genesis.hash
        self._expected: Sealed | None = None
        self._places: dict[bytes, bytes | None] = {}
        self._recent_ids: GenerationCache[bytes, tuple[int, int]] = GenerationCache(20_000)
        if store.get(b"mformat") is None:
            if not found:
                raise UsageError("this store holds no ledger", code="NO_LEDGER")
            self._check_sealer()
            self._found()
        if store.get(b"mformat") != STORE_FORMAT:
            raise Corrupt("the store has another format", code="STORE_FORMAT")
        if store.get(b"mgenesis") != genesis.raw:
            raise Corrupt("the store belongs to another genesis", code="OTHER_GENESIS")
        self._arriving = PendingStore(store)
        self.tree: Tree = StateTree(self._h, self._arriving, buckets) if tree is None else tree
        arriving = self._arriving
        # Not a method of this chain: the two would hold each other, and the tree's memory with them until a collector comes by.
        self.state = State(lambda key: arriving.get(b"s" + key), GenerationCache(records))
        tip = store.get(b"mtip")
        assert tip is not None
        sealed = blocks.SEALED.load(tip)
        self.tip = blocks.HEADER.load(sealed.header)
        self.tip_sealed = sealed
        self.tip_id = blocks.block_id(self._h, sealed.header)
        self._ran_at = (self.tip.height, self.tip.at_ms)
        self._unsealed: Ran | None = None
        self._changed: Writes = {}
        if self.tree.root != self.tip.state_root:
            raise Corrupt("the stored tree does not lead to the tip's state root", code="STATE_ROOT")
        self._check_sealer()

    # -- reading ------------------------------------------------------------------------------------------------

    def get(self, key: bytes) -> bytes | None:
        """A stored value, blocks on their way to the disk included."""
        return self._arriving.get(key)

    def place(self, transaction_id: bytes) -> tuple[int, int] | None:
        """Height and index of a transaction that was answered."""
        recent = self._recent_ids.get(transaction_id)
        if recent is not None:
            return recent
        raw = self._places[transaction_id] if transaction_id in self._places else self.store.get(b"i" + transaction_id)
        return None if raw is None else PLACE.load(raw)

    def receipt(self, transaction_id: bytes) -> Receipt | None:
        """The answer that a transaction got, or None."""
        place = self.place(transaction_id)
        if place is None:
            return None
        raw = self.get(at_height(b"r", place[0]))
        assert raw is not None
        result = blocks.RESULTS.load(raw)[place[1]]
        return Receipt(transaction_id, place[0], place[1], result.code, result.events)

    def block(self, height: int) -> CommittedBlock | None:
        """A durable block, or None past the tip."""
        sealed, body, results = (self.store.get(at_height(p, height)) for p in (b"h", b"t", b"r"))
        if sealed is None or body is None or results is None:
            return None
        header = blocks.HEADER.load(blocks.SEALED.load(sealed).header)
        return CommittedBlock(height, header, blocks.BODY.load(body), blocks.RESULTS.load(results))

    def prove(self, key: bytes) -> StateProof:
        """Presence or absence of a state key under the tip."""
        return self.tree.prove(key, self.get(b"s" + key))

    def prove_many(self, keys: Sequence[bytes]) -> list[StateProof]:
        """Several keys under one tip, where this chain stands afterwards."""
        return [self.prove(key) for key in keys]

    def refresh(self) -> None:
        """Stand at the newest tip; a chain in this process always does."""

    def sealed(self) -> Sealed:
        """The tip's header with the seal that outsiders check."""
        return self.tip_sealed

    def validators_decide(self) -> bool:
        """Whether validators decide the next block together; else one operator seals it."""
        return bool(self.application.directory.validators(self.state))

    def next_version(self) -> int:
        """The code version by which the next block is decided."""
        return self.application.code_version(self.state, self.genesis, self.tip.height + 1)

    def upgrades(self) -> tuple[tuple[int, int], ...]:
        """Code versions that the members adopted, oldest first, each with the height from which it holds."""
        return self.application.directory.upgrades(self.state)

    def links(self, asset: bytes) -> list[bytes]:
        """All links of an asset's history, oldest first."""
        end = asset + b"\xff\xff\xff\xff"
        return [raw for _, raw in self.store.scan(b"e" + asset, b"e" + end)]

    # -- executing ----------------------------------------------------------------------------------------------

    def execute(self, raws: Sequence[bytes], at_ms: int) -> Outcome:
        """
        Run transactions whose form and signatures were checked, as the next block.

        Args:
            raws: The bytes of the transactions in order.
            at_ms: Block time; raised to one past the tip's if it is not later.
        """
        batch = self.read(raws)
        self.fetch(batch)
        self.begin(self.run(batch, at_ms))
        return self.seal()

    def read(self, raws: Sequence[bytes]) -> Batch:
        """Decode transactions, and say which state they will probably ask for."""
        items: list[tuple[bytes, transactions.Wire, Sequence[Record] | Corrupt]] = []
        directory = self.application.directory
        keys = [directory.upgrades_key, directory.validators_key]
        for raw in raws:
            wire = transactions.WIRE.load(raw)
            commands = self.application.read(wire.commands)
            if not isinstance(commands, Corrupt):
                keys += self.application.touched(commands)
            items.append((transactions.transaction_id(self._h, wire.header), wire, commands))
        return Batch(raws, items, self.state.unknown(keys))

    def fetch(self, batch: Batch) -> None:
        """
        Ask the store, in two calls, for all that a batch will need. Another thread may do it while one block, and no more, is run:
        what that block changes, `run` does not take from here.
        """
        batch.height = self._ran_at[0]
        new = [item[0] for item in batch.items]
        batch.places = dict(zip(new, self.store.get_many([b"i" + id for id in new]), strict=True))
        found = self._arriving.get_many([b"s" + key for key in batch.keys])
        batch.values = dict(zip(batch.keys, found, strict=True))

    def run(self, batch: Batch, at_ms: int) -> Ran:
        """
        Run what was read and fetched. What it changed can be read from now on; `begin` is next.

        Raises:
            Unavailable: The members adopted a code version from this height on that this software does not know (CODE_TOO_OLD).
            EngineError: The members handed the ledger over to validators, and this chain has an operator's key (HANDED_OVER).
        """
        assert batch.height >= self._ran_at[0] - 1, "more than one block was run since this was fetched"
        self._places = batch.places
        if batch.height < self._ran_at[0]:
            for key in self._changed.keys() & batch.values.keys():
                del batch.values[key]
        self.state.prefetch(batch.values)
        at_ms = max(at_ms, self._ran_at[1] + 1)
        height = self._ran_at[0] + 1
        state, application = self.state, self.application
        context = application.context(state, self.genesis, height, at_ms)
        check_known(context.code_version, f"block {height} of this ledger is decided by")
        by_validators = self.validators_decide()
        if by_validators and self._sealer is not None and not self.genesis.validators:
            raise EngineError(
                "validators decide this ledger's blocks now; submit to a node of theirs", code="HANDED_OVER"
            )
        body: list[bytes] = []
        results: list[Result] = []
        receipts: list[Receipt] = []
        load_header = transactions.HEADER.load
        business_at = context.business_at_ms
        for raw, (transaction_id, wire, commands) in zip(batch.raws, batch.items, strict=True):
            place = self.place(transaction_id)
            if place is not None:
                receipts.append(self._replayed(transaction_id, place, results, height))
                continue
            header = load_header(wire.header)
            # Outside its window it is answered and not kept: nodes with all of history would know such a mark, nodes that began
            # from a snapshot would not, and the two would make different blocks of the same bytes.
            if at_ms < header.valid_from_ms:
                receipts.append(Receipt(transaction_id, 0, 0, "NOT_YET_VALID", ()))
                continue
            if header.expires_at_ms < at_ms:
                receipts.append(Receipt(transaction_id, 0, 0, "TRANSACTION_EXPIRED", ()))
                continue
            try:
                signers = application.signers(state, header.keys, height)
            except Rejected as refusal:
                # Answered and not kept either: whoever has no key here would fill the ledger for nothing.
                receipts.append(Receipt(transaction_id, 0, 0, refusal.code, ()))
                continue
            if context.code_version < CODE_VERSION:
                # Read ahead as the newest version reads; which one decides this block is known only now.
                commands = application.read(wire.commands, context.code_version)
            result = application.run(state, context, transaction_id, signers, commands)
            self._recent_ids.put(transaction_id, (height, len(results)))
            receipts.append(Receipt(transaction_id, height, len(results), result.code, result.events))
            body.append(raw)
            results.append(result)
            if application.clock.now_ms(state, self.genesis, at_ms) != business_at:
                context = application.context(state, self.genesis, height, at_ms)
                business_at = context.business_at_ms
        return self._close(context, by_validators, body, results, receipts)

    def replay(self, sealed: Sealed, body: Sequence[bytes]) -> Outcome:
        """
        Execute a block that an engine made before, keeping its seal.

        Raises:
            Corrupt: It is not the next block of this chain, or its header is not what its body leads to (BLOCK_DIFFERS).
        """
        header = blocks.HEADER.load_canonical(sealed.header, "block header")
        if header.height != self.tip.height + 1 or header.previous != self.tip_id:
            raise Corrupt("this is not the next block of the chain", code="NOT_NEXT")
        if not self.tip.at_ms < header.at_ms <= INSTANT_MAX_MS:
            raise Corrupt("its time is not after the block before it, or is no time", code="BLOCK_DIFFERS")
        self._expected = sealed
        try:
            return self.execute(body, header.at_ms)
        finally:
            self._expected = None

    def _replayed(self, txid: bytes, place: tuple[int, int], results: list[Result], height: int) -> Receipt:
        if place[0] == height:
            first = results[place[1]]
        else:
            raw = self.get(at_height(b"r", place[0]))
            assert raw is not None
            first = blocks.RESULTS.load(raw)[place[1]]
        return Receipt(txid, place[0], place[1], "REPLAYED", first.events, first.code)

    def _close(
        self,
        context: Context,
        by_validators: bool,
        body: list[bytes],
        results: list[Result],
        receipts: list[Receipt],
    ) -> Ran:
        """The end of a block's transactions."""
        height, at_ms = context.height, context.block_at_ms
        self._places = {}
        changes, links = self.state.drain()
        answers = [encode(result) for result in results]
        ran = Ran(
            height,
            at_ms,
            context.code_version,
            by_validators,
            len(body),
            blocks.transactions_root(self._h, body),
            blocks.results_root(self._h, answers),
            changes,
            receipts,
        )
        writes = ran.writes
        self._changed = dict(changes)
        for key, value in changes:
            writes[b"s" + key] = value
        for key, link in links:
            writes[b"e" + key] = link
        for i, result in enumerate(results):
            writes[b"i" + result.transaction_id] = encode((height, i))
        writes[at_height(b"t", height)] = encode(body)
        writes[at_height(b"r", height)] = blocks.join_encoded(answers)
        self._arriving.hold(writes)
        self._ran_at = (height, at_ms)
        return ran

    def discard(self, ran: Ran) -> None:
        """Make no block of a batch of which nothing was kept; nothing may be run after it yet."""
        assert not ran.count, "what was kept has a block"
        self._arriving.release(ran.writes)
        self._ran_at = (self.tip.height, self.tip.at_ms)

    def begin(self, ran: Ran) -> None:
        """The second step of `execute`: give the tree what a block changed. The block before it must be sealed."""
        assert self._unsealed is None, "the block before is not sealed"
        assert ran.height == self.tip.height + 1, "blocks are begun in their order"
        key, value = BLOCK_ID_PREFIX + self.tip.height.to_bytes(8, "big"), encode(BlockId(self.tip_id))
        ran.changes.append((key, value))
        ran.writes[b"s" + key] = value
        self.tree.begin(ran.changes, ran.height)
        self._unsealed = ran

    def seal(self) -> Outcome:
        """The last step of `execute`: the block with its header, for the disk."""
        ran = self._unsealed
        assert ran is not None, "nothing was begun"
        ran.writes.update(self.tree.finish())
        header = BlockHeader(
            blocks.VERSION,
            self.genesis.chain_id,
            ran.height,
            ran.at_ms,
            self.tip_id,
            ran.transactions_root,
            ran.results_root,
            self.tree.root,
            ran.code_version,
            ran.count,
        )
        sealed = self._sealed(encode(header), ran.by_validators)
        packed = encode(sealed)
        ran.writes[at_height(b"h", ran.height)] = packed
        ran.writes[b"mtip"] = packed
        self.tip, self.tip_sealed = header, sealed
        self.tip_id = blocks.block_id(self._h, sealed.header)
        self._unsealed = None
        return Outcome(sealed, ran.height, ran.receipts, ran.writes)

    def _sealed(self, header: bytes, by_validators: bool) -> Sealed:
        if self._expected is None:
            return self._sign(header, by_validators)
        if header != self._expected.header:
            raise Corrupt("its body leads to another header", code="BLOCK_DIFFERS")
        return self._expected

    def _sign(self, header: bytes, by_validators: bool) -> Sealed:
        if by_validators:
            # Their signatures are in the engine's next header; whoever proves something fetches them.
            return Sealed(header, "validators", ())
        if self._sealer is None:
            return Sealed(header, "none", ())
        return Sealed(header, "operator", (self._sealer.public_key, self._sealer.sign(blocks.SEAL_PREFIX + header)))

    # -- keeping ------------------------------------------------------------------------------------------------

    def release(self, outcome: Outcome) -> None:
        """The block is on the disk: its writes need not be read from memory any more."""
        self._arriving.release(outcome.writes)

    def append(self, raws: Sequence[bytes], at_ms: int) -> Outcome:
        """Execute and write one block, in this thread."""
        outcome = self.execute(raws, at_ms)
        self.write(outcome)
        return outcome

    def write(self, outcome: Outcome, *, sync: bool = True) -> None:
        """Put a block on the disk, all or none."""
        self.store.write(outcome.writes.items(), sync=sync)
        self.release(outcome)

    def _check_sealer(self) -> None:
        if self._sealer is not None and self._sealer.public_key.hex() != self.genesis.file.seal.key:
            raise UsageError("this key is not the one that the genesis names for sealing", code="WRONG_SEAL_KEY")

    def _found(self) -> None:
        state = State(lambda key: None)
        events = self.application.found(state, self.genesis)
        changes, links = state.drain()
        tree = StateTree(self._h, self.store)
        writes: list[tuple[bytes, bytes | None]] = [(b"s" + key, value) for key, value in changes]
        writes += tree.update(changes, 0)
        results = [Result(ZERO, blocks.OK, tuple(events))]
        header = BlockHeader(
            blocks.VERSION,
            self.genesis.chain_id,
            0,
            0,  # Block 0 has no time of its own: block time begins with the first engine that runs.
            ZERO,
            blocks.transactions_root(self._h, []),
            blocks.results_root(self._h, [encode(result) for result in results]),
            tree.root,
            self.genesis.file.code_version,
            0,
        )
        packed = encode(self._sign(encode(header), bool(self.genesis.validators)))
        writes += [(b"e" + key, link) for key, link in links]
        writes += [
            (at_height(b"h", 0), packed),
            (at_height(b"t", 0), encode([])),
            (at_height(b"r", 0), encode(results)),
            (b"mtip", packed),
            (b"mgenesis", self.genesis.raw),
            (b"mformat", STORE_FORMAT),
        ]
        self.store.write(writes)
