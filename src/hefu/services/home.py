"""
A home: the folder of an embedded ledger with all its organisations, as a pilot, a laptop or a test has it.

    genesis.json            what the ledger began with; give it to whoever shall verify
    ledger/                 the ledger's store; or, where nodes keep it, network.json with their addresses
    views.db                read models, rebuilt by `hefu views rebuild`
    names.json              this node's private address book: names, and what they stand for on the ledger
    organisations/NAME/     key files and vault of one organisation
    operator/               keys of the operator: sealing, checkpoints, tags, identities

On a network each organisation keeps its own folder on its own machine; here they lie side by side, which is why a home is
never the production layout of more than one organisation.
"""

from __future__ import annotations

import re
import shutil
from difflib import get_close_matches
from pathlib import Path

import msgspec

from hefu.kernel.errors import Corrupt, UsageError
from hefu.kernel.keyfile import publish

FORMAT = "hefu-names/1"
DEMO_PASSPHRASE = "hefu-demo"  # noqa: S105 - a demo's keys guard nothing, and everybody may open its vaults.
_NAME = re.compile(r"[^\x00-\x1f/\\]{1,80}\Z")


class PartyEntry(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """
    One organisation in the address book; identifiers and keys in hexadecimal.

    Args:
        enrolment: What its identifiers are derived from (creator, salt, the account's salt) until the ledger has both; then empty.
    """

    name: str
    folder: str
    organisation: str
    account: str
    roles: tuple[str, ...]
    member: bool
    office_key: str
    govern_key: str
    uscc: str = ""
    enrolment: str = ""


class Names(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The address book."""

    format: str = FORMAT
    synthetic: bool = False
    parties: list[PartyEntry] = msgspec.field(default_factory=list)


class Home:
    """
    Paths and the address book of a home.

    Args:
        path: The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.genesis = path / "genesis.json"
        self.ledger = path / "ledger"
        self.network = path / "network.json"
        self.views = path / "views.db"
        #: Of a network's ledger; an embedded one keeps them itself.
        self.checkpoints = path / "checkpoints"
        #: Transactions that a network gave no answer to yet.
        self.unanswered = path / "unanswered"
        self._names_file = path / "names.json"
        self.names = self._read_names()
        self._index()

    def _read_names(self) -> Names:
        try:
            return msgspec.json.decode(self._names_file.read_bytes(), type=Names)
        except FileNotFoundError:
            return Names()
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise Corrupt(f"the address book cannot be read: {error}", where=str(self._names_file)) from None

    def _index(self) -> None:
        self._by_name = {party.name: party for party in self.names.parties}
        self._by_account = {party.account: party for party in self.names.parties}
        self._by_organisation = {party.organisation: party for party in self.names.parties}

    @property
    def exists(self) -> bool:
        """Whether a ledger lives here."""
        return self.genesis.exists()

    def require(self) -> None:
        """
        Raises:
            UsageError: No ledger lives here.
        """
        if not self.exists:
            raise UsageError(
                "no ledger lives here; `hefu init` makes one, `hefu demo` makes one with a story in it",
                code="NO_LEDGER",
                where=str(self.path),
            )

    def add(self, party: PartyEntry) -> None:
        """Put an organisation into the address book; `save` makes it durable."""
        self.names.parties.append(party)
        self._by_name[party.name] = party
        self._by_account[party.account] = party
        self._by_organisation[party.organisation] = party

    def unfinished(self, name: str) -> PartyEntry | None:
        """An organisation of this whole name whose enrolment was begun and is not known to have ended."""
        party = self._by_name.get(name)
        return party if party is not None and party.enrolment else None

    def remove(self, party: PartyEntry) -> None:
        """Take an organisation out of the address book, and its folder with it: for one that the ledger does not know."""
        self.names.parties.remove(party)
        self._index()
        self.save()
        shutil.rmtree(self.organisation_folder(party))

    def save(self) -> None:
        """Write the address book, all or nothing."""
        publish(self._names_file, msgspec.json.format(msgspec.json.encode(self.names), indent=1), overwrite=True)

    def party(self, name: str) -> PartyEntry:
        """
        An organisation by name, or by a prefix of at least six digits of its account or organisation.

        Raises:
            UsageError: Nobody, or several, go by that name.
        """
        found = self.matches(name, partial=True)
        if len(found) == 1:
            return found[0]
        if found:
            raise UsageError(f"{name!r} could be {', '.join(p.name for p in found[:5])}", code="AMBIGUOUS_NAME")
        raise UsageError(f"nobody here is called {name!r}; `hefu org list` shows who is", code="UNKNOWN_NAME")

    def matches(self, name: str, *, partial: bool) -> list[PartyEntry]:
        """
        Whom a name or the first digits of an account or organisation, at least six, can mean.

        Args:
            partial: A part of a name counts too, where nobody has it whole.
        """
        known = self._by_name.get(name) or self._by_account.get(name) or self._by_organisation.get(name)
        if known is not None:
            return [known]
        lower = name.lower()
        if re.fullmatch(r"[0-9a-f]{6,}", lower):
            found = [p for p in self.names.parties if p.account.startswith(lower) or p.organisation.startswith(lower)]
            if found:
                return found
        return [p for p in self.names.parties if lower and lower in p.name.lower()] if partial else []

    def close_to(self, name: str) -> list[PartyEntry]:
        """Who may have been meant by a name that nobody has: names with it in them, and names written much like it."""
        lower = name.lower()
        alike = get_close_matches(name, self._by_name, n=5)
        within = [p.name for p in self.names.parties if lower and lower in p.name.lower()]
        return [self._by_name[found] for found in dict.fromkeys((*within, *alike))]

    @property
    def operator(self) -> str:
        """Name of the platform operator: the first founder."""
        return self.names.parties[0].name if self.names.parties else ""

    def name_of_account(self, account: bytes) -> str:
        """The name behind an account, or the account's first digits."""
        party = self._by_account.get(account.hex())
        return party.name if party else account.hex()[:12]

    def name_of_organisation(self, organisation: bytes) -> str:
        """The name behind an organisation, or its first digits."""
        party = self._by_organisation.get(organisation.hex())
        return party.name if party else organisation.hex()[:12]

    def folder_for(self, name: str) -> str:
        """A fresh folder name for an organisation, safe on any file system."""
        if not _NAME.match(name) or name.strip() != name or name in (".", ".."):
            raise UsageError("a name has 1 to 80 characters, no slash and no control character", code="BAD_NAME")
        if name in self._by_name:
            raise UsageError(f"{name!r} is taken", code="NAME_TAKEN")
        plain = re.sub(r"[^A-Za-z0-9\u4e00-\u9fff]+", "-", name).strip("-") or "org"
        number = len(self.names.parties)
        # What an interrupted enrolment left keeps its folder: there may be a key in it that the ledger knows.
        while (self.path / "organisations" / f"{number:04d}-{plain[:40]}").exists():
            number += 1
        return f"{number:04d}-{plain[:40]}"

    def organisation_folder(self, party: PartyEntry) -> Path:
        """Where an organisation's keys and vault are."""
        return self.path / "organisations" / party.folder
