"""
Made-up firms whose sources agree with each other, and whose defaults have causes; the same for the same seed.

Each month a firm sells what its customers want and its stock allows, makes what it means to sell, and so runs machines, draws
power and water, buys material, pays wages, files returns, and is paid by its customers after a while. It defaults when its
money is gone. What makes the money go is one of a few causes, which set in at a month and show in some sources before
others. Nothing in it comes from real firms: it shows how the software works and says nothing about how firms behave. Every
firm's code begins with SYN-. Amounts are drawn as integers, so that every machine makes the same.
"""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from hefu.credit.sources.importing import SYNTHETIC
from hefu.credit.sources.rows import (
    BankFlow,
    CapacityPeriod,
    ElectricityPeriod,
    Invoice,
    Row,
    StockCount,
    TaxFiling,
    WaterPeriod,
)
from hefu.credit.sources.schema import SCHEMAS, Kind, Schema
from hefu.credit.sources.store import KINDS
from hefu.documents.invoices.mappings import CHINESE, STANDARD, ColumnMapping
from hefu.documents.invoices.saving import whole_file
from hefu.kernel.errors import UsageError
from hefu.kernel.money import format_minor, largest_remainder

#: Why a firm's money goes; the word that the labels carry.
CAUSES = ("customer_lost", "paid_late", "stock_unsold", "margin_squeezed", "sham_sales")
#: Part of the firms that a cause sets in for, in percent. Not all of them default, and a few others do ("thin_cash").
_TROUBLED_PERCENT = 28
#: How many firms of a hundred have each source at all.
COVERAGE: Mapping[str, int] = {
    "sales": 100,
    "purchases": 95,
    "tax": 85,
    "bank": 75,
    "inventory": 55,
    "capacity": 45,
    "electricity": 80,
    "water": 65,
}
_VAT_PERCENT = (13, 13, 13, 9, 6)
#: Percent of an average month, by calendar month: a slow New Year, a busy autumn.
_SEASON = (88, 62, 104, 103, 102, 101, 98, 97, 106, 109, 114, 116)


#: Months that nobody sees, before the first: a firm begins with customers that owe it and suppliers that it owes.
_WARM_MONTHS = 5


@dataclass(frozen=True, slots=True)
class SyntheticFirm:
    """
    One firm and what became of it.

    Args:
        cause: One of CAUSES, "thin_cash", or "" where it lives.
        since: When the cause set in; None without one.
        defaulted_on: None where it lives.
    """

    code: str
    name: str
    cause: str
    since: date | None
    defaulted_on: date | None


@dataclass(frozen=True, slots=True)
class SyntheticFirms:
    """Firms with all rows of their sources."""

    seed: int
    firms: tuple[SyntheticFirm, ...]
    rows: tuple[Row, ...]
    first_on: date
    last_on: date


def synthetic_firms(
    seed: int, *, firms: int = 100, months: int = 36, last_on: date = date(2026, 6, 30)
) -> SyntheticFirms:
    """
    Make firms and their rows.

    Args:
        firms: How many.
        months: How many months of history, at least 12.
        last_on: Last day of the last month; later rows are left out.

    Raises:
        UsageError: No firm, or too short a history.
    """
    if firms < 1 or months < 12:
        raise UsageError("synthetic firms need at least one firm and twelve months")
    end = last_on.year * 12 + last_on.month - 1
    span = range(end - months + 1, end + 1)
    given: defaultdict[int, defaultdict[int, list[Invoice]]] = defaultdict(lambda: defaultdict(list))
    makers = [_Maker(seed, position, firms, span, given) for position in range(firms)]
    for month in range(span[0] - _WARM_MONTHS, span[-1] + 1):
        if month == span[0]:
            for maker in makers:
                maker.begin()
        # Buyers come before their suppliers, so that a supplier knows its orders; who is gone sells to nobody from the next month.
        gone = {maker.code for maker in makers if maker.defaulted}
        for maker in makers:
            maker.live(month, gone)
    rows = [row for maker in makers for row in maker.kept(last_on)]
    ordered = sorted(rows, key=lambda row: (type(row).__name__, *map(str, row)))
    return SyntheticFirms(seed, tuple(maker.told() for maker in makers), tuple(ordered), _day(span[0], 1), last_on)


