"""
Canonical bytes, read strictly: one encoding a value, nothing left over, size, depth and count bounded. Records are arrays
whose fields a table names. Nothing here guesses, repairs or skips a byte.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from types import SimpleNamespace
from typing import Any

BYTES_MAX = 16 << 20
VALUES_MAX = 1 << 19
DEPTH_MAX = 8
AMOUNT_MAX = 10**15
#: Some time in the year 9892: every instant below it can be written as a date.
MS_MAX = 250_000_000_000_000

Shape = Callable[[Any], Any]
#: Fields by name, in the order of the wire. Two records are equal if all their fields are.
Record = SimpleNamespace


class Refused(Exception):
    """The bytes do not prove what they claim. `code` is stable: programs branch on it; `text` says what was wrong."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code, self.text = code, text


def require(holds: object, code: str, text: str) -> None:
    """Refuse unless something holds."""
    if not holds:
        raise Refused(code, text)


# MessagePack's forms that carry a number or length behind the first byte: that byte, how many bytes follow, and the least
# number that may take the form, for anything smaller has a shorter one. Numbers below zero are counted down from -1.
_FORMS = {
    "number": ((0xCC, 1, 1 << 7), (0xCD, 2, 1 << 8), (0xCE, 4, 1 << 16), (0xCF, 8, 1 << 32)),
    "minus": ((0xD0, 1, 1 << 5), (0xD1, 2, 1 << 7), (0xD2, 4, 1 << 15), (0xD3, 8, 1 << 31)),
    "text": ((0xD9, 1, 1 << 5), (0xDA, 2, 1 << 8), (0xDB, 4, 1 << 16)),
    "bytes": ((0xC4, 1, 0), (0xC5, 2, 1 << 8), (0xC6, 4, 1 << 16)),
    "list": ((0xDC, 2, 1 << 4), (0xDD, 4, 1 << 16)),
}
# Forms that carry it inside the first byte: where they start, and how many there are.
_SHORT = {"number": (0x00, 128), "text": (0xA0, 32), "list": (0x90, 16)}
_CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True} | {0x100 + n: n for n in range(-32, 0)}
#: What a value is by its first byte: kind, bytes that follow, and the number, length, constant, or least number.
_FIRST: dict[int, tuple[str, int, Any]] = {first: ("number", 0, value) for first, value in _CONSTANTS.items()}
_FIRST |= {form[0]: (kind, *form[1:]) for kind, forms in _FORMS.items() for form in forms}
_FIRST |= {start + n: (kind, 0, n) for kind, (start, count) in _SHORT.items() for n in range(count)}


class _Reader:
    def __init__(self, raw: bytes) -> None:
        self.raw, self.at, self.count = raw, 0, 0

    def take(self, size: int) -> bytes:
        end = self.at + size
        if end > len(self.raw):
            raise Refused("MALFORMED", "the bytes end in the middle of a value")
        part, self.at = self.raw[self.at : end], end
        return part

    def value(self, depth: int) -> Any:
        self.count += 1
        if depth > DEPTH_MAX or self.count > VALUES_MAX:
            raise Refused("TOO_LARGE", "nested too deep, or too many values")
        if self.at >= len(self.raw):
            raise Refused("MALFORMED", "the bytes end in the middle of a value")
        kind, size, number = _FIRST.get(self.raw[self.at], ("", 0, 0))
        self.at += 1
        if size:
            least, number = number, int.from_bytes(self.take(size), "big", signed=kind == "minus")
            above = ~number if kind == "minus" else number
            require(above >= least, "NOT_CANONICAL", "a length or number is longer than needed")
        if kind == "bytes":
            return self.take(number)
        if kind == "number" or kind == "minus":
            return number
        if kind == "list":
            # An item takes a byte at least: a count past what is left is refused before it costs memory.
            require(number <= len(self.raw) - self.at, "MALFORMED", "a list is longer than the bytes")
            return [self.value(depth + 1) for _ in range(number)]
        require(kind, "MALFORMED", "a map, a float or an extension, which the format does not know")
        try:
            return self.take(number).decode()
        except UnicodeDecodeError:
            raise Refused("MALFORMED", "a text is not UTF-8") from None


def decode(raw: bytes) -> Any:
    """The value that these bytes are the one encoding of."""
    require(len(raw) <= BYTES_MAX, "TOO_LARGE", "more bytes than a bundle may have")
    reader = _Reader(raw)
    value = reader.value(0)
    require(reader.at == len(raw), "MALFORMED", "bytes after the end")
    return value


