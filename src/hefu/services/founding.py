"""
Founding: the folder, keys and genesis of a new ledger, and of an organisation that joins one.

Everything here is made on one machine, as a pilot, a laptop or a test has it; organisations that found a network together each make
their own keys and put only public ones into the genesis; there is no command for that yet.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from stdnum.cn import uscc

from hefu.contracts.parties.contract import founder_id
from hefu.kernel.errors import UsageError
from hefu.kernel.ids import SALT_BYTES, derive_id
from hefu.kernel.keyfile import COST, KeyPair, generate_pair, publish, read_key, write_key
from hefu.kernel.signer import KeySigner
from hefu.kernel.suites import hybrid, suite_named
from hefu.kernel.vault import Vault
from hefu.ledger import genesis as g
from hefu.ledger.versions import CODE_VERSION
from hefu.services.home import Home, PartyEntry

OFFICE = ("accept", "attest", "confirm", "finance", "pledge", "receive", "register", "transfer")
GOVERN = ("administer",)
MEMBER_GOVERN = ("administer", "checkpoint", "vote")
KEEPER_GOVERN = ("administer", "checkpoint", "clock", "vote")


@dataclass(frozen=True)
class FounderSpec:
    """An organisation to begin with."""

    name: str
    roles: tuple[str, ...]
    member: bool = False
    uscc: str = ""


def found(
    path: Path,
    *,
    name: str,
    founders: Sequence[FounderSpec],
    passphrase: str,
    suite_name: str = "ed25519",
    clock: str = "block",
    start_ms: int = 0,
    keeper: str = "",
    synthetic: bool = False,
    cost: int = COST,
    validators: Callable[[Path], Mapping[str, bytes]] | None = None,
) -> Home:
    """
    Make a home with keys, vaults and the genesis of a new ledger.

    Args:
        founders: The first is the operator.
        clock: "block" or "simulated"; a simulated one starts at start_ms and is kept by the founder `keeper`.
        synthetic: Mark the home as made of invented data.
        cost: scrypt's n for key files and vaults.
        validators: Makes nodes in the home's folder; public keys of their validators by founder. None: one operator seals.

    Raises:
        UsageError: Something is there already, or two founders have one name.
        Unavailable: This machine lacks the suite.
    """
    if path.exists() and any(path.iterdir()):
        raise UsageError("this folder is not empty", code="HOME_EXISTS", where=str(path))
    if len({spec.name for spec in founders}) != len(founders):
        raise UsageError("two founders have the same name", code="NAME_TAKEN")
    for spec in founders:
        Home(path).folder_for(spec.name)
    suite = suite_named(suite_name)
    path.mkdir(parents=True, exist_ok=True)
    operator = path / "operator"
    operator.mkdir(mode=0o700)
    home = Home(path)
    home.names.synthetic = synthetic
    seal = generate_pair(suite, "seal")
    seed = hybrid.generate_seed()
    checkpoint = KeyPair("checkpoint", hybrid.SCHEME, hybrid.public_key(seed), seed)
    for label, pair in (("seal", seal), ("checkpoint", checkpoint)):
        write_key(operator / f"{label}.json", pair, passphrase, cost=cost)
    for label in ("tags", "identities"):
        # A symmetric key has no public half; a random label stands in its place.
        pair = KeyPair(label, "hmac-sha256", secrets.token_bytes(32), secrets.token_bytes(32))
        write_key(operator / f"{label}.json", pair, passphrase, cost=cost)
    identities = read_key(operator / "identities.json", passphrase).private_key
    entries, keepers = [], ""
    for spec in founders:
        keeps = clock == "simulated" and spec.name == keeper
        govern = KEEPER_GOVERN if keeps else MEMBER_GOVERN if spec.member else GOVERN
        office, ruling, entry = new_party(home, spec, suite_name, passphrase, cost)
        if keeps:
            keepers = ruling.public_key.hex()
        identity = identity_digest(identities, spec.uscc or spec.name)
        salt = secrets.token_bytes(SALT_BYTES)
        entries.append(
            (
                entry,
                g.Founder(
                    identity=identity.hex(),
                    roles=tuple(sorted(spec.roles)),
                    member=spec.member,
                    keys=(
                        g.FounderKey(key=office.public_key.hex(), purposes=OFFICE),
                        g.FounderKey(key=ruling.public_key.hex(), purposes=govern),
                    ),
                    account_salts=(salt.hex(),),
                ),
            )
        )
    members = sum(1 for spec in founders if spec.member)
    identity_of = {entry.name: founder.identity for entry, founder in entries}
    deciding = tuple(
        g.Validator(key=key.hex(), identity=identity_of[name])
        for name, key in (validators(path) if validators else {}).items()
    )
    file = g.GenesisFile(
        name=name,
        suite=suite_name,  # type: ignore[arg-type]  # suite_named has checked it
        hash="sm3" if suite_name == "sm2" else "sha256",
        code_version=CODE_VERSION,
        clock=g.ClockRule(kind=clock, key=keepers, start_ms=start_ms),  # type: ignore[arg-type]
        seal=g.Seal(
            key=seal.public_key.hex(),
            post_quantum_key=checkpoint.public_key.hex(),
            countersignatures_min=min(2, max(members - 1, 1)),
        ),
        founders=tuple(founder for _, founder in entries),
        validators=deciding or msgspec.UNSET,
    )
    raw = g.genesis_bytes(file)
    genesis = g.Genesis(raw)
    for entry, founder in entries:
        organisation = founder_id(genesis, bytes.fromhex(founder.identity))
        salt = bytes.fromhex(founder.account_salts[0])
        entry.organisation = organisation.hex()
        entry.account = derive_id(genesis.hash, genesis.chain_id, organisation, salt, "account").hex()
        home.add(entry)
    home.save()
    publish(home.genesis, raw, overwrite=False)
    return home


def identity_digest(key: bytes, identity: str) -> bytes:
    """The registrar's keyed digest of an identity; without the key nobody can try out the numbers that exist."""
    return hmac.digest(key, b"hefu/identity/1\n" + identity.encode("utf-8"), "sha256")


def new_party(
    home: Home, spec: FounderSpec, suite_name: str, passphrase: str, cost: int
) -> tuple[KeySigner, KeySigner, PartyEntry]:
    """Folder, key files and vault of a new organisation; its identifiers come with the ledger."""
    suite = suite_named(suite_name)
    if spec.uscc and not uscc.is_valid(spec.uscc):
        raise UsageError("this is not a unified social credit code: its form or check digit is wrong", code="BAD_USCC")
    entry = PartyEntry(
        name=spec.name,
        folder=home.folder_for(spec.name),
        organisation="",
        account="",
        roles=tuple(sorted(spec.roles)),
        member=spec.member,
        office_key="",
        govern_key="",
        uscc=spec.uscc,
    )
    folder = home.organisation_folder(entry)
    folder.mkdir(parents=True, mode=0o700)
    signers = []
    for name in ("office", "govern"):
        pair = generate_pair(suite, name)
        write_key(folder / f"{name}.key.json", pair, passphrase, cost=cost)
        signers.append(KeySigner.of(pair, suite))
    entry.office_key, entry.govern_key = (signer.public_key.hex() for signer in signers)
    Vault.create(folder / "vault.db", passphrase, cost=cost).close()
    return signers[0], signers[1], entry
