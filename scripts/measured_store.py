"""
Stores that say how long their write-ahead log is after each sync: the bytes that a power failure must leave. For kill_run.py; run
as a program, it is the store process of the engine with such a store.
"""

from __future__ import annotations

import random
import sys
import time

from hefu.ledger.engines import storeprocess
from hefu.ledger.engines.process import run_beside
from hefu.ledger.store import RocksStore, Writes


class MeasuredStore(RocksStore):
    """
    As RocksStore, with the write and its sync apart and a pause between: most kills then find written bytes that are not synced
    yet, which is what a power failure may take.
    """

    def write(self, items: Writes, *, sync: bool = True) -> None:
        """All or none, synced; then the log's size is said."""
        super().write(items, sync=False)
        time.sleep(random.uniform(0, 0.03))
        if sync:
            self._db.flush_wal(True)
        logs = sorted(self.path.glob("*.log"))
        if sync and logs:
            say(f"wal {logs[-1].name} {logs[-1].stat().st_size}")


class MeasuredProcess(storeprocess.StoreProcess):
    """The store's process with a MeasuredStore."""

    module = "measured_store"


def say(line: str) -> None:
    """A line to whoever kills, in one write."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    storeprocess.RocksStore = MeasuredStore  # type: ignore[misc]
    run_beside(storeprocess.serve)
