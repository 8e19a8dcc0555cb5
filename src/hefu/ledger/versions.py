"""
Code versions: what the contracts decide may change only at a height that the members voted for, on every node at once.

A ledger begins with the version that its genesis names. Members adopt the next one with a height (`Upgrade` in parties); from the
block of that height on the contracts decide as that version says, and the header names it. Software knows all versions up to its
own, so that old history gives the old bits; software that does not know the version of the next block stops, for whatever it
decided could be another thing than the others decide.

| version | from it on |
|---|---|
| 1 | as the ledger began: a key's limit holds for each command by itself |
| 2 | a key's limit holds for the sum of what it signs alone in one transaction |
| 2 | members may hand a pilot over to validators; organisations say where letters go, and attest that they came |
"""

from __future__ import annotations

from hefu.kernel.errors import Unavailable

#: The newest version that this software knows; new ledgers begin with it.
CODE_VERSION = 2
#: From this one on a limit holds for a transaction's sum.
LIMITS_SUM = 2
#: From this one on members may hand the ledger of one operator over to validators.
HANDOVERS = 2
#: From this one on organisations say where letters to them go, and attest that they received some.
LETTERS = 2


def check_known(version: int, what: str) -> None:
    """
    Args:
        version: A code version.
        what: What has it, as the beginning of a sentence.

    Raises:
        Unavailable: This software does not know it (CODE_TOO_OLD).
    """
    if version > CODE_VERSION:
        raise Unavailable(
            f"{what} code version {version}; this software knows versions up to {CODE_VERSION}: install a newer release",
            code="CODE_TOO_OLD",
        )
