"""Processes beside the engine: started with one socket to speak over, gone when it closes."""

from __future__ import annotations

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


class Beside:
    """
    A process that runs a module's `serve` over a connection.

    Args:
        module: A module of this package that calls `run_beside` when it is the main one.
    """

    def __init__(self, module: str) -> None:
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BYTES)
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
        )
        theirs.close()
        self.connection = Connection(ours.detach())

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def close(self) -> None:
        """Stop it."""
        self.connection.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def collect_seldom() -> None:
    """Look for cyclic garbage seldom: blocks make none, and looking through what they keep cost a tenth of the throughput."""
    gc.set_threshold(100_000, 50, 100)


def run_beside(serve: Callable[[Connection], None]) -> None:
    """The main program of such a process: serve until the other side closes."""
    # An interrupt from the terminal reaches the whole group; the parent decides when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    collect_seldom()
    with suppress(EOFError, ConnectionResetError, BrokenPipeError):
        serve(Connection(int(sys.argv[1])))
    os._exit(0)
