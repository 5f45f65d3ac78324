"""Producer registry: everything that depends on Kafka."""
