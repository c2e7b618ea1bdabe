"""What can go wrong outside of a token: one base, one subclass per cause.

Token errors live in `keyturn.jose`: they are an answer, these are faults. A fault never opens a door: whoever meets one
refuses, and says which.
"""

from __future__ import annotations


class KeyturnError(Exception):
    """The base of every fault that Keyturn raises itself."""


class StoreUnavailable(KeyturnError):
    """A store or KMS did not answer in time, throttled, or answered a part: nothing may be concluded from it."""


class Throttled(StoreUnavailable):
    """AWS asked for fewer calls; the caller is told when to come back."""


class AccessDenied(KeyturnError):
    """IAM or a key policy refused a call that this function needs: an operator has to look."""


class ItemDamaged(KeyturnError):
    """A stored item lacks a field, breaks an invariant, or has a version that this release does not read."""


class ItemNewer(KeyturnError):
    """A newer release wrote the stored item, and writing it back would lose what this one does not know."""


class KeyRingMissing(KeyturnError):
    """The ring has no item: only the stack's custom resource ever makes one."""


class NoActiveKey(KeyturnError):
    """The ring has no active key yet: the token endpoint answers 503 until it has."""


class KeyUnusable(KeyturnError):
    """KMS refuses to sign with this key: it is disabled, pending deletion or gone."""


class VersionConflict(KeyturnError):
    """Somebody else changed the item first: load it again and decide again."""


class AlreadyExists(KeyturnError):
    """The item that should be created is there already; nothing was changed."""


class ClockUnavailable(KeyturnError):
    """No store has told the service time yet, and a local clock is not evidence that others can compare."""
