"""
A network founded by release 0.1.0 is carried over to this one, node by node, under use: nothing stands still, and a node that was
forgotten stops before the block that it could not decide, says why, and comes back.

The earlier release is the wheel as it was built then (tests/golden/releases), run with this environment's libraries.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from commands import PASSPHRASE, hefu, told
from hefu import bootstrap
from hefu.services.home import Home
from hefu.services.network import Network
from hefu.services.nodes.local import LocalNetwork, client_of
from nodes import agreed, free_ports, opening

WHEEL = Path(__file__).parents[1] / "golden" / "releases" / "hefu-0.1.0-py3-none-any.whl"


@pytest.fixture
def earlier(cometbft, tmp_path) -> Path:
    """The earlier release, unpacked."""
    folder = tmp_path / "release"
    with zipfile.ZipFile(WHEEL) as wheel:
        wheel.extractall(folder)
    return folder


@pytest.fixture
def founded(earlier, tmp_path) -> Iterator[LocalNetwork]:
    """Four nodes that the earlier release made and runs."""
    home = tmp_path / "n"
    _earlier(earlier, "network", "init", "Four banks", "--first-port", str(free_ports()), "--home", str(home))
    local = LocalNetwork(home)
    try:
        _earlier(earlier, "network", "up", "--home", str(home))
        yield local
    finally:
        local.down()


def _earlier(release: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "hefu", *arguments],
        capture_output=True,
        text=True,
        timeout=180,
        env={**os.environ, "PYTHONPATH": str(release), "HEFU_PASSPHRASE": PASSPHRASE, "HEFU_LANG": "en"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _start_earlier(local: LocalNetwork, name: str, release: Path, monkeypatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("PYTHONPATH", str(release))
        local.start(name)


def _ended(local: LocalNetwork, name: str) -> str:
    """What a node said that ended by itself."""
    end = time.monotonic() + 60
    while (pid := local.pid(name)) is not None:
        assert time.monotonic() < end, f"{name} did not stop"
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        time.sleep(0.1)
    return (local.nodes[name].path / "output.log").read_text()


def test_a_network_of_an_earlier_release_is_upgraded_node_by_node(founded, earlier, monkeypatch):
    home = founded.home
    assert "hefu, version 0.1.0" in _earlier(earlier, "--version")
    with Network(Home(home), bootstrap.application(), PASSPHRASE, cost=1024) as opened:

        def works() -> int:
            receipt = opened.engine.submit(opening(opened, "Operator")).wait(60)
            assert receipt.code == "OK"
            return receipt.height

        works()
        assert opened.chain.next_version() == 1
        *followers, forgotten = founded.nodes
        for name in followers:
            founded.stop(name)
            works()
            founded.start(name)
            works()
            assert len(set(agreed(founded).values())) == 1
        # One node would stop there: this is refused, and was meant.
        height = opened.engine.query(lambda chain: chain.tip.height) + 4
        refused = hefu("ledger", "upgrade", "2", "--at", str(height), home=home, code=2)
        assert "NODES_TOO_OLD" in refused
        assert [url in refused for url in founded.file.urls] == [False, False, False, True]
        told("ledger", "upgrade", "2", "--at", str(height), "--force", home=home)
        while works() < height:
            pass
        words = _ended(founded, forgotten)
        assert "UPGRADE_NEEDED" in words
        assert f"this node stops before block {height}" in words
        assert "CODE_TOO_OLD" in words
        # Started again as it is, it says the same and stops; the others go on.
        _start_earlier(founded, forgotten, earlier, monkeypatch)
        again = _ended(founded, forgotten)
        assert "CODE_TOO_OLD" in again
        assert "UPGRADE_NEEDED" not in again, "what it said when it ran before"
        works()
        founded.start(forgotten)
        roots = agreed(founded)
        assert len(set(roots.values())) == 1
        works()
        stands = [founded.status_of(name)["code"] for name in founded.nodes]
        assert stands == [{"knows": 2, "decides_by": 2, "adopted": [[2, height]]}] * 4
        with closing(client_of(home)) as client:
            headers = {block.height: block.header.code_version for block in client.blocks(1)}
        assert max(headers) >= height
        assert {at: version for at, version in headers.items() if version != (2 if at >= height else 1)} == {}
