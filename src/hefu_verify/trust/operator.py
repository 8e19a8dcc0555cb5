"""The operator's seal on a block: one key signed the header. One operator can rewrite a whole history and seal it anew."""

from __future__ import annotations

from hefu_verify.codec import Record, require
from hefu_verify.suites import Verify


def check_seal(sealed: Record, genesis: Record, signed: Verify) -> None:
    """
    Raises:
        Refused: The seal is not that of the key which the genesis names.
    """
    known = len(sealed.seal) == 2 and sealed.seal[0] == genesis.seal_key
    good = known and signed(genesis.seal_key, sealed.seal[1], b"hefu/block/1\n" + sealed.header)
    require(good, "BAD_SEAL", "the block is not sealed by the key that the genesis names")
