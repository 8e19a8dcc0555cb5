"""Real nodes: CometBFT is built once, by the project's own script, into the project's tool folder."""

from __future__ import annotations

import fcntl
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hefu import bootstrap
from hefu.services.home import Home
from hefu.services.network import Network
from hefu.services.nodes.local import LocalNetwork
from hefu.services.nodes.supervisor import VERSION
from nodes import PASSPHRASE, four_banks

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def cometbft() -> Path:
    """The pinned program; building it takes a minute or two, the first time."""
    given = os.environ.get("HEFU_COMETBFT")
    path = Path(given) if given else ROOT / ".tools" / f"cometbft-{VERSION}"
    (ROOT / ".tools").mkdir(exist_ok=True)
    with (ROOT / ".tools" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            done = subprocess.run(
                ["scripts/install_cometbft.sh"], cwd=ROOT, capture_output=True, text=True, timeout=900
            )
            assert done.returncode == 0, f"CometBFT could not be built:\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
    os.environ["HEFU_COMETBFT"] = str(path)
    return path


@pytest.fixture
def first_ports() -> Iterator[None]:
    """The ports that a user would have, for one test at a time: workers share a machine."""
    with (Path(tempfile.gettempdir()) / "hefu-first-ports").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="module")
def network(cometbft, tmp_path_factory) -> Iterator[LocalNetwork]:
    """Four banks, a node each, on this machine; stopped at the end whatever happened."""
    # A socket's path is short; the folder that pytest makes may be long.
    home = tmp_path_factory.mktemp("net")
    local = four_banks(home / "n")
    try:
        local.up(timeout_s=120)
        yield local
    finally:
        local.down()


@pytest.fixture(scope="module")
def opened(network) -> Iterator[Network]:
    """The home with its keys, over the network's gateways."""
    with Network(Home(network.home), bootstrap.application(), PASSPHRASE, cost=1024) as opened:
        yield opened
