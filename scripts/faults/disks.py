"""Faults of what a node has on its disk: no room left, an old copy put back."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

from faults.processes import start
from faults.scene import Scene, Skipped
from hefu.kernel.errors import EngineError
from hefu.services.nodes.local import RUN

#: Room beside what the node has already, before the disk is filled.
ROOM_BYTES = 48 << 20
#: What is left then: enough for a moment.
LEFT_BYTES = 256 << 10
VOTES = Path("engine") / "data" / "priv_validator_state.json"


def full_disk(scene: Scene) -> None:
    """A node's folder on a disk of its own that is full: it says so and stops deciding; with room again it goes on."""
    scene.whole()
    name = scene.some_node()
    folder = scene.local.nodes[name].path
    aside = folder.with_name(f"{name}.aside")
    used = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    scene.local.stop(name)
    folder.rename(aside)
    folder.mkdir(mode=0o700)
    try:
        _mount(folder, used + ROOM_BYTES)
    except Skipped:
        folder.rmdir()
        aside.rename(folder)
        start(scene.local, name)
        raise
    try:
        _copy(aside, folder)
        start(scene.local, name)
        scene.wait(f"{name} is not back", lambda: scene.voting(name))
        filler = folder / "filler"
        _fill(filler)
        scene.wait(f"{name} does not say that its disk is full", lambda: _says_full(scene, name), 120)
        scene.seen["nodes that said DISK_FULL"] += 1
        filler.unlink()
        # As systemd does: whatever ended is started again.
        start(scene.local, name)
        scene.wait(f"{name} does not come back with room on its disk", lambda: _again(scene, name), 120)
    finally:
        with suppress(FileNotFoundError):
            (folder / "filler").unlink()
        scene.local.stop(name)
        shutil.rmtree(aside)
        _copy(folder, aside)
        subprocess.run(["umount", str(folder)], check=True)
        folder.rmdir()
        aside.rename(folder)
    start(scene.local, name)


def _copy(folder: Path, to: Path) -> None:
    """A stopped node's folder, as a backup has it."""
    shutil.copytree(folder, to, ignore=shutil.ignore_patterns("app.sock", "pid"), dirs_exist_ok=True)


def _mount(folder: Path, size: int) -> None:
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "hefu-fault", str(folder)]
    if os.geteuid() or subprocess.run(command, capture_output=True).returncode:
        raise Skipped("a disk of its own for a node needs the right to mount one")


def _fill(filler: Path) -> None:
    """Take all room but a little."""
    room = shutil.disk_usage(filler.parent).free - LEFT_BYTES
    with filler.open("wb") as file, suppress(OSError):
        while room > 0:
            file.write(bytes(min(room, 1 << 20)))
            file.flush()
            room -= 1 << 20


def _says_full(scene: Scene, name: str) -> bool:
    if scene.local.pid(name) is not None:
        return scene.engine(name).get("code") == "DISK_FULL"
    # It ended, and its last words found no room either: started again it says them here.
    with suppress(subprocess.TimeoutExpired):
        done = subprocess.run([*RUN, str(scene.local.nodes[name].path)], capture_output=True, text=True, timeout=10)
        return done.returncode == EngineError.exit_code and "DISK_FULL" in done.stderr
    return False


def _again(scene: Scene, name: str) -> bool:
    if scene.local.pid(name) is None:
        start(scene.local, name)
    return scene.voting(name)


def restore_backup(scene: Scene) -> None:
    """A node's whole folder from some blocks ago put back, with the newest record of its votes: it catches up."""
    _restore(scene, keep_votes=True)


def restore_backup_with_old_votes(scene: Scene) -> None:
    """The same with the old record of its votes, as nobody should: what it voted since, it no longer knows."""
    _restore(scene, keep_votes=False)


def _restore(scene: Scene, *, keep_votes: bool) -> None:
    name = scene.some_node()
    folder = scene.local.nodes[name].path
    backup = folder.with_name(f"{name}.backup")
    scene.local.stop(name)
    _copy(folder, backup)
    start(scene.local, name)
    scene.wait(f"{name} is not back", lambda: scene.voting(name))
    began = scene.height(name)
    scene.wait(f"{name} does not follow", lambda: scene.height(name) >= began + 4)
    scene.local.stop(name)
    votes = (folder / VOTES).read_bytes()
    shutil.rmtree(folder)
    backup.rename(folder)
    if keep_votes:
        (folder / VOTES).write_bytes(votes)
    start(scene.local, name)
    scene.wait(f"{name} does not catch up", lambda: scene.voting(name) and scene.height(name) > began)
    other = next(other for other in scene.local.nodes if other != name)
    scene.seen["pieces of evidence after a backup was restored"] += scene.evidence(began, scene.height(other))
