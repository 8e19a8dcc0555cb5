"""Runs the command as a user has it, and makes small ledgers for commands to work on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

HEFU = [sys.executable, "-m", "hefu.cli.main"]
WARM = Path(__file__).with_name("warm_hefu.py")
PASSPHRASE = "for tests only"
SELLER, BUYER, BANK, OTHER_BANK = "Anding Gears", "Hailan Motors", "First Bank", "Second Bank"


@cache
def command() -> list[str]:
    """The command, from a warm process; with HEFU_SIM=long as it is installed."""
    if os.environ.get("HEFU_SIM") == "long":
        return HEFU
    path = Path(tempfile.mkdtemp(prefix="hefu-warm-")) / "s"
    server = subprocess.Popen(
        [sys.executable, str(WARM), "serve", str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "HEFU_LANG": "en"},
    )
    assert server.stdout is not None
    assert server.stdout.readline() == b"ready\n"
    # It lives as long as this process: a reference keeps its standard input open.
    _SERVERS.append(server)
    return [sys.executable, "-I", "-S", str(WARM), "run", str(path), "hefu"]


_SERVERS: list[subprocess.Popen[bytes]] = []


def hefu(*arguments: str | Path, home: Path | None = None, code: int = 0, lang: str = "en", **environment: str) -> str:
    """Run the command; its standard output. The exit code must be as expected, and nothing may be a traceback."""
    env = {**os.environ, "HEFU_LANG": lang, "HEFU_PASSPHRASE": PASSPHRASE, **environment}
    if home is not None:
        env["HEFU_HOME"] = str(home)
    done = subprocess.run([*command(), *map(str, arguments)], capture_output=True, text=True, env=env, timeout=300)
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
    return done.stdout if code == 0 else done.stdout + done.stderr


def told(*arguments: str | Path, home: Path, **how: Any) -> Any:
    """What a command prints with --json."""
    return json.loads(hefu(*arguments, "--json", home=home, **how))


def practice(home: Path) -> Path:
    """A ledger on a simulated clock with two banks, a supplier and a core enterprise."""
    hefu("init", "Practice", "--bank", BANK, "--bank", OTHER_BANK, "--simulated-clock", "2026-07-01", home=home)
    hefu("org", "enrol", SELLER, home=home)
    hefu("org", "enrol", BUYER, "--role", "core_enterprise", home=home)
    return home


def invoice(home: Path, number: int = 1, gross: str = "90,000.00") -> str:
    """A registered invoice of the supplier on the core enterprise."""
    made = told(
        *("invoice", "register", "--as", SELLER, "--buyer", BUYER, "--number", f"253120000000{number:08d}"),
        *("--date", "2026-06-20", "--gross", gross),
        home=home,
    )
    return str(made["document"])


def right(
    home: Path, number: int = 1, gross: str = "90,000.00", due: str = "2026-10-01", *, confirm: bool = True
) -> str:
    """A receivable on an invoice of its own, confirmed or only proposed."""
    document = invoice(home, number, gross)
    made = str(told("receivable", "propose", document, "--amount", gross, "--due", due, home=home)["right"])
    if confirm:
        hefu("receivable", "confirm", made, home=home)
    return made
