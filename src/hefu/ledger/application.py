"""
Runs transactions over contracts: authority first, then decide, then apply, all or none.

It knows contracts only as rows, codecs and functions; `bootstrap` binds which ones. An unexpected exception (a bug, no memory)
is never turned into a refusal: it stops the node, or replicas would part ways.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol, Union

import msgspec

from hefu.kernel.codec import Codec, Record, encode
from hefu.kernel.errors import Corrupt, Rejected
from hefu.ledger.authority import Contract, NotAuthorized, Precondition, Resolver, Row, Signer
from hefu.ledger.block import OK, Result
from hefu.ledger.context import Context, Link
from hefu.ledger.genesis import Genesis
from hefu.ledger.state import Reader, State
from hefu.ledger.versions import CODE_VERSION, LIMITS_SUM


class SignerKey(Protocol):
    """A key as the directory knows it."""

    @property
    def organisation(self) -> bytes: ...
    @property
    def purposes(self) -> tuple[str, ...]: ...
    @property
    def limit_minor(self) -> int: ...


class Organisation(Protocol):
    """An organisation as the directory knows it."""

    @property
    def roles(self) -> tuple[str, ...]: ...
    @property
    def member(self) -> bool: ...
    @property
    def status(self) -> str: ...


class Directory(Protocol):
    """What the application asks of the contract that keeps parties."""

    def key(self, state: Reader, public_key: bytes, height: int) -> SignerKey:
        """A key that holds at a height; refuses UNKNOWN_KEY or KEY_NOT_VALID."""
        ...

    def organisation_of(self, state: Reader, account: bytes) -> bytes:
        """The organisation that owns an account; refuses UNKNOWN_ACCOUNT."""
        ...

    def organisation(self, state: Reader, organisation: bytes) -> Organisation:
        """An organisation's record; refuses UNKNOWN_ORGANISATION."""
        ...

    def validators(self, state: Reader) -> dict[bytes, int]:
        """Voting power by validator's public key; empty where one operator seals."""
        ...

    def upgrades(self, state: Reader) -> tuple[tuple[int, int], ...]:
        """Code versions that the members adopted after that of the genesis, each with the height from which it holds."""
        ...

    @property
    def upgrades_key(self) -> bytes:
        """The state key that `upgrades` reads, to be read ahead with every block."""
        ...

    @property
    def validators_key(self) -> bytes:
        """The state key that `validators` reads; proven where one operator's ledger was handed over to validators."""
        ...


class Clock(Protocol):
    """Business time at a block."""

    def now_ms(self, state: Reader, genesis: Genesis, block_at_ms: int) -> int:
        """Business time in milliseconds."""
        ...


@dataclass(frozen=True, slots=True)
class _Signature:
    """A signer of a row, with its resolvers at hand."""

    required: Signer
    who: Resolver
    unless: Resolver | None
    amount: Resolver | None


@dataclass(frozen=True, slots=True)
class _Plan:
    """A row as it is run: with its contract's resolvers at hand instead of their names."""

    contract: Contract
    signatures: tuple[_Signature, ...]
    subject: Resolver | None
    statuses: tuple[str, ...]
    preconditions: tuple[Precondition, ...]


def _plan(contract: Contract, row: Row) -> _Plan:
    resolvers = contract.resolvers
    signatures = [
        _Signature(
            required,
            resolvers[required.who],
            resolvers[required.unless] if required.unless else None,
            resolvers[required.amount] if required.amount else None,
        )
        for required in row.signers
    ]
    subject = resolvers[row.subject] if row.subject else None
    return _Plan(contract, tuple(signatures), subject, row.statuses, row.preconditions)


