"""Labels: who defaulted within a horizon after an as-of date, who did not, and of whom nobody can say."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from hefu.credit.features import BY_NAME, FEATURES
from hefu.credit.models.outcomes import Outcomes, labels_of, read_outcomes
from hefu.credit.models.proposing import propose
from hefu.credit.models.schema import Role
from hefu.credit.models.tables import Table
from hefu.kernel.errors import UsageError

YEAR = timedelta(days=365)
AS_OF, UNTIL = date(2025, 6, 30), date(2026, 6, 30)


@pytest.mark.parametrize(
    ("case", "outcome", "as_of", "until", "word"),
    [
        ("within the horizon", date(2025, 12, 1), AS_OF, UNTIL, "yes"),
        ("on its last day", AS_OF + YEAR, AS_OF, UNTIL, "yes"),
        ("a day after it", AS_OF + YEAR + timedelta(days=1), AS_OF, date(2027, 1, 1), "no"),
        ("on the first day after the as-of date", AS_OF + timedelta(days=1), AS_OF, UNTIL, "yes"),
        ("never", None, AS_OF, UNTIL, "no"),
        ("never so far, with a day to go", None, AS_OF, UNTIL - timedelta(days=1), None),
        ("early, though the horizon's end lies ahead", date(2025, 8, 1), AS_OF, date(2025, 9, 1), None),
        ("after what is known", date(2026, 6, 1), AS_OF, date(2026, 1, 1), None),
    ],
)
def test_a_label(case, outcome, as_of, until, word):
    found = labels_of(Outcomes({"A": outcome}, {}), [("A", as_of)], horizon=YEAR, until=until)
    assert found.words == {("A", as_of): word}, case
    assert found.already == 0


def test_who_has_defaulted_before_is_left_out_and_who_is_not_named_has_no_label():
    found = labels_of(Outcomes({"A": AS_OF}, {}), [("A", AS_OF), ("B", AS_OF)], horizon=YEAR, until=UNTIL)
    assert found.words == {("B", AS_OF): None}
    assert found.already == 1


def test_outcomes_are_read_by_either_header_and_the_first_default_counts(tmp_path):
    path = tmp_path / "o.csv"
    path.write_text("企业代号,违约日期\nA,2026-02-01\nA,2025-12-01\nB,\n,2025-01-01\n", "gb18030")
    assert read_outcomes(path).days == {"A": date(2025, 12, 1), "B": None}


def test_outcomes_without_days_hold_for_whatever_date(tmp_path):
    path = tmp_path / "o.csv"
    path.write_text("firm_id,rating,defaulted\nE1,A,0\nE2,D,1\nE3,B,\n")
    outcomes = read_outcomes(path)
    found = labels_of(outcomes, [(f"E{n}", AS_OF) for n in range(1, 5)], horizon=YEAR, until=AS_OF)
    assert [found.words[f"E{n}", AS_OF] for n in range(1, 5)] == ["0", "1", None, None]


@pytest.mark.parametrize(
    ("text", "code", "where"),
    [
        ("firm,defaulted_on\nA,soon\n", "BAD_DATE", "o.csv:2"),
        ("firm,day\nA,2026-01-01\n", "TABLE_COLUMN", "o.csv: defaulted"),
        ("firm,defaulted\nA,0\nB,1\nA,1\n", "TWO_OUTCOMES", "o.csv:4"),
        ("who,defaulted_on\nA,2026-01-01\n", "TABLE_COLUMN", "o.csv: firm"),
    ],
)
def test_outcomes_that_cannot_be_read(tmp_path, text, code, where):
    path = tmp_path / "o.csv"
    path.write_text(text)
    with pytest.raises(UsageError) as raised:
        read_outcomes(path)
    assert (raised.value.code, raised.value.where) == (code, where)


def _features(days: tuple[str, ...]) -> Table:
    names = ("firm", "as_of", "defaulted", *(f.name for f in FEATURES))
    rows = [
        (f"F{i}", day, "yes" if i % 5 == 0 else "no", *(str(i * (k + 1) % 17) for k in range(len(FEATURES))))
        for i in range(40)
        for day in days
    ]
    return Table("features.csv", names, tuple(map(list, zip(*rows))), "")


def test_a_table_of_features_says_itself_what_its_columns_are():
    schema = propose(_features(("2025-06-30",))).schema
    assert (schema.label, schema.positive, schema.identifiers) == ("defaulted", ("yes",), ("firm", "as_of"))
    assert (schema.time, schema.group) == ("", "")
    assert set(schema.banned) == {f.name for f in FEATURES if f.caution}
    columns = {column.name: column for column in schema.columns}
    assert columns.keys() == {f.name for f in FEATURES if not f.caution}
    for name, column in columns.items():
        feature = BY_NAME[name]
        assert column.role is (Role.IGNORE if name.endswith("_present") else Role.NUMBER)
        assert (column.digits, column.direction, column.unit) == (feature.digits, feature.direction, feature.unit)


def test_a_firm_that_is_looked_at_twice_stays_on_one_side():
    schema = propose(_features(("2024-06-30", "2025-06-30"))).schema
    assert (schema.time, schema.group, schema.identifiers) == ("as_of", "firm", ())
