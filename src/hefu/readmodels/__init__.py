"""SQL views of the ledger, rebuilt from events; never a source of truth."""
