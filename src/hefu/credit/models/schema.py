"""
What the columns of a table are: the label and what counts as default, identifiers, time, group, numbers with their units, words,
and what a model must not see. A person answers for it; `proposing` makes a first one.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from hefu.credit.models.record import DIRECTIONS
from hefu.credit.models.values import word
from hefu.kernel.errors import UsageError

FORMAT = "hefu-credit-schema"
VERSION = 1
#: A field that alone ranks so well knows the outcome; so does a value that only defaults have, and this share of them.
ALARM_AUC, ALARM_SHARE = 0.95, 0.5
#: Words of their own in more than this share of the rows name rows.
NAMES_ROWS = 0.9


class Role(StrEnum):
    """What a column is to a model."""

    NUMBER = "number"
    CATEGORY = "category"
    #: A day; the model gets how many days it lies before the day of the time column, so it needs one.
    DATE = "date"
    IGNORE = "ignore"


class Split(StrEnum):
    """How rows are held back for validation."""

    AUTO = "auto"
    STRATIFIED = "stratified"
    GROUPED = "grouped"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Column:
    """
    A column that a model may read.

    Args:
        unit: In words.
        direction: What a larger number says: a model is held to it; "either" holds it to nothing.
        digits: After the point, of the integer of record; None: as many as the numbers need.
        lowest, highest: A number outside cannot be; None: anything can. In the column's own unit.
        english, chinese: What it is called in reasons and reports.
    """

    name: str
    role: Role
    unit: str = ""
    direction: str = "either"
    digits: int | None = None
    lowest: str | None = None
    highest: str | None = None
    english: str = ""
    chinese: str = ""


@dataclass(frozen=True, slots=True)
class Schema:
    """
    What the columns of a table are.

    Args:
        label: Column of the outcome.
        positive: Its words that mean default. `negative`: those that mean none; empty: every other word. Rows whose label is
            empty, or
            neither, are left out and counted.
        identifiers: Who a row is about; never a field of a model, copied into scores.
        time: When the row was decided on, or empty. `group`: rows with one value stay on one side of every split; or empty.
        banned: Column to the reason why a model must not see it.
        accepted: Columns that a leak check stopped at and a person has looked at.
        prior: Numbers of size and age, that a thin file has too: the model begins with them.
        segments: Columns whose groups a report shows side by side, such as region and type of firm.
        split, folds: Of the validation.
        columns: What a model may read.
    """

    label: str
    positive: tuple[str, ...]
    negative: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    time: str = ""
    group: str = ""
    banned: Mapping[str, str] = field(default_factory=dict)
    accepted: tuple[str, ...] = ()
    prior: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    split: Split = Split.AUTO
    folds: int = 5
    columns: tuple[Column, ...] = ()

    @property
    def fields(self) -> tuple[Column, ...]:
        """What a model reads: no banned, ignored or special column."""
        special = {self.label, self.time, self.group, *self.identifiers, *self.banned}
        return tuple(c for c in self.columns if c.role is not Role.IGNORE and c.name not in special)

    @property
    def split_kind(self) -> Split:
        """How rows are held back: by group where there is one, by time where there is one, at random otherwise."""
        if self.split is not Split.AUTO:
            return self.split
        return Split.GROUPED if self.group else Split.TIME if self.time else Split.STRATIFIED

    def outcome(self, cell: str | None) -> int | None:
        """1 default, 0 none, None neither."""
        found = word(cell)
        if found is None:
            return None
        if found in self.positive:
            return 1
        return 0 if not self.negative or found in self.negative else None


# -- reading ----------------------------------------------------------------------------------------------------------

_KEYS: Mapping[str, type | tuple[type, ...]] = {
    "format": str,
    "version": int,
    "label": str,
    "positive": list,
    "negative": list,
    "identifiers": list,
    "time": str,
    "group": str,
    "banned": (dict, list),
    "accepted": list,
    "prior": list,
    "segments": list,
    "split": str,
    "folds": int,
    "columns": dict,
}
_COLUMN_KEYS = ("role", "unit", "direction", "digits", "lowest", "highest", "english", "chinese")


def read_schema(raw: bytes, file: str) -> Schema:
    """
    A schema from TOML.

    Raises:
        UsageError: BAD_SCHEMA, with the key at fault.
    """
    try:
        found = tomllib.loads(raw.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        detail = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "not UTF-8"
        raise bad(file, f"no TOML: {detail}") from None
    for key, value in found.items():
        if key not in _KEYS:
            raise bad(f"{file}: {key}", f"unknown key; there are {', '.join(_KEYS)}")
        kinds = _KEYS[key]
        if not isinstance(value, kinds) or isinstance(value, bool):
            raise bad(f"{file}: {key}", "of the wrong type")
    if found.get("format", FORMAT) != FORMAT or found.get("version", VERSION) != VERSION:
        raise bad(f"{file}: format", f"not {FORMAT}, version {VERSION}")
    if not found.get("label") or not found.get("positive"):
        raise bad(f"{file}: label", "name the label's column, and the words of it that mean default (positive)")
    banned = found.get("banned", {})
    if isinstance(banned, list):
        banned = dict.fromkeys(_texts(banned, f"{file}: banned"), "")
    made = Schema(
        label=found["label"],
        positive=_words(found["positive"], f"{file}: positive"),
        negative=_words(found.get("negative", []), f"{file}: negative"),
        identifiers=_texts(found.get("identifiers", []), f"{file}: identifiers"),
        time=found.get("time", ""),
        group=found.get("group", ""),
        banned={name: str(reason) for name, reason in banned.items()},
        accepted=_texts(found.get("accepted", []), f"{file}: accepted"),
        prior=_texts(found.get("prior", []), f"{file}: prior"),
        segments=_texts(found.get("segments", []), f"{file}: segments"),
        split=_split(found.get("split", "auto"), file),
        folds=_whole(found.get("folds", 5), f"{file}: folds", 2, 20),
        columns=tuple(
            _column(name, value, f"{file}: columns.{name}") for name, value in found.get("columns", {}).items()
        ),
    )
    _check(made, file)
    return made


def bad(where: str, text: str) -> UsageError:
    """The error for a schema that cannot be used."""
    return UsageError(text, code="BAD_SCHEMA", where=where)


def _check(schema: Schema, file: str) -> None:
    if set(schema.positive) & set(schema.negative):
        raise bad(f"{file}: negative", "a word is positive and negative")
    if schema.split is Split.GROUPED and not schema.group:
        raise bad(f"{file}: group", "a grouped split needs the column of the group")
    if schema.split is Split.TIME and not schema.time:
        raise bad(f"{file}: time", "a split by time needs the column of the time")
    names = {column.name for column in schema.columns}
    read = {column.name for column in schema.fields}
    for key in ("accepted", "prior"):
        for name in getattr(schema, key):
            if name not in names:
                raise bad(f"{file}: {key}", f"{name!r} is not among the columns")
    for name in schema.prior:
        if name not in read:
            raise bad(f"{file}: prior", f"{name!r} is banned or not a field")
    if not read:
        raise bad(f"{file}: columns", "no field is left for a model to read")


def _texts(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise bad(where, "not a list of texts")
    return tuple(value)


def _words(value: list[Any], where: str) -> tuple[str, ...]:
    # A label written 1 is the word 1.
    given = [str(entry).lower() if isinstance(entry, bool) else str(entry) for entry in value]
    return tuple(found for entry in given if (found := word(entry)) is not None)


def _whole(value: Any, where: str, lowest: int, highest: int) -> int:
    if type(value) is not int or not lowest <= value <= highest:
        raise bad(where, f"not an integer within {lowest} and {highest}")
    return value


def _split(value: str, file: str) -> Split:
    if value not in tuple(Split):
        raise bad(f"{file}: split", f"none of {', '.join(Split)}")
    return Split(value)


def _column(name: str, value: Any, where: str) -> Column:
    if isinstance(value, str):
        value = {"role": value}
    if not isinstance(value, dict):
        raise bad(where, 'not a table such as { role = "number" }')
    for key in value:
        if key not in _COLUMN_KEYS:
            raise bad(f"{where}.{key}", f"unknown key; there are {', '.join(_COLUMN_KEYS)}")
    role, direction = value.get("role", "number"), value.get("direction", "either")
    if role not in tuple(Role):
        raise bad(f"{where}.role", f"none of {', '.join(Role)}")
    if direction not in DIRECTIONS:
        raise bad(f"{where}.direction", f"none of {', '.join(DIRECTIONS)}")
    digits = value.get("digits")
    lowest, highest = _bound(value.get("lowest"), f"{where}.lowest"), _bound(value.get("highest"), f"{where}.highest")
    if lowest is not None and highest is not None and Decimal(lowest) > Decimal(highest):
        raise bad(f"{where}.highest", "below lowest")
    return Column(
        name,
        Role(role),
        str(value.get("unit", "")),
        direction,
        None if digits is None else _whole(digits, f"{where}.digits", 0, 18),
        lowest,
        highest,
        str(value.get("english", "")),
        str(value.get("chinese", "")),
    )


def _bound(value: Any, where: str) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value or abs(value) == float("inf"):
        raise bad(where, "not a number")
    return repr(value)


# -- writing ----------------------------------------------------------------------------------------------------------

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def text_of(text: str) -> str:
    """A text in TOML."""
    made = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in made) + '"'


def list_of(texts: Iterable[str]) -> str:
    """A list of texts in TOML."""
    return "[" + ", ".join(map(text_of, texts)) + "]"


def key_of(text: str) -> str:
    """A key in TOML."""
    return text if _BARE.fullmatch(text) else text_of(text)


def column_line(column: Column, comment: str = "") -> str:
    """A column as one line of TOML."""
    parts = [f'role = "{column.role}"']
    if column.role is Role.NUMBER:
        parts += [f"unit = {text_of(column.unit)}", f'direction = "{column.direction}"']
    for key in ("digits", "lowest", "highest"):
        value = getattr(column, key)
        if value is not None:
            parts.append(f"{key} = {value}")
    for key in ("english", "chinese"):
        if value := getattr(column, key):
            parts.append(f"{key} = {text_of(value)}")
    line = f"{key_of(column.name)} = {{ {', '.join(parts)} }}"
    return f"{line}  # {comment}" if comment else line


def as_document(schema: Schema) -> dict[str, Any]:
    """The schema as it stands inside a model's file: texts, integers and lists."""
    return {
        "label": schema.label,
        "positive": list(schema.positive),
        "negative": list(schema.negative),
        "identifiers": list(schema.identifiers),
        "time": schema.time,
        "group": schema.group,
        "banned": dict(schema.banned),
        "accepted": list(schema.accepted),
        "prior": list(schema.prior),
        "segments": list(schema.segments),
        "split": str(schema.split),
        "folds": schema.folds,
        "columns": [
            {
                "name": c.name,
                "role": str(c.role),
                "unit": c.unit,
                "direction": c.direction,
                "digits": c.digits,
                "lowest": c.lowest,
                "highest": c.highest,
                "english": c.english,
                "chinese": c.chinese,
            }
            for c in schema.columns
        ],
    }


def from_document(document: Mapping[str, Any]) -> Schema:
    """The same, read back from a model's file that this program wrote."""
    columns = tuple(Column(**{**c, "role": Role(c["role"])}) for c in document["columns"])
    return Schema(
        label=document["label"],
        positive=tuple(document["positive"]),
        negative=tuple(document["negative"]),
        identifiers=tuple(document["identifiers"]),
        time=document["time"],
        group=document["group"],
        banned=document["banned"],
        accepted=tuple(document["accepted"]),
        prior=tuple(document["prior"]),
        segments=tuple(document["segments"]),
        split=Split(document["split"]),
        folds=document["folds"],
        columns=columns,
    )
