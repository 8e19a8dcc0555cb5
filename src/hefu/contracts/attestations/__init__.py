"""One shape for everything that somebody vouches for."""
