"""
One row of each source, as it is kept: integers in the smallest unit, dates, words. What an import makes and an event carries.

Every row says when it became known (`recorded_on`): nothing known after the as-of date enters a feature. Rows with the same
identity are versions of one fact; the one that became known last counts.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple


class Invoice(NamedTuple):
    """
    An invoice on one side of a firm. Its amounts are part of its identity, as in law: it is voided or reversed, never altered.

    Args:
        direction: "sales" or "purchases".
        net_minor, tax_minor, gross_minor: Fen; negative for a red letter. Zero where a voided invoice says nothing.
        void: Voided. Void once, it stays void.
    """

    firm: str
    direction: str
    number: str
    issued_on: date
    counterparty: str
    net_minor: int
    tax_minor: int
    gross_minor: int
    void: bool
    recorded_on: date


class TaxFiling(NamedTuple):
    """
    A tax return.

    Args:
        kind: "vat", "income" or "other".
        declared_minor: Sales declared, without tax, fen.
        payable_minor, paid_minor: Tax, fen.
        filed_on: First filed; a correction keeps it and is recorded later.
        due_on: Last day; the day of filing where unknown, so that nothing unknown counts as late.
    """

    firm: str
    kind: str
    period_start: date
    period_end: date
    declared_minor: int
    payable_minor: int
    paid_minor: int
    filed_on: date
    due_on: date
    recorded_on: date


class BankFlow(NamedTuple):
    """
    Money in or out of an account.

    Args:
        flow: The bank's own identifier, unique in the account.
        amount_minor: Fen; positive in, negative out.
        category: "sales", "purchase", "wages", "tax", "borrowing", "debt_service" or "other".
        counterparty: Empty where unknown.
    """

    firm: str
    account: str
    flow: str
    booked_on: date
    amount_minor: int
    category: str
    counterparty: str
    recorded_on: date


class StockCount(NamedTuple):
    """
    What lay in a warehouse on a day.

    Args:
        site: Warehouse, or empty.
        kind: "raw", "in_process", "finished" or "other".
        value_minor: At cost, fen.
    """

    firm: str
    site: str
    kind: str
    counted_on: date
    value_minor: int
    recorded_on: date


class CapacityPeriod(NamedTuple):
    """
    What a line could run and ran.

    Args:
        available_minutes, run_minutes: Equipment time.
        output_milli: Thousandths of the line's own unit of output; compared only with itself.
    """

    firm: str
    line: str
    period_start: date
    period_end: date
    available_minutes: int
    run_minutes: int
    output_milli: int
    recorded_on: date


class ElectricityPeriod(NamedTuple):
    """What a meter counted between two readings, in watt-hours."""

    firm: str
    meter: str
    period_start: date
    period_end: date
    energy_wh: int
    recorded_on: date


class WaterPeriod(NamedTuple):
    """What a meter counted between two readings, in litres."""

    firm: str
    meter: str
    period_start: date
    period_end: date
    volume_litres: int
    recorded_on: date


Row = Invoice | TaxFiling | BankFlow | StockCount | CapacityPeriod | ElectricityPeriod | WaterPeriod
