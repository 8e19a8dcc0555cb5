"""
Many firms at once, in arrays of 64-bit integers: the same integers as `record`, which a property test holds it to. Needs numpy, and
only hurries: whoever lacks it, or replays, uses `record`.

Without reasons no tree is walked. Each field's values become bins of the model's thresholds once; in each tree every bin of a field
rules out some leaves, and what all its fields leave is one leaf.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hefu.credit.models.record import BadRecord, Model, Node, Note, Reason, Score

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
#: Rows that are worked on together: what they need stays near the processor.
CHUNK = 16_384
_LEAVES_MAX = 63


@dataclass(frozen=True, slots=True)
class Outputs:
    """
    Scores of rows, in order; where `errors` names a row, its numbers mean nothing.

    Args:
        errors: Position to what `record` says of the row.
    """

    points: Ints
    default_ppm: Ints
    low_ppm: Ints
    high_ppm: Ints
    raw: Ints
    errors: Mapping[int, BadRecord]


@dataclass(frozen=True, slots=True)
class _Leaves:
    """A tree as masks of leaves: by field, what each bin leaves; and what a mask of one leaf is worth."""

    masks: tuple[tuple[int, NDArray[np.unsignedinteger]], ...]
    values: Ints
    is_looked_up: bool


class Batch:
    """
    A model, made ready for arrays.

    Args:
        model: Read and checked.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self._steps = [np.array(model.steps(f.name), dtype=np.int64) for f in model.fields]
        self._tables = [
            (
                table.field,
                np.array(
                    [
                        table.values[int(np.searchsorted(table.thresholds, t, side="left"))]
                        for t in self._marks(table.field)
                    ]
                    + [table.unknown],
                    dtype=np.int64,
                ),
            )
            for table in model.tables
        ]
        self._base = model.base
        self._trees = []
        self._walked = []
        for nodes in model.trees:
            if len(nodes) == 1:
                self._base += nodes[0].value
            elif sum(node.field < 0 for node in nodes) > _LEAVES_MAX:
                self._walked.append(nodes)
            else:
                self._trees.append(self._leaves(nodes))

    def _marks(self, field: int) -> list[int]:
        """A value in each bin of a field."""
        steps = self._steps[field].tolist()
        return [*steps, (steps[-1] + 1) if steps else 0]

    def _leaves(self, nodes: tuple[Node, ...]) -> _Leaves:
        leaves = [i for i, node in enumerate(nodes) if node.field < 0]
        bit = {i: 1 << k for k, i in enumerate(leaves)}
        under = [0] * len(nodes)
        for i in range(len(nodes) - 1, -1, -1):
            node = nodes[i]
            under[i] = bit[i] if node.field < 0 else under[node.left] | under[node.right]
        kind = np.uint8 if len(leaves) <= 8 else np.uint16 if len(leaves) <= 16 else np.uint64
        masks: dict[int, list[int]] = {}
        for node in nodes:
            if node.field < 0:
                continue
            marks = self._marks(node.field)
            kept = masks.setdefault(node.field, [(1 << len(leaves)) - 1] * (len(marks) + 1))
            for b, mark in enumerate(marks):
                kept[b] &= ~under[node.right if mark <= node.threshold else node.left]
            kept[-1] &= ~under[node.right if node.unknown_left else node.left]
        values = np.array([nodes[i].value for i in leaves], dtype=np.int64)
        looked_up = len(leaves) <= 16
        if looked_up:
            table = np.zeros(256 if len(leaves) <= 8 else 65_536, dtype=np.int64)
            table[[1 << k for k in range(len(leaves))]] = values
            values = table
        return _Leaves(tuple((f, np.array(kept, dtype=kind)) for f, kept in masks.items()), values, looked_up)

    def score(self, values: Ints, unknown: Flags) -> Outputs:
        """
        Score rows.

        Args:
            values: Rows by fields of the model; what stands at an unknown one is not read.
            unknown: The same shape.
        """
        errors = self._errors(values, unknown)
        raw = np.empty(len(values), dtype=np.int64)
        for start in range(0, len(values), CHUNK):
            part = slice(start, start + CHUNK)
            raw[part] = self._raw(values[part], unknown[part])
        return Outputs(*self._outputs(raw), raw, errors)

    def _raw(self, values: Ints, unknown: Flags) -> Ints:
        bins = [self._bins(k, values[:, k], unknown[:, k]) for k in range(len(self._steps))]
        total = np.full(len(values), self._base, dtype=np.int64)
        for k, table in self._tables:
            total += table[bins[k]]
        for tree in self._trees:
            (first, mask), *others = tree.masks
            left = mask[bins[first]]
            for k, other in others:
                left &= other[bins[k]]
            if tree.is_looked_up:
                total += tree.values[left]
            else:
                # One bit is set: the exponent of its double says which.
                total += tree.values[(left.astype(np.float64).view(np.int64) >> 52) - 1023]
        for nodes in self._walked:
            total += self._walk(nodes, values, unknown)
        return total

    def _bins(self, k: int, column: Ints, unknown: Flags) -> NDArray[np.intp]:
        steps = self._steps[k]
        found = np.searchsorted(steps, column, side="left")
        found[unknown] = len(steps) + 1
        return found

    def _outputs(self, raw: Ints) -> tuple[Ints, Ints, Ints, Ints]:
        line, points = self.model.calibration, self.model.points
        scored = np.clip(
            points.offset - _half_even(raw * points.numerator, points.denominator), points.lowest, points.highest
        )
        knots = np.array(line.raw, dtype=np.int64)
        held = np.clip(raw, knots[0], knots[-1])
        i = np.searchsorted(knots, held, side="left")
        before = np.maximum(i - 1, 0)
        at, span = held - knots[before], np.maximum(knots[i] - knots[before], 1)
        default, low, high = (
            values[before] + (values[i] - values[before]) * at // span
            for values in (np.array(v, dtype=np.int64) for v in (line.default_ppm, line.low_ppm, line.high_ppm))
        )
        return scored, default, low, high

    def _errors(self, values: Ints, unknown: Flags) -> dict[int, BadRecord]:
        bad = np.zeros(len(values), dtype=bool)
        for k, field in enumerate(self.model.fields):
            column, hidden = values[:, k], unknown[:, k]
            bad |= ~hidden & ((column < field.lowest) | (column > field.highest))
            if not field.unknown:
                bad |= hidden
        found = {}
        for i in np.flatnonzero(bad).tolist():
            try:
                self.model.values(self._record(values[i], unknown[i]))
            except BadRecord as error:
                found[i] = error
        return found

    def _record(self, values: Ints, unknown: Flags) -> dict[str, int | None]:
        return {
            f.name: None if hidden else value
            for f, value, hidden in zip(self.model.fields, values.tolist(), unknown.tolist())
        }

    # -- with reasons -------------------------------------------------------------------------------------------------

    def explain(self, values: Ints, unknown: Flags) -> list[Score | BadRecord]:
        """The same as `record.Model.score` of each row, reasons and notes with it; what cannot be scored, as its error."""
        found: list[Score | BadRecord] = []
        for start in range(0, len(values), CHUNK):
            part = slice(start, start + CHUNK)
            found += self._explained(values[part], unknown[part])
        return found

    def _explained(self, values: Ints, unknown: Flags) -> list[Score | BadRecord]:
        n, fields = len(values), self.model.fields
        takes, lows, highs = (np.zeros((len(fields), n), dtype=np.int64) for _ in range(3))
        total = np.full(n, self.model.base, dtype=np.int64)
        for table in self.model.tables:
            k, hidden = table.field, unknown[:, table.field]
            at = np.searchsorted(np.array(table.thresholds, dtype=np.int64), values[:, k], side="left")
            own = np.array(table.values, dtype=np.int64)
            taken = np.where(hidden, table.unknown, own[at])
            takes[k] += taken
            best = int(own.min())
            places = np.flatnonzero(own == best)
            short, over = ~hidden & (at < places[-1]), ~hidden & (at >= places[-1]) & (at > places[0])
            lows[k] += np.where(short, taken - best, 0)
            highs[k] += np.where(over, taken - best, 0)
        total += takes.sum(axis=0)
        for nodes in self.model.trees:
            total += self._walk(nodes, values, unknown, takes, lows, highs)
        points, default, low, high = self._outputs(total)
        errors = self._errors(values, unknown)
        line = self.model.points
        off = -_half_even(takes * line.numerator, line.denominator)
        order = np.argsort(-takes, axis=0, kind="stable")
        codes = self._codes(values, unknown, lows, highs)
        notes = self._notes(values, unknown)
        names = [f.name for f in fields]
        columns = zip(
            points.tolist(), default.tolist(), low.tolist(), high.tolist(), total.tolist(),
            order.T.tolist(), takes.T.tolist(), off.T.tolist(), codes,
        )  # fmt: skip
        found: list[Score | BadRecord] = []
        for i, (p, d, lo, hi, raw, worst, taken_row, off_row, code_row) in enumerate(columns):
            reasons = []
            for k in worst:
                if taken_row[k] <= 0 or not off_row[k]:
                    break
                reasons.append(Reason(names[k], off_row[k], code_row[k]))
            found.append(errors.get(i) or Score(p, d, lo, hi, tuple(reasons), raw, notes.get(i, ())))
        return found

    def _walk(
        self,
        nodes: Sequence[Node],
        values: Ints,
        unknown: Flags,
        takes: Ints | None = None,
        lows: Ints | None = None,
        highs: Ints | None = None,
    ) -> Ints:
        """Leaf of each row; and what each split did, added to its field."""
        total = np.empty(len(values), dtype=np.int64)
        waiting = [(0, np.arange(len(values)))]
        while waiting:
            at, rows = waiting.pop()
            node = nodes[at]
            if node.field < 0:
                total[rows] = node.value
                continue
            k = node.field
            hidden = unknown[rows, k]
            left = np.where(hidden, node.unknown_left, values[rows, k] <= node.threshold)
            for goes, child, side in ((left, node.left, lows), (~left, node.right, highs)):
                some = rows[goes]
                if not len(some):
                    continue
                if takes is not None and side is not None:
                    moved = nodes[child].value - node.value
                    takes[k, some] += moved
                    side[k, some] += moved
                waiting.append((child, some))
        return total

    def _codes(self, values: Ints, unknown: Flags, lows: Ints, highs: Ints) -> list[list[str]]:
        columns = []
        for k, field in enumerate(self.model.fields):
            if field.is_category:
                known = np.full(len(values), "CATEGORY", dtype=object)
            else:
                short = lows[k] > highs[k] if field.direction != "safer" else lows[k] >= highs[k]
                known = np.where(short, "TOO_LOW", "TOO_HIGH").astype(object)
            columns.append(np.where(unknown[:, k], "UNKNOWN", known).tolist())
        return [list(row) for row in zip(*columns)] if columns else [[] for _ in range(len(values))]

    def _notes(self, values: Ints, unknown: Flags) -> dict[int, tuple[Note, ...]]:
        found: dict[int, list[Note]] = {}
        for k, field in enumerate(self.model.fields):
            column, hidden = values[:, k], unknown[:, k]
            marked = []
            if not field.unknown_seen:
                marked.append((hidden, "UNKNOWN_UNSEEN"))
            if field.is_category:
                if field.other not in field.codes.values():
                    marked.append((~hidden & (column == field.other), "OTHER_WORD"))
            else:
                outside = (column < field.seen_lowest) | (column > field.seen_highest)
                marked.append((~hidden & outside, "OUTSIDE_SEEN"))
            for rows, code in marked:
                for i in np.flatnonzero(rows).tolist():
                    found.setdefault(i, []).append(Note(field.name, code))
        return {i: tuple(notes) for i, notes in found.items()}


def _half_even(numerators: Ints, denominator: int) -> Ints:
    whole, rest = np.divmod(numerators, denominator)
    twice = 2 * rest
    made: Ints = whole + ((twice > denominator) | ((twice == denominator) & (whole % 2 == 1)))
    return made


def arrays(columns: Mapping[str, Sequence[int | None]], names: Sequence[str], rows: int) -> tuple[Ints, Flags]:
    """Columns of integers as the two arrays that a batch takes."""
    values, unknown = np.zeros((rows, len(names)), dtype=np.int64), np.zeros((rows, len(names)), dtype=bool)
    for k, name in enumerate(names):
        column = columns[name]
        unknown[:, k] = [v is None for v in column]
        values[:, k] = [v or 0 for v in column]
    return values, unknown
