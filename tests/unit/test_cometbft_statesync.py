"""Snapshots from replica to replica: what is taken over, and what a hostile sender cannot bring in."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from ballot import Ballot, key
from hefu import bootstrap
from hefu.kernel.codec import encode
from hefu.kernel.errors import Corrupt
from hefu.ledger import snapshot as snapshots_module
from hefu.ledger.engines.cometbft.parcel import pack
from hefu.ledger.engines.cometbft.replica import Replica
from hefu.ledger.engines.cometbft.statesync import LedgerFolder, Snapshots, SyncManifest, take_snapshot
from world import BLOCK_START_MS


class Giver(Ballot):
    """A replica with some history, a change of validators among it."""

    def __init__(self) -> None:
        super().__init__()
        self.decide(self.change("BankB", 30))
        self.replica.keep_announcement(2, b"the header and its votes")
        self.decide(self.change("BankC", 20))
        self.replica.keep_announcement(3, b"another header")
        # Blocks of the engine in which nothing was kept.
        for _ in range(2):
            self.height += 1
            self.replica.finalize(self.height, BLOCK_START_MS + self.height, [])
            self.replica.commit()


@pytest.fixture
def giver() -> Giver:
    return Giver()


@pytest.fixture
def folder(tmp_path, giver, monkeypatch) -> Path:
    # Several chunks of state.
    monkeypatch.setattr(snapshots_module, "CHUNK_BYTES", 3000)
    assert take_snapshot(giver.store, tmp_path / "given") is not None
    return tmp_path / "given"


@pytest.fixture
def taker(tmp_path, giver) -> Replica:
    disk = LedgerFolder(tmp_path / "ledger")
    return Replica(giver.world.genesis, bootstrap.application(), disk.open(), disk=disk)


def chunks(folder: Path) -> tuple[SyncManifest, list[bytes]]:
    given = Snapshots(folder)
    (manifest,) = given.manifests()
    return manifest, [given.chunk(manifest.engine_height, i) for i in range(len(manifest.chunks))]


def hand_over(taker: Replica, folder: Path, app_hash: bytes) -> None:
    manifest, pieces = chunks(folder)
    assert taker.offer(manifest.engine_height, encode(manifest), app_hash)
    take_all(taker, pieces)


def take_all(taker: Replica, pieces: list[bytes]) -> None:
    for i, piece in enumerate(pieces):
        assert taker.take(i, piece)


def test_a_new_replica_takes_over_state_height_and_marks_against_replay(giver, folder, taker):
    hand_over(taker, folder, giver.replica.info().app_hash)
    assert len(chunks(folder)[1]) > 4
    assert taker.info() == giver.replica.info()
    assert taker.chain.tip == giver.replica.chain.tip
    assert taker.chain.tree.root == giver.replica.chain.tip.state_root
    assert (taker.handovers(9), taker.announcement(2)) == ([2, 3], b"the header and its votes")
    assert taker.engine_height_of(2) == giver.replica.engine_height_of(2)
    # The next block is the same on both, and what was answered before is known.
    known = giver.replica.chain.block(1).body[0]
    change = giver.change("BankA", 40)
    receipt, updates = giver.decide(change)
    raw = giver.replica.chain.block(3).body[0]
    _, theirs = taker.finalize(giver.height, BLOCK_START_MS + giver.height, [pack([known, raw])])
    assert [r.code for r in taker.commit().receipts] == ["REPLAYED", receipt.code]
    assert theirs == updates == ((key("BankA"), 40),)
    assert taker.chain.tip.state_root == giver.replica.chain.tip.state_root
    taker.store.close()


def test_what_was_taken_over_is_there_after_a_restart(giver, folder, taker, tmp_path):
    hand_over(taker, folder, giver.replica.info().app_hash)
    taker.store.close()
    again = Replica(giver.world.genesis, bootstrap.application(), LedgerFolder(tmp_path / "ledger").open())
    assert again.info() == giver.replica.info()
    assert not (tmp_path / "ledger.part").exists()
    assert not (tmp_path / "ledger.old").exists()
    again.store.close()


def test_a_wrong_chunk_is_asked_for_again_and_the_right_one_taken(giver, folder, taker):
    manifest, pieces = chunks(folder)
    assert taker.offer(manifest.engine_height, encode(manifest), giver.replica.info().app_hash)
    for i, piece in enumerate(pieces):
        assert not taker.take(i, piece + b"x")
        assert not taker.take(i, b"")
        assert not taker.take(i + 1, piece)
        assert taker.take(i, piece)
    assert taker.info() == giver.replica.info()
    taker.store.close()


def test_a_snapshot_of_another_block_than_the_light_client_knows_is_refused(giver, folder, taker):
    manifest, _ = chunks(folder)
    good = giver.replica.info().app_hash
    assert not taker.offer(manifest.engine_height, encode(manifest), bytes(32))
    assert not taker.offer(manifest.engine_height + 1, encode(manifest), good)
    assert not taker.offer(manifest.engine_height, encode(manifest)[:-1], good)
    assert not taker.offer(manifest.engine_height, b"", good)
    forged = msgspec.structs.replace(manifest, made_at=0)
    assert not taker.offer(manifest.engine_height, encode(forged), good)
    assert not taker.take(0, b"nothing was accepted")
    taker.store.close()


@pytest.mark.parametrize(
    ("forge", "code"),
    [
        (lambda giver, kind, body: kind + body[:-1] if kind == b"s" else kind + body, "MALFORMED"),
        (lambda giver, kind, body: b"x" + body, "MALFORMED"),
        (lambda giver, kind, body: richer(body) if kind == b"s" else kind + body, "STATE_ROOT"),
        (lambda giver, kind, body: kind + encode(()) if kind == b"r" else kind + body, "NOT_NEXT"),
        (lambda giver, kind, body: kind + encode(((b"mtip", b"x"),)) if kind == b"v" else kind + body, "MALFORMED"),
    ],
)
def test_a_sender_who_names_its_own_chunks_brings_nothing_in(giver, folder, taker, forge, code):
    manifest, pieces = chunks(folder)
    forged = [forge(giver, piece[:1], piece[1:]) for piece in pieces]
    manifest = msgspec.structs.replace(manifest, chunks=tuple(map(giver.world.genesis.hash, forged)))
    assert taker.offer(manifest.engine_height, encode(manifest), giver.replica.info().app_hash)
    before = taker.info()
    with pytest.raises(Corrupt) as caught:
        take_all(taker, forged)
    assert caught.value.code == code
    assert taker.info() == before
    # Another node's honest snapshot is good afterwards.
    hand_over(taker, folder, giver.replica.info().app_hash)
    assert taker.info() == giver.replica.info()
    taker.store.close()


def richer(body: bytes) -> bytes:
    """A chunk of the state with one byte of its last value changed."""
    entries = list(snapshots_module.CHUNK.load(body))
    name, value = entries[-1]
    entries[-1] = (name, value[:-1] + bytes([value[-1] ^ 1]))
    return b"s" + encode(tuple(entries))


def test_a_replica_that_has_no_need_takes_none(giver, folder):
    manifest, _ = chunks(folder)
    assert not giver.replica.offer(manifest.engine_height, encode(manifest), giver.replica.info().app_hash)


def test_no_snapshot_without_the_signatures_under_a_change_of_validators(giver, tmp_path):
    giver.replica.keep_announcement(3, b"")
    assert take_snapshot(giver.store, tmp_path / "given") is None


def test_the_newest_snapshots_stay(giver, tmp_path):
    heights = []
    for _ in range(3):
        giver.height += 1
        giver.replica.finalize(giver.height, BLOCK_START_MS + giver.height, [])
        giver.replica.commit()
        heights.append(giver.height)
        assert take_snapshot(giver.store, tmp_path / "given") is not None
    assert [m.engine_height for m in Snapshots(tmp_path / "given").manifests()] == heights[:0:-1]
    assert take_snapshot(giver.store, tmp_path / "given") is None
    assert Snapshots(tmp_path / "given").chunk(1, 0) == b""
