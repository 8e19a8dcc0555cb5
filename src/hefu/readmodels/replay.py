"""
Replays committed blocks through the contracts' own `apply`, and gathers what the tables need. No SQL here.

It mirrors `Chain.execute`: business time is read at the start of a block and again after each transaction, so a command
after an advance of the clock in the same transaction still sees the old time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hefu.kernel.codec import Record, encode
from hefu.kernel.errors import Corrupt, Rejected
from hefu.ledger import block as blocks
from hefu.ledger import transaction as transactions
from hefu.ledger.application import Application
from hefu.ledger.block import OK, Result
from hefu.ledger.chain import CommittedBlock
from hefu.ledger.context import Context, Link
from hefu.ledger.genesis import Genesis
from hefu.ledger.state import State
from hefu.readmodels.display import fields_json
from hefu.readmodels.rows import Row

#: Height, position of the transaction in the block, position of the event in the transaction.
Place = tuple[int, int, int]
UNREADABLE = "?"


@dataclass(slots=True)
class Replayed:
    """What some blocks brought, as rows, and every link of an asset's history with the place of its event."""

    blocks: list[Row] = field(default_factory=list)
    transactions: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    #: Bytes of every link in the order of the events, with its place and the event's subject.
    links: list[tuple[bytes, Place, bytes | None]] = field(default_factory=list)


class Replay:
    """
    Args:
        application: The contracts of the ledger.
        genesis: What the ledger began with.
        state: Where the records stand; the caller empties it after each batch.
    """

    def __init__(self, application: Application, genesis: Genesis, state: State) -> None:
        self._application = application
        self._genesis = genesis
        self._state = state
        self._tags: dict[type[Record], str] = {
            event: str(event.__struct_config__.tag) for contract in application.contracts for event in contract.events
        }
        self._commands = {str(c.__struct_config__.tag).encode(): str(c.__struct_config__.tag) for c in application.rows}

    def block(self, block: CommittedBlock, out: Replayed) -> bytes:
        """
        Apply a block's events to the state and gather its rows.

        Returns:
            The block's id.

        Raises:
            Corrupt: The contracts decide otherwise than the log says, or the parts of the block do not match.
        """
        genesis, state, header = self._genesis, self._state, block.header
        context = self._application.context(state, genesis, block.height, header.at_ms)
        before = len(out.events)
        if block.height == 0:
            self._founding(block, context, out)
        elif len(block.body) != len(block.results):
            raise Corrupt("a block has as many results as transactions", code="BAD_BLOCK", where=str(block.height))
        else:
            self._transactions(block, context, out)
        block_id = blocks.block_id(genesis.hash, encode(header))
        out.blocks.append(
            (
                block.height,
                block_id,
                header.at_ms,
                header.previous,
                header.transactions_root,
                header.results_root,
                header.state_root,
                header.code_version,
                header.count,
                len(out.events) - before,
            )
        )
        return block_id

    def _founding(self, block: CommittedBlock, context: Context, out: Replayed) -> None:
        # Founding events belong to no transaction: the context's empty identifier goes into their links.
        for result in block.results:
            context.command_index = 0
            for position, raw in enumerate(result.events):
                self._event(self._load(raw), raw, (0, 0, position), result.transaction_id, context, out)
        self._state.keep()

    def _transactions(self, block: CommittedBlock, context: Context, out: Replayed) -> None:
        state, genesis, application = self._state, self._genesis, self._application
        height, at_ms = block.height, block.header.at_ms
        for position, (raw, result) in enumerate(zip(block.body, block.results)):
            wire = transactions.WIRE.load(raw)
            if result.code == OK:
                context.transaction_id = result.transaction_id
                self._transaction(wire.commands, result, (height, position), context, out)
                state.keep()
            out.transactions.append(
                (result.transaction_id, height, position, result.code, self._used(wire.commands), len(wire.commands))
            )
            if application.clock.now_ms(state, genesis, at_ms) != context.business_at_ms:
                context = application.context(state, genesis, height, at_ms)

    def _transaction(
        self,
        commands: tuple[tuple[bytes, bytes], ...],
        result: Result,
        place: tuple[int, int],
        context: Context,
        out: Replayed,
    ) -> None:
        raws = result.events
        if len(commands) == 1:
            context.command_index = 0
            for position, raw in enumerate(raws):
                self._event(self._load(raw), raw, (*place, position), result.transaction_id, context, out)
            return
        # A result lists events without their commands, and links name the command: deciding again finds the borders.
        position = 0
        for index, (_, raw_command) in enumerate(commands):
            context.command_index = index
            for event in self._decide(raw_command, context):
                raw = encode(event)
                if position >= len(raws) or raws[position] != raw:
                    raise Corrupt("the contracts decide otherwise than the log says", code="REPLAY_DIFFERS")
                self._event(event, raw, (*place, position), result.transaction_id, context, out)
                position += 1
        if position != len(raws):
            raise Corrupt("the log has events that no command brought", code="REPLAY_DIFFERS")

    def _decide(self, raw_command: bytes, context: Context) -> list[Any]:
        command = self._application.command_codec.load(raw_command)
        contract, _ = self._application.rows[type(command)]
        try:
            return contract.decide(self._state, command, context)
        except Rejected as refusal:
            raise Corrupt(
                f"the contracts refuse what the log accepted: {refusal.code}", code="REPLAY_DIFFERS"
            ) from None

    def _load(self, raw: bytes) -> Any:
        return self._application.event_codec.load(raw)

    def _event(
        self, event: Record, raw: bytes, place: Place, transaction_id: bytes, context: Context, out: Replayed
    ) -> None:
        link = encode(
            (
                context.height,
                context.block_at_ms,
                context.business_at_ms,
                context.transaction_id,
                context.command_index,
                raw,
            )
        )
        self._application.apply_event(
            self._state,
            event,
            Link(link, self._genesis.hash, context.height, context.business_at_ms, context.business_on),
        )
        subject = getattr(event, event.__struct_fields__[0])
        if not isinstance(subject, bytes):
            subject = None
        out.links.append((link, place, subject))
        out.events.append(
            (
                *place,
                transaction_id,
                context.command_index,
                self._tags[type(event)],
                subject,
                context.business_at_ms,
                fields_json(event),
            )
        )

    def _used(self, commands: tuple[tuple[bytes, bytes], ...]) -> str:
        known = self._commands
        return ",".join(dict.fromkeys(known.get(_tag(raw), UNREADABLE) for _, raw in commands))


