"""Organisations, accounts, keys, members and roles. See README.md for the table of commands."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, assert_never

from hefu.contracts.parties import commands as c
from hefu.contracts.parties import events as e
from hefu.contracts.parties import state as s
from hefu.contracts.parties.authority import AUTHORITY, RESOLVERS
from hefu.contracts.parties.directory import PartiesDirectory
from hefu.contracts.parties.roles import ACTIVE, PURPOSES, REGISTRAR_ROLES, ROLES, SUSPENDED
from hefu.kernel.codec import Record
from hefu.kernel.errors import Rejected
from hefu.kernel.hashing import ZERO
from hefu.kernel.ids import SALT_BYTES, derive_id
from hefu.kernel.money import AMOUNT_MAX
from hefu.kernel.suites.ed25519 import Ed25519Suite
from hefu.ledger.authority import Resolver
from hefu.ledger.context import Context, Link
from hefu.ledger.genesis import Genesis
from hefu.ledger.state import Reader, State
from hefu.ledger.versions import HANDOVERS, LETTERS

KEYS_MAX = 16
#: Far past any block; within what every reader of a proof takes for an integer.
HEIGHT_MAX = 1 << 53
POSSESSION_PREFIX = b"hefu/key/1\n"
VALIDATOR_PREFIX = b"hefu/validator/1\n"
DOOR_PREFIX = b"hefu/door/1\n"
#: Bytes of a public key to which letters are sealed, by suite. Whether it is one, those see who seal.
CONTACT_KEY_BYTES = {"mlkem768-x25519": 1216}
#: A host, without a path: nothing can be asked of whoever listens there but what letters ask.
_ADDRESS = re.compile(
    r"https?://(?:[a-z0-9](?:[a-z0-9.-]{0,252})|\[[0-9a-f:.]{2,45}\])(?::[1-9][0-9]{0,4})?\Z", re.ASCII
)
#: CometBFT's validators sign with Ed25519 whatever suite the ledger has.
VALIDATOR_SUITE = Ed25519Suite()
POWER_MAX = 1_000_000
VALIDATORS_MAX = 100

Command = c.Enrol | c.OpenAccount | c.AddKey | c.RevokeKey | c.SetContact | c.ProposeChange | c.Vote
Event = (
    e.OrganisationEnrolled
    | e.AccountOpened
    | e.KeyAdded
    | e.KeyRevoked
    | e.ContactSet
    | e.ChangeProposed
    | e.VoteCast
    | e.ChangeDecided
    | e.RolesChanged
    | e.StatusChanged
    | e.ValidatorSet
    | e.UpgradeAdopted
)


def possession_message(chain_id: bytes, identity: bytes) -> bytes:
    """What a new key signs to show that whoever registers it holds it."""
    return POSSESSION_PREFIX + chain_id + identity


def validator_message(chain_id: bytes, organisation: bytes) -> bytes:
    """What a validator's key signs to show that the organisation that runs it holds it."""
    return VALIDATOR_PREFIX + chain_id + organisation


def door_message(chain_id: bytes, organisation: bytes) -> bytes:
    """What a node's key for letters signs to show that the node takes letters for the organisation."""
    return DOOR_PREFIX + chain_id + organisation


