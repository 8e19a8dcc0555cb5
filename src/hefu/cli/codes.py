"""Refusals in words, Chinese and English. A code without an entry is shown with the sentence of the rule itself."""

from __future__ import annotations

from hefu.cli.language import t
from hefu.kernel.explanations import EXPLANATIONS


def explain(code: str, otherwise: str) -> str:
    """What a stable code means and what would help."""
    known = EXPLANATIONS.get(code)
    return t(known[0], known[1]) if known else otherwise
