"""
Evidence bundles for tests: ledgers whose operator and members can make checkpoints, stories that they prove, and what a forger
needs to take a bundle apart and put it together again.

`python tests/bundles.py` writes the golden bundle anew, with fresh salts; a change there is a decision.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from hefu import bootstrap
from hefu.contracts.attestations.commands import Attest
from hefu.contracts.attestations.kinds import PaymentDetail
from hefu.contracts.receivables import commands as rc
from hefu.kernel.codec import encode
from hefu.kernel.commitments import OpenedTerms, Terms, open_fields, terms_of, terms_root
from hefu.kernel.suites import hybrid
from hefu.ledger import checkpoint as checkpoints
from hefu.ledger import genesis as g
from hefu.ledger.block import SEAL_PREFIX
from hefu.ledger.chain import Chain
from hefu.ledger.store import MemoryStore
from hefu.services.proving import bundle
from world import World, digest, salt

GOLDEN = Path(__file__).parent / "golden"
SEED = digest("post-quantum")
decode = msgspec.msgpack.Decoder().decode


@dataclass
class BundleWorld(World):
    """
    A world whose founders may make checkpoints.

    Args:
        founders: Those of the cast that it begins with.
        lean: One key each and no post-quantum key, for small bundles.
        needed: Countersignatures that the genesis asks for.
    """

    founders: tuple[str, ...] = ("Operator", "BankA", "BankB", "Steel", "Parts", "Bolts", "Store")
    lean: bool = False
    needed: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        chosen = [digest("identity " + name).hex() for name in self.founders]
        file = self.genesis.file
        seal = g.Seal(
            key=file.seal.key,
            post_quantum_key="00" if self.lean else hybrid.public_key(SEED).hex(),
            countersignatures_min=self.needed,
        )
        founders = tuple(self._founder(founder) for founder in file.founders if founder.identity in chosen)
        self.genesis = g.Genesis(g.genesis_bytes(msgspec.structs.replace(file, seal=seal, founders=founders)))
        self.store = MemoryStore()
        self.chain = Chain(self.genesis, bootstrap.application(), self.store, self.sealer)

    def _founder(self, founder: g.Founder) -> g.Founder:
        governs = ("checkpoint",) if founder.member else ()
        keys = tuple(
            msgspec.structs.replace(key, purposes=tuple(sorted((*key.purposes, *governs))))
            for key in founder.keys[: 1 if self.lean else 2]
        )
        return msgspec.structs.replace(founder, keys=keys)

    def checkpoint(self, *names: str) -> checkpoints.Checkpoint:
        """Checkpoint the tip, countersigned by the named; `BankA2` signs with BankA's second key."""
        made = checkpoints.make(self.chain, self.sealer, SEED)
        for name in names:
            signer = self.second[name[:-1]] if name.endswith("2") else self.signers[name]
            made = checkpoints.countersign(
                self.genesis,
                made,
                signer,
                last_signed=None,
                tip_header=self.chain.tip_sealed.header,
                consistency=None,
            )
        checkpoints.keep(self.chain.store, made)
        return made


# -- stories --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Story:
    """What happened in a world, and the bundle of the right that it is about."""

    world: BundleWorld
    right: bytes
    openings: tuple[tuple[bytes, OpenedTerms], ...] = ()

    @property
    def raw(self) -> bytes:
        """The bundle as of the tip."""
        return bundle(self.world.chain, self.right, self.openings)

    @property
    def genesis(self) -> bytes:
        """The genesis file."""
        return self.world.genesis.raw


def terms(world: World, **values: str | int | bytes) -> Terms:
    """Terms with salts named after the fields."""
    return terms_of(values, {name: salt("term " + name) for name in values})


def done(code: str) -> None:
    """A step of a story takes effect."""
    assert code == "OK", code


@cache
def lean(suite_name: str = "ed25519") -> Story:
    """A receivable, proposed and confirmed, on block time: the smallest history that has two parties."""
    world = BundleWorld.fresh(suite_name=suite_name, simulated=False, founders=("Steel", "Parts"), lean=True)
    assert isinstance(world, BundleWorld)
    return Story(world, world.confirmed("Parts", "Steel", "R1", 123_456_789))


