"""One suite for every store: what a ledger may expect of its disk. The dictionary is the reference."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hefu import bootstrap
from hefu.kernel.errors import Closed, EngineError
from hefu.ledger import tree as trees
from hefu.ledger.chain import Chain
from hefu.ledger.engines.storeprocess import StoreProcess
from hefu.ledger.store import MemoryStore, RocksStore, Store, at_height
from world import BLOCK_START_MS, World


class Disk:
    """A place that stores are opened on, again and again."""

    def __init__(self, kind: str, tmp_path_factory) -> None:
        self._kind, self._factory = kind, tmp_path_factory
        self.wipe()

    def wipe(self) -> None:
        """Begin with nothing."""
        self._memory, self._path = MemoryStore(), self._factory.mktemp("store") / "db"

    def open(self) -> Store:
        if self._kind == "process":
            return StoreProcess(self._path, World.fresh().genesis)
        return self._memory if self._kind == "memory" else RocksStore(self._path)


@pytest.fixture(scope="module", params=["memory", "rocks"])
def disk(request, tmp_path_factory) -> Disk:
    return Disk(request.param, tmp_path_factory)


@pytest.fixture(params=["memory", "rocks", "process"])
def store(request, tmp_path_factory) -> Iterator[Store]:
    store = Disk(request.param, tmp_path_factory).open()
    yield store
    store.close()


def test_what_is_written_is_read(store):
    store.write([(b"a", b"1"), (b"b", b""), (b"c", bytes(100_000))])
    assert [store.get(key) for key in (b"a", b"b", b"c", b"d")] == [b"1", b"", bytes(100_000), None]
    store.write([(b"a", b"2"), (b"b", None), (b"never", None)])
    assert [store.get(key) for key in (b"a", b"b", b"never")] == [b"2", None, None]


def test_within_one_write_the_last_word_counts(store):
    store.write([(b"a", b"1"), (b"a", b"2"), (b"b", b"1"), (b"b", None), (b"c", None), (b"c", b"1")])
    assert list(store.scan(b"", b"z")) == [(b"a", b"2"), (b"c", b"1")]


def test_a_write_that_fails_on_the_way_leaves_nothing(store):
    def broken() -> Iterator[tuple[bytes, bytes | None]]:
        yield b"a", b"2"
        yield b"b", b"2"
        raise RuntimeError("out of things to write")

    store.write([(b"a", b"1")])
    with pytest.raises(RuntimeError):
        store.write(broken())
    assert list(store.scan(b"", b"z")) == [(b"a", b"1")]


def test_scans_are_in_order_of_key_from_start_to_before_end(store):
    keys = [b"d" + bytes([i]) for i in (0, 1, 9, 10, 200, 255)]
    store.write([(key, key) for key in reversed(keys)] + [(b"c\xff", b""), (b"e", b"")])
    assert [key for key, _ in store.scan(b"d", b"e")] == keys
    assert [key for key, _ in store.scan(keys[1], keys[4])] == keys[1:4]
    assert [key for key, _ in store.scan(b"d\x02", b"d\x09\x00")] == [keys[2]]
    assert list(store.scan(b"d\x02", b"d\x03")) == []
    assert list(store.scan(b"x", b"z")) == []


def test_blocks_scan_in_order_of_height(store):
    heights = [0, 1, 255, 256, 65_535, 65_536, 2**40]
    store.write([(at_height(b"h", height), str(height).encode()) for height in reversed(heights)])
    assert [int(value) for _, value in store.scan(b"h", b"i")] == heights


KEYS = st.binary(min_size=1, max_size=2)
WRITES = st.lists(st.tuples(KEYS, st.none() | st.binary(max_size=3)), max_size=12)


@settings(max_examples=40)
@given(batches=st.lists(st.tuples(WRITES, st.booleans()), max_size=5), start=KEYS, end=KEYS)
def test_any_writes_and_reopenings_leave_what_a_dictionary_would(disk, batches, start, end):
    disk.wipe()
    store, known = disk.open(), {}
    for items, reopen in batches:
        store.write(items, sync=False)
        for key, value in items:
            if value is None:
                known.pop(key, None)
            else:
                known[key] = value
        if reopen:
            store.close()
            store = disk.open()
    assert list(store.scan(start, end)) == sorted((k, v) for k, v in known.items() if start <= k < end)
    assert all(store.get(key) == value for key, value in known.items())
    store.close()


# -- a ledger on it -------------------------------------------------------------------------------------------------


def trade(world: World, number: int) -> None:
    """A block or more that change old and new records."""
    name = f"R{number}"
    world.confirmed("Parts", "Steel", name, 1000 + number)


def test_a_ledger_is_the_same_after_reopening_at_any_height(disk, monkeypatch):
    monkeypatch.setattr(trees, "PAGES_PER_STEP", trees.PAGES // 4)
    monkeypatch.setattr(trees, "CHANGES_PER_STEP", 20)
    disk.wipe()
    world = World(store=disk.open())
    reopened = 0
    for number in range(12):
        trade(world, number)
        if number % 3 == 2 or number < 2:
            before, root, tip = world.chain.tree._levels[0], world.chain.tree.root, world.chain.tip_id
            state = dict(world.store.scan(b"s", b"t"))
            world.store.close()
            world.store = disk.open()
            world.chain = Chain(world.genesis, bootstrap.application(), world.store, world.sealer)
            assert world.chain.tree._levels[0] == before
            assert (world.chain.tree.root, world.chain.tip_id) == (root, tip)
            assert dict(world.store.scan(b"s", b"t")) == state
            reopened += 1
    assert reopened == 6
    assert world.chain.tip.height == 36
    assert trees.root_of(world.genesis.hash, ((k[1:], v) for k, v in state.items())) == root
    world.store.close()


def test_both_stores_hold_the_same_bytes_after_the_same_blocks(tmp_path):
    worlds = [World(), World(store=RocksStore(tmp_path / "db"))]
    trade(worlds[0], 1)
    for height in range(1, 4):
        block = worlds[0].chain.block(height)
        worlds[1].chain.append(list(block.body), BLOCK_START_MS + height * 1000)
    assert list(worlds[0].store.scan(b"", b"\xff")) == list(worlds[1].store.scan(b"", b"\xff"))


# -- the disk alone -------------------------------------------------------------------------------------------------


@pytest.fixture
def rocks(tmp_path) -> Callable[..., RocksStore]:
    return lambda **options: RocksStore(tmp_path / "db", **options)


def test_only_one_process_holds_a_folder(rocks):
    first = rocks()
    with pytest.raises(Closed) as refused:
        rocks()
    assert refused.value.code == "CLOSED"
    first.close()
    rocks().close()


def test_a_reader_sees_what_was_written_and_writes_nothing(rocks):
    writer = rocks()
    writer.write([(b"a", b"1")])
    reader = rocks(read_only=True)
    assert reader.get(b"a") == b"1"
    with pytest.raises(EngineError):
        reader.write([(b"a", b"2")])
    reader.close()
    assert writer.get(b"a") == b"1"
    writer.close()


def test_what_was_flushed_and_what_was_not_are_both_there_after_reopening(rocks):
    store = rocks()
    store.write([(b"a", b"1"), (b"b", b"1")])
    store.flush()
    store.write([(b"b", None), (b"c", b"1")])
    store.close()
    store = rocks()
    assert list(store.scan(b"", b"z")) == [(b"a", b"1"), (b"c", b"1")]
    store.close()
