"""Tests of the producer registry: unit, integration, migration, acceptance, chaos and load."""
