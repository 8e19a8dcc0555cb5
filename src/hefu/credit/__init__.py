"""
Credit from data: sources in, features of firms out; what decides on them stands on these. Holds no ledger state.
"""
