"""Tests of the components of the fault tests."""
