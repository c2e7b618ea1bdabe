"""The only package that calls AWS: one module for each port and technology."""
