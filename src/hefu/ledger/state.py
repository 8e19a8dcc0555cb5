"""
State as contracts see it: typed records under byte keys, read through an overlay of the transaction and of the block.

`Reader` is all that `decide` gets, `State` what `apply` gets. A refused transaction drops its overlay: nothing of it stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar

from hefu.kernel.cache import GenerationCache
from hefu.kernel.codec import Codec, Record, encode

R = TypeVar("R", bound=Record)
#: Committed records that one block keeps at hand beside the cache; questions between blocks are read into them too.
VIEW_MAX = 50_000


class Reader(Protocol):
    """Read-only state."""

    def get(self, key: bytes, codec: Codec[R]) -> R | None:
        """The record under a key, or None."""
        ...


class State:
    """
    Overlays over committed state.

    Args:
        fetch: Reads the committed bytes under a key.
        cache: Decoded committed records, shared between blocks.
    """

    __slots__ = ("_before", "_cache", "_fetch", "_links", "_prefetched", "_tx_links", "_view", "writes")

    def __init__(
        self, fetch: Callable[[bytes], bytes | None], cache: GenerationCache[bytes, Any] | None = None
    ) -> None:
        self._fetch = fetch
        self._prefetched: dict[bytes, bytes | None] = {}
        self._cache: GenerationCache[bytes, Any] = cache if cache is not None else GenerationCache(50_000)
        #: What this block read or wrote, as the transaction at work sees it: nearly every question is answered here.
        self._view: dict[bytes, Any] = {}
        #: What the transaction changed in the view, with what was there before it.
        self._before: dict[bytes, Any] = {}
        #: What the block wrote so far.
        self.writes: dict[bytes, Record] = {}
        self._links: list[tuple[bytes, bytes]] = []
        self._tx_links: list[tuple[bytes, bytes]] = []

    def get(self, key: bytes, codec: Codec[R]) -> R | None:
        """The record under a key, or None."""
        value: Any = self._view.get(key)
        if value is None:
            value = self._committed(key, codec)
        return value  # type: ignore[no-any-return]

    def _committed(self, key: bytes, codec: Codec[R]) -> R | None:
        value: R | None = self._cache.get(key)
        if value is None:
            raw = self._prefetched[key] if key in self._prefetched else self._fetch(key)
            if raw is None:
                return None
            value = codec.load(raw)
            self._cache.put(key, value)
        if len(self._view) < VIEW_MAX:
            self._view[key] = value
        return value

    def unknown(self, keys: Iterable[bytes]) -> list[bytes]:
        """Those of the keys that are not in memory, once each."""
        get = self._cache.get
        return [key for key in dict.fromkeys(keys) if get(key) is None]

    def prefetch(self, values: dict[bytes, bytes | None]) -> None:
        """Committed values that the block will probably need. A hint: what is missing is fetched when asked for."""
        self._prefetched = values

    def put(self, key: bytes, record: Record) -> None:
        """Write a record inside the transaction."""
        if key not in self._before:
            self._before[key] = self._view.get(key)
        self._view[key] = record

    def link(self, asset: bytes, number: int, raw: bytes) -> None:
        """Keep a link of an asset's history for whoever proves it later; its hash is already in the asset's record."""
        self._tx_links.append((asset + number.to_bytes(4, "big"), raw))

    def keep(self) -> None:
        """The transaction took effect."""
        view, writes = self._view, self.writes
        for key in self._before:
            writes[key] = view[key]
        self._links += self._tx_links
        self._before = {}
        self._tx_links = []

    def drop(self) -> None:
        """The transaction was refused."""
        for key, record in self._before.items():
            if record is None:
                del self._view[key]
            else:
                self._view[key] = record
        self._before = {}
        self._tx_links = []

    def drain(self) -> tuple[list[tuple[bytes, bytes | None]], list[tuple[bytes, bytes]]]:
        """End of the block: encoded writes and links; the overlay is empty afterwards."""
        put = self._cache.put
        changes: list[tuple[bytes, bytes | None]] = []
        for key, record in self.writes.items():
            put(key, record)
            changes.append((key, encode(record)))
        links = self._links
        self._forget()
        return changes, links

    def abandon(self) -> None:
        """Forget the whole block."""
        self.drop()
        self._forget()

    def _forget(self) -> None:
        self.writes, self._links, self._prefetched, self._view = {}, [], {}, {}
