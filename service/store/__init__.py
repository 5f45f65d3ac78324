"""PostgreSQL: the one place that knows asyncpg."""
