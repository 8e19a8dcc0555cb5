"""
What stands behind a limit: receivables, orders and goods, each looked at once. No core enterprise needs to confirm anything for
the de-cored kind: evidence of the trade takes the place of its word, at a lower advance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from hefu.credit.decision.application import Item
from hefu.credit.decision.numbers import ceil_div, part_of
from hefu.credit.decision.policy import BACKED, Facility, Policy


@dataclass(frozen=True, slots=True)
class Look:
    """
    What came of one item.

    Args:
        kind: The facility that it counts for, or would.
        counted: What of it counts, before the advance, fen.
        why: Why it counts for nothing, or empty.
    """

    item: str
    kind: str
    counted: int
    why: str


@dataclass(frozen=True, slots=True)
class Pool:
    """
    What the items of one kind carry together.

    Args:
        base: What counts of them, after the bound on one payer, fen.
        payer_default_ppm: Weighted by amount, rounded up; 0 without items.
        tenor_days: To the last due date, 0 without items.
    """

    kind: str
    base: int
    payer_default_ppm: int
    tenor_days: int


def pools_of(policy: Policy, items: Sequence[Item], on: date) -> tuple[list[Look], dict[str, Pool]]:
    """
    Look at every item and pool those that count.

    Nothing here reads the firm's score: what backs a limit is what it is, whoever owns it.
    """
    looks, kept, trades = list[Look](), dict[str, list[tuple[Item, int]]](), set[str]()
    order = sorted(items, key=lambda item: (BACKED.index(kind_of(item)), item.name))
    for item in order:
        kind = kind_of(item)
        facility = policy.facilities.get(kind)
        why = "NOT_OFFERED" if facility is None else _against(facility, item, on, trades)
        counted = 0 if why or facility is None else _counted(facility, item)
        if not why and not counted:
            why = "WORTH_NOTHING"
        looks.append(Look(item.name, kind, counted, why))
        if counted:
            kept.setdefault(kind, []).append((item, counted))
            if item.trade:
                trades.add(item.trade)
    pools = {kind: _pool(policy.facilities[kind], found, on) for kind, found in kept.items()}
    return looks, pools


def kind_of(item: Item) -> str:
    """The facility that an item can stand behind."""
    if item.kind == "receivable":
        return "receivables" if "confirmed" in item.evidence else "decored"
    return "orders" if item.kind == "order" else "goods"


def _against(facility: Facility, item: Item, on: date, trades: set[str]) -> str:
    """Why an item counts for nothing, or empty."""
    if item.is_encumbered:
        return "ENCUMBERED"
    if item.trade and item.trade in trades:
        return "SAME_TRADE"
    if len(item.evidence) < facility.evidence_min:
        return "EVIDENCE_MISSING"
    if item.kind == "goods":
        if item.goods not in facility.haircuts:
            return "GOODS_NOT_TAKEN"
        age = (on - item.due_on).days
        return "VALUED_IN_FUTURE" if age < 0 else "VALUATION_OLD" if age > facility.age_days_max else ""
    days = (item.due_on - on).days
    if days <= 0:
        return "PAST_DUE"
    if days > facility.tenor_days:
        return "DUE_TOO_LATE"
    if item.payer_default_ppm is None:
        return "PAYER_UNKNOWN" if facility.obligor_default_max_ppm < 1_000_000 or facility.payer == "obligor" else ""
    return "PAYER_RISKY" if item.payer_default_ppm > facility.obligor_default_max_ppm else ""


def _counted(facility: Facility, item: Item) -> int:
    if item.kind != "goods":
        return item.amount
    worth = part_of(item.amount, facility.haircuts[item.goods])
    return worth if item.is_watched else part_of(worth, facility.unwatched_ppm)


def _pool(facility: Facility, found: list[tuple[Item, int]], on: date) -> Pool:
    by_payer: dict[str, int] = {}
    for item, counted in found:
        by_payer[item.payer] = by_payer.get(item.payer, 0) + counted
    most = part_of(sum(by_payer.values()), facility.obligor_share_ppm)
    base = (
        sum(min(amount, most) for amount in by_payer.values()) if facility.kind != "goods" else sum(by_payer.values())
    )
    weight = sum(counted for _, counted in found)
    risk = sum(counted * (item.payer_default_ppm or 0) for item, counted in found)
    last = max((item.due_on - on).days for item, _ in found)
    return Pool(facility.kind, base, ceil_div(risk, weight), facility.tenor_days if facility.kind == "goods" else last)
