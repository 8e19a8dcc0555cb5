"""
Letters in an organisation's vault: what was sent and what was read, with the answers that each got.

A letter's facts and its content are two entries, so that a list need not open every document.
"""

from __future__ import annotations

from collections.abc import Iterator

from hefu.kernel.codec import Codec, Record, encode
from hefu.kernel.errors import UsageError
from hefu.kernel.vault import Vault
from hefu.services.letters.letter import Head, Signed

IN, OUT = "in", "out"


class Kept(Record, frozen=True):
    """
    A letter as its receiver or its sender keeps it.

    `refused` is the code of what was wrong with one that could not be taken as what it says; its content is not kept. `arrival` and
    `receipt` are canonical bytes, empty while there are none; `told` says that the receipt has gone back to the sender.
    """

    direction: str
    id: bytes
    head: Head
    key: bytes
    kind: str
    name: str
    media_type: str
    reference: bytes
    size: int
    arrival: bytes = b""
    refused: str = ""
    receipt: bytes = b""
    told: bool = False


class Body(Record, frozen=True):
    """The content with its signature; for one that is still on its way also all bytes of the letter, to give them again."""

    signed: Signed
    raw: bytes


KEPT: Codec[Kept] = Codec(Kept)
BODY: Codec[Body] = Codec(Body)


class Letters:
    """
    Args:
        vault: The organisation's.
    """

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def keep(self, kept: Kept, body: Body | None = None) -> None:
        """Keep a letter, or what is new about it."""
        entries = [("letter", kept.id, encode(kept))]
        if body is not None:
            entries.append(("letter_body", kept.id, encode(body)))
        self._vault.put_many(entries)

    def drop(self, id: bytes) -> None:
        """Forget a letter that was never sent."""
        for kind in ("letter", "letter_body"):
            self._vault.erase(kind, id)

    def get(self, id: bytes) -> Kept | None:
        """A letter's facts."""
        raw = self._vault.get("letter", id)
        return None if raw is None else KEPT.load(raw)

    def body(self, id: bytes) -> Body:
        """
        Raises:
            UsageError: Nothing of its content was kept (NO_COPY).
        """
        raw = self._vault.get("letter_body", id)
        if raw is None:
            raise UsageError("the content of this letter was not kept", code="NO_COPY")
        return BODY.load(raw)

    def all(self) -> Iterator[Kept]:
        """Every letter's facts, in order of identifier."""
        for id in self._vault.list("letter"):
            kept = self.get(id)
            if kept is not None:
                yield kept
