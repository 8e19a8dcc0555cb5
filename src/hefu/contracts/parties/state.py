"""Records of the parties contract and their keys."""

from __future__ import annotations

from hefu.contracts.parties.commands import Change
from hefu.kernel.codec import Codec, Record

SCHEMA = 1
MEMBERS_KEY = b"M"
VALIDATORS_KEY = b"V"
UPGRADES_KEY = b"Y"


class OrganisationRecord(Record, frozen=True):
    """An organisation under a pseudonym; `identity` is a keyed digest of its USCC."""

    schema: int
    identity: bytes
    roles: tuple[str, ...]
    member: bool
    status: str
    vetted_by: bytes


class AccountRecord(Record, frozen=True):
    """Who owns an account. A later schema may hold a commitment here."""

    schema: int
    organisation: bytes


class KeyRecord(Record, frozen=True):
    """A signing key; it holds from `valid_from` until before `valid_until` (0: no end). Never deleted."""

    schema: int
    organisation: bytes
    purposes: tuple[str, ...]
    limit_minor: int
    valid_from: int
    valid_until: int
    certificate: bytes
    mandate: bytes
    vetted_by: bytes


class ContactRecord(Record, frozen=True):
    """
    How an organisation is written to: the key that letters are sealed to, the node's key that signs for them, the node's address.

    `previous` is the digest of the key before this one, or empty: letters on their way when it changed are still taken.
    """

    schema: int
    suite: str
    key: bytes
    previous: bytes
    door: bytes
    address: str


class IdentityRecord(Record, frozen=True):
    """Which organisation has an identity digest; keeps one firm from enrolling twice with one registrar."""

    organisation: bytes


class ProposalRecord(Record, frozen=True):
    """A change up for votes; `status` is open, adopted or rejected."""

    schema: int
    change: Change
    until_ms: int
    approving: tuple[bytes, ...]
    refusing: tuple[bytes, ...]
    status: str


class MembersRecord(Record, frozen=True):
    """The members, in order of identifier."""

    members: tuple[bytes, ...]


class ValidatorRecord(Record, frozen=True):
    """A validator: whose it is, CometBFT's public key, voting power."""

    organisation: bytes
    key: bytes
    power: int


class ValidatorsRecord(Record, frozen=True):
    """The validators of a network, in order of key; absent where one operator seals."""

    schema: int
    validators: tuple[ValidatorRecord, ...]


class UpgradeRecord(Record, frozen=True):
    """A code version and the height from which it holds."""

    code_version: int
    from_height: int


class UpgradesRecord(Record, frozen=True):
    """The code versions that the members adopted, oldest first; absent before the first."""

    schema: int
    upgrades: tuple[UpgradeRecord, ...]


ORGANISATION: Codec[OrganisationRecord] = Codec(OrganisationRecord)
ACCOUNT: Codec[AccountRecord] = Codec(AccountRecord)
KEY: Codec[KeyRecord] = Codec(KeyRecord)
CONTACT: Codec[ContactRecord] = Codec(ContactRecord)
IDENTITY: Codec[IdentityRecord] = Codec(IdentityRecord)
PROPOSAL: Codec[ProposalRecord] = Codec(ProposalRecord)
MEMBERS: Codec[MembersRecord] = Codec(MembersRecord)
VALIDATORS: Codec[ValidatorsRecord] = Codec(ValidatorsRecord)
UPGRADES: Codec[UpgradesRecord] = Codec(UpgradesRecord)


def organisation_key(organisation: bytes) -> bytes:
    """State key of an organisation."""
    return b"O" + organisation


def account_key(account: bytes) -> bytes:
    """State key of an account."""
    return b"A" + account


def key_key(public_key: bytes) -> bytes:
    """State key of a signing key."""
    return b"K" + public_key


def contact_key(organisation: bytes) -> bytes:
    """State key of an organisation's contact."""
    return b"L" + organisation


def identity_key(identity: bytes) -> bytes:
    """State key of an identity digest."""
    return b"N" + identity


def proposal_key(proposal: bytes) -> bytes:
    """State key of a proposal."""
    return b"P" + proposal
