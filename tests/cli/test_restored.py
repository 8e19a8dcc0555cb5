"""A node that began from a snapshot checks what it has, and says plainly what it lacks and who has it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from commands import hefu, practice, right, told
from hefu.kernel.errors import Corrupt
from hefu.ledger.genesis import Genesis
from hefu.ledger.store import RocksStore, at_height
from hefu.services import restored


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str]:
    """The whole ledger, a restored node, and a right of both."""
    folder = tmp_path_factory.mktemp("restored")
    whole, light = practice(folder / "whole"), folder / "light"
    made = right(whole)
    hefu("ledger", "snapshot", folder / "state", home=whole)
    hefu("ledger", "restore", folder / "state", "--trust", whole / "genesis.json", home=light)
    return whole, light, made


def test_a_restored_node_is_checked_as_far_as_it_goes(homes: tuple[Path, Path, str]) -> None:
    whole, light, _ = homes
    told_whole, told_light = told("ledger", "verify", home=whole), told("ledger", "verify", home=light, code=7)
    assert told_whole["first_height"] == 0
    for field in ("state_root", "height", "records"):
        assert told_whole[field] == told_light[field]
    assert told_light["code"] == "NOT_ARCHIVED"
    assert told_light["first_height"] == told_light["height"] + 1
    said = hefu("ledger", "verify", home=light, code=7)
    assert "keeps no blocks before" in said
    assert "hefu ledger import" in said
    assert "本节点由快照恢复" in hefu("ledger", "verify", home=light, code=7, lang="zh")


@pytest.mark.parametrize(
    "command",
    [
        ("views", "rebuild"),
        ("views", "totals"),
        ("views", "catch-up"),
        ("ledger", "export", "never"),
        ("ledger", "replay", "never"),
        ("ledger", "blocks", "0"),
        ("receivable", "history", "RIGHT"),
    ],
    ids=" ".join,
)
def test_what_needs_older_blocks_says_so(homes: tuple[Path, Path, str], command: tuple[str, ...]) -> None:
    _, light, made = homes
    said = hefu(*(made if word == "RIGHT" else word for word in command), home=light, code=6)
    assert "NOT_ARCHIVED" in said
    assert not (light / "views.db").exists()


def test_what_a_restored_node_has_is_shown(homes: tuple[Path, Path, str]) -> None:
    whole, light, made = homes
    for command in (("receivable", "show", made), ("receivable", "list"), ("ledger", "blocks"), ("ledger", "status")):
        seen = told(*command, home=light)
        assert seen["height"] == told(*command, home=whole)["height"]


def test_blocks_since_the_snapshot_are_checked_too(homes: tuple[Path, Path, str], tmp_path: Path) -> None:
    whole, light, _ = homes
    # The keys of the whole home beside the restored ledger: a node that goes on from the snapshot.
    shutil.copytree(light, tmp_path / "on")
    for part in ("operator", "organisations"):
        shutil.copytree(whole / part, tmp_path / "on" / part)
    shutil.copy(whole / "names.json", tmp_path / "on")
    before = told("ledger", "status", home=whole)["height"]
    made = right(tmp_path / "on", 2)
    hefu("ledger", "checkpoint", home=tmp_path / "on")
    report = told("ledger", "verify", home=tmp_path / "on", code=7)
    assert (report["first_height"], report["height"], report["transactions"]) == (before + 1, before + 3, 3)
    assert report["countersigned_height"] == before + 3
    assert len(told("receivable", "history", made, home=tmp_path / "on")["steps"]) == 2
    hefu("prove", made, "-o", tmp_path / "bundle", home=tmp_path / "on")
    hefu("verify", tmp_path / "bundle", "--trust", whole / "genesis.json")


def test_damage_to_a_restored_node_is_found(homes: tuple[Path, Path, str], tmp_path: Path) -> None:
    whole, light, _ = homes
    genesis = Genesis.read(whole / "genesis.json")
    shutil.copytree(light, tmp_path / "bad")
    store = RocksStore(tmp_path / "bad" / "ledger")
    tip = max(int.from_bytes(key[1:], "big") for key, _ in store.scan(b"h", b"i"))
    a_record = next(key for key, _ in store.scan(b"sR", b"sS"))
    a_bucket = next(key for key, _ in store.scan(b"b", b"c"))
    damages = {
        a_record: "STATE_ROOT",
        a_bucket: "STATE_DIFFERS",
        at_height(b"r", tip): "RESULTS_DIFFER",
        at_height(b"h", tip - 1): "BAD_SEAL",
    }
    for key, code in damages.items():
        good = store.get(key)
        assert good is not None
        other = store.get(at_height(b"h", tip)) if key[:1] == b"h" else None
        if other is None:
            other = good[:-1] + bytes([good[-1] ^ 1])
        else:
            from hefu.ledger import block as blocks

            sealed = blocks.SEALED.load(good)
            other = blocks.encode(blocks.Sealed(sealed.header, sealed.seal_kind, (sealed.seal[0], bytes(64))))
        store.write([(key, other)])
        with pytest.raises(Corrupt) as caught:
            restored.verify(store, genesis, restored.first_kept(store))
        assert caught.value.code == code or key[:1] == b"r", key
        store.write([(key, good)])
    assert restored.verify(store, genesis, restored.first_kept(store)).height == tip
    store.close()


def test_a_whole_ledger_with_a_hole_is_damaged_and_not_restored(homes: tuple[Path, Path, str], tmp_path: Path) -> None:
    whole, _, _ = homes
    for hole in (at_height(b"h", 0), at_height(b"t", 2)):
        home = tmp_path / hole.hex()
        shutil.copytree(whole, home)
        store = RocksStore(home / "ledger")
        store.write([(hole, None)])
        store.close()
        assert "BLOCK_MISSING" in hefu("ledger", "verify", home=home, code=4)


def test_questions_need_neither_keys_nor_passphrase(homes: tuple[Path, Path, str], tmp_path: Path) -> None:
    whole, light, made = homes
    shutil.copytree(light, tmp_path / "copy")
    shutil.copy(whole / "names.json", tmp_path / "copy")
    document = told("receivable", "show", made, home=light)["document"]
    for command in (
        ("key", "list", "Anding"),
        ("org", "exposure", "Hailan"),
        ("invoice", "show", document),
        ("clock", "show"),
    ):
        asked = {"home": tmp_path / "copy", "HEFU_PASSPHRASE": ""}
        assert told(*command, **asked) == told(*command, home=whole)
