"""What is true without any machine: values, rules and errors. No clock, randomness, logging or I/O."""
