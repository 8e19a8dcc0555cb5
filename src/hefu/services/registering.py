"""Registers many invoices of one seller, each in a transaction of its own: one that is refused keeps no other back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hefu.documents.invoices import Imported
from hefu.kernel.hashing import ZERO
from hefu.ledger.block import OK
from hefu.services.home import Home, PartyEntry
from hefu.services.trade import InvoiceDocument, Trade

#: Sent before the first answer is awaited: enough for one block to take many, far fewer than the queue holds.
BATCH = 100
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Row:
    """An accepted row of a file: where it stands, who its parties are by the file's words, and the invoice."""

    file: str
    row: int
    firm: str
    counterparty: str
    invoice: InvoiceDocument


@dataclass(frozen=True)
class Answer:
    """What became of a row: OK with the document's identifier, or a code."""

    row: Row
    code: str
    document: bytes = ZERO


def rows_of(imported: Imported) -> list[Row]:
    """The accepted rows of an import, in order of file and row."""
    found = imported.invoices.connection.execute(
        "SELECT file, row, firm, counterparty, number, issued_on, net_minor, tax_minor, gross_minor FROM invoices "
        "ORDER BY file, row"
    ).fetchall()
    return [
        Row(
            Path(str(file)).name,
            int(row),
            str(firm),
            str(counterparty),
            InvoiceDocument(str(number), issued_on, int(gross), net_minor=int(net), tax_minor=int(tax)),
        )
        for file, row, firm, counterparty, number, issued_on, net, tax, gross in found
    ]


def register_many(
    trade: Trade, seller: PartyEntry, rows: Sequence[Row], *, standing: bool, progress: Progress | None = None
) -> Iterator[Answer]:
    """
    Register the rows that are this seller's own, on buyers that are here; the rest is answered with a code.

    A row names its parties by their exact name or their unified social credit code.
    """
    signer = trade.network.ring(seller).office
    for start in range(0, len(rows), BATCH):
        sent = []
        for row in rows[start : start + BATCH]:
            if _who(trade.network.home, row.firm) is not seller:
                yield Answer(row, code="OTHER_SELLER")
                continue
            buyer = _who(trade.network.home, row.counterparty)
            if buyer is None:
                yield Answer(row, code="UNKNOWN_NAME")
                continue
            command, document, terms = trade.prepare_register(seller, buyer, row.invoice, standing=standing)
            trade.keep_terms(document, terms, seller, buyer)
            sent.append((row, document, trade.network.send([command], signer)))
        for row, document, ticket in sent:
            receipt = ticket.wait()
            yield Answer(row, receipt.code, document if receipt.code == OK else ZERO)
        if progress is not None:
            progress("register", min(start + BATCH, len(rows)), len(rows))


def _who(home: Home, name: str) -> PartyEntry | None:
    found = home.matches(name, partial=False)
    if len(found) == 1:
        return found[0]
    return next((party for party in home.names.parties if party.uscc and party.uscc == name), None)
