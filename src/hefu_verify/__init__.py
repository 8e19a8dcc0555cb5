"""
Checks an evidence bundle against the format page (docs/reference/format.md) and says what it proves.

Written from that page alone: it imports nothing of the platform, so that the two can be wrong only separately. It reads bytes
and answers; it never opens a network connection, a ledger or a file other than those it is given.

Reading order. The core: `codec`, `primitives`, `history`, `bundle`. The tables that it runs on: `records`, `authority`. What it
leans on: `suites`, `signatures`, `trust`. What it says: `verdict`, `facts`, `words`, `report`, `__main__`.
"""

from hefu_verify.bundle import verify
from hefu_verify.codec import Refused
from hefu_verify.suites import Unavailable
from hefu_verify.verdict import Verdict

__all__ = ["Refused", "Unavailable", "Verdict", "verify"]
