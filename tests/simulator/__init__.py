"""A running simulator, and a person who signs in at it."""
