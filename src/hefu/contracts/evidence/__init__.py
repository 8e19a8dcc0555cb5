"""Documents by their tags, and the capacity that each has left, at all institutions together."""