@cache
def rich(suite_name: str = "ed25519") -> Story:
    """
    A part of a receivable: split off beside another command, assigned, pledged, released, sold against a secret price, notified,
    paid in part on the payee's receipt and in part on a bank's attestation; terms opened, checkpoint countersigned.
    """
    world = BundleWorld.fresh(suite_name=suite_name)
    assert isinstance(world, BundleWorld)
    w, h = world, world.genesis.hash
    invoice_terms = terms(w, number="24112000000012345678", lines="steel bars, 12 t", weight_kg=12_000)
    right_terms = terms(w, contract="2026-采购-017", note='paid\n"in full"', scan=digest("scan"))
    register = w.register_command("Parts", "Steel", "I1", 10_000_000)
    done(w.run(msgspec.structs.replace(register, terms=terms_root(h, invoice_terms)), "Parts"))
    document = w.new_id("Parts", "I1", "document")
    propose = w.propose_command("Parts", "I1", "R1", 9_000_000)
    done(w.run(msgspec.structs.replace(propose, terms=terms_root(h, right_terms)), "Parts"))
    done(w.run(w.confirm_command("Parts", "I1", "R1", 9_000_000), "Steel"))
    right, child = w.new_id("Parts", "R1", "right"), w.new_id("Parts", "C1", "right")
    done(w.run(rc.Notify(right, digest("account 1")), "Parts"))
    done(w.run(rc.Acknowledge(right, digest("account 1")), "Steel"))
    w.advance(3)
    other = w.register_command("Bolts", "Parts", "B1", 6_000_000)
    assign = rc.Assign(child, w.account("Bolts"), w.new_id("Bolts", "B1", "document"), w.tag("B1"), True)
    done(w.run([other, rc.Split(right, salt("C1"), 6_000_000), assign], "Parts", "Bolts"))
    done(w.run(rc.Pledge(child, w.account("BankA"), digest("loan"), 5_000_000, None), "Bolts", "BankA"))
    done(w.run(rc.Release(child), "BankA"))
    until_ms = w.now_ms + 5 * 86_400_000
    price = digest("price")
    offer = rc.AcceptOffer(child, w.account("BankB"), "sale", False, digest("offer"), price, until_ms)
    done(w.run(offer, "Bolts"))
    done(w.run(payment(w, child, "P1", "Bolts", price=price), "BankA"))
    paid = derived(w, "BankA", "P1")
    done(w.run(rc.CompleteFinance(child, paid, w.tag("I1")), "BankB"))
    done(w.run(rc.Notify(child, digest("account 2")), "BankB"))
    done(w.run(rc.Settle(child, 1_000, b""), "BankB"))
    w.advance(90)
    done(w.run([payment(w, child, "P2", "BankB", amount=500_000)], "BankA"))
    done(w.run(rc.Settle(child, 500_000, derived(w, "BankA", "P2")), "Steel"))
    w.checkpoint("BankA", "BankB", "Operator")
    opened = (
        (child, open_fields(h, right_terms, frozenset({"contract", "note", "scan"}))),
        (document, open_fields(h, invoice_terms, frozenset({"lines", "weight_kg"}))),
    )
    return Story(world, child, opened)


def payment(world: World, right: bytes, name: str, payee: str, *, amount: int = 0, price: bytes = b"") -> Attest:
    """BankA attests a payment."""
    detail = encode(PaymentDetail(digest("e2e " + name), world.account(payee), "CNY", amount, price, world.today))  # type: ignore[arg-type]
    now_ms = world.now_ms
    return Attest(world.org("BankA"), salt(name), right, "payment", now_ms, "paid", digest(name), b"", detail)


def derived(world: World, attester: str, name: str) -> bytes:
    """Identifier of an attestation."""
    from hefu.kernel.ids import derive_id

    return derive_id(world.genesis.hash, world.genesis.chain_id, world.org(attester), salt(name), "attestation")


# -- taking apart ---------------------------------------------------------------------------------------------------

FORMAT, GENESIS, TIP, CHECKPOINT, SUBJECT, LINEAGE, PROOFS, TRANSACTIONS, OPENINGS = range(9)


def parts_of(raw: bytes) -> list[Any]:
    """A bundle as nested lists that a forger may change."""
    parts: list[Any] = decode(raw)
    return parts


def lists_in(value: Any, path: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    """Paths to every list in nested lists."""
    if isinstance(value, list):
        yield path
        for number, item in enumerate(value):
            yield from lists_in(item, (*path, number))


def at(parts: list[Any], path: tuple[int, ...]) -> Any:
    """What stands at a path."""
    found: Any = parts
    for number in path:
        found = found[number]
    return found


def changed(raw: bytes, change: Callable[[list[Any]], object]) -> bytes:
    """A bundle with one change to its parts."""
    parts = parts_of(raw)
    change(parts)
    return encode(parts)


def resealed(story: Story, records: dict[bytes, bytes | None], change: Callable[[list[Any]], object]) -> bytes:
    """
    What an operator could make that has lost all shame: other records in the state, all proofs made again, the block sealed anew.

    Args:
        records: Changed records by state key; None removes one.
        change: What else to change, before proofs and seal are made.
    """
    world = story.world.fork()
    chain = world.chain
    parts = parts_of(story.raw)
    change(parts)
    chain.tree.update(list(records.items()), chain.tip.height)
    values = {key: records.get(key, chain.get(b"s" + key)) for key in proven_keys(parts, records)}
    parts[PROOFS] = [chain.tree.prove(key, value) for key, value in sorted(values.items()) if value is not None]
    header = decode(parts[TIP][0])
    header[7] = chain.tree.root
    return reseal(world, parts, header)


def reseal(world: World, parts: list[Any], header: list[Any]) -> bytes:
    """The bundle with another header, sealed by the operator; a checkpoint of the old block goes."""
    raw = encode(header)
    parts[TIP] = [raw, "operator", [world.sealer.public_key, world.sealer.sign(SEAL_PREFIX + raw)]]
    parts[CHECKPOINT] = None
    return encode(parts)


def proven_keys(parts: list[Any], records: dict[bytes, bytes | None]) -> set[bytes]:
    """Keys that a bundle proves, and those that were changed."""
    return {proof[0] for proof in parts[PROOFS]} | set(records)


def write_golden() -> None:
    """Write the golden bundle, its genesis and what it proves."""
    from hefu_verify import verify
    from hefu_verify.facts import facts_of

    story = rich()
    (GOLDEN / "bundle.hefu").write_bytes(story.raw)
    (GOLDEN / "bundle_genesis.json").write_bytes(story.genesis)
    facts = facts_of(verify(story.raw, story.genesis))
    (GOLDEN / "bundle_facts.json").write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_golden()
