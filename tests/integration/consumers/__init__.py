"""Consumers with a real database and without a broker."""