class PartiesContract:
    """Members and roles change by votes of two thirds of the members; suppliers are enrolled by a registrar."""

    name = "parties"
    commands: tuple[type[Record], ...] = (
        c.Enrol,
        c.OpenAccount,
        c.AddKey,
        c.RevokeKey,
        c.SetContact,
        c.ProposeChange,
        c.Vote,
    )
    events: tuple[type[Record], ...] = (
        e.OrganisationEnrolled,
        e.AccountOpened,
        e.KeyAdded,
        e.KeyRevoked,
        e.ContactSet,
        e.ChangeProposed,
        e.VoteCast,
        e.ChangeDecided,
        e.RolesChanged,
        e.StatusChanged,
        e.ValidatorSet,
        e.UpgradeAdopted,
    )
    hints: Mapping[type[Record], Callable[[Any], list[bytes]]] = {}
    since: Mapping[type[Record], Callable[[Any], int]] = {
        c.SetContact: lambda command: LETTERS,
        c.ProposeChange: lambda command: HANDOVERS if isinstance(command.change, c.HandOver) else 1,
    }
    authority = AUTHORITY
    resolvers: Mapping[str, Resolver] = RESOLVERS

    def __init__(self) -> None:
        self.directory = PartiesDirectory()

    # -- founding -----------------------------------------------------------------------------------------------

    def found(self, genesis: Genesis, chain_id: bytes) -> list[Event]:
        """The founders, with their keys and accounts, as genesis lists them."""
        events: list[Event] = []
        for founder in genesis.file.founders:
            identity = bytes.fromhex(founder.identity)
            organisation = founder_id(genesis, identity)
            _check_roles(founder.roles)
            events.append(e.OrganisationEnrolled(organisation, identity, founder.roles, founder.member, ZERO))
            for key in founder.keys:
                _check_purposes(key.purposes)
                events.append(
                    e.KeyAdded(bytes.fromhex(key.key), organisation, key.purposes, key.limit_minor, 0, ZERO, ZERO, ZERO)
                )
            for salt in founder.account_salts:
                account = derive_id(genesis.hash, chain_id, organisation, bytes.fromhex(salt), "account")
                events.append(e.AccountOpened(account, organisation))
        for validator in genesis.validators:
            organisation = founder_id(genesis, bytes.fromhex(validator.identity))
            events.append(e.ValidatorSet(organisation, bytes.fromhex(validator.key), validator.power))
        return events

    # -- deciding -----------------------------------------------------------------------------------------------

    def decide(self, state: Reader, command: Command, context: Context) -> list[Event]:
        """Events of a command; refusals are listed in README.md."""
        match command:
            case c.Enrol():
                if not frozenset(command.roles) <= REGISTRAR_ROLES:
                    raise Rejected("a registrar alone gives only the supplier's role", code="ROLE_NEEDS_VOTE")
                organisation = context.new_id(command.registrar, _salt(command.salt), "organisation")
                return _enrol(
                    state,
                    context,
                    organisation,
                    command.identity,
                    command.roles,
                    False,
                    command.keys,
                    command.registrar,
                )
            case c.OpenAccount():
                account = context.new_id(command.organisation, _salt(command.salt), "account")
                if state.get(s.account_key(account), s.ACCOUNT) is not None:
                    raise Rejected("this account exists", code="ALREADY_EXISTS")
                return [e.AccountOpened(account, command.organisation)]
            case c.AddKey():
                _check_height(command.from_height, context)
                record = self.directory.organisation(state, command.organisation)
                return [
                    _new_key(
                        state,
                        context,
                        command.key,
                        command.organisation,
                        record.identity,
                        command.from_height,
                        command.organisation,
                    )
                ]
            case c.RevokeKey():
                return self._revoke(state, command, context)
            case c.SetContact():
                return [_contact(state, command, context)]
            case c.ProposeChange():
                return self._propose(state, command, context)
            case c.Vote():
                return self._vote(state, command, context)
            case _:
                assert_never(command)

    def _revoke(self, state: Reader, command: c.RevokeKey, context: Context) -> list[Event]:
        record = state.get(s.key_key(command.key), s.KEY)
        if record is None or record.organisation != command.organisation:
            raise Rejected("this organisation has no such key", code="UNKNOWN_KEY")
        _check_height(command.from_height, context)
        if record.valid_until and record.valid_until <= command.from_height:
            raise Rejected("this key ends earlier already", code="ALREADY_REVOKED")
        return [e.KeyRevoked(command.key, command.from_height)]

    def _propose(self, state: Reader, command: c.ProposeChange, context: Context) -> list[Event]:
        proposal = context.new_id(command.proposer, _salt(command.salt), "proposal")
        if state.get(s.proposal_key(proposal), s.PROPOSAL) is not None:
            raise Rejected("this proposal exists", code="ALREADY_EXISTS")
        longest = context.business_at_ms + context.rules.vote_days_max * 86_400_000
        if not context.business_at_ms < command.until_ms <= longest:
            raise Rejected("a vote ends in the future, within the longest term", code="BAD_TERM")
        self._change_events(state, proposal, command.change, context)
        events: list[Event] = [e.ChangeProposed(proposal, command.change, command.until_ms)]
        events.append(e.VoteCast(proposal, command.proposer, True))
        if _needed(state) <= 1:
            events += self._decided(state, proposal, command.change, context)
        return events

    def _vote(self, state: Reader, command: c.Vote, context: Context) -> list[Event]:
        record = state.get(s.proposal_key(command.proposal), s.PROPOSAL)
        if record is None:
            raise Rejected("no such proposal", code="UNKNOWN_PROPOSAL")
        if record.status != "open":
            raise Rejected(f"this proposal is {record.status}", code="WRONG_STATUS")
        if context.business_at_ms > record.until_ms:
            raise Rejected("the vote is over", code="VOTE_OVER")
        if command.voter in record.approving or command.voter in record.refusing:
            raise Rejected("this member voted", code="ALREADY_VOTED")
        events: list[Event] = [e.VoteCast(command.proposal, command.voter, command.approve)]
        members = _members(state)
        # Whoever left since its vote no longer counts.
        approving = [m for m in (*record.approving, *([command.voter] if command.approve else [])) if m in members]
        refusing = [m for m in (*record.refusing, *([] if command.approve else [command.voter])) if m in members]
        needed = _needed(state)
        if len(approving) >= needed:
            events += self._decided(state, command.proposal, record.change, context)
        elif len(members) - len(refusing) < needed:
            events.append(e.ChangeDecided(command.proposal, False))
        return events

    def _decided(self, state: Reader, proposal: bytes, change: c.Change, context: Context) -> list[Event]:
        return [e.ChangeDecided(proposal, True), *self._change_events(state, proposal, change, context)]

    def _change_events(self, state: Reader, proposal: bytes, change: c.Change, context: Context) -> list[Event]:
        """What a change would do; refuses one that cannot be done, already when it is proposed."""
        match change:
            case c.Admit():
                organisation = context.new_id(ZERO, _salt(change.salt), "organisation")
                return _enrol(
                    state, context, organisation, change.identity, change.roles, change.member, change.keys, proposal
                )
            case c.SetRoles():
                _check_roles(change.roles)
                self.directory.organisation(state, change.organisation)
                members = _members(state)
                own = frozenset((change.organisation,))
                self._check_deciders(state, members | own if change.member else members - own)
                return [e.RolesChanged(change.organisation, change.roles, change.member)]
            case c.SetStatus():
                if change.status not in (ACTIVE, SUSPENDED):
                    raise Rejected("a status is active or suspended", code="BAD_STATUS")
                self.directory.organisation(state, change.organisation)
                if change.status == SUSPENDED:
                    self._check_deciders(state, _members(state), but=change.organisation)
                return [e.StatusChanged(change.organisation, change.status)]
            case c.SetValidator():
                self._check_validator(state, change, context)
                return [e.ValidatorSet(change.organisation, change.key, change.power)]
            case c.HandOver():
                self._check_handover(state, change, context)
                return [e.ValidatorSet(seat.organisation, seat.key, seat.power) for seat in change.validators]
            case c.Upgrade():
                self._check_upgrade(state, change, context)
                return [e.UpgradeAdopted(change.code_version, change.from_height)]
            case _:
                assert_never(change)

    def _check_handover(self, state: Reader, change: c.HandOver, context: Context) -> None:
        if state.get(s.VALIDATORS_KEY, s.VALIDATORS) is not None:
            raise Rejected("validators decide the blocks of this ledger already", code="HANDED_OVER")
        if not change.validators:
            raise Rejected("without a validator nobody could decide a block", code="LAST_VALIDATOR")
        if len(change.validators) > VALIDATORS_MAX:
            raise Rejected(f"a network has {VALIDATORS_MAX} validators at most", code="TOO_MANY_VALIDATORS")
        if len(frozenset(seat.key for seat in change.validators)) != len(change.validators):
            raise Rejected("two validators have the same key", code="KEY_EXISTS")
        for seat in change.validators:
            if not 0 < seat.power <= POWER_MAX:
                raise Rejected(f"voting power lies between 1 and {POWER_MAX}", code="BAD_POWER")
            self._check_owner(state, seat.organisation)
            _check_possession(seat, context)

    def _check_owner(self, state: Reader, organisation: bytes) -> None:
        owner = self.directory.organisation(state, organisation)
        if not owner.member or owner.status != ACTIVE:
            raise Rejected("only active members run validators", code="NOT_A_MEMBER")

    def _check_validator(self, state: Reader, change: c.SetValidator, context: Context) -> None:
        record = state.get(s.VALIDATORS_KEY, s.VALIDATORS)
        if record is None:
            raise Rejected("one operator seals the blocks of this ledger", code="NO_VALIDATORS")
        known = next((validator for validator in record.validators if validator.key == change.key), None)
        if known is not None and known.organisation != change.organisation:
            raise Rejected("this key is another organisation's validator", code="KEY_EXISTS")
        if not 0 <= change.power <= POWER_MAX:
            raise Rejected(f"voting power lies between 0 and {POWER_MAX}", code="BAD_POWER")
        if not change.power:
            if known is None:
                raise Rejected("no validator has this key", code="UNKNOWN_VALIDATOR")
            if len(record.validators) == 1:
                raise Rejected("without a validator nobody could decide a block", code="LAST_VALIDATOR")
            return
        self._check_owner(state, change.organisation)
        if known is not None:
            return
        if len(record.validators) >= VALIDATORS_MAX:
            raise Rejected(f"a network has {VALIDATORS_MAX} validators at most", code="TOO_MANY_VALIDATORS")
        _check_possession(change, context)

    def _check_upgrade(self, state: Reader, change: c.Upgrade, context: Context) -> None:
        adopted = self.directory.upgrades(state)
        newest, holds_from = adopted[-1] if adopted else (context.genesis.file.code_version, 0)
        # One that holds already is history; one that does not yet may be moved.
        following = newest + 1 if holds_from <= context.height else newest
        if change.code_version != following:
            raise Rejected(f"code version {following} is the next", code="BAD_VERSION")
        _check_height(change.from_height, context)

    def _check_deciders(self, state: Reader, members: frozenset[bytes], *, but: bytes = b"") -> None:
        """Refuses a change after which too few members could sign to adopt any other, even to undo it."""
        others = [member for member in sorted(members) if member != but]
        active = sum(1 for member in others if self.directory.organisation(state, member).status == ACTIVE)
        if active < max(1, _two_thirds(len(members))):
            raise Rejected("the members that are left could decide nothing", code="LAST_MEMBER")

    # -- applying -----------------------------------------------------------------------------------------------

    def apply(self, state: State, event: Event, link: Link) -> None:
        """Write an event."""
        match event:
            case e.OrganisationEnrolled():
                state.put(
                    s.organisation_key(event.organisation),
                    s.OrganisationRecord(s.SCHEMA, event.identity, event.roles, event.member, ACTIVE, event.vetted_by),
                )
                state.put(s.identity_key(event.identity), s.IdentityRecord(event.organisation))
                if event.member:
                    _put_members(state, _members(state) | {event.organisation})
            case e.AccountOpened():
                state.put(s.account_key(event.account), s.AccountRecord(s.SCHEMA, event.organisation))
            case e.KeyAdded():
                state.put(
                    s.key_key(event.key),
                    s.KeyRecord(
                        s.SCHEMA,
                        event.organisation,
                        event.purposes,
                        event.limit_minor,
                        event.from_height,
                        0,
                        event.certificate,
                        event.mandate,
                        event.vetted_by,
                    ),
                )
            case e.KeyRevoked():
                key = _existing(state, s.key_key(event.key), s.KEY)
                state.put(s.key_key(event.key), _replace(key, valid_until=event.from_height))
            case e.ContactSet():
                state.put(
                    s.contact_key(event.organisation),
                    s.ContactRecord(s.SCHEMA, event.suite, event.key, event.previous, event.door, event.address),
                )
            case e.ChangeProposed():
                state.put(
                    s.proposal_key(event.proposal),
                    s.ProposalRecord(s.SCHEMA, event.change, event.until_ms, (), (), "open"),
                )
            case e.VoteCast():
                proposal = _existing(state, s.proposal_key(event.proposal), s.PROPOSAL)
                votes = (
                    {"approving": (*proposal.approving, event.voter)}
                    if event.approve
                    else {"refusing": (*proposal.refusing, event.voter)}
                )
                state.put(s.proposal_key(event.proposal), _replace(proposal, **votes))
            case e.ChangeDecided():
                proposal = _existing(state, s.proposal_key(event.proposal), s.PROPOSAL)
                status = "adopted" if event.adopted else "rejected"
                state.put(s.proposal_key(event.proposal), _replace(proposal, status=status))
            case e.RolesChanged():
                record = _existing(state, s.organisation_key(event.organisation), s.ORGANISATION)
                state.put(
                    s.organisation_key(event.organisation),
                    _replace(record, roles=event.roles, member=event.member),
                )
                members = _members(state)
                changed = members | {event.organisation} if event.member else members - {event.organisation}
                if changed != members:
                    _put_members(state, changed)
            case e.StatusChanged():
                record = _existing(state, s.organisation_key(event.organisation), s.ORGANISATION)
                state.put(s.organisation_key(event.organisation), _replace(record, status=event.status))
            case e.ValidatorSet():
                found = state.get(s.VALIDATORS_KEY, s.VALIDATORS)
                others = [v for v in (found.validators if found else ()) if v.key != event.key]
                own = [s.ValidatorRecord(event.organisation, event.key, event.power)] if event.power else []
                both = sorted((*others, *own), key=lambda validator: validator.key)
                state.put(s.VALIDATORS_KEY, s.ValidatorsRecord(s.SCHEMA, tuple(both)))
            case e.UpgradeAdopted():
                kept = state.get(s.UPGRADES_KEY, s.UPGRADES)
                earlier = [u for u in (kept.upgrades if kept else ()) if u.code_version != event.code_version]
                upgrade = s.UpgradeRecord(event.code_version, event.from_height)
                state.put(s.UPGRADES_KEY, s.UpgradesRecord(s.SCHEMA, (*earlier, upgrade)))
            case _:
                assert_never(event)


