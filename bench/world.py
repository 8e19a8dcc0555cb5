"""
A ledger to measure on: a core enterprise, suppliers, a bank, and as many confirmed receivables as asked for.

Everything comes from signed commands; the preloaded rights are parts of one receivable a holder, split off a thousand a
transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import msgspec

from hefu import bootstrap
from hefu.assets.tags import Tag
from hefu.contracts.evidence.commands import Register
from hefu.contracts.parties.contract import founder_id
from hefu.contracts.receivables.commands import Assign, Confirm, Propose, Split
from hefu.kernel.codec import Record
from hefu.kernel.hashing import ZERO
from hefu.kernel.ids import derive_id
from hefu.kernel.money import Amount
from hefu.kernel.signer import KeySigner
from hefu.kernel.suites import suite_named
from hefu.kernel.time import business_date
from hefu.ledger import genesis as g
from hefu.ledger.chain import Chain
from hefu.ledger.engines.embedded import system_ms
from hefu.ledger.engines.storeprocess import StoreProcess
from hefu.ledger.store import RocksStore
from hefu.ledger.transaction import Draft
from hefu.ledger.versions import CODE_VERSION

FACE = Amount(1_000_000)
SUPPLIERS = 100
HOLDERS = SUPPLIERS // 2
BLOCK_RIGHTS = 5_000
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
        beside: Store and tree in a process of their own, as a node has them.
    """

    suite_name: str
    folder: Path
    beside: bool = False
    #: Public keys of a network's validators; the bank runs them all.
    validators: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        suite = suite_named(self.suite_name)
        self.signers = {name: KeySigner(suite, digest("key " + name)) for name in NAMES}
        self.sealer = KeySigner(suite, digest("seal"))
        self.genesis = g.Genesis(g.genesis_bytes(self._file()))
        if self.beside:
            store = StoreProcess(self.folder, self.genesis)
            self.chain = Chain(self.genesis, bootstrap.application(), store, self.sealer, tree=store)
        else:
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
            code_version=CODE_VERSION,
            seal=g.Seal(key=self.sealer.public_key.hex(), post_quantum_key="00"),
            founders=founders,
            validators=tuple(
                g.Validator(key=key.hex(), identity=digest("identity Bank").hex()) for key in self.validators
            )
            or msgspec.UNSET,
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
        return f"S{i % HOLDERS}"

    def payee(self, i: int) -> str:
        """Whose invoice the i-th right will pay."""
        return f"S{HOLDERS + i % HOLDERS}"

    def right(self, i: int) -> bytes:
        """Identifier of the i-th right."""
        return self.derive(self.accounts[self.holder(i)], _salt("right", i), "right")

    def invoice(self, i: int) -> bytes:
        """Identifier of the invoice that the i-th right will pay."""
        return self.derive(self.accounts[self.payee(i)], _salt("invoice", i), "document")

    # -- preloading ---------------------------------------------------------------------------------------------

    def preload(self, rights: int) -> None:
        """
        Signed commands, a thousand a transaction: each holder gets one confirmed receivable on the core enterprise and
        splits it into its share of the rights; the other suppliers register as many invoices on the holders.
        """
        for wires in self.preloading(rights):
            outcome = self.chain.append(wires, system_ms())
            assert all(receipt.ok for receipt in outcome.receipts)

    def preloading(self, rights: int) -> Iterator[list[bytes]]:
        """The transactions that preload, a block of them at a time; each block needs the ones before it."""
        share = rights // HOLDERS
        yield [self._root(holder, share) for holder in range(HOLDERS)]
        for start in range(0, rights, BLOCK_RIGHTS):
            numbers = range(start, min(start + BLOCK_RIGHTS, rights))
            wires = []
            for holder in range(HOLDERS):
                mine = [i for i in numbers if i % HOLDERS == holder]
                root = self._root_id(holder)
                splits: list[Record] = [Split(root, _salt("right", i), FACE) for i in mine]
                invoices: list[Record] = [self._register(i) for i in mine]
                wires.append(self.wire(splits, self.signers[self.holder(holder)]))
                wires.append(self.wire(invoices, self.signers[self.payee(holder)]))
            yield wires

    def _root_id(self, holder: int) -> bytes:
        return self.derive(self.accounts[self.holder(holder)], _salt("root", holder), "right")

    def _root(self, holder: int, share: int) -> bytes:
        name, core = self.holder(holder), self.accounts["Core"]
        account, salt, tag = self.accounts[name], _salt("root", holder), _tag("root", holder)
        # One part more than is split off: the last split must leave something.
        face = Amount(FACE * (share + 1))
        document = self.derive(account, salt, "document")
        until = system_ms() + 86_400_000
        commands: list[Record] = [
            Register(account, salt, "invoice", core, "CNY", face, (tag,), ZERO, False),
            Propose(document, salt, face, self.due_on, ZERO, until),
            Confirm(self._root_id(holder), face, ZERO, tag),
        ]
        return self.wire(commands, self.signers[name], self.signers["Core"])

    def _register(self, i: int) -> Register:
        payee, holder = self.accounts[self.payee(i)], self.accounts[self.holder(i)]
        return Register(payee, _salt("invoice", i), "invoice", holder, "CNY", FACE, (_tag("invoice", i),), ZERO, True)

    # -- what is measured ---------------------------------------------------------------------------------------

    def assign(self, i: int) -> Assign:
        """Pay the i-th invoice with the i-th right. The invoice carries a standing acceptance: one signature, the holder's."""
        return Assign(self.right(i), self.accounts[self.payee(i)], self.invoice(i), _tag("invoice", i), True)

    def wire(self, commands: list[Record], *signers: KeySigner) -> bytes:
        """A signed transaction."""
        now = system_ms()
        keys = [signer.public_key for signer in signers]
        draft = Draft(self.genesis.hash, self.genesis.chain_id, commands, keys, now - 60_000, now + 20 * 3_600_000)
        return draft.sign(*signers).wire()

    def singles(self, start: int, count: int) -> list[bytes]:
        """One assignment a transaction, signed by its holder."""
        return [self.wire([self.assign(i)], self.signers[self.holder(i)]) for i in range(start, start + count)]

    def registers(self, start: int, count: int) -> list[bytes]:
        """One invoice a transaction, signed by its seller; nothing has to be there before."""
        return [self.wire([self._register(i)], self.signers[self.payee(i)]) for i in range(start, start + count)]

    def batches(self, start: int, count: int, size: int) -> list[bytes]:
        """`size` assignments of one holder a transaction, signed once."""
        made = []
        for block in range(start, start + count, HOLDERS * size):
            for holder in range(HOLDERS):
                numbers = range(block + holder, block + HOLDERS * size, HOLDERS)
                made.append(self.wire([self.assign(i) for i in numbers], self.signers[f"S{holder}"]))
        return made


def _salt(kind: str, i: int) -> bytes:
    return digest(f"{kind} {i}")[:16]


def _tag(kind: str, i: int) -> Tag:
    return Tag("einvoice", "hmac-sha256/1", 1, digest(f"tag {kind} {i}"))
