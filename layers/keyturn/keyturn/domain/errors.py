"""Faults of stores, keys and configuration: one base class, and one subclass for each cause.

The errors of invalid tokens are in `keyturn.jose`. A caller that catches a fault refuses the request and logs it.
"""

from __future__ import annotations


class KeyturnError(Exception):
    """The base of every fault that Keyturn raises itself."""


class StoreUnavailable(KeyturnError):
    """A store or KMS timed out, throttled the call, or answered in part: the response proves nothing."""


class Throttled(StoreUnavailable):
    """AWS throttled the call; the response says after how many seconds to repeat the request."""


class AccessDenied(KeyturnError):
    """IAM or a key policy refused a call that this function needs: an operator has to look."""


class ItemDamaged(KeyturnError):
    """A stored item lacks a field, breaks an invariant, or has a version that this release cannot read."""


class ItemNewer(KeyturnError):
    """A newer release wrote the stored item: this release would lose its unknown fields by writing it back."""


class KeyRingMissing(KeyturnError):
    """The ring has no item: only the stack's custom resource creates one."""


class NoActiveKey(KeyturnError):
    """The ring has no active key yet: the token endpoint answers 503 until there is one."""


class KeyUnusable(KeyturnError):
    """KMS refuses to sign with this key: it is disabled, pending deletion or deleted."""


class VersionConflict(KeyturnError):
    """Another writer changed the item first: load it and decide again."""


class AlreadyExists(KeyturnError):
    """The item to create exists already; it was left unchanged."""


class ClockUnavailable(KeyturnError):
    """Service time is unknown until a store returns a Date: others cannot compare a time of the local clock."""
