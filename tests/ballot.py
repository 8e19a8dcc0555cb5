"""A network's replica with a cast that votes about validators."""

from __future__ import annotations

from typing import Any

import msgspec

from hefu import bootstrap
from hefu.contracts.parties import commands as pc
from hefu.contracts.parties import state as ps
from hefu.contracts.parties.contract import founder_id, validator_message
from hefu.kernel.ids import derive_id
from hefu.kernel.signer import KeySigner
from hefu.kernel.suites import suite_named
from hefu.kernel.time import start_of_day_ms
from hefu.ledger import genesis as g
from hefu.ledger.block import Receipt
from hefu.ledger.engines.cometbft.parcel import pack
from hefu.ledger.engines.cometbft.replica import Replica
from hefu.ledger.store import MemoryStore
from world import BLOCK_START_MS, CAST, TODAY, World, digest, salt

VALIDATORS = {name: KeySigner(suite_named("ed25519"), digest("validator " + name)) for name in CAST}
FOUNDING = ("Operator", "BankA", "BankB", "BankC")


class Ballot:
    """A network's replica with its cast, and votes in blocks of their own."""

    def __init__(self, validators: tuple[str, ...] = FOUNDING) -> None:
        self.world = World()
        founders = self.world.genesis.file.founders
        deciding = tuple(
            g.Validator(key=VALIDATORS[name].public_key.hex(), identity=founders[list(CAST).index(name)].identity)
            for name in validators
        )
        file = msgspec.structs.replace(self.world.genesis.file, validators=deciding or msgspec.UNSET)
        self.world.genesis = g.Genesis(g.genesis_bytes(file))
        self.store = MemoryStore()
        self.replica = Replica(self.world.genesis, bootstrap.application(), self.store)
        self.height = 0

    def org(self, name: str) -> bytes:
        index = list(CAST).index(name)
        return founder_id(self.world.genesis, bytes.fromhex(self.world.genesis.file.founders[index].identity))

    def change(self, owner: str, power: int, *, key: str = "", prover: str = "", for_whom: str = "") -> pc.SetValidator:
        message = validator_message(self.world.genesis.chain_id, self.org(for_whom or owner))
        possession = VALIDATORS[prover or key or owner].sign(message) if power else b""
        return pc.SetValidator(self.org(owner), VALIDATORS[key or owner].public_key, power, possession)

    def decide(self, *changes: pc.Change, voters: tuple[str, ...] = ("BankA", "BankB")) -> tuple[Receipt, Any]:
        """One block with a transaction that proposes each change and votes for it."""
        genesis, commands = self.world.genesis, []
        for change in changes:
            of = salt(f"{self.height} {len(commands)}")
            proposal = derive_id(genesis.hash, genesis.chain_id, self.org("Operator"), of, "proposal")
            until = start_of_day_ms(TODAY) + 86_400_000
            commands.append(pc.ProposeChange(self.org("Operator"), of, change, until))
            commands += [pc.Vote(proposal, self.org(name), True) for name in voters]
        raw = self.world.draft(commands, *(self.world.signers[name] for name in ("Operator", *voters))).wire()
        self.height += 1
        _, updates = self.replica.finalize(self.height, BLOCK_START_MS + self.height, [pack([raw])])
        return self.replica.commit().receipts[0], updates

    def validators(self) -> dict[bytes, int]:
        record = self.replica.chain.state.get(ps.VALIDATORS_KEY, ps.VALIDATORS)
        return {} if record is None else {v.key: v.power for v in record.validators}


def key(name: str) -> bytes:
    return VALIDATORS[name].public_key
