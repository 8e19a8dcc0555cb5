"""Four validators on this machine: trade over them, lose one, get it back, and prove a right by their votes."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from datetime import date, timedelta
from itertools import count

import pytest

from hefu import bootstrap
from hefu.contracts.parties.commands import OpenAccount
from hefu.kernel.errors import Rejected
from hefu.kernel.time import business_date
from hefu.services import proving
from hefu.services.founding import FounderSpec
from hefu.services.home import Home
from hefu.services.network import Network
from hefu.services.nodes.local import LocalNetwork, client_of
from hefu.services.trade import InvoiceDocument, Trade
from hefu_verify import verify
from nodes import PASSPHRASE

NUMBERS = count(1)


@pytest.fixture(scope="module")
def opened(network):
    """The home with its keys, over the network's gateways."""
    with Network(Home(network.home), bootstrap.application(), PASSPHRASE, cost=1024) as opened:
        yield opened


def opening(opened: Network, name: str) -> bytes:
    """A transaction that opens another account of an organisation."""
    party = opened.home.party(name)
    salt = next(NUMBERS).to_bytes(16, "big")
    return opened.draft([OpenAccount(bytes.fromhex(party.organisation), salt)], opened.ring(party).govern).wire()


def agreed(network: LocalNetwork, timeout_s: float = 60.0) -> dict[str, str]:
    """State roots of all nodes, once they stand at one height."""
    end = time.monotonic() + timeout_s
    while True:
        stands = {name: network.status_of(name) for name in network.nodes}
        heights = {stand.get("height") for stand in stands.values()}
        if len(heights) == 1 and None not in heights:
            return {name: stand["state_root"] for name, stand in stands.items()}
        assert time.monotonic() < end, f"the nodes do not meet: {stands}"
        time.sleep(0.3)


def kill(network: LocalNetwork, name: str) -> None:
    """End a node's process and its CometBFT as a power cut would."""
    engine = network.status_of(name)["engine"]["pid"]
    pid = network.pid(name)
    assert pid is not None
    for number in (pid, engine):
        os.kill(number, signal.SIGKILL)
    while network.pid(name) is not None:
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        time.sleep(0.05)


def test_what_a_rule_refuses_is_refused_and_what_it_allows_is_on_every_node(network, opened):
    opened.enrol(FounderSpec("Steel", ("core_enterprise",)), "Operator")
    opened.enrol(FounderSpec("Parts", ("supplier",)), "Operator")
    receipt = opened.engine.submit(opening(opened, "Parts")).wait(60)
    assert receipt.code == "OK"
    raw = opening(opened, "Parts")
    theirs, ours = bytes.fromhex(opened.home.party("Steel").organisation), opened.ring(opened.home.party("Parts"))
    with pytest.raises(Rejected) as caught:
        opened.act([OpenAccount(theirs, bytes(16))], ours.govern)
    assert caught.value.code == "NOT_AUTHORIZED"
    first = opened.engine.submit(raw).wait(60)
    again = opened.engine.submit(raw).wait(60)
    assert (again.height, again.index, again.code) == (first.height, first.index, "OK")
    assert len(set(agreed(network).values())) == 1


def test_a_right_is_traded_over_the_network_and_proven_by_the_validators_votes(network, opened):
    trade, home = Trade(opened), opened.home
    steel, parts = home.party("Steel"), home.party("Parts")
    invoice = InvoiceDocument("25312000000012345678", date(2026, 6, 20), 11_300_000, tax_minor=1_300_000)
    document = trade.register(parts, steel, invoice)
    right = trade.propose(parts, document, 11_300_000, business_date(opened.business_ms()) + timedelta(days=90))
    trade.confirm(right)
    raw = opened.engine.query(lambda chain: proving.bundle(chain, right))
    verdict = verify(raw, home.genesis.read_bytes())
    assert verdict.right.status == "live"
    assert (verdict.basis.name, verdict.basis.total) == ("validators", 40)
    assert verdict.basis.power > 26


def test_nothing_acknowledged_is_lost_when_a_node_is_killed_under_load(network, opened):
    answered: list[tuple[bytes, int]] = []
    stop = threading.Event()

    def load() -> None:
        while not stop.is_set():
            tickets = [(raw, opened.engine.submit(raw)) for raw in (opening(opened, "Parts") for _ in range(20))]
            for _, ticket in tickets:
                receipt = ticket.wait(120)
                assert receipt.code == "OK"
                answered.append((receipt.transaction_id, receipt.height))

    thread = threading.Thread(target=load)
    thread.start()
    try:
        time.sleep(3)
        kill(network, "node0")
        before = len(answered)
        time.sleep(8)
        assert len(answered) > before, "three of four go on"
        network.start("node0")
    finally:
        time.sleep(3)
        stop.set()
        thread.join(150)
    assert not thread.is_alive()
    roots = agreed(network, 90)
    assert len(set(roots.values())) == 1
    client = client_of(network.home)
    places = set()
    for id, height in answered:
        found = client.receipt(id)
        assert found is not None
        assert (found.code, found.height) == ("OK", height)
        places.add((found.height, found.index))
    assert len(places) == len(answered), "one was applied twice"
    client.close()
