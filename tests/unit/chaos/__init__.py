"""Tests of the fault tests' own parts."""
