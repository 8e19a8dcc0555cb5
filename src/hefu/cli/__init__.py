"""The hefu command."""
