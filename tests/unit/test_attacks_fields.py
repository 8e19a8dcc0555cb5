"""
No value of any field of any command stops a node: an exception other than a refusal would stop every node that gets the
transaction. Each command is first made to succeed; then each of its fields, one at a time, is given what a hostile member may
put there, signed by everybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import Any, get_type_hints

import msgspec
import pytest

from hefu import bootstrap
from hefu.assets.tags import Tag
from hefu.contracts.attestations.commands import Attest
from hefu.contracts.attestations.kinds import PaymentDetail
from hefu.contracts.clock.commands import AdvanceClock
from hefu.contracts.evidence.commands import SetStandingAcceptance
from hefu.contracts.parties import commands as pc
from hefu.contracts.parties.contract import door_message, possession_message
from hefu.contracts.receivables import commands as rc
from hefu.kernel.codec import Record, encode
from hefu.kernel.hashing import ZERO
from hefu.kernel.ids import derive_id
from hefu.kernel.money import AMOUNT_MAX
from hefu.kernel.signer import KeySigner
from hefu.kernel.time import INSTANT_MAX_MS, start_of_day_ms
from hefu.services.proving import bundle
from hefu_verify import verify
from hefu_verify.facts import facts_of
from world import TODAY, World, contact_key, digest, door, salt

INTEGERS = (
    *(-(1 << 63), -(1 << 31), -1, 0, 1, 2, 999, 1000, 1001, 1 << 31, 1 << 32, AMOUNT_MAX, AMOUNT_MAX + 1),
    *(INSTANT_MAX_MS, INSTANT_MAX_MS + 1, 1 << 53, (1 << 53) + 1, (1 << 63) - 1, 1 << 63, (1 << 64) - 1),
)
TEXTS = (
    *(
        "",
        "\x00",
        "a" * 70_000,
        "é",
        "合符",
        "😀",
        "\u202e",
        "|",
        "a|b",
        "٣/1",
        "x/٣",
        "hmac-sha256/1\n",
        "cny",
        "CNY ",
    ),
    *("invoice", "payment", "delivery", "paid", "sale", "active", "suspended", "supplier", "bank", "vote", "JPY"),
)
DATES = (date.min, date(1, 1, 2), date(1969, 12, 31), TODAY, date(9000, 1, 1), date.max)


def signer(world: World, name: str) -> KeySigner:
    return KeySigner(world.genesis.suite, digest("new key " + name))


def new_key(world: World, name: str, identity: bytes) -> pc.NewKey:
    key = signer(world, name)
    possession = key.sign(possession_message(world.genesis.chain_id, identity))
    return pc.NewKey(key.public_key, ("administer", "transfer"), 500, ZERO, ZERO, possession)


def attest(world: World, name: str, kind: str, subject: bytes, result: str, what: str, detail: bytes = b"") -> Attest:
    at_ms = start_of_day_ms(TODAY)
    return Attest(world.org(name), salt(what), subject, kind, at_ms, result, digest(what), b"", detail)


def paid(world: World, amount: int, commitment: bytes = b"", what: str = "e2e") -> bytes:
    detail = PaymentDetail(digest(what), world.account("Parts"), "CNY", amount, commitment, TODAY)  # type: ignore[arg-type]
    return encode(detail)


def attested(world: World, name: str, what: str) -> bytes:
    genesis = world.genesis
    return derive_id(genesis.hash, genesis.chain_id, world.org(name), salt(what), "attestation")


@cache
def prepared() -> World:
    """A world in which every command has something that it can be done to."""
    world = World.fresh()
    for name in ("free", "second", "locked", "pledged", "noticed"):
        world.confirmed("Parts", "Steel", name, 1000)
    right = {name: world.new_id("Parts", name, "right") for name in ("free", "second", "locked", "pledged", "noticed")}
    world.invoice("Parts", "Steel", "proposed", 1000)
    world.invoice("Bolts", "Parts", "owed", 1000)
    world.invoice("Wire", "", "raised", 1000)
    until = world.now_ms + 86_400_000
    lock = rc.AcceptOffer(
        right["locked"], world.account("BankB"), "sale", True, digest("offer"), digest("price"), until
    )
    pledge = rc.Pledge(right["pledged"], world.account("BankB"), digest("loan"), 500, None)  # type: ignore[arg-type]
    everybody = ("Operator", "BankA", "BankB", "BankC", "Steel", "Parts", "Bolts", "Wire", "Store")
    commands: list[Record] = [
        world.propose_command("Parts", "proposed", "open", 400),
        lock,
        pledge,
        rc.Notify(right["noticed"], digest("account")),
        attest(world, "Store", "delivery", world.new_id("Wire", "raised", "document"), "delivered", "delivery"),
        attest(world, "BankA", "payment", right["locked"], "paid", "price paid", paid(world, 0, digest("price"), "p")),
        attest(world, "BankA", "payment", right["second"], "paid", "paid", paid(world, 600, b"", "q")),
        pc.ProposeChange(world.org("BankA"), salt("open vote"), pc.SetStatus(world.org("Ore"), "suspended"), until),
    ]
    assert world.run(commands, *everybody) == "OK"
    return world


def baseline(world: World) -> dict[str, Record]:
    """A command of each kind, and of each kind of change, that succeeds in the prepared world."""
    right = {name: world.new_id("Parts", name, "right") for name in ("free", "second", "locked", "pledged", "noticed")}
    document = {
        name: world.new_id(owner, name, "document")
        for owner, name in (("Parts", "proposed"), ("Bolts", "owed"), ("Wire", "raised"))
    }
    opened, until = world.new_id("Parts", "open", "right"), world.now_ms + 86_400_000
    bank, parts, org = world.account("BankB"), world.org("Parts"), world.org
    due, admitted = date(2026, 4, 1), digest("identity of a bank")
    vote = derive_id(world.genesis.hash, world.genesis.chain_id, org("BankA"), salt("open vote"), "proposal")
    admit = pc.Admit(salt("admitted"), admitted, ("bank",), True, (new_key(world, "admitted", admitted),))
    enrolled = digest("identity of a supplier")
    commands: list[Any] = [
        pc.Enrol(org("BankA"), salt("e"), enrolled, ("supplier",), (new_key(world, "enrolled", enrolled),)),
        pc.OpenAccount(parts, salt("a")),
        pc.AddKey(parts, new_key(world, "added", digest("identity Parts")), world.chain.tip.height + 100),
        # A key that signed what bundles prove.
        pc.RevokeKey(org("Steel"), world.signers["Steel"].public_key, world.chain.tip.height + 1000),
        pc.SetContact(
            parts,
            "mlkem768-x25519",
            contact_key("Parts"),
            door("Parts").public_key,
            "https://node.example",
            door("Parts").sign(door_message(world.genesis.chain_id, parts)),
        ),
        pc.ProposeChange(org("BankA"), salt("v1"), admit, until),
        pc.ProposeChange(org("BankA"), salt("v2"), pc.SetRoles(org("Ore"), ("supplier",), False), until),
        pc.ProposeChange(org("BankA"), salt("v3"), pc.SetStatus(org("Wire"), "suspended"), until),
        pc.Vote(vote, org("BankB"), True),
        AdvanceClock(world.now_ms + 1000),
        attest(world, "BankA", "payment", right["free"], "paid", "n1", paid(world, 100)),
        attest(world, "BankA", "payment", right["free"], "paid", "n2", paid(world, 0, digest("c"), "e2")),
        attest(world, "Store", "delivery", document["owed"], "delivered", "n3"),
        attest(world, "Ore", "letters", org("Ore"), "received", "n4"),
        world.register_command("Ore", "Wire", "new", 1000),
        SetStandingAcceptance(document["owed"], True),
        world.propose_command("Parts", "proposed", "another", 100),
        rc.Confirm(opened, 400, digest("text"), world.tag("proposed")),
        rc.Refuse(opened, "paid"),
        rc.Withdraw(opened),
        rc.Raise(document["raised"], salt("r"), 300, due, ZERO, attested(world, "Store", "delivery")),
        rc.Split(right["free"], salt("s"), 10),
        rc.Assign(right["free"], world.account("Bolts"), document["owed"], world.tag("owed"), False),
        rc.Pledge(right["free"], bank, digest("loan"), 100, world.tag("inv free")),
        rc.Release(right["pledged"]),
        rc.AcceptOffer(right["free"], bank, "pledge", False, digest("o"), digest("p"), until),
        rc.DeclineOffer(right["locked"]),
        rc.CompleteFinance(right["locked"], attested(world, "BankA", "price paid"), None),
        rc.CompleteFinance(right["locked"], b"", world.tag("inv locked")),
        rc.Notify(right["free"], digest("account")),
        rc.Acknowledge(right["noticed"], digest("account")),
        rc.Settle(right["free"], 100, b""),
        rc.Settle(right["second"], 600, attested(world, "BankA", "paid")),
        rc.Cancel(right["free"]),
        rc.SetCeiling(world.account("Steel"), "CNY", 10_000),
    ]
    return {f"{type(command).__name__} {number}": command for number, command in enumerate(commands)}


EVERYBODY = ("Operator", "BankA", "BankB", "BankC", "Steel", "Parts", "Bolts", "Wire", "Ore", "Store", "Court", "Super")
NAMES = tuple(baseline(prepared()))


def hostile(value: Any) -> Iterator[Any]:
    """What may stand in the place of a value, of the same type, so that the form is good."""
    match value:
        case bool():
            yield not value
        case int():
            yield from INTEGERS
        case str():
            yield from TEXTS
        case bytes():
            yield from (b"", b"\x01", bytes(16), ZERO, b"\xff" * 32, bytes(33), bytes(64), bytes(65), b"\xfe" * 70_000)
            yield value[:-1]
            yield value + b"\0"
        case date():
            yield from DATES
        case msgspec.Struct():
            yield from ({**msgspec.structs.asdict(value), name: other} for name, other in changes(value))
        case tuple():
            yield ()
            yield value * 2
            yield value * 300
            for at, item in enumerate(value):
                for other in hostile(item):
                    yield (*value[:at], other, *value[at + 1 :])
        case None:
            # Each field that may be absent is there in another command of the list.
            return
        case _:
            raise AssertionError(f"a field of a type that nobody thought of: {type(value)}")


def changes(record: Any) -> Iterator[tuple[str, Any]]:
    """Fields of a record with what may stand there instead."""
    for name in record.__struct_fields__:
        value = getattr(record, name)
        for other in hostile(value):
            yield name, other
        if name == "detail" and value:
            inner = msgspec.msgpack.Decoder(PaymentDetail).decode(value)
            for field, other in changes(inner):
                yield name, encode(msgspec.structs.replace(inner, **{field: other}))


def rebuilt(record: Any, name: str, other: Any) -> Any:
    """The record with another value in a field; a dictionary stands for a record inside."""

    def build(old: Any, new: Any) -> Any:
        if isinstance(old, msgspec.Struct) and isinstance(new, dict):
            return type(old)(**{key: build(getattr(old, key), value) for key, value in new.items()})
        if isinstance(old, tuple) and isinstance(new, tuple) and any(isinstance(item, dict) for item in new):
            return tuple(build(old[min(at, len(old) - 1)], item) for at, item in enumerate(new))
        return new

    return msgspec.structs.replace(record, **{name: build(getattr(record, name), other)})


def test_every_command_of_the_ledger_is_attacked():
    known = {command for contract in bootstrap.application().contracts for command in contract.commands}
    assert {type(command) for command in baseline(prepared()).values()} == known


@pytest.mark.parametrize("name", NAMES)
def test_no_value_of_a_field_stops_a_node(name):
    world = prepared().fork()
    command = baseline(world)[name]
    assert world.fork().run(command, *EVERYBODY) == "OK"
    taken = 0
    for field, other in changes(command):
        altered = rebuilt(command, field, other)
        before = world.state_digest() if taken < 3 else b""
        code = world.run(altered, *EVERYBODY)
        assert code.isupper(), (field, other)
        if code == "OK":
            taken += 1
            proofs_stay_readable(world)
            world = prepared().fork()
        elif before:
            assert world.state_digest() == before, "a refusal left a trace"


def proofs_stay_readable(world: World) -> None:
    """Whatever a member got onto the ledger, the verifier reads every right's proof."""
    for key, _ in list(world.store.scan(b"sR", b"sS")):
        facts_of(verify(bundle(world.chain, key[2:]), world.genesis.raw))


