"""What the tests share: servers, waiting, data."""
