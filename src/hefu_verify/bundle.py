"""Checks a whole evidence bundle: what must stand in it, exactly that, and that all of it agrees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from hefu_verify import primitives
from hefu_verify.codec import Record, encode, require
from hefu_verify.history import History, Ledger
from hefu_verify.primitives import ZERO, Hash
from hefu_verify.records import ACCOUNTS, BUNDLE, COMMANDS, STATE, UNDER, VOUCHERS
from hefu_verify.signatures import Signatures
from hefu_verify.suites import hash_named, suite_named
from hefu_verify.trust import basis_of
from hefu_verify.trust.genesis import read_genesis
from hefu_verify.verdict import Verdict

FORMAT = "hefu-bundle/1"


def verify(bundle: bytes, trusted_genesis: bytes | None = None) -> Verdict:
    """
    Check a bundle.

    Args:
        bundle: The file.
        trusted_genesis: The genesis file that the reader got from someone it trusts; None checks consistency alone.

    Raises:
        Refused: Anything is wrong. No other exception comes from any bytes.
    """
    file = BUNDLE.read("bundle", bytes(bundle))
    require(file.format == FORMAT, "WRONG_FORMAT", "this is no bundle of a format that this verifier knows")
    require(trusted_genesis in (None, file.genesis), "OTHER_GENESIS", "the bundle is of another ledger than trusted")
    genesis = read_genesis(file.genesis)
    h, signed = hash_named(genesis.hash), suite_named(genesis.suite)
    tip, chain_id = BUNDLE.read("block", file.tip.header), h(primitives.CHAIN + file.genesis)
    require(tip.chain_id == chain_id, "WRONG_CHAIN", "the block is of another ledger than the genesis")
    headers = _headers(chain_id, file.transactions)
    with Signatures(signed) as signatures:
        signatures.ask(
            [
                (key, signature, b"hefu/transaction/1\n" + item.header)
                for item, header in zip(file.transactions, headers)
                for key, signature in zip(header.keys, item.signatures)
            ]
        )
        basis = basis_of(file.tip, file.checkpoint, tip, genesis, h, signed)
        records = _proven(h, file.proofs, tip.state_root)
        ledger = Ledger(h, genesis, tip, records, _transactions(h, file.transactions, headers))
        history = History(ledger, file.lineage)
    right = ledger.record(b"R" + file.subject)
    document = ledger.record(b"D" + right.document)
    # A court's freeze is no step of the holders: it stands in the record alone.
    history.right.header.freezes = right.header.freezes
    same = file.lineage[-1].asset == file.subject and history.right == right
    require(same, "RECORD_DIFFERS", "the history does not lead to the record")
    opened = {(id, index) for id, transaction in ledger.transactions.items() for index in transaction.commands}
    require(opened == history.commands, "COMMAND_EXTRA", "a command is opened that the history does not name")
    named = _needed(file.subject, ledger, history)
    require(named == records.keys(), "PROOF_EXTRA", "a record is proven that nothing names")
    header = right.header
    whole = header.face == header.open + header.settled + header.passed
    require(whole, "BAD_SUM", "a right's parts do not sum to its face amount")
    parts = (document.available, document.live, document.spent, *(held.amount for held in document.reserved))
    require(document.gross == sum(parts), "BAD_SUM", "a document's parts do not sum to its gross")
    openings = _openings(h, file.openings, {file.subject: right.terms, right.document: document.terms})
    trusted = trusted_genesis is not None
    proven = (right, document, records, history.steps, openings)
    return Verdict(trusted, basis, chain_id, genesis, tip, file.subject, *proven)


def _ascending(items: Iterable[Any]) -> None:
    require(all(a < b for a, b in pairwise(items)), "OUT_OF_ORDER", "things stand out of order, or twice")


def _proven(h: Hash, proofs: Sequence[Record], root: bytes) -> dict[bytes, Record]:
    _ascending(proof.key for proof in proofs)
    records = {}
    for proof in proofs:
        require(proof.key[:1] in UNDER, "PROOF_EXTRA", "a record of a kind that no bundle holds")
        primitives.check_state_proof(h, proof, root)
        records[proof.key] = STATE.read(UNDER[proof.key[:1]], proof.value)
    return records


def _headers(chain_id: bytes, items: Sequence[Record]) -> list[Record]:
    headers = [BUNDLE.read("header", item.header) for item in items]
    for item, header in zip(items, headers):
        require(header.chain_id == chain_id, "WRONG_CHAIN", "a transaction is of another ledger")
        # Two keys sign above a limit, so the same key twice would be one too few.
        one_each = 0 < len(header.keys) == len(set(header.keys)) == len(item.signatures)
        require(one_each, "BAD_SIGNATURE", "a transaction has not one signature a key")
    return headers


def _transactions(h: Hash, items: Sequence[Record], headers: Sequence[Record]) -> dict[bytes, Record]:
    ids = [h(primitives.TRANSACTION + item.header) for item in items]
    _ascending(ids)
    transactions = {}
    for id, item, header in zip(ids, items, headers):
        require(item.commands, "COMMAND_MISSING", "a transaction of which no command is opened")
        _ascending(opened.index for opened in item.commands)
        for opened in item.commands:
            root = primitives.root_from_path(h, opened.salt + opened.command, opened.index, header.count, opened.path)
            require(root == header.commands_root, "BAD_PATH", "a command is not among those that were signed")
        commands = {opened.index: COMMANDS.read_tagged(opened.command) for opened in item.commands}
        transactions[id] = Record(header=header, commands=commands)
    return transactions


def _needed(subject: bytes, ledger: Ledger, history: History) -> set[bytes]:
    """State keys of exactly the records that a bundle proves."""
    right, steps = history.right, history.steps
    document = ledger.record(b"D" + right.document)
    told = [(name, value) for step in steps for name, value in vars(step.fields).items()]
    accounts = {right.header.owner, right.obligor, document.seller, document.buyer}
    accounts |= {endorsement.assignor for endorsement in right.endorsements}
    accounts |= {pledge.pledgee for pledge in right.header.encumbrances}
    accounts |= {right.lock.financier} if right.lock else set()
    accounts |= {value for name, value in told if name in ACCOUNTS}
    vouchers = {b"E" + value for name, value in told if name in VOUCHERS and value}
    named = {b"A" + account for account in accounts - {ZERO}} | {b"K" + key for step in steps for key in step.keys}
    organisations = {b"O" + ledger.record(key).organisation for key in named}
    organisations |= {b"O" + ledger.record(key).attester for key in vouchers}
    return {b"R" + subject, b"D" + right.document} | named | vouchers | organisations


def _openings(h: Hash, openings: Sequence[Record], terms: dict[bytes, bytes]) -> dict[bytes, list[Record]]:
    _ascending(opening.thing for opening in openings)
    opened = {}
    for opening in openings:
        root = primitives.merkle_root(h, opening.commitments)
        require(
            terms.get(opening.thing) == root and opening.fields, "BAD_OPENING", "opened terms are not the right's own"
        )
        _ascending(place.index for place in opening.fields)
        _ascending(place.field.name for place in opening.fields)
        for place in opening.fields:
            commitment = h(primitives.FIELD + place.field.salt + encode([place.field.name, place.field.value]))
            fits = place.index < len(opening.commitments) and opening.commitments[place.index] == commitment
            require(fits, "BAD_OPENING", "an opened term is not what was committed to")
        opened[opening.thing] = [place.field for place in opening.fields]
    return opened
