"""
Export and import: a whole ledger as one stream of blocks, from which everything else can be recomputed.

    magic ‖ frame(genesis) ‖ frame([sealed header, body])… ‖ frame(empty)

A frame is its length in eight bytes, big endian, and the bytes. The last, empty frame tells a whole file from half a one. Of blocks
that validators decided only the last has a seal, their votes: the others hang on it by their successors.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from hefu.kernel.codec import Codec, encode
from hefu.kernel.errors import Corrupt, UsageError
from hefu.ledger.application import Application
from hefu.ledger.audit import VOTED, check_kept_seal, kept, refuse_votes, stored_blocks, stored_genesis, stored_tip
from hefu.ledger.block import HEADER, SEALED, Sealed
from hefu.ledger.chain import Chain
from hefu.ledger.genesis import Genesis
from hefu.ledger.store import Store, at_height
from hefu.ledger.transaction import check_stateless

MAGIC = b"hefu-export/1\n"
FRAME_MAX = 1 << 31
BLOCK: Codec[tuple[Sealed, tuple[bytes, ...]]] = Codec(tuple[Sealed, tuple[bytes, ...]])
Progress = Callable[[int], None]


def write_export(
    store: Store, path: Path, progress: Progress | None = None, *, seal: Callable[[Sealed], Sealed] | None = None
) -> int:
    """
    Write a ledger's blocks, up to the tip as it is now, to a file, whole or not at all.

    Args:
        seal: Gives a block of validators its votes, which a store does not keep.

    Returns:
        The height reached.

    Raises:
        UsageError: The file exists.
        Corrupt: A block is missing.
    """
    if path.exists():
        raise UsageError("this file exists", code="FILE_EXISTS", where=str(path))
    if not path.parent.is_dir():
        raise UsageError("no such folder", code="NO_FOLDER", where=str(path.parent))
    tip = stored_tip(store)
    height, last = 0, HEADER.load(tip.header).height
    if seal is not None:
        tip = seal(tip)
    temporary = path.with_name(path.name + ".part")
    try:
        with temporary.open("wb") as file:
            file.write(MAGIC)
            _frame(file, stored_genesis(store).raw)
            zero = store.get(at_height(b"h", 0))
            assert zero is not None
            _frame(file, zero)
            for height, sealed, body in stored_blocks(store, last=last):
                _frame(file, encode((tip if height == last else sealed, body)))
                if progress is not None:
                    progress(height)
            _frame(file, b"")
            file.flush()
            import os

            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return height


def read_import(
    path: Path,
    store: Store,
    application: Application,
    trusted: Genesis,
    progress: Progress | None = None,
    *,
    check_votes: Callable[[Sealed], object] = refuse_votes,
) -> Chain:
    """
    Rebuild a ledger on an empty store from an export, checking every block on the way.

    Args:
        trusted: The genesis that the importer expects.
        check_votes: Raises where a block's seal is not that of its validators.

    Raises:
        Corrupt: The file is damaged, cut off, or of another ledger; `where` names the block.
    """
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise Corrupt("this is not an export of a ledger", code="NOT_AN_EXPORT", where=str(path))
        if _read_frame(file, "genesis") != trusted.raw:
            raise Corrupt("the export is of another ledger than expected", code="OTHER_GENESIS", where=str(path))
        chain = Chain(trusted, application, store)
        zero = _read_frame(file, "block 0")
        sealed_zero = _sealed(zero)
        if sealed_zero.header != chain.tip_sealed.header:
            raise Corrupt("genesis leads to another header", code="BLOCK_DIFFERS", where="block 0")
        check_kept_seal(trusted, sealed_zero, bool(trusted.validators))
        voted: Sealed | None = None
        store.write([(at_height(b"h", 0), zero)] + ([(b"mtip", zero)] if chain.tip.height == 0 else []))
        while True:
            where = f"block {chain.tip.height + 1}"
            raw = _read_frame(file, where)
            if not raw:
                break
            try:
                shown, body = BLOCK.load_canonical(raw, "block")
                by_validators = chain.validators_decide()
                sealed = kept(shown) if by_validators else shown
                check_kept_seal(trusted, sealed, by_validators)
                if voted is not None:
                    raise Corrupt("votes for a block that is not the last", code="BAD_SEAL")
                voted = shown if by_validators and shown.seal else None
                for transaction in body:
                    code = check_stateless(
                        transaction,
                        h=trusted.hash,
                        suite=trusted.suite,
                        chain_id=trusted.chain_id,
                        bounds=trusted.file.bounds,
                    )
                    if code:
                        raise Corrupt("it holds a transaction that could never be accepted", code=code)
                outcome = chain.replay(sealed, body)
            except Corrupt as error:
                raise Corrupt(str(error), code=error.code, where=where) from None
            chain.write(outcome, sync=False)
            if progress is not None:
                progress(outcome.height)
        if chain.tip_sealed.seal_kind == "validators" and chain.tip.height:
            if voted is None:
                raise Corrupt(
                    "no validator's vote for the last block", code="BAD_SEAL", where=f"block {chain.tip.height}"
                )
            check_votes(voted)
            store.write([(VOTED, encode(voted))])
        if file.read(1):
            raise Corrupt("there is more behind the end", code="TRAILING_BYTES", where=str(path))
    store.write([(b"mimported", b"1")])
    return chain


def _sealed(raw: bytes) -> Sealed:
    return SEALED.load_canonical(raw, "sealed header")


def _frame(file: BinaryIO, content: bytes) -> None:
    file.write(len(content).to_bytes(8, "big"))
    file.write(content)


def _read_frame(file: BinaryIO, where: str) -> bytes:
    size = file.read(8)
    if len(size) != 8 or int.from_bytes(size, "big") > FRAME_MAX:
        raise Corrupt("the file is cut off or damaged", code="CUT_OFF", where=where)
    content = file.read(int.from_bytes(size, "big"))
    if len(content) != int.from_bytes(size, "big"):
        raise Corrupt("the file is cut off", code="CUT_OFF", where=where)
    return content
