"""
The decision on one firm: a pure function of policy, application, record, score and date. Integers only, no clock, no chance.

More risk never gets more money or a lower price: the potential of each facility falls with the probability of default, the
price of each rises with it, and what all of them share (caps, fixed cost) moves the same way. Property tests hold it to that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from hefu.credit.decision.application import Application
from hefu.credit.decision.backing import Look, Pool, pools_of
from hefu.credit.decision.economics import Expected, Terms, expected_of, rate_needed
from hefu.credit.decision.numbers import ONE, ceil_div, down_to, part_of
from hefu.credit.decision.policy import KINDS, VERDICTS, Facility, Policy, Rule, Segment, Steering
from hefu.kernel.errors import UsageError

Record = Mapping[str, int | None]


class ScoreLike(Protocol):
    """What a decision reads of a score."""

    @property
    def points(self) -> int: ...
    @property
    def default_ppm(self) -> int: ...
    @property
    def low_ppm(self) -> int: ...
    @property
    def high_ppm(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Why:
    """
    One reason.

    Args:
        word: Stable; docs/reference/decision-file.md lists them with their texts.
        effect: "refuse", "refer", "limit" (it bounds the limit), "price" or "backing".
        subject: Field, rule, item, facility or list that it is about, or empty.
        have, need: What is and what would do, in the unit of the word; None where there is none.
    """

    word: str
    effect: str
    subject: str = ""
    have: int | None = None
    need: int | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """
    One facility of an answer.

    Args:
        limit: Fen, what can be lent besides what is outstanding.
        rate_ppm: A year.
    """

    kind: str
    limit: int
    rate_ppm: int
    tenor_days: int


@dataclass(frozen=True, slots=True)
class Answer:
    """
    Args:
        verdict: "approve", "refer" (a person decides; the offers are what the rules would give) or "refuse" (no offers).
        limit: Of all offers together, fen.
        offers: In the order in which they are filled; each at its own price.
        expected: Of all offers together, fully drawn for their tenor.
        reasons: Refusals first, then referrals, then what bounds the limit and moves the price.
    """

    verdict: str
    limit: int
    offers: tuple[Offer, ...]
    expected: Expected
    reasons: tuple[Why, ...]

    def offer(self, kind: str) -> Offer | None:
        """The offer of a kind, if there is one."""
        return next((offer for offer in self.offers if offer.kind == kind), None)


@dataclass(frozen=True, slots=True)
class Potential:
    """
    What one facility could carry before caps.

    Args:
        base: What it rests on, fen.
        share_ppm: Of it, after risk and advance.
        amount: Fen, a multiple of the step; 0 where it is not offered.
        rate_needed_ppm: What pays for it.
        rate_ppm: What is asked for.
        why: Why it is not offered, or empty.
    """

    kind: str
    base: int
    share_ppm: int
    amount: int
    terms: Terms
    rate_needed_ppm: int
    rate_ppm: int
    why: str


@dataclass(frozen=True, slots=True)
class Steps:
    """
    Every integer between inputs and answer.

    Args:
        default_ppm: With prudence: what is decided by.
        room: By name of a cap, what it leaves, fen.
        granted_max: The least of the rooms and all potentials.
    """

    default_ppm: int
    segment: str
    steering: tuple[str, ...]
    anchors: tuple[tuple[str, int | None], ...]
    looks: tuple[Look, ...]
    pools: tuple[Pool, ...]
    potentials: tuple[Potential, ...]
    room: tuple[tuple[str, int], ...]
    granted_max: int


def decide(
    policy: Policy, application: Application, record: Record, score: ScoreLike, on: date
) -> tuple[Answer, Steps]:
    """
    Decide.

    Raises:
        UsageError: The policy does not hold on that date (POLICY_NOT_IN_FORCE), or reads a field that the record does not have
            at all (NO_SUCH_FIELD): an unknown value is None, a missing name is a mistake.
    """
    if on < policy.effective_on or (policy.expires_on is not None and on >= policy.expires_on):
        raise UsageError("the policy is not in force on the date of the decision", code="POLICY_NOT_IN_FORCE")
    return _Case(policy, application, record, score, on).decided()


class _Case:
    """One decision while it is made."""

    def __init__(self, policy: Policy, application: Application, record: Record, score: ScoreLike, on: date) -> None:
        self.policy, self.application, self.record, self.score, self.on = policy, application, record, score, on
        self.reasons = list[Why]()
        lists = application.lists
        self.steering = policy.steering_of(application.industry, lists, application.purpose, on)
        spread = score.high_ppm - score.default_ppm
        self.default_ppm = min(
            ONE, max(score.default_ppm, score.default_ppm + ceil_div(spread * policy.prudence_ppm, ONE))
        )
        self.tenor_days = application.tenor_days or policy.tenor_days
        self.anchors = list[tuple[str, int | None]]()

    def decided(self) -> tuple[Answer, Steps]:
        policy, application = self.policy, self.application
        self._screen()
        looks, pools = pools_of(policy, application.items, self.on)
        self.reasons += [Why(look.why, "backing", look.item) for look in looks if look.why]
        segment = self._segment()
        raw = {kind: self._base_of(kind, pools, segment) for kind in KINDS if kind in policy.facilities}
        room = self._room()
        capacity = min([*(amount for _, amount in room), sum(amount for *_, amount in raw.values())])
        potentials = [self._priced(policy.facilities[kind], *raw[kind], pools.get(kind), capacity) for kind in raw]
        granted_max = max(
            0, down_to(min([*(amount for _, amount in room), sum(p.amount for p in potentials)]), policy.limit_step)
        )
        offers, left = list[Offer](), granted_max
        for potential in potentials:
            limit = min(left, potential.amount)
            if limit:
                offers.append(Offer(potential.kind, limit, potential.rate_ppm, potential.terms.tenor_days))
                left -= limit
        self._bounds(room, potentials, granted_max)
        if granted_max < policy.limit_min:
            self.reasons.append(Why("LIMIT_TOO_SMALL", "refuse", "", granted_max, policy.limit_min))
        elif granted_max > policy.limit_refer_above:
            self.reasons.append(Why("AMOUNT_REFERRED", "refer", "", granted_max, policy.limit_refer_above))
        verdict = max(
            (why.effect for why in self.reasons if why.effect in VERDICTS), key=VERDICTS.index, default="approve"
        )
        if verdict == "refuse":
            offers = []
        answer = Answer(
            verdict,
            sum(offer.limit for offer in offers),
            tuple(offers),
            self._expected(offers, potentials),
            self._sorted(),
        )
        steps = Steps(
            self.default_ppm,
            segment.name if segment else "",
            tuple(rule.code for rule in self.steering),
            tuple(self.anchors),
            tuple(looks),
            tuple(pools[kind] for kind in KINDS if kind in pools),
            tuple(potentials),
            tuple(room),
            granted_max,
        )
        return answer, steps

    # -- who is not lent to, and who is looked at by a person ---------------------------------------------------------

    def _screen(self) -> None:
        policy, application, default = self.policy, self.application, self.default_ppm
        say = self.reasons.append
        if default > policy.refuse_above_ppm:
            say(Why("DEFAULT_TOO_LIKELY", "refuse", "", default, policy.refuse_above_ppm))
        elif default > policy.refer_above_ppm:
            say(Why("DEFAULT_REFERRED", "refer", "", default, policy.refer_above_ppm))
        width = self.score.high_ppm - self.score.low_ppm
        if width > policy.interval_max_ppm:
            say(Why("SCORE_UNSURE", "refer", "", width, policy.interval_max_ppm))
        overdue = max((exposure.overdue_days for exposure in application.exposures), default=0)
        if overdue > policy.overdue_refuse_days:
            say(Why("OVERDUE", "refuse", "", overdue, policy.overdue_refuse_days))
        elif overdue > policy.overdue_refer_days:
            say(Why("OVERDUE_REFERRED", "refer", "", overdue, policy.overdue_refer_days))
        if self.tenor_days > policy.tenor_days_max:
            say(Why("TENOR_TOO_LONG", "refuse", "", self.tenor_days, policy.tenor_days_max))
        self.reasons += [Why("ASKED_TO_LOOK", "refer", subject) for subject in application.refer]
        for rule in policy.rules:
            self._apply(rule)

    def _apply(self, rule: Rule) -> None:
        value = self._field(rule.field)
        if value is None:
            if rule.unknown != "pass":
                self.reasons.append(Why("RULE_UNKNOWN", rule.unknown, rule.code))
        elif (rule.above is not None and value > rule.above) or (rule.below is not None and value < rule.below):
            self.reasons.append(
                Why("RULE", rule.then, rule.code, value, rule.above if rule.above is not None else rule.below)
            )

    def _field(self, name: str) -> int | None:
        try:
            return self.record[name]
        except KeyError:
            raise UsageError(
                "the policy reads a field that the record does not have", code="NO_SUCH_FIELD", where=name
            ) from None

    # -- how much -------------------------------------------------------------------------------------------------------

    def _segment(self) -> Segment | None:
        return next(
            (s for s in self.policy.segments if not s.lists or any(name in s.lists for name in self.application.lists)),
            None,
        )

    def _base_of(self, kind: str, pools: Mapping[str, Pool], segment: Segment | None) -> tuple[int, int, int]:
        """What a facility rests on, the share of it, and the amount before price and caps."""
        facility, step = self.policy.facilities[kind], self.policy.limit_step
        if kind == "data":
            assert segment is not None, "a policy with a data facility has a segment for everybody"
            base, share = self._anchored(segment), segment.curve.at(self.default_ppm)
            for rule in self.steering:
                share = part_of(share, rule.limit_ppm)
            most = segment.maximum
        else:
            pool = pools.get(kind)
            base, most = (pool.base if pool else 0), self.policy.limit_max
            share = part_of(facility.advance_ppm, facility.curve.at(self.default_ppm))
        if self.default_ppm > facility.refuse_above_ppm:
            return base, share, 0
        return base, share, down_to(min(part_of(base, share), most), step)

    def _anchored(self, segment: Segment) -> int:
        values = [(anchor, self._field(anchor.field)) for anchor in segment.anchors]
        self.anchors += [(anchor.field, value) for anchor, value in values]
        known = [part_of(max(value, 0), anchor.share_ppm) for anchor, value in values if value is not None]
        if not known:
            self.reasons.append(Why("NO_DATA_TO_LEND_ON", "limit", segment.name))
            return 0
        least = min(known)
        if len(known) < segment.anchors_wanted:
            self.reasons.append(Why("FEW_SOURCES", "limit", segment.name, len(known), segment.anchors_wanted))
            return part_of(least, segment.thin_ppm)
        return least

    def _room(self) -> list[tuple[str, int]]:
        """What each cap leaves; a cap that is passed already leaves nothing."""
        policy, application = self.policy, self.application
        own = sum(exposure.outstanding for exposure in application.exposures if exposure.lender == "own")
        every = sum(exposure.outstanding for exposure in application.exposures)
        room = [("maximum", policy.limit_max - own)]
        if application.amount:
            room.append(("request", application.amount))
        if policy.debt_field:
            base = self._field(policy.debt_field)
            if base is not None:
                room.append(("debts", part_of(max(base, 0), policy.debt_share_ppm) - every))
        if application.book.planned:
            for rule in self.steering:
                if rule.cap_ppm is not None:
                    cap = part_of(application.book.planned, rule.cap_ppm)
                    room.append((rule.code, cap - application.book.taken.get(rule.code, 0)))
        return [(name, max(0, amount)) for name, amount in room]

    # -- at what price --------------------------------------------------------------------------------------------------

    def _priced(
        self, facility: Facility, base: int, share: int, amount: int, pool: Pool | None, capacity: int
    ) -> Potential:
        policy = self.policy
        by_obligor = facility.payer == "obligor" and pool is not None
        default = pool.payer_default_ppm if by_obligor and pool else self.default_ppm
        tenor = min(
            self.tenor_days,
            facility.tenor_days,
            pool.tenor_days if pool and facility.kind != "goods" else facility.tenor_days,
        )
        terms = Terms(default, facility.loss_ppm, max(1, tenor), policy.day_basis)
        if self.default_ppm > facility.refuse_above_ppm:
            return Potential(facility.kind, base, share, 0, terms, 0, 0, "RISK_TOO_HIGH")
        if not amount or capacity <= 0:
            return Potential(
                facility.kind, base, share, 0, terms, 0, 0, "NOTHING_TO_LEND_ON" if not amount else "NO_ROOM"
            )
        needed = rate_needed(capacity, terms, policy.costs, policy.rate_margin, policy.rate_step)
        asked = max(policy.rate_min, needed + sum(rule.rate_ppm for rule in self.steering))
        if asked > self._rate_top():
            return Potential(facility.kind, base, share, 0, terms, needed, asked, "PRICE_TOO_HIGH")
        return Potential(facility.kind, base, share, amount, terms, needed, asked, "")

    def _rate_top(self) -> int:
        """The highest rate that policy and steering allow."""
        return min([self.policy.rate_max, *(rule.rate_max for rule in self.steering if rule.rate_max is not None)])

    def _bounds(self, room: list[tuple[str, int]], potentials: list[Potential], granted: int) -> None:
        """What kept the limit from being larger, and what moved the price."""
        carried = sum(p.amount for p in potentials)
        for name, amount in room:
            if amount < carried and down_to(amount, self.policy.limit_step) == granted:
                self.reasons.append(Why("CAP", "limit", name, carried, amount))
        for potential in potentials:
            if potential.why == "PRICE_TOO_HIGH":
                self.reasons.append(
                    Why("PRICE_TOO_HIGH", "limit", potential.kind, potential.rate_ppm, self._rate_top())
                )
            elif potential.why == "RISK_TOO_HIGH":
                most = self.policy.facilities[potential.kind].refuse_above_ppm
                self.reasons.append(Why("FACILITY_REFUSED", "limit", potential.kind, self.default_ppm, most))
        for rule in self.steering:
            if rule.rate_ppm:
                self.reasons.append(Why("STEERED_PRICE", "price", rule.code, rule.rate_ppm))
            if rule.limit_ppm != ONE and any(p.kind == "data" for p in potentials):
                self.reasons.append(Why("STEERED_LIMIT", "limit", rule.code, rule.limit_ppm, ONE))

    def _expected(self, offers: list[Offer], potentials: list[Potential]) -> Expected:
        terms = {potential.kind: potential.terms for potential in potentials}
        results = [
            expected_of(offer.limit, offer.rate_ppm, 0, terms[offer.kind], self.policy.costs) for offer in offers
        ]
        # The fixed cost is one for the firm, however many facilities it has.
        extra = self.policy.costs.fixed * max(0, len(offers) - 1)
        parts = [
            sum(getattr(result, name) for result in results)
            for name in ("lent", "interest", "loss", "funding", "operating", "capital")
        ]
        parts[4] -= extra
        return Expected(*parts)

    def _sorted(self) -> tuple[Why, ...]:
        order = ("refuse", "refer", "limit", "price", "backing")
        return tuple(sorted(dict.fromkeys(self.reasons), key=lambda why: order.index(why.effect)))


def steering_named(policy: Policy, name: str) -> Steering | None:
    """A steering rule by its name."""
    return next((rule for rule in policy.steering if rule.code == name), None)
