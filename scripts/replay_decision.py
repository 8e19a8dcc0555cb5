"""
Replay the file of a decision or an allocation with Python's standard library alone, from a copy of the source, nothing installed.

    python -S -I scripts/replay_decision.py FILE [MODEL]

Exit code 0: the same to the bit. 4: altered, damaged or another one. 2: the model is missing, or the file is of a later version.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from hefu.credit.decision import allocation, file
from hefu.kernel.errors import HefuError


def main(arguments: list[str]) -> int:
    """Replay one file."""
    raw = Path(arguments[0]).read_bytes()
    try:
        if f'"format":"{allocation.FORMAT}"'.encode() in raw:
            read = allocation.replay(raw)
            print(f"{read.totals.firms} offers, profit {read.totals.profit} fen, {read.document['digest']}")
        else:
            made = file.replay(raw, Path(arguments[1]).read_bytes() if len(arguments) > 1 else None)
            print(f"{made.answer.verdict}, limit {made.answer.limit} fen, {made.digest}")
    except HefuError as error:
        print(f"{error.code}: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
