"""
The parts that a model is made of: a scorecard (optimal bins, weight of evidence, a logistic line), boosted trees held to the
expected
directions, a forest for small samples. Libraries find the numbers; each part can then be written as integers.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import NormalDist
from typing import Any, Protocol

import lightgbm
import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from hefu.credit.models.binning import Bins, bin_field, fine_edges
from hefu.credit.models.coding import Coded, word_codes
from hefu.credit.models.record import VALUE_LIMIT
from hefu.credit.models.schema import Schema
from hefu.credit.models.values import BOUND

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
#: One of log odds, in the integers of record.
UNIT = 1_000_000
#: A category of more words than this is coded for each row from other rows alone, or a rare word would tell its own label.
FEW_WORDS = 16
_INNER_FOLDS = 5


@dataclass(frozen=True, slots=True)
class Frame:
    """
    A coded table to train on.

    Args:
        names: Fields, in order.
        numbers: Field to whole numbers, NaN where unknown.
        words: Category to words, None where unknown.
        labels: 1 default, 0 none.
        directions: Field to what a larger value says.
        prior: Fields of size and age.
    """

    names: tuple[str, ...]
    numbers: Mapping[str, Floats]
    words: Mapping[str, list[str | None]]
    labels: Floats
    directions: Mapping[str, str]
    prior: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """How many."""
        return len(self.labels)


def frame_of(coded: Coded, labels: Sequence[int], schema: Schema) -> Frame:
    """What a fit works on."""
    numbers = {
        name: np.array([np.nan if v is None else v for v in values], dtype=np.float64)
        for name, values in coded.integers.items()
    }
    names = tuple(column.name for column in schema.fields)
    directions = {column.name: column.direction for column in schema.fields}
    return Frame(names, numbers, coded.words, np.array(labels, dtype=np.float64), directions, schema.prior)


@dataclass(frozen=True, slots=True)
class Codes:
    """Integers of the words of each category, as found from some rows."""

    codes: Mapping[str, Mapping[str, int]]

    @classmethod
    def of(cls, frame: Frame, rows: Rows) -> Codes:
        """Find them."""
        y = frame.labels[rows].astype(int).tolist()
        return cls({name: _codes([words[i] for i in rows], y) for name, words in frame.words.items()})

    def matrix(self, frame: Frame, rows: Rows) -> Floats:
        """Rows by fields, NaN where unknown."""
        made = np.empty((len(rows), len(frame.names)))
        for k, name in enumerate(frame.names):
            made[:, k] = (
                _coded(frame.words[name], rows, self.codes[name]) if name in frame.words else frame.numbers[name][rows]
            )
        return made

    def training_matrix(self, frame: Frame, rows: Rows, seed: int) -> Floats:
        """The same for the rows that the codes came from: many-worded categories are coded from the other rows."""
        made = self.matrix(frame, rows)
        chance = np.random.default_rng(seed)
        parts = chance.permutation(len(rows)) % _INNER_FOLDS
        for k, name in enumerate(frame.names):
            if name not in frame.words or len(self.codes[name]) <= FEW_WORDS:
                continue
            for part in range(_INNER_FOLDS):
                others, own = rows[parts != part], rows[parts == part]
                y = frame.labels[others].astype(int).tolist()
                made[parts == part, k] = _coded(
                    frame.words[name], own, _codes([frame.words[name][i] for i in others], y)
                )
        return made


def _codes(words: list[str | None], labels: list[int]) -> dict[str, int]:
    few = len(set(words)) <= FEW_WORDS
    found = word_codes(words, labels, weight=5 if few else 20)
    if few:
        return found
    # Coarse, so that what differs between the parts that rows were coded from does not show.
    return {w: max(1, round(c / 50)) * 50 if c > 0 else min(-1, round(c / 50)) * 50 for w, c in found.items()}


def _coded(words: list[str | None], rows: Rows, codes: Mapping[str, int]) -> Floats:
    return np.array([np.nan if words[i] is None else codes.get(words[i] or "", 0) for i in rows], dtype=np.float64)


# -- parts ------------------------------------------------------------------------------------------------------------


class Part(Protocol):
    """Something that gives rows a raw score, and can be written as integers."""

    def raw(self, matrix: Floats) -> Floats:
        """Log odds, or something as monotone."""
        ...

    def tables(self, weight: float) -> list[dict[str, Any]]:
        """Tables of record; `field` is a position yet."""
        ...

    def trees(self, weight: float) -> list[list[list[int]]]:
        """Trees of record."""
        ...

    def base(self, weight: float) -> float:
        """What is left besides, log odds."""
        ...


def whole(value: float) -> int:
    """Log odds as an integer of record."""
    return max(-VALUE_LIMIT, min(VALUE_LIMIT, round(value * UNIT)))


@dataclass(frozen=True, slots=True)
class Scorecard:
    """
    Args:
        bins: Position of the field to its bins.
        weights: Position to the coefficient, above zero.
        centre: Position to the mean of its risk among the rows it was made from.
        intercept: At those means.
    """

    bins: Mapping[int, Bins]
    weights: Mapping[int, float]
    centre: Mapping[int, float]
    intercept: float

    def raw(self, matrix: Floats) -> Floats:
        """Log odds."""
        total = np.full(len(matrix), self.intercept)
        for k, weight in self.weights.items():
            total += weight * (self.bins[k].of(matrix[:, k]) - self.centre[k])
        return total

    def tables(self, weight: float) -> list[dict[str, Any]]:
        """One a field."""
        made = []
        for k, own in sorted(self.weights.items()):
            bins, by = self.bins[k], weight * own
            made.append(
                {
                    "field": k,
                    "thresholds": list(bins.thresholds),
                    "values": [whole(by * (risk - self.centre[k])) for risk in bins.risk],
                    "unknown": whole(by * (bins.unknown - self.centre[k])),
                }
            )
        return made

    def trees(self, weight: float) -> list[list[list[int]]]:
        """None."""
        return []

    def base(self, weight: float) -> float:
        """The intercept."""
        return weight * self.intercept


def fit_scorecard(
    matrix: Floats, labels: Floats, directions: Sequence[str], only: Sequence[int] | None = None
) -> Scorecard:
    """
    Bin each field, keep those that tell something, weigh them together.

    Args:
        directions: By field.
        only: Positions of the fields to use; all by default.
    """
    positions = range(matrix.shape[1]) if only is None else only
    bins = {k: bin_field(matrix[:, k], labels, direction=directions[k]) for k in positions}
    kept = [k for k in positions if bins[k].gain > 0 or abs(bins[k].unknown) > 0.2]
    risk = {k: bins[k].of(matrix[:, k]) for k in kept}
    kept = [k for k in kept if risk[k].std() > 1e-9]
    rate = float(np.clip(labels.mean(), 1e-6, 1 - 1e-6))
    intercept = math.log(rate / (1 - rate))
    if not kept:
        return Scorecard({}, {}, {}, intercept)
    weights, centre = dict[int, float](), {k: float(risk[k].mean()) for k in kept}
    # A field whose weight turns negative beside the others would contradict its own bins: out it goes, one after the other.
    while kept:
        design = np.column_stack([(risk[k] - centre[k]) for k in kept])
        scale = design.std(axis=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            line = LogisticRegression(C=_strength(labels, len(kept)), max_iter=200).fit(design / scale, labels)
        found = line.coef_[0] / scale
        worst = int(np.argmin(found))
        if found[worst] > 0:
            weights = {k: float(w) for k, w in zip(kept, found)}
            intercept = float(line.intercept_[0])
            break
        kept = [k for k, w in zip(kept, found) if w > 0] if (found > 0).any() else []
    return Scorecard({k: bins[k] for k in weights}, weights, {k: centre[k] for k in weights}, intercept)


def fit_linear(matrix: Floats, labels: Floats, directions: Sequence[str]) -> Scorecard:
    """
    A line over normal scores of each field's rank, in fine bins: smooth where optimal bins would chase a few rows.

    Args:
        directions: By field; one whose weight would contradict it is left out.
    """
    bins = {k: _normal_scores(matrix[:, k]) for k in range(matrix.shape[1])}
    kept = [k for k, found in bins.items() if found.thresholds]
    rate = float(np.clip(labels.mean(), 1e-6, 1 - 1e-6))
    if not kept:
        return Scorecard({}, {}, {}, math.log(rate / (1 - rate)))
    while True:
        design = np.column_stack([bins[k].of(matrix[:, k]) for k in kept])
        line = LogisticRegression(C=0.1, max_iter=300).fit(design, labels)
        signs = [{"riskier": 1, "safer": -1}.get(directions[k], 0) for k in kept]
        wrong = [k for k, w, sign in zip(kept, line.coef_[0], signs) if w * sign < 0]
        if not wrong:
            break
        kept = [k for k in kept if k not in wrong]
        if not kept:
            return Scorecard({}, {}, {}, math.log(rate / (1 - rate)))
    weights = {k: float(w) for k, w in zip(kept, line.coef_[0])}
    centre = {k: float(design[:, i].mean()) for i, k in enumerate(kept)}
    intercept = float(line.intercept_[0]) + sum(weights[k] * centre[k] for k in kept)
    return Scorecard({k: bins[k] for k in kept}, weights, centre, intercept)


def _normal_scores(values: Floats) -> Bins:
    known = values[~np.isnan(values)]
    edges = fine_edges(known) if len(known) > 1 else []
    if not edges:
        return Bins((), (0.0,), 0.0, 0.0)
    counts = np.bincount(
        np.searchsorted(np.array(edges, dtype=np.float64), known, side="left"), minlength=len(edges) + 1
    )
    middle = (np.cumsum(counts) - counts / 2) / counts.sum()
    scores = [NormalDist().inv_cdf(float(np.clip(m, 0.005, 0.995))) for m in middle]
    return Bins(tuple(edges), tuple(scores), 0.0, 1.0)


def _strength(labels: Floats, fields: int) -> float:
    """Less for more fields a default: the inverse of a ridge."""
    events = min(labels.sum(), len(labels) - labels.sum())
    return float(np.clip(events / (10 * max(1, fields)), 0.02, 1.0))


@dataclass(frozen=True, slots=True)
class Boosted:
    """
    Boosted trees.

    Args:
        booster: LightGBM's.
        rounds: How many of its trees count.
        with_unknown: By field, whether unknown values occurred; without any they go where most rows went.
    """

    booster: lightgbm.Booster
    rounds: int
    with_unknown: tuple[bool, ...]

    def raw(self, matrix: Floats) -> Floats:
        """Log odds."""
        found: Floats = np.asarray(
            self.booster.predict(matrix, raw_score=True, num_iteration=self.rounds, num_threads=1)
        )
        new = [k for k, seen in enumerate(self.with_unknown) if not seen]
        odd = np.flatnonzero(np.isnan(matrix[:, new]).any(axis=1))
        if len(odd):
            # The library takes for zero what was never unknown in training; the record sends it where most rows went.
            found[odd] = sum(_walked(nodes, matrix[odd]) for nodes in self.trees(1.0)) / UNIT
        return found

    def tables(self, weight: float) -> list[dict[str, Any]]:
        """None."""
        return []

    def trees(self, weight: float) -> list[list[list[int]]]:
        """Thresholds go down to the next integer: whole numbers fall on the same side."""
        dump = self.booster.dump_model(num_iteration=self.rounds)["tree_info"]
        return [_boosted_tree(tree["tree_structure"], weight, self.with_unknown) for tree in dump]

    def base(self, weight: float) -> float:
        """Inside the first tree."""
        return 0.0


def _with_unknown(matrix: Floats) -> tuple[bool, ...]:
    return tuple(bool(np.isnan(matrix[:, k]).any()) for k in range(matrix.shape[1]))


def _boosted_tree(root: Mapping[str, Any], weight: float, with_unknown: Sequence[bool]) -> list[list[int]]:
    nodes: list[list[int]] = []

    def add(node: Mapping[str, Any]) -> tuple[int, float, int]:
        at = len(nodes)
        nodes.append([])
        if "leaf_value" in node:
            value, count = weight * node["leaf_value"], int(node.get("leaf_count", 1))
            nodes[at] = [whole(value)]
            return at, value, max(1, count)
        left, right = add(node["left_child"]), add(node["right_child"])
        count = left[2] + right[2]
        mean = (left[1] * left[2] + right[1] * right[2]) / count
        k = int(node["split_feature"])
        goes_left = bool(node["default_left"]) if with_unknown[k] else left[2] >= right[2]
        # The largest double parts the known from the unknown.
        threshold = math.floor(max(-float(BOUND), min(float(BOUND), node["threshold"])))
        nodes[at] = [k, threshold, int(goes_left), left[0], right[0], whole(mean)]
        return at, mean, count

    add(root)
    return nodes


def _walked(nodes: Sequence[Sequence[int]], matrix: Floats) -> Floats:
    """What a tree of record gives rows of fields."""
    found = np.empty(len(matrix))
    waiting = [(0, np.arange(len(matrix)))]
    while waiting:
        at, rows = waiting.pop()
        if len(nodes[at]) == 1:
            found[rows] = nodes[at][0]
            continue
        k, threshold, unknown_left, left, right, _ = nodes[at]
        values = matrix[rows, k]
        goes = np.where(np.isnan(values), unknown_left == 1, values <= threshold)
        waiting += [(child, some) for child, some in ((left, rows[goes]), (right, rows[~goes])) if len(some)]
    return found


@dataclass(frozen=True, slots=True)
class Growth:
    """How trees are boosted."""

    leaves: int
    rounds: int = 600
    rate: float = 0.04
    columns: float = 0.4
    rows: float = 0.75
    least: int = 12
    ridge: float = 2.0


#: Small trees generalise from few rows; deep ones find what many fields say together.
SMALL = Growth(5, rounds=400)
DEEP = Growth(31, rounds=300, rate=0.07, columns=0.8, rows=0.8, least=20, ridge=1.0)
TINY = Growth(3, rounds=200, least=8, ridge=5.0)
BOOSTED = ("boosted", "deep")
#: Below so many rows trees are tiny, and deep ones are not tried.
FEW_ROWS = 400


def growth_of(kind: str, rows: int) -> Growth:
    """How a part of this kind is boosted on so many rows."""
    if kind == "deep":
        return DEEP if rows < 3_000 else replace(DEEP, columns=0.6, rows=1.0)
    return TINY if rows < FEW_ROWS else SMALL if rows < 20_000 else replace(SMALL, leaves=16, rounds=600)


#: Where a fit looks whether fewer trees do better.
STAGES = (25, 50, 100, 150, 200, 300, 400, 600, 800)


def fit_boosted(
    matrix: Floats,
    labels: Floats,
    directions: Sequence[str],
    growth: Growth,
    *,
    seed: int,
    rounds: int | None = None,
    start: Floats | None = None,
) -> Boosted:
    """
    Boost trees.

    Args:
        directions: Trees are monotone where a direction is expected.
        rounds: How many trees count; all by default.
        start: Log odds that the trees improve on.
    """
    asked = {
        "objective": "binary",
        "learning_rate": growth.rate,
        "num_leaves": growth.leaves,
        "min_data_in_leaf": growth.least,
        "min_sum_hessian_in_leaf": 1e-2,
        "feature_fraction": growth.columns,
        "bagging_fraction": growth.rows,
        "bagging_freq": 1,
        "lambda_l2": growth.ridge,
        "max_bin": 255,
        "monotone_constraints": [{"riskier": 1, "safer": -1}.get(d, 0) for d in directions],
        "monotone_constraints_method": "advanced",
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    if all(d == "either" for d in directions):
        del asked["monotone_constraints"], asked["monotone_constraints_method"]
    data = lightgbm.Dataset(matrix, label=labels, init_score=start, free_raw_data=True, params={"verbosity": -1})
    most = rounds or growth.rounds
    booster = lightgbm.train(asked, data, num_boost_round=most)
    return Boosted(booster, most, _with_unknown(matrix))


@dataclass(frozen=True, slots=True)
class Forest:
    """
    A forest over ranks: each field's whole number is first replaced by its place among those that occurred, which a library's
    single precision holds exactly.

    Args:
        steps: By field, thresholds between the numbers that occurred.
        centre, stretch: Mean of its probabilities, and what turns a difference of probability into log odds of like spread.
    """

    forest: RandomForestClassifier
    steps: tuple[Floats, ...]
    with_unknown: tuple[bool, ...]
    centre: float
    stretch: float

    def raw(self, matrix: Floats) -> Floats:
        """Stretched probability."""
        return self.stretch * (_share(self.forest, _places(matrix, self.steps)) - self.centre)

    def tables(self, weight: float) -> list[dict[str, Any]]:
        """None."""
        return []

    def trees(self, weight: float) -> list[list[list[int]]]:
        """Each tree's share of the mean."""
        by = weight * self.stretch / len(self.forest.estimators_)
        return [self._tree(estimator.tree_, by) for estimator in self.forest.estimators_]

    def base(self, weight: float) -> float:
        """The mean is taken off."""
        return -weight * self.stretch * self.centre

    def _tree(self, tree: Any, by: float) -> list[list[int]]:
        nodes = []
        for i in range(tree.node_count):
            value = whole(by * float(tree.value[i][0][-1] / tree.value[i][0].sum()))
            left, right, k = int(tree.children_left[i]), int(tree.children_right[i]), int(tree.feature[i])
            if left < 0:
                nodes.append([value])
                continue
            goes_left = (
                bool(tree.missing_go_to_left[i])
                if self.with_unknown[k]
                else tree.weighted_n_node_samples[left] >= tree.weighted_n_node_samples[right]
            )
            # Place p is at most t exactly where the number is at most the step behind place floor(t).
            place = float(tree.threshold[i])
            # An infinite one parts the known from the unknown.
            threshold = int(self.steps[k][math.floor(place)]) if place < len(self.steps[k]) else BOUND
            nodes.append([k, threshold, int(goes_left), left, right, value])
        return nodes


