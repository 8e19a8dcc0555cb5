"""
Supply chains: how far a core enterprise's confirmed receivable can travel to suppliers of suppliers.

A supplier that holds a receivable on a core enterprise pays its own supplier's invoice by passing on a part, that one
pays its supplier with a part of the part, and so on, as deep as the trades go. Every step rests on a real invoice.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict, deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from hefu.documents.invoices.matching import Trade

#: How far ahead suppliers are looked for when choosing whom to pay first; the chains themselves have no such bound.
_LOOK_AHEAD = 8


@dataclass(frozen=True, slots=True)
class Window:
    """
    How far apart two invoices may be for one to be paid with the other, in days around the receivable's issue.

    Two invoices with terms of up to 180 days can be open on one day only if they were issued within 180 days.
    """

    before_days: int = 180
    after_days: int = 180


@dataclass(frozen=True, slots=True)
class Payment:
    """
    One step down: the invoice's buyer passes on a part to its seller.

    Args:
        invoice: The invoice paid, in whole or in part.
        part_minor: Amount passed on, minor units; at most the invoice's gross and what the payer still holds.
        tier: Tier of the payee: 2 for a supplier of the core enterprise's supplier.
        source: Position of the payment that the part is taken from; None: from the receivable itself.
    """

    invoice: Trade
    part_minor: int
    tier: int
    source: int | None


@dataclass(frozen=True, slots=True)
class Chain:
    """A receivable and the payments that can be made with it, each after the one it is taken from."""

    receivable: Trade
    payments: tuple[Payment, ...]

    @property
    def core(self) -> str:
        """Who owes."""
        return self.receivable.buyer

    @property
    def depth(self) -> int:
        """Deepest tier reached; 1 where nothing can be passed on."""
        return max((payment.tier for payment in self.payments), default=1)


def core_enterprises(trades: Iterable[Trade], count: int) -> tuple[str, ...]:
    """The buyers with most trades; equal ones in order of code."""
    bought = Counter(trade.buyer for trade in trades)
    return tuple(sorted(bought, key=lambda firm: (-bought[firm], firm))[:count])


def deepest_buyers(trades: Iterable[Trade], count: int, *, window: Window | None = None) -> tuple[str, ...]:
    """
    The buyers that the deepest chains lead to, each taken for itself: by depth, number of payments, code.

    Buyers with most trades often stand alone in a sample of firms; these are the ones to show multi-tier credit with.
    Fifty are tried: those with most tiers of suppliers, then with most trades.
    """
    ordered = sorted(trades)
    tiers, bought = supplier_tiers(ordered), Counter(trade.buyer for trade in ordered)
    likely = sorted(tiers, key=lambda firm: (-tiers[firm], -bought[firm], firm))[:50]

    def rank(firm: str) -> tuple[int, int, str]:
        chains = find_chains(ordered, (firm,), window=window)
        return -max(c.depth for c in chains), -sum(len(c.payments) for c in chains), firm

    return tuple(firm for *_, firm in sorted(map(rank, likely))[:count])


def find_chains(trades: Iterable[Trade], cores: Collection[str], *, window: Window | None = None) -> tuple[Chain, ...]:
    """
    One chain for each trade with a core enterprise as buyer, in order of trade.

    Earlier receivables choose first. A holder pays suppliers with the longest chains behind them first, then earlier
    invoices. An invoice is paid once, by one chain; an invoice on a core enterprise is a receivable of its own and pays
    for none. No firm stands twice on one path, so that a ring ends where it would close.

    Args:
        cores: Codes of the core enterprises.
        window: How far apart invoices may be; 180 days to both sides by default.
    """
    ordered = sorted(trades)
    supplied = _Open([t for t in ordered if t.buyer not in cores and t.seller not in cores and t.gross_minor > 0])
    receivables = [t for t in ordered if t.buyer in cores and t.seller != t.buyer and t.gross_minor > 0]
    return tuple(_chain(receivable, supplied, window or Window()) for receivable in receivables)


def depth_counts(chains: Iterable[Chain]) -> dict[int, int]:
    """Number of chains by depth, in order."""
    return dict(sorted(Counter(chain.depth for chain in chains).items()))


def _chain(receivable: Trade, supplied: _Open, window: Window) -> Chain:
    payments: list[Payment] = []
    paths = [frozenset((receivable.buyer, receivable.seller))]
    # Level by level and without recursion: a chain may be as long as the data.
    waiting: deque[tuple[int | None, str, int]] = deque([(None, receivable.seller, receivable.gross_minor)])
    while waiting:
        source, holder, held = waiting.popleft()
        position = 0 if source is None else source + 1
        tier = 2 if source is None else payments[source].tier + 1
        for invoice in supplied.take(holder, receivable.issued_on, window, paths[position], held):
            part = min(held, invoice.gross_minor)
            held -= part
            waiting.append((len(payments), invoice.seller, part))
            payments.append(Payment(invoice, part, tier, source))
            paths.append(paths[position] | {invoice.seller})
    return Chain(receivable, tuple(payments))


class _Open:
    """Invoices that no chain pays yet: by buyer, by tiers of suppliers behind the seller, in order of issue."""

    def __init__(self, trades: Sequence[Trade]) -> None:
        tiers = supplier_tiers(trades)
        self._of: defaultdict[str, defaultdict[int, list[Trade]]] = defaultdict(lambda: defaultdict(list))
        for trade in trades:
            self._of[trade.buyer][tiers.get(trade.seller, 0)].append(trade)

    def take(self, buyer: str, issued_on: date, window: Window, path: frozenset[str], amount_minor: int) -> list[Trade]:
        """Invoices to pay with an amount, until it is used up; what is taken is gone."""
        first, last = issued_on.toordinal() - window.before_days, issued_on.toordinal() + window.after_days
        chosen: list[Trade] = []
        if buyer not in self._of:
            return chosen
        for _, waiting in sorted(self._of[buyer].items(), reverse=True):
            low = end = bisect_left(waiting, first, key=_day)
            passed: list[Trade] = []
            while amount_minor > 0 and end < len(waiting) and _day(waiting[end]) <= last:
                trade = waiting[end]
                end += 1
                if trade.seller in path:
                    passed.append(trade)
                else:
                    chosen.append(trade)
                    amount_minor -= trade.gross_minor
            waiting[low:end] = passed
        return chosen


def _day(trade: Trade) -> int:
    return trade.issued_on.toordinal()


def supplier_tiers(trades: Iterable[Trade]) -> dict[str, int]:
    """How many tiers of suppliers stand behind each buyer, dates aside, up to the look-ahead."""
    suppliers: defaultdict[str, set[str]] = defaultdict(set)
    for trade in trades:
        if trade.seller != trade.buyer:
            suppliers[trade.buyer].add(trade.seller)
    reach = dict.fromkeys(suppliers, 1)
    for tiers in range(2, _LOOK_AHEAD + 1):
        deeper = [buyer for buyer, behind in suppliers.items() if any(reach.get(s, 0) >= tiers - 1 for s in behind)]
        reach.update(dict.fromkeys(deeper, tiers))
    return reach
