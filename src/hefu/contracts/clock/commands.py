"""Commands of the clock."""

from hefu.kernel.codec import Record


class AdvanceClock(Record, tag="clock.advance"):
    """Move simulated business time forward to an instant."""

    to_ms: int
