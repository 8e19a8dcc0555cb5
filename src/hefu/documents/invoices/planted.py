"""
Invoice books with relations planted in them: what a search for relations is measured on. Nothing in it comes from real firms.

Each firm has a book of sales and one of purchases, most of it with parties outside. Numbers come from rolls as a seller
uses them up, with leading zeros lost; counterparties stand by a code of the sheet or by social credit code; some rows are
voided, reversed, repeated, round, or booked under a wrong firm. Into that the relations are planted, and the answers are
kept. Honest traps are planted too: firms that bill in bulk, one like the other.
"""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from stdnum.cn import uscc

from hefu.documents.invoices.export import yuan
from hefu.documents.invoices.mappings import STANDARD
from hefu.documents.invoices.saving import whole_file
from hefu.kernel.errors import UsageError

_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ROUND_MINOR = (100_000, 200_000, 500_000, 1_000_000, 5_000_000, 10_000_000)
#: Parts of the smaller list that planted twins share, in percent.
TWIN_SHARES = (5, 10, 20, 50, 100)
RING_LENGTHS = (3, 4, 5, 6)
#: What a landlord, a waterworks and a publisher bill each month, one bill after the other, net, minor units.
_BILLS = ((500_000,) * 10, (3_000,) * 8 + (4_500,) * 5 + (7_200,) * 3, (9_900, 19_900) * 4)
#: Each firm has one part in what is planted.
FIRMS_MIN = 45


@dataclass(frozen=True, slots=True)
class Books:
    """
    How the books look.

    Args:
        firms: With books of their own.
        are_names: Counterparties stand by social credit code, which holds in every book; else by a code of the sheet.
        digits: Of an invoice number; 0: each seller counts 1, 2, 3.
        partners: Trades between firms of the books, for each firm.
        slips: Rows booked under a wrong firm besides.
        round_percent: Invoices over one of six round amounts.
        bulk: Firms besides that bill on the first of each month and count 1, 2, 3: two landlords, two waterworks, two
            publishers, and so on. Two of the firms rent from landlords outside who bill alike. Nobody is related to anybody.
    """

    firms: int = 60
    are_names: bool = False
    digits: int = 8
    partners: int = 1
    slips: int = 0
    round_percent: int = 20
    bulk: int = 0


@dataclass(frozen=True, slots=True)
class Planted:
    """
    The answers.

    Args:
        pairs: By kind, the firms (or codes) of each relation and how strong it was planted.
        rings: Firms of each ring, in order of sale, the first in order of code first.
        reciprocal: Every pair of firms that sell to each other, planted or not.
        links: Every pair of seller and buyer that both show.
        parties: Code to whose code it is.
        rows: Rows written.
    """

    pairs: dict[str, dict[tuple[str, str], str]]
    rings: dict[tuple[str, ...], str]
    reciprocal: frozenset[tuple[str, str]]
    links: frozenset[tuple[str, str]]
    parties: dict[str, str]
    rows: int


@dataclass(slots=True)
class _Row:
    number: str
    day: date
    net: int
    tax: int
    party: str
    status: str = "valid"


@dataclass(slots=True)
class _Roll:
    """A seller's numbers, in the order in which it issues."""

    rows: list[_Row] = field(default_factory=list)


def plant(folder: Path, seed: int, books: Books | None = None) -> Planted:
    """
    Write `input_invoices.csv` (purchases) and `output_invoices.csv` (sales), the same for the same seed, and tell what is
    in them.

    Args:
        folder: Exists.

    Raises:
        UsageError: Too few firms for the relations.
    """
    if books is not None and books.firms < FIRMS_MIN:
        raise UsageError(f"relations are planted among at least {FIRMS_MIN} firms")
    return _Planter(seed, books or Books()).write(folder)


