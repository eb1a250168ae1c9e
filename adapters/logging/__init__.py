"""What is told to the standard library's logging."""
