"""Producer registry: everything that is true without Kafka."""
