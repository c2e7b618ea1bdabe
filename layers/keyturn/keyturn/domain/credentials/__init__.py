"""Credentials: passwords, known browsers, one-time links, and the limits on guessing."""
