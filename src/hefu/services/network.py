"""
An opened home: one ledger, its engine or the network's nodes, and the keys and vaults of the organisations in it.

It signs for whoever's keys it holds and submits; every rule is the contracts'.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hefu.contracts.parties import commands as pc
from hefu.contracts.parties import state as ps
from hefu.contracts.parties.contract import possession_message
from hefu.contracts.parties.roles import ACTIVE
from hefu.kernel.codec import Record
from hefu.kernel.errors import EngineError, Rejected, UsageError
from hefu.kernel.hashing import ZERO
from hefu.kernel.ids import SALT_BYTES, derive_id
from hefu.kernel.keyfile import COST, KeyPair, read_key, write_key
from hefu.kernel.signer import KeySigner
from hefu.kernel.vault import Vault
from hefu.ledger import checkpoint as checkpoints
from hefu.ledger import genesis as g
from hefu.ledger.application import Application
from hefu.ledger.audit import check_seal
from hefu.ledger.block import Receipt
from hefu.ledger.chain import BLOCK_ID_PREFIX, Chain
from hefu.ledger.engine import Engine, Ticket
from hefu.ledger.engines.embedded import EmbeddedEngine, system_ms
from hefu.ledger.engines.storeprocess import StoreProcess
from hefu.ledger.store import RocksStore
from hefu.ledger.transaction import Draft
from hefu.privacy.fingerprints import EvaluationQuota, NamedEvaluator
from hefu.services.founding import GOVERN, MEMBER_GOVERN, OFFICE, FounderSpec, found, identity_digest, new_party
from hefu.services.home import Home, PartyEntry

WINDOW_MS = 3_600_000
#: Evaluations of tags that one process may ask for; a home has one evaluator, the operator.
EVALUATIONS_MAX = 1_000_000
#: How often a checkpoint is begun anew where a network decides blocks meanwhile.
CHECKPOINT_ATTEMPTS = 20
#: A quiet network makes an empty block every five seconds; twice that, block time has passed.
BLOCK_TIME_LAG_MS = 10_000


@dataclass(frozen=True)
class KeyRing:
    """The two signers of an organisation: daily business, and keys, votes and checkpoints."""

    office: KeySigner
    govern: KeySigner


class Network:
    """
    An opened home.

    Args:
        home: The folder.
        application: The contracts (from bootstrap).
        passphrase: Opens key files and vaults.
        cost: scrypt's n for files that are newly written.
        verifiers: Processes that check signatures; with any, store and tree have one of their own too.
    """

    def __init__(
        self, home: Home, application: Application, passphrase: str, *, cost: int = COST, verifiers: int = 0
    ) -> None:
        home.require()
        self.home = home
        self.genesis = g.Genesis.read(home.genesis)
        self._passphrase = passphrase
        self._cost = cost
        self._rings: dict[str, KeyRing] = {}
        self._vaults: dict[str, Vault] = {}
        self._operator = home.path / "operator"
        seal = read_key(self._operator / "seal.json", passphrase)
        self.sealer = KeySigner.of(seal, self.genesis.suite)
        self.chain: Chain
        self.engine: Engine
        if home.network.exists():
            # Loaded only where there is one: an HTTP client takes longer to load than most commands to run.
            from hefu.services.nodes.client import RemoteChain, RemoteEngine
            from hefu.services.nodes.local import client_of
            from hefu.services.nodes.unanswered import Unanswered

            remote = self.chain = RemoteChain(client_of(home.path), self.genesis, application, home.checkpoints)
            self.engine = RemoteEngine(remote, Unanswered(home.unanswered))
        else:
            if verifiers:
                beside = StoreProcess(home.ledger, self.genesis)
                try:
                    self.chain = Chain(self.genesis, application, beside, self.sealer, tree=beside)
                except BaseException:
                    # It would hold the ledger for as long as this process lives.
                    beside.close()
                    raise
            else:
                self.chain = Chain(self.genesis, application, RocksStore(home.ledger), self.sealer)
            try:
                self.engine = EmbeddedEngine(self.chain, verifiers=verifiers)
            except BaseException:
                self.chain.store.close()
                raise
        self._quota = EvaluationQuota(EVALUATIONS_MAX)
        #: What else is open as long as this is, closed with it.
        self.beside: list[Callable[[], None]] = []

    # -- making -------------------------------------------------------------------------------------------------

    @classmethod
    def create(
        cls,
        path: Path,
        application: Application,
        *,
        passphrase: str,
        cost: int = COST,
        verifiers: int = 0,
        **founding: Any,
    ) -> Network:
        """Found an embedded ledger, as `founding.found` says, and open it."""
        home = found(path, passphrase=passphrase, cost=cost, **founding)
        return cls(home, application, passphrase, cost=cost, verifiers=verifiers)

    def enrol(self, spec: FounderSpec, registrar: str) -> PartyEntry:
        """
        Enrol a supplier by a registrar, or admit another kind of organisation by the members' votes.

        Members whose keys lie in this home vote for it. The address book knows its keys and identifiers before the ledger
        does: what ended half way, or without an answer, goes on when it is enrolled again.

        Raises:
            Rejected: A rule refused, or votes are missing (VOTES_MISSING).
            UsageError: It was begun with other roles, membership or code (ENROLMENT_BEGUN).
        """
        home = self.home
        by = home.party(registrar)
        before = home.unfinished(spec.name)
        if before is not None and not _is_of(before, spec):
            raise UsageError(
                "its enrolment was begun otherwise and may be carried out yet; repeat it as it was",
                code="ENROLMENT_BEGUN",
                where=f"{', '.join(before.roles)}{', member' * before.member}",
            )
        entry = before or self._begun(spec, by)
        creator, salt, account_salt = _enrolment_of(entry)
        organisation = bytes.fromhex(entry.organisation)
        if not self._knows(organisation):
            try:
                self._admit(entry, by, creator, salt)
            except Rejected as error:
                # A transaction of the first try may have arrived meanwhile, or may arrive yet: its keys are kept.
                if not self._knows(organisation):
                    if before is None and error.code != "VOTES_MISSING":
                        # Nothing else is on its way, and the ledger knows nothing of these keys: nothing is lost with them.
                        home.remove(entry)
                    raise
        account_key = ps.account_key(bytes.fromhex(entry.account))
        if self.engine.query(lambda chain: chain.state.get(account_key, ps.ACCOUNT)) is None:
            self.act([pc.OpenAccount(organisation, account_salt)], self.ring(entry).govern)
        entry.enrolment = ""
        home.save()
        return entry

    def _begun(self, spec: FounderSpec, by: PartyEntry) -> PartyEntry:
        """Its keys, and the identifiers that it will have, in the address book."""
        office, ruling, entry = new_party(self.home, spec, self.genesis.file.suite, self._passphrase, self._cost)
        self._rings[entry.name] = KeyRing(office, ruling)
        salt, account_salt = secrets.token_bytes(SALT_BYTES), secrets.token_bytes(SALT_BYTES)
        creator = bytes.fromhex(by.organisation) if _is_enrolled(entry) else ZERO
        organisation = self._derive(creator, salt, "organisation")
        entry.organisation = organisation.hex()
        entry.account = self._derive(organisation, account_salt, "account").hex()
        entry.enrolment = (creator + salt + account_salt).hex()
        self.home.add(entry)
        self.home.save()
        return entry

    def _admit(self, entry: PartyEntry, by: PartyEntry, creator: bytes, salt: bytes) -> None:
        identities = read_key(self._operator / "identities.json", self._passphrase).private_key
        identity = identity_digest(identities, entry.uscc or entry.name)
        message = possession_message(self.genesis.chain_id, identity)
        ring = self.ring(entry)
        keys = tuple(
            pc.NewKey(signer.public_key, purposes, 0, ZERO, ZERO, signer.sign(message))
            for signer, purposes in ((ring.office, OFFICE), (ring.govern, MEMBER_GOVERN if entry.member else GOVERN))
        )
        if _is_enrolled(entry):
            self.act([pc.Enrol(creator, salt, identity, entry.roles, keys)], self.ring(by).govern)
        else:
            self.vote(by, pc.Admit(salt, identity, entry.roles, entry.member, keys))

    def _knows(self, organisation: bytes) -> bool:
        key = ps.organisation_key(organisation)
        return self.engine.query(lambda chain: chain.state.get(key, ps.ORGANISATION)) is not None

    def vote(self, proposer: PartyEntry, change: pc.Change) -> Receipt:
        """
        Propose a change and let the members whose keys lie in this home vote for it, in one transaction.

        Raises:
            Rejected: The change cannot be, or this home has the keys of too few members (VOTES_MISSING): it is proposed then, and
                adopted as soon as the others vote (`cast`).
        """
        salt = secrets.token_bytes(SALT_BYTES)
        proposal = self._derive(bytes.fromhex(proposer.organisation), salt, "proposal")
        until = self.business_ms() + 86_400_000
        commands: list[Record] = [pc.ProposeChange(bytes.fromhex(proposer.organisation), salt, change, until)]
        signers = [self.ring(proposer).govern]
        record = self.engine.query(lambda chain: chain.state.get(ps.MEMBERS_KEY, ps.MEMBERS))
        # The ledger's members, not this home's: others may have been admitted from elsewhere.
        members = frozenset(record.members if record is not None else ())
        needed = (2 * len(members) + 2) // 3
        for party in self.home.names.parties:
            if len(signers) >= needed:
                break
            # A suspended member counts, but signs nothing.
            is_member = bytes.fromhex(party.organisation) in members
            if is_member and party.name != proposer.name and self._active(party):
                commands.append(pc.Vote(proposal, bytes.fromhex(party.organisation), True))
                signers.append(self.ring(party).govern)
        receipt = self.act(commands, *signers)
        self._check_adopted(proposal)
        return receipt

    def cast(self, voter: PartyEntry, proposal: bytes, *, approve: bool) -> bool:
        """
        A member's vote on a change that somebody proposed.

        Returns:
            Whether it was adopted with this vote.

        Raises:
            Rejected: No such proposal, or this member cannot vote on it any more.
        """
        self.act([pc.Vote(proposal, bytes.fromhex(voter.organisation), approve)], self.ring(voter).govern)
        return self._proposal(proposal).status == "adopted"

    def _check_adopted(self, proposal: bytes) -> None:
        record = self._proposal(proposal)
        if record.status == "open":
            raise Rejected(
                f"proposed, and not adopted yet: {len(record.approving)} members have voted for it; let others vote on "
                f"{proposal.hex()}",
                code="VOTES_MISSING",
            )

    def _proposal(self, proposal: bytes) -> ps.ProposalRecord:
        record = self.engine.query(lambda chain: chain.state.get(ps.proposal_key(proposal), ps.PROPOSAL))
        assert record is not None, "a vote was accepted on what does not exist"
        return record

    def too_old(self, code_version: int) -> list[str]:
        """Nodes that would stop at a code version, or do not answer; none where this process is the ledger."""
        from hefu.services.nodes.client import RemoteChain

        return self.chain.client.too_old(code_version) if isinstance(self.chain, RemoteChain) else []

    def _active(self, party: PartyEntry) -> bool:
        key = ps.organisation_key(bytes.fromhex(party.organisation))
        record = self.engine.query(lambda chain: chain.state.get(key, ps.ORGANISATION))
        return record is not None and record.status == ACTIVE

    def _derive(self, creator: bytes, salt: bytes, kind: str) -> bytes:
        return derive_id(self.genesis.hash, self.genesis.chain_id, creator, salt, kind)

    # -- using --------------------------------------------------------------------------------------------------

    def ring(self, party: PartyEntry) -> KeyRing:
        """An organisation's signers, opened once."""
        ring = self._rings.get(party.name)
        if ring is None:
            folder = self.home.organisation_folder(party)
            office, ruling = (
                KeySigner.of(read_key(folder / f"{name}.key.json", self._passphrase), self.genesis.suite)
                for name in ("office", "govern")
            )
            ring = self._rings[party.name] = KeyRing(office, ruling)
        return ring

    def vault(self, party: PartyEntry) -> Vault:
        """An organisation's vault, opened once."""
        vault = self._vaults.get(party.name)
        if vault is None:
            path = self.home.organisation_folder(party) / "vault.db"
            vault = self._vaults[party.name] = Vault.open(path, self._passphrase)
        return vault

    def keep_key(self, path: Path, pair: KeyPair) -> None:
        """Write a new key file under this home's passphrase."""
        write_key(path, pair, self._passphrase, cost=self._cost)

    def open_key(self, path: Path, purpose: str) -> KeyPair:
        """Open a key file under this home's passphrase."""
        return read_key(path, self._passphrase, purpose=purpose)

    def evaluator(self, caller: str) -> NamedEvaluator:
        """The operator's evaluator of tags, on behalf of a caller."""
        key = read_key(self._operator / "tags.json", self._passphrase).private_key
        return NamedEvaluator(key, 1, caller=caller, quota=self._quota)

    def draft(self, commands: Sequence[Record], *signers: KeySigner) -> Draft:
        """A transaction with its signatures, valid from now for an hour."""
        unique = list({signer.public_key: signer for signer in signers}.values())
        now = max(system_ms(), self.chain.tip.at_ms) - 60_000
        keys = [signer.public_key for signer in unique]
        draft = Draft(self.genesis.hash, self.genesis.chain_id, commands, keys, now, now + WINDOW_MS)
        return draft.sign(*unique)

    def send(self, commands: Sequence[Record], *signers: KeySigner) -> Ticket:
        """Sign and submit without waiting."""
        return self.engine.submit(self.draft(commands, *signers).wire())

    def act(self, commands: Sequence[Record], *signers: KeySigner) -> Receipt:
        """
        Sign, submit, wait until durable.

        Raises:
            Rejected: A rule refused; `code` says which.
        """
        return accepted(self.send(commands, *signers).wait())

    def business_ms(self) -> int:
        """Business time now: the simulated clock's, or this machine's."""
        if self.genesis.file.clock.kind == "block":
            return system_ms()
        return self.engine.query(
            lambda chain: chain.application.clock.now_ms(chain.state, chain.genesis, chain.tip.at_ms)
        )

    def stated_ms(self) -> int:
        """
        As of when something can be attested now: never after the block that will hold it.

        On a network a block bears the time at which the one before it was voted for, some seconds behind this machine's clock;
        it is never before the tip.
        """
        if self.genesis.file.clock.kind == "simulated" or not self.home.network.exists():
            return self.business_ms()
        tip_ms = self.engine.query(lambda chain: chain.tip.at_ms)
        return max(tip_ms, system_ms() - BLOCK_TIME_LAG_MS)

    # -- checkpoints --------------------------------------------------------------------------------------------

    def checkpoint(self) -> checkpoints.Checkpoint:
        """
        Checkpoint the tip: the operator signs, and every other founding member in this home countersigns what it finds consistent.

        A member remembers in its vault what it signed last, and signs nothing that does not contain it; nor, on a network, what
        the validators did not decide.

        Raises:
            Corrupt: History was rewritten since the last one, or the validators did not sign the tip.
            EngineError: A network moves on faster than its tip can be signed (NODE_BUSY).
        """
        seed = read_key(self._operator / "checkpoint.json", self._passphrase).private_key

        entitled = {
            bytes.fromhex(key.key)
            for founder in self.genesis.file.founders
            # The operator's own word is the checkpoint itself; twice, it would look like a witness.
            if founder.member and checkpoints.OPERATOR_ROLE not in founder.roles
            for key in founder.keys
            if "checkpoint" in key.purposes
        }

        def make(chain: Chain) -> checkpoints.Checkpoint | None:
            self._check_decided(chain)
            made = checkpoints.make(chain, self.sealer, seed)
            for party in self.home.names.parties:
                # Only founders' keys mean anything to a verifier, who knows nobody else from the genesis.
                if bytes.fromhex(party.govern_key) in entitled:
                    signed = self._countersign(chain, made, party)
                    if signed is None:
                        return None
                    made = signed
            checkpoints.keep(chain.store, made)
            return made

        for _ in range(CHECKPOINT_ATTEMPTS):
            found = self.engine.query(make)
            if found is not None:
                return found
        raise EngineError("the ledger moves on faster than its tip can be signed; try again", code="NODE_BUSY")

    def _check_decided(self, chain: Chain) -> None:
        """
        On a network: the block that is vouched for is one that the validators decided, whatever the node says. An operator's own
        ledger it seals itself.
        """
        from hefu.services.nodes.client import RemoteChain

        if not isinstance(chain, RemoteChain):
            return
        sealed = chain.tip_sealed
        if sealed.seal_kind == "operator" and not self.genesis.validators:
            # The last block before validators took the ledger over; they have decided none yet.
            check_seal(self.genesis, sealed)
            return
        from hefu.services.nodes.light import check_votes, seal_of

        check_votes(seal_of(chain.client, chain.tip.height, sealed.header), self.genesis)

    def _countersign(
        self, chain: Chain, made: checkpoints.Checkpoint, party: PartyEntry
    ) -> checkpoints.Checkpoint | None:
        """With a member's signature; None where the ledger moved on meanwhile."""
        vault = self.vault(party)
        stored = vault.get("checkpoint", b"last")
        last = None if stored is None else checkpoints.BODY.load(stored)
        consistency = None
        if last is not None and last.height < chain.tip.height:
            consistency = chain.prove(BLOCK_ID_PREFIX + last.height.to_bytes(8, "big"))
            if checkpoints.BODY.load(made.body).block_id != chain.tip_id:
                return None
        signed = checkpoints.countersign(
            self.genesis,
            made,
            self.ring(party).govern,
            last_signed=last,
            tip_header=chain.tip_sealed.header,
            consistency=consistency,
        )
        vault.put("checkpoint", b"last", signed.body)
        return signed

    def close(self) -> None:
        """Answer what is queued, close the ledger and the vaults."""
        for close in self.beside:
            close()
        self.engine.close()
        for vault in self._vaults.values():
            vault.close()

    def __enter__(self) -> Network:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _is_enrolled(entry: PartyEntry) -> bool:
    """Whether a registrar enrols it; others are admitted by vote."""
    return entry.roles == ("supplier",) and not entry.member


def _is_of(entry: PartyEntry, spec: FounderSpec) -> bool:
    """Whether an organisation is the one that is specified."""
    return (entry.roles, entry.member, entry.uscc) == (tuple(sorted(spec.roles)), spec.member, spec.uscc)


def _enrolment_of(entry: PartyEntry) -> tuple[bytes, bytes, bytes]:
    """Creator, salt and the account's salt."""
    raw = bytes.fromhex(entry.enrolment)
    return raw[: -2 * SALT_BYTES], raw[-2 * SALT_BYTES : -SALT_BYTES], raw[-SALT_BYTES:]


def accepted(receipt: Receipt) -> Receipt:
    """
    The receipt of what took effect.

    Raises:
        Rejected: It did not; the code says why.
    """
    if not receipt.ok:
        raise Rejected(code=receipt.code)
    return receipt
