"""The adapter to Apache Kafka: what is Kafka's own; what every log of events promises is in `tests/contracts`."""
