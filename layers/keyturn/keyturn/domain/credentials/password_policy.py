"""Which passwords a user may choose (NIST SP 800-63B-4 §3.1.1.2)."""

from __future__ import annotations

import enum

# Characters after NFC. A password that is the only factor has 15 or more (NIST SP 800-63B-4 §3.1.1.2 item 1).
MIN_LENGTH = 15
# NIST asks for at least 64. 256 keeps a generated passphrase of any manager and bounds the work of normalisation.
MAX_LENGTH = 256


class Weakness(enum.StrEnum):
    """The rule that a chosen password breaks, for the text of a page."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    NOT_TEXT = "not_text"  # a lone surrogate or an unassigned code point, which NFC may change later
    COMMON = "common"  # on the blocklist
    CONTEXT = "context"  # little more than the user's own name or address, or the name of the service
    REPEATED = "repeated"  # one short unit again and again
    SEQUENCE = "sequence"  # a run along the keyboard, the alphabet or the digits
