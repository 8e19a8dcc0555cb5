"""Processes of nodes on one machine."""

from __future__ import annotations

import subprocess
import sys
import time

import msgspec

from hefu.services.nodes.local import runs
from hefu.services.nodes.node import Whereabouts
from hefu.services.nodes.ports import check_ports, first_free

# Listens, holds so much memory that giving it back takes a while, and has threads that are at the disk when it ends.
LISTENER = """
import os, socket, sys, tempfile, threading
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
held = bytes(range(1, 251)) * 1_200_000

def write():
    with tempfile.TemporaryFile() as file:
        while True:
            file.seek(0)
            file.write(held[:20_000_000])
            os.fsync(file.fileno())

for _ in range(3):
    threading.Thread(target=write, daemon=True).start()
print("ready", flush=True)
sys.stdin.read()
"""


def test_a_process_that_ends_is_there_until_its_ports_are_free():
    port = first_free(1, 30_100)
    process = subprocess.Popen(
        [sys.executable, "-c", LISTENER, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        assert runs(process.pid, str(port))
        assert not runs(process.pid, "another's")
        process.kill()
        end = time.monotonic() + 30
        while runs(process.pid, str(port)):
            assert time.monotonic() < end
        check_ports([port])
    assert not runs(process.pid, str(port))


def test_a_node_of_before_handovers_can_read_where_a_network_stands():
    there = Whereabouts(chain_id="aa", genesis_time="2026-07-01T00:00:00Z", peers=["b"], snapshots=[7])
    assert set(msgspec.json.decode(msgspec.json.encode(there))) == {"chain_id", "genesis_time", "peers", "snapshots"}
    grown = msgspec.structs.replace(there, handover=b"votes")
    assert msgspec.json.decode(msgspec.json.encode(grown), type=Whereabouts) == grown
