"""What callers can ask over HTTP."""
