"""
How long decisions take: one firm, one event to score and to limit, a budget shared among 425 and among 100,000 firms.

    python -m bench.credit_decision

Firms are made up; who turns an offer down at which rate is the contest's table where the development data are there (HEFU_SHARED,
default ../shared), and a made-up one otherwise. The rows say which, and every allocation states its gap.
"""

from __future__ import annotations

import json
import random
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from bench import table
from bench.credit import SHARED
from bench.table import at
from hefu.credit.decision import allocation, file
from hefu.credit.decision.application import Application, Book
from hefu.credit.decision.churn import read_churn, with_churn
from hefu.credit.decision.live import LiveLimit
from hefu.credit.decision.optimise import allocate
from hefu.credit.decision.policy import Policy, read_policy
from hefu.credit.decision.portfolio import Firm, Problem
from hefu.credit.features import BY_NAME, FEATURES, LiveFirm, record_of
from hefu.credit.models.record import Model, canonical
from hefu.credit.sources import Invoice, Row, synthetic_firms

COMMAND = "python -m bench.credit_decision"
POLICIES = Path(file.__file__).parent / "policies"
CHURN = b"rate,A,B,C\n0.04,0,0,0\n0.06,0.3,0.25,0.25\n0.08,0.55,0.5,0.45\n0.1,0.7,0.65,0.62\n0.15,0.92,0.88,0.88\n"
EVENTS = 400
ON = date(2026, 7, 1)


def measure() -> list[table.Row]:
    """Rows of a table."""
    return [*_events(), *_allocations(425, 5.0, 2.0), *_allocations(100_000, 60.0, 20.0)]


# -- one firm -----------------------------------------------------------------------------------------------------------


def made_up_model(trees: int = 200) -> Model:
    """As large as a boosted one: a table of every feature and trees of depth three. Made up: it says nothing about firms."""
    chance = random.Random(1)
    names = [feature.name for feature in FEATURES]

    def field(name: str) -> dict[str, Any]:
        return {
            "name": name, "digits": BY_NAME[name].digits, "unit": "", "direction": "either", "unknown": True, "unknown_seen": True,
            "lowest": -(10**17), "highest": 10**17, "seen_lowest": -(10**17), "seen_highest": 10**17, "codes": {}, "other": None,
            "english": name, "chinese": name,
        }  # fmt: skip

    def tree() -> list[list[int]]:
        splits = [[chance.randrange(len(names)), chance.randrange(10**7), 1, 2 * n + 1, 2 * n + 2, 0] for n in range(7)]
        return [*splits, *([chance.randrange(-20_000, 20_000)] for _ in range(8))]

    values = {"values": [9_000, 0, -5_000, -9_000], "unknown": 0}
    document = {
        "format": "hefu-credit-model",
        "version": 1,
        "name": "bench",
        "fields": [field(name) for name in names],
        "base": -3_000_000,
        "tables": [{"field": name, "thresholds": [0, 10**5, 10**6], **values} for name in names],
        "trees": [tree() for _ in range(trees)],
        "points": {"offset": 600, "numerator": 40, "denominator": 693_147, "lowest": 300, "highest": 900},
        "calibration": {
            "raw": [-6_000_000, 0],
            "default_ppm": [1_000, 500_000],
            "low_ppm": [500, 400_000],
            "high_ppm": [2_000, 600_000],
        },
        "about": {},
    }
    return Model.read(canonical(document))


def _events() -> list[table.Row]:
    """A firm's last rows one by one, on the days on which they became known."""
    model, policy = made_up_model(), read_policy((POLICIES / "example.toml").read_bytes())
    made = synthetic_firms(1, firms=60)
    books: dict[str, list[Row]] = {}
    for row in made.rows:
        books.setdefault(row.firm, []).append(row)
    rows = []
    for name, book in (("median", sorted(books.values(), key=len)[30]), ("largest", max(books.values(), key=len))):
        book.sort(key=lambda row: row.recorded_on)
        rows += _followed(f"{name} of 60 made-up firms, {len(book):,} rows", book, model, policy)
    return rows


