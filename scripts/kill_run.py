"""
Kill the ledger at random instants under load and look for what was lost or doubled.

    python scripts/kill_run.py --kills 1000

A child process runs the embedded engine under load and reports every acknowledgement. The parent kills it (SIGKILL) at a random
instant; every second time it also cuts the store's write-ahead log at a random place at or beyond the last synced byte, as a
power failure may. Then it opens the ledger and checks: every acknowledged transaction is there with the same answer; no
transaction is in two blocks; the state root is the tip's. Now and then, and at the end, everything is recomputed from the bodies.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from datetime import date, timedelta
from pathlib import Path

from measured_store import MeasuredProcess, MeasuredStore, say

from hefu import bootstrap
from hefu.contracts.receivables import commands as rc
from hefu.kernel.codec import Record
from hefu.kernel.ids import SALT_BYTES
from hefu.kernel.money import Amount
from hefu.ledger import block as blocks
from hefu.ledger import transaction as transactions
from hefu.ledger.chain import Chain
from hefu.ledger.engine import Ticket
from hefu.ledger.genesis import Genesis
from hefu.ledger.store import RocksStore, at_height
from hefu.services import audit
from hefu.services.founding import FounderSpec
from hefu.services.home import Home
from hefu.services.network import Network
from hefu.services.trade import InvoiceDocument, Trade

PASSPHRASE = "kill-run"
OUTSTANDING = 400


# -- the child ----------------------------------------------------------------------------------------------------


def child(home_path: Path, seed: int) -> None:
    """Load until killed: register, propose, confirm and split, and say what was acknowledged."""
    import hefu.services.network as network_module

    os.environ["PYTHONPATH"] = str(Path(__file__).parent)
    network_module.RocksStore = MeasuredStore  # type: ignore[misc]
    network_module.StoreProcess = MeasuredProcess  # type: ignore[misc]
    # Every second time with signatures, store and state tree in processes of their own, and several blocks on their way at once.
    network = Network(Home(home_path), bootstrap.application(), PASSPHRASE, verifiers=seed // 2 % 2)
    trade = Trade(network)
    seller, buyer = network.home.party("Parts"), network.home.party("Steel")
    signers = (network.ring(seller).office, network.ring(buyer).office)
    say("ready")
    waiting: deque[tuple[bytes, Ticket]] = deque()
    number = seed * 10**7
    while True:
        number += 1
        invoice = InvoiceDocument(f"{number:020d}", date(2026, 1, 1), 100_000)
        register, document, _ = trade.prepare_register(seller, buyer, invoice)
        now = int(time.time() * 1000)
        propose, right, _ = trade.prepare_propose(seller, document, 100_000, date.today() + timedelta(days=90), now)
        confirm = trade.prepare_confirm(buyer, seller, right, 100_000, invoice)
        split = rc.Split(right, number.to_bytes(SALT_BYTES, "big"), Amount(1 + number % 99_999))
        commands: list[Record] = [register, propose, confirm, split]
        draft = network.draft(commands, *signers)
        waiting.append((draft.id, network.engine.submit(draft.wire())))
        while waiting and (waiting[0][1].done or len(waiting) > OUTSTANDING):
            identifier, ticket = waiting.popleft()
            say(f"ack {identifier.hex()} {ticket.wait().code}")


# -- the parent ---------------------------------------------------------------------------------------------------


def make_home(path: Path) -> None:
    """A ledger with a core enterprise and a supplier."""
    network = Network.create(
        path,
        bootstrap.application(),
        name="kill-run",
        founders=[FounderSpec("Operator", ("platform_operator",), True), FounderSpec("Bank", ("bank",), True)],
        passphrase=PASSPHRASE,
        cost=1024,
    )
    network.enrol(FounderSpec("Steel", ("core_enterprise",)), "Operator")
    network.enrol(FounderSpec("Parts", ("supplier",)), "Operator")
    network.close()


def run_child(home: Path, seed: int, chance: random.Random) -> tuple[dict[bytes, str], tuple[str, int]]:
    """Start a child, kill it after a random while; what it acknowledged, and the log's last synced size."""
    process = subprocess.Popen(
        [sys.executable, __file__, "--child", str(home), str(seed)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    first = process.stdout.readline()
    while first.startswith(b"wal"):
        first = process.stdout.readline()
    if first.strip() != b"ready":
        raise SystemExit(f"the ledger did not open: {process.stderr.read().decode()[-2000:]}")
    time.sleep(chance.uniform(0.0, 0.6))
    if chance.random() < 0.5:
        # All of its processes at one instant, as when the machine stops.
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.send_signal(signal.SIGKILL)
    said, _ = process.communicate()
    acknowledged: dict[bytes, str] = {}
    log = ("", 0)
    # The last line may be cut in the middle: it then ends without a line feed and was never said.
    for line in said[: said.rfind(b"\n") + 1].decode().splitlines():
        word, *rest = line.split()
        if word == "ack":
            acknowledged[bytes.fromhex(rest[0])] = rest[1]
        elif word == "wal":
            log = (rest[0], int(rest[1]))
    return acknowledged, log


def cut_log(folder: Path, log: tuple[str, int], chance: random.Random) -> int:
    """Cut the write-ahead log at a random place at or beyond its last synced byte; how many bytes went."""
    path = folder / log[0]
    if not log[0] or not path.exists():
        return 0
    size = path.stat().st_size
    if size <= log[1]:
        return 0
    keep = chance.randint(log[1], size)
    with path.open("r+b") as file:
        file.truncate(keep)
    return size - keep


class Checker:
    """
    What must be true after every kill.

    Args:
        home: The ledger under test.
    """

    def __init__(self, home: Path) -> None:
        self.home = Home(home)
        self.genesis = Genesis.read(self.home.genesis)
        self.seen: dict[bytes, int] = {}
        self.checked_height = 0
        self.acknowledged: dict[bytes, str] = {}

    def check(self, acknowledged: dict[bytes, str], *, everything: bool) -> int:
        """Open, compare, close; the height."""
        self.acknowledged.update(acknowledged)
        store = RocksStore(self.home.ledger)
        try:
            # Opening compares the stored tree's root with the tip's.
            chain = Chain(self.genesis, bootstrap.application(), store, found=False)
            height = chain.tip.height
            if height < self.checked_height:
                raise SystemExit(f"LOST: the tip went back from {self.checked_height} to {height}")
            for number in range(self.checked_height + 1, height + 1):
                raw = store.get(at_height(b"t", number))
                if raw is None:
                    raise SystemExit(f"LOST: block {number} has no body")
                for transaction in blocks.BODY.load(raw):
                    wire = transactions.WIRE.load(transaction)
                    identifier = transactions.transaction_id(self.genesis.hash, wire.header)
                    if identifier in self.seen:
                        raise SystemExit(f"DOUBLED: {identifier.hex()} in {self.seen[identifier]} and {number}")
                    self.seen[identifier] = number
            self.checked_height = height
            for identifier, code in (self.acknowledged if everything else acknowledged).items():
                receipt = chain.receipt(identifier)
                if receipt is None or receipt.code != code or identifier not in self.seen:
                    raise SystemExit(f"LOST: {identifier.hex()} was acknowledged with {code}")
            if everything:
                for finding in audit.check_all(chain):
                    if not finding.holds:
                        raise SystemExit(f"BROKEN: {finding.name}: {finding.first_violation}")
        finally:
            store.close()
        return height


def main() -> int:
    """Run; exit code 1 with the first thing lost, doubled or broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--audit-every", type=int, default=100, help="recompute everything after so many kills")
    parser.add_argument("--fresh-every", type=int, default=200, help="begin a new ledger after so many kills")
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    began, total_acknowledged, cuts, cut_bytes, highest = time.time(), 0, 0, 0, 0
    work = Path(tempfile.mkdtemp(prefix="hefu-kill-"))
    try:
        checker: Checker | None = None
        for kill in range(1, arguments.kills + 1):
            if checker is None or (kill - 1) % arguments.fresh_every == 0:
                shutil.rmtree(work / "home", ignore_errors=True)
                make_home(work / "home")
                checker = Checker(work / "home")
            acknowledged, log = run_child(work / "home", kill, chance)
            if kill % 2 == 0:
                gone = cut_log(checker.home.ledger, log, chance)
                cuts, cut_bytes = cuts + (gone > 0), cut_bytes + gone
            last = kill == arguments.kills or kill % arguments.fresh_every == 0
            highest = checker.check(acknowledged, everything=last or kill % arguments.audit_every == 0)
            total_acknowledged += len(acknowledged)
            if sys.stderr.isatty() or kill % 50 == 0 or kill == arguments.kills:
                print(f"\r{kill} kills, {total_acknowledged} acknowledged, height {highest}", end="", file=sys.stderr)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(file=sys.stderr)
    print(
        f"{arguments.kills} kills, {total_acknowledged} transactions acknowledged: 0 lost, 0 doubled; "
        f"{cuts} logs cut beyond the last synced byte ({cut_bytes} bytes); {time.time() - began:.0f} s"
    )
    return 0


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] == "--child":
        child(Path(sys.argv[2]), int(sys.argv[3]))
    sys.exit(main())
