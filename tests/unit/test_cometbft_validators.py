"""Validators by votes of the members: what the contract allows, and what CometBFT is told."""

from __future__ import annotations

import pytest

from ballot import FOUNDING, Ballot, key
from hefu import bootstrap
from hefu.contracts.parties import commands as pc
from hefu.ledger.engines.cometbft.replica import Replica
from world import World, salt


@pytest.fixture
def ballot() -> Ballot:
    return Ballot()


def test_a_network_begins_with_the_validators_of_its_genesis(ballot):
    assert ballot.validators() == {key(name): 10 for name in FOUNDING}
    assert ballot.replica.handovers(100) == []


def test_members_vote_a_validator_in_and_out_and_cometbft_is_told(ballot):
    steel = pc.SetRoles(ballot.org("Steel"), ("core_enterprise",), True)
    assert ballot.decide(steel)[0].code == "OK"
    receipt, updates = ballot.decide(ballot.change("Steel", 7), voters=("BankA", "BankB", "BankC"))
    assert (receipt.code, updates) == ("OK", ((key("Steel"), 7),))
    assert ballot.validators()[key("Steel")] == 7
    receipt, updates = ballot.decide(ballot.change("Steel", 0), voters=("BankA", "BankB", "BankC"))
    assert (receipt.code, updates) == ("OK", ((key("Steel"), 0),))
    assert ballot.validators() == {key(name): 10 for name in FOUNDING}
    # The header after the block announces it: blocks 2 and 3, so headers 3 and 4.
    assert (ballot.replica.handovers(2), ballot.replica.handovers(3), ballot.replica.handovers(4)) == ([], [3], [3, 4])


def test_several_changes_of_one_block_are_told_as_what_comes_of_them(ballot):
    back_and_forth = [ballot.change("BankA", 20), ballot.change("BankA", 10), ballot.change("BankB", 30)]
    receipt, updates = ballot.decide(*back_and_forth)
    assert (receipt.code, updates) == ("OK", ((key("BankB"), 30),))


def test_what_was_announced_is_known_after_a_restart(ballot):
    ballot.decide(ballot.change("BankB", 30))
    again = Replica(ballot.world.genesis, bootstrap.application(), ballot.store)
    assert again.handovers(5) == [2]


def test_too_few_votes_change_nothing(ballot):
    receipt, updates = ballot.decide(ballot.change("BankB", 30), voters=("BankA",))
    assert (receipt.code, updates) == ("OK", ())
    assert ballot.replica.handovers(5) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda b: b.change("BankA", -1), "BAD_POWER"),
        (lambda b: b.change("BankA", 1_000_001), "BAD_POWER"),
        (lambda b: b.change("Steel", 10), "NOT_A_MEMBER"),
        (lambda b: b.change("Steel", 0), "UNKNOWN_VALIDATOR"),
        (lambda b: b.change("BankA", 5, key="BankB"), "KEY_EXISTS"),
        (lambda b: b.change("BankA", 0, key="BankB"), "KEY_EXISTS"),
        (lambda b: b.change("BankA", 10, key="Wire", prover="Ore"), "BAD_POSSESSION"),
        (lambda b: b.change("BankA", 10, key="Wire", for_whom="BankB"), "BAD_POSSESSION"),
        (lambda b: pc.SetValidator(b.org("BankA"), b"short", 10, bytes(64)), "BAD_POSSESSION"),
        (lambda b: pc.SetValidator(bytes(32), key("Wire"), 10, bytes(64)), "UNKNOWN_ORGANISATION"),
    ],
)
def test_what_is_refused(ballot, change, code):
    receipt, updates = ballot.decide(change(ballot))
    assert (receipt.code, updates) == (code, ())


def test_a_suspended_member_gets_no_validator_and_the_last_validator_stays():
    ballot = Ballot(("BankA",))
    assert ballot.decide(ballot.change("BankA", 0))[0].code == "LAST_VALIDATOR"
    ballot.decide(pc.SetStatus(ballot.org("BankC"), "suspended"))
    assert ballot.decide(ballot.change("BankC", 10))[0].code == "NOT_A_MEMBER"


def test_where_one_operator_seals_there_are_no_validators_to_vote_for():
    world = World()
    change = pc.SetValidator(world.org("BankA"), key("BankA"), 10, bytes(64))
    until = world.now_ms + 86_400_000
    raw = world.draft([pc.ProposeChange(world.org("Operator"), salt("p"), change, until)], world.signers["Operator"])
    assert world.chain.append([raw.wire()], world.block_ms).receipts[0].code == "NO_VALIDATORS"
