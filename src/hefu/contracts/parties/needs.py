"""The parties contract asks nothing of others."""
