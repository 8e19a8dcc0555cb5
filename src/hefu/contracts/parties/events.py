"""Events of the parties contract."""

from __future__ import annotations

from hefu.contracts.parties.commands import Change
from hefu.kernel.codec import Record


class OrganisationEnrolled(Record, frozen=True, tag="parties.organisation-enrolled"):
    """An organisation exists; `vetted_by` is who vouched, zeros for a founder."""

    organisation: bytes
    identity: bytes
    roles: tuple[str, ...]
    member: bool
    vetted_by: bytes


class AccountOpened(Record, frozen=True, tag="parties.account-opened"):
    """An account exists."""

    account: bytes
    organisation: bytes


class KeyAdded(Record, frozen=True, tag="parties.key-added"):
    """A key holds from a height."""

    key: bytes
    organisation: bytes
    purposes: tuple[str, ...]
    limit_minor: int
    from_height: int
    certificate: bytes
    mandate: bytes
    vetted_by: bytes


class KeyRevoked(Record, frozen=True, tag="parties.key-revoked"):
    """A key no longer holds from a height on."""

    key: bytes
    from_height: int


class ContactSet(Record, frozen=True, tag="parties.contact-set"):
    """Letters for an organisation are sealed to this key from now on; `previous` is the digest of the key before, or empty."""

    organisation: bytes
    suite: str
    key: bytes
    previous: bytes
    door: bytes
    address: str


class ChangeProposed(Record, frozen=True, tag="parties.change-proposed"):
    """A change is up for votes."""

    proposal: bytes
    change: Change
    until_ms: int


class VoteCast(Record, frozen=True, tag="parties.vote-cast"):
    """A member voted."""

    proposal: bytes
    voter: bytes
    approve: bool


class ChangeDecided(Record, frozen=True, tag="parties.change-decided"):
    """The votes decided a proposal."""

    proposal: bytes
    adopted: bool


class RolesChanged(Record, frozen=True, tag="parties.roles-changed"):
    """An organisation has other roles or membership."""

    organisation: bytes
    roles: tuple[str, ...]
    member: bool


class StatusChanged(Record, frozen=True, tag="parties.status-changed"):
    """An organisation is suspended or active."""

    organisation: bytes
    status: str


class UpgradeAdopted(Record, frozen=True, tag="parties.upgrade-adopted"):
    """The contracts decide by this code version from the height on."""

    code_version: int
    from_height: int


class ValidatorSet(Record, frozen=True, tag="parties.validator-set"):
    """A validator has this power from the block after next on; 0: it is one no more."""

    organisation: bytes
    key: bytes
    power: int
