"""
Instants and business dates. Instants are integer milliseconds since 1970-01-01 UTC; a business date is the calendar date
of an instant at UTC+8. Nothing here reads a clock.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

from hefu.kernel.errors import UsageError

CHINA = timezone(timedelta(hours=8))
DAY_MS = 86_400_000
#: The year 9000 begins. Business time stays below, so that a date and any tenor still lie in the calendar.
INSTANT_MAX_MS = 221_845_392_000_000
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_CHINA_MS = 8 * 3_600_000


def business_date(at_ms: int) -> date:
    """
    The date at UTC+8.

    >>> business_date(1_700_000_000_000)
    datetime.date(2023, 11, 15)
    """
    return date.fromordinal(_EPOCH_ORDINAL + (at_ms + _CHINA_MS) // DAY_MS)


def start_of_day_ms(day: date) -> int:
    """The instant at which a business date begins."""
    return (day.toordinal() - _EPOCH_ORDINAL) * DAY_MS - _CHINA_MS


def instant_ms(moment: datetime) -> int:
    """
    Milliseconds of an aware datetime.

    Raises:
        UsageError: The datetime has no zone.
    """
    if moment.tzinfo is None:
        raise UsageError("an instant needs a zone, for example 2026-01-31T09:00:00+08:00")
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000


def format_instant(at_ms: int) -> str:
    """ISO 8601 at UTC+8, to the second."""
    return datetime.fromtimestamp(at_ms // 1000, CHINA).isoformat(timespec="seconds")