def founder_id(genesis: Genesis, identity: bytes) -> bytes:
    """Identifier of a founding organisation."""
    return derive_id(genesis.hash, genesis.chain_id, ZERO, identity[:SALT_BYTES], "organisation")


def _enrol(
    state: Reader,
    context: Context,
    organisation: bytes,
    identity: bytes,
    roles: tuple[str, ...],
    member: bool,
    keys: tuple[c.NewKey, ...],
    vetted_by: bytes,
) -> list[Event]:
    _check_roles(roles)
    if len(identity) != 32:
        raise Rejected("an identity digest has 32 bytes", code="BAD_DIGEST")
    if state.get(s.identity_key(identity), s.IDENTITY) is not None:
        raise Rejected("this firm is enrolled", code="ALREADY_ENROLLED")
    if state.get(s.organisation_key(organisation), s.ORGANISATION) is not None:
        raise Rejected("this organisation exists", code="ALREADY_EXISTS")
    if not 0 < len(keys) <= KEYS_MAX or len(frozenset(key.key for key in keys)) != len(keys):
        raise Rejected(f"between 1 and {KEYS_MAX} different keys", code="BAD_COUNT")
    events: list[Event] = [e.OrganisationEnrolled(organisation, identity, roles, member, vetted_by)]
    events += [_new_key(state, context, key, organisation, identity, context.height, vetted_by) for key in keys]
    return events


