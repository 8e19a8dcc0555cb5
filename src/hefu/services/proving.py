"""Evidence bundles: everything that proves one right to an outsider, in one file (docs/reference/format.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from hefu.contracts.attestations import state as attestations
from hefu.contracts.evidence import state as evidence
from hefu.contracts.parties import state as parties
from hefu.contracts.receivables import events as e
from hefu.contracts.receivables import state as receivables
from hefu.kernel import merkle
from hefu.kernel.codec import Codec, encode
from hefu.kernel.commitments import OpenedTerms
from hefu.kernel.errors import EngineError, Unavailable, UsageError
from hefu.kernel.hashing import ZERO
from hefu.ledger import checkpoint as checkpoints
from hefu.ledger import transaction as transactions
from hefu.ledger.block import BODY
from hefu.ledger.chain import Chain
from hefu.ledger.store import at_height
from hefu.services.restored import links_of

FORMAT = "hefu-bundle/1"
#: How often a bundle is begun anew where a network decides blocks meanwhile.
ATTEMPTS = 20
LINK: Codec[tuple[int, int, int, bytes, int, bytes]] = Codec(tuple[int, int, int, bytes, int, bytes])

#: Accounts and attestations that each event names, for the proofs that go along.
_ACCOUNTS: dict[type[Any], Callable[[Any], tuple[bytes, ...]]] = {
    e.Proposed: lambda event: (event.owner, event.obligor),
    e.Raised: lambda event: (event.owner, event.obligor),
    e.Assigned: lambda event: (event.to,),
    e.Sold: lambda event: (event.financier,),
    e.Pledged: lambda event: (event.pledgee,),
    e.Financed: lambda event: (event.financier,),
    e.OfferAccepted: lambda event: (event.financier,),
    e.Settled: lambda event: (event.payee,),
}
_ATTESTATIONS: dict[type[Any], Callable[[Any], bytes]] = {
    e.Raised: lambda event: event.delivery,
    e.Sold: lambda event: event.payment,
    e.Financed: lambda event: event.payment,
    e.Settled: lambda event: event.payment,
}


def bundle(chain: Chain, right: bytes, openings: Iterable[tuple[bytes, OpenedTerms]] = ()) -> bytes:
    """
    The evidence bundle of a right as of the tip.

    Args:
        openings: Terms that the holder chooses to show, by right or document.

    Raises:
        UsageError: The ledger holds no such right.
    """
    openings = tuple(openings)
    for _ in range(ATTEMPTS):
        made = _bundle(chain, right, openings)
        if made is not None:
            return made
        chain.refresh()
    raise EngineError("the ledger moves on faster than this can be read; try again", code="NODE_BUSY")


def _bundle(chain: Chain, right: bytes, openings: Sequence[tuple[bytes, OpenedTerms]]) -> bytes | None:
    """The bundle; None where the ledger moved on while it was read, for all of it must be of one tip."""
    began_at = chain.tip_id
    state = chain.state
    record = state.get(receivables.right_key(right), receivables.RIGHT)
    if record is None:
        raise UsageError("this ledger holds no such right", code="UNKNOWN_RIGHT")
    lineage = _lineage(chain, right, record)
    links = [LINK.load(link) for _, part in lineage for link in part]
    events = [chain.application.event_codec.load(link[5]) for link in links]
    packed, keys = _transactions(chain, links)
    document = state.get(evidence.document_key(record.document), evidence.DOCUMENT)
    assert document is not None
    accounts = {record.header.owner, record.obligor, document.seller, document.buyer}
    accounts |= {endorsement.assignor for endorsement in record.endorsements}
    accounts |= {encumbrance.pledgee for encumbrance in record.header.encumbrances}
    if record.lock is not None:
        accounts.add(record.lock.financier)
    vouchers: set[bytes] = set()
    for event in events:
        accounts.update(_ACCOUNTS.get(type(event), lambda _: ())(event))
        attestation = _ATTESTATIONS.get(type(event), lambda _: b"")(event)
        if attestation:
            vouchers.add(attestation)
    accounts.discard(ZERO)
    proven = {receivables.right_key(right), evidence.document_key(record.document)}
    organisations: set[bytes] = set()
    for account in accounts:
        owner = state.get(parties.account_key(account), parties.ACCOUNT)
        assert owner is not None
        organisations.add(owner.organisation)
        proven.add(parties.account_key(account))
    for key in keys:
        signer = state.get(parties.key_key(key), parties.KEY)
        assert signer is not None
        organisations.add(signer.organisation)
        proven.add(parties.key_key(key))
    for voucher in vouchers:
        attested = state.get(attestations.attestation_key(voucher), attestations.ATTESTATION)
        assert attested is not None
        organisations.add(attested.attester)
        proven.add(attestations.attestation_key(voucher))
    proven.update(parties.organisation_key(organisation) for organisation in organisations)
    packed_proofs = chain.prove_many(sorted(proven))
    if chain.tip_id != began_at:
        return None
    return encode(
        (
            FORMAT,
            chain.genesis.raw,
            chain.sealed(),
            _checkpoint_of_tip(chain),
            right,
            lineage,
            packed_proofs,
            packed,
            sorted((thing, opened.commitments, opened.opened) for thing, opened in openings),
        )
    )


def _checkpoint_of_tip(chain: Chain) -> checkpoints.Checkpoint | None:
    newest = checkpoints.latest(chain.store)
    if newest is None or checkpoints.BODY.load(newest.body).height != chain.tip.height:
        return None
    return newest


def _lineage(chain: Chain, right: bytes, record: receivables.RightRecord) -> list[tuple[bytes, list[bytes]]]:
    """The right's links, preceded by those of its ancestors up to each split."""
    lineage = [(right, links_of(chain, right, record))]
    while record.depth:
        child, first = lineage[0][0], lineage[0][1][0]
        parent = chain.state.get(receivables.right_key(record.parent), receivables.RIGHT)
        assert parent is not None
        links = links_of(chain, record.parent, parent)
        lineage.insert(0, (record.parent, links[: links.index(first) + 1]))
        assert child != record.parent
        record = parent
    return lineage


def _transactions(
    chain: Chain, links: Sequence[tuple[int, int, int, bytes, int, bytes]]
) -> tuple[list[Any], set[bytes]]:
    """Header, signatures and the commands that the links name, of each transaction; and all signing keys."""
    wanted: dict[bytes, set[int]] = {}
    heights: dict[bytes, int] = {}
    for height, _, _, transaction_id, index, _ in links:
        wanted.setdefault(transaction_id, set()).add(index)
        heights[transaction_id] = height
    h = chain.genesis.hash
    packed: list[Any] = []
    keys: set[bytes] = set()
    for transaction_id in sorted(wanted):
        place = chain.place(transaction_id)
        body = chain.get(at_height(b"t", heights[transaction_id]))
        if place is None or body is None:
            raise Unavailable("this node keeps no old bodies; ask one that keeps all blocks", code="NOT_ARCHIVED")
        wire = transactions.WIRE.load(BODY.load(body)[place[1]])
        leaves = transactions.command_leaves(h, wire.commands)
        opened = [
            (index, *wire.commands[index], merkle.path(h, leaves, index)) for index in sorted(wanted[transaction_id])
        ]
        packed.append((wire.header, wire.signatures, opened))
        keys.update(transactions.HEADER.load(wire.header).keys)
    return packed, keys
