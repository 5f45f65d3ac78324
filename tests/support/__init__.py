"""Code that several test suites share: servers, waiting, data."""
