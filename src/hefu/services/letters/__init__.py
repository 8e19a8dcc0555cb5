"""Letters between organisations: sealed end to end, stored and forwarded by nodes, receipted on the ledger."""
