"""Adapters of the Engine port."""
