"""Fingerprints of documents that nobody can guess."""
