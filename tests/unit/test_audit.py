"""Verify recomputes everything from the bodies and names the first block that is wrong; export, import, snapshots, checkpoints."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ballot import Ballot
from hefu import bootstrap
from hefu.contracts.parties import commands as pc
from hefu.kernel.codec import encode
from hefu.kernel.errors import Corrupt, HefuError, UsageError
from hefu.kernel.signer import KeySigner
from hefu.kernel.suites import hybrid
from hefu.ledger import archive, audit, snapshot
from hefu.ledger import block as blocks
from hefu.ledger import checkpoint as checkpoints
from hefu.ledger.block import SEALED, Sealed
from hefu.ledger.chain import BLOCK_ID_PREFIX, Chain
from hefu.ledger.genesis import Genesis
from hefu.ledger.store import MemoryStore, RocksStore, at_height
from world import World, digest


def storied(**arguments: object) -> World:
    """A world with three receivables, one of them passed on, and a refusal."""
    world = World(**arguments)  # type: ignore[arg-type]
    for name in ("R1", "R2", "R3"):
        world.confirmed("Parts", "Steel", name, 1000)
    assert world.run(world.register_command("Parts", "Steel", "inv R1", 1000), "Parts") == "DUPLICATE_DOCUMENT"
    return world


def verified(world: World) -> audit.AuditReport:
    return audit.verify(world.store, world.genesis, bootstrap.application())


def test_a_sound_ledger_verifies_and_counts_what_it_recomputed() -> None:
    world = storied()
    report = verified(world)
    assert (report.height, report.transactions, report.refused) == (10, 10, 1)
    assert report.state_root == world.chain.tip.state_root
    assert report.trust == "one operator"


@pytest.mark.parametrize("suite", ["ed25519", "sm2"])
def test_both_suites_verify(suite: str) -> None:
    assert verified(storied(suite_name=suite)).transactions == 10


@pytest.mark.parametrize("prefix", [b"h", b"t", b"r"])
@pytest.mark.parametrize("height", [1, 5, 10])
def test_any_changed_byte_of_a_block_is_found_in_that_block(prefix: bytes, height: int) -> None:
    world = storied()
    key = at_height(prefix, height)
    good = world.store.get(key)
    assert good is not None
    for at in range(0, len(good), 37):
        bad = good[:at] + bytes([good[at] ^ 0x10]) + good[at + 1 :]
        world.store.write([(key, bad)])
        with pytest.raises(Corrupt) as refused:
            verified(world)
        assert refused.value.where == f"block {height}", (prefix, at)
    world.store.write([(key, good)])
    verified(world)


@pytest.mark.parametrize("prefix", [b"sR", b"sD", b"sO", b"e", b"i"])
def test_a_changed_lost_or_added_record_is_found(prefix: bytes) -> None:
    world = storied()
    key, value = next(iter(world.store.scan(prefix, prefix + b"\xff" * 40)))
    for bad in (None, value[:-1] + bytes([value[-1] ^ 1])):
        world.store.write([(key, bad)])
        with pytest.raises(Corrupt):
            verified(world)
        world.store.write([(key, value)])
    world.store.write([(key + b"x", value)])
    with pytest.raises(Corrupt):
        verified(world)


def test_a_missing_block_is_named() -> None:
    world = storied()
    world.store.write([(at_height(b"t", 4), None)])
    with pytest.raises(Corrupt, match="block 4"):
        verified(world)


def test_a_history_rewritten_and_resealed_by_another_key_is_refused() -> None:
    world = storied()
    sealed = blocks.SEALED.load(world.store.get(at_height(b"h", 3)) or b"")
    thief = KeySigner(world.genesis.suite, digest("thief"))
    forged = blocks.Sealed(
        sealed.header, "operator", (thief.public_key, thief.sign(blocks.SEAL_PREFIX + sealed.header))
    )
    world.store.write([(at_height(b"h", 3), encode(forged))])
    with pytest.raises(Corrupt, match="block 3"):
        verified(world)


def test_another_genesis_is_refused() -> None:
    world = storied()
    other = Genesis(world.genesis.raw.replace(b'"test"', b'"tost"'))
    with pytest.raises(Corrupt):
        audit.verify(world.store, other, bootstrap.application())


# -- export and import --------------------------------------------------------------------------------------------


def test_an_import_of_an_export_is_the_same_ledger(tmp_path: Path) -> None:
    world = storied()
    file = tmp_path / "ledger.export"
    assert archive.write_export(world.store, file) == 10
    store = RocksStore(tmp_path / "again")
    chain = archive.read_import(file, store, bootstrap.application(), world.genesis)
    assert chain.tip == world.chain.tip
    assert audit.verify(store, world.genesis, bootstrap.application()).height == 10
    assert [k for k, _ in store.scan(b"s", b"t")] == [k for k, _ in world.store.scan(b"s", b"t")]
    store.close()
    with pytest.raises(UsageError):
        archive.write_export(world.store, file)


def test_a_cut_or_changed_export_is_refused_wherever_it_is_cut_or_changed(tmp_path: Path) -> None:
    world = storied()
    file = tmp_path / "ledger.export"
    archive.write_export(world.store, file)
    good = file.read_bytes()
    for at in range(0, len(good), 97 if os.environ.get("HEFU_SIM") == "long" else 401):
        for bad in (good[:at], good[:at] + bytes([good[at] ^ 4]) + good[at + 1 :]):
            file.write_bytes(bad)
            with pytest.raises(Corrupt):
                archive.read_import(file, MemoryStore(), bootstrap.application(), world.genesis)
    file.write_bytes(good + b"x")
    with pytest.raises(Corrupt):
        archive.read_import(file, MemoryStore(), bootstrap.application(), world.genesis)


def test_an_export_of_a_network_rests_on_the_votes_for_its_last_block(tmp_path: Path) -> None:
    ballot = Ballot()
    for name in ("Operator", "BankA"):
        ballot.decide(pc.SetRoles(ballot.org(name), ("bank",), True))
    chain, genesis = ballot.replica.chain, ballot.world.genesis
    voted = msgspec.structs.replace(chain.tip_sealed, seal=(b"the votes",))
    asked: list[Sealed] = []

    def imported(file: str, **how: Any) -> MemoryStore:
        store = MemoryStore()
        archive.read_import(tmp_path / file, store, bootstrap.application(), genesis, **how)
        return store

    archive.write_export(ballot.store, tmp_path / "whole", seal=lambda tip: voted)
    store = imported("whole", check_votes=asked.append)
    assert asked == [voted]
    # The copy is what a node has, and keeps the votes beside.
    assert store.get(b"mtip") == ballot.store.get(b"mtip")
    assert SEALED.load(store.get(audit.VOTED)) == voted
    assert audit.verify(store, genesis, bootstrap.application()).trust == "unsigned"
    # Nobody's word is taken for it: not where votes cannot be checked, nor without any, nor with those of an earlier block.
    archive.write_export(ballot.store, tmp_path / "unsigned")
    first = msgspec.structs.replace(SEALED.load(ballot.store.get(at_height(b"h", 1))), seal=(b"the votes",))
    ballot.store.write([(at_height(b"h", 1), encode(first))])
    archive.write_export(ballot.store, tmp_path / "early", seal=lambda tip: voted)
    for file, how in (
        ("whole", {}),
        ("unsigned", {"check_votes": asked.append}),
        ("early", {"check_votes": asked.append}),
    ):
        with pytest.raises(Corrupt) as caught:
            imported(file, **how)
        assert caught.value.code == "BAD_SEAL"


def test_a_snapshot_of_a_network_rests_on_the_votes_for_its_last_block(tmp_path: Path) -> None:
    ballot = Ballot()
    for name in ("Operator", "BankA"):
        ballot.decide(pc.SetRoles(ballot.org(name), ("bank",), True))
    genesis = ballot.world.genesis
    voted = msgspec.structs.replace(ballot.replica.chain.tip_sealed, seal=(b"the votes",))
    snapshot.write_snapshot(ballot.store, tmp_path / "snap", seal=lambda tip: voted)
    asked: list[Sealed] = []
    store = MemoryStore()
    snapshot.restore_snapshot(tmp_path / "snap", store, genesis, check_votes=asked.append)
    assert asked == [voted]
    assert store.get(b"mtip") == ballot.store.get(b"mtip")
    with pytest.raises(Corrupt) as caught:
        snapshot.restore_snapshot(tmp_path / "snap", MemoryStore(), genesis)
    assert caught.value.code == "BAD_SEAL"


# -- snapshots ----------------------------------------------------------------------------------------------------


def test_a_restored_snapshot_goes_on_from_the_same_state_and_still_knows_replays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "CHUNK_BYTES", 2000)
    world = storied()
    raw = world.draft([world.register_command("Parts", "Steel", "last", 1000)], world.signers["Parts"]).wire()
    assert world.submit(raw).code == "OK"
    manifest = snapshot.write_snapshot(world.store, tmp_path / "snap")
    assert len(manifest.chunks) > 3
    store = RocksStore(tmp_path / "again")
    snapshot.restore_snapshot(tmp_path / "snap", store, world.genesis)
    store.close()
    store = RocksStore(tmp_path / "again")
    chain = Chain(world.genesis, bootstrap.application(), store, world.sealer)
    assert chain.tip == world.chain.tip
    assert chain.append([raw], world.block_ms + 5).receipts[0].code == "REPLAYED"
    world.chain.append([raw], world.block_ms + 5)
    new = world.draft([world.register_command("Parts", "Steel", "newer", 1000)], world.signers["Parts"]).wire()
    assert chain.append([new], world.block_ms + 9).sealed == world.chain.append([new], world.block_ms + 9).sealed
    store.close()


def test_a_changed_or_missing_part_of_a_snapshot_is_refused_and_leaves_no_ledger(tmp_path: Path) -> None:
    world = storied()
    folder = tmp_path / "snap"
    snapshot.write_snapshot(world.store, folder)
    for part in sorted(folder.iterdir()):
        good = part.read_bytes()
        for bad in (None, good[:-1], good[: len(good) // 2] + b"\x00" + good[len(good) // 2 + 1 :]):
            if bad == good:
                continue
            part.unlink() if bad is None else part.write_bytes(bad)
            store = MemoryStore()
            with pytest.raises(HefuError):
                snapshot.restore_snapshot(folder, store, world.genesis)
            assert store.get(b"mformat") is None
            part.write_bytes(good)
    snapshot.restore_snapshot(folder, MemoryStore(), world.genesis)


# -- checkpoints --------------------------------------------------------------------------------------------------

SEED = bytes(range(32))


def checkpointed() -> World:
    """A world whose genesis names a post-quantum key, and members with the purpose `checkpoint`."""
    import world as module

    original = module.GOVERNING
    module.GOVERNING = tuple(sorted((*original, "checkpoint")))
    genesis_bytes = module.g.genesis_bytes

    def with_key(file: object) -> bytes:
        raw = genesis_bytes(file)  # type: ignore[arg-type]
        return raw.replace(
            b'"post_quantum_key": "00"', f'"post_quantum_key": "{hybrid.public_key(SEED).hex()}"'.encode()
        )

    module.g.genesis_bytes = with_key  # type: ignore[assignment]
    try:
        return storied()
    finally:
        module.GOVERNING = original
        module.g.genesis_bytes = genesis_bytes


def countersign(
    world: World, made: checkpoints.Checkpoint, name: str, last: checkpoints.CheckpointBody | None
) -> checkpoints.Checkpoint:
    proof = None
    if last is not None and last.height < world.chain.tip.height:
        proof = world.chain.prove(BLOCK_ID_PREFIX + last.height.to_bytes(8, "big"))
    return checkpoints.countersign(
        world.genesis,
        made,
        world.signers[name],
        last_signed=last,
        tip_header=world.chain.tip_sealed.header,
        consistency=proof,
    )


def test_a_countersigned_checkpoint_makes_the_ledger_rest_on_more_than_one_operator() -> None:
    world = checkpointed()
    made = checkpoints.make(world.chain, world.sealer, SEED)
    assert len(made.post_quantum_signature) == 3309
    for name in ("BankA", "BankB"):
        made = countersign(world, made, name, None)
    checkpoints.keep(world.store, made)
    report = verified(world)
    assert (report.trust, report.countersignatures, report.countersigned_height) == ("countersigned", 2, 10)


def test_a_member_signs_only_what_contains_what_it_signed_before() -> None:
    world = checkpointed()
    first = countersign(world, checkpoints.make(world.chain, world.sealer, SEED), "BankA", None)
    last = checkpoints.BODY.load(first.body)
    world.confirmed("Parts", "Steel", "R4", 1000)
    countersign(world, checkpoints.make(world.chain, world.sealer, SEED), "BankA", last)
    rewritten = checkpointed()
    rewritten.confirmed("Parts", "Steel", "X", 5)
    rewritten.confirmed("Parts", "Steel", "Y", 5)
    forked = checkpoints.CheckpointBody(
        last.version, last.chain_id, last.height, digest("another block"), last.state_root, last.previous, last.at_ms
    )
    made = checkpoints.make(rewritten.chain, rewritten.sealer, SEED)
    with pytest.raises(Corrupt) as refused:
        countersign(rewritten, made, "BankA", forked)
    assert refused.value.code == "HISTORY_REWRITTEN"
    with pytest.raises(Corrupt) as refused:
        checkpoints.countersign(
            rewritten.genesis,
            made,
            rewritten.signers["BankA"],
            last_signed=forked,
            tip_header=rewritten.chain.tip_sealed.header,
            consistency=None,
        )
    assert refused.value.code == "CONSISTENCY_MISSING"


def test_a_checkpoint_with_any_bad_signature_is_refused() -> None:
    world = checkpointed()
    made = countersign(world, checkpoints.make(world.chain, world.sealer, SEED), "BankA", None)
    checkpoints.check(world.genesis, made)
    flip = lambda raw: bytes([raw[0] ^ 1]) + raw[1:]  # noqa: E731
    key, signature = made.countersignatures[0]
    for bad in (
        checkpoints.Checkpoint(made.body, flip(made.signature), made.post_quantum_signature, ()),
        checkpoints.Checkpoint(made.body, made.signature, flip(made.post_quantum_signature), ()),
        checkpoints.Checkpoint(made.body, made.signature, made.post_quantum_signature, ((key, flip(signature)),)),
    ):
        with pytest.raises(Corrupt):
            checkpoints.check(world.genesis, bad)


def test_a_checkpoint_that_contradicts_the_history_is_found_by_verify() -> None:
    world = checkpointed()
    body = checkpoints.CheckpointBody(
        1, world.genesis.chain_id, 4, digest("no such block"), digest("root"), bytes(32), 5
    )
    raw = encode(body)
    message = checkpoints.PREFIX + raw
    checkpoints.keep(
        world.store, checkpoints.Checkpoint(raw, world.sealer.sign(message), hybrid.sign(SEED, message), ())
    )
    with pytest.raises(Corrupt) as refused:
        verified(world)
    assert refused.value.code == "HISTORY_REWRITTEN"
