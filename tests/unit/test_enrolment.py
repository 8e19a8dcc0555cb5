"""What ends half way, or without an answer, goes on when an organisation is enrolled again; what lacks votes says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hefu import bootstrap
from hefu.contracts.parties import state as ps
from hefu.kernel.errors import EngineError, Rejected, UsageError
from hefu.services.founding import FounderSpec
from hefu.services.network import Network

BANK = FounderSpec("New Bank", ("bank", "settlement_bank"), True)
SUPPLIER = FounderSpec("Gears", ("supplier",), False)


@pytest.fixture
def network(tmp_path: Path):
    founders = [FounderSpec("Operator", ("platform_operator",), True), FounderSpec("First Bank", ("bank",), True)]
    with Network.create(
        tmp_path / "home", bootstrap.application(), name="enrolment", founders=founders, passphrase="p", cost=1024
    ) as made:
        yield made


def interrupted(network: Network, monkeypatch: pytest.MonkeyPatch, at: int, *, arrives: bool) -> None:
    """The answer to the transaction of this number does not come, whether it arrives or not."""
    count, act = 0, network.act

    def stopped(*arguments: Any) -> Any:
        nonlocal count
        count += 1
        if count != at:
            return act(*arguments)
        if arrives:
            act(*arguments)
        raise EngineError("the network has not answered yet", code="UNKNOWN_OUTCOME")

    monkeypatch.setattr(network, "act", stopped)


@pytest.mark.parametrize("spec", [BANK, SUPPLIER], ids=["voted", "enrolled"])
@pytest.mark.parametrize("at", [1, 2])
@pytest.mark.parametrize("arrives", [True, False])
def test_without_an_answer_it_goes_on_when_it_is_enrolled_again(network, monkeypatch, spec, at, arrives):
    with monkeypatch.context() as patched:
        interrupted(network, patched, at, arrives=arrives)
        with pytest.raises(EngineError):
            network.enrol(spec, "Operator")
    begun = network.home.unfinished(spec.name)
    assert begun is not None
    keys = begun.office_key, begun.govern_key, begun.organisation, begun.account
    made = network.enrol(spec, "Operator")
    assert (made.office_key, made.govern_key, made.organisation, made.account) == keys
    assert network.home.unfinished(spec.name) is None
    assert sum(party.name == spec.name for party in network.home.names.parties) == 1
    organisation, account = bytes.fromhex(made.organisation), bytes.fromhex(made.account)
    assert network.engine.query(lambda chain: chain.state.get(ps.organisation_key(organisation), ps.ORGANISATION))
    assert network.engine.query(lambda chain: chain.state.get(ps.account_key(account), ps.ACCOUNT))


def test_what_may_arrive_yet_keeps_its_keys_and_its_terms(network, monkeypatch):
    with monkeypatch.context() as patched:
        interrupted(network, patched, 1, arrives=False)
        with pytest.raises(EngineError):
            network.enrol(SUPPLIER, "Operator")
    with pytest.raises(UsageError) as other:
        network.enrol(FounderSpec("Gears", ("core_enterprise",), False), "Operator")
    assert other.value.code == "ENROLMENT_BEGUN"
    network.enrol(FounderSpec("Wheels", ("supplier",), False), "Operator")
    with pytest.raises(Rejected):
        # Another registrar's signature does not fit; that says nothing of the first try.
        network.enrol(SUPPLIER, "Wheels")
    begun = network.home.unfinished("Gears")
    assert begun is not None
    assert (network.home.organisation_folder(begun) / "govern.key.json").exists()
    assert network.enrol(SUPPLIER, "Operator").organisation == begun.organisation


def test_what_a_rule_refuses_leaves_nothing(network):
    network.enrol(SUPPLIER, "Operator")
    before = sorted(path.name for path in (network.home.path / "organisations").iterdir())
    with pytest.raises(Rejected) as refused:
        network.enrol(FounderSpec("Wheels", ("supplier",), False), "Gears")
    assert refused.value.code == "WRONG_ROLE"
    assert network.home.unfinished("Wheels") is None
    assert sorted(path.name for path in (network.home.path / "organisations").iterdir()) == before


def test_a_change_that_lacks_votes_is_told_and_waits_for_them(network):
    for name in ("Second Bank", "Third Bank"):
        network.enrol(FounderSpec(name, ("bank",), True), "Operator")
    # Their keys lie elsewhere.
    away = [network.home.party(name) for name in ("Second Bank", "Third Bank")]
    for party in away:
        network.home.names.parties.remove(party)
    with pytest.raises(Rejected) as told:
        network.enrol(BANK, "Operator")
    assert told.value.code == "VOTES_MISSING"
    begun = network.home.unfinished(BANK.name)
    assert begun is not None, "its keys are kept: others may vote for it yet"
    proposal = bytes.fromhex(str(told.value).rpartition(" ")[2])
    assert network.cast(away[0], proposal, approve=True)
    made = network.enrol(BANK, "Operator")
    assert made.organisation == begun.organisation
    with pytest.raises(Rejected) as over:
        network.cast(away[1], proposal, approve=True)
    assert over.value.code == "WRONG_STATUS"
