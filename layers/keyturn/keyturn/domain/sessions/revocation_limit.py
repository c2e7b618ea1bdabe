"""Bounds the revocations that a user causes: signing out, ending sessions or applications, withdrawing a consent.

Each live revocation is an entry of every authorizer's snapshot, and beyond 20,000 entries each request reads the table.
A user who signs in and out in a loop must not get there.
"""

from __future__ import annotations

# A fixed window allows twice the limit around its end: 40 revocations, 0.2 % of a snapshot, and no snapshot looks back
# further than one window. A person stays below it: only a session that gave a code counts.
USER_REVOCATIONS = 20
USER_REVOCATIONS_WINDOW = 86_400  # seconds


def user_revocations_bucket(subject: str) -> str:
    """Return the name of the user's bucket: `Attempts.take` counts one for each revocation before it is written.

    An empty bucket writes no revocation: signing out ends the browser's session alone, any other action is refused. A
    new password takes none: a thief of a session must not empty the bucket that its owner needs. Its cutoffs are one
    entry of a snapshot, however many there are.
    """
    return f"revocations#{subject}"
