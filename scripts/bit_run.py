"""
Flip every single bit of an evidence bundle, one at a time, and hold that the verifier refuses each.

    python scripts/bit_run.py [BUNDLE [GENESIS]] [--processes N]

Without arguments it runs over the golden bundle. A bit whose flip still verifies, or that ends in anything but a refusal, is
printed; the run then ends with 1.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from multiprocessing import Pool
from pathlib import Path

from hefu_verify import Refused, verify

GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden"
CHUNK_BYTES = 256


def survivors(task: tuple[bytes, bytes, int]) -> tuple[int, list[str]]:
    """Flip the bits of one chunk: how many, and those that were not refused."""
    raw, genesis, start = task
    found, count, flipped = [], 0, bytearray(raw)
    for at in range(start, min(start + CHUNK_BYTES, len(raw))):
        for bit in range(8):
            flipped[at] ^= 1 << bit
            try:
                verify(bytes(flipped), genesis)
                found.append(f"byte {at}, bit {bit}: still verifies")
            except Refused:
                pass
            except Exception as error:
                found.append(f"byte {at}, bit {bit}: {type(error).__name__}: {error}")
            flipped[at] ^= 1 << bit
            count += 1
    return count, found


def main(argv: Sequence[str] | None = None) -> int:
    """Run over every bit; 1 if one survives."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", nargs="?", type=Path, default=GOLDEN / "bundle.hefu")
    parser.add_argument("genesis", nargs="?", type=Path, default=GOLDEN / "bundle_genesis.json")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    asked = parser.parse_args(argv)
    raw, genesis = asked.bundle.read_bytes(), asked.genesis.read_bytes()
    verify(raw, genesis)
    tasks = [(raw, genesis, start) for start in range(0, len(raw), CHUNK_BYTES)]
    total, count, found, began = len(raw) * 8, 0, [], time.monotonic()
    print(f"{asked.bundle}: {len(raw):,} bytes, {total:,} bits", flush=True)
    with Pool(asked.processes) as pool:
        for number, (flipped, bad) in enumerate(pool.imap_unordered(survivors, tasks), 1):
            count += flipped
            found += bad
            if number % 16 == 0 or number == len(tasks):
                print(
                    f"  {count:>9,} of {total:,} bits, {len(found)} survived, {time.monotonic() - began:,.0f} s",
                    flush=True,
                )
    for line in found:
        print(line)
    assert count == total, "a bit was left out"
    print(f"{count:,} bits flipped, {len(found)} survived")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
