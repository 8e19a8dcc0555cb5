"""Processes beside the engine: started with sockets to speak over, gone when those close."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection

SOCKET_BYTES = 1 << 20
# Of malloc.h.
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
_MAPPED_BYTES = 1 << 20


class Beside:
    """
    A process that runs a module's `serve` over connections.

    Args:
        module: A module of this package that calls `run_beside` when it is the main one.
        connections: How many.
    """

    def __init__(self, module: str, connections: int = 1) -> None:
        pairs = [socket.socketpair() for _ in range(connections)]
        for end in (end for pair in pairs for end in pair):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BYTES)
        numbers = [theirs.fileno() for _, theirs in pairs]
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *map(str, numbers)],
            pass_fds=numbers,
            stdin=subprocess.DEVNULL,
        )
        for _, theirs in pairs:
            theirs.close()
        self.connections = [Connection(ours.detach()) for ours, _ in pairs]

    @property
    def connection(self) -> Connection:
        """The only one, or the first."""
        return self.connections[0]

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def close(self) -> None:
        """Stop it."""
        for connection in self.connections:
            connection.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def collect_seldom() -> None:
    """Look for cyclic garbage seldom: blocks make none, and looking through what they keep cost a tenth of the throughput."""
    gc.set_threshold(100_000, 50, 100)


def bound_memory() -> None:
    """
    Let glibc take memory from two arenas at most, and collect seldom.

    Each of a store's threads would else have an arena of its own, and keep what it once needed: a node grew by a hundred megabytes.
    And what is large goes back to the system when it is freed: left to itself, glibc comes to keep pieces of any size.
    """
    collect_seldom()
    with suppress(OSError, AttributeError):
        malloc = ctypes.CDLL(None)
        malloc.mallopt(_M_ARENA_MAX, 2)
        malloc.mallopt(_M_MMAP_THRESHOLD, _MAPPED_BYTES)


def run_beside(serve: Callable[..., None]) -> None:
    """The main program of such a process: serve until the other side closes."""
    # An interrupt from the terminal reaches the whole group; the parent decides when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    collect_seldom()
    with suppress(EOFError, ConnectionResetError, BrokenPipeError):
        serve(*(Connection(int(number)) for number in sys.argv[1:]))
    os._exit(0)
