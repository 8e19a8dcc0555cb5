"""Faults of processes and of what is sent to them: killed, frozen, restarted, robbed of their files, fed with garbage."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import httpx

from faults.scene import Scene
from hefu.kernel.errors import UsageError
from hefu.services.nodes import engine_home
from hefu.services.nodes.local import HOST, RUN, LocalNetwork, runs

FREEZE_S = 4.0


def pids_of(local: LocalNetwork, name: str) -> tuple[int | None, int | None]:
    """A node's process and its CometBFT's."""
    return local.pid(name), local.engine_pid(name)


def send(number: int, *pids: int | None) -> None:
    """A signal to processes, of which some may be gone."""
    for pid in pids:
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, number)


def end_of(pid: int | None, folder: Path, seconds: float = 20.0) -> None:
    """Wait until a CometBFT whose application went is gone too; what still stands then is killed."""
    end = time.monotonic() + seconds
    while pid is not None and runs(pid, str(folder)) and time.monotonic() < end:
        time.sleep(0.05)
    if pid is not None and runs(pid, str(folder)):
        send(signal.SIGKILL, pid)


def reap(local: LocalNetwork, name: str) -> None:
    """Wait until a killed node's process is gone."""
    end = time.monotonic() + 20
    while (pid := local.pid(name)) is not None and time.monotonic() < end:
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        time.sleep(0.05)


def start(local: LocalNetwork, *names: str, command: Sequence[str] = RUN) -> None:
    """As whoever runs a node does: again, until its ports are free of what was killed."""
    for name in names:
        end = time.monotonic() + 20
        while True:
            try:
                local.start(name, command)
                break
            except UsageError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)


def kill_node(scene: Scene) -> None:
    """A node and its engine, at once; started again a little later."""
    name = scene.some_node()
    scene.local.kill(name)
    time.sleep(scene.chance.uniform(0, 2))
    start(scene.local, name)


def kill_application(scene: Scene) -> None:
    """The ledger alone: the engine is left without its application, and ends."""
    name = scene.some_node()
    pid, engine = pids_of(scene.local, name)
    send(signal.SIGKILL, pid)
    reap(scene.local, name)
    end_of(engine, scene.local.nodes[name].engine)
    start(scene.local, name)


def kill_engine(scene: Scene) -> None:
    """The engine alone, in whatever window between FinalizeBlock and Commit it is: the supervisor starts it again."""
    name = scene.some_node()
    send(signal.SIGKILL, pids_of(scene.local, name)[1])


def freeze_node(scene: Scene) -> None:
    """A node stands still for some seconds, as a machine does that swaps."""
    pids = pids_of(scene.local, scene.some_node())
    send(signal.SIGSTOP, *pids)
    time.sleep(FREEZE_S)
    send(signal.SIGCONT, *pids)


def kill_two(scene: Scene) -> None:
    """Two of four at once: nothing is decided until one is back."""
    names = scene.chance.sample(list(scene.local.nodes), 2)
    scene.local.kill(*names)
    time.sleep(scene.chance.uniform(0, 3))
    start(scene.local, *names)


def kill_all(scene: Scene) -> None:
    """The whole network at one instant, as when the building's power fails."""
    names = list(scene.local.nodes)
    scene.local.kill(*names)
    start(scene.local, *names)


def restart_all(scene: Scene) -> None:
    """Down and up again, in order."""
    scene.local.down()
    start(scene.local, *scene.local.nodes)


def lose_ledger(scene: Scene) -> None:
    """A node's copy of the ledger is gone; its engine still has the blocks, and gives them again."""
    name = scene.some_node()
    scene.local.stop(name)
    shutil.rmtree(scene.local.nodes[name].ledger)
    start(scene.local, name)


def garbage(scene: Scene) -> None:
    """Random bytes on a node's application socket, its engine's RPC port, its gateway and the port of its peers."""
    node = scene.local.nodes[scene.some_node()]
    file = node.read()
    places: list[str | tuple[str, int]] = [str(engine_home.socket_of(node.engine))]
    places += [(HOST, port) for port in (file.rpc_port, file.gateway_port, file.p2p_port)]
    for place in places:
        for _ in range(3):
            kind = socket.AF_UNIX if isinstance(place, str) else socket.AF_INET
            with suppress(OSError), socket.socket(kind) as connection:
                connection.settimeout(1)
                connection.connect(place)
                connection.sendall(scene.chance.randbytes(scene.chance.choice([1, 100, 70_000])))


def flood(scene: Scene) -> None:
    """Hundreds of bodies that are no transaction, some of them larger than any."""
    node = scene.local.nodes[scene.some_node()]
    url = f"http://{HOST}:{node.read().gateway_port}/v1/transactions"
    headers = {"Authorization": f"Bearer {node.token.read_text().strip()}"}
    with httpx.Client(headers=headers, timeout=10) as client:
        for i in range(300):
            body = scene.chance.randbytes(2 << 20 if i % 100 == 0 else scene.chance.randrange(2000))
            with suppress(httpx.HTTPError):
                answer = client.post(url, content=body, params={"wait_s": "1"})
                assert answer.status_code != 500, answer.text
