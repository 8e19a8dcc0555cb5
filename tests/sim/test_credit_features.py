"""
A firm's features event by event equal the batch over all its rows: in whatever order, however often, however late events come. And
nothing known after the as-of date moves anything.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from credit import FIRST, assert_same, batch_of, histories
from hefu.credit.features import Links, LiveFirm, record_of
from hefu.credit.features.crossing import LINK_FACTS
from hefu.credit.sources import Row

FIRMS = ("F", "G")
AS_OF = st.integers(0, 1_000).map(lambda n: FIRST + timedelta(days=n))
EXAMPLES = 12


def replayed(firm: str, rows: list[Row], dates: list[date]) -> list[LiveFirm]:
    """The firm at each date in turn, fed the rows in three helpings: before the first date, at it, and at the last."""
    found = []
    one = LiveFirm(firm, FIRST)
    third = len(rows) // 3
    for row in rows[:third]:
        one.apply(row)
    one.facts()
    for i, day in enumerate(dates):
        one.advance(day)
        for row in rows[third : 2 * third] if i == 0 else rows[2 * third :]:
            one.apply(row)
            one.facts()
        found.append(one)
    return found


@settings(max_examples=EXAMPLES)
@given(st.data())
def test_event_by_event_is_the_batch(data: Any) -> None:
    histories_of = {firm: data.draw(histories(firm)) for firm in FIRMS}
    day = data.draw(AS_OF)
    rows = [row for history in histories_of.values() for row in history]
    spine = [(firm, day) for firm in FIRMS]
    for (features, facts), firm in zip(batch_of(rows, spine), FIRMS):
        # What comes twice, and in another order, is the same.
        arriving = data.draw(st.permutations(histories_of[firm] * 2))
        one = replayed(firm, list(arriving), [FIRST + (day - FIRST) // 2, day])[-1]
        linked = {name: None if facts[name] is None else int(facts[name]) for name in LINK_FACTS}
        if all(value is not None for value in linked.values()):
            one.set_links(Links(*linked.values()))  # type: ignore[arg-type]
        batch = {name: None if facts[name] is None else int(facts[name]) for name in one.facts()}
        assert one.facts() == batch, "facts are integers: equal, not close"
        assert_same(features, one.features())
        assert record_of(batch) == record_of(one.facts())


@settings(max_examples=EXAMPLES)
@given(histories("F"), histories("F"), AS_OF)
def test_nothing_known_later_enters(rows: list[Row], more: list[Row], day: date) -> None:
    later = [row._replace(recorded_on=max(row.recorded_on, day + timedelta(days=1))) for row in more]
    # An invoice that is known already is not made unknown by a file that says so.
    spine = [("F", day)]
    assert batch_of(rows, spine) == batch_of([*rows, *later], spine)


@settings(max_examples=EXAMPLES * 2)
@given(histories("F"), AS_OF, st.data())
def test_a_correction_leads_where_the_right_order_leads(rows: list[Row], day: date, data: Any) -> None:
    in_order = LiveFirm("F", FIRST)
    for row in sorted(rows, key=lambda row: row.recorded_on):
        if row.recorded_on > in_order.as_of:
            in_order.advance(row.recorded_on) if row.recorded_on <= day else None
        in_order.apply(row)
    in_order.advance(max(day, in_order.as_of))
    late = LiveFirm("F", in_order.as_of)
    for row in data.draw(st.permutations(rows)):
        late.apply(row)
    assert late.facts() == in_order.facts()
    assert late.features() == in_order.features()
