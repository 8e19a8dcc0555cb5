"""Twenty kills at random instants under load lose and double nothing; `make long` runs a thousand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def test_kills_at_random_instants_lose_and_double_nothing() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "kill_run.py"), "--kills", "20", "--audit-every", "10"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "20 kills" in done.stdout
    assert "0 lost, 0 doubled" in done.stdout
    acknowledged = int(done.stdout.split(" kills, ")[1].split()[0])
    assert acknowledged > 100, "a run that acknowledges next to nothing shows nothing"
