"""The port by which an organisation's program reaches its office, and the adapter for an office in the same process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hefu.services.letters.book import Arrived, Outgoing
from hefu.services.letters.office import Door, Office


class Post(Protocol):
    """An office as its own programs see it. Each of these may be asked again after any failure."""

    def door_for(self, organisation: bytes) -> Door:
        """What the organisation puts into its contact to have its letters taken here."""
        ...

    def send(self, raw: bytes) -> None:
        """Have a letter forwarded; it is on the office's disk when this returns."""
        ...

    def arrived(self, organisation: bytes, after: int) -> Sequence[Arrived]:
        """Some letters for the organisation that it has not acknowledged, with numbers above one; none at the end."""
        ...

    def acknowledge(self, organisation: bytes, ids: Sequence[bytes]) -> None:
        """The organisation has these in its vault; the office drops their bytes."""
        ...

    def outgoing(self, id: bytes) -> Outgoing | None:
        """What has become of a letter that was sent from here."""
        ...

    def close(self) -> None:
        """Close it."""
        ...


class LocalPost:
    """
    Args:
        office: In this process.
    """

    def __init__(self, office: Office) -> None:
        self._office = office

    def door_for(self, organisation: bytes) -> Door:
        """See the port."""
        return self._office.door_for(organisation)

    def send(self, raw: bytes) -> None:
        """See the port."""
        self._office.post(raw)

    def arrived(self, organisation: bytes, after: int) -> Sequence[Arrived]:
        """See the port."""
        self._office.carry_here()
        return self._office.arrived(organisation, after)

    def acknowledge(self, organisation: bytes, ids: Sequence[bytes]) -> None:
        """See the port."""
        self._office.acknowledge(organisation, list(ids))

    def outgoing(self, id: bytes) -> Outgoing | None:
        """See the port."""
        return self._office.outgoing(id)

    def close(self) -> None:
        """See the port."""
        self._office.book.tidy(self._office.now_ms())
        self._office.close()