def _followed(what: str, book: list[Row], model: Model, policy: Policy) -> list[table.Row]:
    late = book[-min(EVENTS, len(book) // 2) :]
    asked = Application(book[0].firm, 0, 0, "", "", (), (), (), Book(0, {}), ())
    live = LiveLimit(asked.firm, policy, model, asked, late[0].recorded_on, book[: -len(late)])
    scoring = LiveFirm(asked.firm, late[0].recorded_on)
    for row in book[: -len(late)]:
        scoring.apply(row)
    taken, scored = [], []
    for row in late:
        live.advance(row.recorded_on)
        _ = live.standing
        start = time.perf_counter()
        live.apply(row)
        taken.append(time.perf_counter() - start)
        scoring.advance(row.recorded_on)
        scoring.facts()
        start = time.perf_counter()
        scoring.apply(row)
        model.score(record_of(scoring.facts()))
        scored.append(time.perf_counter() - start)
    back = live.as_of - timedelta(days=30)
    template = next(row for row in late if isinstance(row, Invoice))
    start = time.perf_counter()
    live.apply(template._replace(number="late", issued_on=back, recorded_on=back))
    again = time.perf_counter() - start
    return [
        _row(f"one event to new score, p50, {what}", 1000 * at(scored, 50), "ms", 10.0, 5.0),
        _row(f"one event to new score, p99, {what}", 1000 * at(scored, 99), "ms", 10.0, 5.0),
        _row(f"one event to new limit, p50, {what}", 1000 * at(taken, 50), "ms", 20.0, 10.0),
        _row(f"one event to new limit, p99, {what}", 1000 * at(taken, 99), "ms", 20.0, 10.0),
        _row(f"an event 30 days late, all days since read again, {what}", 1000 * again, "ms", None, None),
    ]


# -- many firms ---------------------------------------------------------------------------------------------------------


def _allocations(count: int, must: float, goal: float) -> list[table.Row]:
    rows = []
    for name in ("contest", "example"):
        text = (POLICIES / f"{name}.toml").read_bytes()
        policy, churn, source = read_policy(text), None, ""
        if policy.churn:
            known = SHARED / "a3_rate_churn_raw.csv"
            raw = known.read_bytes() if known.is_file() else CHURN
            source = ", the contest's churn" if known.is_file() else ", made-up churn"
            policy = with_churn(policy, read_churn(raw))
            churn = {one.name: one.points for one in policy.churn}
        firms = made_up_firms(count)
        start = time.perf_counter()
        problem = Problem(policy, firms, count * 15_000_000, ON)
        made = allocate(problem)
        solved = time.perf_counter() - start
        inputs = allocation.Inputs(
            text.decode(),
            churn,
            firms,
            problem.budget,
            problem.planned,
            {},
            1_782_867_600_000,
            bytes(32),
            True,
            "bench",
        )
        start = time.perf_counter()
        raw, _ = allocation.write(inputs, problem, made.choices, made.prices_ppm)
        allocation.replay(raw)
        checked = time.perf_counter() - start
        what = f"{count:,} made-up firms, policy {name}{source}"
        rows += [
            _row(f"budget shared, {what}", solved, "s", must, goal),
            _row(f"gap to the bound, {what}", made.gap_ppm, "ppm", None, None),
            _row(f"written and replayed in integers, {what}", checked, "s", None, None),
        ]
    return rows


def made_up_firms(count: int) -> tuple[Firm, ...]:
    """Risks and sizes that are skewed, as firms' are."""
    chance = random.Random(1)
    kinds = ("C3562", "C3484", "C3111", "C1711", "C1811", "C2511", "I64")
    return tuple(
        Firm(
            f"SYN-{n:06d}",
            min(999_999, int(1000 * chance.lognormvariate(3.3, 1.1))),
            chance.randrange(5, 300) * 1_000_000,
            chance.choice(kinds),
            ("specialised-new",) if chance.random() < 0.1 else (),
        )
        for n in range(count)
    )


def _row(name: str, value: float, unit: str, must: float | None, goal: float | None) -> table.Row:
    return table.row(f"decision: {name}", round(value, 3), unit, must, goal, command=COMMAND)


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
