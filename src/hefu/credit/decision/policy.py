"""
A bank's lending policy as data: what it lends on, how much, at what price, to whom not, and what it steers.

A policy is a TOML file (docs/reference/policy-file.md). Amounts are texts in yuan, shares and rates are texts in percent; a
number with a point is refused, for it would be a float. Reading checks what later arithmetic relies on: shares fall with risk,
the smallest limit is no larger than the largest, every rule has a source.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from itertools import pairwise

from hefu.credit.decision.node import Node
from hefu.credit.decision.numbers import ONE
from hefu.kernel.errors import UsageError

FORMAT = 1
#: Kinds of facility, in the order in which they are filled: what is backed best comes first.
BACKED = ("receivables", "decored", "orders", "goods")
KINDS = (*BACKED, "data")
VERDICTS = ("approve", "refer", "refuse")
_AMOUNT_TOP = 10**14
_TENOR_MAX = 3_660


@dataclass(frozen=True, slots=True)
class Curve:
    """
    A share that falls as risk grows: straight lines between points, level before the first, nothing past the last.

    Args:
        points: Probability of default and share, both ppm; the first rise, the second never do.
    """

    points: tuple[tuple[int, int], ...]

    def at(self, default_ppm: int) -> int:
        """
        The share, rounded down.

        >>> Curve(((10_000, 1_000_000), (50_000, 600_000))).at(30_000)
        800000
        """
        if default_ppm <= self.points[0][0]:
            return self.points[0][1]
        for (left, high), (right, low) in pairwise(self.points):
            if default_ppm <= right:
                return high - -((high - low) * (left - default_ppm) // (right - left))
        return 0


@dataclass(frozen=True, slots=True)
class Anchor:
    """A share of a field of the record (fen) that a firm may owe on its own data."""

    field: str
    share_ppm: int


@dataclass(frozen=True, slots=True)
class Segment:
    """
    How firms of a kind get a limit from their own data.

    Args:
        lists: Memberships that put a firm here; empty for the segment of all others.
        anchors: The least of those known is the limit before risk.
        anchors_wanted, thin_ppm: With fewer anchors known, that share of it.
        maximum: Fen.
        curve: Share by risk.
    """

    name: str
    english: str
    chinese: str
    lists: tuple[str, ...]
    anchors: tuple[Anchor, ...]
    anchors_wanted: int
    thin_ppm: int
    maximum: int
    curve: Curve


@dataclass(frozen=True, slots=True)
class Facility:
    """
    Terms of one kind of facility.

    Args:
        loss_ppm: Loss given default.
        refuse_above_ppm: Probability of default of the firm from which this kind is not offered.
        tenor_days: Longest.
        advance_ppm: Of what backs it; nothing for the data facility.
        payer: Whose default is priced: "firm", or "obligor" where that one confirmed.
        evidence_min: Pieces of evidence that each item needs.
        obligor_default_max_ppm: Of an item's payer.
        obligor_share_ppm: Most of the facility that may rest on one payer.
        age_days_max: Of a valuation.
        haircuts: For goods: by kind, the share of the value that counts. Others count nothing.
        unwatched_ppm: For goods: share where nothing watches them.
        curve: Share by the firm's risk.
    """

    kind: str
    loss_ppm: int
    refuse_above_ppm: int
    tenor_days: int
    advance_ppm: int
    payer: str
    evidence_min: int
    obligor_default_max_ppm: int
    obligor_share_ppm: int
    age_days_max: int
    haircuts: Mapping[str, int]
    unwatched_ppm: int
    curve: Curve


@dataclass(frozen=True, slots=True)
class Rule:
    """
    A rule over one field of the record.

    Args:
        above, below: A value past it trips the rule; one of the two is None.
        then: "refer" or "refuse".
        unknown: What an unknown value does: "pass", "refer" or "refuse".
    """

    code: str
    field: str
    above: int | None
    below: int | None
    then: str
    unknown: str
    english: str
    chinese: str


@dataclass(frozen=True, slots=True)
class Steering:
    """
    Where money ought to go, and where not: key industries, green firms, crowded industries.

    A firm is meant where its industry begins with one of `industries` or it is on one of `lists`, and its purpose is none of
    `except_purposes`.

    Args:
        kind: "key", "green", "involution" or "concentration".
        limit_ppm: Its data limit is multiplied by it.
        rate_ppm: Added to the price; below zero is a preference.
        rate_max: Price that it never pays more than; a facility that costs more is not offered.
        cap_ppm: Most of the planned book; None without a cap.
        floor_ppm: Least of the newly allocated money; None without a floor.
        source, article: Where the rule stands; "unknown" where no article is known.
        effective_on, expires_on: By the date of the decision.
    """

    code: str
    kind: str
    english: str
    chinese: str
    industries: tuple[str, ...]
    lists: tuple[str, ...]
    except_purposes: tuple[str, ...]
    limit_ppm: int
    rate_ppm: int
    rate_max: int | None
    cap_ppm: int | None
    floor_ppm: int | None
    source: str
    article: str
    effective_on: date
    expires_on: date | None

    def means(self, industry: str, lists: Sequence[str], purpose: str, on: date) -> bool:
        """Whether a firm is meant on a date."""
        if on < self.effective_on or (self.expires_on is not None and on >= self.expires_on):
            return False
        if purpose and purpose in self.except_purposes:
            return False
        return any(industry.startswith(code) for code in self.industries if industry) or any(
            code in lists for code in self.lists
        )


@dataclass(frozen=True, slots=True)
class Change:
    """
    What a firm could change about itself, and how dear that is. Fields that are not named are never proposed.

    Args:
        field: Of the record.
        better: "up" or "down": the one direction that is ever proposed.
        unit, cost: Each begun unit of change costs so many points of effort.
        low, high: Bounds of the value.
        along: Fields that move by the same amount, because they count the same thing over a longer time.
        days: How long such a change takes at least; told, not computed with.
    """

    field: str
    better: str
    unit: int
    cost: int
    low: int
    high: int
    along: tuple[str, ...]
    days: int
    english: str
    chinese: str


@dataclass(frozen=True, slots=True)
class ChurnClass:
    """
    How many of the firms of a class turn an offer down, by its rate.

    Args:
        default_up_to_ppm: Firms with a probability of default up to here; the classes are in order.
        points: Rate and churn, ppm; both rise. Straight lines between them, level outside. None where a table of its own is named
            at the time of an allocation.
    """

    name: str
    default_up_to_ppm: int
    points: tuple[tuple[int, int], ...]

    def at(self, rate_ppm: int) -> int:
        """Churn at a rate, ppm, rounded up."""
        points = self.points
        if not points:
            raise UsageError(
                "the policy leaves churn to a table, and none was given", code="CHURN_NOT_GIVEN", where=self.name
            )
        if rate_ppm <= points[0][0]:
            return points[0][1]
        for (left, low), (right, high) in pairwise(points):
            if rate_ppm <= right:
                return low - ((high - low) * (left - rate_ppm) // (right - left))
        return points[-1][1]


@dataclass(frozen=True, slots=True)
class Costs:
    """
    What lending costs, a year: ppm of what is lent; `fixed` is fen for each loan.

    Capital: `capital_ppm` of what is lent, which must earn `capital_return_ppm` above the funding rate.
    """

    funding_ppm: int
    operating_ppm: int
    fixed: int
    capital_ppm: int
    capital_return_ppm: int


@dataclass(frozen=True, slots=True)
class Steadiness:
    """
    What keeps a live limit from flapping.

    Args:
        band_ppm: A new limit or rate that differs by less changes nothing.
        hold_days: A better one must have stood so long before it counts.
    """

    band_ppm: int
    hold_days: int


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy, read and checked. Amounts in fen, shares and rates in ppm; the file's reference explains each."""

    name: str
    version: str
    effective_on: date
    expires_on: date | None
    digest: str
    limit_min: int
    limit_max: int
    limit_step: int
    limit_refer_above: int
    rate_min: int
    rate_max: int
    rate_step: int
    rate_margin: int
    tenor_days: int
    tenor_days_max: int
    day_basis: int
    refer_above_ppm: int
    refuse_above_ppm: int
    interval_max_ppm: int
    prudence_ppm: int
    costs: Costs
    segments: tuple[Segment, ...]
    facilities: Mapping[str, Facility]
    debt_field: str
    debt_share_ppm: int
    overdue_refer_days: int
    overdue_refuse_days: int
    rules: tuple[Rule, ...]
    steering: tuple[Steering, ...]
    changes: tuple[Change, ...]
    churn: tuple[ChurnClass, ...]
    budget_counts: str
    grid_ppm: int
    loss_max_ppm: int
    capital_max: int | None
    steadiness: Steadiness

    def steering_of(self, industry: str, lists: Sequence[str], purpose: str, on: date) -> tuple[Steering, ...]:
        """The steering rules that mean a firm, in the policy's order."""
        return tuple(rule for rule in self.steering if rule.means(industry, lists, purpose, on))

    def churn_of(self, default_ppm: int) -> int:
        """Position of the class of a firm; the last one for all that are riskier; -1 where the policy says nothing of churn."""
        last = len(self.churn) - 1
        return next((n for n, churn in enumerate(self.churn) if default_ppm <= churn.default_up_to_ppm), last)