def _new_key(
    state: Reader,
    context: Context,
    new: c.NewKey,
    organisation: bytes,
    identity: bytes,
    from_height: int,
    vetted_by: bytes,
) -> e.KeyAdded:
    _check_purposes(new.purposes)
    if len(new.key) != context.suite.public_key_bytes or not 0 <= new.limit_minor <= AMOUNT_MAX:
        raise Rejected("not a key of this chain's suite, or a limit that is no amount", code="BAD_KEY")
    if len(new.certificate) != 32 or len(new.mandate) != 32:
        raise Rejected("a digest has 32 bytes", code="BAD_DIGEST")
    if state.get(s.key_key(new.key), s.KEY) is not None:
        raise Rejected("this key is registered", code="KEY_EXISTS")
    if not context.suite.verify(new.key, new.possession, possession_message(context.chain_id, identity)):
        raise Rejected("the new key did not sign for itself", code="BAD_POSSESSION")
    return e.KeyAdded(
        new.key, organisation, new.purposes, new.limit_minor, from_height, new.certificate, new.mandate, vetted_by
    )


def _check_possession(change: c.SetValidator, context: Context) -> None:
    message = validator_message(context.chain_id, change.organisation)
    if not VALIDATOR_SUITE.verify(change.key, change.possession, message):
        raise Rejected("the validator's key did not sign for itself", code="BAD_POSSESSION")


