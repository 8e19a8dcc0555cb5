"""What the clock asks of others."""

from __future__ import annotations

from typing import Protocol

from hefu.ledger.state import Reader


class Keys(Protocol):
    """Whose key is this?"""

    def holder(self, state: Reader, public_key: bytes) -> bytes:
        """The organisation of a key; refuses UNKNOWN_KEY."""
        ...
