"""
Business time. Where genesis says `block` it is the block's; where it says `simulated` it is a record that only the clock's
keeper moves, and only forward. See README.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, assert_never

from hefu.contracts.clock.commands import AdvanceClock
from hefu.contracts.clock.events import ClockAdvanced
from hefu.contracts.clock.needs import Keys
from hefu.contracts.clock.state import CLOCK, CLOCK_KEY, ClockRecord
from hefu.kernel.codec import Record
from hefu.kernel.errors import Rejected
from hefu.kernel.time import INSTANT_MAX_MS
from hefu.ledger.authority import Resolver, Row, Signer
from hefu.ledger.context import Context, Link
from hefu.ledger.genesis import Genesis
from hefu.ledger.state import Reader, State


class ClockContract:
    """
    Args:
        keys: Finds the organisation that keeps the clock.
    """

    name = "clock"
    commands: tuple[type[Record], ...] = (AdvanceClock,)
    events: tuple[type[Record], ...] = (ClockAdvanced,)
    hints: Mapping[type[Record], Callable[[Any], list[bytes]]] = {}
    since: Mapping[type[Record], Callable[[Any], int]] = {}
    authority = (
        Row(
            AdvanceClock,
            "Moves simulated business time forward.",
            signers=(Signer("keeper", "clock", organisation=True),),
            becomes="advanced",
        ),
    )

    def __init__(self, keys: Keys) -> None:
        def keeper(state: Reader, command: AdvanceClock, context: Context) -> bytes:
            clock = context.genesis.file.clock
            if clock.kind != "simulated":
                raise Rejected("business time here is block time; nobody can move it", code="CLOCK_NOT_SIMULATED")
            return keys.holder(state, bytes.fromhex(clock.key))

        self.resolvers: Mapping[str, Resolver] = {"keeper": keeper}

    def now_ms(self, state: Reader, genesis: Genesis, block_at_ms: int) -> int:
        """Business time at a block, milliseconds."""
        if genesis.file.clock.kind == "block":
            return block_at_ms
        record = state.get(CLOCK_KEY, CLOCK)
        return genesis.file.clock.start_ms if record is None else record.at_ms

    def found(self, genesis: Genesis, chain_id: bytes) -> list[ClockAdvanced]:
        """A simulated clock starts where genesis says."""
        return [ClockAdvanced(genesis.file.clock.start_ms)] if genesis.file.clock.kind == "simulated" else []

    def decide(self, state: Reader, command: AdvanceClock, context: Context) -> list[ClockAdvanced]:
        """Refuses CLOCK_BACKWARD, CLOCK_TOO_FAR."""
        match command:
            case AdvanceClock():
                # From the record, for an earlier command of this transaction may have moved it already.
                if command.to_ms <= self.now_ms(state, context.genesis, context.block_at_ms):
                    raise Rejected("business time only moves forward", code="CLOCK_BACKWARD")
                if command.to_ms > INSTANT_MAX_MS:
                    raise Rejected("business time ends with the calendar", code="CLOCK_TOO_FAR")
                return [ClockAdvanced(command.to_ms)]
            case _:
                assert_never(command)

    def apply(self, state: State, event: ClockAdvanced, link: Link) -> None:
        """Write the new time."""
        state.put(CLOCK_KEY, ClockRecord(event.at_ms))
