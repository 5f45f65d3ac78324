"""The wire: what upstream sends and downstream reads. Names, headers, bodies and orders only change by adding."""
