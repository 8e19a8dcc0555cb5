"""Receivables: confirmed, split, passed on, financed, settled."""
