"""
Signatures, checked while the rest of a bundle is read: checking runs outside the interpreter, reading inside it. No verdict is
given before every signature is known to be good.
"""

from __future__ import annotations

import os
from collections import deque
from contextlib import suppress
from threading import Thread
from types import TracebackType

from hefu_verify.codec import Refused
from hefu_verify.suites import Verify

#: Threads that help the one that reads; with as many threads as cores, they wait for the interpreter more than they check.
HELPERS = min(4, os.cpu_count() or 1) - 1

Claim = tuple[bytes, bytes, bytes]


class Signatures:
    """
    A `with` that ends when every signature asked about was checked, or something else was wrong.

    Args:
        signed: Checks (public key, signature, message).
    """

    def __init__(self, signed: Verify) -> None:
        self._signed = signed
        self._waiting: deque[Claim] = deque()
        self._helpers: list[Thread] = []
        self._errors: list[BaseException] = []

    def ask(self, claims: list[Claim]) -> None:
        """Begin to check these."""
        self._waiting.extend(claims)
        for _ in range(min(HELPERS, len(claims))):
            helper = Thread(target=self._work)
            self._helpers.append(helper)
            helper.start()

    def _work(self) -> None:
        try:
            with suppress(IndexError):
                while not self._errors:
                    if not self._signed(*self._waiting.popleft()):
                        raise Refused("BAD_SIGNATURE", "a signature of a transaction is bad")
        except BaseException as error:
            self._errors.append(error)

    def __enter__(self) -> Signatures:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is not None:
            self._waiting.clear()
        self._work()
        for helper in self._helpers:
            helper.join()
        if self._errors and error is None:
            raise self._errors[0]