class Application:
    """
    The contracts of a ledger, bound together.

    Args:
        contracts: In the order of their founding.
        directory: Who owns accounts and keys.
        clock: Where business time comes from.
    """

    def __init__(self, contracts: Sequence[Contract], directory: Directory, clock: Clock) -> None:
        self.contracts = tuple(contracts)
        self.directory = directory
        self.clock = clock
        commands: list[type[Record]] = [command for contract in contracts for command in contract.commands]
        events: list[type[Record]] = [event for contract in contracts for event in contract.events]
        self.command_codec: Codec[Any] = Codec(Union[tuple(commands)])  # noqa: UP007
        self.event_codec: Codec[Any] = Codec(Union[tuple(events)])  # noqa: UP007
        self._owners = {event: contract for contract in contracts for event in contract.events}
        rows: dict[type[Record], tuple[Contract, Row]] = {}
        for contract in contracts:
            for row in contract.authority:
                assert row.command not in rows, f"two rows for {row.command.__name__}"
                rows[row.command] = (contract, row)
        missing = [command.__name__ for command in commands if command not in rows]
        assert not missing, f"no authority row for {missing}"
        self.rows = rows
        self._plans = {command: _plan(contract, row) for command, (contract, row) in rows.items()}
        self._since = {command: since for contract in contracts for command, since in contract.since.items()}
        self._hints = {command: hint for contract in contracts for command, hint in contract.hints.items()}

    # -- founding -----------------------------------------------------------------------------------------------

    def found(self, state: State, genesis: Genesis) -> list[bytes]:
        """Write what the genesis says; its events, encoded."""
        context = self.context(state, genesis, 0, 0)
        raws = []
        for contract in self.contracts:
            for event in contract.found(genesis, genesis.chain_id):
                raw = encode(event)
                contract.apply(state, event, self.link(context, raw))
                raws.append(raw)
        state.keep()
        return raws

    def context(self, state: Reader, genesis: Genesis, height: int, block_at_ms: int) -> Context:
        """The circumstances at a block."""
        from hefu.kernel.time import business_date

        now = self.clock.now_ms(state, genesis, block_at_ms)
        return Context(genesis, height, block_at_ms, now, business_date(now), self.code_version(state, genesis, height))

    def code_version(self, state: Reader, genesis: Genesis, height: int) -> int:
        """The version by which a block of this height is decided, as far as the members have voted."""
        version = genesis.file.code_version
        for adopted, from_height in self.directory.upgrades(state):
            if from_height <= height:
                version = adopted
        return version

    # -- running ------------------------------------------------------------------------------------------------

    def read(self, commands: Sequence[tuple[bytes, bytes]], code_version: int = CODE_VERSION) -> list[Record] | Corrupt:
        """
        The commands of a transaction, or what is wrong with the first that is.

        Args:
            code_version: By which the block is decided. Software that knew no later one could not read later commands, whatever
                else is wrong with them, and stopped there: so does this.
        """
        load = self.command_codec.load_canonical
        found: list[Record] = []
        try:
            for _, raw in commands:
                if code_version < CODE_VERSION:
                    self._check_known(raw, code_version)
                found.append(load(raw, "command"))
        except Corrupt as error:
            return error
        return found

    def _check_known(self, raw: bytes, code_version: int) -> None:
        """Refuse a command that a code version does not have; what cannot be read at all is for whoever reads it to refuse."""
        with suppress(msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError):
            command = self.command_codec.load(raw)
            since = self._since.get(type(command))
            if since is not None and since(command) > code_version:
                raise Corrupt("a command of a later code version", code="MALFORMED")

    def touched(self, commands: Sequence[Record]) -> list[bytes]:
        """State keys that commands will probably read; a hint for reading ahead, never a rule."""
        keys: list[bytes] = []
        for command in commands:
            hint = self._hints.get(type(command))
            if hint is not None:
                keys += hint(command)
        return keys

    def run(
        self,
        state: State,
        context: Context,
        transaction_id: bytes,
        signers: Sequence[SignerKey],
        commands: Sequence[Record] | Corrupt,
    ) -> Result:
        """
        Run one transaction whose form and signatures are good.

        Args:
            signers: As `signers` gave them.
            commands: As `read` gave them.

        Returns:
            Code and events. After a refusal the state is as before.
        """
        context.transaction_id = transaction_id
        context.alone.clear()
        if isinstance(commands, Corrupt):
            return Result(transaction_id, commands.code, ())
        raws: list[bytes] = []
        plans, owners = self._plans, self._owners
        try:
            for index, command in enumerate(commands):
                context.command_index = index
                plan = plans[type(command)]
                self._authorise(state, command, context, plan, signers)
                for event in plan.contract.decide(state, command, context):
                    raw = encode(event)
                    # A need may have returned another contract's event: each writes its own.
                    owners[type(event)].apply(state, event, self.link(context, raw))
                    raws.append(raw)
        except Rejected as refusal:
            state.drop()
            return Result(transaction_id, refusal.code, ())
        state.keep()
        return Result(transaction_id, OK, tuple(raws))

    def apply_event(self, state: State, event: Any, link: Link) -> None:
        """Write an event again, from a log."""
        self._owners[type(event)].apply(state, event, link)

    def link(self, context: Context, raw: bytes) -> Link:
        """What ties an event into histories, in these circumstances."""
        return Link(
            encode(
                (
                    context.height,
                    context.block_at_ms,
                    context.business_at_ms,
                    context.transaction_id,
                    context.command_index,
                    raw,
                )
            ),
            context.genesis.hash,
            context.height,
            context.business_at_ms,
            context.business_on,
        )

    def signers(self, state: State, keys: Sequence[bytes], height: int) -> list[SignerKey]:
        """
        Keys that may sign at a height at all.

        Raises:
            Rejected: UNKNOWN_KEY, KEY_NOT_VALID or ORGANISATION_SUSPENDED.
        """
        directory = self.directory
        found = []
        for public_key in keys:
            key = directory.key(state, public_key, height)
            if directory.organisation(state, key.organisation).status != "active":
                raise NotAuthorized("a signing organisation is suspended", code="ORGANISATION_SUSPENDED")
            found.append(key)
        return found

    def _authorise(
        self, state: State, command: Record, context: Context, plan: _Plan, signers: Sequence[SignerKey]
    ) -> None:
        for signature in plan.signatures:
            if signature.unless is not None and signature.unless(state, command, context):
                continue
            self._check_signature(state, command, context, signature, signers)
        if plan.subject is not None:
            subject = plan.subject(state, command, context)
            if plan.statuses and subject.status not in plan.statuses:
                raise Rejected(f"this is {subject.status}", code="WRONG_STATUS")
            for precondition in plan.preconditions:
                if not precondition.holds(subject, command, context):
                    raise Rejected(precondition.text, code=precondition.code)

    def _check_signature(
        self, state: State, command: Record, context: Context, signature: _Signature, signers: Sequence[SignerKey]
    ) -> None:
        required = signature.required
        party = signature.who(state, command, context)
        organisation = party if required.organisation else self.directory.organisation_of(state, party)
        places = [
            place
            for place, key in enumerate(signers)
            if key.organisation == organisation and required.purpose in key.purposes
        ]
        if not places:
            raise NotAuthorized(f"a key for {required.purpose} of {required.who} must sign")
        if required.roles or required.member:
            record = self.directory.organisation(state, organisation)
            if required.roles and not any(role in record.roles for role in required.roles):
                raise NotAuthorized(f"{required.who} lacks the role", code="WRONG_ROLE")
            if required.member and not record.member:
                raise NotAuthorized(f"{required.who} is not a member", code="NOT_A_MEMBER")
        if signature.amount is not None and len(places) < 2:
            place = places[0]
            limit = signers[place].limit_minor
            if limit:
                amount = signature.amount(state, command, context)
                if context.code_version >= LIMITS_SUM:
                    amount += context.alone.get(place, 0)
                    context.alone[place] = amount
                if amount > limit:
                    raise NotAuthorized("above this key's limit two keys must sign", code="ABOVE_KEY_LIMIT")


__all__ = ["Application", "Clock", "Directory"]
