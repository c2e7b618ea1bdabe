"""AWS itself: connections, signatures, errors, clocks, items and transactions."""
