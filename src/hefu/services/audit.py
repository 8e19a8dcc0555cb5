"""
The named invariants of the whole ledger, each a function that says whether it holds and of how many things.

Contracts keep them by construction; these look at every record there is and do not trust the contracts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hefu.assets.header import history_start, next_head, sums_to_face
from hefu.contracts.evidence import state as es
from hefu.contracts.evidence.contract import adds_up
from hefu.contracts.receivables import state as rs
from hefu.kernel.errors import Corrupt
from hefu.kernel.hashing import ZERO
from hefu.ledger import audit
from hefu.ledger.chain import Chain
from hefu.ledger.tree import check_proof


@dataclass(frozen=True)
class Finding:
    """Whether an invariant holds, and over how many things it was checked."""

    name: str
    holds: bool
    checked: int
    first_violation: str = ""


def _rights(chain: Chain) -> Iterator[tuple[bytes, rs.RightRecord]]:
    for key, raw in chain.store.scan(b"sR", b"sS"):
        yield key[2:], rs.RIGHT.load(raw)


def _documents(chain: Chain) -> Iterator[tuple[bytes, es.DocumentRecord]]:
    for key, raw in chain.store.scan(b"sD", b"sE"):
        yield key[2:], es.DOCUMENT.load(raw)


def parts_sum_to_face(chain: Chain) -> tuple[int, str]:
    """At every depth: face is what is open, settled and passed on; what was passed on is the faces of the children."""
    passed: dict[bytes, int] = {}
    faces: dict[bytes, int] = {}
    count = 0
    for right, record in _rights(chain):
        count += 1
        header = record.header
        if not sums_to_face(header) or min(header.open, header.settled, header.passed) < 0:
            return count, right.hex()
        passed[right] = header.passed
        if record.depth:
            faces[record.parent] = faces.get(record.parent, 0) + header.face
    for right, amount in passed.items():
        if faces.get(right, 0) != amount:
            return count, right.hex()
    return count, ""


def capacity_adds_up(chain: Chain) -> tuple[int, str]:
    """Every document's four parts sum to its gross, and what is live is what its live receivables have open."""
    live: dict[bytes, int] = {}
    for _, record in _rights(chain):
        if record.status == rs.LIVE:
            live[record.document] = live.get(record.document, 0) + record.header.open
    count = 0
    for document, held in _documents(chain):
        count += 1
        if not adds_up(held) or held.live != live.get(document, 0):
            return count, document.hex()
    return count, ""


def one_owner_one_pledge(chain: Chain) -> tuple[int, str]:
    """Every right has one owner and at most one live pledge."""
    count = 0
    for right, record in _rights(chain):
        count += 1
        if len(record.header.owner) != 32 or record.header.owner == ZERO or len(record.header.encumbrances) > 1:
            return count, right.hex()
    return count, ""


def exposure_adds_up(chain: Chain) -> tuple[int, str]:
    """What an obligor owes in all is what its confirmed live receivables have open."""
    owed: dict[bytes, int] = {}
    for _, record in _rights(chain):
        if record.status == rs.LIVE and record.backing == rs.CONFIRMED_BACKING:
            key = rs.exposure_key(record.obligor, record.header.currency)
            owed[key] = owed.get(key, 0) + record.header.open
    count = 0
    for key, raw in chain.store.scan(b"sX", b"sY"):
        count += 1
        if rs.EXPOSURE.load(raw).live != owed.pop(key[1:], 0):
            return count, key[2:34].hex()
    return count, next((key.hex() for key, amount in owed.items() if amount), "")


def histories_fold(chain: Chain) -> tuple[int, str]:
    """The links of every right lead to the head in its record, from its parent's head or from nothing."""
    h = chain.genesis.hash
    records = dict(_rights(chain))
    heads: dict[bytes, list[bytes]] = {}

    def fold(right: bytes) -> list[bytes]:
        """Heads after each link, the start first."""
        known = heads.get(right)
        if known is not None:
            return known
        record, links = records[right], chain.links(right)
        parent_head = ZERO
        if record.depth:
            at = chain.links(record.parent).index(links[0])
            parent_head = fold(record.parent)[at + 1]
        found = [history_start(h, parent_head, right)]
        for link in links:
            found.append(next_head(h, found[-1], link))
        heads[right] = found
        return found

    for count, (right, record) in enumerate(records.items(), 1):
        found = fold(right)
        if found[-1] != record.header.history or len(found) - 1 != record.header.length:
            return count, right.hex()
    return len(records), ""


def proofs_verify(chain: Chain) -> tuple[int, str]:
    """Presence of every right, and absence of one that does not exist, are proven under the tip's root."""
    count = 0
    for right, _ in _rights(chain):
        for key in (rs.right_key(right), rs.right_key(right[::-1])):
            count += 1
            try:
                check_proof(chain.genesis.hash, chain.prove(key), chain.tip.state_root)
            except Corrupt:
                return count, right.hex()
    return count, ""


def replay_equals_state(chain: Chain) -> tuple[int, str]:
    """Everything recomputed from the bodies alone is what is stored, byte for byte."""
    try:
        report = audit.verify(chain.store, chain.genesis, chain.application)
    except Corrupt as error:
        return 0, str(error)
    return report.transactions, ""


INVARIANTS: tuple[Callable[[Chain], tuple[int, str]], ...] = (
    parts_sum_to_face,
    capacity_adds_up,
    one_owner_one_pledge,
    exposure_adds_up,
    histories_fold,
    proofs_verify,
    replay_equals_state,
)


def check_all(chain: Chain) -> list[Finding]:
    """Every invariant over the durable ledger."""
    findings = []
    for invariant in INVARIANTS:
        checked, violation = invariant(chain)
        findings.append(Finding(invariant.__name__, not violation, checked, violation))
    return findings
