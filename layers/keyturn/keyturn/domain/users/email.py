"""The one spelling under which an email address is reserved (ADR 32)."""

from __future__ import annotations

import re
import unicodedata

# RFC 5321 §4.5.3.1: octets of a path without its brackets, and of a local part.
_MAX_ADDRESS = 254
_MAX_LOCAL_PART = 64
_MAX_DOMAIN = 253
# The specials of RFC 5322 §3.2.3: only quoted local parts and comments may contain them.
_SPECIALS = frozenset('"(),:;<>[\\]')
_DOTS = re.compile("[.\u3002]")  # RFC 3490 §3.1, those that NFKC leaves
_LABEL = re.compile("[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def normalise_email(value: str) -> str:
    """Return the spelling that is reserved (ADR 32); raises ValueError with the rule, never with the address.

    NFKC and case folding of the whole address (Unicode TR 36 §3.2), then the domain in its ASCII form (RFC 5890).
    Dots and tags of the local part stay. White space, control and format characters, quoted local parts, address
    literals and a second `@` are refused. The result is its own normal form.
    """
    if not 0 < len(value) <= _MAX_ADDRESS:
        raise ValueError(f"an email address has 1 to {_MAX_ADDRESS} characters")
    folded = _fold(value)
    if any(unicodedata.category(character)[0] in "CZ" for character in value + folded):
        raise ValueError("an email address has neither white space nor control characters")
    local, at, domain = folded.partition("@")
    if not (local and at and domain) or "@" in domain:
        raise ValueError("an email address has one @ with text on both sides")
    if not _SPECIALS.isdisjoint(local):
        raise ValueError("the part before the @ has none of the characters that need quotes")
    address = f"{local}@{_ascii_domain(domain)}"
    if len(local.encode()) > _MAX_LOCAL_PART or len(address.encode()) > _MAX_ADDRESS:
        raise ValueError(f"an email address has at most {_MAX_LOCAL_PART} bytes before the @ and {_MAX_ADDRESS} in all")
    return address


def _fold(value: str) -> str:
    """Fold until the value stays the same: each of case folding and NFKC may make the other necessary again."""
    while (folded := unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value).casefold())) != value:
        value = folded
    return value


def _ascii_domain(domain: str) -> str:
    """Return the ASCII form; Python's codec is IDNA 2003, which differs from RFC 5891 in letters that folding maps."""
    try:
        labels = [label.encode("idna").decode().lower() for label in _DOTS.split(domain)]
    except UnicodeError:
        raise ValueError("the part after the @ is not a domain name (RFC 5890)") from None
    ascii_form = ".".join(labels)
    if len(ascii_form) > _MAX_DOMAIN or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("the part after the @ is not a domain name (RFC 1123 §2.1)")
    return ascii_form
