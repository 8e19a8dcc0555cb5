"""What a network's processes used: processor time, memory, and how long consensus waited for the application."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from hefu.services.nodes.local import HOST, LocalNetwork

_TICK = os.sysconf("SC_CLK_TCK")
#: Calls that CometBFT waits for before a block is final; the others stand beside them.
BLOCK_CALLS = ("prepare_proposal", "process_proposal", "finalize_block", "commit")


def _pids(local: LocalNetwork) -> dict[str, list[int]]:
    ledgers = [local.pid(name) for name in local.nodes]
    engines = [local.status_of(name).get("engine", {}).get("pid") for name in local.nodes]
    return {"ledger": [pid for pid in ledgers if pid], "engine": [pid for pid in engines if pid]}


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def memory_mb(local: LocalNetwork) -> dict[str, float]:
    """Resident memory of each node's process, whole and without mapped files, and of its CometBFT, in megabytes."""
    found = {}
    for name in local.nodes:
        engine = local.status_of(name).get("engine", {}).get("pid")
        for what, pid in (("ledger", local.pid(name)), ("engine", engine)):
            if pid is None:
                continue
            status = Path(f"/proc/{pid}/status").read_text()
            for field, label in (("VmRSS", "whole"), ("RssAnon", "own")):
                found[f"{name} {what} {label}"] = int(status.split(f"{field}:")[1].split()[0]) / 1024
    return found


def told(local: LocalNetwork) -> Iterator[str]:
    """What each node tells Prometheus."""
    for node in local.nodes.values():
        url = f"http://{HOST}:{node.read().gateway_port}/metrics"
        yield httpx.get(url, headers={"Authorization": f"Bearer {node.token.read_text().strip()}"}, timeout=30).text


def total(local: LocalNetwork, name: str) -> int:
    """A counter of the nodes', added up."""
    return sum(int(float(re.findall(rf"^{name} (\S+)$", text, re.MULTILINE)[0])) for text in told(local))


class Usage:
    """From its making on."""

    def __init__(self, local: LocalNetwork) -> None:
        self._local = local
        self._began = time.monotonic()
        self._cpu = self._spent_cpu()
        self._abci = self._spent_abci()

    def _spent_cpu(self) -> dict[str, float]:
        return {what: sum(map(_cpu_s, pids)) for what, pids in _pids(self._local).items()}

    def _spent_abci(self) -> float:
        """Seconds of the calls that a block waits for, on the node where they took longest."""
        most = 0.0
        for text in told(self._local):
            spent = dict(re.findall(r'hefu_abci_seconds_total\{call="(\w+)"\} ([\d.]+)', text))
            most = max(most, sum(float(spent.get(call, 0)) for call in BLOCK_CALLS))
        return most

    def since(self) -> dict[str, float]:
        """Cores that all ledgers and all engines used, and the share of the time in which a block waited for the application."""
        seconds = time.monotonic() - self._began
        cpu = self._spent_cpu()
        share = (self._spent_abci() - self._abci) / seconds
        return {
            "ledger_cores": round((cpu["ledger"] - self._cpu["ledger"]) / seconds, 2),
            "engine_cores": round((cpu["engine"] - self._cpu["engine"]) / seconds, 2),
            "application_share_percent": round(100 * share),
        }
