"""Organisations, accounts, keys; members and roles by votes."""
