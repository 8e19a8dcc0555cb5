"""Hefu: one shared ledger of rights, and one file that proves any of them to an outsider."""

__version__ = "0.2.0"
