"""Events as CloudEvents 1.0 in Kafka's binary mode."""
