"""The embedded stack: PostgreSQL and a Kafka broker as child processes of a development run, a demo or a test."""
