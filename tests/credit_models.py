"""Models of credit for tests: one from a few lines, and any by Hypothesis, with records to score."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from hefu.credit.models.record import FORMAT, VERSION, Model, canonical


def field(name: str, **changed: Any) -> dict[str, Any]:
    """A field that allows nearly everything."""
    return {
        "name": name,
        "digits": 0,
        "unit": "count",
        "direction": "either",
        "unknown": True,
        "unknown_seen": True,
        "lowest": -(10**15),
        "highest": 10**15,
        "seen_lowest": -(10**15),
        "seen_highest": 10**15,
        "codes": {},
        "other": None,
        "english": name,
        "chinese": name,
        **changed,
    }


def document(**changed: Any) -> dict[str, Any]:
    """Sales and age in tables, a tree of both: the smallest model that has everything."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": "small",
        "fields": [
            field("sales", direction="safer", lowest=0, seen_lowest=10, seen_highest=100_000),
            field("age", unknown=False, direction="safer"),
            field("region", codes={"north": 3, "south": -2}, other=0, unknown_seen=False),
        ],
        "base": -1_000_000,
        "tables": [
            {
                "field": "sales",
                "thresholds": [100, 1_000],
                "values": [500_000, 0, -400_000],
                "unknown": 700_000,
            },
            {"field": "region", "thresholds": [0], "values": [-10_000, 20_000], "unknown": 0},
        ],
        "trees": [[[1, 2, 0, 1, 2, 30_000], [250_000], [0, 500, 1, 3, 4, -25_000], [75_000], [-125_000]]],
        "points": {"offset": 600, "numerator": 40, "denominator": 693_147, "lowest": 300, "highest": 900},
        "calibration": {
            "raw": [-3_000_000, 0, 3_000_000],
            "default_ppm": [10_000, 200_000, 900_000],
            "low_ppm": [1_000, 150_000, 700_000],
            "high_ppm": [50_000, 300_000, 1_000_000],
        },
        "about": {"synthetic": True},
        **changed,
    }


def model(**changed: Any) -> Model:
    """The same, read."""
    return Model.read(canonical(document(**changed)))


_NUMBERS = st.one_of(st.integers(-12, 12), st.integers(-(10**15), 10**15))
_VALUES = st.integers(-3_000_000, 3_000_000)


@st.composite
def trees(draw: st.DrawFn, fields: int, depth: int = 4) -> list[list[int]]:
    """Nodes of a tree."""
    nodes: list[list[int]] = []

    def grow(left: int) -> int:
        at = len(nodes)
        nodes.append([])
        if left == 0 or draw(st.integers(0, 3)) == 0:
            nodes[at] = [draw(_VALUES)]
            return at
        split = [draw(st.integers(0, fields - 1)), draw(_NUMBERS), draw(st.integers(0, 1))]
        one, other = grow(left - 1), grow(left - 1)
        nodes[at] = [*split, one, other, draw(_VALUES)]
        return at

    grow(depth)
    return nodes


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Any model."""
    count = draw(st.integers(1, 4))
    fields = [
        field(
            f"f{i}",
            direction=draw(st.sampled_from(["safer", "riskier", "either"])),
            unknown_seen=draw(st.booleans()),
            seen_lowest=draw(st.integers(-12, 0)),
            seen_highest=draw(st.integers(0, 12)),
            **draw(st.sampled_from([{}, {"codes": {"a": 1, "b": -1}, "other": 0}])),
        )
        for i in range(count)
    ]
    tables = []
    for i in range(count):
        if draw(st.booleans()):
            steps = sorted(draw(st.sets(_NUMBERS, max_size=5)))
            values = draw(st.lists(_VALUES, min_size=len(steps) + 1, max_size=len(steps) + 1))
            tables.append({"field": f"f{i}", "thresholds": steps, "values": values, "unknown": draw(_VALUES)})
    knots = sorted(draw(st.sets(st.integers(-(10**7), 10**7), min_size=1, max_size=6)))
    lines = [sorted(draw(st.lists(st.integers(0, 10**6), min_size=len(knots), max_size=len(knots)))) for _ in range(3)]
    by_knot = [sorted(values) for values in zip(*lines)]
    return document(
        fields=fields,
        base=draw(_VALUES),
        tables=tables,
        trees=draw(st.lists(trees(count), max_size=4)),
        points={
            "offset": draw(st.integers(-1000, 1000)),
            "numerator": draw(st.integers(1, 1000)),
            "denominator": draw(st.integers(1, 10**6)),
            "lowest": -900_000,
            "highest": draw(st.sampled_from([900, 900_000])),
        },
        calibration={
            "raw": knots,
            **{
                name: [values[i] for values in by_knot] for i, name in enumerate(("low_ppm", "default_ppm", "high_ppm"))
            },
        },
    )


def records(document: dict[str, Any]) -> st.SearchStrategy[dict[str, int | None]]:
    """Records of a model, near its thresholds as well as far from them."""
    near = sorted(
        {t for table in document["tables"] for t in table["thresholds"]}
        | {node[1] for nodes in document["trees"] for node in nodes if len(node) > 1}
    )
    beside = [t + d for t in near for d in (0, 1) if abs(t + d) <= 10**15] or [0]
    value = st.one_of(st.none(), st.sampled_from(beside), _NUMBERS)
    return st.fixed_dictionaries({f["name"]: value for f in document["fields"]})