def read_policy(raw: bytes) -> Policy:
    """
    Read a policy.

    Raises:
        UsageError: Not TOML in UTF-8 (BAD_POLICY), or a field that is missing, unknown, of the wrong type or out of range, or
            that contradicts another; `where` names it.
    """
    try:
        text = raw.decode("utf-8")
        table = tomllib.loads(text, parse_float=_no_float)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"the policy is not TOML in UTF-8: {error}", code="BAD_POLICY") from None
    node = Node(table)
    node.integer("format", FORMAT, FORMAT)
    policy = _policy(node, sha256(raw).hexdigest())
    node.done()
    _check(policy)
    return policy


def _no_float(text: str) -> object:
    raise UsageError(
        f'{text} has a point; write percentages and amounts as text, such as "4.35%"',
        code="BAD_FIELD",
        where="the policy",
    )


def _policy(node: Node, digest: str) -> Policy:
    limits, rates, tenor, risk = (node.child(name) for name in ("limits", "rates", "tenor", "risk"))
    debts, portfolio, live = (node.child(name, {}) for name in ("debts", "portfolio", "live"))
    expires = node.day("expires_on", None)
    policy = Policy(
        name=node.text("name"),
        version=node.text("version"),
        effective_on=node.day("effective_on"),
        expires_on=expires,
        digest=digest,
        limit_min=limits.amount("minimum", low=1),
        limit_max=limits.amount("maximum", low=1),
        limit_step=limits.amount("step", 1_000_000, low=1),
        limit_refer_above=limits.amount("refer_above", _AMOUNT_TOP, low=1),
        rate_min=rates.share("minimum"),
        rate_max=rates.share("maximum"),
        rate_step=rates.share("step", 100, low=1),
        rate_margin=rates.share("margin", 0),
        tenor_days=tenor.integer("days", 1, _TENOR_MAX),
        tenor_days_max=tenor.integer("days_max", 1, _TENOR_MAX),
        day_basis=tenor.integer("day_basis", 360, 366, 360),
        refer_above_ppm=risk.share("refer_above"),
        refuse_above_ppm=risk.share("refuse_above"),
        interval_max_ppm=risk.share("interval_max", ONE),
        prudence_ppm=risk.share("prudence", 0),
        costs=_costs(node.child("costs")),
        segments=tuple(_segment(child) for child in node.children("segment")),
        facilities=_facilities(node.child("facilities")),
        debt_field=debts.text("field", "", empty=True),
        debt_share_ppm=debts.share("share", ONE, high=100 * ONE),
        overdue_refer_days=debts.integer("overdue_refer_days", 0, 10_000, 0),
        overdue_refuse_days=debts.integer("overdue_refuse_days", 0, 10_000, 30),
        rules=tuple(_rule(child) for child in node.children("rule")),
        steering=tuple(_steering(child) for child in node.children("steering")),
        changes=tuple(_change(child) for child in node.children("change")),
        churn=tuple(_churn(child) for child in node.children("churn")),
        budget_counts=portfolio.word("budget_counts", ("offered", "expected"), "offered"),
        grid_ppm=portfolio.share("rate_step", 2_500, low=1),
        loss_max_ppm=portfolio.share("loss_max", ONE),
        capital_max=portfolio.amount("capital_max", None, low=1),
        steadiness=Steadiness(live.share("band", 50_000), live.integer("hold_days", 0, 366, 14)),
    )
    for child in (limits, rates, tenor, risk, debts, portfolio, live):
        child.done()
    return policy


