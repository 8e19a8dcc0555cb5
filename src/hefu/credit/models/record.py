"""
The score of record: a file of integers in, the same integers out on every machine and version.

Standard library only, and nothing of Hefu's, so that whoever replays a decision needs this one file. It reads a model (JSON,
docs/reference/model-format.md), checks every number of it, and scores a firm whose values are integers. It never trains, never
guesses a value and never sees a float: what is unknown is `None`, and the model says what follows from that.

    raw  =  base  +  one value of each table  +  one leaf of each tree        millionths of log odds of default
    points       =  offset - raw * numerator / denominator, half to even      more points, safer
    default_ppm  =  the calibration's line through raw                        millionths, with an interval

    ModelError                 `code` is stable, `where` is the path into the file or the field of the record
    ├── BadModel               the file is no model: nothing can be scored with it
    └── BadRecord              this record cannot be scored; others may
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NoReturn

FORMAT = "hefu-credit-model"
VERSION = 1
#: Largest magnitude of a value of a record and of a threshold: fits 64 bits, with room for one more.
LIMIT = 2**63 - 2
#: Largest magnitude of a table's value or a leaf (a hundred of log odds), and most of both: sums and products stay in 64 bits.
VALUE_LIMIT = 10**8
PIECES = 10_000
PPM = 1_000_000
DIRECTIONS = ("safer", "riskier", "either")


class ModelError(ValueError):
    """
    Base of what this file raises on purpose.

    Args:
        code: Stable.
        where: Path into the model's file, or field of the record.
    """

    def __init__(self, code: str, where: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.where = where

    def __str__(self) -> str:
        return f"{self.where}: {super().__str__()}"


class BadModel(ModelError):
    """The bytes are no model."""


class BadRecord(ModelError):
    """The record cannot be scored by this model."""


@dataclass(frozen=True, slots=True)
class Field:
    """
    What a model asks of a firm.

    Args:
        name: Key of the record.
        digits: The record's integer is the value times 10**digits, rounded half to even.
        unit: In words.
        direction: What a larger value is expected to say: "safer", "riskier" or "either".
        unknown: Whether None may be scored; it is an error otherwise.
        unknown_seen: Whether None occurred among the firms that the model was made from.
        lowest, highest: A value outside is an error: it cannot be what the field means.
        seen_lowest, seen_highest: Range among the firms that the model was made from; a value outside is scored, with a note.
        codes: For a category: word to integer, or empty. The integers carry an order, not a quantity.
        other: For a category: the integer of a word that is not in `codes`.
        english, chinese: What it is called.
    """

    name: str
    digits: int
    unit: str
    direction: str
    unknown: bool
    unknown_seen: bool
    lowest: int
    highest: int
    seen_lowest: int
    seen_highest: int
    codes: Mapping[str, int]
    other: int | None
    english: str
    chinese: str

    @property
    def is_category(self) -> bool:
        """Whether its integers stand for words."""
        return self.other is not None


@dataclass(frozen=True, slots=True)
class Reason:
    """
    What took points off.

    Args:
        field: Name.
        points: What it took against the average firm that the model was made from; below zero.
        code: TOO_LOW, TOO_HIGH (a higher or lower value would have done better), CATEGORY or UNKNOWN.
    """

    field: str
    points: int
    code: str


@dataclass(frozen=True, slots=True)
class Note:
    """
    What a reader of the score should know.

    Args:
        code: UNKNOWN_UNSEEN (unknown here, never unknown among the firms that the model was made from), OUTSIDE_SEEN (below or
            above all of them), OTHER_WORD (a category's word that the model does not know).
    """

    field: str
    code: str


@dataclass(frozen=True, slots=True)
class Score:
    """
    Args:
        points: More is safer.
        default_ppm: Calibrated probability of default, millionths.
        low_ppm, high_ppm: Its interval, at the confidence that the model's file tells.
        reasons: What took points off, worst first.
        raw: Millionths of log odds before calibration; ranks finer than points.
        notes: In the order of the fields.
    """

    points: int
    default_ppm: int
    low_ppm: int
    high_ppm: int
    reasons: tuple[Reason, ...]
    raw: int
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """
    One field's value by its bins: bin i holds what is above threshold i - 1 and at most threshold i.

    Args:
        field: Position.
        values: One more than thresholds; against the average firm, so that an average one gets zero.
        unknown: Value where the field is unknown.
    """

    field: int
    thresholds: tuple[int, ...]
    values: tuple[int, ...]
    unknown: int


@dataclass(frozen=True, slots=True)
class Node:
    """
    A split, or a leaf where `field` is -1.

    Args:
        field: Position.
        threshold: At most this goes left.
        unknown_left: Where unknown goes.
        left, right: Positions of nodes, behind this one.
        value: A leaf's value; a split's is the mean of its leaves over the firms that the model was made from, for reasons alone.
    """

    field: int
    threshold: int
    unknown_left: bool
    left: int
    right: int
    value: int


@dataclass(frozen=True, slots=True)
class Points:
    """How raw becomes points."""

    offset: int
    numerator: int
    denominator: int
    lowest: int
    highest: int

    def of(self, raw: int) -> int:
        """Points of a raw score."""
        return min(self.highest, max(self.lowest, self.offset - half_even(raw * self.numerator, self.denominator)))


@dataclass(frozen=True, slots=True)
class Calibration:
    """Lines through knots, flat beyond the ends; at each knot low <= default <= high, and none ever falls."""

    raw: tuple[int, ...]
    default_ppm: tuple[int, ...]
    low_ppm: tuple[int, ...]
    high_ppm: tuple[int, ...]

    def of(self, raw: int) -> tuple[int, int, int]:
        """Probability of default with its interval, millionths."""
        if raw <= self.raw[0]:
            return self.default_ppm[0], self.low_ppm[0], self.high_ppm[0]
        if raw >= self.raw[-1]:
            return self.default_ppm[-1], self.low_ppm[-1], self.high_ppm[-1]
        i = bisect_left(self.raw, raw)
        at, span = raw - self.raw[i - 1], self.raw[i] - self.raw[i - 1]
        default, low, high = (
            line[i - 1] + (line[i] - line[i - 1]) * at // span
            for line in (self.default_ppm, self.low_ppm, self.high_ppm)
        )
        return default, low, high


def half_even(numerator: int, denominator: int) -> int:
    """
    A fraction to the nearest integer, a tie to the even one.

    >>> [half_even(n, 2) for n in (-3, -1, 1, 3, 5)]
    [-2, 0, 0, 2, 2]
    """
    whole, rest = divmod(numerator, denominator)
    twice = 2 * rest
    return whole + (twice > denominator or (twice == denominator and whole % 2 == 1))


def canonical(document: Mapping[str, Any]) -> bytes:
    """The bytes that a model's digest is taken of: JSON in UTF-8, keys sorted, no blanks, no escapes beyond what JSON asks."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


@dataclass(frozen=True, slots=True)
class Model:
    """
    A model of record, read and checked.

    Args:
        base: Raw score of the average firm's parts.
        about: What made it: data digest, schema, seeds, versions of libraries, figures. Nothing in it enters a score.
        digest: SHA-256 of the canonical bytes, hexadecimal.
    """

    name: str
    fields: tuple[Field, ...]
    base: int
    tables: tuple[Table, ...]
    trees: tuple[tuple[Node, ...], ...]
    points: Points
    calibration: Calibration
    about: Mapping[str, Any]
    digest: str

    @classmethod
    def read(cls, raw: bytes) -> Model:
        """
        Read a model's file.

        Raises:
            BadModel: NOT_A_MODEL (no JSON of this kind), MODEL_VERSION (of a later format), MODEL_KEY (a key is missing, unknown or
                there twice), MODEL_TYPE (a value of the wrong type; floats are nowhere allowed), MODEL_RANGE (a number out of its
                range or order), MODEL_FIELD (a field that is named twice or not declared), MODEL_TREE (nodes that are no tree).
        """
        document = _json(raw)
        return _model(document, sha256(canonical(document)).hexdigest())

    def score(self, record: Mapping[str, int | None]) -> Score:
        """
        Score one firm.

        Args:
            record: Integer of each field, times 10**digits; None: unknown. Further keys are not read.

        Raises:
            BadRecord: RECORD_FIELD_MISSING (no such key), RECORD_UNKNOWN (None where the model does not allow it), RECORD_TYPE (no
                int), RECORD_RANGE (outside what the field can mean).
        """
        values = self.values(record)
        takes = [0] * len(self.fields)
        # By field: what came of being at most a threshold, and of being above one; their signs tell which way is better.
        lows, highs = takes.copy(), takes.copy()
        for table in self.tables:
            value = values[table.field]
            if value is None:
                takes[table.field] += table.unknown
                continue
            at = bisect_left(table.thresholds, value)
            taken = table.values[at]
            takes[table.field] += taken
            best = min(table.values)
            if best in table.values[at + 1 :]:
                lows[table.field] += taken - best
            elif best in table.values[:at]:
                highs[table.field] += taken - best
        total = self.base + sum(takes)
        for nodes in self.trees:
            node = nodes[0]
            total += node.value
            while node.field >= 0:
                value = values[node.field]
                left = node.unknown_left if value is None else value <= node.threshold
                child = nodes[node.left if left else node.right]
                moved = child.value - node.value
                total += moved
                takes[node.field] += moved
                if left:
                    lows[node.field] += moved
                else:
                    highs[node.field] += moved
                node = child
        default, low, high = self.calibration.of(total)
        return Score(
            self.points.of(total),
            default,
            low,
            high,
            self._reasons(values, takes, lows, highs),
            total,
            self._notes(values),
        )

    def values(self, record: Mapping[str, int | None]) -> tuple[int | None, ...]:
        """
        What the fields hold, checked, in their order.

        Raises:
            BadRecord: As `score`.
        """
        return tuple(_value(field, record) for field in self.fields)

    def field(self, name: str) -> Field:
        """
        A field by its name.

        Raises:
            BadRecord: MODEL_FIELD, the model has none of this name.
        """
        return self.fields[self._position(name)]

    def steps(self, field: str) -> tuple[int, ...]:
        """
        Every threshold at which the field can change an output, ascending: a value at most t and one above t may score
        differently, two values with no threshold from the smaller to below the larger never do.

        Raises:
            BadRecord: MODEL_FIELD, the model has none of this name.
        """
        at = self._position(field)
        found = {t for table in self.tables if table.field == at for t in table.thresholds}
        found.update(node.threshold for nodes in self.trees for node in nodes if node.field == at)
        return tuple(sorted(found))

    def _position(self, name: str) -> int:
        for i, field in enumerate(self.fields):
            if field.name == name:
                return i
        raise BadRecord("MODEL_FIELD", name, "the model has no such field")

    def _reasons(
        self, values: tuple[int | None, ...], takes: list[int], lows: list[int], highs: list[int]
    ) -> tuple[Reason, ...]:
        # Ties stand in the order of the fields.
        worst = sorted(
            ((taken, i) for i, taken in enumerate(takes) if taken > 0), key=lambda found: (-found[0], found[1])
        )
        found = (
            Reason(
                self.fields[i].name,
                -half_even(taken * self.points.numerator, self.points.denominator),
                _why(self.fields[i], values[i], lows[i], highs[i]),
            )
            for taken, i in worst
        )
        return tuple(reason for reason in found if reason.points)

    def _notes(self, values: tuple[int | None, ...]) -> tuple[Note, ...]:
        return tuple(
            Note(field.name, code)
            for field, value in zip(self.fields, values)
            if (code := _note(field, value)) is not None
        )


def _value(field: Field, record: Mapping[str, int | None]) -> int | None:
    if field.name not in record:
        raise BadRecord("RECORD_FIELD_MISSING", field.name, "the record does not have this field; None says unknown")
    value = record[field.name]
    if value is None:
        if not field.unknown:
            raise BadRecord("RECORD_UNKNOWN", field.name, "unknown, and the model does not score without it")
        return None
    if type(value) is not int:
        raise BadRecord("RECORD_TYPE", field.name, "not an integer")
    if not field.lowest <= value <= field.highest:
        raise BadRecord("RECORD_RANGE", field.name, "outside what this field can be; check its unit")
    return value


def _why(field: Field, value: int | None, low: int, high: int) -> str:
    if value is None:
        return "UNKNOWN"
    if field.is_category:
        return "CATEGORY"
    return "TOO_LOW" if low > high or (low == high and field.direction == "safer") else "TOO_HIGH"


def _note(field: Field, value: int | None) -> str | None:
    if value is None:
        return None if field.unknown_seen else "UNKNOWN_UNSEEN"
    if field.is_category:
        return "OTHER_WORD" if value == field.other and value not in field.codes.values() else None
    return None if field.seen_lowest <= value <= field.seen_highest else "OUTSIDE_SEEN"


# -- reading ----------------------------------------------------------------------------------------------------------


def _no_model(code: str, where: str, text: str) -> NoReturn:
    raise BadModel(code, where or "(whole file)", text)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        _no_model("MODEL_KEY", "", "a key stands twice in one object")
    return found


def _no_float(text: str) -> NoReturn:
    _no_model("MODEL_TYPE", "", "a number with a point, an exponent or no value at all; every number is an integer")


def _json(raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(
            raw.decode(), object_pairs_hook=_pairs, parse_float=_no_float, parse_constant=_no_float, parse_int=_int
        )
        # A lone surrogate has no form in UTF-8, so no digest.
        canonical(found)
    except BadModel:
        raise
    except (ValueError, RecursionError, TypeError):
        _no_model("NOT_A_MODEL", "", "not JSON in UTF-8")
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        _no_model("NOT_A_MODEL", "format", f"not {FORMAT}")
    return found


def _int(text: str) -> int:
    if len(text) > 20:
        _no_model("MODEL_RANGE", "", "an integer of more than twenty characters")
    return int(text)


def _object(value: Any, where: str, keys: tuple[str, ...]) -> list[Any]:
    if not isinstance(value, dict):
        _no_model("MODEL_TYPE", where, "not an object")
    for key in value:
        if key not in keys:
            _no_model("MODEL_KEY", f"{where}.{key}".lstrip("."), "unknown key")
    for key in keys:
        if key not in value:
            _no_model("MODEL_KEY", f"{where}.{key}".lstrip("."), "missing")
    return [value[key] for key in keys]


def _whole(value: Any, where: str, lowest: int, highest: int) -> int:
    if type(value) is not int:
        _no_model("MODEL_TYPE", where, "not an integer")
    if not lowest <= value <= highest:
        _no_model("MODEL_RANGE", where, f"not within {lowest} and {highest}")
    return value


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        _no_model("MODEL_TYPE", where, "not a text")
    return value


def _flag(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        _no_model("MODEL_TYPE", where, "neither true nor false")
    return value


def _list(value: Any, where: str, most: int) -> list[Any]:
    if not isinstance(value, list):
        _no_model("MODEL_TYPE", where, "not a list")
    if len(value) > most:
        _no_model("MODEL_RANGE", where, f"more than {most} entries")
    return value


def _wholes(value: Any, where: str, lowest: int, highest: int) -> tuple[int, ...]:
    return tuple(
        _whole(entry, f"{where}[{i}]", lowest, highest) for i, entry in enumerate(_list(value, where, 1_000_000))
    )


def _ascending(numbers: tuple[int, ...], where: str, *, strictly: bool) -> tuple[int, ...]:
    for i in range(1, len(numbers)):
        if numbers[i] < numbers[i - 1] or (strictly and numbers[i] == numbers[i - 1]):
            _no_model(
                "MODEL_RANGE", f"{where}[{i}]", "not above the entry before" if strictly else "below the entry before"
            )
    return numbers


_MODEL = ("format", "version", "name", "fields", "base", "tables", "trees", "points", "calibration", "about")
_FIELD = (
    "name",
    "digits",
    "unit",
    "direction",
    "unknown",
    "unknown_seen",
    "lowest",
    "highest",
    "seen_lowest",
    "seen_highest",
    "codes",
    "other",
    "english",
    "chinese",
)


def _model(document: dict[str, Any], digest: str) -> Model:
    if type(document.get("version")) is not int:
        _no_model("MODEL_TYPE", "version", "not an integer")
    if document["version"] != VERSION:
        _no_model("MODEL_VERSION", "version", f"this program reads version {VERSION}")
    _, _, name, fields, base, tables, trees, points, calibration, about = _object(document, "", _MODEL)
    made = tuple(_field(value, f"fields[{i}]") for i, value in enumerate(_list(fields, "fields", PIECES)))
    positions: dict[str, int] = {}
    for i, field in enumerate(made):
        if field.name in positions:
            _no_model("MODEL_FIELD", f"fields[{i}].name", "named twice")
        positions[field.name] = i
    if not isinstance(about, dict):
        _no_model("MODEL_TYPE", "about", "not an object")
    return Model(
        _text(name, "name"),
        made,
        _whole(base, "base", -VALUE_LIMIT, VALUE_LIMIT),
        tuple(
            _table(value, f"tables[{i}]", positions) for i, value in enumerate(_list(tables, "tables", PIECES // 2 - 1))
        ),
        tuple(_tree(value, f"trees[{i}]", len(made)) for i, value in enumerate(_list(trees, "trees", PIECES // 2))),
        _points(points),
        _calibration(calibration),
        about,
        digest,
    )


def _field(value: Any, where: str) -> Field:
    found = dict(zip(_FIELD, _object(value, where, _FIELD)))
    if not found["name"]:
        _no_model("MODEL_FIELD", f"{where}.name", "empty")
    texts = {key: _text(found[key], f"{where}.{key}") for key in ("name", "unit", "direction", "english", "chinese")}
    if texts["direction"] not in DIRECTIONS:
        _no_model("MODEL_RANGE", f"{where}.direction", f"none of {', '.join(DIRECTIONS)}")
    bounds = ("lowest", "highest", "seen_lowest", "seen_highest")
    numbers = {key: _whole(found[key], f"{where}.{key}", -LIMIT, LIMIT) for key in bounds}
    for low, high in (("lowest", "highest"), ("seen_lowest", "seen_highest")):
        if numbers[low] > numbers[high]:
            _no_model("MODEL_RANGE", f"{where}.{high}", f"below {low}")
    codes, other = found["codes"], found["other"]
    if not isinstance(codes, dict):
        _no_model("MODEL_TYPE", f"{where}.codes", "not an object")
    for word, code in codes.items():
        _whole(code, f"{where}.codes.{word}", numbers["lowest"], numbers["highest"])
    if other is not None:
        _whole(other, f"{where}.other", numbers["lowest"], numbers["highest"])
    elif codes:
        _no_model("MODEL_TYPE", f"{where}.other", "a category says what another word is")
    return Field(
        texts["name"],
        _whole(found["digits"], f"{where}.digits", 0, 18),
        texts["unit"],
        texts["direction"],
        _flag(found["unknown"], f"{where}.unknown"),
        _flag(found["unknown_seen"], f"{where}.unknown_seen"),
        numbers["lowest"],
        numbers["highest"],
        numbers["seen_lowest"],
        numbers["seen_highest"],
        codes,
        other,
        texts["english"],
        texts["chinese"],
    )


def _table(value: Any, where: str, positions: Mapping[str, int]) -> Table:
    name, thresholds, values, unknown = _object(value, where, ("field", "thresholds", "values", "unknown"))
    if _text(name, f"{where}.field") not in positions:
        _no_model("MODEL_FIELD", f"{where}.field", "not among the fields")
    steps = _ascending(_wholes(thresholds, f"{where}.thresholds", -LIMIT, LIMIT), f"{where}.thresholds", strictly=True)
    taken = _wholes(values, f"{where}.values", -VALUE_LIMIT, VALUE_LIMIT)
    if len(taken) != len(steps) + 1:
        _no_model("MODEL_RANGE", f"{where}.values", "not one more than thresholds")
    return Table(positions[name], steps, taken, _whole(unknown, f"{where}.unknown", -VALUE_LIMIT, VALUE_LIMIT))


def _tree(value: Any, where: str, fields: int) -> tuple[Node, ...]:
    """A leaf is [value]; a split is [field, threshold, unknown goes left (0 or 1), left, right, value]."""
    entries = _list(value, where, PIECES)
    if not entries:
        _no_model("MODEL_TREE", where, "no node")
    nodes = []
    parents = [0] * len(entries)
    for i, entry in enumerate(entries):
        here = f"{where}[{i}]"
        numbers = _wholes(entry, here, -LIMIT, LIMIT)
        if len(numbers) not in (1, 6):
            _no_model("MODEL_TREE", here, "neither one number nor six")
        taken = _whole(numbers[-1], here, -VALUE_LIMIT, VALUE_LIMIT)
        if len(numbers) == 1:
            nodes.append(Node(-1, 0, False, 0, 0, taken))
            continue
        at = _whole(numbers[0], f"{here}[0]", 0, fields - 1)
        unknown_left = _whole(numbers[2], f"{here}[2]", 0, 1) == 1
        left, right = (_whole(numbers[k], f"{here}[{k}]", i + 1, len(entries) - 1) for k in (3, 4))
        parents[left] += 1
        parents[right] += 1
        nodes.append(Node(at, numbers[1], unknown_left, left, right, taken))
    if parents[0] or any(count != 1 for count in parents[1:]):
        _no_model("MODEL_TREE", where, "a node is reached twice or never")
    return tuple(nodes)


def _points(value: Any) -> Points:
    offset, numerator, denominator, lowest, highest = _object(
        value, "points", ("offset", "numerator", "denominator", "lowest", "highest")
    )
    made = Points(
        _whole(offset, "points.offset", -PPM, PPM),
        _whole(numerator, "points.numerator", 1, PPM),
        _whole(denominator, "points.denominator", 1, 10**12),
        _whole(lowest, "points.lowest", -PPM, PPM),
        _whole(highest, "points.highest", -PPM, PPM),
    )
    if made.lowest > made.highest:
        _no_model("MODEL_RANGE", "points.highest", "below lowest")
    return made


def _calibration(value: Any) -> Calibration:
    keys = ("raw", "default_ppm", "low_ppm", "high_ppm")
    raw, *lines = _object(value, "calibration", keys)
    largest = VALUE_LIMIT * PIECES
    knots = _ascending(_wholes(raw, "calibration.raw", -largest, largest), "calibration.raw", strictly=True)
    if not knots:
        _no_model("MODEL_RANGE", "calibration.raw", "no knot")
    read = []
    for key, line in zip(keys[1:], lines):
        where = f"calibration.{key}"
        read.append(_ascending(_wholes(line, where, 0, PPM), where, strictly=False))
        if len(read[-1]) != len(knots):
            _no_model("MODEL_RANGE", where, "not as many as knots")
    default, low, high = read
    for i in range(len(knots)):
        if not low[i] <= default[i] <= high[i]:
            _no_model("MODEL_RANGE", f"calibration.default_ppm[{i}]", "outside its interval")
    return Calibration(knots, default, low, high)
