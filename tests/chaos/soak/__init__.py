"""A long run at half load with a fault now and then: nothing lost, doubled or out of order, and memory stays flat."""
