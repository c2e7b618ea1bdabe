"""Revocations: what they name, when they expire and what a snapshot of them holds."""
