"""Rules and values: examples to read, properties to trust."""