def _day(month: int, day: int) -> date:
    return date(month // 12, month % 12 + 1, day)


def _last_day(month: int) -> date:
    return _day(month + 1, 1) - timedelta(days=1)


def _code(position: int) -> str:
    return f"{SYNTHETIC}{position + 1:05d}"


@dataclass(slots=True)
class _Books:
    """What a firm has: money, stock, what is still to be paid to it and by it; fen."""

    cash: int
    line: int
    finished: int
    raw: int
    due_in: defaultdict[int, list[tuple[date, str, int]]] = field(default_factory=lambda: defaultdict(list))
    due_out: defaultdict[int, list[tuple[date, str, int]]] = field(default_factory=lambda: defaultdict(list))
    due_tax: defaultdict[int, list[tuple[date, str, int]]] = field(default_factory=lambda: defaultdict(list))
    short_months: int = 0


class _Maker:
    def __init__(
        self,
        seed: int,
        position: int,
        firms: int,
        span: range,
        given: defaultdict[int, defaultdict[int, list[Invoice]]],
    ) -> None:
        self.chance = chance = random.Random(f"{seed}/{position}")  # noqa: S311 - nothing secret is drawn.
        self.position, self.span, self.given = position, span, given
        self.code = _code(position)
        #: An average month's sales, fen: from 80,000 to some 20 million yuan, most of them small.
        self.base = 8_000_000 * 3 ** chance.randint(0, 4) * chance.randint(100, 290) // 100
        self.growth_bps = chance.randint(-60, 130)
        self.material, self.wages, self.other = chance.randint(54, 68), chance.randint(10, 17), chance.randint(4, 8)
        self.vat = chance.choice(_VAT_PERCENT)
        self.delay_days = chance.choice((15, 30, 30, 45, 60, 75))
        #: Electricity and water for ten thousand yuan of production.
        self.wh, self.litres = chance.randint(150_000, 900_000), chance.randint(400, 6_000)
        self.capacity = self.base * chance.randint(125, 170) // 100
        self.minutes = chance.randint(2, 12) * 26 * 16 * 60
        inside = [_code(i) for i in range(position + 1, min(firms, position + 40))]
        self.customers = self._partners("C", chance.randint(3, 14), ())
        self.suppliers = self._partners(
            "P", chance.randint(3, 9), chance.sample(inside, min(len(inside), chance.randint(0, 2)))
        )
        troubled = chance.randint(1, 100) <= _TROUBLED_PERCENT
        self.cause = chance.choice(CAUSES) if troubled else ""
        self.since = span[chance.randint(len(span) // 3, len(span) - 6)] if troubled else span[-1] + 99
        self.has = {source for source, percent in COVERAGE.items() if chance.randint(1, 100) <= percent}
        self.debt = self.base * chance.randint(0, 250) // 100
        self.opening_cash = self.base * chance.randint(40, 160) // 100
        self.books = _Books(
            cash=self.opening_cash,
            line=self.base * chance.randint(15, 70) // 100,
            finished=self.base * chance.randint(30, 90) // 100,
            raw=self.base * chance.randint(20, 60) // 100,
        )
        self.rows: list[Row] = []
        self.numbers = 0
        self.defaulted: date | None = None

    def _partners(self, letter: str, count: int, inside: Sequence[str]) -> list[tuple[str, int]]:
        codes = [*inside, *(f"{SYNTHETIC}{letter}{self.position + 1:05d}-{i + 1}" for i in range(count))]
        return [(code, self.chance.randint(1, 10) ** 2) for code in codes]

    def begin(self) -> None:
        """Forget what nobody saw, but for what is owed."""
        self.rows.clear()
        self.defaulted, self.books.short_months, self.books.cash = None, 0, self.opening_cash

    def told(self) -> SyntheticFirm:
        """What became of it."""
        died = self.defaulted
        cause = (self.cause if died and self.since <= died.year * 12 + died.month - 1 else "thin_cash") if died else ""
        since = _day(self.since, 1) if cause in CAUSES else None
        return SyntheticFirm(self.code, f"Synthetic firm {self.code} (合成)", cause, since, died)

    def kept(self, last_on: date) -> Iterator[Row]:
        """Rows of the sources that the firm has, as far as they are known on the last day."""
        sources = {kind: name for name, kind in KINDS.items()}
        for row in self.rows:
            source = row.direction if isinstance(row, Invoice) else sources[type(row)]
            if row.recorded_on <= last_on and source in self.has:
                yield row

    # -- a month ----------------------------------------------------------------------------------------------------

    def live(self, month: int, others_gone: set[str]) -> None:
        """One month, knowing who else was gone before it."""
        gone = self.defaulted is not None
        age, trouble = month - self.span[0], max(0, month - self.since + 1)
        noise = self.chance.randint(86, 114)
        wanted = (
            self.base * _SEASON[month % 12] // 100 * noise // 100 * max(20, 10_000 + self.growth_bps * age) // 10_000
        )
        customers = list(self.customers)
        if self.cause == "customer_lost" and trouble:
            main = max(range(len(customers)), key=lambda i: customers[i][1])
            lost = customers.pop(main)[1]
            wanted = wanted * (sum(w for _, w in customers)) // (sum(w for _, w in customers) + lost)
        if self.cause in ("stock_unsold", "sham_sales") and trouble:
            wanted = wanted * max(25, 100 - 7 * trouble) // 100
        inside = self.given[self.position].pop(month, [])
        if gone:
            wanted, inside = 0, []
        sold = max(wanted, sum(invoice.net_minor for invoice in inside))
        planned = self.base * _SEASON[month % 12] // 100 if self.cause == "stock_unsold" and trouble else sold
        cost = self.material + self.wages + self.other + (2 * trouble if self.cause == "margin_squeezed" else 0)
        made = 0 if gone else max(0, min(self.capacity, planned + (self.base // 2 - self.books.finished) // 4))
        if self.cause == "stock_unsold" and trouble and not gone:
            made = min(self.capacity, planned)
        self._machines(month, made)
        out_net, out_tax = self._sell(month, sold, inside, customers, trouble)
        bought, in_tax = self._buy(month, 0 if gone else made * (cost - self.wages - self.other) // 100, others_gone)
        self.books.finished = max(0, self.books.finished + (made - sold) * 70 // 100)
        self.books.raw = max(0, self.books.raw + bought - made * self.material // 100)
        self._stock(month)
        paid = self._money(month, made, gone)
        self._taxes(month, out_net, out_tax - in_tax, paid)

    def _machines(self, month: int, made: int) -> None:
        first, last = _day(month, 1), _last_day(month)
        run = min(self.minutes, self.minutes * made // max(1, self.capacity))
        known = last + timedelta(days=3)
        output = made // 50
        self.rows.append(CapacityPeriod(self.code, "L1", first, last, self.minutes, run, output, known))
        # A tenth of the usual load is light and standby; it stays when the machines stop.
        for rate, kind in ((self.wh, ElectricityPeriod), (self.litres, WaterPeriod)):
            used = (made + (self.base // 10 if self.defaulted is None else self.base // 100)) * rate // 1_000_000
            used = used * self.chance.randint(96, 104) // 100
            self.rows.append(kind(self.code, "M1", first, last, used, known))

    def _sell(
        self, month: int, sold: int, inside: list[Invoice], customers: list[tuple[str, int]], trouble: int
    ) -> tuple[int, int]:
        net = tax = 0
        # Inside the network the buyer's file shows the same invoice.
        for bought in inside:
            self._invoice(bought._replace(firm=self.code, direction="sales", counterparty=bought.firm))
            net, tax = net + bought.net_minor, tax + bought.tax_minor
        outside = sold - net
        for customer, amount in self._shared(customers, outside):
            for part in self._parts(amount):
                made = self._new(month, "sales", customer, part)
                net, tax = net + made.net_minor, tax + made.tax_minor
                if self.chance.randint(1, 100) <= 2:
                    self._invoice(made._replace(number=self._number(month), void=True))
                if self.chance.randint(1, 200) <= 1 + min(trouble, 8):
                    self._reverse(made)
        if self.cause == "sham_sales" and trouble and self.defaulted is None:
            # Invoices to a shell, and back: nothing is made, no power is used, no money comes.
            shell, amount = f"{SYNTHETIC}X{self.position + 1:05d}", self.base * min(120, 12 * trouble) // 100
            made = self._new(month, "sales", shell, amount - amount % 1_000_000 + 1_000_000, paid=False)
            self._new(month, "purchases", shell, made.net_minor * 97 // 100, paid=False)
            net, tax = net + made.net_minor, tax + made.tax_minor
        return net, tax

    def _buy(self, month: int, amount: int, others_gone: set[str]) -> tuple[int, int]:
        net = tax = 0
        if amount <= 0:
            return net, tax
        for supplier, part in self._shared([s for s in self.suppliers if s[0] not in others_gone], amount):
            for piece in self._parts(part):
                made = self._new(month, "purchases", supplier, piece)
                net, tax = net + made.net_minor, tax + made.tax_minor
                if supplier.startswith(SYNTHETIC) and supplier[len(SYNTHETIC) :].isdigit():
                    self.given[int(supplier[len(SYNTHETIC) :]) - 1][month].append(made)
        return net, tax

    def _shared(self, partners: list[tuple[str, int]], amount: int) -> list[tuple[str, int]]:
        if amount <= 0 or not partners:
            return []
        weights = [weight * self.chance.randint(60, 140) for _, weight in partners]
        return [(code, part) for (code, _), part in zip(partners, largest_remainder(amount, weights)) if part > 100]

    def _parts(self, amount: int) -> list[int]:
        count = self.chance.randint(1, 2)
        return [
            part for part in largest_remainder(amount, [self.chance.randint(1, 5) for _ in range(count)]) if part > 100
        ]

    def _new(self, month: int, direction: str, partner: str, net: int, *, paid: bool = True) -> Invoice:
        last = _last_day(month).day
        issued = _day(month, self.chance.randint(1, last))
        tax = (net * self.vat + 50) // 100
        made = Invoice(self.code, direction, self._number(month), issued, partner, net, tax, net + tax, False, issued)
        self._invoice(made)
        if paid:
            self._owed(made)
        return made

    def _owed(self, made: Invoice) -> None:
        days = self.delay_days if made.direction == "sales" else 30
        month = made.issued_on.year * 12 + made.issued_on.month - 1
        if made.direction == "sales" and self.cause == "paid_late" and month >= self.since:
            days += 22 * (month - self.since + 1)
        on = made.issued_on + timedelta(days=days + self.chance.randint(-5, 12))
        owed = self.books.due_in if made.direction == "sales" else self.books.due_out
        owed[on.year * 12 + on.month - 1].append((on, made.counterparty, made.gross_minor))

    def _reverse(self, made: Invoice) -> None:
        on = made.issued_on + timedelta(days=self.chance.randint(1, 20))
        self._invoice(
            made._replace(
                number=self._number(on.year * 12 + on.month - 1),
                issued_on=on,
                recorded_on=on,
                net_minor=-made.net_minor,
                tax_minor=-made.tax_minor,
                gross_minor=-made.gross_minor,
            )
        )

    def _invoice(self, made: Invoice) -> None:
        self.rows.append(made)
        # A sale to a firm of the network came from that firm's purchase; it is owed like any other.
        is_valid_sale = made.direction == "sales" and made.gross_minor > 0 and not made.void
        if is_valid_sale and made.counterparty[len(SYNTHETIC) :].isdigit():
            self._owed(made)

    def _number(self, month: int) -> str:
        # Twenty digits, as electronic invoices have, in a region that no tax bureau has.
        self.numbers += 1
        return f"{month // 12 % 100:02d}990{self.position + 1:06d}{self.numbers:09d}"

    def _stock(self, month: int) -> None:
        last = _last_day(month)
        for kind, value in (("raw", self.books.raw), ("finished", self.books.finished)):
            self.rows.append(StockCount(self.code, "", kind, last, value, last))

    def _money(self, month: int, made: int, gone: bool) -> bool:
        """Flows of a month; whether taxes can be paid."""
        books, flows = self.books, list[tuple[date, int, str, str]]()
        flows += [(on, amount, "sales", partner) for on, partner, amount in books.due_in.pop(month, []) if not gone]
        out = [(on, -amount, "purchase", partner) for on, partner, amount in books.due_out.pop(month, [])]
        if not gone:
            flows += out
            flows.append((_day(month, 15), -max(self.base, made) * self.wages // 100, "wages", ""))
            flows.append((_day(month, 20), -(made * self.other // 100) - 1, "other", ""))
            flows += [(on, -amount, "tax", "") for on, _, amount in books.due_tax.pop(month, [])]
            if self.debt:
                flows.append((_day(month, 21), -self.debt // 24 - 1, "debt_service", ""))
            # Owners take what is left above a reserve, so that money does not hide trouble for ever.
            spare = books.cash + sum(amount for _, amount, _, _ in flows) - self.base * 8 // 10
            if spare > 0:
                flows.append((_day(month, 26), -spare // 2, "other", ""))
        for i, (on, amount, category, partner) in enumerate(sorted(flows)):
            if amount:
                books.cash += amount
                flow = f"{month}-{i:04d}"
                self.rows.append(BankFlow(self.code, "A1", flow, on, amount, category, partner, on))
        books.short_months = books.short_months + 1 if books.cash < -books.line else 0
        if books.short_months >= 2 and self.defaulted is None:
            self.defaulted = _last_day(month)
        return books.cash > -books.line

    def _taxes(self, month: int, net: int, payable: int, paid: bool) -> None:
        if self.defaulted is not None and self.defaulted < _day(month, 1):
            return
        first, last = _day(month, 1), _last_day(month)
        due = _day(month + 1, 15)
        filed = (
            due - timedelta(days=self.chance.randint(0, 9))
            if paid
            else due + timedelta(days=self.chance.randint(1, 25))
        )
        tax = max(0, payable)
        if paid:
            self.books.due_tax[month + 1].append((due, "", tax))
        self.rows.append(TaxFiling(self.code, "vat", first, last, net, tax, tax if paid else 0, filed, due, filed))


# -- files ------------------------------------------------------------------------------------------------------------


def write_firms(firms: SyntheticFirms, folder: Path, *, chinese: bool = False, encoding: str = "utf-8") -> list[Path]:
    """
    Write what an import reads, one CSV a source, and `synthetic_labels.csv`: which firm defaulted, when and why.

    Args:
        folder: Exists.
        chinese: Chinese headers and words.
        encoding: "utf-8" or "gb18030".

    Raises:
        UsageError: NOT_SAVED, a file cannot be written.
    """
    written = []
    mapping = CHINESE if chinese else STANDARD
    for side, name in (("sales", "output"), ("purchases", "input")):
        rows = [row for row in firms.rows if isinstance(row, Invoice) and row.direction == side]
        header, cells = _invoice_table(rows, mapping, side)
        written.append(_write(folder / f"synthetic_{name}_invoices.csv", header, cells, encoding))
    for source, schema in SCHEMAS.items():
        kind = KINDS[source]
        header, cells = _table([row for row in firms.rows if type(row) is kind], schema, chinese=chinese)
        written.append(_write(folder / f"synthetic_{source}.csv", header, cells, encoding))
    labels = [[firm.code, firm.defaulted_on or "", firm.cause, firm.since or ""] for firm in firms.firms]
    header = ["firm_id", "defaulted_on", "cause", "cause_since"]
    written.append(_write(folder / "synthetic_labels.csv", header, labels, encoding))
    return written


def _write(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]], encoding: str) -> Path:
    with whole_file(path, encoding=encoding) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    return path


def _invoice_table(rows: list[Invoice], mapping: ColumnMapping, side: str) -> tuple[list[str], list[list[object]]]:
    party = mapping.columns.get("counterparty") or mapping.columns["buyer" if side == "sales" else "seller"]
    fields = ("firm", "number", "issued_on", "party", "net", "tax", "gross", "status")
    place = 0 if mapping is STANDARD else -1
    words = {True: mapping.void[place], False: mapping.valid[place]}
    cells: list[list[object]] = [
        [
            r.firm,
            r.number,
            r.issued_on,
            r.counterparty,
            *map(_yuan, (r.net_minor, r.tax_minor, r.gross_minor)),
            words[r.void],
        ]
        for r in rows
    ]
    return [party if f == "party" else mapping.columns[f] for f in fields], cells


def _table(rows: list[Row], schema: Schema, *, chinese: bool) -> tuple[list[str], list[list[object]]]:
    headers, columns = [], []
    for f in schema.fields:
        known = [h for h in f.headers if h.isascii() != chinese]
        headers.append(known[0])
        factor, words = f.headers[known[0]], {kept: word for word, kept in f.words.items() if word.isascii() != chinese}
        values = [getattr(row, f.name) for row in rows]
        match f.kind:
            case Kind.WORD:
                columns.append([words[value] for value in values])
            case Kind.MONEY:
                columns.append([_yuan(value) for value in values])
            case Kind.QUANTITY:
                columns.append([_quantity(value, factor) for value in values])
            case _:
                columns.append(values)
    return headers, [list(row) for row in zip(*columns)]


def _quantity(value: int, factor: int) -> str:
    """In the header's unit, with as many digits as it takes."""
    digits = len(str(factor)) - 1 if str(factor).strip("0") == "1" else 6
    return f"{value // factor}.{value % factor * 10**digits // factor:0{digits}d}" if digits else str(value)


def _yuan(minor: int) -> str:
    return format_minor(minor, "CNY").replace(",", "")
