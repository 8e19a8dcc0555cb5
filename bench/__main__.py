"""
`make bench`: every benchmark in a process of its own, the peer in the same run; build/bench.json and a table.

    python -m bench [NAME...]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from bench.ledger import MEASUREMENTS
from bench.table import Row, markdown

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "build" / "bench.json"
#: Which of the peer's figures stands beside which of ours.
PEERS = {
    "assignments, single, ed25519": "16 connections, one a transaction",
    "assignments, single, sm2": "16 connections, one a transaction",
    "operations in signed batches of 100, ed25519": "16 connections, batches of 100",
}


def measure_peer() -> dict[str, float]:
    """The peer's moves a second."""
    from bench.peer import Peer

    peer = Peer()
    try:
        return {
            "1 connection, one a transaction": peer.rate(connections=1, batch=1),
            "16 connections, one a transaction": peer.rate(connections=16, batch=1),
            "16 connections, batches of 100": peer.rate(connections=16, batch=100),
        }
    finally:
        peer.close()


def run(module: str, name: str) -> list[Row]:
    """One measurement in its own process."""
    print(f"… {name}", file=sys.stderr, flush=True)
    done = subprocess.run([sys.executable, "-m", module, *([name] if module == "bench.ledger" else [])],
                          capture_output=True, text=True, cwd=ROOT)  # fmt: skip
    if done.returncode:
        print(done.stderr[-4000:], file=sys.stderr)
        return [{"name": name, "value": None, "unit": "failed", "must": None, "goal": None, "peer": None,
                 "peer_value": None, "command": f"python -m {module} {name}"}]  # fmt: skip
    rows: list[Row] = json.loads(done.stdout[done.stdout.index("[") :])
    return rows


def main() -> int:
    """Run all, or those named; write build/bench.json."""
    with tempfile.TemporaryDirectory(prefix="hefu-bench-preloaded-") as kept:
        os.environ["HEFU_BENCH_PRELOADED"] = kept
        return _run_all()


def _run_all() -> int:
    wanted = sys.argv[1:] or [*MEASUREMENTS, "invoices", "credit", "peer"]
    rows: list[Row] = []
    peer: dict[str, float] = {}
    if "peer" in wanted:
        print("… peer", file=sys.stderr, flush=True)
        peer = measure_peer()
    for name in wanted:
        if name in ("invoices", "credit"):
            rows += run(f"bench.{name}", name)
        elif name != "peer":
            rows += run("bench.ledger", name)
    for r in rows:
        wants = PEERS.get(r["name"])
        if wants and wants in peer:
            r["peer"], r["peer_value"] = f"PostgreSQL 18, {wants}", round(peer[wants])
    for name, value in peer.items():
        rows.append(
            {
                "name": f"peer: PostgreSQL, {name}",
                "value": round(value),
                "unit": "1/s",
                "must": None,
                "goal": None,
                "peer": None,
                "peer_value": None,
                "command": "python -m bench.peer",
            }
        )
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    print(f"{datetime.now(UTC).date()}, Python {sys.version.split()[0]}\n")
    print(markdown(rows))
    return 0 if all(r["value"] is not None for r in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
