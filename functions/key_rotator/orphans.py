"""The KMS keys of a run that crashed before it could record them: they are found by a tag, which others can set too."""

from __future__ import annotations

from keyturn.domain.errors import KeyRingMissing
from keyturn.domain.keys.key_ring import RING_NAMES, Intent
from keyturn.ports import KeyProvisioner, KeyRingStore

# In seconds: the clocks of KMS and DynamoDB differ by less.
_CLOCK_TOLERANCE = 60


def find_orphans(keys: KeyProvisioner, store: KeyRingStore, intent: Intent) -> tuple[str, ...]:
    """Return the ARNs of the keys that KMS created for an intent without a response; they may be destroyed.

    A principal who may tag keys can give any key the intent's nonce. An orphan is younger than its intent, and in none
    of the rings. Raises the errors of the ports: every ring must be read.
    """
    found = keys.find_by_nonce(intent.nonce, since=intent.since - _CLOCK_TOLERANCE)
    known = _known_arns(store) if found else frozenset()
    return tuple(arn for arn in found if arn not in known)


def _known_arns(store: KeyRingStore) -> frozenset[str]:
    """Return the ARNs of all rings: those of keys in each state, and of created keys that are not published yet."""
    arns: set[str] = set()
    for name in RING_NAMES:
        try:
            ring = store.load(name)
        except KeyRingMissing:
            continue
        arns |= {key.arn for key in ring.keys}
        arns |= {intent.arn for intent in ring.intents if intent.arn is not None}
    return frozenset(arns)
