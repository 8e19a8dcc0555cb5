"""
A small network in memory for tests: keys, organisations and accounts by name, commands signed and run as blocks.
"""

from __future__ import annotations

import copy
import hashlib
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

import sparse
from hefu import bootstrap
from hefu.assets.tags import Tag
from hefu.contracts.clock.commands import AdvanceClock
from hefu.contracts.evidence.commands import Register
from hefu.contracts.parties.contract import founder_id
from hefu.contracts.receivables import commands as rc
from hefu.contracts.receivables import state as rs
from hefu.kernel.codec import Record
from hefu.kernel.hashing import ZERO
from hefu.kernel.ids import derive_id
from hefu.kernel.signer import KeySigner
from hefu.kernel.suites import suite_named
from hefu.kernel.time import start_of_day_ms
from hefu.ledger import genesis as g
from hefu.ledger.block import Receipt
from hefu.ledger.chain import BLOCK_ID_PREFIX, Chain
from hefu.ledger.engines.storeprocess import StoreProcess
from hefu.ledger.store import MemoryStore, Store
from hefu.ledger.transaction import Draft, check_stateless
from hefu.ledger.versions import CODE_VERSION

TODAY = date(2026, 1, 5)
BLOCK_START_MS = 1_767_000_000_000
BUSINESS = ("accept", "administer", "attest", "confirm", "finance", "pledge", "receive", "register", "transfer")
GOVERNING = tuple(sorted((*BUSINESS, "clock", "vote")))

#: Name: roles, member.
CAST: dict[str, tuple[tuple[str, ...], bool]] = {
    "Operator": (("platform_operator",), True),
    "BankA": (("bank", "settlement_bank"), True),
    "BankB": (("bank",), True),
    "BankC": (("bank", "settlement_bank"), True),
    "Court": (("court",), False),
    "Super": (("supervisor",), False),
    "Steel": (("core_enterprise",), False),
    "Parts": (("supplier",), False),
    "Bolts": (("supplier",), False),
    "Wire": (("supplier",), False),
    "Ore": (("supplier",), False),
    "Store": (("warehouse",), False),
}


def digest(text: str) -> bytes:
    """Any 32 bytes that a text stands for."""
    return hashlib.sha256(text.encode()).digest()


def salt(text: str) -> bytes:
    """Any 16 bytes that a text stands for."""
    return digest("salt " + text)[:16]


def validator(name: str) -> KeySigner:
    """A validator's key, whatever suite the ledger has; named by who runs it, with a colon and a word for another of the same."""
    return KeySigner(suite_named("ed25519"), digest("validator " + name))


def door(name: str) -> KeySigner:
    """A node's key for letters, whatever suite the ledger has."""
    return KeySigner(suite_named("ed25519"), digest("door " + name))


def contact_key(name: str) -> bytes:
    """As long as a key that letters are sealed to; the ledger asks for no more."""
    return (digest("contact " + name) * 38)[:1216]


