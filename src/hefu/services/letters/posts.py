"""Which office an organisation of a home uses: its node's, or where no nodes keep the ledger, one that the home has for all."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from hefu.kernel.errors import HefuError
from hefu.services.home import PartyEntry
from hefu.services.letters.book import Book
from hefu.services.letters.office import Office, door_key
from hefu.services.letters.post import LocalPost, Post
from hefu.services.network import Network


class Posts:
    """
    Offices of a home's organisations, each opened once.

    Args:
        network: The opened home.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._open: dict[str, Post] = {}

    def __call__(self, party: PartyEntry) -> Post:
        """
        The office of an organisation: the node that was made for it; one without a node of its own uses the first.

        Raises:
            UsageError: This home's network cannot be read.
        """
        home = self._network.home
        if not home.network.exists():
            return self._opened("", self._local)
        # An HTTP client is loaded only where there is a network.
        from hefu.services.nodes.client import NodeClient
        from hefu.services.nodes.letters import RemotePost
        from hefu.services.nodes.local import read_network
        from hefu.services.nodes.node import NodeHome

        file = read_network(home.path)
        nodes = {name: NodeHome(home.path / "nodes" / name) for name in file.nodes}
        own = next((name for name, node in nodes.items() if node.read().bank == party.name), file.nodes[0])
        url, token = file.urls[file.nodes.index(own)], nodes[own].token.read_text().strip()
        return self._opened(own, lambda: RemotePost(NodeClient([url], [token])))

    def _opened(self, name: str, make: Callable[[], Post]) -> Post:
        if name not in self._open:
            self._open[name] = make()
        return self._open[name]

    def _local(self) -> Post:
        home = self._network.home.path
        return LocalPost(Office(Book(home / "letters.db"), door_key(home / "letters.key"), lambda: self._network.chain))

    def close(self) -> None:
        """Close them."""
        for post in self._open.values():
            with suppress(HefuError):
                post.close()
        self._open.clear()
