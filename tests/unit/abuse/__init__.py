"""Tests of the abuse suite itself."""
