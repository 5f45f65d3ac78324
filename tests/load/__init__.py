"""Benchmarks: ours and the peers, measured alternately in one run (`make bench`), and a profile (`make profile`)."""
