"""The HTTP layer without a database."""
