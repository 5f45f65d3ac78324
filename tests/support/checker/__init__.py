"""The checker of the fault tests: pure functions that compare the sent records with the final state."""
