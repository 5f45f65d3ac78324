"""Producer registry: everything that does not depend on Kafka."""
