"""
Takes a node's snapshots, now and then, in a process of its own that reads the ledger while the node goes on writing it.

    python -m hefu.services.nodes.snapshots LEDGER FOLDER
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path

from hefu.kernel.errors import EngineError, HefuError
from hefu.ledger.engines.cometbft.replica import Replica
from hefu.ledger.engines.cometbft.statesync import take_snapshot
from hefu.ledger.store import RocksStore
from hefu.services.nodes.rpc import EngineRpc
from hefu.services.nodes.seal import light_of

LOOK_S = 5.0
#: Given to whatever else runs.
NICENESS = 15


class SnapshotTaker:
    """
    Args:
        replica: The node's.
        ledger: Its store's folder.
        folder: Where snapshots lie.
        every: Blocks of the engine between two; 0 takes none.
    """

    def __init__(self, replica: Replica, rpc: EngineRpc, ledger: Path, folder: Path, every: int) -> None:
        self._replica, self._rpc = replica, rpc
        self._ledger, self._folder, self._every = ledger, folder, every
        self._last = (
            max((m.engine_height for m in replica.snapshots.manifests()), default=0) if replica.snapshots else 0
        )

    async def run(self) -> None:
        """Keep what CometBFT may drop, and take a snapshot when it is time; until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            with suppress(EngineError):
                await self._keep_announcements()
            height = self._replica.engine_height
            if self._every and height - self._last >= self._every:
                await self._take()
                self._last = height

    async def _keep_announcements(self) -> None:
        replica = self._replica
        for height in replica.handovers(replica.engine_height - 1):
            if not replica.announcement(height):
                replica.keep_announcement(height, await light_of(self._rpc, height))

    async def _take(self) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "hefu.services.nodes.snapshots",
            str(self._ledger),
            str(self._folder),
            stdin=asyncio.subprocess.DEVNULL,
        )
        try:
            await process.wait()
        except asyncio.CancelledError:
            with suppress(ProcessLookupError):
                process.kill()
            raise


def main() -> int:
    """One snapshot of a ledger that another process may be writing."""
    os.nice(NICENESS)
    ledger, folder = map(Path, sys.argv[1:3])
    try:
        store = RocksStore(ledger, read_only=True)
        try:
            take_snapshot(store, folder)
        finally:
            store.close()
    except HefuError as error:
        # Files may go while they are read; the next time comes.
        print(f"no snapshot: {error.code}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
