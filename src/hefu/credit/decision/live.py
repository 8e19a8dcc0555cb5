"""
A limit that follows events: each moves the score, and the score moves the limit, with reasons and without flapping.

What stands at a date is a function of what was known by then, in whatever order it arrived. The firm is *read* (features,
score, decision) on the first day, on every day on which something became known, on the first of each month, on the day on
which better terms have waited long enough, and on the day asked about; the readings are folded in the order of the calendar.
A late event puts its own day among them and folds again from there, so it leads where the right order would have led; one
that comes twice changes nothing.

Bad news counts at once where it is more than the band. Good news counts when it has stood for the policy's days, and then as
far as the worst reading of those days.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from hefu.credit.decision.application import Application
from hefu.credit.decision.decide import Why, decide
from hefu.credit.decision.file import fields_read, scored
from hefu.credit.decision.numbers import part_of
from hefu.credit.decision.policy import VERDICTS, Policy, Steadiness
from hefu.credit.decision.record import check_fields
from hefu.credit.features import LiveFirm, record_of
from hefu.credit.features.links import Links
from hefu.credit.models.record import Model
from hefu.credit.sources.rows import Row
from hefu.kernel.errors import UsageError


@dataclass(frozen=True, slots=True)
class Reading:
    """
    What the decision would be on a day, taken by itself.

    Args:
        limit: Fen; 0 where it is refused.
        rate_ppm: The highest of the offers' rates; 0 without an offer.
        takes: By field, what it took off the score.
    """

    on: date
    points: int
    default_ppm: int
    verdict: str
    limit: int
    rate_ppm: int
    takes: tuple[tuple[str, int], ...]
    reasons: tuple[Why, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Good news that has not stood long enough: since when, and the worst of it since."""

    since: date
    verdict: str
    limit: int
    rate_ppm: int


@dataclass(frozen=True, slots=True)
class Standing:
    """
    What stands.

    Args:
        since: The day from which it does.
        waiting: Better terms that may follow, or None.
    """

    since: date
    verdict: str
    limit: int
    rate_ppm: int
    waiting: Waiting | None


@dataclass(frozen=True, slots=True)
class Moved:
    """
    What an event did.

    Args:
        fields: Fields whose part in the score changed, and by how many points, largest first.
    """

    before: Standing
    after: Standing
    reading: Reading
    fields: tuple[tuple[str, int], ...]

    @property
    def is_move(self) -> bool:
        """Whether what stands is another."""
        one, other = self.before, self.after
        return (one.verdict, one.limit, one.rate_ppm) != (other.verdict, other.limit, other.rate_ppm)


def step(rule: Steadiness, standing: Standing | None, reading: Reading) -> Standing:
    """What stands after a reading; readings come in the order of their days."""
    on, verdict, limit, rate = reading.on, reading.verdict, reading.limit, reading.rate_ppm
    if standing is None:
        return Standing(on, verdict, limit, rate, None)
    now, then = VERDICTS.index(verdict), VERDICTS.index(standing.verdict)
    if verdict == "refuse":
        if standing.verdict == "refuse":
            return replace(standing, waiting=None)
        # The price stays on record, for what was drawn before.
        return Standing(on, verdict, 0, standing.rate_ppm, None)
    if standing.verdict != "refuse":
        down = limit < standing.limit - part_of(standing.limit, rule.band_ppm)
        dearer = rate > standing.rate_ppm + part_of(standing.rate_ppm, rule.band_ppm)
        if now > then or down or dearer:
            worst = VERDICTS[max(now, then)]
            return Standing(on, worst, min(limit, standing.limit), max(rate, standing.rate_ppm), None)
    better = (
        now < then
        or limit > standing.limit + part_of(standing.limit, rule.band_ppm)
        or rate < standing.rate_ppm - part_of(standing.rate_ppm, rule.band_ppm)
    )
    if not better:
        return replace(standing, waiting=None)
    old = standing.waiting
    waiting = Waiting(on, verdict, limit, rate)
    if old is not None:
        worse = VERDICTS[max(now, VERDICTS.index(old.verdict))]
        waiting = Waiting(old.since, worse, min(limit, old.limit), max(rate, old.rate_ppm))
    if (on - waiting.since).days >= rule.hold_days:
        return Standing(on, waiting.verdict, waiting.limit, waiting.rate_ppm, None)
    return replace(standing, waiting=waiting)


