"""
Who may do what, as data: a contract's table has one row a command. The application runs from it, the reference is printed
from it, and the tests walk it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from hefu.kernel.codec import Record
from hefu.kernel.errors import Rejected
from hefu.ledger.context import Context
from hefu.ledger.state import Reader


class NotAuthorized(Rejected):
    """A signature that the command needs is missing, or its key may not give it."""

    code = "NOT_AUTHORIZED"


@dataclass(frozen=True)
class Signer:
    """
    One party whose signature a command needs.

    Args:
        who: Name of the contract's resolver that gives the party.
        purpose: Purpose that one of its keys must have.
        roles: The organisation must have at least one of these; empty for any.
        amount: Name of the resolver of the amount that the key's limit is held against; empty for none.
        unless: Name of a condition under which this signature is not needed; empty for always.
        member: The organisation must be a member.
        organisation: The resolver gives an organisation, not an account.
    """

    who: str
    purpose: str
    roles: tuple[str, ...] = ()
    amount: str = ""
    unless: str = ""
    member: bool = False
    organisation: bool = False


@dataclass(frozen=True)
class Precondition:
    """Something that must hold of the subject before the contract decides. `code` is what a refusal says."""

    code: str
    text: str
    holds: Callable[[Any, Any, Context], bool]


@dataclass(frozen=True)
class Row:
    """
    One command: what it is about, in which states, who signs, what must hold, and what comes of it.

    Args:
        subject: Name of the resolver that loads the record which `statuses` and `preconditions` look at; empty for none.
        statuses: Allowed values of the subject's `status`; empty for any.
        becomes: The subject's state afterwards, for the reference.
        text: What the command does, one sentence.
    """

    command: type[Record]
    text: str
    signers: tuple[Signer, ...]
    subject: str = ""
    statuses: tuple[str, ...] = ()
    preconditions: tuple[Precondition, ...] = ()
    becomes: str = ""


Resolver = Callable[[Reader, Any, Context], Any]


class Contract(Protocol):
    """A pure state machine with its table."""

    @property
    def name(self) -> str: ...
    @property
    def commands(self) -> tuple[type[Record], ...]: ...
    @property
    def events(self) -> tuple[type[Record], ...]: ...
    @property
    def authority(self) -> tuple[Row, ...]: ...
    @property
    def hints(self) -> Mapping[type[Record], Callable[[Any], list[bytes]]]:
        """State keys that a command will probably read, for reading ahead."""
        ...

    @property
    def since(self) -> Mapping[type[Record], Callable[[Any], int]]:
        """Of commands that the first code version did not know in every form: the version from which this one is known."""
        ...

    @property
    def resolvers(self) -> Mapping[str, Resolver]: ...

    def decide(self, state: Reader, command: Any, context: Context) -> list[Any]:
        """Events that follow from a command, or a refusal. Reads only."""
        ...

    def apply(self, state: Any, event: Any, link: Any) -> None:
        """Write an event. Cannot refuse."""
        ...

    def found(self, genesis: Any, chain_id: bytes) -> list[Any]:
        """Events of the genesis."""
        ...
