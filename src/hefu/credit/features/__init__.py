"""
Features of firms: defined once, run over many firms at once (DuckDB, Spark) or kept up to date event by event for one.
"""

from hefu.credit.features.definitions import Feature
from hefu.credit.features.duck import FeatureTable, compute, compute_in_parts
from hefu.credit.features.links import Links, find_links
from hefu.credit.features.live import LiveFirm, build, features_of, record_of
from hefu.credit.features.registry import BY_NAME, FEATURES, VERSION, sources_of

__all__ = [
    "BY_NAME",
    "FEATURES",
    "VERSION",
    "Feature",
    "FeatureTable",
    "Links",
    "LiveFirm",
    "build",
    "compute",
    "compute_in_parts",
    "features_of",
    "find_links",
    "record_of",
    "sources_of",
]
