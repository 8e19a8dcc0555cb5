"""
The credit desk of the main job: every firm is scored from its books, and gets a limit and a price, or a refusal with its reasons
and the smallest change that would turn it. Each decision is a file that replays; only its digest goes to the ledger.

Books of firms that the story makes up are made up too, by the generator whose defaults have causes; so what became of them in the
year after is known, and held against what the desk said.
"""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import hefu.credit.decision
import hefu.credit.models
from hefu import __version__
from hefu.credit.decision.application import Application, application_of
from hefu.credit.decision.change import Found, of_decision
from hefu.credit.decision.document import SALT_BYTES
from hefu.credit.decision.file import Decision, Inputs, make
from hefu.credit.decision.policy import Policy, read_policy
from hefu.credit.decision.record import check_fields
from hefu.credit.features import compute, record_of
from hefu.credit.features.registry import VERSION
from hefu.credit.models.record import Model
from hefu.credit.sources import Options, Row, Store, import_source, synthetic_firms

POLICY = Path(hefu.credit.decision.__file__).parent / "policies" / "example.toml"
MODEL = Path(hefu.credit.models.__file__).parent / "synthetic.json"
#: Books reach so far back, and what became of the firms is known so much further.
MONTHS, FOLLOWED_MONTHS = 24, 12
#: Cases that the story tells in words, and of each kind how many it looks at to choose them.
TOLD, LOOKED_AT = 6, 20


@dataclass(frozen=True, slots=True)
class Books:
    """
    Firms' books.

    Args:
        store: Open; nothing in it became known after `as_of`.
        defaulted_on: Of made-up firms, the day on which the generator let each default, if it did, before or after.
    """

    store: Store
    as_of: date
    is_synthetic: bool
    defaulted_on: Mapping[str, date]

    def follows(self, firm: str) -> bool:
        """Whether the firm defaults in the year after."""
        day = self.defaulted_on.get(firm)
        return day is not None and self.as_of <= day < self.as_of + timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Case:
    """
    One firm at the desk.

    Args:
        name: As the firm is called in the story.
        found: What would turn the answer; None where it is yes.
    """

    firm: str
    name: str
    decision: Decision
    found: Found | None

    def as_data(self) -> dict[str, Any]:
        """For `hefu demo --json`: words of reasons, fen, millionths."""
        answer, score = self.decision.answer, self.decision.score
        turn = self.found.turn if self.found else None
        return {
            "firm": self.firm,
            "points": score.points,
            "default_ppm": score.default_ppm,
            "verdict": answer.verdict,
            "limit_minor": answer.limit,
            "rate_ppm": answer.offers[0].rate_ppm if answer.offers else None,
            "reasons": [why.word for why in answer.reasons],
            "turns": [{"field": move.field, "from": move.old, "to": move.new} for move in turn.moves] if turn else None,
            "digest": self.decision.digest,
        }


def made_up(firms: Sequence[str], as_of: date, seed: int) -> Books:
    """Books for firms that have none, each those of a made-up firm."""
    last = _months_after(as_of, FOLLOWED_MONTHS)
    made = synthetic_firms(seed, firms=len(firms), months=MONTHS + FOLLOWED_MONTHS, last_on=last)
    name_of = {firm.code: name for firm, name in zip(made.firms, firms, strict=True)}
    store = Store()
    store.add(_renamed(made.rows, name_of, as_of))
    days = {name_of[firm.code]: firm.defaulted_on for firm in made.firms if firm.defaulted_on is not None}
    return Books(store, as_of, True, days)


def from_invoices(files: Sequence[Path], as_of: date) -> Books:
    """Books of real firms: their invoices, and no other source."""
    store = Store()
    import_source(store, "invoices", files, Options(as_of, skip_refused=True))
    return Books(store, as_of, False, {})


