"""Validators that lie, vote twice, or do not know what time it is; and what no validator should be offered."""

from __future__ import annotations

import base64
import json
import shutil
import time
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path

import httpx

from faults.crashes import restart
from faults.processes import start
from faults.scene import Scene, Skipped
from hefu.ledger.engines.cometbft.parcel import pack
from hefu.services.nodes import engine_home
from hefu.services.nodes.local import HOST
from hefu.services.nodes.node import PORTS_A_NODE, NodeFile, NodeHome
from hefu.services.nodes.ports import first_free
from hefu.services.nodes.supervisor import VERSION

LIES = ("garbage", "signature", "too many")
REJECTED = "state machine rejected a proposed block"
CLOCK_S = 60.0
#: How far the time of a block may lie from ours: blocks bear the time of the votes before, of up to five seconds ago.
CLOCK_ERROR_S = 12.0
TWINS_S = 90.0
CLOCK_PROGRAM = Path(__file__).resolve().parents[2] / ".tools" / f"cometbft-{VERSION}-clock"


def _rejections(scene: Scene, name: str) -> int:
    return (scene.local.nodes[name].path / "engine.log").read_text(errors="replace").count(REJECTED)


def invalid_proposals(scene: Scene) -> None:
    """A proposer of garbage, of a forged signature, of more than a block takes: the others vote for none of it."""
    scene.whole()
    name = scene.some_node()
    others = [other for other in scene.local.nodes if other != name]
    log = scene.local.nodes[name].path / "lies.log"
    with suppress(FileNotFoundError):
        log.unlink()
    before = {other: _rejections(scene, other) for other in others}
    restart(scene, name, "--lie")

    def refused() -> int:
        lies = log.read_text().split("\n") if log.exists() else []
        told = min(_rejections(scene, other) - before[other] for other in others)
        return min(told, len(lies)) if set(LIES) <= set(lies) and told >= len(LIES) else 0

    # One proposal in four is the liar's.
    scene.seen["lies that all others refused"] += scene.wait("the lies are not refused", refused, 120)
    restart(scene, name)


def same_key_twice(scene: Scene) -> None:
    """A second engine with the key of a validator: the network records the evidence and goes on."""
    scene.whole()
    name = scene.some_node()
    node = scene.local.nodes[name]
    twin = NodeHome(scene.local.home / "nodes" / "twin")
    first = first_free(PORTS_A_NODE, 31_000)
    file = NodeFile(
        name="twin",
        p2p_port=first,
        rpc_port=first + 1,
        gateway_port=first + 2,
        metrics_port=first + 3,
        genesis_time=node.read().genesis_time,
    )
    twin.make(file)
    shutil.copy(node.engine / "config" / "priv_validator_key.json", twin.engine / "config")
    peers = [
        engine_home.Peer(engine_home.read_keys(other.engine).id, HOST, other.read().p2p_port)
        for other in scene.local.nodes.values()
        if other is not node
    ]
    twin.settle(node.genesis.read_bytes(), peers)
    honest = next(other for other in scene.local.nodes if other != name)
    began = scene.height(honest)
    scene.local.nodes["twin"] = twin
    try:
        start(scene.local, "twin")
        scene.wait("the second engine does not vote", lambda: scene.voting("twin"))
        seen, end = 0, time.monotonic() + TWINS_S
        while not seen and time.monotonic() < end:
            time.sleep(1)
            seen = scene.evidence(began, scene.height(honest))
        scene.seen["pieces of evidence of double votes on the chain"] += seen
        if not seen:
            raise SystemExit(f"WRONG: two engines sign with one key for {TWINS_S:.0f} s, and nobody sees it")
        told = [where for where in (name, "twin") if scene.engine(where).get("code") == "TWO_VALIDATORS"]
        if not told:
            raise SystemExit("WRONG: two engines sign with one key, and neither node says so")
        scene.seen["nodes that said TWO_VALIDATORS"] += len(told)
    finally:
        scene.local.stop("twin")
        del scene.local.nodes["twin"]
        shutil.rmtree(twin.path)