def subject_rows(out: Replayed, links: list[tuple[bytes, bytes]]) -> list[Row]:
    """
    Which events are about what, in order: the event's own subject, and every asset whose history it is a link of.

    Args:
        links: As `State.drain` gives them: asset and number, and the very bytes that the events were applied with.
    """
    numbers: dict[tuple[bytes, int, int, int], int | None] = {
        (subject, *place): None for _, place, subject in out.links if subject is not None
    }
    events = iter(out.links)
    raw, place = b"", (0, 0, 0)
    for key, linked in links:
        while raw is not linked:
            raw, place, _ = next(events)
        numbers[(key[:-4], *place)] = int.from_bytes(key[-4:], "big")
    return [(*key, numbers[key]) for key in sorted(numbers)]


def _tag(raw: bytes) -> bytes:
    """The tag at the front of an encoded command, without decoding the rest; anything else gives bytes that name nothing."""
    start = 3 if raw[:1] == b"\xdc" else 1
    head = raw[start : start + 2]
    if len(head) < 2:
        return b""
    if 0xA0 <= head[0] <= 0xBF:
        return raw[start + 1 : start + 1 + (head[0] & 0x1F)]
    return raw[start + 2 : start + 2 + head[1]] if head[0] == 0xD9 else b""


__all__ = ["Place", "Replay", "Replayed", "UNREADABLE", "subject_rows"]
