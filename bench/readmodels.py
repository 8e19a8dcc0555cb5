"""
Events a second into the read models: `python -m bench.readmodels [--rights N] [--commands N] [--live] [--url URL] [--profile]`.

Each right is a story of nine events: two invoices, a proposal, its confirmation, a split, an assignment; one core does it all.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from hefu import bootstrap
from hefu.contracts.receivables import commands as rc
from hefu.kernel.codec import Record
from hefu.kernel.signer import KeySigner
from hefu.ledger.chain import CommittedBlock
from hefu.readmodels.projector import Projector, batches
from world import World, salt

BLOCK_TRANSACTIONS = 200


def stages(world: World, number: int) -> list[tuple[list[Record], tuple[str, ...]]]:
    """The commands of one right with their signers, in order."""
    name, child = f"{number}", f"part {number}"
    right, part = world.new_id("Parts", name, "right"), world.new_id("Parts", child, "right")
    return [
        ([world.register_command("Parts", "Steel", "inv " + name, 1000)], ("Parts",)),
        ([world.propose_command("Parts", "inv " + name, name, 1000)], ("Parts",)),
        ([world.confirm_command("Parts", "inv " + name, name, 1000)], ("Steel",)),
        ([rc.Split(right, salt(child), 400)], ("Parts",)),  # type: ignore[arg-type]
        ([world.register_command("Bolts", "Parts", "bill " + name, 400, standing=True)], ("Bolts",)),
        (
            [
                rc.Assign(
                    part,
                    world.account("Bolts"),
                    world.new_id("Bolts", "bill " + name, "document"),
                    world.tag("bill " + name),
                    False,
                )
            ],
            ("Parts",),
        ),
    ]


def history(rights: int, commands: int) -> tuple[World, list[CommittedBlock]]:
    """A ledger with so many rights, `commands` of them signed together as one transaction."""
    world = World()
    chain = world.chain
    for first in range(0, rights, commands * BLOCK_TRANSACTIONS):
        numbers = range(first, min(rights, first + commands * BLOCK_TRANSACTIONS))
        waiting = [stages(world, number) for number in numbers]
        for stage in zip(*waiting):
            raws = []
            for at in range(0, len(stage), commands):
                group = [command for made, _ in stage[at : at + commands] for command in made]
                signers: list[KeySigner] = [world.signers[name] for name in stage[0][1]]
                raws.append(world.draft(group, *signers).wire())
            world.block_ms += 1000
            outcome = chain.append(raws, world.block_ms)
            assert all(receipt.ok for receipt in outcome.receipts), outcome.receipts[0].code
    blocks = [chain.block(height) for height in range(chain.tip.height + 1)]
    return world, [block for block in blocks if block is not None]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rights", type=int, default=10_000)
    parser.add_argument("--commands", type=int, default=1, help="commands in one transaction")
    parser.add_argument("--live", action="store_true", help="one SQL transaction a block")
    parser.add_argument("--url", default="")
    parser.add_argument("--profile", action="store_true")
    arguments = parser.parse_args()
    world, blocks = history(arguments.rights, arguments.commands)
    events = sum(len(result.events) for block in blocks for result in block.results)
    with tempfile.TemporaryDirectory() as folder:
        projector = Projector(arguments.url or f"sqlite:///{folder}/views.db", bootstrap.application(), world.genesis)
        profile = cProfile.Profile()
        if arguments.profile:
            profile.enable()
        before, spent = time.perf_counter(), time.process_time()
        for batch in [[block] for block in blocks] if arguments.live else batches(blocks):
            projector.project(batch)
        took, spent = time.perf_counter() - before, time.process_time() - spent
        profile.disable()
        projector.close()
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
    print(f"{events} events in {len(blocks)} blocks: {took:.1f} s, {events / took:,.0f} events/s, ", end="")
    print(f"{events / spent:,.0f} events a second of processor time, {size / 1e6:.0f} MB")
    if arguments.profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    main()
