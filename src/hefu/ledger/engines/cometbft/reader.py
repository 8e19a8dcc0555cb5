"""
Reads a connection of CometBFT's in a thread of its own, whatever the event loop is doing.

CometBFT v0.38 waits for room in a full socket with a timer of twenty nanoseconds (it means milliseconds): for as long as the
application runs a block and reads nothing, its engine would burn the processor that the application needs. So what comes is taken
out of the socket at once; what waits here is bounded by what CometBFT has on its way.
"""

from __future__ import annotations

import asyncio
import select
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

_CHUNK = 1 << 20


class EagerReader:
    """
    Takes the place of a transport's own reading.

    Args:
        transport: A connected stream; writing to it and closing it stay its own affair.
        take: Called on the loop with what came, in order.
    """

    def __init__(self, transport: asyncio.Transport, take: Callable[[bytes], None]) -> None:
        transport.pause_reading()
        self._transport, self._take = transport, take
        self._loop = asyncio.get_running_loop()
        # A name of its own for the same connection, so that its number is not given to another while this thread waits for it.
        self._socket = transport.get_extra_info("socket").dup()
        threading.Thread(target=self._read, name="hefu-abci", daemon=True).start()

    def stop(self) -> None:
        """Read no more."""
        # Or the other side went first.
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def _read(self) -> None:
        ready = select.poll()
        ready.register(self._socket, select.POLLIN)
        try:
            while True:
                ready.poll()
                try:
                    data = self._socket.recv(_CHUNK)
                except BlockingIOError:
                    continue
                except OSError:
                    break
                if not data:
                    break
                self._loop.call_soon_threadsafe(self._take, data)
            self._loop.call_soon_threadsafe(self._transport.abort)
        except RuntimeError:
            # The loop was closed: the node has ended.
            pass
        finally:
            self._socket.close()
