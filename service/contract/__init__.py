"""The message contract with senders and subscribers. Names, headers, bodies and orders only change by addition."""
