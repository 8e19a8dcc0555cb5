"""Events of the clock."""

from hefu.kernel.codec import Record


class ClockAdvanced(Record, frozen=True, tag="clock.advanced"):
    """Business time is now this instant."""

    at_ms: int
