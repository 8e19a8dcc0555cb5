"""Random trade on a ledger of four tiers and three banks; see tests/trading.py. `HEFU_SIM=long` runs it for longer."""

from __future__ import annotations

from hypothesis.stateful import run_state_machine_as_test

from hefu import bootstrap
from trading import LONG, SETTINGS, Trading, walk

#: Commands that the simulation leaves to the scenarios.
NOT_TRADED = {"Enrol", "AddKey"}


def test_whatever_is_asked_every_invariant_holds_after_every_step():
    run_state_machine_as_test(Trading, settings=SETTINGS)


def test_in_long_trades_every_invariant_holds_and_every_command_is_done_and_refused():
    Trading.answered.clear()
    walks = [walk(seed, 1500 if LONG else 350) for seed in range(10 if LONG else 2)]
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
