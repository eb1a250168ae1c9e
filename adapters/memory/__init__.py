"""Every port in memory: for tests, and the specification by example of what the real adapters do."""
