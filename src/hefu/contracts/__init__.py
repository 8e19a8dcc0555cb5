"""One folder a contract. A contract is a pure state machine: decide may refuse, apply may not."""