def _costs(node: Node) -> Costs:
    costs = Costs(
        node.share("funding"),
        node.share("operating", 0),
        node.amount("fixed", 0),
        node.share("capital", 0),
        node.share("capital_return", 0),
    )
    node.done()
    return costs


def _segment(node: Node) -> Segment:
    anchors = []
    for child in node.children("anchor"):
        anchors.append(Anchor(child.text("field"), child.share("share", high=100 * ONE)))
        child.done()
    if not anchors:
        raise node.wrong(
            "anchor", "a segment needs an anchor: a field of the record and the share of it that a firm may owe"
        )
    name = node.text("name")
    segment = Segment(
        name=name,
        english=node.text("english", name),
        chinese=node.text("chinese", name),
        lists=node.words("lists", ()),
        anchors=tuple(anchors),
        anchors_wanted=node.integer("anchors_wanted", 1, len(anchors), 1),
        thin_ppm=node.share("thin", ONE),
        maximum=node.amount("maximum", low=1),
        curve=_curve(node, "by_default"),
    )
    node.done()
    return segment


def _curve(node: Node, name: str) -> Curve:
    points = [(node.to_share(name, a), node.to_share(name, b)) for a, b in node.pairs(name)]
    if any(a >= b for (a, _), (b, _) in pairwise(points)) or any(a < b for (_, a), (_, b) in pairwise(points)):
        raise node.wrong(name, "probabilities must rise and shares must not: more risk is never lent more")
    return Curve(tuple(points))


