"""The HTTP layer on a real PostgreSQL."""
