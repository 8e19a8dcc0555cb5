"""
Transactions that a home sent and got no answer to: kept as files until the network's answer is known. The same bytes count once,
however often they are sent; the same command typed again would be another transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

from hefu.kernel.errors import EngineError, Unavailable
from hefu.kernel.keyfile import publish
from hefu.ledger.block import Receipt

#: What says nothing about whether a transaction arrived.
NO_ANSWER = "UNKNOWN_OUTCOME"


class Unanswered:
    """
    Args:
        folder: Of the home; made when the first is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, raw: bytes) -> None:
        """Durable when this returns."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        publish(self._path(raw), raw, overwrite=True)

    def __len__(self) -> int:
        return sum(1 for _ in self._files())

    def ask(self, submit: Callable[[bytes], Receipt]) -> Iterator[tuple[str, Receipt | None]]:
        """
        Ask for each again, the oldest first.

        Args:
            submit: Sends bytes and waits for the answer.

        Returns:
            The file's name and the answer, or None where there is none yet; what was answered is kept no longer.
        """
        for path in self._files():
            try:
                receipt = submit(path.read_bytes())
            except (EngineError, Unavailable):
                yield path.stem, None
                continue
            path.unlink()
            yield path.stem, receipt

    def _files(self) -> list[Path]:
        if not self._folder.is_dir():
            return []
        return sorted(self._folder.glob("*.tx"), key=lambda path: (path.stat().st_mtime_ns, path.name))

    def _path(self, raw: bytes) -> Path:
        return self._folder / f"{sha256(raw).hexdigest()[:24]}.tx"
