"""Faults of a network of four validators, the load that goes on meanwhile, and what must hold afterwards."""
