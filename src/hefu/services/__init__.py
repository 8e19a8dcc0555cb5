"""Use cases: the only code that spans several of the parts below."""
