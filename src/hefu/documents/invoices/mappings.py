"""
Which column of a file means what, as data: two built-in mappings, and TOML for any other file (docs/invoices.md).
"""

from __future__ import annotations

import codecs
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from hefu.documents.invoices.treatments import problem


class Direction(StrEnum):
    """Which side of its invoices a firm's file shows."""

    PURCHASES = "purchases"
    SALES = "sales"


#: What every mapping must name, besides the other party.
REQUIRED = ("firm", "number", "issued_on", "net", "tax", "gross", "status")
#: The other party; seller and buyer also tell the direction.
PARTIES = ("counterparty", "seller", "buyer")
DATE_FORMATS = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y年%m月%d日", "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S")
VALID_WORDS = ("valid", "有效发票")
VOID_WORDS = ("void", "作废发票")
DELIMITERS = (",", ";", "\t", "|")
_FORMAT = re.compile(r"(?:[^%]|%[YmdHMS])+")


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """
    How to read one kind of file.

    Args:
        name: Shown in the report.
        columns: Field to the header's word for it; blanks around a word and its case do not count.
        valid: Status words for a valid invoice, compared without case.
        void: Status words for a voided one.
        date_formats: strptime formats of %Y %m %d %H %M %S, tried in order.
        direction: Purchases or sales; None: by header or file name.
        encoding: "utf-8" or "gb18030"; None: found out.
        delimiter: One of , ; tab |
    """

    name: str
    columns: Mapping[str, str]
    valid: Sequence[str] = VALID_WORDS
    void: Sequence[str] = VOID_WORDS
    date_formats: Sequence[str] = DATE_FORMATS
    direction: Direction | None = None
    encoding: str | None = None
    delimiter: str = ","

    def __post_init__(self) -> None:
        for fault in _faults(self):
            raise problem("BAD_MAPPING", self.name, fault)


def _faults(mapping: ColumnMapping) -> list[str]:
    named = set(mapping.columns)
    words = [_word(word) for word in (*mapping.valid, *mapping.void)]
    checks = {
        f"columns must name {', '.join(sorted(set(REQUIRED) - named))}": not set(REQUIRED) <= named,
        "columns must name counterparty, or seller, or buyer": not named & set(PARTIES),
        "columns names a field that does not exist": not named <= {*REQUIRED, *PARTIES},
        "a column's header is empty": not all(_word(header) for header in mapping.columns.values()),
        "two fields have the same header": len({_word(h) for h in mapping.columns.values()}) < len(mapping.columns),
        "the status words for valid must not be empty": not mapping.valid or not all(words),
        "a status word means both valid and void": len(set(words)) < len(words),
        "a date format is not made of %Y %m %d %H %M %S": not mapping.date_formats
        or not all(map(_is_date_format, mapping.date_formats)),
        'encoding is "utf-8" or "gb18030"': mapping.encoding not in (None, "utf-8", "gb18030"),
        "the delimiter is one of , ; tab |": mapping.delimiter not in DELIMITERS,
    }
    return [fault for fault, found in checks.items() if found]


def _is_date_format(text: str) -> bool:
    return bool(_FORMAT.fullmatch(text)) and {"%Y", "%m", "%d"} <= set(re.findall("%.", text))


def load_mapping(path: Path) -> ColumnMapping:
    """
    Read a mapping from TOML; the keys are those of ColumnMapping, status words stand under [status].

    Raises:
        UsageError: BAD_MAPPING, FILE_MISSING or FILE_UNREADABLE.
    """
    try:
        raw = path.read_bytes().removeprefix(codecs.BOM_UTF8)
        tree = tomllib.loads(raw.decode("utf-8"))
    except FileNotFoundError:
        raise problem("FILE_MISSING", path.name) from None
    except OSError:
        raise problem("FILE_UNREADABLE", path.name) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError):
        raise problem("BAD_MAPPING", path.name, "not TOML in UTF-8") from None
    return _mapping_of(tree, path.name)


def _mapping_of(tree: dict[str, Any], file: str) -> ColumnMapping:
    try:
        status = tree.pop("status", {})
        words = {key: _texts(status.pop(key)) for key in ("valid", "void") if key in status}
        columns = {field: _text(header) for field, header in tree.pop("columns").items()}
        rest: dict[str, Any] = {
            k: _text(tree.pop(k)) for k in ("name", "direction", "encoding", "delimiter") if k in tree
        }
        if "date_formats" in tree:
            rest["date_formats"] = _texts(tree.pop("date_formats"))
        if "direction" in rest:
            rest["direction"] = Direction(rest["direction"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise problem("BAD_MAPPING", file, "a key is missing, or its value is of the wrong kind") from None
    if tree or status:
        raise problem("BAD_MAPPING", file, "it has a key that does not exist")
    return ColumnMapping(**{"name": file, "columns": columns, **words, **rest})


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError
    return tuple(_text(item) for item in value)


def _word(text: str) -> str:
    return text.strip().casefold()


@dataclass(frozen=True, slots=True)
class Fit:
    """
    A mapping laid over one header.

    Args:
        positions: Field to column position, from 0; the other party stands under "counterparty".
        direction: What the header says: a seller's column is found in a file of purchases. None where it is silent.
    """

    mapping: ColumnMapping
    positions: Mapping[str, int]
    direction: Direction | None


def fit(mapping: ColumnMapping, header: Sequence[str], direction: Direction | None = None) -> Fit | list[str]:
    """
    Lay a mapping over a header.

    Args:
        direction: Named by the user; it chooses between seller and buyer where the header has both.

    Returns:
        The fit, or the fields that keep it from fitting: absent, or standing twice.
    """
    words = [_word(word) for word in header]
    found = {field: words.index(_word(h)) for field, h in mapping.columns.items() if words.count(_word(h)) == 1}
    party = _party(found, direction or mapping.direction)
    if party is None or not set(REQUIRED) <= set(found):
        return [field for field in REQUIRED if field not in found] + ["counterparty"] * (party is None)
    told = {"seller": Direction.PURCHASES, "buyer": Direction.SALES}.get(party)
    return Fit(mapping, {**{f: found[f] for f in REQUIRED}, "counterparty": found[party]}, told)


def _party(found: Mapping[str, int], direction: Direction | None) -> str | None:
    present = [party for party in PARTIES if party in found]
    if len(present) < 2 or present[0] == "counterparty":
        return present[0] if present else None
    if direction is None:
        return None
    return "seller" if direction is Direction.PURCHASES else "buyer"


STANDARD = ColumnMapping(
    "standard",
    {
        "firm": "firm_id",
        "number": "invoice_no",
        "issued_on": "issue_date",
        "counterparty": "counterparty_id",
        "net": "net_amount",
        "tax": "tax_amount",
        "gross": "gross_amount",
        "status": "status",
    },
)
CHINESE = ColumnMapping(
    "chinese",
    {
        "firm": "企业代号",
        "number": "发票号码",
        "issued_on": "开票日期",
        "seller": "销方单位代号",
        "buyer": "购方单位代号",
        "net": "金额",
        "tax": "税额",
        "gross": "价税合计",
        "status": "发票状态",
    },
)
BUILT_IN = (STANDARD, CHINESE)
