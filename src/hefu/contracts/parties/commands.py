"""Commands of the parties contract."""

from __future__ import annotations

from hefu.kernel.codec import Record


class NewKey(Record, frozen=True):
    """
    A key to be added: purposes, largest amount that it signs alone (0: no limit), digests of certificate and mandate.

    `possession` is the key's own signature over `possession_message`, so that nobody registers another's key.
    """

    key: bytes
    purposes: tuple[str, ...]
    limit_minor: int
    certificate: bytes
    mandate: bytes
    possession: bytes


class Enrol(Record, frozen=True, tag="parties.enrol"):
    """A registrar vouches for a new organisation; `identity` is its keyed digest of the USCC."""

    registrar: bytes
    salt: bytes
    identity: bytes
    roles: tuple[str, ...]
    keys: tuple[NewKey, ...]


class OpenAccount(Record, frozen=True, tag="parties.open-account"):
    """An organisation opens an account."""

    organisation: bytes
    salt: bytes


class AddKey(Record, frozen=True, tag="parties.add-key"):
    """An organisation adds a key that holds from a height."""

    organisation: bytes
    key: NewKey
    from_height: int


class RevokeKey(Record, frozen=True, tag="parties.revoke-key"):
    """An organisation ends a key at a height; signatures in earlier blocks stay good."""

    organisation: bytes
    key: bytes
    from_height: int


class SetContact(Record, frozen=True, tag="parties.set-contact"):
    """
    Where letters for an organisation go, and the key that they are sealed to; in place of what it said before.

    `suite` names how `key` seals. `door` is the Ed25519 key of the node that takes letters for the organisation and signs for their
    arrival; `possession` is its own signature over `door_message`. `address` is where that node listens, or empty where
    those who write are told otherwise.
    """

    organisation: bytes
    suite: str
    key: bytes
    door: bytes
    address: str
    possession: bytes


class Admit(Record, frozen=True, tag="admit"):
    """Change: a new organisation with roles, as a member or not."""

    salt: bytes
    identity: bytes
    roles: tuple[str, ...]
    member: bool
    keys: tuple[NewKey, ...]


class SetRoles(Record, frozen=True, tag="set-roles"):
    """Change: an organisation's roles and membership."""

    organisation: bytes
    roles: tuple[str, ...]
    member: bool


class SetStatus(Record, frozen=True, tag="set-status"):
    """Change: suspend an organisation or make it active again."""

    organisation: bytes
    status: str


class SetValidator(Record, frozen=True, tag="set-validator"):
    """
    Change: a validator of the network that a member runs; power 0 takes it out.

    `key` is CometBFT's (Ed25519, whatever suite the ledger has). `possession` is its own signature over `validator_message`;
    empty for a change of one that is known.
    """

    organisation: bytes
    key: bytes
    power: int
    possession: bytes


class HandOver(Record, frozen=True, tag="hand-over"):
    """
    Change: a ledger whose blocks one operator seals is decided by these validators from the next block on. There is no way back.
    """

    validators: tuple[SetValidator, ...]


class Upgrade(Record, frozen=True, tag="upgrade"):
    """
    Change: the contracts decide by the next code version from a height on.

    One that was adopted and does not hold yet may be moved to another height.
    """

    code_version: int
    from_height: int


Change = Admit | SetRoles | SetStatus | SetValidator | Upgrade | HandOver


class ProposeChange(Record, frozen=True, tag="parties.propose-change"):
    """A member proposes a change; this is its vote for it."""

    proposer: bytes
    salt: bytes
    change: Change
    until_ms: int


class Vote(Record, frozen=True, tag="parties.vote"):
    """A member's vote; two thirds of the members adopt, more than a third against rejects."""

    proposal: bytes
    voter: bytes
    approve: bool