def clock_off(scene: Scene) -> None:
    """One validator's clock a minute ahead, then a minute behind: the time of blocks stays that of the others."""
    if not CLOCK_PROGRAM.exists():
        raise Skipped(f"no CometBFT whose clock can be off: scripts/install_cometbft.sh {VERSION} clock")
    scene.whole()
    name = scene.some_node()
    honest = next(other for other in scene.local.nodes if other != name)
    key = base64.b64encode(engine_home.read_keys(scene.local.nodes[name].engine).validator).decode()
    for seconds in (CLOCK_S, -CLOCK_S):
        restart(scene, name, "--clock", str(seconds), "--cometbft", str(CLOCK_PROGRAM))
        scene.wait(f"{name} is not back", lambda: scene.voting(name))
        address = next(
            found["address"]
            for found in scene.rpc(honest, "validators")["result"]["validators"]
            if found["pub_key"]["value"] == key
        )
        first = scene.height(honest) + 1
        scene.wait(
            f"nothing is decided with a clock off by {seconds:+.0f} s", partial(_above, scene, honest, first + 8)
        )
        off = [found for at in range(first, first + 8) for found in _vote_off(scene, honest, at, address)]
        if not off:
            raise SystemExit(f"WRONG: {name} does not vote with its clock off by {seconds:+.0f} s")
        # Behind, a vote still bears a later time than the block that it is for, as consensus demands.
        if seconds > 0 and min(off) < seconds / 2:
            raise SystemExit(f"WRONG: the clock of {name} is not off: {off}")
        error = abs(scene.local.status_of(honest)["at_ms"] / 1000 - time.time())
        if error > CLOCK_ERROR_S:
            raise SystemExit(f"WRONG: one clock of four moved the time of blocks by {error:.0f} s")
        scene.seen["votes with a clock that is off"] += len(off)
        scene.seen["seconds by which one of them was ahead"] = max(
            round(max(off)), scene.seen["seconds by which one of them was ahead"]
        )
    restart(scene, name)


def _above(scene: Scene, name: str, height: int) -> bool:
    return scene.height(name) > height


def _vote_off(scene: Scene, honest: str, height: int, address: str) -> list[float]:
    """By how many seconds a validator's vote for a block differs from the median of the others'."""
    found = scene.rpc(honest, "commit", height=str(height)).get("result")
    if not found:
        return []
    times = {
        vote["validator_address"]: datetime.fromisoformat(vote["timestamp"][:19] + "+00:00").timestamp()
        for vote in found["signed_header"]["commit"]["signatures"]
        if vote["validator_address"]
    }
    own = times.pop(address, None)
    return [] if own is None or not times else [own - sorted(times.values())[len(times) // 2]]


def oversized(scene: Scene) -> None:
    """Straight to CometBFT's RPC: bytes past any parcel, garbage, more transactions than a block takes, an empty parcel."""
    name = scene.some_node()
    scene.wait(f"{name} is not back", lambda: scene.voting(name))
    raw = scene.load.transaction()
    most = 2 * 1000 + 1
    offered = {
        "too many bytes": scene.chance.randbytes(engine_home.PARCEL_BYTES_MAX + 1),
        "a parcel of too many bytes": pack([raw] * (engine_home.PARCEL_BYTES_MAX // len(raw) + 1)),
        "garbage": scene.chance.randbytes(1000),
        "too many transactions": pack([raw] * most),
        "no transaction": pack([]),
        "a forged signature": pack([raw[:-1] + bytes([raw[-1] ^ 1])]),
    }
    for what, parcel in offered.items():
        answer = scene.rpc(name, "broadcast_tx_sync", tx=base64.b64encode(parcel).decode())
        if "error" not in answer and not answer["result"]["code"]:
            raise SystemExit(f"WRONG: the engine took {what}: {json.dumps(answer)[:300]}")
        scene.seen["bodies that the engine's door refused"] += 1
    url = f"http://{HOST}:{scene.local.nodes[name].read().rpc_port}"
    with suppress(httpx.HTTPError):
        body = b'{"jsonrpc":"2.0","id":1,"method":"broadcast_tx_sync","params":{"tx":"' + b"A" * (24 << 20) + b'"}}'
        said = httpx.post(url, content=body, headers={"Content-Type": "application/json"}, timeout=20)
        if said.status_code == 200 and "error" not in said.json():
            raise SystemExit("WRONG: the engine took a body of 24 MiB")
