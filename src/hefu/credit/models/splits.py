"""How rows are held back: at random with equal shares of defaults, by group, or by time. Each row is held back once, or never."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

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
        Rejected: TOO_FEW_FOLDS, the groups or times leave no two parts that both have defaults and others.
    """
    if kind is Split.TIME:
        yield from _by_time(labels, count, times or [])
        return
    count = int(max(2, min(count, labels.sum(), (1 - labels).sum())))
    if groups is None:
        yield from StratifiedKFold(count, shuffle=True, random_state=seed).split(np.zeros(len(labels)), labels)
        return
    _, places = np.unique(np.array([str(g) for g in groups]), return_inverse=True)
    if len(set(places.tolist())) < 2:
        raise _too_few()
    count = min(count, len(set(places.tolist())))
    made = [
        (fit, held)
        for fit, held in StratifiedGroupKFold(count, shuffle=True, random_state=seed).split(
            np.zeros(len(labels)), labels, places
        )
        if _both(labels[fit]) and len(held)
    ]
    if not made or not _both(np.concatenate([labels[held] for _, held in made])):
        raise _too_few()
    yield from made


def _by_time(labels: Ints, count: int, times: Sequence[int | None]) -> Iterator[tuple[Rows, Rows]]:
    known = np.array([t is not None for t in times])
    days = np.array([0 if t is None else t for t in times])
    ordered = np.sort(days[known])
    # The first half is only fitted on; days are never cut in two.
    marks = (
        sorted({int(ordered[len(ordered) * (count + k) // (2 * count)]) for k in range(count)}) if len(ordered) else []
    )
    found = 0
    for k, start in enumerate(marks):
        end = marks[k + 1] if k + 1 < len(marks) else None
        fit = np.flatnonzero(~known | (days < start))
        held = np.flatnonzero(known & (days >= start) & ((days < end) if end is not None else True))
        if len(held) and _both(labels[fit]):
            found += 1
            yield fit, held
    if not found:
        raise _too_few()


def _both(labels: Ints) -> bool:
    return 0 < int(labels.sum()) < len(labels)


def _too_few() -> Rejected:
    return Rejected(
        "the groups or times leave no parts that each have defaults and others; choose another split",
        code="TOO_FEW_FOLDS",
    )
