"""
Reads what people and systems hand over as nested tables (TOML or JSON): every field by name, with its type and range, nothing
left over. An error names the path of the field, never its value where that could be somebody's data.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, cast

from hefu.credit.decision.numbers import ONE, format_ppm, parse_fen, parse_ppm
from hefu.kernel.errors import UsageError
from hefu.kernel.money import AMOUNT_MAX

_TEXT_MAX = 2_000


class Node:
    """
    One table.

    Args:
        table: Keys to values; each is taken out once.
        path: Where it stands, for errors.
    """

    def __init__(self, table: object, path: str = "") -> None:
        if not isinstance(table, dict) or not all(isinstance(key, str) for key in table):
            raise UsageError("a table of named fields is expected here", code="BAD_FIELD", where=path or "the file")
        self.path = path
        self._left: dict[str, Any] = dict(table)

    def __contains__(self, name: str) -> bool:
        return name in self._left

    def wrong(self, name: str, text: str) -> UsageError:
        """The error that a field makes no sense."""
        return UsageError(text, code="BAD_FIELD", where=self._at(name))

    def _at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def _take(self, name: str, default: Any) -> Any:
        if name in self._left:
            return self._left.pop(name)
        if default is ...:
            raise UsageError("this field is missing", code="MISSING_FIELD", where=self._at(name))
        return default

    def text(self, name: str, default: Any = ..., *, empty: bool = False) -> str:
        """A text of one line in normal form (NFC)."""
        value = self._take(name, default)
        if not isinstance(value, str) or len(value) > _TEXT_MAX or not (value or empty or value is default):
            raise self.wrong(name, "a text is expected")
        if unicodedata.normalize("NFC", value) != value or any(unicodedata.category(c) in ("Cc", "Cs") for c in value):
            raise self.wrong(name, "the text has control characters or is not in normal form (NFC)")
        return value

    def word(self, name: str, among: Sequence[str], default: Any = ...) -> str:
        """One of a few words."""
        value = self._take(name, default)
        if value not in among:
            raise self.wrong(name, f"one of {', '.join(among)} is expected")
        return str(value)

    def integer(self, name: str, low: int, high: int, default: Any = ...) -> int:
        """A whole number within bounds."""
        value = self._take(name, default)
        if value is default and default is not ...:
            return cast(int, value)
        if type(value) is not int or not low <= value <= high:
            raise self.wrong(name, f"a whole number from {low} to {high} is expected")
        return value

    def flag(self, name: str, default: Any = ...) -> bool:
        """True or false."""
        value = self._take(name, default)
        if type(value) is not bool:
            raise self.wrong(name, "true or false is expected")
        return value

    def amount(self, name: str, default: Any = ..., *, low: int = 0) -> int:
        """Fen of a text in yuan, such as "100,000.00"."""
        value = self._take(name, default)
        if value is default and default is not ...:
            return cast(int, value)
        if not isinstance(value, str):
            raise self.wrong(name, 'an amount in yuan is expected as text, such as "100,000.00"')
        try:
            minor = parse_fen(value)
        except UsageError:
            raise self.wrong(name, 'an amount in yuan is expected as text, such as "100,000.00"') from None
        if not low <= minor <= AMOUNT_MAX:
            raise self.wrong(name, "the amount is out of range")
        return minor

    def share(self, name: str, default: Any = ..., *, low: int = 0, high: int = ONE) -> int:
        """Ppm of a text such as "4.35%"."""
        value = self._take(name, default)
        if value is default and default is not ...:
            return cast(int, value)
        return self.to_share(name, value, low, high)

    def to_share(self, name: str, value: object, low: int = 0, high: int = ONE) -> int:
        """A value that was taken already, as a share."""
        try:
            ppm = parse_ppm(value) if isinstance(value, str) else None
        except UsageError:
            ppm = None
        if ppm is None or not low <= ppm <= high:
            raise self.wrong(
                name, f'a percentage from {format_ppm(low)} to {format_ppm(high)} is expected as text, such as "4.35%"'
            )
        return ppm

    def day(self, name: str, default: Any = ...) -> date:
        """A date, as TOML has it or as text such as 2026-06-30."""
        value = self._take(name, default)
        if value is default and default is not ...:
            return cast(date, value)
        if type(value) is date:
            return value
        try:
            return date.fromisoformat(value)
        except (TypeError, ValueError):
            raise self.wrong(name, "a date such as 2026-06-30 is expected") from None

    def words(self, name: str, default: Any = ...) -> tuple[str, ...]:
        """Texts, none twice, in the order given."""
        value = self._take(name, default)
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) and item for item in value):
            raise self.wrong(name, "a list of texts is expected")
        if len(set(value)) != len(value):
            raise self.wrong(name, "a text stands twice in the list")
        return tuple(value)

    def pairs(self, name: str) -> list[tuple[Any, Any]]:
        """A list of pairs."""
        value = self._take(name, ...)
        if (
            not isinstance(value, list)
            or not all(isinstance(pair, list) and len(pair) == 2 for pair in value)
            or not value
        ):
            raise self.wrong(name, "a list of pairs is expected")
        return [(a, b) for a, b in value]

    def child(self, name: str, default: Any = ...) -> Node:
        """A table inside."""
        return Node(self._take(name, default), self._at(name))

    def children(self, name: str) -> Iterator[Node]:
        """Tables inside, in order; none where the field is absent."""
        value = self._take(name, [])
        if not isinstance(value, list | tuple):
            raise self.wrong(name, "a list of tables is expected")
        for i, item in enumerate(value):
            yield Node(item, f"{self._at(name)}[{i}]")

    def names(self) -> list[str]:
        """Names of the fields that are left, for a table whose names the reader does not know in advance."""
        return list(self._left)

    def done(self) -> None:
        """
        Raises:
            UsageError: A field is left that nobody asked for: misspelt, most likely (NO_SUCH_FIELD).
        """
        if self._left:
            raise UsageError("there is no such field", code="NO_SUCH_FIELD", where=self._at(min(self._left)))
