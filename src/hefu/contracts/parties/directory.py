"""Look-ups that the application and other contracts make of parties; each refuses with a stable code."""

from __future__ import annotations

from hefu.contracts.parties.state import (
    ACCOUNT,
    KEY,
    ORGANISATION,
    UPGRADES,
    UPGRADES_KEY,
    VALIDATORS,
    VALIDATORS_KEY,
    KeyRecord,
    OrganisationRecord,
    account_key,
    key_key,
    organisation_key,
)
from hefu.kernel.errors import Rejected
from hefu.ledger.state import Reader


class PartiesDirectory:
    """Who owns accounts and keys, and what organisations may be."""

    def key(self, state: Reader, public_key: bytes, height: int) -> KeyRecord:
        """A key that holds at a height; refuses UNKNOWN_KEY and KEY_NOT_VALID."""
        record = state.get(key_key(public_key), KEY)
        if record is None:
            raise Rejected("this ledger knows no such key", code="UNKNOWN_KEY")
        if height < record.valid_from or (record.valid_until and height >= record.valid_until):
            raise Rejected("this key does not hold at this height", code="KEY_NOT_VALID")
        return record

    def holder(self, state: Reader, public_key: bytes) -> bytes:
        """The organisation of a key, valid or not; refuses UNKNOWN_KEY."""
        record = state.get(key_key(public_key), KEY)
        if record is None:
            raise Rejected("this ledger knows no such key", code="UNKNOWN_KEY")
        return record.organisation

    def organisation_of(self, state: Reader, account: bytes) -> bytes:
        """The organisation that owns an account; refuses UNKNOWN_ACCOUNT."""
        record = state.get(account_key(account), ACCOUNT)
        if record is None:
            raise Rejected("this ledger knows no such account", code="UNKNOWN_ACCOUNT")
        return record.organisation

    def organisation(self, state: Reader, organisation: bytes) -> OrganisationRecord:
        """An organisation's record; refuses UNKNOWN_ORGANISATION."""
        record = state.get(organisation_key(organisation), ORGANISATION)
        if record is None:
            raise Rejected("this ledger knows no such organisation", code="UNKNOWN_ORGANISATION")
        return record

    def validators(self, state: Reader) -> dict[bytes, int]:
        """Voting power by validator's public key; empty where one operator seals."""
        record = state.get(VALIDATORS_KEY, VALIDATORS)
        return {} if record is None else {validator.key: validator.power for validator in record.validators}

    upgrades_key = UPGRADES_KEY
    validators_key = VALIDATORS_KEY

    def upgrades(self, state: Reader) -> tuple[tuple[int, int], ...]:
        """Code versions adopted after that of the genesis, oldest first, each with the height from which it holds."""
        record = state.get(UPGRADES_KEY, UPGRADES)
        return () if record is None else tuple((entry.code_version, entry.from_height) for entry in record.upgrades)

    def organisation_roles(self, state: Reader, organisation: bytes) -> tuple[str, ...]:
        """Roles of an organisation; refuses UNKNOWN_ORGANISATION."""
        return self.organisation(state, organisation).roles

    def check_standing(self, state: Reader, account: bytes, roles: tuple[str, ...]) -> None:
        """
        An account whose organisation is active and has one of the roles (empty: any).

        Refuses UNKNOWN_ACCOUNT, ORGANISATION_SUSPENDED, WRONG_ROLE.
        """
        record = self.organisation(state, self.organisation_of(state, account))
        if record.status != "active":
            raise Rejected("this account's organisation is suspended", code="ORGANISATION_SUSPENDED")
        if roles and not any(role in record.roles for role in roles):
            raise Rejected("this account's organisation lacks the role", code="WRONG_ROLE")
