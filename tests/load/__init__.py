"""Benchmarks of the service and its peers, measured in turns (`make bench`), and a profile (`make profile`)."""
