"""Credentials: passwords, known devices, one-time links, and the limits on guessing."""
