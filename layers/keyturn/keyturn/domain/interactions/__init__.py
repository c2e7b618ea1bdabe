"""Interactions: authorization requests that wait for their user."""
