"""Two letter offices on one ledger, and firms that write to each other; the tests are the wire between the offices."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from hefu import bootstrap
from hefu.kernel.errors import HefuError
from hefu.services.founding import FounderSpec
from hefu.services.home import PartyEntry
from hefu.services.letters.book import Book
from hefu.services.letters.correspondence import Correspondence
from hefu.services.letters.letter import DOCUMENT, Content
from hefu.services.letters.office import Office, door_key, system_ms
from hefu.services.letters.post import LocalPost
from hefu.services.network import Network

FIRMS = ("Alpha", "Beta", "Gamma")
PASSPHRASE = "for tests only"
CONTRACT = Content(DOCUMENT, "contract.txt", "text/plain", b"", b"between us alone")


@dataclass
class Country:
    """An opened home whose firms have an office each."""

    network: Network
    offices: dict[str, Office]
    letters: Correspondence
    now_ms: int = 0
    lost: list[bytes] = field(default_factory=list)

    def firm(self, name: str) -> PartyEntry:
        """A firm by name."""
        return self.network.home.party(name)

    def organisation(self, name: str) -> bytes:
        """A firm's identifier."""
        return bytes.fromhex(self.firm(name).organisation)

    def send(self, sender: str, receiver: str, content: Content = CONTRACT) -> bytes:
        """Give a letter to the sender's office."""
        return self.letters.send(self.firm(sender), self.organisation(receiver), content)

    def envelope(self, sender: str, receiver: str, content: Content = CONTRACT) -> bytes:
        """Bytes of a letter that waits in its sender's office."""
        id = self.send(sender, receiver, content)
        return next(raw for found, _, raw in self.offices[sender].book.due(self.now(), 1000) if found == id)

    def carry(self) -> list[str]:
        """One round of every office; codes of what was refused."""
        codes = []
        for office in self.offices.values():
            for id, receiver, raw in office.carry_here():
                contact = office.contact(receiver)
                there = next(o for o in self.offices.values() if contact is not None and o.key == contact.door)
                try:
                    office.forwarded(id, receiver, raw, there.deliver(raw))
                except HefuError as error:
                    office.failed(id, error.code)
                    codes.append(error.code)
        return codes

    def now(self) -> int:
        """The clock of all offices: this machine's, and what a test adds."""
        return system_ms() + self.now_ms

    def close(self) -> None:
        """Close everything."""
        for office in self.offices.values():
            office.close()
        self.network.close()


def country(folder: Path, suite_name: str = "ed25519") -> Country:
    """Three firms, each with an office and a contact on the ledger."""
    founders = [FounderSpec("Operator", ("platform_operator",), True)]
    founders += [FounderSpec(name, ("bank", "settlement_bank"), True) for name in FIRMS]
    network = Network.create(
        folder / "home",
        bootstrap.application(),
        name="letters",
        founders=founders,
        passphrase=PASSPHRASE,
        cost=1024,
        suite_name=suite_name,
    )
    offices: dict[str, Office] = {}
    found = Country(network, offices, Correspondence(network, lambda party: LocalPost(offices[party.name])))
    for name in FIRMS:
        key, book = door_key(folder / f"{name}.key"), Book(folder / f"{name}.db")
        offices[name] = Office(book, key, lambda: network.chain, clock=found.now)
        found.letters.set_contact(found.firm(name))
    return found
