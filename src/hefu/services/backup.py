"""
A copy of a whole home, taken while no other process can write to it: ledger, keys, vaults, names.

The ledger is copied entry by entry under its own lock, so that no housekeeping of the store can move a file away meanwhile;
whatever can be made anew (the SQL views) stays behind. The copy is there whole, and opened once to see that it leads to the same
root, or not at all.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from itertools import islice
from pathlib import Path

from hefu.kernel.errors import UsageError
from hefu.ledger.application import Application
from hefu.ledger.audit import stored_genesis
from hefu.ledger.chain import Chain
from hefu.ledger.store import RocksStore
from hefu.services.home import Home

_BATCH = 10_000
#: Beside the ledger, what is not copied: views, which `hefu views rebuild` makes anew, and what SQLite keeps beside its files.
_LEFT = ("views.db", "views.db-*", "*.db-shm", "*.db-wal", "*.part")
Progress = Callable[[str, int, int], None]


def back_up(home: Home, target: Path, application: Application, progress: Progress | None = None) -> int | None:
    """
    Copy a home into a folder that is not there yet, or empty.

    Where nodes keep the ledger, they and it stay out: a validator's key in two places is dangerous, and each node has a backup of
    its own (docs/running-a-node.md).

    Returns:
        The height of the copy; None if the ledger is not in it.

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
        if home.network.exists():
            height = None
            _copy_beside(home, partial)
        else:
            # Held to the end: every command that writes a vault, a key or a name holds the ledger too.
            source = RocksStore(home.ledger)
            try:
                _copy_beside(home, partial)
                ledger = partial / home.ledger.name
                copy_store(source, ledger, lambda done: progress and progress("backup", done, 0))
            finally:
                source.close()
            copy = RocksStore(ledger)
            try:
                height = Chain(stored_genesis(copy), application, copy, found=False).tip.height
            finally:
                copy.close()
        if target.exists():
            target.rmdir()
        partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return height


def _copy_beside(home: Home, target: Path) -> None:
    """Everything but the ledger and the nodes."""
    apart = {home.ledger.name, "nodes"}
    left = shutil.ignore_patterns(*_LEFT)

    def ignored(folder: str, names: list[str]) -> set[str]:
        return left(folder, names) | (apart if Path(folder) == home.path else set())

    shutil.copytree(home.path, target, ignore=ignored, copy_function=_copy_file)


def _copy_file(source: str, target: str) -> None:
    if not source.endswith(".db"):
        shutil.copy2(source, target)
        return
    # A vault that somebody writes to meanwhile is copied as of one instant, and with what still stands in its log.
    with closing(sqlite3.connect(source)) as there, closing(sqlite3.connect(target)) as here:
        there.backup(here)
    shutil.copystat(source, target)


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
