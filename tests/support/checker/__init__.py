"""The oracle of the fault tests: pure, from what was sent and what is there at the end to what is wrong."""
