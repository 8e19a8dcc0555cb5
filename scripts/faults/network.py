"""Faults of the links between nodes: partitions, delay, loss."""

from __future__ import annotations

import time

from faults.scene import Scene
from hefu.services.nodes.forwarders import Condition

CUT_S = 5.0
#: What is on its way when a cut begins may still decide one block.
SETTLE_S = 1.0
POOR_S = 7.0
SLOW = Condition(delay_s=0.1, jitter_s=0.2)
LOSSY = Condition(stalls_per_s=1.0, stall_s=0.6, resets_per_s=0.02)


def partition_one(scene: Scene) -> None:
    """One of four is cut off and hears nothing: it decides nothing, the others go on."""
    _cut_one(scene, silent=True)


def partition_one_closed(scene: Scene) -> None:
    """The same, but its connections are closed, and dialled again."""
    _cut_one(scene, silent=False)


def _cut_one(scene: Scene, *, silent: bool) -> None:
    scene.whole()
    name = scene.some_node()
    others = [other for other in scene.local.nodes if other != name]
    scene.links.partition([name], silent=silent)
    time.sleep(SETTLE_S)
    alone, together = scene.height(name), max(map(scene.height, others))
    acknowledged = len(scene.load.acknowledged)
    time.sleep(CUT_S)
    if scene.height(name) > alone:
        raise SystemExit(f"WRONG: {name} decided alone")
    if max(map(scene.height, others)) <= together or len(scene.load.acknowledged) <= acknowledged:
        raise SystemExit("STUCK: three of four decided nothing")
    scene.seen["blocks that the three decided"] += max(map(scene.height, others)) - together
    scene.links.heal()


def partition_two(scene: Scene) -> None:
    """Two against two: nobody decides anything until it is healed."""
    scene.whole()
    names = list(scene.local.nodes)
    scene.chance.shuffle(names)
    scene.links.partition(names[:2], names[2:])
    time.sleep(SETTLE_S)
    before = {name: scene.height(name) for name in names}
    acknowledged = len(scene.load.acknowledged)
    time.sleep(CUT_S)
    after = {name: scene.height(name) for name in names}
    if after != before or len(scene.load.acknowledged) > acknowledged:
        raise SystemExit(f"WRONG: half of the power decided: {before}, {after}")
    scene.links.heal()


def slow_links(scene: Scene) -> None:
    """Between 100 and 300 ms on every way."""
    _poor(scene, SLOW)


def lossy_links(scene: Scene) -> None:
    """Every second or so each way stands still for up to 0.6 s; now and then a connection is reset."""
    before = scene.links.report()
    _poor(scene, LOSSY)
    after = scene.links.report()
    scene.seen["stalls"] += after.stalls - before.stalls
    scene.seen["resets"] += after.resets - before.resets


def _poor(scene: Scene, condition: Condition) -> None:
    scene.whole()
    heights = max(map(scene.height, scene.local.nodes))
    acknowledged = len(scene.load.acknowledged)
    scene.links.impair(condition)
    time.sleep(POOR_S)
    if len(scene.load.acknowledged) <= acknowledged:
        raise SystemExit(f"STUCK: nothing was answered over links with {condition}")
    scene.seen["blocks decided over poor links"] += max(map(scene.height, scene.local.nodes)) - heights
    scene.links.heal()
