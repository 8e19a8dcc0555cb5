"""
What became of firms, joined to their features as of a date: the label that a model learns. A firm that nobody says anything about
is unlabelled, never a payer; nor is one whose time has not run out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from hefu.credit.models.tables import Table, read_table
from hefu.credit.models.values import is_blank
from hefu.kernel.errors import UsageError

LABEL = "defaulted"
_FIRM = ("firm", "firm_id", "企业代号", "企业")
_DEFAULTED_ON = ("defaulted_on", "default_date", "违约日期", "违约日")
_DEFAULTED = ("defaulted", "default", "是否违约", "违约")


@dataclass(frozen=True, slots=True)
class Labels:
    """
    Labels of firms as of dates.

    Args:
        words: yes, no, or None where it is not known, by firm and as-of date; only these rows are trained on.
        already: Rows left out, for the firm had defaulted by then.
    """

    words: Mapping[tuple[str, date], str | None]
    already: int


@dataclass(frozen=True, slots=True)
class Outcomes:
    """
    What became of firms.

    Args:
        days: Of their default, None for none; or None where no days are known.
        words: The word for each firm where no days are known: it holds for whatever date the firm is looked at.
    """

    days: Mapping[str, date | None] | None
    words: Mapping[str, str | None]


def read_outcomes(path: Path) -> Outcomes:
    """
    Firms, and the day of their default, of several the first; or a word, where the table has no days.

    Raises:
        UsageError: TABLE_COLUMN, one of the two columns is not there; BAD_DATE, a day is none, with the row; TWO_OUTCOMES, a firm
            stands twice with different words.
    """
    table = read_table(path)
    firms = [None if firm is None or is_blank(firm) else firm.strip() for firm in _column(table, _FIRM)]
    if not any(name in table.names for name in _DEFAULTED_ON):
        return Outcomes(None, _words(table, firms))
    days: dict[str, date | None] = {}
    for row, (firm, text) in enumerate(zip(firms, _column(table, _DEFAULTED_ON)), 2):
        if firm is None:
            continue
        on = None if text is None or is_blank(text) else _day(text, table.file, row)
        before = days.get(firm)
        days[firm] = before if on is None else on if before is None else min(before, on)
    return Outcomes(days, {})


def _words(table: Table, firms: Sequence[str | None]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for row, (firm, text) in enumerate(zip(firms, _column(table, _DEFAULTED)), 2):
        if firm is None:
            continue
        said = None if text is None or is_blank(text) else text.strip()
        if found.setdefault(firm, said) != said:
            raise UsageError("the firm has two outcomes", code="TWO_OUTCOMES", where=f"{table.file}:{row}")
    return found


def labels_of(outcomes: Outcomes, rows: Iterable[tuple[str, date]], *, horizon: timedelta, until: date) -> Labels:
    """
    Whether each firm defaulted within the horizon after its as-of date; the outcome's own word where it has no days.

    Args:
        until: Outcomes are known up to this day; whose horizon ends later is unlabelled, defaulted or not.
    """
    days = outcomes.days
    if days is None:
        return Labels({(firm, as_of): outcomes.words.get(firm) for firm, as_of in rows}, 0)
    words: dict[tuple[str, date], str | None] = {}
    already = 0
    for firm, as_of in rows:
        on = days.get(firm)
        if on is not None and on <= as_of:
            already += 1
        elif firm not in days:
            words[firm, as_of] = None
        elif as_of + horizon > until:
            # Who defaults early would be labelled, and who pays would not yet: near the end all labels would be defaults.
            words[firm, as_of] = None
        else:
            words[firm, as_of] = "yes" if on is not None and on <= as_of + horizon else "no"
    return Labels(words, already)


def _column(table: Table, names: tuple[str, ...]) -> list[str | None]:
    name = next((name for name in names if name in table.names), None)
    if name is None:
        raise UsageError("the table has no such column", code="TABLE_COLUMN", where=f"{table.file}: {names[0]}")
    return table.column(name)


def _day(text: str, file: str, row: int) -> date:
    try:
        # A day's instant is its day.
        return date.fromisoformat(text.strip()[:10])
    except ValueError:
        raise UsageError("not a date such as 2026-06-30", code="BAD_DATE", where=f"{file}:{row}") from None
