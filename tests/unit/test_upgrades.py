"""The members adopt a code version with a height; software that does not know it stops there, on its own and in a network."""

from __future__ import annotations

from typing import Any

import pytest

from ballot import Ballot
from hefu import bootstrap
from hefu.contracts.parties import commands as pc
from hefu.kernel.codec import encode
from hefu.kernel.errors import Corrupt, Unavailable
from hefu.kernel.ids import derive_id
from hefu.ledger import genesis as g
from hefu.ledger import versions
from hefu.ledger.block import HEADER, SEALED
from hefu.ledger.chain import Chain
from hefu.ledger.engines.cometbft.parcel import pack
from hefu.ledger.engines.cometbft.replica import Replica
from hefu.ledger.engines.embedded import EmbeddedEngine
from hefu.ledger.store import MemoryStore, at_height
from world import BLOCK_START_MS, World, salt

VOTERS = ("Operator", "BankA", "BankB")


def adopt(world: World, version: int, height: int) -> str:
    """Propose and vote, in one transaction."""
    genesis, operator = world.genesis, world.org("Operator")
    of = salt(f"upgrade {version} {height}")
    proposal = derive_id(genesis.hash, genesis.chain_id, operator, of, "proposal")
    commands: list[Any] = [pc.ProposeChange(operator, of, pc.Upgrade(version, height), world.now_ms + 86_400_000)]
    commands += [pc.Vote(proposal, world.org(name), True) for name in VOTERS[1:]]
    return world.run(commands, *VOTERS)


def pay_attention(world: World) -> str:
    """Any block."""
    return world.run(pc.OpenAccount(world.org("Parts"), salt(f"account at {world.chain.tip.height}")), "Parts")


def test_a_ledger_is_decided_by_the_version_of_its_genesis_until_the_height_that_was_adopted(monkeypatch):
    world = World()
    first = world.genesis.file.code_version
    at = world.chain.tip.height + 4
    assert adopt(world, first + 1, at) == "OK"
    assert world.chain.upgrades() == ((first + 1, at),)
    monkeypatch.setattr(versions, "CODE_VERSION", first + 1)
    while world.chain.tip.height < at:
        assert world.chain.next_version() == first + (world.chain.tip.height + 1 >= at)
        assert pay_attention(world) == "OK"
    headers = [HEADER.load(SEALED.load(raw).header) for _, raw in world.store.scan(b"h", at_height(b"h", 1 << 62))]
    assert [header.code_version for header in headers] == [first] * at + [first + 1]


def test_software_that_does_not_know_the_version_stops_before_the_block_and_loses_nothing():
    world = World()
    at = world.chain.tip.height + 3
    assert adopt(world, versions.CODE_VERSION + 1, at) == "OK"
    assert pay_attention(world) == "OK"
    before = dict(world.store.scan(b"", b"\xff"))
    with pytest.raises(Unavailable) as stopped:
        pay_attention(world)
    assert stopped.value.code == "CODE_TOO_OLD"
    assert f"block {at} " in str(stopped.value)
    assert dict(world.store.scan(b"", b"\xff")) == before
    # To read, prove and export it opens; nothing is taken.
    engine = EmbeddedEngine(Chain(world.genesis, bootstrap.application(), world.store, world.sealer))
    try:
        assert engine.query(lambda chain: chain.tip.height) == at - 1
        with pytest.raises(Unavailable) as refused:
            engine.submit(
                world.draft([pc.OpenAccount(world.org("Parts"), salt("late"))], world.signers["Parts"]).wire()
            )
        assert refused.value.code == "CODE_TOO_OLD"
    finally:
        engine.close()


def test_an_upgrade_that_does_not_hold_yet_can_be_moved():
    world = World()
    version, tip = versions.CODE_VERSION + 1, world.chain.tip.height
    assert adopt(world, version, tip + 3) == "OK"
    assert adopt(world, version, tip + 30) == "OK"
    assert world.chain.upgrades() == ((version, tip + 30),)
    for _ in range(5):
        assert pay_attention(world) == "OK"


def test_a_replica_stops_at_the_decided_block_and_does_not_open_again():
    ballot = Ballot()
    version = versions.CODE_VERSION + 1
    receipt, _ = ballot.decide(pc.Upgrade(version, 2))
    assert receipt.code == "OK"
    account = pc.OpenAccount(ballot.org("Operator"), salt("another"))
    raw = ballot.world.draft([account], ballot.world.signers["Operator"]).wire()
    with pytest.raises(Unavailable) as stopped:
        ballot.replica.finalize(2, BLOCK_START_MS + 2, [pack([raw])])
    assert stopped.value.code == "CODE_TOO_OLD"
    assert ballot.replica.engine_height == 1
    with pytest.raises(Unavailable) as refused:
        Replica(ballot.world.genesis, bootstrap.application(), ballot.store)
    assert refused.value.code == "CODE_TOO_OLD"


def test_a_genesis_of_a_later_version_is_refused_with_a_word_on_what_to_do():
    file = World().genesis.file
    with pytest.raises(Unavailable) as refused:
        g.Genesis(g.genesis_bytes(g.GenesisFile(**{**_fields(file), "code_version": versions.CODE_VERSION + 1})))
    assert refused.value.code == "CODE_TOO_OLD"
    assert "newer release" in str(refused.value)


def test_a_new_ledger_begins_with_the_newest_version():
    assert World(store=MemoryStore()).chain.next_version() == versions.CODE_VERSION


def longer(command: Any) -> bytes:
    """The same value in a longer form: its array's length in sixteen bits."""
    raw = encode(command)
    return b"\xdc\x00" + bytes([raw[0] & 15]) + raw[1:]


def test_what_the_first_version_could_not_read_it_could_not_read_in_whatever_form_it_came():
    """As release 0.1.0 answers: a node that answered otherwise would part ways with it in the middle of a roll-out."""
    world = World(code_version=1)
    application, parts = world.chain.application, world.org("Parts")
    known = pc.OpenAccount(parts, salt("a"))
    contact = pc.SetContact(parts, "mlkem768-x25519", bytes(1216), bytes(32), "", bytes(64))
    handover = pc.ProposeChange(parts, salt("p"), pc.HandOver(()), 1)

    def answers(*raws: bytes) -> list[str]:
        read = [application.read([(b"", raw) for raw in raws], version) for version in (1, 2)]
        return [found.code if isinstance(found, Corrupt) else "read" for found in read]

    assert answers(encode(known)) == ["read", "read"]
    assert answers(longer(known)) == ["NOT_CANONICAL", "NOT_CANONICAL"]
    for later in (contact, handover):
        assert answers(encode(later)) == ["MALFORMED", "read"]
        assert answers(longer(later)) == ["MALFORMED", "NOT_CANONICAL"]
        # The first that is wrong is what is answered.
        assert answers(encode(later), longer(known)) == ["MALFORMED", "NOT_CANONICAL"]
        assert answers(longer(known), encode(later)) == ["NOT_CANONICAL", "NOT_CANONICAL"]
    assert answers(b"\x91\x01") == ["MALFORMED", "MALFORMED"]


def _fields(file: g.GenesisFile) -> dict[str, Any]:
    return {name: getattr(file, name) for name in file.__struct_fields__}
