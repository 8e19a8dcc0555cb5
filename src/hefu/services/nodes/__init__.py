"""A node of a network: the ledger as CometBFT's application, CometBFT beside it, and the gateway that members talk to."""