class LiveLimit:
    """
    One firm's score and limit, as of a date that only moves forward.

    Args:
        application: What is known of it besides its rows, from the first day on.
        first_on: The first reading; what became known before is in it.
        rows: What is known already, in any order.
    """

    def __init__(
        self,
        firm: str,
        policy: Policy,
        model: Model,
        application: Application,
        first_on: date,
        rows: Iterable[Row] = (),
    ) -> None:
        check_fields(model)
        self.firm, self.policy, self.model = firm, policy, model
        self.first_on = self.as_of = first_on
        self._rows: dict[tuple[type, Row], None] = {}
        self._contexts: list[tuple[date, int, Application | None, Links | None]] = [(first_on, 0, application, None)]
        #: Days of readings after the first, in order; some may lie ahead.
        self._days: list[date] = []
        self._past: list[tuple[Reading, Standing]] = []
        self._live = LiveFirm(firm, first_on)
        self._fields = fields_read(policy, model)
        self._now: tuple[Reading, Standing] | None = None
        for row in rows:
            if self._kept(row):
                self._live.apply(row)

    # -- events ---------------------------------------------------------------------------------------------------------

    def apply(self, row: Row) -> Moved:
        """
        Take in one event: new, late, repeated or corrected.

        Raises:
            UsageError: The row is another firm's (OTHER_FIRM).
        """
        if row.firm != self.firm:
            raise UsageError("the row is another firm's", code="OTHER_FIRM")
        before, reading = self.standing, self.reading
        if self._kept(row):
            if row.recorded_on < self.as_of:
                self._again(row.recorded_on)
            elif self._live.apply(row):
                self._now = None
        return self._moved(before, reading)

    def set_application(self, application: Application, on: date) -> Moved:
        """What is known besides the rows, from a day on: exposures, backing, lists."""
        return self._set(on, application, None)

    def set_links(self, links: Links, on: date) -> Moved:
        """Links to other firms, as a run over all firms found them on a day."""
        return self._set(on, None, links)

    def _set(self, on: date, application: Application | None, links: Links | None) -> Moved:
        before, reading = self.standing, self.reading
        insort(self._contexts, (max(on, self.first_on), len(self._contexts), application, links), key=lambda c: c[:2])
        self._mark(on)
        if on < self.as_of:
            self._again(on)
        else:
            self._now = None
        return self._moved(before, reading)

    def advance(self, as_of: date) -> Moved:
        """
        Move on to a later day, through all days of readings between.

        Raises:
            UsageError: The day is earlier than the one that the firm stands at (AS_OF_BACKWARDS).
        """
        if as_of < self.as_of:
            raise UsageError(
                "a live limit moves forward only; build it anew for an earlier date", code="AS_OF_BACKWARDS"
            )
        before, reading = self.standing, self.reading
        for month in _months(self.as_of, as_of):
            self._mark(month)
        self._go(as_of)
        return self._moved(before, reading)

    # -- what stands ------------------------------------------------------------------------------------------------------

    @property
    def reading(self) -> Reading:
        """The decision of today taken by itself."""
        return self._today()[0]

    @property
    def standing(self) -> Standing:
        """What stands today."""
        return self._today()[1]

    def path(self) -> Iterator[tuple[Reading, Standing]]:
        """All readings up to today with what stood after each."""
        yield from self._past
        yield self._today()

    def _today(self) -> tuple[Reading, Standing]:
        if self._now is None:
            reading = self._read()
            self._now = reading, step(self.policy.steadiness, self._past[-1][1] if self._past else None, reading)
        return self._now

    # -- inside -----------------------------------------------------------------------------------------------------------

    def _kept(self, row: Row) -> bool:
        """Whether a row is a new one."""
        key = (type(row), row)
        if key in self._rows:
            return False
        self._rows[key] = None
        self._mark(row.recorded_on)
        return True

    def _mark(self, day: date) -> None:
        """Make a day one of readings."""
        if day > self.first_on:
            at = bisect_left(self._days, day)
            if at == len(self._days) or self._days[at] != day:
                self._days.insert(at, day)

    def _go(self, as_of: date) -> None:
        """From one day of readings to the next; each but the last is kept."""
        while self.as_of < as_of:
            # The day asked about last is a day of readings only if something happened on it.
            if self._is_kept(self.as_of):
                self._past.append(self._today())
            ahead = [*self._days[bisect_left(self._days, self.as_of + timedelta(days=1)) :][:1], self._waited(), as_of]
            day = min(end for end in ahead if end is not None and end > self.as_of)
            self._live.advance(day)
            self.as_of, self._now = day, None

    def _is_kept(self, day: date) -> bool:
        at = bisect_left(self._days, day)
        return day == self.first_on or (at < len(self._days) and self._days[at] == day) or day == self._waited()

    def _waited(self) -> date | None:
        """The day on which better terms will have waited long enough, as the last kept reading has it."""
        waiting = self._past[-1][1].waiting if self._past else None
        return None if waiting is None else waiting.since + timedelta(days=self.policy.steadiness.hold_days)

    def _again(self, day: date) -> None:
        """Read again from a day on: something became known on it that was not known here."""
        as_of, start = self.as_of, max(day, self.first_on)
        self._past = self._past[: bisect_left(self._past, start, key=lambda kept: kept[0].on)]
        self._live = LiveFirm(self.firm, start)
        for _, row in self._rows:
            self._live.apply(row)
        self.as_of, self._now = start, None
        self._go(as_of)

    def _read(self) -> Reading:
        application, links = None, None
        for day, _, asked, found in self._contexts:
            if day <= self.as_of:
                application, links = asked or application, found or links
        assert application is not None
        if links is not None:
            self._live.set_links(links)
        known = record_of(self._live.facts())
        # A field that no definition knows is missing in the record, and is told so.
        record = {name: known[name] for name in self._fields if name in known}
        score = scored(self.model, record)
        answer, _ = decide(self.policy, application, record, score, self.as_of)
        takes = tuple((reason.field, reason.points) for reason in score.reasons)
        rate = max((offer.rate_ppm for offer in answer.offers), default=0)
        return Reading(
            self.as_of, score.points, score.default_ppm, answer.verdict, answer.limit, rate, takes, answer.reasons
        )

    def _moved(self, before: Standing, reading: Reading) -> Moved:
        old, new = dict(reading.takes), dict(self.reading.takes)
        changes = {name: new.get(name, 0) - old.get(name, 0) for name in {**old, **new}}
        fields = sorted(
            ((name, by) for name, by in changes.items() if by), key=lambda change: (-abs(change[1]), change[0])
        )
        return Moved(before, self.standing, self.reading, tuple(fields))


def _months(after: date, until: date) -> Iterator[date]:
    """First days of months after one day and up to another."""
    day = (after.replace(day=1) + timedelta(days=32)).replace(day=1)
    while day <= until:
        yield day
        day = (day + timedelta(days=32)).replace(day=1)
