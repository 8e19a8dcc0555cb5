"""
Keeps CometBFT running beside the application: starts it, starts it again whenever it ends, and says why where that is known.

CometBFT ends itself with exit code 0 when its application goes, so an exit code says little: it is started again always, after a
pause that grows while it keeps ending and is short again once it has run for a while. When its consensus has failed it decides
nothing more and yet lives on and answers: then it is ended here.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from hefu.kernel.errors import Unavailable

VERSION = "0.38.25"
#: Where `make cometbft` installs, from the project's folder.
TOOLS = Path(".tools")
PAUSE_FIRST, PAUSE_LAST = 0.5, 30.0
#: Seconds after which a run counts as good.
GOOD_RUN = 30.0
#: Lines of its log that are kept in memory to explain an end.
LINES_KEPT = 400


class _Meaning(NamedTuple):
    """Words of CometBFT's, the stable code for them, and what they mean to whoever runs the node."""

    words: str
    code: str
    meaning: str


#: What CometBFT says when a start fails, and what it means to whoever runs the node.
_MEANINGS = (
    _Meaning("address already in use", "PORT_TAKEN", "a port of this node is taken; node.json names them"),
    _Meaning("resource temporarily unavailable", "ENGINE_RUNS", "another CometBFT runs in this folder"),
    _Meaning("no space left on device", "DISK_FULL", "the disk is full"),
    _Meaning(
        "priv_validator_state.json: no such file",
        "ENGINE_BEHIND",
        "the record of this validator's votes is gone; join anew with new keys, and have the members replace the validator",
    ),
    _Meaning(
        "is higher than core",
        "ENGINE_BEHIND",
        "the engine has lost its blocks while the ledger still has its own; join anew, or restore both from one backup",
    ),
    _Meaning(
        "state.AppHash does not match", "APP_DIFFERS", "this node's ledger is not the one that its engine has seen"
    ),
    _Meaning(
        "wrong Block.Header.AppHash",
        "APP_DIFFERS",
        "this node computed another state than the network; stop and compare versions",
    ),
    _Meaning("CONSENSUS FAILURE", "CONSENSUS_FAILURE", "the engine stopped for good; its log says why"),
    _Meaning("error parsing config", "BAD_CONFIG", "the engine's configuration cannot be read"),
)

#: What it says when its consensus has stopped for good while everything else in it goes on, as if nothing were the matter.
_HALTED = "CONSENSUS FAILURE"
#: What it says while it runs on, and somebody has to do something about.
_WARNINGS = (
    _Meaning(
        "found conflicting vote from ourselves",
        "TWO_VALIDATORS",
        "another process signs with this validator's key; stop one of the two at once",
    ),
)
#: Seconds before the same warning is said again.
WARN_AGAIN_S = 60.0

Say = Callable[[str, dict[str, str]], None]


def find_cometbft(tools: Path | None = None) -> Path:
    """
    The pinned CometBFT.

    Raises:
        Unavailable: It is not installed (NO_COMETBFT).
    """
    for candidate in (
        os.environ.get("HEFU_COMETBFT"),
        tools and str(tools / f"cometbft-{VERSION}"),
        shutil.which("cometbft"),
    ):
        if candidate and os.access(candidate, os.X_OK):
            return Path(candidate).resolve()
    raise Unavailable(
        "CometBFT is not installed; `make cometbft` installs it, or set HEFU_COMETBFT to its path", code="NO_COMETBFT"
    )


class Supervisor:
    """
    Args:
        binary: CometBFT.
        engine: Its folder.
        log: Where its own log goes, as it writes it.
        say: Told what happens, as a stable code with fields.
    """

    def __init__(self, binary: Path, engine: Path, log: Path, say: Say) -> None:
        self._binary, self._engine, self._log, self._say = binary, engine, log, say
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False
        self.starts = 0
        self.last_lines: deque[str] = deque(maxlen=LINES_KEPT)
        #: What it warned of since it was started, last.
        self.warning: dict[str, str] = {}
        self._warned_at = 0.0

    @property
    def pid(self) -> int | None:
        """CometBFT's process, while it runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def run(self) -> None:
        """Keep it running until `stop`."""
        pause = PAUSE_FIRST
        loop = asyncio.get_running_loop()
        while not self._stopping:
            began = loop.time()
            code = await self._run_once()
            if self._stopping:
                return
            pause = PAUSE_FIRST if loop.time() - began > GOOD_RUN else min(pause * 2, PAUSE_LAST)
            meaning = self.explain()
            self._say("ENGINE_ENDED", {"exit": str(code), "again_in_s": f"{pause:.1f}", **meaning})
            await asyncio.sleep(pause)

    async def _run_once(self) -> int:
        self.starts += 1
        self.last_lines.clear()
        self.warning, self._warned_at = {}, 0.0
        process = await asyncio.create_subprocess_exec(
            str(self._binary),
            "node",
            "--home",
            str(self._engine),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            # Its own group: an interrupt on the terminal is for us, who stop it in order.
            start_new_session=True,
            limit=1 << 20,
        )
        self._process = process
        self._say("ENGINE_STARTED", {"pid": str(process.pid), "start": str(self.starts)})
        assert process.stdout is not None
        with self._log.open("ab", buffering=0) as log:
            while True:
                try:
                    line = await process.stdout.readline()
                except ValueError:
                    continue  # A line longer than the limit: dropped, it is a log.
                if not line:
                    break
                # Of a disk without room CometBFT's own end tells; a lost line of its log is no reason to stop.
                with suppress(OSError):
                    log.write(line)
                text = line.decode("utf-8", "replace").rstrip()
                self.last_lines.append(text)
                self._heed(text)
        return await process.wait()

    def _heed(self, line: str) -> None:
        if _HALTED in line and self._process is not None:
            # Started again it either goes on, for a crash loses nothing, or says at once why it cannot.
            with suppress(ProcessLookupError):
                self._process.kill()
        for text, code, meaning in _WARNINGS:
            if text in line:
                self.warning = {"code": code, "meaning": meaning}
                now = asyncio.get_running_loop().time()
                if not self._warned_at or now - self._warned_at > WARN_AGAIN_S:
                    self._warned_at = now
                    self._say("ENGINE_WARNED", self.warning)

    def explain(self) -> dict[str, str]:
        """What the last lines mean, as far as they are known."""
        for line in reversed(self.last_lines):
            for text, code, meaning in _MEANINGS:
                if text in line:
                    return {"code": code, "meaning": meaning}
        said = next(
            (_message(line) for line in reversed(self.last_lines) if '"level":"error"' in line or "ERROR" in line), ""
        )
        return {"said": said[:300]} if said else {}

    async def stop(self) -> None:
        """End it, in order if it will."""
        self._stopping = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), timeout=10)
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def _message(line: str) -> str:
    try:
        fields = json.loads(line)
    except ValueError:
        return line
    return f"{fields.get('_msg', '')} {fields.get('err', '')}".strip() if isinstance(fields, dict) else line
