"""
Break a network of four validators at random instants under load, and look for what was lost, doubled or left behind.

    python scripts/fault_run.py --each 5
    python scripts/fault_run.py --kills 1000

Each fault is injected so many times, in random order, while transactions go in through all gateways. After each the network
must go on: a transaction submitted after the fault is answered within a minute. At the end every acknowledged transaction is on
every node in the same place, none is there twice, and all state roots are equal. Prints a table of what was injected and seen.

With --kills a node, its ledger or its engine is killed so many times afterwards, one as soon as the one before has started again;
every fifty kills the load pauses and the nodes have to meet.
"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from faults import crashes, disks, network, processes, validators
from faults.scene import Load, Scene, Skipped, check, recover, settled

from hefu import bootstrap
from hefu.services.home import Home
from hefu.services.network import Network
from hefu.services.nodes.links import ports_of
from hefu.services.nodes.local import LocalNetwork
from hefu.services.nodes.node import PORTS_A_NODE
from hefu.services.nodes.ports import first_free

PASSPHRASE = "for tests only"
BANKS = ("Bank A", "Bank B", "Bank C", "Bank D")
#: One kill in so many comes while another node is not back yet.
RARELY = 20
MEET_KILLS = 50

FAULTS: tuple[Callable[[Scene], None], ...] = (
    processes.kill_node,
    processes.kill_application,
    processes.kill_engine,
    processes.freeze_node,
    processes.kill_two,
    processes.kill_all,
    processes.restart_all,
    processes.lose_ledger,
    processes.garbage,
    processes.flood,
    network.partition_one,
    network.partition_one_closed,
    network.partition_two,
    network.slow_links,
    network.lossy_links,
    crashes.crash_windows,
    crashes.crash_points,
    validators.invalid_proposals,
    validators.same_key_twice,
    validators.clock_off,
    validators.oversized,
    disks.full_disk,
    disks.restore_backup,
    disks.restore_backup_with_old_votes,
)


@dataclass
class Seen:
    """What was seen of one kind of fault."""

    injected: int = 0
    answered: int = 0
    took_s: float = 0.0
    recovery_s: list[float] = field(default_factory=list)
    skipped: str = ""


def inject(scene: Scene, plan: list[Callable[[Scene], None]]) -> dict[str, Seen]:
    """All faults of a plan, one after the other, with what was seen of each kind."""
    seen = {fault.__name__: Seen() for fault in plan}
    for number, fault in enumerate(plan, 1):
        time.sleep(scene.chance.uniform(0.2, 1.5))
        of, before, began = seen[fault.__name__], len(scene.load.acknowledged), time.monotonic()
        try:
            fault(scene)
        except Skipped as skipped:
            of.skipped = str(skipped)
        else:
            of.injected += 1
            of.recovery_s.append(recover(scene))
            of.answered += len(scene.load.acknowledged) - before
            of.took_s += time.monotonic() - began
        if scene.load.problems:
            break
        if sys.stderr.isatty() or number % 10 == 0 or number == len(plan):
            print(f"\r{number} of {len(plan)} faults", end="", file=sys.stderr)
    print(file=sys.stderr)
    return seen


def kill(scene: Scene, kills: int) -> int:
    """So many kills at random instants; the nodes meet now and then. An interrupt ends them early, and what was done counts."""
    ended = threading.Event()
    signal.signal(signal.SIGINT, lambda number, frame: ended.set())
    names = list(scene.local.nodes)
    for number in range(1, kills + 1):
        if scene.chance.randrange(RARELY):
            scene.wait("a node does not start", lambda: all(scene.engine(name).get("running") for name in names))
        time.sleep(scene.chance.uniform(0, 0.5))
        crashes.kill_at_random(scene)
        is_last = number == kills or ended.is_set()
        if number % MEET_KILLS == 0 or is_last:
            scene.load.pause()
            recover(scene)
            if len(set(settled(scene).values())) != 1:
                raise SystemExit("APART")
            print(f"{number} of {kills} kills, {len(scene.load.acknowledged)} acknowledged", file=sys.stderr)
            scene.load.resume()
        if is_last:
            return number
    return 0


def table(seen: dict[str, Seen]) -> None:
    """Print what was injected and seen."""
    print("| fault | injected | answered during it | seconds each | answered again after, median (most) |")
    print("|---|---|---|---|---|")
    for name, of in seen.items():
        if of.injected:
            typical, most = statistics.median(of.recovery_s), max(of.recovery_s)
            each = of.took_s / of.injected
            print(f"| `{name}` | {of.injected} | {of.answered} | {each:.0f} | {typical:.1f} s ({most:.1f}) |")
        else:
            print(f"| `{name}` | skipped: {of.skipped} | | | |")
    print()


def main() -> int:
    """Run; exit code 1 with the first thing lost, doubled or stuck."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=0, help="times that each fault is injected")
    parser.add_argument("--kills", type=int, default=0, help="kill so many times, after the faults")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", default=[], help="these faults alone, by name")
    parser.add_argument("--without", action="append", default=[], help="not these, by name")
    parser.add_argument("--brief", action="store_true", help="crash in each window once, with the victims in turn")
    parser.add_argument("--keep", action="store_true", help="leave the nodes' folders where they are")
    arguments = parser.parse_args()
    names = {fault.__name__ for fault in FAULTS}
    unknown = {*arguments.only, *arguments.without} - names
    if unknown:
        parser.error(f"no fault {min(unknown)}; there are {', '.join(sorted(names))}")
    if not arguments.each and not arguments.kills:
        parser.error("say how often: --each or --kills")
    # Whoever ends this run leaves no nodes behind, and no disk.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    chance = random.Random(arguments.seed)
    chosen = [
        fault
        for fault in FAULTS
        if (not arguments.only or fault.__name__ in arguments.only) and fault.__name__ not in arguments.without
    ]
    plan = [fault for fault in chosen for _ in range(arguments.each)]
    chance.shuffle(plan)
    seen: dict[str, Seen] = {}
    work = Path(tempfile.mkdtemp(prefix="hefu-fault-"))
    first = first_free(PORTS_A_NODE * len(BANKS) + ports_of(len(BANKS)), 29_000)
    local = LocalNetwork.create(
        work / "n",
        name="faults",
        operator="Operator",
        banks=BANKS,
        passphrase=PASSPHRASE,
        first_port=first,
        links_port=first + PORTS_A_NODE * len(BANKS),
        cost=1024,
    )
    try:
        local.up(timeout_s=120)
        with Network(Home(local.home), bootstrap.application(), PASSPHRASE, cost=1024) as opened:
            load = Load(local, opened)
            scene = Scene(local, load, chance, arguments.brief)
            load.start()
            if plan:
                seen = inject(scene, plan)
            kills = kill(scene, arguments.kills) if arguments.kills else 0
            load.stop()
            check(scene)
    finally:
        local.down()
        if arguments.keep:
            print(work, file=sys.stderr)
        else:
            shutil.rmtree(work, ignore_errors=True)
    if seen:
        table({fault.__name__: seen[fault.__name__] for fault in chosen})
    for what, times in scene.seen.items():
        print(f"{what}: {times}")
    faults = sum(of.injected for of in seen.values())
    print(
        f"\n{faults} faults and {kills} kills, {len(load.acknowledged)} transactions acknowledged: "
        "0 lost, 0 doubled, one state root on all nodes"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
