"""Refusals in words, Chinese and English. A code without an entry is shown with the sentence of the rule itself."""

from __future__ import annotations

from hefu.cli.language import speaks, t
from hefu.kernel.errors import HefuError, Rejected
from hefu.kernel.explanations import EXPLANATIONS


def explain(code: str, otherwise: str) -> str:
    """What a stable code means and what would help."""
    known = EXPLANATIONS.get(code)
    return t(known[0], known[1]) if known else otherwise


def told(error: HefuError) -> str:
    """
    An error in the chosen language: its own sentence, or what its code means.

    A refusal by a rule is always told by its code. So is a sentence that a part below the command line has in English only; where the
    explanation points to it, it goes along.
    """
    own = str(error)
    if isinstance(error, Rejected) and error.where:
        # What stops a file says where, and its own sentence says by how much.
        return own if speaks(own) else f"{error.where}：{explain(error.code, own)}"
    if isinstance(error, Rejected) or own == error.code:
        return explain(error.code, own)
    if speaks(own):
        return own
    known = explain(error.code, own)
    if known == own or "见提示" in known:
        return f"{known}（{own}）" if known != own else own
    return f"{error.where}：{known}" if error.where else known