_LEVEL = Curve(((ONE, ONE),))


def _facilities(node: Node) -> Mapping[str, Facility]:
    found = {}
    for kind in KINDS:
        if kind not in node:
            continue
        child = node.child(kind)
        backed = kind != "data"
        haircuts = {}
        if kind == "goods":
            table = child.child("haircuts")
            haircuts = {name: table.share(name) for name in table.names()}
        found[kind] = Facility(
            kind=kind,
            loss_ppm=child.share("loss"),
            refuse_above_ppm=child.share("refuse_above"),
            tenor_days=child.integer("tenor_days", 1, _TENOR_MAX),
            advance_ppm=child.share("advance") if backed else ONE,
            payer="obligor" if kind == "receivables" else "firm",
            evidence_min=child.integer("evidence_min", 0, 10, 0) if backed else 0,
            obligor_default_max_ppm=child.share("obligor_default_max", ONE) if backed else ONE,
            obligor_share_ppm=child.share("obligor_share", ONE) if backed else ONE,
            age_days_max=child.integer("age_days_max", 0, 366, 366) if kind == "goods" else 366,
            haircuts=haircuts,
            unwatched_ppm=child.share("unwatched", 0) if kind == "goods" else 0,
            curve=_curve(child, "by_default") if backed and "by_default" in child else _LEVEL,
        )
        child.done()
    node.done()
    return found


def _rule(node: Node) -> Rule:
    top = 10**18
    rule = Rule(
        code=node.text("name"),
        field=node.text("field"),
        above=node.integer("above", -top, top, None),
        below=node.integer("below", -top, top, None),
        then=node.word("then", ("refer", "refuse")),
        unknown=node.word("unknown", ("pass", "refer", "refuse"), "pass"),
        english=node.text("english"),
        chinese=node.text("chinese"),
    )
    if (rule.above is None) == (rule.below is None):
        raise node.wrong("above", "a rule has one of above and below")
    node.done()
    return rule


