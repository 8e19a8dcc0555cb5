"""What the tests of a real network share."""

PASSPHRASE = "for tests only"
BANKS = ("Bank A", "Bank B", "Bank C", "Bank D")
