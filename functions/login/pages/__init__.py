"""The hosted pages as pure functions: values in, HTML text out. They need no JavaScript."""
