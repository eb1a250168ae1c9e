"""Apache Kafka: events are published to it, read from it, and its topics are looked at (aiokafka)."""
