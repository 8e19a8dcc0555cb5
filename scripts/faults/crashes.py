"""Crashes at chosen instants: in every window around FinalizeBlock and Commit, and at CometBFT's own crash points."""

from __future__ import annotations

import signal
import sys
from functools import partial
from itertools import cycle, product
from pathlib import Path

from faults.faulty_node import VICTIMS, WINDOWS
from faults.processes import end_of, pids_of, reap, send, start
from faults.scene import Scene, recover

FAULTY = (sys.executable, str(Path(__file__).with_name("faulty_node.py")))
#: CometBFT calls its crash points that often while it decides one block.
POINTS = 11


def faulty(*options: str) -> tuple[str, ...]:
    """What runs a node that is faulty in some way."""
    return (*FAULTY, *options, "--node")


def restart(scene: Scene, name: str, *options: str) -> None:
    """Stop a node in order, and start it faulty in some way; in none without options."""
    scene.local.stop(name)
    if options:
        start(scene.local, name, command=faulty(*options))
    else:
        start(scene.local, name)


def crash_windows(scene: Scene) -> None:
    """Application, engine or both killed in each of six windows around FinalizeBlock and Commit: 18 crashes; in brief 6."""
    name = scene.some_node()
    order = scene.local.home / "death"
    restart(scene, name, "--die", str(order))
    folder = scene.local.nodes[name].engine
    in_turn = list(zip(WINDOWS, cycle(VICTIMS), strict=False))
    for window, victim in in_turn if scene.brief else product(WINDOWS, VICTIMS):
        scene.wait(f"{name} is not back", lambda: scene.voting(name))
        pid, engine = pids_of(scene.local, name)
        draft = scene.local.home / "death.draft"
        draft.write_text(f"{window}: {victim}")
        draft.rename(order)
        scene.wait(f"nobody dies {window}", lambda: not order.exists())
        if victim == "engine":
            scene.wait("the engine does not come again", partial(_again, scene, name, engine))
            if scene.local.pid(name) != pid:
                raise SystemExit(f"WRONG: the ledger ended with its engine, {window}: {scene.local.last_words(name)}")
        else:
            reap(scene.local, name)
            end_of(engine, folder)
            start(scene.local, name, command=faulty("--die", str(order)))
        scene.seen["crashes in windows"] += 1
        recover(scene)
    restart(scene, name)


def _again(scene: Scene, name: str, before: int | None) -> bool:
    """Whether another CometBFT than before runs."""
    return scene.engine(name).get("pid") not in (None, before)


def crash_points(scene: Scene) -> None:
    """CometBFT ends at each of its own crash points: around its log of votes, its store of blocks, FinalizeBlock and Commit."""
    name = scene.some_node()
    restart(scene, name, "--points", str(POINTS))
    scene.wait("CometBFT does not come through its crash points", lambda: _runs(scene, name) > POINTS, 180)
    scene.wait("CometBFT does not come again", lambda: scene.voting(name))
    scene.seen["crash points of CometBFT's own"] += _runs(scene, name) - 1
    restart(scene, name)


def _runs(scene: Scene, name: str) -> int:
    return int(scene.engine(name).get("starts", 0))


def kill_at_random(scene: Scene) -> None:
    """One node, its ledger or its engine, at once; started again at once. Nobody waits until it has caught up."""
    name = scene.some_node()
    pid, engine = pids_of(scene.local, name)
    # Of an engine that is down already only the ledger is left to kill.
    victim = scene.chance.choice(VICTIMS) if engine is not None else "application"
    if victim != "application":
        send(signal.SIGKILL, engine)
    if victim != "engine":
        send(signal.SIGKILL, pid)
        reap(scene.local, name)
        end_of(engine, scene.local.nodes[name].engine)
        start(scene.local, name)
    scene.seen[f"kills of {victim}"] += 1
