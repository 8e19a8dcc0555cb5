"""Transactions, blocks, the authenticated state and its proofs. It knows no contract."""
