"""
Keeps the read models in step with the ledger: takes committed blocks in order and writes what they changed.

Live and rebuilt rows come out of the same code, from events only. Rows and height are committed together, so after a crash
the tables show some earlier height, and all of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import Any, Protocol

from sqlalchemy.engine import Connection

from hefu.contracts.receivables.state import RIGHT
from hefu.kernel.cache import GenerationCache
from hefu.kernel.codec import encode
from hefu.kernel.errors import Corrupt
from hefu.ledger import block as blocks
from hefu.ledger.application import Application
from hefu.ledger.chain import CommittedBlock
from hefu.ledger.genesis import Genesis
from hefu.ledger.state import State
from hefu.readmodels import database, schema
from hefu.readmodels.changes import Changes
from hefu.readmodels.replay import Replay, Replayed, subject_rows
from hefu.readmodels.rows import RIGHTS
from hefu.readmodels.writer import writer_for

#: A batch ends after so many events; several changes of one record within it become one row.
BATCH_EVENTS = 10_000
BATCH_BLOCKS = 1_000
RECORDS_CACHED = 50_000
_FIRST = bytes(4)


class BlockSource(Protocol):
    """Where durable blocks are read, for example a `Chain`."""

    def block(self, height: int) -> CommittedBlock | None:
        """A block, or None past the tip."""
        ...


class Projector:
    """
    Writes the read models of one ledger. One writer a database.

    Args:
        url: `sqlite:///path` or `postgresql+psycopg://...`; tables are made where there are none.
        application: The contracts of the ledger.
        genesis: What the ledger began with.

    Raises:
        SchemaChanged: The tables were made by another version; `rebuild` makes them again.
        UsageError: The tables are of another ledger.
        EngineError: The database cannot be reached.
    """

    def __init__(self, url: str, application: Application, genesis: Genesis) -> None:
        self._engine = database.open_engine(url)
        self._application = application
        self._genesis = genesis
        self._writer = writer_for(self._engine)
        self._connection: Connection | None = None
        try:
            with database.database_errors(), self._engine.begin() as connection:
                found = database.check(connection, genesis.chain_id)
                if found is None:
                    database.create(connection, genesis.chain_id)
        except BaseException:
            self.close()
            raise
        self.height, self._tip = found or (-1, b"")
        self._forget()

    def _forget(self) -> None:
        self._cache: GenerationCache[bytes, Any] = GenerationCache(RECORDS_CACHED)
        self._state = State(self._fetch, self._cache)
        self._replay = Replay(self._application, self._genesis, self._state)

    def _fetch(self, key: bytes) -> bytes | None:
        assert self._connection is not None, "records are read inside a batch"
        return self._writer.fetch(self._connection, key)

    # -- following ----------------------------------------------------------------------------------------------

    def catch_up(self, source: BlockSource) -> int:
        """
        Project every block that the source has and the tables have not.

        Returns:
            The height reached.

        Raises:
            Corrupt: The source has another history than the tables, or its blocks contradict the contracts.
            EngineError: The database refused; what was committed before stays, and catching up again goes on from there.
        """
        if self.height >= 0:
            last = source.block(self.height)
            if last is None or self._id(last) != self._tip:
                raise Corrupt(f"the read models left this ledger's history; {database.REBUILD}", code="OTHER_HISTORY")
        for batch in batches(_from(source, self.height + 1)):
            self.project(batch)
        return self.height

    def project(self, batch: Sequence[CommittedBlock]) -> int:
        """
        Project blocks in one transaction; those that are in the tables already are passed over.

        Returns:
            Events projected.

        Raises:
            Corrupt: A block does not follow the one before it, or contradicts the contracts.
            EngineError: The database refused; nothing of the batch was written.
        """
        todo = [block for block in batch if block.height > self.height]
        if not todo:
            return 0
        out = Replayed()
        try:
            with database.database_errors(), self._engine.begin() as connection:
                self._connection = connection
                tip = self._id(todo[-1])
                self._writer.claim(connection, self.height, todo[-1].height, tip)
                self._run(todo, out)
                self._write(connection, out)
        except BaseException:
            # The cache may be ahead of what was committed.
            self._forget()
            raise
        finally:
            self._connection = None
        self.height, self._tip = todo[-1].height, tip
        return len(out.events)

    def close(self) -> None:
        """Release the database."""
        self._engine.dispose()

    # -- one batch ----------------------------------------------------------------------------------------------

    def _id(self, block: CommittedBlock) -> bytes:
        return blocks.block_id(self._genesis.hash, encode(block.header))

    def _run(self, todo: Sequence[CommittedBlock], out: Replayed) -> None:
        height, tip = self.height, self._tip
        for block in todo:
            height += 1
            if block.height != height or (height and block.header.previous != tip):
                raise Corrupt(f"block {block.height} does not follow block {height - 1}", code="WRONG_ORDER")
            tip = self._replay.block(block, out)

    def _write(self, connection: Connection, out: Replayed) -> None:
        changed: dict[bytes, Any] = dict(self._state.writes)
        # What the cache holds now is older than this batch; `drain` replaces it.
        before = {key: self._cache.get(key) for key in changed}
        encoded, links = self._state.drain()
        born = frozenset(link[:-4] for link, _ in links if link.endswith(_FIRST))
        changes = Changes(changed, self._state)
        for key, _ in encoded:
            old = before[key]
            if old is None and key[0] == RIGHTS and key[1:] not in born:
                raw = self._fetch(key)
                assert raw is not None, "a right that was not born in this batch is in the tables"
                old = RIGHT.load(raw)
            changes.add(key, old)
        write = self._writer.write
        for name, rows in changes.rows.items():
            write(connection, name, rows)
        for name, rows in changes.unmoved.items():
            write(connection, name, rows, unmoved=True)
        self._writer.cut_encumbrances(connection, changes.cuts)
        self._writer.add_totals(connection, changes.totals)
        write(connection, "records", encoded)
        write(connection, "blocks", out.blocks)
        write(connection, "transactions", out.transactions)
        write(connection, "events", out.events)
        write(connection, "event_subjects", subject_rows(out, links))


def rebuild(url: str, application: Application, genesis: Genesis, source: BlockSource) -> int:
    """
    Drop the tables, whatever version made them, and make them again from block 0.

    Returns:
        The height reached.

    Raises:
        Corrupt: The blocks contradict the contracts.
        EngineError: The database refused.
    """
    engine = database.open_engine(url)
    try:
        with database.database_errors(), engine.begin() as connection:
            schema.metadata.drop_all(connection)
    finally:
        engine.dispose()
    projector = Projector(url, application, genesis)
    try:
        return projector.catch_up(source)
    finally:
        projector.close()


def batches(chain: Iterable[CommittedBlock]) -> Iterator[list[CommittedBlock]]:
    """Blocks in groups that one transaction takes."""
    batch: list[CommittedBlock] = []
    events = 0
    for block in chain:
        batch.append(block)
        events += sum(len(result.events) for result in block.results)
        if events >= BATCH_EVENTS or len(batch) >= BATCH_BLOCKS:
            yield batch
            batch, events = [], 0
    if batch:
        yield batch


def _from(source: BlockSource, height: int) -> Iterator[CommittedBlock]:
    for at in count(height):
        block = source.block(at)
        if block is None:
            return
        yield block


__all__ = ["BlockSource", "Projector", "batches", "rebuild"]
