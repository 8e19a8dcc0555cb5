"""How rows are held back: at random with equal shares of defaults, by group, or by time. Each row is held back once, or never."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

from hefu.credit.models.checks import LEAST_OF_CLASS
from hefu.credit.models.schema import Split
from hefu.kernel.errors import Rejected

Rows = NDArray[np.intp]
Ints = NDArray[np.int64]


def folds(
    labels: Ints,
    kind: Split,
    count: int,
    *,
    seed: int,
    groups: Sequence[object] | None = None,
    times: Sequence[int | None] | None = None,
) -> Iterator[tuple[Rows, Rows]]:
    """
    Rows to fit on and rows held back, in turn.

    Args:
        count: How many; fewer where a class has fewer rows.
        groups: One value a row; those of one group stay together. Also binds copies of a row together.
        times: Days; a fold by time holds back what is later than all that it fits on. Rows without one are only fitted on.

    Raises:
        Rejected: TOO_FEW_FOLDS, the groups or times leave no two parts that both have defaults and others, or too few of either to
            judge by among the rows held back.
    """
    if kind is Split.TIME:
        yield from _enough(labels, _by_time(labels, count, times or []))
        return
    count = int(max(2, min(count, labels.sum(), (1 - labels).sum())))
    if groups is None:
        yield from StratifiedKFold(count, shuffle=True, random_state=seed).split(np.zeros(len(labels)), labels)
        return
    _, places = np.unique(np.array([str(g) for g in groups]), return_inverse=True)
    if len(set(places.tolist())) < 2:
        raise _too_few()
    count = min(count, len(set(places.tolist())))
    parts = _dealt(labels, count, places, seed)
    made = [(np.flatnonzero(parts != k), np.flatnonzero(parts == k)) for k in range(count)]
    yield from _enough(labels, made)


def _dealt(labels: Ints, count: int, places: Ints, seed: int) -> Ints:
    """Group by group, those with most defaults first and rows alone last, each to where there is least of its like."""
    order = np.argsort(places, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(places[order])) + 1)
    # Which of like groups comes first is chance.
    shuffled = [members[i] for i in np.random.default_rng(seed).permutation(len(members))]
    parts = np.empty(len(labels), dtype=np.int64)
    bads, rows = [0] * count, [0] * count
    for group in sorted(shuffled, key=lambda found: (-int(labels[found].sum()), -len(found))):
        own = int(labels[group].sum())
        k = min(range(count), key=lambda i: (bads[i], rows[i]) if own else (rows[i], bads[i]))
        parts[group] = k
        bads[k] += own
        rows[k] += len(group)
    return parts


def _by_time(labels: Ints, count: int, times: Sequence[int | None]) -> list[tuple[Rows, Rows]]:
    known = np.array([t is not None for t in times])
    days = np.array([0 if t is None else t for t in times])
    ordered = np.sort(days[known])
    # The first half is only fitted on; days are never cut in two.
    marks = (
        sorted({int(ordered[len(ordered) * (count + k) // (2 * count)]) for k in range(count)}) if len(ordered) else []
    )
    made = []
    for k, start in enumerate(marks):
        end = marks[k + 1] if k + 1 < len(marks) else None
        fit = np.flatnonzero(~known | (days < start))
        made.append((fit, np.flatnonzero(known & (days >= start) & ((days < end) if end is not None else True))))
    return made


def _enough(labels: Ints, made: Sequence[tuple[Rows, Rows]]) -> list[tuple[Rows, Rows]]:
    found = [(fit, held) for fit, held in made if _both(labels[fit]) and len(held)]
    judged = labels[np.concatenate([held for _, held in found])] if found else labels[:0]
    # One late default would calibrate, and judge, all.
    if min(int(judged.sum()), int((1 - judged).sum())) < LEAST_OF_CLASS:
        raise _too_few()
    return found


def _both(labels: Ints) -> bool:
    return 0 < int(labels.sum()) < len(labels)


def _too_few() -> Rejected:
    return Rejected(
        "the groups or times leave no parts that each have enough defaults and others; choose another split",
        code="TOO_FEW_FOLDS",
    )
