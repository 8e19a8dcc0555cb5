"""Whether ports are free, asked before anything is started that would find out by failing."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from contextlib import suppress

from hefu.kernel.errors import UsageError


def first_free(count: int, start: int, end: int = 32_000) -> int:
    """
    The first of so many ports in a row that nobody uses.

    Raises:
        UsageError: There are none before the end, where the system begins to give out its own.
    """
    for first in range(start, end - count, 100):
        with suppress(UsageError):
            check_ports(range(first, first + count))
            return first
    raise UsageError(f"no {count} free ports in a row from {start} on", code="PORT_TAKEN")


def check_ports(ports: Iterable[int], host: str = "127.0.0.1") -> None:
    """
    Raises:
        UsageError: Somebody listens on one of them.
    """
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                raise UsageError(
                    f"port {port} is taken by another program; stop it or choose another", code="PORT_TAKEN"
                ) from None
