"""The benchmarks' table, its rows, and the time of a step."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

Row = dict[str, Any]
RUNS = 3


def row(
    name: str, value: float, unit: str, must: float | None, goal: float | None, *, command: str, **more: Any
) -> Row:
    """One row; `command` is what a reader runs to see it. A peer's figure is filled in by whoever measured it."""
    base = {"name": name, "value": value, "unit": unit, "must": must, "goal": goal, "peer": None, "peer_value": None}
    return {**base, "command": command, **more}


def seconds(step: Callable[[], object]) -> float:
    """How long a step takes, the median of three runs."""
    taken = []
    for _ in range(RUNS):
        start = time.perf_counter()
        step()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def at(values: Sequence[float], percent: int) -> float:
    """A percentile, by nearest rank from below."""
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


def markdown(rows: list[Row]) -> str:
    """Markdown."""
    lines = ["| what | measured | must | goal | peer | command |", "|---|---|---|---|---|---|"]
    for r in rows:
        peer = f"{r['peer_value']:,} ({r['peer']})" if r["peer_value"] else ""
        value = "failed" if r["value"] is None else f"{r['value']:,} {r['unit']}"
        must, goal = (f"{r[k]:,}" if r[k] is not None else "" for k in ("must", "goal"))
        lines.append(f"| {r['name']} | {value} | {must} | {goal} | {peer} | `{r['command']}` |")
    return "\n".join(lines)
