"""What a hand-over to a network refuses before anything is decided that nobody can take back."""

from __future__ import annotations

from pathlib import Path

from commands import PASSPHRASE, hefu, told
from hefu import bootstrap
from hefu.contracts.parties import commands as pc
from hefu.contracts.parties.contract import validator_message
from hefu.kernel.signer import KeySigner
from hefu.kernel.suites import suite_named
from hefu.services.home import Home
from hefu.services.network import Network
from nodes import BANKS, free_ports


def pilot(home: Path, *founding: str) -> Path:
    hefu("init", "Pilot", *(word for bank in founding for word in ("--bank", bank)), home=home)
    return home


def test_too_few_founding_members_are_found_before_the_vote(tmp_path):
    home = pilot(tmp_path / "n", "Founder")
    for bank in BANKS:
        hefu("org", "enrol", bank, "--role", "bank", "--member", home=home)
    # The one founder's keys are elsewhere: nobody here can vouch to an outsider.
    names = Home(home)
    names.names.parties = [party for party in names.names.parties if party.name != "Founder"]
    names.save()
    stood = told("ledger", "status", home=home)
    refused = hefu("network", "take-over", "--first-port", str(free_ports()), home=home, code=3)
    assert "TOO_FEW_SIGNED" in refused
    assert not (home / "nodes").exists()
    assert told("ledger", "status", home=home)["height"] == stood["height"]
    # The pilot goes on.
    hefu("org", "enrol", "Parts", home=home)


def test_nodes_with_other_keys_than_were_voted_for_are_no_network(tmp_path):
    home = pilot(tmp_path / "n", *BANKS)
    with Network(Home(home), bootstrap.application(), PASSPHRASE, cost=1024) as opened:
        seats = []
        for number, bank in enumerate(BANKS):
            organisation = bytes.fromhex(opened.home.party(bank).organisation)
            key = KeySigner(suite_named("ed25519"), bytes([number + 1]) * 32)
            proof = key.sign(validator_message(opened.genesis.chain_id, organisation))
            seats.append(pc.SetValidator(organisation, key.public_key, 10, proof))
        opened.vote(opened.home.party(opened.home.operator), pc.HandOver(tuple(seats)))
    refused = hefu("network", "take-over", "--first-port", str(free_ports()), home=home, code=2)
    assert "OTHER_VALIDATORS" in refused
    assert not (home / "network.json").exists()
