"""
A ledger to measure on: a core enterprise, suppliers, a bank, and as many confirmed receivables as asked for.

The preloaded rights and invoices come from the contracts' own events, applied and committed block by block, without commands and
signatures: signing a million proposals would take longer than all measurements together. Everything measured afterwards is
signed commands through the engine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from hefu import bootstrap
from hefu.assets.tags import Tag
from hefu.contracts.evidence.events import CapacityMoved, Registered
from hefu.contracts.parties.contract import founder_id
from hefu.contracts.receivables.commands import Assign
from hefu.contracts.receivables.events import Confirmed, Proposed
from hefu.kernel.codec import Record, encode
from hefu.kernel.hashing import ZERO
from hefu.kernel.ids import derive_id
from hefu.kernel.money import Amount
from hefu.kernel.signer import KeySigner
from hefu.kernel.suites import suite_named
from hefu.kernel.time import business_date
from hefu.ledger import genesis as g
from hefu.ledger.chain import Chain
from hefu.ledger.engines.embedded import system_ms
from hefu.ledger.store import RocksStore
from hefu.ledger.transaction import Draft

FACE = Amount(1_000_000)
SUPPLIERS = 100
BLOCK_RIGHTS = 2_000
PURPOSES = ("accept", "administer", "confirm", "finance", "pledge", "receive", "register", "transfer", "vote")
NAMES = ("Core", "Bank", *(f"S{i}" for i in range(SUPPLIERS)))


def digest(text: str) -> bytes:
    """Any 32 bytes."""
    return hashlib.sha256(text.encode()).digest()


@dataclass
class BenchWorld:
    """
    Args:
        suite_name: Signature suite; the hash follows it.
        folder: The ledger's.
    """

    suite_name: str
    folder: Path

    def __post_init__(self) -> None:
        suite = suite_named(self.suite_name)
        self.signers = {name: KeySigner(suite, digest("key " + name)) for name in NAMES}
        self.sealer = KeySigner(suite, digest("seal"))
        self.genesis = g.Genesis(g.genesis_bytes(self._file()))
        self.chain = Chain(self.genesis, bootstrap.application(), RocksStore(self.folder), self.sealer)
        self.accounts = {name: self.account(name) for name in NAMES}
        self.due_on = business_date(system_ms()) + timedelta(days=120)

    def _file(self) -> g.GenesisFile:
        founders = tuple(
            g.Founder(
                identity=digest("identity " + name).hex(),
                roles=("bank",) if name == "Bank" else ("core_enterprise",) if name == "Core" else ("supplier",),
                member=name == "Bank",
                keys=(g.FounderKey(key=signer.public_key.hex(), purposes=PURPOSES),),
                account_salts=(digest("account " + name)[:16].hex(),),
            )
            for name, signer in self.signers.items()
        )
        return g.GenesisFile(
            name="bench",
            suite=self.suite_name,  # type: ignore[arg-type]
            hash="sm3" if self.suite_name == "sm2" else "sha256",
            seal=g.Seal(key=self.sealer.public_key.hex(), post_quantum_key="00"),
            founders=founders,
        )

    def account(self, name: str) -> bytes:
        """Account of one of the names."""
        organisation = founder_id(self.genesis, digest("identity " + name))
        return self.derive(organisation, digest("account " + name)[:16], "account")

    def derive(self, creator: bytes, salt: bytes, kind: str) -> bytes:
        """Identifier of what somebody creates."""
        return derive_id(self.genesis.hash, self.genesis.chain_id, creator, salt, kind)

    def holder(self, i: int) -> str:
        """Who holds the i-th right."""
        return f"S{i % (SUPPLIERS // 2)}"

    def payee(self, i: int) -> str:
        """Whose invoice the i-th right will pay."""
        return f"S{SUPPLIERS // 2 + i % (SUPPLIERS // 2)}"

    def right(self, i: int) -> bytes:
        """Identifier of the i-th right."""
        return digest(f"right {i}")

    def invoice(self, i: int) -> bytes:
        """Identifier of the invoice that the i-th right will pay."""
        return digest(f"invoice {i}")

    # -- preloading ---------------------------------------------------------------------------------------------

    def preload(self, rights: int) -> None:
        """Confirmed receivables of the first suppliers on the core enterprise, and as many invoices of the others on them."""
        chain, application = self.chain, self.chain.application
        for start in range(0, rights, BLOCK_RIGHTS):
            context = application.context(chain.state, self.genesis, chain.tip.height + 1, system_ms())
            for i in range(start, min(start + BLOCK_RIGHTS, rights)):
                for event in self._events(i):
                    link = application.link(context, encode(event))
                    application.apply_event(chain.state, event, link)
                chain.state.keep()
            chain.append([], system_ms())

    def _events(self, i: int) -> Iterator[Record]:
        holder, payee, core = self.accounts[self.holder(i)], self.accounts[self.payee(i)], self.accounts["Core"]
        base = digest(f"base {i}")
        yield Registered(base, holder, "invoice", core, "CNY", FACE, (_tag("base", i),), ZERO, False)
        yield Registered(self.invoice(i), payee, "invoice", holder, "CNY", FACE, (_tag("invoice", i),), ZERO, True)
        until = system_ms() + 86_400_000
        yield CapacityMoved(base, "available", "reserved", FACE, self.right(i), until)
        yield Proposed(self.right(i), base, holder, core, "CNY", FACE, self.due_on, ZERO, until)
        yield CapacityMoved(base, "reserved", "live", FACE, self.right(i), 0)
        yield Confirmed(self.right(i), ZERO)

    # -- what is measured ---------------------------------------------------------------------------------------

    def assign(self, i: int) -> Assign:
        """Pay the i-th invoice with the i-th right. The invoice carries a standing acceptance: one signature, the holder's."""
        return Assign(self.right(i), self.accounts[self.payee(i)], self.invoice(i), True)

    def wire(self, commands: list[Record], *signers: KeySigner) -> bytes:
        """A signed transaction."""
        now = system_ms()
        keys = [signer.public_key for signer in signers]
        draft = Draft(self.genesis.hash, self.genesis.chain_id, commands, keys, now - 60_000, now + 20 * 3_600_000)
        return draft.sign(*signers).wire()

    def singles(self, start: int, count: int) -> list[bytes]:
        """One assignment a transaction, signed by its holder."""
        return [
            self.wire([self.assign(i)], self.signers[self.holder(i)]) for i in range(start, start + count)
        ]

    def batches(self, start: int, count: int, size: int) -> list[bytes]:
        """`size` assignments of one holder a transaction, signed once."""
        half = SUPPLIERS // 2
        made = []
        for block in range(start, start + count, half * size):
            for holder in range(half):
                numbers = range(block + holder, block + half * size, half)
                made.append(self.wire([self.assign(i) for i in numbers], self.signers[f"S{holder}"]))
        return made


def _tag(kind: str, i: int) -> Tag:
    return Tag("einvoice", "hmac-sha256/1", 1, digest(f"tag {kind} {i}"))
