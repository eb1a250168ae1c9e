"""The `events` commands, through the real command line."""
