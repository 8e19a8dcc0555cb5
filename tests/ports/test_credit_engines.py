"""One definition on two engines: DuckDB and Spark give the same facts, and the same features to 1e-9."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from credit import assert_same
from hefu.credit.features import compute, find_links, spark
from hefu.credit.sources import Store, synthetic_firms

AS_OF = (date(2025, 6, 30), date(2026, 3, 17))


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    pytest.importorskip("pyspark")
    found = spark.session(small=True)
    found.sparkContext.setLogLevel("ERROR")
    yield found
    found.stop()


def test_spark_says_what_duckdb_says(session: Any, tmp_path: Path) -> None:
    made = synthetic_firms(3, firms=6, months=26)
    spine = [(firm, day) for firm in [*(f.code for f in made.firms), "nobody"] for day in AS_OF]
    with Store() as store:
        store.add(made.rows)
        # A correction and a void that become known between the two dates.
        store.add(
            [row._replace(recorded_on=date(2025, 9, 1), energy_wh=1) for row in made.rows if hasattr(row, "energy_wh")][
                :9
            ]
        )
        store.add(
            [row._replace(recorded_on=date(2025, 9, 1), void=True) for row in made.rows if hasattr(row, "void")][:9]
        )
        table = compute(store.connection, spine)
        facts, features = list(table.facts()), list(table.features())
        links = {(firm, day): found for day in AS_OF for firm, found in find_links(store.connection, day).items()}
        theirs = spark.compute(session, store.export(tmp_path), spine, links=links)
    their_facts, their_features = (
        sorted((row.asDict() for row in frame.collect()), key=lambda row: (row["firm"], row["as_of"]))
        for frame in theirs
    )
    assert len(their_features) == len(features) == len(spine)
    for ours, other in zip(facts, their_facts):
        assert {k: ours[k] for k in ours} == {k: other[k] for k in ours}
    for ours, other in zip(features, their_features):
        assert (ours.pop("firm"), ours.pop("as_of")) == (other["firm"], other["as_of"])
        assert_same(ours, other)
    known = sum(value is not None for row in features for value in row.values())
    assert known > len(features) * 60, "the comparison is of numbers, not of unknowns"
