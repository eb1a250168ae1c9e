"""Contract suites, properties, use-case tests and tests against real technology."""
