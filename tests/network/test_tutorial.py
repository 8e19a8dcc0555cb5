"""The page for a group of banks runs as it is printed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from hefu.services.nodes.local import FIRST_PORT
from hefu.services.nodes.node import PORTS_A_NODE
from hefu.services.nodes.ports import check_ports
from pages import BIN, ROOT, check_page

LONG = os.environ.get("HEFU_SIM") == "long"
PAGES = ["network.md", *(["network.zh.md"] if LONG else [])]


@pytest.mark.parametrize("name", PAGES)
def test_the_page_runs_as_printed(name: str, cometbft: Path, first_ports: None):
    check_ports(range(FIRST_PORT, FIRST_PORT + 5 * PORTS_A_NODE))
    # Not pytest's folder: a socket's path is short, and a worker's folder is long.
    with tempfile.TemporaryDirectory(prefix="hefu-") as folder:
        try:
            check_page(ROOT / "docs" / "tutorials" / name, Path(folder), BIN, HEFU_COMETBFT=str(cometbft))
        finally:
            home = Path(folder) / "empty" / "practice"
            subprocess.run([sys.executable, "-m", "hefu", "network", "down", "--home", str(home)])
