"""What attestations ask of others."""

from __future__ import annotations

from typing import Protocol

from hefu.ledger.state import Reader


class Standing(Protocol):
    """Which roles does an organisation have?"""

    def organisation_roles(self, state: Reader, organisation: bytes) -> tuple[str, ...]:
        """Roles of an organisation; refuses UNKNOWN_ORGANISATION."""
        ...
