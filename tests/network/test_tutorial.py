"""The page for a group of banks runs as it is printed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hefu.services.nodes.local import FIRST_PORT
from hefu.services.nodes.node import PORTS_A_NODE
from hefu.services.nodes.ports import check_ports
from pages import BIN, ROOT, check_page

LONG = os.environ.get("HEFU_SIM") == "long"
PAGES = ["network.md", *(["network.zh.md"] if LONG else [])]


@pytest.mark.parametrize("name", PAGES)
def test_the_page_runs_as_printed(name: str, cometbft: Path, tmp_path: Path):
    check_ports(range(FIRST_PORT, FIRST_PORT + 5 * PORTS_A_NODE))
    try:
        check_page(ROOT / "docs" / "tutorials" / name, tmp_path, BIN, HEFU_COMETBFT=str(cometbft))
    finally:
        subprocess.run(
            [sys.executable, "-m", "hefu", "network", "down", "--home", str(tmp_path / "empty" / "practice")]
        )
