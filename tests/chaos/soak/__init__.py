"""A long run at half load with regular faults: nothing is lost, duplicated or out of order, and memory is stable."""