def encode(value: Any) -> bytes:
    """The one encoding of a number, truth value, text, bytes, or a list of them."""
    if type(value) is list:
        return _head("list", len(value)) + b"".join(encode(item) for item in value)
    if type(value) is bool:
        return b"\xc3" if value else b"\xc2"
    if type(value) is int:
        return bytes((0x100 + value,)) if -32 <= value < 0 else _head("minus" if value < 0 else "number", value)
    body = value.encode() if type(value) is str else bytes(value)
    return _head("text" if type(value) is str else "bytes", len(body)) + body


def _head(kind: str, number: int) -> bytes:
    start, count = _SHORT.get(kind, (0, 0))
    if 0 <= number < count:
        return bytes((start + number,))
    first, size, _ = [form for form in _FORMS[kind] if (~number if number < 0 else number) >= form[2]][-1]
    return bytes((first,)) + number.to_bytes(size, "big", signed=number < 0)


def _is_date(value: Any) -> bool:
    try:
        return bool(date.fromisoformat(value).isoformat() == value)
    except (TypeError, ValueError):
        return False


#: By which a block may be decided; a bundle shows the same facts under each of them.
CODE_VERSIONS = (1, 2)
_SCALARS: dict[str, Callable[[Any], bool]] = {
    # A bool is an int to Python, and never one to the format.
    "one": lambda value: type(value) is int and value == 1,
    "version": lambda value: type(value) is int and value in CODE_VERSIONS,
    "int": lambda value: type(value) is int and 0 <= value < 1 << 63,
    "ms": lambda value: type(value) is int and 0 <= value <= MS_MAX,
    "amount": lambda value: type(value) is int and 0 <= value <= AMOUNT_MAX,
    "bool": lambda value: type(value) is bool,
    "text": lambda value: type(value) is str,
    "date": _is_date,
    "term": lambda value: type(value) in (str, int, bytes),
    "bytes": lambda value: type(value) is bytes,
    "id": lambda value: type(value) is bytes and len(value) == 32,
    "id-or-empty": lambda value: type(value) is bytes and len(value) in (0, 32),
    "salt": lambda value: type(value) is bytes and len(value) == 16,
    "group": lambda value: type(value) is bytes and len(value) == 480,
}


class Shapes:
    """
    Reads records that a table names.

    Args:
        table: A word without a colon names a record; `field:kind` are its fields in order. A kind is a scalar or a record, with
            `*` behind it for a list, `?` for what may be nil. Dates stay text, which sorts as they do.
    """

    def __init__(self, table: str) -> None:
        self._fields: dict[str, list[tuple[str, str]]] = {}
        self._shapes: dict[str, Shape] = {}
        fields: list[tuple[str, str]] = []
        for word in table.split():
            name, colon, kind = word.partition(":")
            if colon:
                fields.append((name, kind))
            else:
                fields = self._fields[name] = []

    def read(self, kind: str, raw: bytes) -> Record:
        """The record that these bytes hold."""
        record: Record = self._shape(kind)(decode(raw))
        return record

    def read_tagged(self, raw: bytes) -> tuple[str, Record]:
        """The tag that a record begins with, and the record."""
        value = decode(raw)
        known = type(value) is list and value and type(value[0]) is str and value[0] in self._fields
        # Only what stands alone has a tag with a point in it.
        require(known and "." in value[0], "UNKNOWN_RECORD", "a command or event that this verifier does not know")
        return value[0], self._shape(value[0])(value[1:])

    def make(self, kind: str, *values: Any) -> Record:
        """A record of these values, in the order of its fields."""
        return Record(**{name: value for (name, _), value in zip(self._fields[kind], values, strict=True)})

    def _shape(self, kind: str) -> Shape:
        """What takes a decoded value of this kind, or refuses it; made once, for looking a kind up took as long as decoding."""
        if kind not in self._shapes:
            self._shapes[kind] = _scalar(_SCALARS[kind]) if kind in _SCALARS else self._compound(kind)
        return self._shapes[kind]

    def _compound(self, kind: str) -> Shape:
        if kind[-1] == "?":
            present = self._shape(kind[:-1])
            return lambda value: None if value is None else present(value)
        if kind[-1] == "*":
            item = self._shape(kind[:-1])
            return lambda value: [item(one) for one in _listed(value)]
        names = [name for name, _ in self._fields[kind]]
        inner = [self._shape(field) for _, field in self._fields[kind]]

        def record(value: Any) -> Record:
            require(len(_listed(value)) == len(inner), "MALFORMED", "a record has too few fields or too many")
            return Record(**{name: shape(one) for name, shape, one in zip(names, inner, value)})

        return record


def _scalar(fits: Callable[[Any], bool]) -> Shape:
    def scalar(value: Any) -> Any:
        if not fits(value):
            raise Refused("MALFORMED", "a value of another kind, length or range than belongs here")
        return value

    return scalar


def _listed(value: Any) -> list[Any]:
    if type(value) is not list:
        raise Refused("MALFORMED", "no list where one belongs")
    return value
