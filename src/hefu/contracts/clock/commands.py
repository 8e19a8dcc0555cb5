"""Commands of the clock."""

from hefu.kernel.codec import Record


class AdvanceClock(Record, frozen=True, tag="clock.advance"):
    """Move simulated business time forward to an instant."""

    to_ms: int
