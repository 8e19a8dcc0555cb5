"""`hefu ledger events`: everything that happened, in order, for programs that follow the ledger."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import click
import msgspec

from hefu import bootstrap
from hefu.cli.common import common, not_archived, reading
from hefu.cli.language import t
from hefu.cli.output import Output
from hefu.ledger.chain import Chain, CommittedBlock

#: Seconds between two looks at an embedded ledger, and for which a node keeps a question waiting.
LOOK_S = 1.0
WAIT_S = 10.0


@click.command(
    "events",
    help=t("Events in order, a line of JSON each; from a height on.", "按序列出事件，每行一个 JSON，可指定起始高度。"),
)
@click.option(
    "--from",
    "first",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help=t(
        "The first block. Go on with one more than the last height that you got.",
        "起始区块；续读时取上次所得最后高度加一。",
    ),
)
@click.option("--follow", is_flag=True, help=t("Wait for more, until interrupted.", "持续等待新事件，直到中断。"))
@common
def list_events(output: Output, first: int, follow: bool) -> None:
    """The same lines with and without --json: this is for programs. A block's lines come together or not at all."""
    codec = bootstrap.application().event_codec
    try:
        for block in _blocks(first, follow):
            lines = [
                json.dumps(
                    {
                        "height": block.height,
                        "at_ms": block.header.at_ms,
                        "transaction": result.transaction_id.hex(),
                        "index": index,
                        "event": type(event).__struct_config__.tag,
                        "fields": _plain(event),
                    },
                    ensure_ascii=False,
                )
                for result in block.results
                for index, event in enumerate(map(codec.load, result.events))
            ]
            sys.stdout.write("".join(line + "\n" for line in lines))
            sys.stdout.flush()
    except KeyboardInterrupt:
        return


def _blocks(first: int, follow: bool) -> Iterator[CommittedBlock]:
    while True:
        with reading() as (home, chain):
            if home.network.exists():
                yield from _of_network(chain, first, follow)
                return
            for height in range(first, chain.tip.height + 1):
                block = chain.block(height)
                if block is None:
                    raise not_archived(chain.store)
                yield block
            first = max(first, chain.tip.height + 1)
        if not follow:
            return
        time.sleep(LOOK_S)


def _of_network(chain: Chain, first: int, follow: bool) -> Iterator[CommittedBlock]:
    from hefu.services.nodes.client import RemoteChain

    assert isinstance(chain, RemoteChain)
    last = chain.tip.height
    while follow or first <= last:
        found = chain.client.blocks(first, WAIT_S if first > last else 0.0)
        if not found and first <= last:
            raise not_archived(chain.store)
        for block in found:
            yield block
            first = block.height + 1


def _plain(value: Any) -> Any:
    """A record by the names of its fields, bytes as hexadecimal digits."""
    if isinstance(value, msgspec.Struct):
        return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else value
