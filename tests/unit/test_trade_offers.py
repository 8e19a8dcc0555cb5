"""Offers between a financier and a holder: what a holder's software must not accept."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from hefu import bootstrap
from hefu.kernel.errors import Rejected
from hefu.ledger.transaction import HEADER, WIRE
from hefu.services.founding import FounderSpec
from hefu.services.network import Network
from hefu.services.offers import make_offer, offer_id, pack
from hefu.services.trade import InvoiceDocument, Trade


@pytest.fixture
def network(tmp_path: Path):
    founders = [
        FounderSpec("Operator", ("platform_operator",), True),
        FounderSpec("First Bank", ("bank",), True),
        FounderSpec("Second Bank", ("bank",), True),
        FounderSpec("Motors", ("core_enterprise",), False),
        FounderSpec("Gears", ("supplier",), False),
    ]
    with Network.create(
        tmp_path / "home", bootstrap.application(), name="offers", founders=founders, passphrase="p", cost=1024
    ) as made:
        yield made


def live_right(trade: Trade) -> bytes:
    party = trade.network.home.party
    invoice = InvoiceDocument("24312000000000000017", trade.today(), 100_000)
    document = trade.register(party("Gears"), party("Motors"), invoice)
    right = trade.propose(party("Gears"), document, 100_000, trade.today() + timedelta(days=90))
    trade.confirm(right)
    return right


def test_an_offer_in_anothers_name_is_not_accepted(network: Network):
    trade = Trade(network)
    first, second, gears = (network.home.party(name) for name in ("First Bank", "Second Bank", "Gears"))
    right = live_right(trade)
    for signer in (network.ring(second).office, network.ring(first).govern, network.ring(gears).office):
        forged = make_offer(
            network.genesis.hash,
            signer,
            right=right,
            financier=bytes.fromhex(first.account),
            method="sale",
            recourse=False,
            price_minor=99_000,
            annual_rate_bps=400,
            until_ms=network.business_ms() + 86_400_000,
        )
        identifier = offer_id(network.genesis.hash, forged)
        network.vault(gears).put("offer", identifier, pack(forged))
        with pytest.raises(Rejected) as refused:
            trade.accept_offer(gears, identifier)
        assert refused.value.code == "FOREIGN_OFFER"
    good = trade.offer(first, right, price_minor=99_000, annual_rate_bps=400)
    assert trade.accept_offer(gears, good) == right


def test_a_sale_on_the_holders_receipt_has_the_financiers_signature(network: Network):
    trade = Trade(network)
    bank, gears = network.home.party("First Bank"), network.home.party("Gears")
    right = live_right(trade)
    trade.accept_offer(gears, trade.offer(bank, right, price_minor=99_000, annual_rate_bps=400))
    trade.complete_finance(right)
    assert trade.right(right).header.owner == bytes.fromhex(bank.account)
    block = network.engine.query(lambda chain: chain.block(chain.tip.height))
    assert block is not None
    signed = HEADER.load(WIRE.load(block.body[0]).header).keys
    assert set(signed) == {bytes.fromhex(gears.office_key), bytes.fromhex(bank.office_key)}
