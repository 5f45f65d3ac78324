"""The command line and the composition root: the only package of the service that may import the consumers."""
