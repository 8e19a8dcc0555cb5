"""What is known of firms: files of each source in, rows kept in a store; and made-up firms to try it with."""

from hefu.credit.sources.importing import Options, RefusedRow, SourceReport, import_source
from hefu.credit.sources.rows import (
    BankFlow,
    CapacityPeriod,
    ElectricityPeriod,
    Invoice,
    Row,
    StockCount,
    TaxFiling,
    WaterPeriod,
)
from hefu.credit.sources.store import Entry, Store
from hefu.credit.sources.synthetic import SyntheticFirm, SyntheticFirms, synthetic_firms, write_firms

__all__ = [
    "BankFlow",
    "CapacityPeriod",
    "ElectricityPeriod",
    "Entry",
    "Invoice",
    "Options",
    "RefusedRow",
    "Row",
    "SourceReport",
    "StockCount",
    "Store",
    "SyntheticFirm",
    "SyntheticFirms",
    "TaxFiling",
    "WaterPeriod",
    "import_source",
    "synthetic_firms",
    "write_firms",
]
