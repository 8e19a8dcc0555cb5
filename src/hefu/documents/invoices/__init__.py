"""
Invoice files in; invoices, trades between firms and supply chains out. Imports nothing but the kernel, reads no clock
and draws no chance of its own.
"""

from hefu.documents.invoices.chains import (
    Chain,
    Payment,
    Window,
    core_enterprises,
    deepest_buyers,
    depth_counts,
    find_chains,
)
from hefu.documents.invoices.economy import Economy, Firm, Terms, economy_from_trades
from hefu.documents.invoices.export import WrittenInvoices, write_invoices
from hefu.documents.invoices.importing import Imported, Invoices, Progress, import_invoices
from hefu.documents.invoices.mappings import BUILT_IN, ColumnMapping, Direction, load_mapping
from hefu.documents.invoices.matching import AmbiguousInvoice, Matching, Trade, match_trades
from hefu.documents.invoices.relations import Relation, RelationKind, Relations, find_relations
from hefu.documents.invoices.report import FileReport, ImportReport, LeftRow, Totals
from hefu.documents.invoices.synthetic import Size, synthetic_economy
from hefu.documents.invoices.treatments import FILE_PROBLEMS, TREATMENTS, Outcome, Treatment
from hefu.documents.invoices.twins import TwinGroup, TwinRule

__all__ = [
    "BUILT_IN",
    "FILE_PROBLEMS",
    "TREATMENTS",
    "AmbiguousInvoice",
    "Chain",
    "ColumnMapping",
    "Direction",
    "Economy",
    "FileReport",
    "Firm",
    "ImportReport",
    "Imported",
    "Invoices",
    "LeftRow",
    "Matching",
    "Outcome",
    "Payment",
    "Progress",
    "Relation",
    "RelationKind",
    "Relations",
    "Size",
    "Terms",
    "Totals",
    "Trade",
    "Treatment",
    "TwinGroup",
    "TwinRule",
    "Window",
    "WrittenInvoices",
    "core_enterprises",
    "deepest_buyers",
    "depth_counts",
    "economy_from_trades",
    "find_chains",
    "find_relations",
    "import_invoices",
    "load_mapping",
    "match_trades",
    "synthetic_economy",
    "write_invoices",
]
