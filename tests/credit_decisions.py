"""Policies, applications and scores for tests: the example policy with a few words changed, and cases by Hypothesis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

import hefu.credit.decision
from credit_models import document, field
from hefu.credit.decision.application import Application, Book, Exposure, Item
from hefu.credit.decision.document import SALT_BYTES
from hefu.credit.decision.file import Inputs
from hefu.credit.decision.policy import Policy, read_policy
from hefu.credit.features.registry import BY_NAME, FEATURES
from hefu.credit.models.record import Model, canonical

POLICIES = Path(hefu.credit.decision.__file__).parent / "policies"
ON = date(2026, 7, 1)
#: 09:00 on that day at UTC+8.
AT_MS = 1_782_867_600_000
YUAN = 100


@dataclass(frozen=True)
class FakeScore:
    """A score without a model."""

    default_ppm: int
    low_ppm: int
    high_ppm: int
    points: int = 600


def score(default: int, spread: int = 0) -> FakeScore:
    """A probability of default in ppm, and how far its interval reaches on either side."""
    return FakeScore(default, max(0, default - spread), min(1_000_000, default + spread))


@cache
def example() -> Policy:
    """The policy that the product ships."""
    return read_policy(example_bytes())


@cache
def example_bytes() -> bytes:
    """The file of it."""
    return (POLICIES / "example.toml").read_bytes()


def policy_with(*changes: tuple[str, str]) -> Policy:
    """The example with some words of its file replaced; each must occur."""
    text = example_bytes().decode()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return read_policy(text.encode())


def record(**known: int | None) -> dict[str, int | None]:
    """A record with all features unknown but these."""
    names = {feature.name for feature in FEATURES}
    assert known.keys() <= names, known.keys() - names
    return {**dict.fromkeys(names), **known}


STEADY: Mapping[str, int | None] = record(
    sales_12m=1_000_000_000,
    sales_all=2_500_000_000,
    bank_in_12m=950_000_000,
    tax_declared_12m=900_000_000,
    sales_customers_12m=20,
    sales_customers_all=40,
    sales_hhi_12m=300_000,
    sales_void_share_12m=50_000,
    sales_red_share_12m=20_000,
    sales_volatility_12m=400_000,
    tax_unpaid_12m=0,
    bank_short_months_12m=250_000,
    self_trade_share=0,
    twins=0,
)


def application(**changed: Any) -> Application:
    """A firm that asks for as much as it can get and has nothing to show but its data."""
    plain = Application(
        firm="SYN-00001",
        amount=0,
        tenor_days=0,
        purpose="",
        industry="C3484",
        lists=(),
        exposures=(),
        items=(),
        book=Book(0, {}),
        refer=(),
    )
    return replace(plain, **changed)


def item(name: str = "r1", kind: str = "receivable", amount: int = 500_000 * YUAN, **changed: Any) -> Item:
    """A receivable that the obligor confirmed, due in three months."""
    plain = Item(
        name=name,
        kind=kind,
        amount=amount,
        payer="" if kind == "goods" else "core",
        payer_default_ppm=None if kind == "goods" else 10_000,
        due_on=ON if kind == "goods" else ON + timedelta(days=90),
        evidence=("confirmed", "invoice"),
        trade="",
        goods="steel" if kind == "goods" else "",
        is_watched=kind == "goods",
        is_encumbered=False,
    )
    return replace(plain, **changed)


def model_document() -> dict[str, Any]:
    """A small model over real features: sales, concentration, voids, unpaid tax."""
    names = {
        "sales_12m": "safer",
        "sales_hhi_12m": "riskier",
        "sales_void_share_12m": "riskier",
        "tax_unpaid_12m": "riskier",
        "sales_volatility_12m": "riskier",
    }

    def table(name: str, thresholds: list[int], values: list[int], unknown: int) -> dict[str, Any]:
        return {"field": name, "thresholds": thresholds, "values": values, "unknown": unknown}

    return document(
        fields=[field(name, digits=BY_NAME[name].digits, direction=direction) for name, direction in names.items()],
        base=-3_000_000,
        tables=[
            table("sales_12m", [100_000_000, 500_000_000, 2_000_000_000], [1_400_000, 500_000, 0, -600_000], 900_000),
            table("sales_hhi_12m", [150_000, 400_000, 700_000], [-300_000, 0, 400_000, 900_000], 300_000),
            table("sales_void_share_12m", [30_000, 100_000, 250_000], [-200_000, 0, 300_000, 700_000], 100_000),
            table("tax_unpaid_12m", [0, 100_000, 300_000], [-100_000, 200_000, 600_000, 1_100_000], 200_000),
        ],
        trees=[[[4, 600_000, 1, 1, 2, 0], [-150_000], [1, 500_000, 1, 3, 4, 100_000], [50_000], [400_000]]],
        calibration={
            "raw": [-5_000_000, -4_000_000, -3_000_000, -2_000_000, -1_000_000, 1_000_000],
            "default_ppm": [5_000, 15_000, 40_000, 110_000, 260_000, 700_000],
            "low_ppm": [1_000, 8_000, 25_000, 70_000, 180_000, 550_000],
            "high_ppm": [15_000, 30_000, 70_000, 180_000, 380_000, 850_000],
        },
    )


@cache
def model() -> Model:
    """The same, read."""
    return Model.read(canonical(model_document()))


def inputs(**changed: Any) -> Inputs:
    """All that a decision on the steady firm reads."""
    plain = Inputs(
        policy=example_bytes().decode(),
        model=model_document(),
        model_digest=model().digest,
        record=STEADY,
        application=application(),
        at_ms=AT_MS,
        as_of=ON - timedelta(days=1),
        salt=bytes(SALT_BYTES),
        definitions=1,
        is_synthetic=True,
        hefu="0",
    )
    return replace(plain, **changed)


# -- any case ---------------------------------------------------------------------------------------------------------

_AMOUNTS = st.one_of(st.integers(100_000 * YUAN, 4_000_000 * YUAN), st.sampled_from([0, 600_000 * YUAN, 10**13]))
_SHARES = st.one_of(st.integers(0, 60_000), st.integers(0, 1_000_000))
_LISTS = st.lists(st.sampled_from(["high-tech", "specialised-new", "green-verified"]), unique=True).map(tuple)


@st.composite
def items(draw: st.DrawFn, name: str) -> Item:
    """Something that backs a limit, good or not."""
    kind = draw(st.sampled_from(["receivable", "order", "goods"]))
    words = draw(st.sampled_from([("confirmed", "invoice"), ("delivery", "invoice"), ("invoice", "payments"), ()]))
    return item(
        name,
        kind,
        draw(_AMOUNTS),
        payer_default_ppm=None if kind == "goods" else draw(st.sampled_from([5_000, 10_000, 30_000, 60_000, None])),
        payer="" if kind == "goods" else draw(st.sampled_from("abc")),
        due_on=ON
        + timedelta(days=draw(st.sampled_from([-10, -60, 5] if kind == "goods" else [90, 30, 150, 200, -10]))),
        evidence=words,
        trade=draw(st.sampled_from(["", "", "t"])),
        goods=draw(st.sampled_from(["steel", "sand"])) if kind == "goods" else "",
        is_watched=draw(st.booleans()),
        is_encumbered=draw(st.integers(0, 5)) == 5,
    )


_OWED = st.one_of(st.just(()), st.just(()), st.lists(
    st.builds(Exposure, st.sampled_from(["own", "other"]), st.integers(0, 2_000_000 * YUAN), st.sampled_from([0, 0, 0, 5, 40])),
    min_size=1, max_size=2,
).map(tuple))  # fmt: skip


@st.composite
def applications(draw: st.DrawFn) -> Application:
    """Any application; most are of firms that a bank would look at."""
    return application(
        amount=draw(st.one_of(st.just(0), st.integers(50_000 * YUAN, 4_000_000 * YUAN))),
        tenor_days=draw(st.sampled_from([0, 0, 0, 30, 180, 365, 400])),
        purpose=draw(st.sampled_from(["", "research", "expansion"])),
        industry=draw(st.sampled_from(["", "C3562", "C3484", "C3111", "C1711"])),
        lists=draw(_LISTS),
        exposures=draw(_OWED),
        items=tuple(draw(items(f"i{i}")) for i in range(draw(st.sampled_from([2, 4, 1, 0])))),
        book=draw(st.sampled_from([Book(0, {}), Book(10**9, {"textiles": 2 * 10**8, "crowded-industries": 10**7})])),
        refer=draw(st.sampled_from([(), (), ("alert",)])),
    )


@st.composite
def cases(draw: st.DrawFn) -> dict[str, int | None]:
    """The steady firm with some fields of its own."""
    sums = st.one_of(st.none(), st.integers(0, 3 * 10**9))
    kinds = {
        "sales_12m": sums,
        "bank_in_12m": sums,
        "tax_declared_12m": sums,
        "sales_hhi_12m": st.one_of(st.none(), _SHARES),
        "sales_void_share_12m": st.one_of(st.none(), _SHARES),
        "sales_volatility_12m": st.one_of(st.none(), _SHARES),
        "tax_unpaid_12m": st.one_of(st.none(), _SHARES),
        "self_trade_share": st.sampled_from([None, 0, 50_000]),
        "twins": st.sampled_from([None, 0, 1]),
    }
    changed = draw(st.lists(st.sampled_from(sorted(kinds)), unique=True, max_size=4))
    return {**STEADY, **{name: draw(kinds[name]) for name in changed}}
