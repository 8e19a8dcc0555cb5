"""The clock record: business time where genesis says that it is simulated."""
