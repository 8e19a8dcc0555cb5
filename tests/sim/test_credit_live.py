"""A live limit stands where the right order would have led, and good news has to stand before it counts."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from credit import FIRST, histories
from credit_decisions import application, item, model, policy_with
from hefu.credit.decision.live import LiveLimit, Reading, Standing, step
from hefu.credit.decision.policy import VERDICTS, Steadiness
from hefu.credit.features import Links
from hefu.credit.sources import Row

#: Lends little and to nearly everybody: the made-up firms of the tests are small and risky.
POLICY = policy_with(
    ('minimum = "100,000"', 'minimum = "0.10"'),
    ('step = "10,000"', 'step = "0.01"'),
    ('fixed = "800.00"', 'fixed = "0"'),
    ('maximum = "15.00%"', 'maximum = "99.00%"'),
    ('refer_above = "10%"', 'refer_above = "40%"'),
    ('refuse_above = "20%"\ninterval', 'refuse_above = "80%"\ninterval'),
    ('interval_max = "40%"', 'interval_max = "100%"'),
    ('["5%", "60%"], ["20%", "20%"]]', '["99%", "10%"]]'),
    ('[facilities.data]\nloss = "60%"\nrefuse_above = "20%"', '[facilities.data]\nloss = "60%"\nrefuse_above = "80%"'),
    ("hold_days = 14", "hold_days = 5"),
)
DAYS = st.integers(0, 900).map(lambda n: FIRST + timedelta(days=n))


def in_order(rows: list[Row], first: date, last: date, changed: tuple[date, Any]) -> LiveLimit:
    """Every row on the day on which it became known, and a read of each day."""
    one = LiveLimit("F", POLICY, model(), application(), first, [row for row in rows if row.recorded_on <= first])
    coming = sorted((row for row in rows if first < row.recorded_on <= last), key=lambda row: row.recorded_on)
    day, news = changed
    told = False
    for row in coming:
        if not told and day <= row.recorded_on:
            one.advance(max(day, one.as_of))
            one.set_application(news, day)
            told = True
        one.advance(row.recorded_on)
        one.apply(row)
    if not told:
        one.advance(max(day, one.as_of))
        one.set_application(news, day)
    one.advance(last)
    return one


@settings(max_examples=25, deadline=None)
@given(histories("F"), DAYS, st.integers(0, 400), st.integers(0, 400), st.randoms(use_true_random=False))
def test_late_repeated_and_corrected_events_lead_where_the_right_order_leads(
    rows: list[Row], first: date, span: int, news: int, chance: Any
) -> None:
    last = first + timedelta(days=span)
    day = first + timedelta(days=min(news, span))
    backed = application(items=(item(amount=5_000, due_on=day + timedelta(days=150)),))
    expected = in_order(rows, first, last, (day, backed))
    arriving: list[Row | None] = [*rows, *rows, None]
    chance.shuffle(arriving)
    third = len(arriving) // 3
    late = LiveLimit("F", POLICY, model(), application(), first)
    for until, helping in (
        (first, arriving[:third]),
        (first + (last - first) // 2, arriving[third : 2 * third]),
        (last, arriving[2 * third :]),
    ):
        late.advance(until)
        for row in helping:
            if row is None:
                late.set_application(backed, day)
            else:
                late.apply(row)
            assert late.standing is late.standing
    assert late.standing == expected.standing
    assert late.reading == expected.reading
    assert list(late.path()) == list(expected.path())


@settings(max_examples=15, deadline=None)
@given(histories("F"), DAYS, st.integers(30, 200), st.lists(st.integers(0, 200), max_size=12))
def test_who_asks_on_the_way_changes_nothing(rows: list[Row], first: date, span: int, asked: list[int]) -> None:
    last = first + timedelta(days=span)
    quiet = LiveLimit("F", POLICY, model(), application(), first, rows)
    asking = LiveLimit("F", POLICY, model(), application(), first, rows)
    for days in sorted(asked):
        asking.advance(first + timedelta(days=min(days, span)))
        assert asking.standing is asking.standing
    quiet.advance(last)
    asking.advance(last)
    assert list(asking.path()) == list(quiet.path())


READINGS = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from(VERDICTS), st.integers(1, 300), st.integers(30, 150)),
    min_size=1,
    max_size=20,
)


def _readings(drawn: list[tuple[int, str, int, int]]) -> list[Reading]:
    found, day = [], FIRST
    for days, verdict, limit, rate in drawn:
        day += timedelta(days=days + 1)
        refused = verdict == "refuse"
        found.append(Reading(day, 0, 0, verdict, 0 if refused else limit, 0 if refused else rate, (), ()))
    return found


@settings(max_examples=300, deadline=None)
@given(READINGS, st.sampled_from([0, 50_000, 300_000]), st.sampled_from([0, 5, 30]))
def test_bad_news_counts_at_once_and_good_news_when_it_stood(
    drawn: list[tuple[int, str, int, int]], band: int, hold: int
) -> None:
    rule, readings = Steadiness(band, hold), _readings(drawn)
    standing: Standing | None = None
    for n, reading in enumerate(readings):
        before, standing = standing, step(rule, standing, reading)
        # Never more than a band above what the day's reading would give, and nothing at all where it refuses.
        assert (
            standing.limit * (1_000_000 - band) <= max(reading.limit, 1) * 1_000_000
            or standing.limit - 1 <= reading.limit
        )
        assert VERDICTS.index(standing.verdict) >= VERDICTS.index(reading.verdict)
        if reading.verdict == "refuse":
            assert standing.limit == 0
        if before is None:
            continue
        if standing.limit > before.limit or (standing.rate_ppm < before.rate_ppm):
            # Every reading of the last days was at least as good.
            since = reading.on - timedelta(days=hold)
            stood = [one for one in readings[: n + 1] if one.on >= since]
            assert all(one.limit >= standing.limit for one in stood)
            assert all(one.rate_ppm <= standing.rate_ppm for one in stood)


def test_links_count_from_their_day() -> None:
    one = LiveLimit("F", POLICY, model(), application(), FIRST)
    one.advance(FIRST + timedelta(days=40))
    assert one.reading.verdict == "refuse"
    moved = one.set_links(Links(), FIRST + timedelta(days=10))
    assert not moved.is_move