def _steering(node: Node) -> Steering:
    rule = Steering(
        code=node.text("name"),
        kind=node.word("kind", ("key", "green", "involution", "concentration")),
        english=node.text("english"),
        chinese=node.text("chinese"),
        industries=node.words("industries", ()),
        lists=node.words("lists", ()),
        except_purposes=node.words("except_purposes", ()),
        limit_ppm=node.share("limit", ONE, high=10 * ONE),
        rate_ppm=node.share("rate", 0, low=-ONE // 10, high=ONE // 10),
        rate_max=node.share("rate_max", None),
        cap_ppm=node.share("cap", None),
        floor_ppm=node.share("floor", None),
        source=node.text("source"),
        article=node.text("article", "unknown"),
        effective_on=node.day("effective_on"),
        expires_on=node.day("expires_on", None),
    )
    if not (rule.industries or rule.lists):
        raise node.wrong("industries", "a steering rule names industries or lists")
    node.done()
    return rule


def _change(node: Node) -> Change:
    top = 10**18
    field = node.text("field")
    change = Change(
        field=field,
        better=node.word("better", ("up", "down")),
        unit=node.integer("unit", 1, top),
        cost=node.integer("cost", 1, 10**9),
        low=node.integer("low", -top, top, -top),
        high=node.integer("high", -top, top, top),
        along=node.words("along", ()),
        days=node.integer("days", 0, 3_660, 0),
        english=node.text("english"),
        chinese=node.text("chinese"),
    )
    node.done()
    return change


def _churn(node: Node) -> ChurnClass:
    name, top = node.text("name"), node.share("default_up_to")
    pairs = node.pairs("by_rate") if "by_rate" in node else []
    points = [(node.to_share("by_rate", a), node.to_share("by_rate", b)) for a, b in pairs]
    if any(a >= b for (a, _), (b, _) in pairwise(points)) or any(a > b for (_, a), (_, b) in pairwise(points)):
        raise node.wrong("by_rate", "rates must rise, and churn must not fall with them")
    node.done()
    return ChurnClass(name, top, tuple(points))


def _check(policy: Policy) -> None:
    """What fields must be to each other."""

    def need(holds: bool, where: str, text: str) -> None:
        if not holds:
            raise UsageError(text, code="BAD_FIELD", where=where)

    need(policy.limit_min <= policy.limit_max, "limits.minimum", "the smallest limit is above the largest")
    need(policy.limit_step <= policy.limit_min, "limits.step", "the step is larger than the smallest limit")
    need(policy.rate_min <= policy.rate_max, "rates.minimum", "the lowest rate is above the highest")
    need(policy.rate_max < ONE, "rates.maximum", "a rate stays below 100 %")
    need(policy.tenor_days <= policy.tenor_days_max, "tenor.days", "the usual tenor is longer than the longest")
    need(
        policy.refer_above_ppm <= policy.refuse_above_ppm,
        "risk.refer_above",
        "cases are referred before they are refused",
    )
    need(
        policy.expires_on is None or policy.expires_on > policy.effective_on,
        "expires_on",
        "the policy ends before it begins",
    )
    need(bool(policy.facilities), "facilities", "a policy offers something")
    need("data" not in policy.facilities or bool(policy.segments), "segment", "the data facility needs a segment")
    need(
        all(segment.lists for segment in policy.segments[:-1]) and not (policy.segments and policy.segments[-1].lists),
        "segment.lists",
        "the last segment, and only the last, is that of all other firms: it names no lists",
    )
    for what, names in (
        ("steering.name", [rule.code for rule in policy.steering]),
        ("rule.name", [rule.code for rule in policy.rules]),
        ("change.field", [change.field for change in policy.changes]),
        ("segment.name", [segment.name for segment in policy.segments]),
    ):
        need(len(set(names)) == len(names), what, "a name stands twice")
    tops = [c.default_up_to_ppm for c in policy.churn]
    need(tops == sorted(set(tops)), "churn.default_up_to", "the classes must be in order of risk")
