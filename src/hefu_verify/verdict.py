"""What a verified bundle proves, as the verifier found it; `facts` turns it into plain data."""

from __future__ import annotations

from typing import NamedTuple

from hefu_verify.codec import Record
from hefu_verify.trust import Basis


class Verdict(NamedTuple):
    """
    What a bundle proves.

    Args:
        authenticated: A genesis was given to trust, and it is the bundle's.
        basis: Who vouches for the block that everything leads to.
        records: Proven records by state key (docs/reference/format.md).
        steps: The links of the lineage, oldest first (see `history.History`).
        openings: Opened terms, by right or document.
    """

    authenticated: bool
    basis: Basis
    chain_id: bytes
    genesis: Record
    tip: Record
    subject: bytes
    right: Record
    document: Record
    records: dict[bytes, Record]
    steps: list[Record]
    openings: dict[bytes, list[Record]]