class Desk:
    """
    A bank's desk with a model and a policy.

    Args:
        at_ms: The instant of its decisions, business time.
    """

    def __init__(self, books: Books, at_ms: int, *, model: Path = MODEL, policy: Path = POLICY) -> None:
        raw = model.read_bytes()
        self.books, self._at_ms = books, at_ms
        self.model, self._document = Model.read(raw), json.loads(raw)
        check_fields(self.model)
        self._text = policy.read_text("utf-8")
        self.policy: Policy = read_policy(self._text.encode())

    def decide(self, firms: Sequence[str]) -> Iterator[tuple[str, Decision]]:
        """A decision on each firm, in order."""
        facts = compute(self.books.store.connection, [(firm, self.books.as_of) for firm in firms]).facts()
        records = {found["firm"]: record_of(found) for found in facts}
        for firm in firms:
            inputs = Inputs(
                policy=self._text,
                model=self._document,
                model_digest=self.model.digest,
                record=records[firm],
                application=self._application(firm),
                at_ms=self._at_ms,
                as_of=self.books.as_of,
                salt=secrets.token_bytes(SALT_BYTES),
                definitions=VERSION,
                is_synthetic=self.books.is_synthetic,
                hefu=__version__,
            )
            yield firm, make(inputs, self.model, self.policy, with_model=False)

    def _application(self, firm: str) -> Application:
        """It asks for whatever there is."""
        day = self.books.defaulted_on.get(firm)
        if day is None or day >= self.books.as_of:
            return application_of({"firm": firm})
        # Who has defaulted before owes somebody; how much, the generator does not say.
        overdue = {"lender": "other", "outstanding": "0.01", "overdue_days": (self.books.as_of - day).days}
        return application_of({"firm": firm, "exposure": [overdue]})

    def told(self, decisions: Mapping[str, Decision], names: Mapping[str, str]) -> list[Case]:
        """Cases of every kind: the largest limits, what a person looks at, refusals; first those that a change would turn."""
        by_verdict: dict[str, list[Case]] = {"approve": [], "refer": [], "refuse": []}
        for firm, decision in sorted(decisions.items(), key=lambda item: (-item[1].answer.limit, item[0])):
            cases = by_verdict[decision.answer.verdict]
            if len(cases) < LOOKED_AT:
                found = None if decision.answer.verdict == "approve" else of_decision(decision, self.model)
                cases.append(Case(firm, names[firm], decision, found))
        for cases in by_verdict.values():
            cases.sort(key=lambda case: case.found is not None and case.found.turn is None)
        told = list[Case]()
        while len(told) < TOLD and any(by_verdict.values()):
            told += [cases.pop(0) for cases in by_verdict.values() if cases]
        return told[:TOLD]


def summary(books: Books, decisions: Mapping[str, Decision]) -> dict[str, Any]:
    """Counts, and how the answers stand against what became of the firms."""
    verdicts = Counter(decision.answer.verdict for decision in decisions.values())
    told = {
        "as_of": books.as_of.isoformat(),
        "firms": len(decisions),
        **{verdict: verdicts[verdict] for verdict in ("approve", "refer", "refuse")},
        "limit_minor": sum(
            decision.answer.limit for decision in decisions.values() if decision.answer.verdict == "approve"
        ),
    }
    if books.is_synthetic:
        later = [firm for firm in decisions if books.follows(firm)]
        told["defaults_after"] = len(later)
        told["defaults_after_approved"] = sum(decisions[firm].answer.verdict == "approve" for firm in later)
    return told


def _renamed(rows: Sequence[Row], name_of: Mapping[str, str], as_of: date) -> Iterator[Row]:
    for row in rows:
        if row.recorded_on > as_of:
            continue
        row = row._replace(firm=name_of[row.firm])
        partner = name_of.get(getattr(row, "counterparty", ""))
        yield row if partner is None else row._replace(counterparty=partner)  # type: ignore[call-arg]


def _months_after(day: date, months: int) -> date:
    """The last day of the month so many months after the one before a day."""
    month = day.year * 12 + day.month - 1 + months
    return date(month // 12, month % 12 + 1, 1) - timedelta(days=1)
