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

#: Several histories in one batch, because a batch costs the same for one firm and for a hundred.
FIRMS = ("F", "G", "H", "I", "J", "K")
AS_OF = st.integers(0, 1_000).map(lambda n: FIRST + timedelta(days=n))
books = st.tuples(*(histories(firm) for firm in FIRMS))


def replayed(firm: str, rows: list[Row], dates: list[date]) -> LiveFirm:
    """The firm fed its rows in three helpings: before the first date, at it, and at the last; read after each row."""
    one, third = LiveFirm(firm, FIRST), len(rows) // 3
    for row in rows[:third]:
        one.apply(row)
    for day, helping in zip(dates, (rows[third : 2 * third], rows[2 * third :])):
        one.advance(day)
        for row in helping:
            one.apply(row)
            one.facts()
    return one


@settings(max_examples=6)
@given(books, AS_OF, st.randoms(use_true_random=False))
def test_event_by_event_is_the_batch(books: tuple[list[Row], ...], day: date, chance: Any) -> None:
    found = batch_of([row for book in books for row in book], [(firm, day) for firm in FIRMS])
    for firm, book, (features, facts) in zip(FIRMS, books, found):
        # What comes twice, and in another order, is the same.
        arriving = book * 2
        chance.shuffle(arriving)
        one = replayed(firm, arriving, [FIRST + (day - FIRST) // 2, day])
        links = [facts[name] for name in LINK_FACTS]
        one.set_links(Links(*(None if value is None else int(value) for value in links)))
        batch = {name: None if facts[name] is None else int(facts[name]) for name in one.facts()}
        assert one.facts() == batch, "facts are integers: equal, not close"
        assert_same(features, one.features())
        assert record_of(batch) == record_of(one.facts())


@settings(max_examples=6)
@given(books, books, AS_OF)
def test_nothing_known_later_enters(books: tuple[list[Row], ...], more: tuple[list[Row], ...], day: date) -> None:
    rows, spine = list[Row](), []
    for book, later in zip(books, more):
        firm = f"firm {len(spine)}"
        rows += [row._replace(firm=firm) for row in book]
        # The same firm again, with rows besides that become known on the next day or after.
        rows += [row._replace(firm=firm + " again") for row in book]
        tomorrow = day + timedelta(days=1)
        rows += [row._replace(firm=firm + " again", recorded_on=max(row.recorded_on, tomorrow)) for row in later]
        spine += [(firm, day), (firm + " again", day)]
    found = batch_of(rows, spine, with_links=False)
    for i in range(0, len(found), 2):
        (features, facts), (features_again, facts_again) = found[i : i + 2]
        assert features == features_again
        assert [*facts.values()][2:] == [*facts_again.values()][2:]


@settings(max_examples=40)
@given(histories("F"), AS_OF, st.randoms(use_true_random=False))
def test_a_correction_leads_where_the_right_order_leads(rows: list[Row], day: date, chance: Any) -> None:
    in_order = LiveFirm("F", FIRST)
    for row in sorted((row for row in rows if row.recorded_on <= day), key=lambda row: row.recorded_on):
        in_order.advance(max(row.recorded_on, in_order.as_of))
        in_order.apply(row)
    in_order.advance(day)
    late, arriving = LiveFirm("F", day), list(rows)
    chance.shuffle(arriving)
    for row in arriving:
        late.apply(row)
    assert late.facts() == in_order.facts()
    assert late.features() == in_order.features()
