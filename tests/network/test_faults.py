"""Each fault once; `scripts/fault_run.py` by itself injects as many as one has time for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_each_fault_once_loses_and_doubles_nothing(cometbft: Path):
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "fault_run.py"), "--each", "1", "--seed", "7"],
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, "HEFU_COMETBFT": str(cometbft)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 lost, 0 doubled, one state root on all nodes" in done.stdout
