"""The command line and composition root: the one place of the service that may import the consumers."""
