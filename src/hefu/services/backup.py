"""
A copy of a whole home, taken while no other process can write to it: ledger, keys, vaults, names.

The ledger is copied entry by entry under its own lock, so that no housekeeping of the store can move a file away meanwhile;
whatever can be made anew (the SQL views) stays behind. The copy is there whole, and opened once to see that it leads to the same
root, or not at all.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from hefu.kernel.errors import UsageError
from hefu.ledger.application import Application
from hefu.ledger.audit import stored_genesis
from hefu.ledger.chain import Chain
from hefu.ledger.store import RocksStore
from hefu.services.home import Home

_BATCH = 10_000
#: Beside the ledger, what is not copied: views, which `hefu views rebuild` makes anew, and SQLite's shared memory.
_LEFT = ("views.db", "views.db-*", "*.db-shm", "*.part")
Progress = Callable[[str, int, int], None]


def back_up(home: Home, target: Path, application: Application, progress: Progress | None = None) -> int:
    """
    Copy a home into a folder that is not there yet, or empty.

    Returns:
        The height of the copy.

    Raises:
        UsageError: There is something in the folder.
        Closed: Another process holds the ledger.
    """
    if target.exists() and any(target.iterdir()):
        raise UsageError("this folder is not empty", code="HOME_EXISTS", where=str(target))
    if home.path.resolve() in target.resolve().parents:
        raise UsageError("a copy inside of what is copied would be no copy", code="HOME_EXISTS", where=str(target))
    partial = target.with_name(target.name + ".part")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        # Held to the end: every command that writes a vault, a key or a name holds the ledger too.
        source = RocksStore(home.ledger)
        try:
            shutil.copytree(
                home.path,
                partial,
                ignore=lambda folder, names: (
                    shutil.ignore_patterns(*_LEFT)(folder, names)
                    | ({home.ledger.name} if Path(folder) == home.path else set())
                ),
            )
            ledger = partial / home.ledger.name
            copy_store(source, ledger, lambda done: progress and progress("backup", done, 0))
            copy = RocksStore(ledger)
            try:
                height = Chain(stored_genesis(copy), application, copy, found=False).tip.height
            finally:
                copy.close()
        finally:
            source.close()
        if target.exists():
            target.rmdir()
        partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return height


def copy_store(source: RocksStore, target: Path, progress: Callable[[int], object] | None = None) -> None:
    """Every entry of a store into a new one, which is on disk when this ends; told how many are done."""
    copy = RocksStore(target)
    try:
        entries = source.scan(b"", b"\xff")
        done = 0
        while batch := list(islice(entries, _BATCH)):
            copy.write(batch, sync=False)
            done += len(batch)
            if progress is not None:
                progress(done)
        copy.write([])
        copy.flush()
    finally:
        copy.close()
