"""Signature suites behind one port."""

from __future__ import annotations

from hefu.kernel.errors import UsageError
from hefu.kernel.suites.port import Suite


def suite_named(name: str) -> Suite:
    """
    The suite that a genesis names.

    Raises:
        UsageError: Neither "ed25519" nor "sm2".
        Unavailable: This machine's crypto library lacks SM2.
    """
    if name == "ed25519":
        from hefu.kernel.suites.ed25519 import Ed25519Suite

        return Ed25519Suite()
    if name == "sm2":
        from hefu.kernel.suites.sm2 import Sm2Suite

        return Sm2Suite()
    raise UsageError(f"unknown signature suite {name!r}; ed25519 and sm2 are known")


__all__ = ["Suite", "suite_named"]
