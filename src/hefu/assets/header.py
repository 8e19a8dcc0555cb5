"""
The header at the front of every asset's record (docs/decisions/0001-asset-header.md), and what moves, splits, encumbers and
remembers on it alone. A contract's record has the header as its first field and knows the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hefu.kernel.codec import Record
from hefu.kernel.hashing import TAGS, ZERO, Hash, Tag
from hefu.kernel.money import Amount, add, equal, subtract, zero
from hefu.ledger.authority import Precondition
from hefu.ledger.context import Context, Link
from hefu.ledger.state import State

SCHEMA = 1
_LINK = TAGS[Tag.HISTORY_LINK]
_START = TAGS[Tag.HISTORY_START]


class Encumbrance(Record, frozen=True):
    """A pledge on an asset: what it secures, for whom, up to what amount, in which rank (1 is first)."""

    obligation: bytes
    pledgee: bytes
    cap: Amount
    rank: int


class AssetHeader(Record, frozen=True):
    """
    What every asset has.

    `face = open + settled + passed`; settled and passed stand here so that the sum can be checked on the header alone.
    `history` is the head of the chain of its events, `length` their number.
    """

    schema: int
    kind: str
    owner: bytes
    currency: str
    face: Amount
    open: Amount
    settled: Amount
    passed: Amount
    encumbrances: tuple[Encumbrance, ...]
    freezes: tuple[bytes, ...]
    history: bytes
    length: int


def history_start(h: Hash, parent_head: bytes, asset: bytes) -> bytes:
    """Where the chain of a new asset begins: from its parent's head after the split, or from nothing."""
    return h(_START + parent_head + asset)


def next_head(h: Hash, head: bytes, link: bytes) -> bytes:
    """Head of a chain after one more link."""
    return h(_LINK + head + link)


def new_header(
    state: State,
    link: Link,
    *,
    asset: bytes,
    kind: str,
    owner: bytes,
    currency: str,
    face: Amount,
    parent_head: bytes = ZERO,
) -> AssetHeader:
    """Header of an asset that this event creates."""
    head = next_head(link.hash, history_start(link.hash, parent_head, asset), link.raw)
    state.link(asset, 0, link.raw)
    return AssetHeader(SCHEMA, kind, owner, currency, face, face, zero(), zero(), (), (), head, 1)


def remember(
    state: State,
    link: Link,
    asset: bytes,
    header: AssetHeader,
    *,
    owner: bytes | None = None,
    open_amount: Amount | None = None,
    settled: Amount | None = None,
    passed: Amount | None = None,
    encumbrances: tuple[Encumbrance, ...] | None = None,
) -> AssetHeader:
    """The header after one more event, with what the event changes."""
    state.link(asset, header.length, link.raw)
    return AssetHeader(
        header.schema,
        header.kind,
        header.owner if owner is None else owner,
        header.currency,
        header.face,
        header.open if open_amount is None else open_amount,
        header.settled if settled is None else settled,
        header.passed if passed is None else passed,
        header.encumbrances if encumbrances is None else encumbrances,
        header.freezes,
        next_head(link.hash, header.history, link.raw),
        header.length + 1,
    )


def split_off(state: State, link: Link, asset: bytes, header: AssetHeader, amount: Amount) -> AssetHeader:
    """The parent's header after an amount went to a child."""
    return remember(
        state,
        link,
        asset,
        header,
        open_amount=subtract(header.open, amount),
        passed=add(header.passed, amount),
    )


def pay_down(state: State, link: Link, asset: bytes, header: AssetHeader, amount: Amount) -> AssetHeader:
    """The header after an amount was settled."""
    return remember(
        state,
        link,
        asset,
        header,
        open_amount=subtract(header.open, amount),
        settled=add(header.settled, amount),
    )


def sums_to_face(header: AssetHeader) -> bool:
    """Whether open, settled and passed parts sum to the face amount."""
    return equal(header.face, add(header.open, add(header.settled, header.passed)))


def _on_header(test: Callable[[AssetHeader], bool]) -> Callable[[Any, Any, Context], bool]:
    return lambda subject, command, context: test(subject.header)


UNFROZEN = Precondition("FROZEN", "a judicial order freezes it", _on_header(lambda header: not header.freezes))
UNENCUMBERED = Precondition("PLEDGED", "it is pledged", _on_header(lambda header: not header.encumbrances))
ENCUMBERED = Precondition("NOT_PLEDGED", "it is not pledged", _on_header(lambda header: bool(header.encumbrances)))
WHOLE = Precondition(
    "ALREADY_MOVED", "parts of it were passed on or settled", _on_header(lambda header: equal(header.open, header.face))
)
