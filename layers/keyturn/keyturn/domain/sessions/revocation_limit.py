"""The limit of the revocations that one user causes by signing out, ending sessions or applications, or withdrawals.

Each live revocation is an entry of every authorizer's snapshot, and beyond 20,000 entries each request reads the table.
A user who signs in and out in a loop must not reach that number.
"""

from __future__ import annotations

# A fixed window allows twice the limit around its end: 40 revocations, 0.2 % of a snapshot. A snapshot looks back for
# at most one window. Normal use stays below the limit: only a session that gave a code counts.
USER_REVOCATIONS = 20
USER_REVOCATIONS_WINDOW = 86_400  # seconds


def user_revocations_bucket(subject: str) -> str:
    """Return the name of the user's bucket: `Attempts.take` counts one for each revocation before it is written.

    An empty bucket prevents revocations: signing out ends the browser's session alone, and any other action is refused.
    A new password ignores the bucket: a thief of a session could otherwise empty it, and prevent the owner's
    change of the password. Its cutoffs are one entry of a snapshot, independent of their number.
    """
    return f"revocations#{subject}"
