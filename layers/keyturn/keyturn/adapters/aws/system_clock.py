"""This machine's two clocks; no other module of the authorizer reads a clock.

They are the standard library's functions without wrappers, since a decision reads a clock nine times.
"""

from __future__ import annotations

import time

# The seconds since the epoch; they may jump, in either direction.
wall_seconds = time.time  # noqa: TID251 - this is the clock adapter

# Seconds that never go back, from an unknown start; they may stop while a sandbox is frozen.
monotonic_seconds = time.monotonic
