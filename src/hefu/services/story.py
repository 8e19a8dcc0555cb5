"""
The main job from beginning to end on one embedded ledger: invoices in, receivables confirmed, split, passed on, financed,
settled; attacks refused; one file that proves it.

What the data hold is used as it is; what they lack (confirmations, deliveries, offers, due dates, further tiers) is simulated,
seeded and labelled so. The clock is simulated and says so.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from hefu.credit.decision.file import Decision
from hefu.documents.invoices import (
    Chain,
    Economy,
    Size,
    core_enterprises,
    deepest_buyers,
    economy_from_trades,
    import_invoices,
    match_trades,
    synthetic_economy,
    write_invoices,
)
from hefu.documents.invoices import Trade as Invoice
from hefu.kernel.codec import Record
from hefu.kernel.errors import Rejected, UsageError
from hefu.kernel.keyfile import publish
from hefu.kernel.money import share_half_up
from hefu.kernel.signer import KeySigner
from hefu.kernel.time import CHINA, start_of_day_ms
from hefu.ledger.application import Application
from hefu.ledger.engine import Ticket
from hefu.services import audit, proving
from hefu.services.attacks import Attack, Targets, run_attacks
from hefu.services.crediting import MODEL, Case, Desk, from_invoices, made_up, summary
from hefu.services.founding import FounderSpec
from hefu.services.home import DEMO_PASSPHRASE, PartyEntry
from hefu.services.network import Network, accepted
from hefu.services.trade import InvoiceDocument, Trade

#: scrypt's cost for a demo's files; 2^15 for real ones.
COST = 1024
BANKS = ("Bank A", "Bank B", "Bank C")
OPERATOR, SUPERVISOR, KEEPER = "Operator", "Supervisor", "Clock keeper"
CHAINS_MAX = 400
#: Where the data reach less deep, a few receivables travel on to invented suppliers, down to this tier.
TIERS_TOLD = 4
FURTHER_TOLD = 5

Progress = Callable[[str, int, int], None]


@dataclass
class Stage:
    """One part of the story: how many, how much in minor units, how long in seconds."""

    name: str
    count: int = 0
    amount_minor: int = 0
    seconds: float = 0.0
    simulated: bool = False


@dataclass
class Outcome:
    """What the story gives: figures, attacks, invariants, and the files that prove it."""

    stages: list[Stage] = field(default_factory=list)
    attacks: list[Attack] = field(default_factory=list)
    invariants: list[audit.Finding] = field(default_factory=list)
    bundle: str = ""
    genesis: str = ""
    home: str = ""
    synthetic: bool = True
    notes: list[dict[str, Any]] = field(default_factory=list)
    tiers: int = 0
    transactions: int = 0
    height: int = 0
    #: Where the nodes of a network stand at the end, and what was done to each.
    nodes: list[dict[str, Any]] = field(default_factory=list)
    #: What the credit desk said, in figures, and the cases that are told in words.
    credit: dict[str, Any] = field(default_factory=dict)
    cases: list[Case] = field(default_factory=list)

    def as_data(self) -> dict[str, Any]:
        """For `hefu demo --json`."""
        return {
            "stages": [
                {
                    "name": s.name,
                    "count": s.count,
                    "amount_minor": s.amount_minor,
                    "seconds": round(s.seconds, 3),
                    "simulated": s.simulated,
                }
                for s in self.stages
            ],
            "attacks": [{"name": a.name, "refused": a.refused, "code": a.code} for a in self.attacks],
            "invariants": [{"name": i.name, "holds": i.holds, "checked": i.checked} for i in self.invariants],
            "bundle": self.bundle,
            "genesis": self.genesis,
            "home": self.home,
            "synthetic": self.synthetic,
            "notes": self.notes,
            "tiers": self.tiers,
            "transactions": self.transactions,
            "height": self.height,
            "credit": {**self.credit, "cases": [case.as_data() for case in self.cases]},
            **({"nodes": self.nodes} if self.nodes else {}),
        }


@dataclass
class Holding:
    """A right in the story and who holds it now."""

    right: bytes
    holder: str
    amount: int
    due_on: date


class Story:
    """
    Args:
        home: A new or empty folder.
        application: The contracts.
        seed: Of whatever is simulated.
        progress: Told what is being done, how far it is and how far it goes.
        suite_name: Signature suite of the ledger.
        size: Of the synthetic economy.
        chains_max: Chains of payments that are told; the deepest.
    """

    def __init__(
        self,
        home: Path,
        application: Application,
        *,
        seed: int = 1,
        progress: Progress | None = None,
        suite_name: str = "ed25519",
        size: Size | None = None,
        chains_max: int = CHAINS_MAX,
    ) -> None:
        self._chains_max = chains_max
        self._home = home
        self._application = application
        self._chance = random.Random(seed)  # noqa: S311 - nothing secret is drawn.
        self._seed = seed
        self._progress = progress or (lambda stage, done, total: None)
        self._suite_name = suite_name
        self._size = size
        self.outcome = Outcome(home=str(home))
        self._names: dict[str, PartyEntry] = {}
        self._decided: dict[str, Decision] = {}
        self._files: list[Path] = []
        self._documents: dict[Invoice, bytes] = {}
        self._holdings: list[Holding] = []
        self._pledged: list[bytes] = []
        self._paid: list[bytes] = []
        self._replayable = b""
        self._simulated: set[Invoice] = set()

    # -- the whole ----------------------------------------------------------------------------------------------

    def run(self, invoices: Path | None = None, *, today: date | None = None) -> Outcome:
        """
        Tell the story.

        Args:
            invoices: A file or folder to import; a synthetic economy where absent.
            today: First day of the simulated clock; by default the day after the newest invoice.

        Raises:
            HefuError: The data cannot be used, or something that must hold does not.
        """
        economy, first_on = self._economy(invoices, today)
        chains = self._choose(economy)
        with self._open(first_on) as network:
            self._trade = Trade(network)
            self._enrol(economy, chains)
            self._assess(invoices, first_on)
            self._register(chains)
            self._confirm(chains)
            self._pass_on(chains)
            self._go_further()
            self._finance()
            self._de_core(economy)
            self._notify()
            self._attack(chains)
            self._settle()
            self._prove(network)
        return self.outcome

    def _note(self, code: str, **values: Any) -> None:
        """Something that whoever reads the outcome must know; the words are the command line's."""
        self.outcome.notes.append({"code": code, **values})

    @contextmanager
    def _stage(self, name: str, *, simulated: bool = False) -> Iterator[Stage]:
        stage = Stage(name, simulated=simulated)
        self.outcome.stages.append(stage)
        self._progress(name, 0, 0)
        began = time.perf_counter()
        yield stage
        stage.seconds = time.perf_counter() - began

    # -- who and what -------------------------------------------------------------------------------------------

    def _economy(self, path: Path | None, today: date | None) -> tuple[Economy, date]:
        with self._stage("import") as stage:
            if path is None:
                made = synthetic_economy(self._seed, size=self._size)
                self._note("synthetic", seed=self._seed)
                with tempfile.TemporaryDirectory() as folder:
                    written = write_invoices(made.trades, Path(folder), bad_rows=True, seed=self._seed)
                    first_on = today or max(t.issued_on for t in made.trades) + timedelta(days=1)
                    imported = import_invoices(Path(folder), today=first_on, progress=self._progress)
                    if imported.report.counts != {**imported.report.counts, **written.counts}:
                        raise AssertionError("the import did not treat the rows as they were made")
                    matching = match_trades(imported.invoices)
                economy = economy_from_trades(
                    matching.trades, cores=made.cores, known=made.firms, terms=made.terms, seed=self._seed
                )
            else:
                self.outcome.synthetic = False
                imported = import_invoices(path, today=today or datetime.now(CHINA).date(), progress=self._progress)
                matching = match_trades(imported.invoices)
                if not matching.trades:
                    raise UsageError(
                        "no invoice here stands in the books of two firms, so there is no trade to tell a story of; "
                        "the files need the sales and the purchases of several firms",
                        code="NO_TRADES",
                        where=str(path),
                    )
                self._files = [path / file.name if path.is_dir() else path for file in imported.report.files]
                cores = dict.fromkeys((*deepest_buyers(matching.trades, 3), *core_enterprises(matching.trades, 3)))
                economy = economy_from_trades(matching.trades, cores=tuple(cores))
                first_on = today or max(t.issued_on for t in matching.trades) + timedelta(days=1)
                self._note(
                    "matched",
                    trades=len(matching.trades),
                    twins=len(matching.twins),
                    self_trades=len(matching.self_trades),
                )
                self._note("simulated")
            stage.count = imported.report.rows
            stage.amount_minor = sum(total.gross_minor for total in imported.report.totals.values())
            left = ", ".join(f"{code} {n}" for code, n in imported.report.counts.items() if n and code != "ACCEPTED")
            self._note("rows", left=left or "0")
            self._note("clock", first_on=first_on.isoformat())
        return economy, first_on

    def _choose(self, economy: Economy) -> list[Chain]:
        chains = sorted(economy.chains, key=lambda c: (-c.depth, -c.receivable.gross_minor, c.receivable))[
            : self._chains_max
        ]
        self.outcome.tiers = max((chain.depth for chain in chains), default=0)
        if len(chains) < len(economy.chains):
            self._note("chosen", told=len(chains), found=len(economy.chains))
        return chains

    def _open(self, first_on: date) -> Network:
        with self._stage("network", simulated=True) as stage:
            founders = [FounderSpec(OPERATOR, ("platform_operator",), True)]
            founders += [FounderSpec(bank, ("bank", "settlement_bank"), True) for bank in BANKS]
            founders += [FounderSpec(SUPERVISOR, ("supervisor",), False), FounderSpec(KEEPER, ("verifier",), True)]
            network = Network.create(
                self._home,
                self._application,
                name="hefu-demo",
                founders=founders,
                passphrase=DEMO_PASSPHRASE,
                suite_name=self._suite_name,
                clock="simulated",
                start_ms=start_of_day_ms(first_on) + 9 * 3_600_000,
                keeper=KEEPER,
                synthetic=self.outcome.synthetic,
                cost=COST,
            )
            stage.count = len(founders)
        self.outcome.genesis = str(network.home.genesis)
        return network

    def _enrol(self, economy: Economy, chains: Sequence[Chain]) -> None:
        with self._stage("enrol") as stage:
            wanted = {c.receivable.buyer for c in chains} | {c.receivable.seller for c in chains}
            wanted |= {p.invoice.seller for c in chains for p in c.payments}
            firms = [firm for firm in economy.firms if firm.code in wanted]
            network = self._trade.network
            for done, firm in enumerate(firms, 1):
                role = "core_enterprise" if firm.is_core else "supplier"
                spec = FounderSpec(firm.name or firm.code, (role,), False, firm.uscc or "")
                self._names[firm.code] = network.enrol(spec, OPERATOR)
                self._progress("enrol", done, len(firms))
            stage.count = len(firms)

    def _assess(self, path: Path | None, as_of: date) -> None:
        """Each firm is scored and gets a decision; the files stay with the bank, digests of those on the ledger go there."""
        trade, enrolled = self._trade, list(self._names)
        bank = trade.network.home.party(BANKS[0])
        with self._stage("books", simulated=path is None) as stage:
            books = made_up(enrolled, as_of, self._seed) if path is None else from_invoices(self._files, as_of)
            stage.count = sum(found[0] for found in books.store.coverage().values())
            # Some that are enrolled may have no books at all, and most that have books are in no trade that is told.
            firms = list(dict.fromkeys((*enrolled, *books.store.firms())))
            if path is not None:
                self._note("credit_model")
        with closing(books.store), self._stage("assess", simulated=path is None) as stage:
            desk = Desk(books, trade.network.business_ms())
            names = {firm: party.name for firm, party in self._names.items()}
            folder = self._home / "decisions"
            folder.mkdir()
            publish(folder / "model.json", MODEL.read_bytes(), overwrite=True)
            commands = list[Record]()
            for done, (firm, decision) in enumerate(desk.decide(firms), 1):
                self._decided[firm] = decision
                publish(folder / f"{decision.digest}.json", decision.raw, overwrite=True)
                if firm in self._names:
                    subject = bytes.fromhex(self._names[firm].organisation)
                    commands.append(trade.prepare_assessment(bank, subject, bytes.fromhex(decision.digest)))
                self._progress("assess", done, len(firms))
            signer = trade.network.ring(bank).office
            self._all("assess", [(commands[i : i + 100], [signer]) for i in range(0, len(commands), 100)])
            self.outcome.cases = desk.told({firm: self._decided[firm] for firm in enrolled}, names)
            self.outcome.credit = {**summary(books, self._decided), "model": str(folder / "model.json")}
            stage.count = len(firms)
            stage.amount_minor = self.outcome.credit["limit_minor"]

    # -- the trade ----------------------------------------------------------------------------------------------

    def _all(self, name: str, drafts: Sequence[tuple[Sequence[Record], Sequence[KeySigner]]]) -> list[bytes]:
        """Submit many transactions at once, then wait for all; the bytes of each."""
        network = self._trade.network
        raws = [network.draft(commands, *signers).wire() for commands, signers in drafts]
        tickets: list[Ticket] = [network.engine.submit(raw) for raw in raws]
        for done, ticket in enumerate(tickets, 1):
            try:
                accepted(ticket.wait())
            except Rejected as refusal:
                raise Rejected(f"{name}: transaction {done} was refused", code=refusal.code) from None
            if done % 50 == 0 or done == len(tickets):
                self._progress(name, done, len(tickets))
        return raws

    def _document_of(self, invoice: Invoice) -> InvoiceDocument:
        return InvoiceDocument(
            invoice.number,
            invoice.issued_on,
            invoice.gross_minor,
            net_minor=invoice.net_minor,
            tax_minor=invoice.tax_minor,
        )

    def _office(self, code: str) -> KeySigner:
        return self._trade.network.ring(self._names[code]).office

    def _register(self, chains: Sequence[Chain]) -> None:
        with self._stage("register") as stage:
            invoices = list(
                dict.fromkeys([c.receivable for c in chains] + [p.invoice for c in chains for p in c.payments])
            )
            drafts = []
            for invoice in invoices:
                seller, buyer = self._names[invoice.seller], self._names[invoice.buyer]
                standing = self._chance.random() < 0.5
                command, document, terms = self._trade.prepare_register(
                    seller, buyer, self._document_of(invoice), standing=standing
                )
                self._trade.keep_terms(document, terms, seller, buyer)
                self._documents[invoice] = document
                drafts.append(([command], [self._office(invoice.seller)]))
            self._all("register", drafts)
            stage.count = len(invoices)
            stage.amount_minor = sum(invoice.gross_minor for invoice in invoices)

    def _confirm(self, chains: Sequence[Chain]) -> None:
        trade = self._trade
        now, today = trade.network.business_ms(), trade.today()
        proposed: list[tuple[Invoice, bytes, date]] = []
        with self._stage("propose", simulated=True) as stage:
            drafts = []
            for chain in chains:
                invoice = chain.receivable
                due_on = today + timedelta(days=self._chance.choice((60, 90, 120, 180)))
                seller = self._names[invoice.seller]
                command, right, terms = trade.prepare_propose(
                    seller, self._documents[invoice], invoice.gross_minor, due_on, now
                )
                trade.keep_terms(right, terms, seller, self._names[invoice.buyer])
                drafts.append(([command], [self._office(invoice.seller)]))
                proposed.append((invoice, right, due_on))
            self._replayable = self._all("propose", drafts)[0]
            stage.count, stage.amount_minor = len(drafts), sum(i.gross_minor for i, _, _ in proposed)
        with self._stage("confirm", simulated=True) as stage:
            by_obligor: dict[str, list[Record]] = {}
            for invoice, right, due_on in proposed:
                seller, obligor = self._names[invoice.seller], self._names[invoice.buyer]
                by_obligor.setdefault(invoice.buyer, []).append(
                    trade.prepare_confirm(obligor, seller, right, invoice.gross_minor, self._document_of(invoice))
                )
                trade.keep_confirmation(right, "en", obligor, seller)
                self._holdings.append(Holding(right, invoice.seller, invoice.gross_minor, due_on))
            batches = [
                (commands[i : i + 100], [self._office(code)])
                for code, commands in by_obligor.items()
                for i in range(0, len(commands), 100)
            ]
            self._all("confirm", batches)
            stage.count, stage.amount_minor = len(proposed), sum(i.gross_minor for i, _, _ in proposed)

    def _pass_on(self, chains: Sequence[Chain]) -> None:
        with self._stage("split_and_assign", simulated=True) as stage:
            roots = list(self._holdings)
            for done, (chain, root) in enumerate(zip(chains, roots, strict=True), 1):
                held: list[Holding] = []
                for payment in chain.payments:
                    source = root if payment.source is None else held[payment.source]
                    moved = self._pay(source, payment.invoice, payment.part_minor)
                    held.append(moved)
                    stage.count += 1
                    stage.amount_minor += payment.part_minor
                self._progress("split_and_assign", done, len(chains))

    def _pay(self, source: Holding, invoice: Invoice, part: int) -> Holding:
        trade = self._trade
        document = self._documents[invoice]
        to = self._names[invoice.seller]
        right = trade.assign(
            source.right,
            to,
            document,
            recourse=self._chance.random() < 0.5,
            amount_minor=part if part < source.amount else None,
        )
        self._paid.append(document)
        if right == source.right:
            self._holdings.remove(source)
        moved = Holding(right, invoice.seller, part, source.due_on)
        source.amount -= part
        self._holdings.append(moved)
        return moved

    def _go_further(self) -> None:
        """Real data rarely reach the fourth tier: a few receivables travel on, to suppliers that are invented and named so."""
        missing = TIERS_TOLD - self.outcome.tiers
        if missing <= 0:
            return
        with self._stage("further_tiers", simulated=True) as stage:
            deepest = sorted(self._holdings, key=lambda h: (-self._way(h.right)[0], h.right))[:FURTHER_TOLD]
            for position, start in enumerate(deepest, 1):
                holding = start
                for tier in range(self.outcome.tiers + 1, TIERS_TOLD + 1):
                    if holding.amount < 2:
                        break
                    moved = self._pay_simulated(holding, f"simulated supplier {position}, tier {tier}", stage.count)
                    stage.count += 1
                    stage.amount_minor += moved.amount
                    holding = moved
            self._note("further_tiers", first=self.outcome.tiers + 1, last=TIERS_TOLD)

    def _pay_simulated(self, holding: Holding, name: str, number: int) -> Holding:
        """An invented supplier of the holder is paid half of what the holder has."""
        trade = self._trade
        supplier = trade.network.enrol(FounderSpec(name, ("supplier",)), OPERATOR)
        self._names[name] = supplier
        part = holding.amount // 2
        invoice = InvoiceDocument(f"SIM{self._seed:04d}{number:06d}", trade.today(), part)
        document = trade.register(supplier, self._names[holding.holder], invoice)
        right = trade.assign(holding.right, supplier, document, recourse=True, amount_minor=part)
        self._paid.append(document)
        holding.amount -= part
        moved = Holding(right, name, part, holding.due_on)
        self._holdings.append(moved)
        return moved

    # -- finance ------------------------------------------------------------------------------------------------

    def _finance(self) -> None:
        trade = self._trade
        banks = [trade.network.home.party(name) for name in BANKS]
        candidates = [holding for holding in self._holdings if holding.amount >= 1000_00 or len(self._holdings) < 10]
        chosen = candidates[: max(len(candidates) * 2 // 3, 1)]
        offers: list[tuple[Holding, list[tuple[bytes, PartyEntry, int]]]] = []
        with self._stage("offer", simulated=True) as stage:
            for done, holding in enumerate(chosen, 1):
                made = []
                for bank in banks:
                    rate_bps = self._chance.randint(300, 650)
                    days = (holding.due_on - trade.today()).days
                    price = holding.amount - share_half_up(holding.amount, _discount(rate_bps, days))
                    method = "pledge" if self._chance.random() < 0.25 else "sale"
                    offer = trade.offer(bank, holding.right, price_minor=price, annual_rate_bps=rate_bps, method=method)
                    made.append((offer, bank, price))
                offers.append((holding, made))
                stage.count += len(made)
                stage.amount_minor += sum(price for _, _, price in made)
                self._progress("offer", done, len(chosen))
        with self._stage("finance", simulated=True) as stage:
            for done, (holding, made) in enumerate(offers, 1):
                best = max(made, key=lambda item: item[2])
                self._fund(holding, *best, attested=done % 2 == 0)
                stage.count += 1
                stage.amount_minor += best[2]
                self._progress("finance", done, len(offers))
        with self._stage("resale", simulated=True) as stage:
            sold = [h for h in self._holdings if h.holder in BANKS][: max(len(chosen) // 10, 1)]
            for holding in sold:
                buyer = next(bank for bank in banks if bank.name != holding.holder)
                price = holding.amount - share_half_up(holding.amount, _discount(200, 30))
                offer = trade.offer(buyer, holding.right, price_minor=price, annual_rate_bps=200, recourse=False)
                self._fund(holding, offer, buyer, price, attested=False)
                stage.count += 1
                stage.amount_minor += price

    def _fund(self, holding: Holding, offer: bytes, bank: PartyEntry, price: int, *, attested: bool) -> None:
        trade = self._trade
        holder = self._names.get(holding.holder) or trade.network.home.party(holding.holder)
        trade.accept_offer(holder, offer)
        payment = b""
        if attested:
            # Another bank than the one that pays sees the money arrive.
            witness = next(name for name in BANKS if name != bank.name)
            payment = trade.attest_price(trade.network.home.party(witness), bank, offer)
        trade.complete_finance(holding.right, payment)
        if trade.right(holding.right).header.encumbrances:
            self._pledged.append(holding.right)
        else:
            holding.holder = bank.name

    def _de_core(self, economy: Economy) -> None:
        """
        Some suppliers get finance although the core enterprise will not confirm: on delivery alone, marked for ever. Whom the
        credit desk refused gets none.
        """
        trade = self._trade
        told = set(self._documents)
        candidates = [
            t
            for t in economy.trades
            if t not in told and t.seller in self._names and t.buyer in self._names and t.gross_minor > 0
        ][:10]
        candidates = [t for t in candidates if self._decided[t.seller].answer.verdict != "refuse"]
        with self._stage("de_cored", simulated=True) as stage:
            bank = trade.network.home.party(BANKS[1])
            attester = trade.network.home.party(KEEPER)
            for invoice in candidates:
                seller, buyer = self._names[invoice.seller], self._names[invoice.buyer]
                document = trade.register(seller, buyer, self._document_of(invoice))
                self._documents[invoice] = document
                delivery = trade.attest_delivery(attester, document)
                due_on = trade.today() + timedelta(days=90)
                amount = max(invoice.gross_minor * 7 // 10, 1)
                right = trade.raise_on_evidence(seller, document, amount, due_on, delivery)
                offer = trade.offer(bank, right, price_minor=amount * 98 // 100, annual_rate_bps=800, method="pledge")
                trade.accept_offer(seller, offer)
                trade.complete_finance(right)
                self._holdings.append(Holding(right, invoice.seller, amount, due_on))
                stage.count += 1
                stage.amount_minor += amount

    def _notify(self) -> None:
        trade = self._trade
        with self._stage("notice", simulated=True) as stage:
            held = [h for h in self._holdings if h.holder in BANKS]
            for done, holding in enumerate(held, 1):
                account = f"6222{self._chance.randint(10**11, 10**12 - 1)}"
                trade.notify(holding.right, account)
                trade.acknowledge(holding.right, account)
                stage.count += 1
                stage.amount_minor += holding.amount
                self._progress("notice", done, len(held))

    # -- attacks, maturity, proof -------------------------------------------------------------------------------

    def _attack(self, chains: Sequence[Chain]) -> None:
        trade = self._trade
        with self._stage("attacks", simulated=True) as stage:
            if not self._pledged:
                holding = next(h for h in self._holdings if h.holder not in BANKS)
                pledgee = trade.network.home.party(BANKS[0])
                trade.pledge(holding.right, pledgee, holding.amount, b"\x01" * 32)
                self._pledged.append(holding.right)
            pledgee_account = trade.right(self._pledged[0]).header.encumbrances[0].pledgee
            bank = next(
                b for b in (trade.network.home.party(n) for n in BANKS) if bytes.fromhex(b.account) != pledgee_account
            )
            invoice = chains[0].receivable
            movable = next(h for h in self._holdings if h.right not in self._pledged and h.holder in BANKS)
            if not self._paid:
                holding = next(h for h in self._holdings if h.holder in self._names and h.right not in self._pledged)
                self._pay_simulated(holding, "simulated supplier", 0)
            targets = Targets(
                self._pledged[0],
                movable.right,
                self._document_of(invoice),
                self._documents[invoice],
                self._names[invoice.seller],
                self._names[invoice.buyer],
                self._paid[0],
                self._replayable,
                bank,
                trade.network.home.party(SUPERVISOR),
            )
            self.outcome.attacks = run_attacks(trade, targets)
            stage.count = len(self.outcome.attacks)

    def _settle(self) -> None:
        trade = self._trade
        with self._stage("settle", simulated=True) as stage:
            due = sorted({holding.due_on for holding in self._holdings})
            bank = trade.network.home.party(BANKS[0])
            # The last due date stays open, so that the ledger that is left has live rights to work on.
            last = due[-1] if len(due) > 1 else None
            for day in due:
                if day == last:
                    break
                trade.advance_clock(day)
                falling = [h for h in self._holdings if h.due_on == day]
                for done, holding in enumerate(falling, 1):
                    amount = trade.right(holding.right).header.open
                    if not amount:
                        continue
                    reference = f"E2E-{holding.right.hex()[:16]}"
                    # Every fifth payee signs the receipt itself; for the others a bank attests the payment.
                    payment = b"" if done % 5 == 0 else trade.attest_payment(bank, holding.right, amount, reference)
                    trade.settle(holding.right, amount, payment)
                    stage.count += 1
                    stage.amount_minor += amount
                    self._progress("settle", done, len(falling))

    def _prove(self, network: Network) -> None:
        self._vouch(network)
        with self._stage("invariants") as stage:
            self.outcome.invariants = self._checked(network)
            stage.count = len(self.outcome.invariants)
        self._bundle(network)
        self.outcome.height = network.chain.tip.height
        self.outcome.transactions = network.engine.query(_count_transactions)

    def _vouch(self, network: Network) -> None:
        """Others than the operator vouch for what the bundle will lead to."""
        with self._stage("checkpoint") as stage:
            stage.count = len(network.checkpoint().countersignatures)

    def _checked(self, network: Network) -> list[audit.Finding]:
        return network.engine.query(audit.check_all)

    def _bundle(self, network: Network) -> None:
        trade = self._trade
        with self._stage("prove") as stage:
            # The right with the longest way behind it tells most.
            subject = max(self._holdings, key=lambda h: self._way(h.right))
            owner = network.home.party(trade.right(subject.right).header.owner.hex())
            document = trade.right(subject.right).document
            openings = []
            for party in network.home.names.parties:
                terms = trade.terms(document, party)
                if terms is not None:
                    openings.append((document, trade.opened(document, party, frozenset({"number", "issued_on"}))))
                    break
            assert owner.name
            raw = network.engine.query(lambda chain: proving.bundle(chain, subject.right, openings))
            path = self._home / "evidence.hefu"
            publish(path, raw, overwrite=True)
            self.outcome.bundle = str(path)
            stage.count = 1
            stage.amount_minor = subject.amount

    def _way(self, right: bytes) -> tuple[int, int]:
        record = self._trade.right(right)
        return (record.depth + len(record.endorsements), record.header.length)


def _count_transactions(chain: Any) -> int:
    return sum(1 for _ in chain.store.scan(b"i", b"j"))


def _discount(rate_bps: int, days: int) -> Any:
    from decimal import Decimal

    return Decimal(rate_bps) * Decimal(max(days, 0)) / Decimal(10_000 * 365)
