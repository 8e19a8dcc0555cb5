"""Look-ups over the ledger itself, each with the height that it holds for. Lists scan; read models answer at scale."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from hefu.contracts.evidence import state as es
from hefu.contracts.receivables import state as rs
from hefu.kernel.errors import Rejected
from hefu.kernel.money import zero
from hefu.ledger.chain import Chain
from hefu.ledger.engines.embedded import system_ms
from hefu.readmodels.marks import Moment, mark
from hefu.services.proving import LINK
from hefu.services.restored import links_of


@dataclass(frozen=True)
class Step:
    """One event of a right's history, with when and in which transaction."""

    right: bytes
    height: int
    block_at_ms: int
    business_at_ms: int
    transaction_id: bytes
    event: Any

    @property
    def tag(self) -> str:
        """The event's tag, for example receivables.assigned."""
        name: str = type(self.event).__struct_config__.tag
        return name


def moment(chain: Chain) -> Moment:
    """Business time now: the simulated clock's, or this machine's, for a quiet ledger has an old tip."""
    if chain.genesis.file.clock.kind == "block":
        return Moment(max(system_ms(), chain.tip.at_ms))
    return Moment(chain.application.clock.now_ms(chain.state, chain.genesis, chain.tip.at_ms))


def mark_of(record: rs.RightRecord, now: Moment) -> str:
    """What the calendar makes of a right: lapsed, due, overdue, or an empty text."""
    return mark(record.status, record.until_ms, record.due_on, now)


def all_rights(chain: Chain) -> Iterator[tuple[bytes, rs.RightRecord]]:
    """Every right with its record, in order of identifier."""
    for key, raw in chain.store.scan(b"sR", b"sS"):
        yield key[2:], rs.RIGHT.load(raw)


@dataclass(frozen=True)
class Filter:
    """
    Which rights a list is about; what is None or empty does not matter.

    Args:
        due_after, due_before: Due dates, both days included.
        mark: As of `now`.
    """

    owner: bytes | None = None
    obligor: bytes | None = None
    status: str | None = None
    due_after: date | None = None
    due_before: date | None = None
    mark: str | None = None

    def takes(self, record: rs.RightRecord, now: Moment) -> bool:
        """Whether a right belongs to the list."""
        return (
            (self.owner is None or record.header.owner == self.owner)
            and (self.obligor is None or record.obligor == self.obligor)
            and (self.status is None or record.status == self.status)
            and (self.due_after is None or record.due_on >= self.due_after)
            and (self.due_before is None or record.due_on <= self.due_before)
            and (self.mark is None or mark_of(record, now) == self.mark)
        )


def rights(chain: Chain, wanted: Filter) -> tuple[int, list[tuple[bytes, rs.RightRecord]]]:
    """The rights of a filter; the largest open amount first."""
    now = moment(chain)
    found = [(right, record) for right, record in all_rights(chain) if wanted.takes(record, now)]
    found.sort(key=lambda item: (-item[1].header.open, item[0]))
    return chain.tip.height, found


def exposure(chain: Chain, obligor: bytes, currency: str = "CNY") -> rs.ExposureRecord:
    """What an obligor's account owes in all, and its ceiling."""
    known = chain.state.get(rs.exposure_key(obligor, currency), rs.EXPOSURE)
    return known or rs.ExposureRecord(currency, zero(), None)


def documents(
    chain: Chain, *, seller: bytes | None = None, buyer: bytes | None = None
) -> list[tuple[bytes, es.DocumentRecord]]:
    """Invoices of a seller, on a buyer; the largest first."""
    found = []
    for key, raw in chain.store.scan(b"sD", b"sE"):
        record = es.DOCUMENT.load(raw)
        if record.kind == "invoice" and seller in (None, record.seller) and buyer in (None, record.buyer):
            found.append((key[2:], record))
    found.sort(key=lambda item: (-item[1].gross, item[0]))
    return found


def tree(chain: Chain, right: bytes) -> tuple[int, list[tuple[bytes, rs.RightRecord]]]:
    """All parts of the root that a right belongs to, parents before children."""
    record = chain.state.get(rs.right_key(right), rs.RIGHT)
    if record is None:
        raise Rejected("no such right", code="UNKNOWN_RIGHT")
    members = {r: rec for r, rec in all_rights(chain) if rec.root == record.root}
    children: dict[bytes, list[bytes]] = {}
    for member, rec in members.items():
        if rec.depth:
            children.setdefault(rec.parent, []).append(member)
    ordered, stack = [], [record.root]
    while stack:
        current = stack.pop()
        ordered.append((current, members[current]))
        stack.extend(sorted(children.get(current, ()), reverse=True))
    return chain.tip.height, ordered


def history(chain: Chain, right: bytes) -> tuple[int, list[Step]]:
    """Every event of a right, its ancestors' up to each split included, oldest first."""
    record = chain.state.get(rs.right_key(right), rs.RIGHT)
    if record is None:
        raise Rejected("no such right", code="UNKNOWN_RIGHT")
    parts = [(right, links_of(chain, right, record))]
    while record.depth:
        parent, first = record.parent, parts[0][1][0]
        above = chain.state.get(rs.right_key(parent), rs.RIGHT)
        assert above is not None
        links = links_of(chain, parent, above)
        # The split itself stands in both chains; it is told once, as the child's.
        parts.insert(0, (parent, links[: links.index(first)]))
        record = above
    steps = []
    for asset, links in parts:
        for raw in links:
            height, block_at, business_at, transaction_id, _, event = LINK.load(raw)
            steps.append(
                Step(asset, height, block_at, business_at, transaction_id, chain.application.event_codec.load(event))
            )
    return chain.tip.height, steps
