"""
How a row of a source becomes what cells measure: its own expressions in the same little language, the day or period that dates
it, and how a period is laid over months.

A period's quantity belongs to its months by days: up to the end of a month falls the floor of its share so far, so that the
parts are integers and sum to the whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hefu.credit.sources import rows as kept


@dataclass(frozen=True, slots=True)
class RowSpec:
    """
    Args:
        table: Name of the kept table.
        kind: Its row.
        identity: Columns that make two rows versions of one fact.
        columns: Name to expression over the kept columns; dates are days since 1970-01-01.
        dated_by: One column, or the first and last day of a period.
        split: Columns that are laid over the months of a period. `days`, those of the month that the period covers, and `ends`,
            1 in the month of its last day, come besides.
        where: Column and word that rows of this source have in a table that it shares, or None.
    """

    table: str
    kind: type[kept.Row]
    identity: tuple[str, ...]
    columns: Mapping[str, str]
    dated_by: tuple[str, ...]
    split: tuple[str, ...] = ()
    where: tuple[str, str] | None = None

    @property
    def is_period(self) -> bool:
        """Whether a row covers a period."""
        return len(self.dated_by) == 2


INVOICE_IDENTITY = (
    "firm",
    "direction",
    "number",
    "issued_on",
    "counterparty",
    "net_minor",
    "tax_minor",
    "gross_minor",
)
_INVOICE = {
    "party": "counterparty",
    "net": "net_minor",
    "tax": "tax_minor",
    "gross": "gross_minor",
    "blue": "1 if void == 0 and gross_minor > 0 else 0",
    "red": "1 if void == 0 and gross_minor < 0 else 0",
    "void": "void",
}


def _invoices(side: str) -> RowSpec:
    return RowSpec("invoices", kept.Invoice, INVOICE_IDENTITY, _INVOICE, ("issued_on",), where=("direction", side))


_PERIOD = ("period_start", "period_end")
ROWS: Mapping[str, RowSpec] = {
    "sales": _invoices("sales"),
    "purchases": _invoices("purchases"),
    "tax": RowSpec(
        "tax",
        kept.TaxFiling,
        ("firm", "kind", *_PERIOD),
        {
            "kind": "kind",
            "declared": "declared_minor",
            "payable": "payable_minor",
            "paid": "paid_minor",
            "late": "1 if filed_on > due_on else 0",
        },
        _PERIOD,
        split=("declared", "payable", "paid"),
    ),
    "bank": RowSpec(
        "bank",
        kept.BankFlow,
        ("firm", "account", "flow"),
        {"amount": "amount_minor", "category": "category", "party": "counterparty"},
        ("booked_on",),
    ),
    "inventory": RowSpec(
        "inventory",
        kept.StockCount,
        ("firm", "site", "kind", "counted_on"),
        {"kind": "kind", "value": "value_minor"},
        ("counted_on",),
    ),
    "capacity": RowSpec(
        "capacity",
        kept.CapacityPeriod,
        ("firm", "line", *_PERIOD),
        {"available": "available_minutes", "run": "run_minutes", "output": "output_milli"},
        _PERIOD,
        split=("available", "run", "output"),
    ),
    "electricity": RowSpec(
        "electricity",
        kept.ElectricityPeriod,
        ("firm", "meter", *_PERIOD),
        {"wh": "energy_wh"},
        _PERIOD,
        split=("wh",),
    ),
    "water": RowSpec(
        "water", kept.WaterPeriod, ("firm", "meter", *_PERIOD), {"litres": "volume_litres"}, _PERIOD, split=("litres",)
    ),
}
