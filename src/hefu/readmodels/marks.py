"""
What the calendar makes of a right, beside its status on the ledger.

No transaction says that a proposal lapsed or that a debt is overdue: the day passes, and the record stays as it is. So neither is a
status; whoever shows a right asks for its mark as of a moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from hefu.contracts.receivables.state import LIVE, PROPOSED
from hefu.kernel.time import business_date

#: A proposal that nobody answered in time; a live right on its due date; one that was not paid on it.
LAPSED, DUE, OVERDUE = "lapsed", "due", "overdue"
MARKS = (LAPSED, DUE, OVERDUE)


@dataclass(frozen=True)
class Moment:
    """Business time as of which marks are asked for, in milliseconds since 1970 UTC."""

    at_ms: int

    @property
    def on(self) -> date:
        """The business date."""
        return business_date(self.at_ms)


def mark(status: str, until_ms: int, due_on: date, moment: Moment) -> str:
    """
    The mark of a right, or an empty text.

    Args:
        until_ms: When its proposal lapses.
    """
    if status == PROPOSED and until_ms < moment.at_ms:
        return LAPSED
    if status == LIVE and moment.on >= due_on:
        return DUE if moment.on == due_on else OVERDUE
    return ""


__all__ = ["DUE", "LAPSED", "MARKS", "OVERDUE", "Moment", "mark"]
