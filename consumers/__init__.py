"""Producer registry: everything that is true only with Kafka."""
