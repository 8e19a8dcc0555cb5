"""
What a firm asks for and what is known of it besides its record: exposures, receivables, orders, goods, lists. In TOML or JSON
alike.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from hefu.credit.decision.node import Node
from hefu.credit.decision.numbers import ONE, format_fen, format_ppm
from hefu.kernel.errors import UsageError

#: What can stand behind a receivable or an order besides the firm's own word.
EVIDENCE = ("confirmed", "contract", "delivery", "invoice", "payments", "tax-check")
ITEM_KINDS = ("receivable", "order", "goods")


@dataclass(frozen=True, slots=True)
class Exposure:
    """
    What a firm owes already.

    Args:
        lender: "own" (the bank that decides) or "other".
        outstanding: Fen.
        overdue_days: Of its oldest overdue part; 0 without any.
    """

    lender: str
    outstanding: int
    overdue_days: int


@dataclass(frozen=True, slots=True)
class Item:
    """
    Something that backs a limit.

    Args:
        name: Identifier in the lender's or the ledger's books.
        kind: "receivable", "order" or "goods".
        amount: Open amount, undelivered amount or value, fen.
        payer: Identifier of the obligor or buyer; empty for goods.
        payer_default_ppm: Its probability of default; None where nobody knows.
        due_on: When it is due, or to be delivered; for goods the day of the valuation.
        evidence: What supports it. "confirmed" is the obligor's word.
        trade: Order, goods and receivable of one trade share it; only the first that counts is lent on.
        goods: Kind of goods.
        is_watched: Whether a keeper or device watches the goods.
        is_encumbered: Pledged, frozen or financed elsewhere already.
    """

    name: str
    kind: str
    amount: int
    payer: str
    payer_default_ppm: int | None
    due_on: date
    evidence: tuple[str, ...]
    trade: str
    goods: str
    is_watched: bool
    is_encumbered: bool


@dataclass(frozen=True, slots=True)
class Book:
    """
    How much of the bank's planned book is taken.

    Args:
        planned: Fen; 0 where the decision looks at no book.
        taken: Outstanding by name of a steering rule that has a cap.
    """

    planned: int
    taken: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Application:
    """
    Args:
        firm: The bank's own identifier of the firm.
        amount: What it asks for, fen; 0 for as much as it can get.
        tenor_days: 0 for the usual tenor.
        purpose: What for, in one word, or empty.
        industry: Code of the industry, such as C3562.
        lists: Policy lists and certificates that somebody entitled says it is on.
        refer: Why a person wants to see the case, whatever the model says: alerts, for example.
    """

    firm: str
    amount: int
    tenor_days: int
    purpose: str
    industry: str
    lists: tuple[str, ...]
    exposures: tuple[Exposure, ...]
    items: tuple[Item, ...]
    book: Book
    refer: tuple[str, ...]

    def to_table(self) -> dict[str, Any]:
        """The same as nested tables, which `application_of` reads back."""
        return {
            "firm": self.firm,
            "amount": format_fen(self.amount),
            "tenor_days": self.tenor_days,
            "purpose": self.purpose,
            "industry": self.industry,
            "lists": list(self.lists),
            "exposure": [
                {"lender": e.lender, "outstanding": format_fen(e.outstanding), "overdue_days": e.overdue_days}
                for e in self.exposures
            ],
            "item": [_item_table(item) for item in self.items],
            "book": {
                "planned": format_fen(self.book.planned),
                "taken": {k: format_fen(v) for k, v in self.book.taken.items()},
            },
            "refer": list(self.refer),
        }


def _item_table(item: Item) -> dict[str, Any]:
    return {
        "name": item.name,
        "kind": item.kind,
        "amount": format_fen(item.amount),
        "payer": item.payer,
        "payer_default": "" if item.payer_default_ppm is None else format_ppm(item.payer_default_ppm),
        "due_on": item.due_on.isoformat(),
        "evidence": list(item.evidence),
        "trade": item.trade,
        "goods": item.goods,
        "watched": item.is_watched,
        "encumbered": item.is_encumbered,
    }


def read_application(raw: bytes) -> Application:
    """
    Read an application from TOML or JSON.

    Raises:
        UsageError: Neither (BAD_APPLICATION), or a field that makes no sense; `where` names it.
    """
    try:
        text = raw.decode("utf-8")
        if text.lstrip().startswith("{"):
            table = json.loads(text, parse_float=_no_float, parse_constant=_no_float)
        else:
            table = tomllib.loads(text, parse_float=_no_float)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise UsageError(f"neither TOML nor JSON in UTF-8: {type(error).__name__}", code="BAD_APPLICATION") from None
    return application_of(table)


def _no_float(_: str) -> object:
    raise UsageError(
        'write amounts and percentages as text, such as "100,000.00"', code="BAD_FIELD", where="the application"
    )


def application_of(table: object, path: str = "") -> Application:
    """
    An application from nested tables.

    Raises:
        UsageError: A field is missing, unknown, of the wrong type or out of range.
    """
    node = Node(table, path)
    book = node.child("book", {})
    taken = book.child("taken", {})
    found = Application(
        firm=node.text("firm"),
        amount=node.amount("amount", 0),
        tenor_days=node.integer("tenor_days", 0, 3_660, 0),
        purpose=node.text("purpose", "", empty=True),
        industry=node.text("industry", "", empty=True),
        lists=node.words("lists", ()),
        exposures=tuple(_exposure(child) for child in node.children("exposure")),
        items=tuple(_item(child) for child in node.children("item")),
        book=Book(book.amount("planned", 0), {name: taken.amount(name) for name in taken.names()}),
        refer=node.words("refer", ()),
    )
    for child in (taken, book, node):
        child.done()
    names = [item.name for item in found.items]
    if len(set(names)) != len(names):
        raise node.wrong("item.name", "two items have the same name")
    return found


def _exposure(node: Node) -> Exposure:
    found = Exposure(
        node.word("lender", ("own", "other")),
        node.amount("outstanding"),
        node.integer("overdue_days", 0, 100_000, 0),
    )
    node.done()
    return found


def _item(node: Node) -> Item:
    kind = node.word("kind", ITEM_KINDS)
    default = node.text("payer_default", "", empty=True)
    found = Item(
        name=node.text("name"),
        kind=kind,
        amount=node.amount("amount"),
        payer=node.text("payer", "", empty=True),
        payer_default_ppm=node.to_share("payer_default", default, 0, ONE) if default else None,
        due_on=node.day("due_on"),
        evidence=node.words("evidence", ()),
        trade=node.text("trade", "", empty=True),
        goods=node.text("goods", "", empty=True),
        is_watched=node.flag("watched", False),
        is_encumbered=node.flag("encumbered", False),
    )
    unknown = [word for word in found.evidence if word not in EVIDENCE]
    if unknown:
        raise node.wrong("evidence", f"evidence is one of {', '.join(EVIDENCE)}")
    if kind != "goods" and not found.payer:
        raise node.wrong("payer", "a receivable or an order has somebody who pays")
    node.done()
    return found
