"""Many nodes: the same ledger as the application of CometBFT (docs/decisions/0012-a-network-of-nodes.md)."""
