"""Keyturn's kernel: the rules, the strict token verifier, and the outside world behind ports."""

__version__ = "0.1.0"