class _Planter:
    def __init__(self, seed: int, books: Books) -> None:
        self.chance, self.books = random.Random(f"planted/{seed}"), books  # noqa: S311 - nothing secret is drawn.
        self.first_on, self.days = date(2023, 1, 1), 900
        self.firms = [self._name() if books.are_names else f"F{i + 1:03d}" for i in range(books.firms)]
        self.lists: dict[tuple[str, str], list[_Row]] = {(f, s): [] for f in self.firms for s in ("sales", "purchases")}
        #: What each seller, inside or outside, issues: numbered at the end, in order of day.
        self.rolls: defaultdict[str, _Roll] = defaultdict(_Roll)
        self.codes: dict[tuple[str, str], str] = {}
        self.parties: dict[str, str] = {}
        self.pairs: dict[str, dict[tuple[str, str], str]] = defaultdict(dict)
        self.rings: dict[tuple[str, ...], str] = {}
        free = list(self.firms)
        self.chance.shuffle(free)
        self.free = iter(free)
        #: Invoices that both books show: seller, buyer and the row of each.
        self.trades: list[tuple[str, str, _Row, _Row]] = []

    def write(self, folder: Path) -> Planted:
        self._background()
        self._rings()
        self._reciprocal()
        self._self_trade()
        self._codes()
        self._number()
        self._twins()
        self._bulk()
        # A twin that took over a whole list has dropped its own trades with it.
        kept = {id(row) for rows in self.lists.values() for row in rows}
        edges = {(a, b) for a, b, row, other in self.trades if id(row) in kept and id(other) in kept}
        self._spoil()
        rows = sum(self._file(folder, side) for side in ("purchases", "sales"))
        reciprocal = frozenset((a, b) for a, b in edges if a < b and (b, a) in edges)
        links = frozenset(edge for edge in edges if edge[0] != edge[1])
        return Planted(dict(self.pairs), self.rings, reciprocal, links, dict(self.parties), rows)

    # -- books ------------------------------------------------------------------------------------------------------

    def _background(self) -> None:
        for firm in self.firms:
            for side in ("sales", "purchases"):
                outside = [f"{firm}/{side}/{i}" for i in range(self.chance.randint(6, 30))]
                for _ in range(10 * 2 ** self.chance.randint(2, 6) + self.chance.randint(0, 20)):
                    party = self.chance.choice(outside[: self.chance.randint(1, len(outside))])
                    self._one(firm, side, party, self._row())
        for seller in self.firms:
            for buyer in self.chance.sample(self.firms, self.books.partners):
                if seller != buyer:
                    for _ in range(self.chance.randint(1, 12)):
                        self._trade(seller, buyer, self._row())

    def _row(self, day: date | None = None, net: int | None = None) -> _Row:
        if net is None:
            net = 10 ** self.chance.randint(3, 6) * self.chance.randint(100, 999) // 10
            if self.chance.randint(1, 100) <= self.books.round_percent:
                net = self.chance.choice(_ROUND_MINOR)
        rate = self.chance.choice((13, 13, 13, 9, 6, 3))
        return _Row("", day or self._day(), net, (net * rate + 50) // 100, "")

    def _day(self) -> date:
        return self.first_on + timedelta(days=self.chance.randint(0, self.days))

    def _one(self, firm: str, side: str, party: str, row: _Row) -> None:
        """A row in one book; the other party is outside."""
        row.party = self._code(side, party)
        self.lists[firm, side].append(row)
        self.rolls[firm if side == "sales" else party].rows.append(row)

    def _trade(self, seller: str, buyer: str, row: _Row, *, seller_code: str = "", buyer_code: str = "") -> None:
        """An invoice that both books show."""
        row.party = buyer_code or self._code("sales", buyer)
        other = _Row("", row.day, row.net, row.tax, seller_code or self._code("purchases", seller))
        self.lists[seller, "sales"].append(row)
        self.lists[buyer, "purchases"].append(other)
        self.rolls[seller].rows.append(row)
        self.trades.append((seller, buyer, row, other))

    def _code(self, side: str, party: str) -> str:
        if self.books.are_names:
            # A party outside has one name in all books; a firm goes by its own.
            code = party if party in self.firms else self.codes.get(("", party)) or self._name()
            self.codes[("", party)] = code
        else:
            letter = "A" if side == "purchases" else "B"
            code = self.codes.setdefault((side, party), f"{letter}{len(self.codes) + 1:05d}")
        # Behind a mark stands one more code of the same party.
        self.parties.setdefault(code, party.rstrip("*").partition("~")[0])
        return code

    def _name(self) -> str:
        stem = "91999999" + "".join(self.chance.choice(_LETTERS) for _ in range(9))
        return stem + str(uscc.calc_check_digit(stem))

    def _number(self) -> None:
        """Each seller numbers what it issues in order of day, from rolls of its own; leading zeros are lost."""
        for roll in self.rolls.values():
            at = 0 if not self.books.digits else self.chance.randint(1, 10**self.books.digits - 1)
            for row in sorted(roll.rows, key=lambda row: row.day):
                # A party outside sells to others as well; a roll ends now and then.
                at += 1 if not self.books.digits or self.chance.randint(1, 4) > 1 else self.chance.randint(1, 40)
                if self.books.digits:
                    at = self.chance.randint(1, 10**self.books.digits - 1) if self.chance.randint(1, 50) == 1 else at
                    at %= 10**self.books.digits
                row.number = str(at)
        for _, _, row, other in self.trades:
            other.number = row.number

    # -- relations --------------------------------------------------------------------------------------------------

    def _rings(self) -> None:
        for length in RING_LENGTHS:
            firms = [next(self.free) for _ in range(length)]
            rounds = self.chance.randint(1, 4)
            for _ in range(rounds):
                day, net = (
                    self.first_on + timedelta(days=self.chance.randint(0, self.days - 200)),
                    self._row().net + 1_000_000,
                )
                for seller, buyer in zip(firms, (*firms[1:], firms[0])):
                    day += timedelta(days=self.chance.randint(2, 25))
                    net = net * self.chance.randint(96, 100) // 100
                    self._trade(seller, buyer, self._row(day, net))
            first = firms.index(min(firms))
            self.rings[(*firms[first:], *firms[:first])] = f"{length} firms"

    def _reciprocal(self) -> None:
        for count in (1, 2, 5):
            a, b = sorted((next(self.free), next(self.free)))
            for seller, buyer in ((a, b), (b, a)):
                for _ in range(count):
                    self._trade(seller, buyer, self._row())
            self.pairs["reciprocal"][a, b] = f"{count} each way"

    def _self_trade(self) -> None:
        for count in (1, 3, 10):
            firm = next(self.free)
            for _ in range(count):
                # Under a second code: neither book shows the firm's own name.
                codes = (
                    ("", "")
                    if self.books.are_names
                    else (self._code("purchases", f"{firm}*"), self._code("sales", f"{firm}*"))
                )
                self._trade(firm, firm, self._row(), seller_code=codes[0], buyer_code=codes[1])
            self.pairs["self-trade"][firm, firm] = f"{count} in both books"
        firm, buyer = next(self.free), self.chance.choice(self.firms)
        while buyer == firm:
            buyer = self.chance.choice(self.firms)
        for _ in range(6):
            self._trade(firm, buyer, self._row())
        for _ in range(4):
            # In its purchases alone, under the code that others know it by: the sale is nowhere.
            row = self._row()
            row.party = self._code("purchases", firm)
            self.lists[firm, "purchases"].append(row)
            self.rolls[firm].rows.append(row)
        self.pairs["self-trade"][firm, firm] = "4 by its own code, in one book"

    def _codes(self) -> None:
        for codes in (2, 3):
            for count in (2, 6):
                seller = next(self.free)
                names = [self._code("purchases", seller), *(self._alias(seller, i) for i in range(1, codes))]
                buyers = self.chance.sample([f for f in self.firms if f != seller], 2)
                for name in names:
                    for _ in range(count):
                        self._trade(seller, self.chance.choice(buyers), self._row(), seller_code=name)
                for i, one in enumerate(names):
                    for other in names[i + 1 :]:
                        if not self.books.are_names or i == 0:
                            a, b = sorted((one, other))
                            self.pairs["several-codes"][a, b] = f"{count} invoices a code"

    def _alias(self, party: str, i: int) -> str:
        return self._code("purchases", f"{party}~{i}")

    def _twins(self) -> None:
        for share in TWIN_SHARES:
            a, b = next(self.free), next(self.free)
            side = self.chance.choice(("sales", "purchases"))
            mine, smaller = self.lists[a, side], min(len(self.lists[a, side]), len(self.lists[b, side]))
            shared = max(1, smaller * share // 100)
            if share == 100:
                self.lists[b, side] = []
            for row in self.chance.sample(mine, min(len(mine), shared)):
                # The other book has codes of its own for the same parties, as where sheets were coded one by one.
                party = row.party if self.books.are_names else self._code(side, f"{b}={row.party}")
                self.parties[party] = self.parties[row.party]
                self.lists[b, side].append(_Row(row.number, row.day, row.net, row.tax, party))
                if party != row.party:
                    x, y = sorted((row.party, party))
                    self.pairs["several-codes"][x, y] = "shown by twins"
            self.pairs["twins"][min(a, b), max(a, b)] = f"{share} % shared"

    # -- honest traps -----------------------------------------------------------------------------------------------

    def _bulk(self) -> None:
        months = [date(2023 + i // 12, i % 12 + 1, 1) for i in range(24)]
        tenants = self.firms[0], self.firms[-1]
        for i in range(self.books.bulk):
            firm = self._name() if self.books.are_names else f"H{i + 1:03d}"
            bills = _BILLS[i // 2 % len(_BILLS)]
            parties = [self._code("sales", f"{firm}/{j}") for j in range(len(bills))]
            self.lists[firm, "sales"] = [
                _bill(at * len(bills) + j + 1, day, net, parties[j])
                for at, day in enumerate(months)
                for j, net in enumerate(bills)
            ]
            self.lists[firm, "purchases"] = []
            self.firms.append(firm)
        for tenant in tenants if self.books.bulk else ():
            party = self._code("purchases", f"{tenant}/landlord")
            self.lists[tenant, "purchases"] += [
                _bill(len(_BILLS[0]) * at + 1, day, _BILLS[0][0], party) for at, day in enumerate(months)
            ]

    # -- noise ------------------------------------------------------------------------------------------------------

    def _spoil(self) -> None:
        lists = sorted(self.lists)
        for _ in range(self.books.slips):
            source, target = self.chance.choice(lists), self.chance.choice(lists)
            if self.lists[source] and self.lists[target] and source[0] != target[0]:
                row, place = self.chance.choice(self.lists[source]), self.chance.choice(self.lists[target])
                self.lists[target].append(_Row(row.number, row.day, row.net, row.tax, place.party))
        for key in lists:
            rows = self.lists[key]
            for row in list(rows):
                lot = self.chance.randint(1, 1_000)
                if lot <= 15:
                    rows.append(_Row(row.number, row.day, row.net, row.tax, row.party))
                elif lot <= 35:
                    rows.append(_Row(str(int(row.number) + 1), row.day, -row.net, -row.tax, row.party))
                elif lot <= 65:
                    rows.append(_Row(str(int(row.number) + 2), row.day, row.net, row.tax, row.party, "void"))
            self.chance.shuffle(rows)

    def _file(self, folder: Path, side: str) -> int:
        written = 0
        name = "input_invoices.csv" if side == "purchases" else "output_invoices.csv"
        with whole_file(folder / name) as file:
            writer = csv.writer(file)
            writer.writerow([STANDARD.columns[name] for name in _FIELDS])
            for firm in self.firms:
                for line in _lines(firm, self.lists[firm, side]):
                    writer.writerow(line)
                    written += 1
        return written


def _bill(number: int, day: date, net: int, party: str) -> _Row:
    return _Row(str(number), day, net, (net * 9 + 50) // 100, party)


_FIELDS = ("firm", "number", "issued_on", "counterparty", "net", "tax", "gross", "status")


def _lines(firm: str, rows: Sequence[_Row]) -> Iterator[tuple[str, ...]]:
    for row in rows:
        amounts = (yuan(row.net), yuan(row.tax), yuan(row.net + row.tax))
        yield (firm, row.number, row.day.isoformat(), row.party, *amounts, row.status)
