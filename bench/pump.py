"""Load on a network's gateways: a pump that waits for answers, and a flood that does not."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing

from hefu.kernel.errors import Busy, HefuError
from hefu.services.nodes.client import NodeClient
from hefu.services.nodes.local import LocalNetwork

#: Requests on their way at each gateway; they take turns, so that one is always being filled.
LANES = 3
FLOOD_LANES = 6
FLOOD_SIZE = 100


def _gateways(local: LocalNetwork) -> list[tuple[str, str]]:
    return [
        (url, node.token.read_text().strip()) for url, node in zip(local.file.urls, local.nodes.values(), strict=False)
    ]


class Pump:
    """
    Keeps requests on their way at every gateway until the transactions or the time are used up.

    Args:
        size: Transactions in a request.
        seconds: After which no further request goes out.
        rate: Transactions a second that go out at most; 0 as many as are answered.
        each_minute: Called every minute meanwhile.
    """

    def __init__(
        self,
        local: LocalNetwork,
        raws: list[bytes],
        size: int,
        seconds: float,
        *,
        rate: float = 0,
        each_minute: Callable[[], None] | None = None,
    ) -> None:
        self._raws, self._size, self._rate = raws, size, rate
        self._next = 0
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._end = self._began + seconds
        self.latencies: list[float] = []
        self.answered: list[float] = []
        self.busy = 0
        self.bad: list[str] = []
        threads = [
            threading.Thread(target=self._run, args=gateway) for gateway in _gateways(local) for _ in range(LANES)
        ]
        for thread in threads:
            thread.start()
        minute = self._began + 60
        for thread in threads:
            while thread.is_alive():
                thread.join(1)
                if each_minute is not None and time.monotonic() > minute:
                    minute += 60
                    each_minute()
        self.seconds = max(self.answered, default=0.0)

    def _take(self) -> list[bytes]:
        with self._lock:
            now = time.monotonic()
            due = self._began + self._next / self._rate if self._rate else now
            if max(now, due) > self._end:
                return []
            taken = self._raws[self._next : self._next + self._size]
            self._next += len(taken)
        time.sleep(max(0.0, due - now))
        return taken

    def _run(self, url: str, token: str) -> None:
        with closing(NodeClient([url], [token])) as client:
            while raws := self._take():
                began = time.monotonic()
                while raws:
                    try:
                        answers = client.submit_many(raws)
                    except Busy:
                        self.busy += 1
                        time.sleep(0.2)
                        continue
                    except HefuError as error:
                        # Nothing breaks here but by a bug: the figure would be another's.
                        self.bad.append(error.code)
                        return
                    now = time.monotonic()
                    done = [answer for answer in answers if answer is not None]
                    self.bad += [answer.code for answer in done if not answer.ok]
                    self.latencies += [now - began] * len(done)
                    self.answered += [now - self._began] * len(done)
                    raws = [raw for raw, answer in zip(raws, answers, strict=True) if answer is None]


class Flooded:
    """What came of a flood: transactions offered, and requests that were refused, by code."""

    def __init__(self) -> None:
        self.offered = 0
        self.refused: Counter[str] = Counter()
        self.seconds = 0.0


def flood(local: LocalNetwork, raws: list[bytes], rate: float, seconds: float) -> Flooded:
    """
    Offer transactions at a rate whatever is answered. Nobody waits for answers, nor offers again what was refused, as clients do
    that have given up.
    """
    seen, lock, chunks = Flooded(), threading.Lock(), iter(range(0, len(raws), FLOOD_SIZE))
    began = time.monotonic()

    def run(url: str, token: str) -> None:
        with closing(NodeClient([url], [token])) as client:
            while True:
                with lock:
                    now, due = time.monotonic(), began + seen.offered / rate
                    at = next(chunks, None)
                    if at is None or max(now, due) > began + seconds:
                        return
                    chunk = raws[at : at + FLOOD_SIZE]
                    seen.offered += len(chunk)
                time.sleep(max(0.0, due - now))
                try:
                    client.submit_many(chunk, wait_s=0.1)
                except HefuError as error:
                    with lock:
                        seen.refused[error.code] += 1

    threads = [threading.Thread(target=run, args=at) for at in _gateways(local) for _ in range(FLOOD_LANES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seen.seconds = time.monotonic() - began
    return seen
