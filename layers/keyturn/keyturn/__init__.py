"""Keyturn's kernel: the rules, the strict token verifier, the ports, and their adapters to AWS."""

__version__ = "0.1.0"