def _contact(state: Reader, command: c.SetContact, context: Context) -> e.ContactSet:
    if CONTACT_KEY_BYTES.get(command.suite) != len(command.key):
        raise Rejected("not a key of a suite that letters are sealed with", code="BAD_KEY")
    if command.address and not _ADDRESS.match(command.address):
        raise Rejected("an address is http or https, a host and perhaps a port", code="BAD_ADDRESS")
    message = door_message(context.chain_id, command.organisation)
    if not VALIDATOR_SUITE.verify(command.door, command.possession, message):
        raise Rejected("the node's key did not sign that it takes letters for this organisation", code="BAD_POSSESSION")
    before = state.get(s.contact_key(command.organisation), s.CONTACT)
    previous = b"" if before is None else before.previous if before.key == command.key else context.hash(before.key)
    return e.ContactSet(command.organisation, command.suite, command.key, previous, command.door, command.address)


def _check_height(height: int, context: Context) -> None:
    """Keys begin and end, and versions begin, in a later block: never in the past, and not past what a proof can show."""
    if height <= context.height:
        raise Rejected("it begins or ends in a later block", code="HEIGHT_IN_THE_PAST")
    if height > HEIGHT_MAX:
        raise Rejected("no block will have this height", code="BAD_TERM")


def _check_roles(roles: tuple[str, ...]) -> None:
    if not frozenset(roles) <= ROLES or tuple(sorted(frozenset(roles))) != roles:
        raise Rejected("roles come from the list, sorted, each once", code="BAD_ROLES")


