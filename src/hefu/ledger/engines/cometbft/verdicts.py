"""
What this process found out about parcels: whether every transaction in them is of good form and well signed.

The same parcel is looked at when it arrives, when it is proposed and when it is decided; its signatures are checked once. Only such
verdicts are remembered, for they depend on the bytes alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hefu.kernel.errors import Corrupt
from hefu.kernel.hashing import sha256
from hefu.ledger.engines.cometbft.parcel import unpack
from hefu.ledger.genesis import Genesis
from hefu.ledger.transaction import check_stateless

#: Transactions whose verdicts are kept; what is past that is checked again.
REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """Transactions of a good parcel, or the code of what is wrong with it."""

    code: str
    raws: tuple[bytes, ...]


class Verdicts:
    """
    Args:
        genesis: Names suite, hash and bounds.
        remembered: Transactions that may be kept.
    """

    def __init__(self, genesis: Genesis, remembered: int = REMEMBERED) -> None:
        self._genesis = genesis
        self._most = remembered
        self._kept: dict[bytes, Verdict] = {}
        self._size = 0

    def of(self, parcel: bytes) -> Verdict:
        """What is true of a parcel."""
        key = sha256(parcel)
        verdict = self._kept.get(key)
        if verdict is None:
            verdict = self._check(parcel)
            self._keep(key, verdict)
        return verdict

    def vouch(self, parcel: bytes, raws: Sequence[bytes]) -> None:
        """A parcel that this process packed itself, of transactions each of which it had checked before."""
        if len(raws) <= self._genesis.file.bounds.block_transactions:
            self._keep(sha256(parcel), Verdict("", tuple(raws)))

    def forget(self, parcels: list[bytes]) -> None:
        """These are decided: nobody asks about them again."""
        for parcel in parcels:
            verdict = self._kept.pop(sha256(parcel), None)
            if verdict is not None:
                self._size -= _weight(verdict)

    def _check(self, parcel: bytes) -> Verdict:
        genesis = self._genesis
        bounds = genesis.file.bounds
        try:
            raws = unpack(parcel)
        except Corrupt as error:
            return Verdict(error.code, ())
        if len(raws) > bounds.block_transactions:
            return Verdict("TOO_LARGE", ())
        for raw in raws:
            code = check_stateless(raw, h=genesis.hash, suite=genesis.suite, chain_id=genesis.chain_id, bounds=bounds)
            if code:
                # An honest gateway checks before it packs, so the parcel is refused whole.
                return Verdict(code, ())
        return Verdict("", raws)

    def _keep(self, key: bytes, verdict: Verdict) -> None:
        assert key not in self._kept, "a verdict is found once"
        self._kept[key] = verdict
        self._size += _weight(verdict)
        while self._size > self._most:
            oldest = next(iter(self._kept))
            self._size -= _weight(self._kept.pop(oldest))


def _weight(verdict: Verdict) -> int:
    return len(verdict.raws) or 1
