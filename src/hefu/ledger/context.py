"""What a contract is told of the world: times, chain, transaction. It has no other way to know."""

from __future__ import annotations

from datetime import date

import msgspec

from hefu.kernel.hashing import Hash
from hefu.kernel.ids import derive_id
from hefu.kernel.suites.port import Suite
from hefu.ledger.genesis import Genesis, RuleParameters


class Context(msgspec.Struct, gc=False):
    """
    The circumstances of one command.

    `height`, `block_at_ms` are the block's, `code_version` is what its contracts decide by; `business_at_ms`, `business_on` come
    from the clock that genesis names. The application alters `transaction_id` and `command_index` as it goes.
    """

    genesis: Genesis
    height: int
    block_at_ms: int
    business_at_ms: int
    business_on: date
    code_version: int
    transaction_id: bytes = b""
    command_index: int = 0
    #: What each key has signed alone in this transaction so far, by its place among the signers.
    alone: dict[int, int] = msgspec.field(default_factory=dict)

    @property
    def hash(self) -> Hash:
        """The chain's hash."""
        return self.genesis.hash

    @property
    def suite(self) -> Suite:
        """The chain's signature suite."""
        return self.genesis.suite

    @property
    def rules(self) -> RuleParameters:
        """Parameters of the rule set in force on the business date."""
        return self.genesis.file.rules

    @property
    def chain_id(self) -> bytes:
        """The chain."""
        return self.genesis.chain_id

    def new_id(self, account: bytes, salt: bytes, kind: str) -> bytes:
        """Identifier of a thing that this command creates."""
        return derive_id(self.genesis.hash, self.genesis.chain_id, account, salt, kind)


class Link(msgspec.Struct, frozen=True, gc=False):
    """
    What ties an event into histories: its bytes as [height, block time, business time, transaction, command, event].

    `raw` is hashed into the head of every asset that the event touches.
    """

    raw: bytes
    hash: Hash
    height: int
    business_at_ms: int
    business_on: date