def _check_purposes(purposes: tuple[str, ...]) -> None:
    if not frozenset(purposes) <= PURPOSES or tuple(sorted(frozenset(purposes))) != purposes:
        raise Rejected("purposes come from the list, sorted, each once", code="BAD_PURPOSES")


def _salt(salt: bytes) -> bytes:
    if len(salt) != SALT_BYTES:
        raise Rejected(f"a salt has {SALT_BYTES} bytes", code="BAD_SALT")
    return salt


def _members(state: Reader) -> frozenset[bytes]:
    record = state.get(s.MEMBERS_KEY, s.MEMBERS)
    return frozenset() if record is None else frozenset(record.members)


def _put_members(state: State, members: frozenset[bytes]) -> None:
    state.put(s.MEMBERS_KEY, s.MembersRecord(tuple(sorted(members))))


def _needed(state: Reader) -> int:
    """How many members must agree."""
    return _two_thirds(len(_members(state)))


def _two_thirds(count: int) -> int:
    """Two thirds, rounded up."""
    return (2 * count + 2) // 3


def _existing(state: Reader, key: bytes, codec: Any) -> Any:
    record = state.get(key, codec)
    assert record is not None, "an event speaks of a record that does not exist"
    return record


def _replace(record: Any, **changes: Any) -> Any:
    import msgspec

    return msgspec.structs.replace(record, **changes)
