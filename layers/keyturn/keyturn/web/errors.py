"""Requests that cannot be read. Messages are public and never repeat input."""

from __future__ import annotations


class BadRequest(Exception):
    """A parameter is missing, repeated or malformed, or the body is not a form."""


class PayloadTooLarge(BadRequest):
    """The body is larger than any request needs (RFC 9110 §15.5.14)."""


class UnsupportedContentCoding(BadRequest):
    """The body is compressed or coded otherwise (RFC 9110 §15.5.16)."""
