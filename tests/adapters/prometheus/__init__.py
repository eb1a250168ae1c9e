"""The adapter to Prometheus: what is counted, read as Prometheus reads it."""
