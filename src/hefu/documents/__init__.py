"""Invoice files in, canonical records out."""
