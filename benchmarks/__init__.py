"""Measurements, counts and calculations of `make bench`; none of it is deployed."""
