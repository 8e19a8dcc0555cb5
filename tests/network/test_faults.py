"""Each fault once; `scripts/fault_run.py` by itself injects as many as one has time for."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: By command alone: variants of others, what takes most of a minute, and what needs a CometBFT that takes minutes to build.
LONG = ("crash_points", "clock_off", "partition_one_closed", "restore_backup_with_old_votes")


@pytest.fixture(scope="module")
def done(cometbft: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / "fault_run.py"), "--each", "1", "--seed", "7", "--brief"]
    for name in LONG:
        command += ["--without", name]
    return subprocess.run(
        [*command, "--kills", "20"],
        capture_output=True,
        text=True,
        timeout=900,
        env={**os.environ, "HEFU_COMETBFT": str(cometbft)},
    )


def test_each_fault_once_and_twenty_kills_lose_and_double_nothing(done):
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 lost, 0 doubled, one state root on all nodes" in done.stdout
    assert "20 kills" in done.stdout


def test_every_fault_can_be_injected_here(done):
    skipped = re.findall(r"`(\w+)` \| skipped: ([^|]+) \|", done.stdout)
    if skipped:
        pytest.skip("; ".join(f"{name}: {why}" for name, why in skipped))
