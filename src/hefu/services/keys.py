"""
The keys of an organisation: look through them, add one, replace one, end one.

A home signs with two key files an organisation, `office` and `govern`; every other key file lies beside them under its first
digits. The ledger keeps every key for ever with the block that it begins at and, once it has ended, the block that it ends at.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from hefu.contracts.parties import commands as pc
from hefu.contracts.parties import state as ps
from hefu.contracts.parties.contract import possession_message
from hefu.kernel.codec import Record
from hefu.kernel.errors import Rejected, UsageError
from hefu.kernel.hashing import ZERO
from hefu.kernel.keyfile import generate_pair
from hefu.kernel.signer import KeySigner
from hefu.ledger.chain import Chain
from hefu.services.founding import GOVERN, MEMBER_GOVERN, OFFICE
from hefu.services.home import PartyEntry
from hefu.services.network import Network

KINDS = ("office", "govern")


@dataclass(frozen=True)
class NewKey:
    """
    A key that was added.

    Args:
        replaces: The key that this home signed with until now, where it signs with the new one from here on; else empty.
        file: Name of the new key's file in the organisation's folder.
    """

    key: bytes
    from_height: int
    replaces: bytes
    file: str


def keys_of(chain: Chain, organisation: bytes) -> list[tuple[bytes, ps.KeyRecord]]:
    """Every key that an organisation ever had, in order of the key."""
    found = []
    for raw_key, raw in chain.store.scan(b"sK", b"sL"):
        record = ps.KEY.load(raw)
        if record.organisation == organisation:
            found.append((raw_key[2:], record))
    return found


def add(network: Network, party: PartyEntry, kind: str, limit_minor: int, *, use: bool = False) -> NewKey:
    """
    Add a key; it holds from the block after this transaction's.

    Args:
        kind: "office" for daily business, "govern" for keys, votes and ceilings.
        limit_minor: Largest amount that it signs alone; 0 for no limit.
        use: Let this home sign with it from then on. It does so in any case where the present key has ended.

    Raises:
        UsageError: The present key is the one that genesis names for the clock, and no other can take its place.
    """
    return _add(network, party, kind, limit_minor, use=use, end_old=False)


def rotate(network: Network, party: PartyEntry, limit_minor: int) -> NewKey:
    """Add an office key and end the present one at the same block, unless it has ended already."""
    return _add(network, party, "office", limit_minor, use=True, end_old=True)


def _add(network: Network, party: PartyEntry, kind: str, limit_minor: int, *, use: bool, end_old: bool) -> NewKey:
    organisation, old = bytes.fromhex(party.organisation), bytes.fromhex(getattr(party, f"{kind}_key"))
    record, held = network.engine.query(
        lambda chain: (
            chain.state.get(ps.organisation_key(organisation), ps.ORGANISATION),
            chain.state.get(ps.key_key(old), ps.KEY),
        )
    )
    if record is None or held is None:
        raise Rejected("no such organisation", code="UNKNOWN_ORGANISATION")
    use = use or held.valid_until != 0
    if use and kind == "govern" and network.genesis.file.clock.key == party.govern_key:
        raise UsageError("the simulated clock knows no other key than this one", code="KEY_IN_GENESIS")
    suite = network.genesis.suite
    pair = generate_pair(suite, kind)
    signer = KeySigner.of(pair, suite)
    purposes = OFFICE if kind == "office" else MEMBER_GOVERN if record.member else GOVERN
    message = possession_message(network.genesis.chain_id, record.identity)
    new = pc.NewKey(signer.public_key, purposes, limit_minor, ZERO, ZERO, signer.sign(message))
    # Two blocks ahead: this transaction itself makes the next one.
    from_height = network.chain.tip.height + 2
    folder = network.home.organisation_folder(party)
    # The new file is on the disk before the ledger speaks of the key: a crash between loses nothing.
    pending = folder / f"{kind}-{signer.public_key.hex()[:8]}-{secrets.token_hex(2)}.key.json"
    network.keep_key(pending, pair)
    commands: list[Record] = [pc.AddKey(organisation, new, from_height)]
    if end_old and held.valid_until == 0:
        commands.append(pc.RevokeKey(organisation, old, from_height))
    try:
        network.act(commands, network.ring(party).govern)
    except Rejected:
        # The ledger knows nothing of this key, so nothing is lost with it.
        pending.unlink()
        raise
    if not use:
        return NewKey(signer.public_key, from_height, b"", pending.name)
    present = folder / f"{kind}.key.json"
    present.rename(folder / f"{kind}-until-{from_height}.key.json")
    pending.rename(present)
    setattr(party, f"{kind}_key", signer.public_key.hex())
    network.home.save()
    return NewKey(signer.public_key, from_height, old, present.name)


def revoke(network: Network, party: PartyEntry, key: bytes) -> int:
    """
    End a key; returns the block that it ends at.

    Raises:
        UsageError: No other key of the organisation could add a new one afterwards.
    """
    organisation = bytes.fromhex(party.organisation)
    left = [
        other
        for other, record in network.engine.query(lambda chain: keys_of(chain, organisation))
        if other != key and "administer" in record.purposes and record.valid_until == 0
    ]
    if not left:
        raise UsageError("this is its last key that can add another", code="LAST_GOVERNING_KEY")
    from_height = network.chain.tip.height + 2
    network.act([pc.RevokeKey(organisation, key, from_height)], network.ring(party).govern)
    return from_height
