"""The embedded stack: PostgreSQL and a Kafka broker as child processes, for development, the demo and tests."""
