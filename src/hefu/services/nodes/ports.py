"""Whether ports are free, asked before anything is started that would find out by failing."""

from __future__ import annotations

import socket
from collections.abc import Iterable

from hefu.kernel.errors import UsageError


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
