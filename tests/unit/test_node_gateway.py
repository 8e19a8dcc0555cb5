"""What the gateway vouches for, so that signatures are checked once a node and never less."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from ballot import Ballot
from hefu.contracts.parties import commands as pc
from hefu.kernel.codec import encode
from hefu.kernel.suites.ed25519 import Ed25519Suite
from hefu.ledger import transaction as transactions
from hefu.services.nodes import gateway as gateways
from hefu.services.nodes.gateway import Gateway
from hefu.services.nodes.outbox import Outbox
from hefu.services.nodes.rpc import EngineRpc
from world import salt


class Mempool(EngineRpc):
    """Keeps what is broadcast."""

    def __init__(self) -> None:
        super().__init__(1)
        self.parcels: list[bytes] = []

    async def broadcast(self, parcel: bytes) -> None:
        self.parcels.append(parcel)


@pytest.fixture
def checks(monkeypatch) -> Counter[bytes]:
    """How often each signature was checked."""
    seen: Counter[bytes] = Counter()
    verify = Ed25519Suite.verify

    def counted(self: Ed25519Suite, key: bytes, signature: bytes, message: bytes) -> bool:
        seen[signature] += 1
        return verify(self, key, signature, message)

    monkeypatch.setattr(Ed25519Suite, "verify", counted)
    return seen


def carried(ballot: Ballot, path: Path, taken: list[bytes]) -> list[bytes]:
    """The parcels in which a gateway carries what is in its outbox and what it takes."""

    async def run() -> list[bytes]:
        mempool, failed = Mempool(), list[BaseException]()
        outbox = Outbox(path)
        gateway = Gateway(ballot.replica, mempool, outbox, failed.append)
        for raw in taken:
            gateway.take(raw)
        gateway.start()
        gateway._arrived.set()
        await asyncio.sleep(3 * gateways.GATHER_S)
        await gateway.close()
        outbox.close()
        assert not failed
        return mempool.parcels

    return asyncio.run(run())


def transaction(ballot: Ballot, name: str) -> bytes:
    world = ballot.world
    return world.draft([pc.OpenAccount(ballot.org("BankA"), salt(name))], world.signers["BankA"]).wire()


def test_a_nodes_own_parcels_are_checked_once_and_what_lay_on_the_disk_again(tmp_path, checks):
    ballot = Ballot()
    raws = [transaction(ballot, name) for name in ("a", "b", "c")]
    (parcel,) = carried(ballot, tmp_path / "outbox.db", raws)
    assert ballot.replica.check(parcel) == ""
    assert set(checks.values()) == {1}
    # Nobody answered: the next process finds them in the outbox, where somebody may have been meanwhile.
    outbox = Outbox(tmp_path / "outbox.db")
    waiting = outbox.waiting()
    assert len(waiting) == 3
    wire = transactions.WIRE.load(waiting[0][1])
    forged = encode(transactions.Wire(wire.header, (bytes(64),), wire.commands))
    outbox.remove([waiting[0][0]])
    outbox.add([(waiting[0][0], forged, waiting[0][2])])
    outbox.close()
    (parcel,) = carried(ballot, tmp_path / "outbox.db", [])
    assert ballot.replica.check(parcel) == "BAD_SIGNATURE"


@pytest.mark.parametrize(("pace", "again"), [(0.0, True), (10.0, False)])
def test_what_only_waits_its_turn_is_not_sent_again(tmp_path, monkeypatch, pace, again):
    """Under overload answers take longer than the first patience; what is sent again then makes everybody wait longer still."""
    monkeypatch.setattr(gateways, "AGAIN_FIRST_S", 0.05)
    monkeypatch.setattr(gateways, "SWEEP_S", 0.02)

    async def run() -> int:
        ballot = Ballot()
        outbox = Outbox(tmp_path / "outbox.db")
        gateway = Gateway(ballot.replica, Mempool(), outbox, lambda error: None)
        gateway._pace = pace
        gateway.take(transaction(ballot, "a"))
        next(iter(gateway._waiting.values())).patience = 0.05
        gateway.start()
        await asyncio.sleep(0.5)
        await gateway.close()
        outbox.close()
        return gateway.resent

    assert (asyncio.run(run()) > 0) == again
