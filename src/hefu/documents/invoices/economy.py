"""
One shape for an economy of firms, whether found in imported invoices or made up: who trades with whom, who is a core
enterprise, and how far its credit can travel.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from hefu.documents.invoices.chains import Chain, Window, core_enterprises, find_chains
from hefu.documents.invoices.matching import Trade


@dataclass(frozen=True, slots=True)
class Firm:
    """
    A firm of the economy.

    Args:
        code: As in the invoices.
        tier: 0 for a core enterprise, 1 for its suppliers, and so on; None where no trade leads to a core enterprise.
        role: "core", "supplier" or "other"; in a synthetic economy the supplier's trade.
        name: Empty where unknown.
        uscc: Unified social credit code; None where unknown. A synthetic one has a right check digit and a region
            (999999) that no administration has.
    """

    code: str
    tier: int | None
    role: str
    name: str = ""
    uscc: str | None = None

    @property
    def is_core(self) -> bool:
        """Whether the firm is a core enterprise."""
        return self.tier == 0


@dataclass(frozen=True, slots=True)
class Terms:
    """When an invoice's goods were delivered and when it falls due; assumed where the invoices do not say."""

    delivered_on: date
    due_on: date
    assumed: bool


@dataclass(frozen=True, slots=True)
class Economy:
    """
    Firms, the trades between them and the chains in these.

    Args:
        firms: In order of tier and code; firms that no trade leads to a core enterprise come last.
        trades: In order of date and number.
        chains: One for each trade with a core enterprise as buyer.
        terms: For every trade.
        seed: Of the generator; None where the invoices are real.
    """

    firms: tuple[Firm, ...]
    trades: tuple[Trade, ...]
    chains: tuple[Chain, ...]
    terms: Mapping[Trade, Terms]
    seed: int | None = None

    @property
    def is_synthetic(self) -> bool:
        """Whether everything here is made up."""
        return self.seed is not None

    @property
    def cores(self) -> tuple[str, ...]:
        """Codes of the core enterprises."""
        return tuple(firm.code for firm in self.firms if firm.is_core)


def economy_from_trades(
    trades: Iterable[Trade],
    *,
    cores: Collection[str] | None = None,
    core_count: int = 3,
    known: Iterable[Firm] = (),
    terms: Mapping[Trade, Terms] | None = None,
    term_days: int = 60,
    window: Window | None = None,
    seed: int | None = None,
) -> Economy:
    """
    Lay the shape over matched trades.

    Args:
        cores: Core enterprises; the buyers with most trades where absent.
        core_count: How many of those.
        known: Firms with what else is known of them; they keep it, tier included, and need not trade.
        terms: Delivery and due date where known.
        term_days: Assumed from issue to due date elsewhere, with delivery on the day of issue.
        window: How far apart the invoices of a chain may be.
        seed: Marks the economy as synthetic.
    """
    ordered = tuple(sorted(trades))
    chosen = tuple(core_enterprises(ordered, core_count) if cores is None else cores)
    firms = {firm.code: firm for firm in known}
    tiers = _tiers(ordered, chosen)
    for code in sorted({t.seller for t in ordered} | {t.buyer for t in ordered} | set(chosen)):
        tier = tiers.get(code)
        firms.setdefault(code, Firm(code, tier, "other" if tier is None else "supplier" if tier else "core"))
    stated = terms or {}
    return Economy(
        tuple(sorted(firms.values(), key=lambda f: (f.tier is None, f.tier or 0, f.code))),
        ordered,
        find_chains(ordered, chosen, window=window),
        {t: stated.get(t) or Terms(t.issued_on, t.issued_on + timedelta(term_days), assumed=True) for t in ordered},
        seed,
    )


def _tiers(trades: Iterable[Trade], cores: Iterable[str]) -> dict[str, int]:
    suppliers: defaultdict[str, set[str]] = defaultdict(set)
    for trade in trades:
        suppliers[trade.buyer].add(trade.seller)
    tiers = dict.fromkeys(cores, 0)
    waiting = deque(tiers)
    while waiting:
        buyer = waiting.popleft()
        for seller in suppliers.get(buyer, ()):
            if seller not in tiers:
                tiers[seller] = tiers[buyer] + 1
                waiting.append(seller)
    return tiers
