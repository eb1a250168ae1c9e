"""The way of events with real processes: from a change in a store to its effect, through the log."""
