"""
What a feature is made of, in three steps, each of them data:

    rows  -- measured and summed -->  cells  -- folded -->  facts  -- formula -->  feature

A *cell* holds integer sums of the rows of one firm that share a key: a month, a day, a customer, a rate. Sums can be added to and
taken from, so a late, repeated or corrected event leads where the right order would have led. A *fact* is one integer of a
firm, folded from its cells. A *formula* turns facts into a number. Nothing here runs anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from hefu.credit.features.expression import Expression, parse

#: Farther back than any row; the whole history.
EVER = 99_999


class Key(StrEnum):
    """What the rows of a cell share."""

    #: Its calendar month; expressions see `m`, months before the running one: 0 is the running month, 1 the last complete one.
    MONTH = "month"
    #: Its day; expressions see `ago`, days before the as-of date, and `m`.
    DAY = "day"
    #: A value of the row, such as the counterparty; expressions see `key`.
    VALUE = "value"


class Fold(StrEnum):
    """How cells become a fact."""

    TOTAL = "total"
    COUNT = "count"
    TOP = "top"
    LARGEST = "largest"
    SMALLEST = "smallest"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class Fact:
    """
    One integer of a firm.

    Args:
        fold: TOTAL of `text`; COUNT of the cells where `where`; TOP: total of the `most` largest `text`; LARGEST or SMALLEST
            `text` where `where`, unknown without any; GAP: farthest distance between neighbouring keys where `where`.
        text: Over the columns of the table.
        where: Condition on a cell.
        most: For TOP.
    """

    fold: Fold
    text: str = "1"
    where: str = "1 == 1"
    most: int = 0

    @property
    def value(self) -> Expression:
        """What is folded."""
        return parse(self.text)

    @property
    def condition(self) -> Expression:
        """Which cells count."""
        return parse(self.where)

    def __str__(self) -> str:
        inner = {Fold.COUNT: self.where, Fold.GAP: f"key where {self.where}"}.get(self.fold, self.text)
        if self.fold in (Fold.LARGEST, Fold.SMALLEST):
            inner += f" where {self.where}"
        return f"{self.fold}{f'_{self.most}' if self.most else ''}({inner})"


@dataclass(frozen=True, slots=True)
class Column:
    """
    A column of a table by value: a measure over complete months.

    Args:
        first, last: Months before the running one, both included.
    """

    measure: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class CellTable:
    """
    Cells of one kind.

    Args:
        measures: By source: name and row expression of each integer that is summed up. Only the table by month has several sources.
        key_text: Row expression of the key, for a table by value.
        columns: For a table by value, in place of the measures.
        facts: Name to fact.
    """

    name: str
    key: Key
    measures: Mapping[str, Mapping[str, str]]
    facts: Mapping[str, Fact]
    key_text: str = ""
    columns: Mapping[str, Column] = field(default_factory=dict)

    @property
    def cell_columns(self) -> tuple[str, ...]:
        """What facts can read, in order, besides the key's own names."""
        if self.key is Key.VALUE:
            return tuple(self.columns)
        return tuple(name for measures in self.measures.values() for name in measures)

    def sources_of(self, fact: Fact) -> tuple[str, ...]:
        """The sources that a fact reads; without one of them it is unknown."""
        read = fact.value.names | fact.condition.names
        if self.key is not Key.MONTH:
            return tuple(self.measures)
        return tuple(source for source, measures in self.measures.items() if read & set(measures))


Direction = Literal["safer", "riskier", "either"]
#: Digits after the point that a feature keeps as an integer of record, by unit; others keep six.
_WHOLE_UNITS = ("fen", "count", "days", "yes or no", "litres", "watt-hours")


@dataclass(frozen=True, slots=True)
class Feature:
    """
    One number about a firm as of a date.

    Args:
        name: Stable; a changed definition gets a new name.
        unit: `fen` is a hundredth of a yuan.
        formula: Over facts. Unknown where a fact is unknown, or where it divides by zero.
        english, chinese: The definition in words.
        direction: What a larger value says about the firm, all else equal; a model may be held to it.
        group: Where it stands on the reference page.
        caution: Why a model should not lean on it without a test, or empty.
    """

    name: str
    unit: str
    formula: str
    english: str
    chinese: str
    direction: Direction = "either"
    group: str = ""
    caution: str = ""

    @property
    def expression(self) -> Expression:
        """The formula, read."""
        return parse(self.formula, formula=True)

    @property
    def digits(self) -> int:
        """Digits after the point of the integer of record."""
        return 0 if self.unit in _WHOLE_UNITS else 6


def total(text: str) -> Fact:
    """Sum over all cells."""
    return Fact(Fold.TOTAL, text)


def count(where: str) -> Fact:
    """Number of cells."""
    return Fact(Fold.COUNT, where=where)


def top(most: int, text: str) -> Fact:
    """Sum of the largest."""
    return Fact(Fold.TOP, text, most=most)


def largest(text: str, where: str) -> Fact:
    """Largest; unknown without any."""
    return Fact(Fold.LARGEST, text, where)


def smallest(text: str, where: str) -> Fact:
    """Smallest; unknown without any."""
    return Fact(Fold.SMALLEST, text, where)


def gap(where: str) -> Fact:
    """Farthest distance between neighbouring keys; unknown with fewer than two."""
    return Fact(Fold.GAP, where=where)
