"""How the application treats what is no refusal: bytes that are no command, and mistakes of our own."""

from __future__ import annotations

from typing import Any

import pytest

from hefu.contracts.evidence.contract import EvidenceContract
from hefu.contracts.parties.commands import OpenAccount
from hefu.contracts.parties.contract import PartiesContract
from hefu.contracts.receivables.contract import ReceivablesContract
from hefu.kernel.codec import Record, encode
from hefu.kernel.errors import Corrupt, Rejected
from hefu.ledger.application import Application
from hefu.ledger.authority import Row
from world import World, salt


@pytest.fixture
def world() -> World:
    return World.fresh()


def opening(world: World, what: str = "one") -> OpenAccount:
    return OpenAccount(world.org("Parts"), salt(what))


def run_raw(world: World, *raws: bytes) -> Any:
    """Run encoded commands as a transaction of Parts whose form and signatures were checked."""
    application, state = world.chain.application, world.chain.state
    context = application.context(state, world.genesis, 1, world.block_ms)
    signers = application.signers(state, [world.signers["Parts"].public_key], 1)
    commands = application.read([(bytes(16), raw) for raw in raws])
    return application.run(state, context, b"\x07" * 32, signers, commands)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "MALFORMED"),
        (b"\xc1", "MALFORMED"),
        (encode(["parties.nonsense", b""]), "MALFORMED"),
        (encode(["parties.open-account", b""]), "MALFORMED"),
        (encode(["parties.open-account", b"", b"", b""]), "MALFORMED"),
        (encode(["parties.account-opened", bytes(32), bytes(32)]), "MALFORMED"),
        (encode(["evidence.capacity-moved", bytes(32), "available", "live", 5, bytes(32), 0]), "MALFORMED"),
        (encode(["parties.open-account", b"", b""]) + b"\0", "MALFORMED"),
        (b"\xdc\x00\x03" + encode(["parties.open-account", b"", b""])[1:], "NOT_CANONICAL"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[:24].hex() or "empty",
)
def test_bytes_that_are_no_command_are_refused_and_undo_the_commands_before(world, raw, code):
    before = dict(world.chain.state.writes)
    result = run_raw(world, encode(opening(world)), raw)
    assert (result.code, result.events) == (code, ())
    assert world.chain.state.writes == before
    assert run_raw(world, encode(opening(world))).code == "OK"


@pytest.mark.parametrize(
    "mistake",
    [
        AssertionError("ours"),
        KeyError("ours"),
        ValueError("ours"),
        MemoryError(),
        RecursionError(),
        Corrupt("a stored record"),
        Corrupt("a stored record", code="MALFORMED"),
    ],
    ids=lambda mistake: type(mistake).__name__ + getattr(mistake, "code", ""),
)
def test_a_mistake_of_our_own_stops_the_node_and_is_no_answer(world, monkeypatch, mistake):
    def broken(*_: object) -> list[Record]:
        raise mistake

    monkeypatch.setattr(PartiesContract, "decide", broken)
    raw = world.draft([opening(world)], world.signers["Parts"]).wire()
    before = list(world.store.scan(b"", b"\xff"))
    with pytest.raises(type(mistake)):
        world.submit(raw)
    assert list(world.store.scan(b"", b"\xff")) == before


def test_a_refusal_says_its_code_and_keeps_no_event_of_earlier_commands(world, monkeypatch):
    result = run_raw(world, encode(opening(world)), encode(opening(world)))
    assert (result.code, result.events) == ("ALREADY_EXISTS", ())
    monkeypatch.setattr(PartiesContract, "decide", lambda *_: (_ for _ in ()).throw(Rejected("no", code="SOME_CODE")))
    assert run_raw(world, encode(opening(world, "two"))).code == "SOME_CODE"


def test_events_are_written_by_the_contract_that_owns_them(world, monkeypatch):
    world.invoice("Parts", "Steel", "I1", 1000)
    written = []
    for contract in (EvidenceContract, ReceivablesContract):
        apply = contract.apply

        def watched(self: Any, state: Any, event: Any, link: Any, _apply: Any = apply, _own: Any = contract) -> None:
            written.append((_own.name, type(event).__name__))
            _apply(self, state, event, link)

        monkeypatch.setattr(contract, "apply", watched)
    assert world.run(world.propose_command("Parts", "I1", "R1", 600), "Parts") == "OK"
    assert written == [("evidence", "CapacityMoved"), ("receivables", "Proposed")]


def test_a_command_without_a_row_or_with_two_builds_no_application():
    parties = PartiesContract()

    def build(authority: tuple[Row, ...]) -> Application:
        parties.authority = authority  # type: ignore[misc]
        return Application((parties,), parties.directory, None)  # type: ignore[arg-type]

    assert len(build(PartiesContract.authority).rows) == len(PartiesContract.commands)
    with pytest.raises(AssertionError, match="no authority row"):
        build(PartiesContract.authority[1:])
    with pytest.raises(AssertionError, match="two rows"):
        build((*PartiesContract.authority, PartiesContract.authority[0]))