def _places(matrix: Floats, steps: Sequence[Floats]) -> Floats:
    made = np.empty_like(matrix)
    for k, edges in enumerate(steps):
        made[:, k] = np.where(np.isnan(matrix[:, k]), np.nan, np.searchsorted(edges, matrix[:, k], side="left"))
    return made


def _share(forest: RandomForestClassifier, places: Floats) -> Floats:
    found: Floats = forest.predict_proba(places)[:, 1]
    return found


def fit_forest(matrix: Floats, labels: Floats, *, seed: int, trees: int = 150) -> Forest:
    """Grow one; for small samples, where its calm is worth more than a boosted tree's edge."""
    steps = tuple(_steps(matrix[:, k]) for k in range(matrix.shape[1]))
    places = _places(matrix, steps)
    forest = RandomForestClassifier(
        trees,
        min_samples_leaf=max(2, len(labels) // 150),
        max_features="sqrt",
        oob_score=_outside,
        bootstrap=True,
        n_jobs=1,
        random_state=seed,
    ).fit(places, labels.astype(int))
    outside = np.asarray(forest.oob_decision_function_)[:, 1]
    outside = np.where(np.isnan(outside), labels.mean(), outside)
    clipped = np.clip(outside, 0.02, 0.98)
    # The spread that its own log odds would have.
    stretch = float(np.log(clipped / (1 - clipped)).std() / (outside.std() or 1.0))
    return Forest(forest, steps, _with_unknown(matrix), float(outside.mean()), stretch or 1.0)


def _outside(labels: Any, predicted: Any) -> float:
    # Only the library's own out-of-bag probabilities are wanted, not a figure.
    return 0.0


def _steps(values: Floats, most: int = 1_000) -> Floats:
    found = np.unique(values[~np.isnan(values)])
    if len(found) > most:
        found = found[np.linspace(0, len(found) - 1, most).astype(int)]
    return np.floor((found[:-1] + found[1:]) / 2) if len(found) > 1 else np.array([0.0])


# -- a fit of all parts -----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Fitted:
    """Parts made from some rows."""

    codes: Codes
    parts: dict[str, Part] = field(default_factory=dict)
    prior: Scorecard | None = None

    def raw(self, frame: Frame, rows: Rows) -> dict[str, Floats]:
        """Raw score of each part."""
        matrix = self.codes.matrix(frame, rows)
        found = {name: part.raw(matrix) for name, part in self.parts.items()}
        if self.prior is not None:
            for name in BOOSTED:
                if name in found:
                    found[name] = found[name] + self.prior.raw(matrix)
        return found


def fit_parts(
    frame: Frame, rows: Rows, kinds: Sequence[str], *, seed: int, rounds: Mapping[str, int] | None = None
) -> Fitted:
    """
    Make parts.

    Args:
        kinds: Of "scorecard", "linear", "boosted", "deep", "forest".
        rounds: How many trees of a boosted part count; all by default.
    """
    codes = Codes.of(frame, rows)
    matrix, y = codes.training_matrix(frame, rows, seed), frame.labels[rows]
    directions = [frame.directions[name] for name in frame.names]
    made = Fitted(codes)
    if "scorecard" in kinds:
        made.parts["scorecard"] = fit_scorecard(matrix, y, directions)
    if "linear" in kinds:
        made.parts["linear"] = fit_linear(matrix, y, directions)
    if frame.prior and set(BOOSTED) & set(kinds):
        made.prior = fit_scorecard(matrix, y, directions, [frame.names.index(name) for name in frame.prior])
    start = None if made.prior is None else made.prior.raw(matrix)
    for kind in BOOSTED:
        if kind in kinds:
            growth, most = growth_of(kind, frame.rows), (rounds or {}).get(kind)
            made.parts[kind] = fit_boosted(matrix, y, directions, growth, seed=seed, rounds=most, start=start)
    if "forest" in kinds:
        made.parts["forest"] = fit_forest(matrix, y, seed=seed)
    return made