@pytest.mark.parametrize("name", NAMES)
def test_no_bytes_in_the_place_of_a_command_stop_a_node(name):
    world = prepared().fork()
    raw = encode(baseline(world)[name])
    forms = [
        raw[:-1],
        raw + b"\0",
        b"",
        b"\xc1",
        b"\x90",
        raw[:1] + b"\xc0" + raw[1:],
        b"\x91" * 2000,
        b"\xdd" + b"\xff" * 4,
    ]
    values = (
        b"\xc0",
        b"\xcb\x7f\xf8" + bytes(6),
        b"\xcb" + bytes(8),
        b"\xa3\xed\xa0\x80",
        b"\xd6\xff" + bytes(4),
        b"\x80",
        b"\xc3",
    )
    forms += [raw[:at] + value + raw[at + 1 :] for at in range(1, min(len(raw), 80)) for value in values]
    application, state = world.chain.application, world.chain.state
    context = application.context(state, world.genesis, world.chain.tip.height + 1, world.block_ms)
    keys = application.signers(state, [world.signers[party].public_key for party in EVERYBODY], context.height)
    for form in forms:
        assert application.run(state, context, bytes(32), keys, application.read([(bytes(16), form)])).code.isupper()


def test_a_document_has_tags_of_every_hostile_form():
    world = prepared().fork()
    tag = Tag("einvoice", "hmac-sha256/1", 1, digest("t"))
    base = world.register_command("Ore", "Wire", "other", 1000)
    for field, other in changes(tag):
        tags = (msgspec.structs.replace(tag, **{field: other}),)
        for command in (
            msgspec.structs.replace(base, tags=tags),
            rc.Confirm(world.new_id("Parts", "open", "right"), 400, digest("text"), tags[0]),  # type: ignore[arg-type]
        ):
            assert world.fork().run(command, *EVERYBODY).isupper()


def test_no_command_has_free_text():
    # It would carry names onto a ledger that cannot forget.
    texts = set()
    for contract in bootstrap.application().contracts:
        for command in contract.commands:
            texts |= {(command.__name__, name) for name, kind in get_type_hints(command).items() if kind is str}
    assert texts == {
        ("Attest", "kind"),
        ("Attest", "result"),
        ("Register", "kind"),
        ("Register", "currency"),
        ("Refuse", "reason"),
        ("AcceptOffer", "method"),
        ("SetCeiling", "currency"),
        ("SetContact", "suite"),
        # From no list, but of one form, a host with its port, and left out by whoever does not want it read: decision 0013.
        ("SetContact", "address"),
    }, "a command has a new text: name the closed list that it is drawn from"
