"""Calls to AWS in general: connections, signatures, errors, clocks, items and transactions."""
