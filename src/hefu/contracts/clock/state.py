"""The clock's one record."""

from hefu.kernel.codec import Codec, Record

CLOCK_KEY = b"C"


class ClockRecord(Record, frozen=True):
    """Simulated business time, milliseconds since 1970 UTC."""

    at_ms: int


CLOCK: Codec[ClockRecord] = Codec(ClockRecord)
