"""What a node took and could not keep is kept whole or not at all, and the refusal has a code."""

from __future__ import annotations

import errno

import pytest

from hefu.kernel.errors import EngineError
from hefu.ledger.store import is_full
from hefu.services.nodes.outbox import Outbox


def test_a_full_disk_keeps_none_of_several_and_all_of_what_was_there(tmp_path):
    outbox = Outbox(tmp_path / "outbox.db")
    outbox.add([(b"first", b"raw", 1)])
    # SQLite's own bound on its file: past it, it says what it says of a full disk.
    (pages,) = outbox._db.execute("PRAGMA page_count").fetchone()
    outbox._db.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(EngineError) as caught:
        outbox.add([(bytes([i]), bytes(4000), 1) for i in range(20)])
    assert caught.value.code == "DISK_FULL"
    assert outbox.waiting() == [(b"first", b"raw", 1)]
    outbox._db.execute("PRAGMA max_page_count = 1000")
    outbox.add([(bytes([i]), bytes(4000), 1) for i in range(20)])
    outbox.remove([b"first"])
    assert len(outbox.waiting()) == 20
    outbox.close()


def test_how_a_full_disk_is_known():
    assert is_full(OSError(errno.ENOSPC, "No space left on device"))
    assert is_full(OSError(errno.EDQUOT, "Disk quota exceeded"))
    assert is_full(Exception("IO error: No space left on device: While appending to file: 000019.blob"))
    assert is_full(Exception("database or disk is full"))
    assert not is_full(OSError(errno.EIO, "Input/output error"))