@dataclass
class World:
    """
    A chain with its cast.

    Args:
        suite: Signature suite and hash of the chain.
        store: Where it lives; memory by default.
        apart: Folder of a store with its tree in a process of their own, in place of `store`.
    """

    suite_name: str = "ed25519"
    store: Store = field(default_factory=MemoryStore)
    apart: Path | None = None
    simulated: bool = True
    key_limit: int = 0
    rules: g.RuleParameters = field(default_factory=g.RuleParameters)
    #: Of a network, as `validator` names them.
    validators: tuple[str, ...] = ()
    #: What the ledger begins with.
    code_version: int = CODE_VERSION
    #: Where a copy was made, before its first block.
    origin: World | None = None

    def __post_init__(self) -> None:
        suite = suite_named(self.suite_name)
        self.signers = {name: KeySigner(suite, digest("key " + name)) for name in CAST}
        self.second = {name: KeySigner(suite, digest("second key " + name)) for name in CAST}
        self.sealer = KeySigner(suite, digest("seal"))
        founders = tuple(
            g.Founder(
                identity=digest("identity " + name).hex(),
                roles=roles,
                member=member,
                keys=tuple(
                    g.FounderKey(
                        key=signer.public_key.hex(),
                        purposes=GOVERNING if member else BUSINESS,
                        limit_minor=self.key_limit,
                    )
                    for signer in (self.signers[name], self.second[name])
                ),
                account_salts=(salt("account " + name).hex(),),
            )
            for name, (roles, member) in CAST.items()
        )
        clock = g.ClockRule(
            kind="simulated" if self.simulated else "block",
            key=self.signers["Operator"].public_key.hex() if self.simulated else "",
            start_ms=start_of_day_ms(TODAY),
        )
        file = g.GenesisFile(
            name="test",
            suite=self.suite_name,  # type: ignore[arg-type]
            hash="sha256" if self.suite_name == "ed25519" else "sm3",
            code_version=self.code_version,
            clock=clock,
            rules=self.rules,
            seal=g.Seal(key=self.sealer.public_key.hex(), post_quantum_key="00"),
            founders=founders,
            validators=tuple(
                g.Validator(
                    key=validator(name).public_key.hex(), identity=digest("identity " + name.partition(":")[0]).hex()
                )
                for name in self.validators
            )
            or msgspec.UNSET,
        )
        self.genesis = g.Genesis(g.genesis_bytes(file))
        beside = None if self.apart is None else StoreProcess(self.apart, self.genesis)
        self.store = beside or self.store
        self.chain = Chain(self.genesis, bootstrap.application(), self.store, self.sealer, tree=beside)
        self.block_ms = BLOCK_START_MS
        self.counter = 0
        self.today = TODAY

    # -- copies -------------------------------------------------------------------------------------------------

    @classmethod
    def fresh(cls, **parameters: Any) -> World:
        """A world like a new one, in a hundredth of the time."""
        origin = _founded(cls, **parameters)
        world = origin.fork()
        world.origin = origin
        return world

    def founded(self) -> Chain:
        """A chain of the same genesis that has no block but the first."""
        if self.origin is None:
            return Chain(self.genesis, bootstrap.application(), MemoryStore(), self.sealer)
        return self.origin.fork().chain

    def fork(self) -> World:
        """A copy of this world and its ledger, in memory; what happens in one does not happen in the other."""
        other = copy.copy(self)
        other.store = MemoryStore()
        other.store.write(self.store.scan(b"", b"\xff"))
        with sparse.opening_as(self.chain.tree):
            other.chain = Chain(self.genesis, self.chain.application, other.store, self.sealer)
        return other

    def reopen(self) -> None:
        """Open the ledger again from what is on its store."""
        self.chain = Chain(self.genesis, bootstrap.application(), self.store, self.sealer)

    def records(self, *, with_blocks: bool = False) -> dict[bytes, bytes]:
        """Everything in the state but, unless asked for, the identifiers of blocks."""
        state = {key[1:]: value for key, value in self.store.scan(b"s", b"t")}
        return state if with_blocks else {key: value for key, value in state.items() if key[:1] != BLOCK_ID_PREFIX}

    def state_digest(self) -> bytes:
        """One digest over the records of the contracts."""
        joined = (len(k).to_bytes(4, "big") + k + len(v).to_bytes(4, "big") + v for k, v in self.records().items())
        return hashlib.sha256(b"".join(joined)).digest()

    # -- names --------------------------------------------------------------------------------------------------

    def org(self, name: str) -> bytes:
        """Identifier of an organisation of the cast."""
        return founder_id(self.genesis, digest("identity " + name))

    def account(self, name: str) -> bytes:
        """Its account."""
        return derive_id(self.genesis.hash, self.genesis.chain_id, self.org(name), salt("account " + name), "account")

    def new_account(self, name: str, what: str) -> bytes:
        """Identifier of a further account that an organisation opens under a salt named by a text."""
        return derive_id(self.genesis.hash, self.genesis.chain_id, self.org(name), salt(what), "account")

    def new_id(self, owner: str, what: str, kind: str) -> bytes:
        """Identifier of what an account creates under a salt named by a text."""
        return derive_id(self.genesis.hash, self.genesis.chain_id, self.account(owner), salt(what), kind)

    @property
    def now_ms(self) -> int:
        """Business time."""
        return start_of_day_ms(self.today)

    # -- running ------------------------------------------------------------------------------------------------

    def draft(self, commands: list[Record], *signers: KeySigner) -> Draft:
        """A transaction, signed."""
        draft = Draft(
            self.genesis.hash,
            self.genesis.chain_id,
            commands,
            [signer.public_key for signer in signers],
            self.block_ms - 1000,
            self.block_ms + 3_600_000,
        )
        return draft.sign(*signers)

    def submit(self, raw: bytes) -> Receipt:
        """Check and run one transaction as a block."""
        code = check_stateless(
            raw,
            h=self.genesis.hash,
            suite=self.genesis.suite,
            chain_id=self.genesis.chain_id,
            bounds=self.genesis.file.bounds,
        )
        if code:
            return Receipt(ZERO, 0, 0, code, ())
        self.block_ms += 1000
        return self.chain.append([raw], self.block_ms).receipts[0]

    def submit_block(self, raws: list[bytes]) -> list[Receipt]:
        """Run transactions whose form is good as one block."""
        self.block_ms += 1000
        return self.chain.append(raws, self.block_ms).receipts

    def run(self, command: Record | list[Record], *names: str) -> str:
        """Run commands signed by the named organisations; the code that comes back."""
        commands = command if isinstance(command, list) else [command]
        signers = [self.second[n[:-1]] if n.endswith("2") else self.signers[n] for n in names]
        return self.submit(self.draft(commands, *signers).wire()).code

    def advance(self, days: int = 1) -> None:
        """Move the simulated clock."""
        self.today += timedelta(days=days)
        assert self.run(AdvanceClock(start_of_day_ms(self.today)), "Operator") == "OK"

    # -- the trade ----------------------------------------------------------------------------------------------

    def tag(self, what: str) -> Tag:
        """The tag of an invoice named by a text."""
        return Tag("einvoice", "hmac-sha256/1", 1, digest("tag " + what))

    def register_command(
        self, seller: str, buyer: str, invoice: str, gross: int, *, standing: bool = False
    ) -> Register:
        """Register an invoice."""
        return Register(
            self.account(seller),
            salt(invoice),
            "invoice",
            self.account(buyer) if buyer else ZERO,
            "CNY",
            gross,  # type: ignore[arg-type]
            (self.tag(invoice),),
            digest("terms " + invoice),
            standing,
        )

    def invoice(self, seller: str, buyer: str, invoice: str, gross: int, *, standing: bool = False) -> bytes:
        """Register an invoice and return its identifier."""
        code = self.run(self.register_command(seller, buyer, invoice, gross, standing=standing), seller)
        assert code == "OK", code
        return self.new_id(seller, invoice, "document")

    def propose_command(self, seller: str, invoice: str, right: str, amount: int, days: int = 90) -> rc.Propose:
        """Propose a receivable."""
        return rc.Propose(
            self.new_id(seller, invoice, "document"),
            salt(right),
            amount,  # type: ignore[arg-type]
            self.today + timedelta(days=days),
            digest("terms " + right),
            self.now_ms + 7 * 86_400_000,
        )

    def confirm_command(self, seller: str, invoice: str, right: str, amount: int) -> rc.Confirm:
        """Confirm it."""
        return rc.Confirm(
            self.new_id(seller, right, "right"),
            amount,  # type: ignore[arg-type]
            digest("confirmation"),
            self.tag(invoice),
        )

    def confirmed(self, seller: str, obligor: str, right: str, amount: int, days: int = 90) -> bytes:
        """A live receivable on an invoice of the same name and amount."""
        self.invoice(seller, obligor, "inv " + right, amount)
        assert self.run(self.propose_command(seller, "inv " + right, right, amount, days), seller) == "OK"
        assert self.run(self.confirm_command(seller, "inv " + right, right, amount), obligor) == "OK"
        return self.new_id(seller, right, "right")

    def right(self, right: bytes) -> rs.RightRecord:
        """A right's record."""
        record = self.chain.state.get(rs.right_key(right), rs.RIGHT)
        assert record is not None
        return record


@cache
def _founded(kind: type[World], **parameters: Any) -> World:
    return kind(**parameters).fork()
