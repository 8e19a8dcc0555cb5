"""
A made-up economy: core enterprises, suppliers of four tiers and invoices between them, the same for the same seed.

Nothing in it comes from data of real firms. Sizes are skewed, dates and terms plausible; it shows how the software
works and says nothing about how firms behave. Amounts are drawn as integers, so that every machine makes the same.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from stdnum.cn import uscc

from hefu.documents.invoices.economy import Economy, Firm, Terms, economy_from_trades
from hefu.documents.invoices.matching import Trade
from hefu.kernel.errors import UsageError
from hefu.kernel.money import share_half_up

TIERS = 4
#: VAT by what the seller does.
VAT = {
    "manufacturer": Decimal("0.13"),
    "processor": Decimal("0.13"),
    "carrier": Decimal("0.09"),
    "services": Decimal("0.06"),
}
TERM_DAYS = (30, 45, 60, 90, 120, 180)
#: Largest net amount on a core enterprise, minor units; one drawn invoice is this over a number from 1 to 40.
NET_MAX_MINOR = 500_000_000
#: Parts of the suppliers in tier 1 to 3, in percent; tier 4 is the rest.
_TIER_PERCENT = (25, 33, 25)
_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@dataclass(frozen=True, slots=True)
class Size:
    """How much to make: at least one core enterprise, a supplier for each tier, an invoice for each supplier."""

    cores: int = 3
    suppliers: int = 60
    invoices: int = 300

    def __post_init__(self) -> None:
        if self.cores < 1 or self.suppliers < TIERS or self.invoices < self.suppliers:
            raise UsageError("an economy needs a core enterprise, four suppliers and an invoice for each supplier")


def synthetic_economy(
    seed: int, *, size: Size | None = None, first_on: date = date(2025, 7, 1), last_on: date = date(2026, 6, 30)
) -> Economy:
    """
    Make an economy.

    Args:
        seed: Same seed, same economy.
        size: Number of firms and invoices; 3 core enterprises, 60 suppliers and 300 invoices by default.
        first_on: No invoice is earlier; 120 days or more before the last date.
        last_on: No invoice is later.

    Raises:
        UsageError: The size or the dates leave too little room.
    """
    if (last_on - first_on).days < 120:
        raise UsageError("an economy needs 120 days or more")
    size = size or Size()
    maker = _Maker(random.Random(seed), size, first_on, last_on)  # noqa: S311 - nothing secret is drawn.
    maker.make_invoices()
    return economy_from_trades(
        maker.terms, cores=maker.tiers[0], known=maker.firms.values(), terms=maker.terms, seed=seed
    )


class _Maker:
    def __init__(self, chance: random.Random, size: Size, first_on: date, last_on: date) -> None:
        self.chance, self.size, self.first_on, self.last_on = chance, size, first_on, last_on
        self.terms: dict[Trade, Terms] = {}
        self.tiers = _codes(size)
        self.firms = {code: self._firm(code, tier) for tier, codes in enumerate(self.tiers) for code in codes}
        assert len({firm.uscc for firm in self.firms.values()}) == len(self.firms)
        self.customers = {
            code: self._customers(i, self.tiers[tier - 1])
            for tier, codes in enumerate(self.tiers)
            if tier
            for i, code in enumerate(codes)
        }
        self.suppliers: defaultdict[str, list[str]] = defaultdict(list)
        for supplier, customers in self.customers.items():
            for customer in customers:
                self.suppliers[customer].append(supplier)

    def make_invoices(self) -> None:
        """Cascades from the core enterprises downwards, once every supplier has sold something."""
        for supplier in self.customers:
            buyer = self.chance.choice(self.customers[supplier])
            tier = self.firms[supplier].tier or 1
            self._invoice(supplier, buyer, self._day(), self._net() // 2 ** (tier - 1))
        while len(self.terms) < self.size.invoices:
            supplier = self.chance.choice(self.tiers[1])
            self._cascade(supplier, self.chance.choice(self.customers[supplier]), self._day(), self._net())

    def _cascade(self, seller: str, buyer: str, issued_on: date, net_minor: int) -> None:
        if len(self.terms) >= self.size.invoices:
            return
        self._invoice(seller, buyer, issued_on, net_minor)
        behind = self.suppliers[seller]
        for supplier in self.chance.sample(behind, min(len(behind), self.chance.randint(1, 2))):
            earlier = max(self.first_on, issued_on - timedelta(self.chance.randint(3, 35)))
            self._cascade(supplier, seller, earlier, net_minor * self.chance.randint(25, 60) // 100)

    def _invoice(self, seller: str, buyer: str, issued_on: date, net_minor: int) -> None:
        tax_minor = share_half_up(net_minor, VAT[self.firms[seller].role])
        # Twenty digits, as electronic invoices have, in a region that no tax bureau has.
        number = f"{issued_on.year % 100:02d}990{len(self.terms) + 1:015d}"
        trade = Trade(issued_on, number, seller, buyer, net_minor, tax_minor, net_minor + tax_minor)
        delivered_on = issued_on - timedelta(self.chance.randint(0, 10))
        self.terms[trade] = Terms(delivered_on, issued_on + timedelta(self.chance.choice(TERM_DAYS)), assumed=False)

    def _net(self) -> int:
        return NET_MAX_MINOR // self.chance.randint(1, 40) - self.chance.randint(0, 999_999)

    def _day(self) -> date:
        return self.first_on + timedelta(self.chance.randint(0, (self.last_on - self.first_on).days))

    def _customers(self, position: int, above: Sequence[str]) -> list[str]:
        # The first customer goes round, so that every firm above has suppliers where there are enough.
        first = above[position % len(above)]
        others = self.chance.sample(above, min(len(above), self.chance.randint(0, 2)))
        return [first, *(code for code in others if code != first)]

    def _firm(self, code: str, tier: int) -> Firm:
        role = self.chance.choice(tuple(VAT)) if tier > 1 else ("manufacturer" if tier else "core")
        return Firm(code, tier, role, f"Synthetic {role} {code} (合成)", self._uscc())

    def _uscc(self) -> str:
        stem = "91999999" + "".join(self.chance.choice(_LETTERS) for _ in range(9))
        return stem + str(uscc.calc_check_digit(stem))


def _codes(size: Size) -> list[list[str]]:
    counts = [max(1, size.suppliers * percent // 100) for percent in _TIER_PERCENT]
    counts.append(size.suppliers - sum(counts))
    suppliers = [[f"T{tier}-{i:02d}" for i in range(1, n + 1)] for tier, n in enumerate(counts, 1)]
    return [[f"C{i}" for i in range(1, size.cores + 1)], *suppliers]
