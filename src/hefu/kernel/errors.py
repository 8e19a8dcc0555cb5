"""
Every error that Hefu raises on purpose.

    HefuError
    ├── UsageError      the caller asked for something that makes no sense     exit 2
    ├── Rejected        a rule says no; nothing was written                    exit 3
    ├── Corrupt         stored or received bytes contradict themselves: stop   exit 4
    ├── EngineError     not done, and not refused either: retry the same bytes exit 5
    │   ├── Busy        the queue is full
    │   └── Closed      the engine is shutting down, or another process holds the ledger
    └── Unavailable     this machine lacks a part that was asked for           exit 6

`code` is stable: programs branch on it, people read the text. Texts never hold names, secrets or raw data.
"""

from __future__ import annotations

from typing import ClassVar


class HefuError(Exception):
    """
    Base of all errors raised on purpose.

    Args:
        text: What was wrong, where, and what to do, in English.
        code: Stable code; the class's own where absent.
        where: Row, field or file that the error is about.
    """

    code: str = "ERROR"
    exit_code: ClassVar[int] = 1

    def __init__(self, text: str = "", *, code: str | None = None, where: str | None = None) -> None:
        super().__init__(text)
        if code is not None:
            self.code = code
        self.where = where

    def __str__(self) -> str:
        text = super().__str__() or self.code
        return f"{self.where}: {text}" if self.where else text


class UsageError(HefuError):
    """The request makes no sense: a missing file, an unknown name, a value out of its range."""

    code = "USAGE"
    exit_code = 2


class Rejected(HefuError):
    """A rule refused; no contract state changed."""

    code = "REJECTED"
    exit_code = 3


class Corrupt(HefuError):
    """Bytes contradict each other or what they claim to be; carrying on would spread the damage."""

    code = "CORRUPT"
    exit_code = 4


class EngineError(HefuError):
    """Neither done nor refused; retry with the same bytes."""

    code = "ENGINE"
    exit_code = 5


class Busy(EngineError):
    """The engine's queue is full; wait and submit the same bytes again."""

    code = "BUSY"


class Closed(EngineError):
    """The engine is closed, closing, or held by another process."""

    code = "CLOSED"


class Unavailable(HefuError):
    """A part that this machine lacks, with what would bring it."""

    code = "UNAVAILABLE"
    exit_code = 6
