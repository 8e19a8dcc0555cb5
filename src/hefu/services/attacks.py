"""
Attacks on a ledger: signed bytes given to the engine, as a hostile party would send them. Each must be refused by a rule.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from hefu.contracts.receivables import commands as rc
from hefu.kernel.codec import Record, encode
from hefu.kernel.ids import SALT_BYTES
from hefu.kernel.keyfile import generate_pair
from hefu.kernel.money import Amount
from hefu.kernel.signer import KeySigner
from hefu.ledger.transaction import WIRE, Wire
from hefu.services.home import PartyEntry
from hefu.services.trade import InvoiceDocument, Trade


@dataclass(frozen=True)
class Attack:
    """What was tried, whether it was refused, and with which code."""

    name: str
    refused: bool
    code: str


@dataclass(frozen=True)
class Targets:
    """
    Things in a state worth attacking.

    Args:
        pledged: A live right pledged to one bank.
        movable: A live right that can move, and its owner.
        invoice: A registered invoice whose whole gross is confirmed, its seller and buyer.
        paid: A document that was paid with a part of a right.
        replayed: Bytes of a transaction that took effect.
        bank: Another bank than the pledgee.
        stranger: An organisation with no part in any of it.
    """

    pledged: bytes
    movable: bytes
    invoice: InvoiceDocument
    document: bytes
    seller: PartyEntry
    buyer: PartyEntry
    paid: bytes
    replayed: bytes
    bank: PartyEntry
    stranger: PartyEntry


def run_attacks(trade: Trade, targets: Targets) -> list[Attack]:
    """Try everything; the codes come from the engine's receipts."""
    network = trade.network
    found: list[Attack] = []

    def attack(name: str, raw: bytes) -> None:
        tip = network.engine.query(lambda chain: chain.tip.height)
        receipt = network.engine.submit(raw).wait()
        # A network's node tells whoever repeats a transaction its first answer: what took effect long ago did nothing now.
        code = "REPLAYED" if receipt.code == "OK" and receipt.height <= tip else receipt.code
        found.append(Attack(name, code != "OK", code))

    def signed(commands: Sequence[Record], *parties: PartyEntry) -> bytes:
        return network.draft(commands, *(network.ring(party).office for party in parties)).wire()

    t = targets
    owner = _party(trade, trade.right(t.pledged).header.owner)
    account = bytes.fromhex(t.bank.account)
    attack(
        "double_pledge_at_second_bank",
        signed([rc.Pledge(t.pledged, account, secrets.token_bytes(32), Amount(1), None)], owner, t.bank),
    )
    tag = trade.document(t.document).tags[0]
    attack("assign_what_is_pledged", signed([rc.Assign(t.pledged, account, t.document, tag, False)], owner, t.bank))
    now, due = network.business_ms(), trade.today() + timedelta(days=60)
    gross = t.invoice.gross_minor
    parts = [
        trade.prepare_propose(t.seller, t.document, part, due, now)[0] for part in (gross * 6 // 10, gross * 4 // 10)
    ]
    attack("same_invoice_split_differently", signed(parts, t.seller))
    attack("same_invoice_registered_again", signed([trade.prepare_register(t.seller, t.buyer, t.invoice)[0]], t.seller))
    wide = {ord(digit): chr(0xFF10 + int(digit)) for digit in "0123456789"}
    disguised = replace(t.invoice, number=t.invoice.number.translate(wide) + " ")
    attack(
        "same_invoice_in_full_width_digits",
        signed([trade.prepare_register(t.seller, t.buyer, disguised)[0]], t.seller),
    )
    edited = replace(t.invoice, gross_minor=gross + 100_00)
    attack("edited_amount", signed([trade.prepare_register(t.seller, t.buyer, edited)[0]], t.seller))
    attack(
        "over_drawn_invoice", signed([trade.prepare_propose(t.seller, t.document, gross + 1, due, now)[0]], t.seller)
    )
    payee = _party(trade, trade.document(t.paid).seller)
    spent = trade.document(t.paid).spent
    left = trade.document(t.paid).gross - spent
    again = trade.prepare_propose(payee, t.paid, left + min(spent, 1_00), due, now)[0]
    attack("second_tier_finances_what_was_paid", signed([again], payee))
    attack("replayed_transaction", t.replayed)

    holder = _party(trade, trade.right(t.movable).header.owner)
    split = rc.Split(t.movable, secrets.token_bytes(SALT_BYTES), Amount(1))
    wire = WIRE.load(signed([split], holder))
    forged = encode(rc.Split(t.movable, split.salt, Amount(trade.right(t.movable).header.open - 1)))
    attack("forged_command", encode(Wire(wire.header, wire.signatures, ((wire.commands[0][0], forged),))))
    flipped = bytes([wire.signatures[0][0] ^ 1]) + wire.signatures[0][1:]
    attack("forged_signature", encode(Wire(wire.header, (flipped,), wire.commands)))
    attack("stripped_signature", encode(Wire(wire.header, (), wire.commands)))
    attack("rewritten_encoding", _longer_integer(encode(wire)))
    suite = network.genesis.suite
    stranger = KeySigner.of(generate_pair(suite, "stranger"), suite)
    attack("stranger_without_a_key", network.draft([split], stranger).wire())
    attack("member_moves_anothers_right", signed([split], t.stranger))
    attack("obligor_discharges_by_its_own_word", signed([rc.Settle(t.movable, Amount(1), b"")], t.buyer))
    return found


def _longer_integer(raw: bytes) -> bytes:
    """The same value in a longer form: array length 3 in sixteen bits."""
    return b"\xdc\x00\x03" + raw[1:]


def _party(trade: Trade, account: bytes) -> PartyEntry:
    return trade.network.home.party(account.hex())
