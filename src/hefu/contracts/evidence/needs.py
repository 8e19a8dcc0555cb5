"""What evidence asks of others."""

from __future__ import annotations

from typing import Protocol

from hefu.ledger.state import Reader


class Accounts(Protocol):
    """Does an account exist?"""

    def organisation_of(self, state: Reader, account: bytes) -> bytes:
        """The owner of an account; refuses UNKNOWN_ACCOUNT."""
        ...
