"""Random trade on a ledger of four tiers and three banks; see tests/trading.py. `HEFU_SIM=long` runs it for longer."""

from __future__ import annotations

import random

from hypothesis.stateful import run_state_machine_as_test

from hefu import bootstrap
from trading import LONG, SETTINGS, WEIGHTED, Trading

#: Commands that the simulation leaves to the scenarios.
NOT_TRADED = {"Enrol", "AddKey"}


def test_whatever_is_asked_every_invariant_holds_after_every_step():
    run_state_machine_as_test(Trading, settings=SETTINGS)


def walk(seed: int, steps: int) -> Trading:
    """A long trade without a plan, the same for the same seed."""
    chance = random.Random(seed)
    machine = Trading()
    machine.found(4000 if seed % 4 == 1 else 0)
    shares = (50, 1, 10, 33, 67, 99, 100, 100, 0, 101)
    for _ in range(steps):
        move = (chance.choice(WEIGHTED), chance.randrange(1000), chance.randrange(1000), chance.choice(shares))
        machine.act(machine.plan(move), instead=["BankB"] if chance.random() < 0.05 else None)
        machine.all_hold()
    machine.teardown()
    return machine


def test_in_long_trades_every_invariant_holds_and_every_command_is_done_and_refused():
    Trading.answered.clear()
    walks = [walk(seed, 2000 if LONG else 500) for seed in range(40 if LONG else 2)]
    rights = [right for machine in walks for right in machine.now.rights.values()]
    assert max(right.depth for right in rights) >= 2
    assert max(len(right.endorsements) for right in rights) >= 2
    commands = {command.__name__ for c in bootstrap.application().contracts for command in c.commands} - NOT_TRADED
    done = {name for name, code in Trading.answered if code == "OK"}
    refused = {name for name, code in Trading.answered if code != "OK"}
    assert commands <= done, f"never succeeded: {sorted(commands - done)}"
    assert commands <= refused, f"never refused: {sorted(commands - refused)}"
    codes = {code for _, code in Trading.answered}
    assert len(codes) >= 15, sorted(codes)
