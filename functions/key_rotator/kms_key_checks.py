"""What others may have done to the keys in KMS since the last run: taken them out of use, or changed their policies."""

from __future__ import annotations

from key_rotator.report import Report
from keyturn.domain.errors import KeyturnError, KeyUnusable
from keyturn.domain.keys.key_ring import KeyRing, KeyState, RingKey
from keyturn.domain.keys.key_rotation import Action, Step
from keyturn.ports import KeyProvisioner


def check_keys(keys: KeyProvisioner, ring: KeyRing, report: Report) -> list[RingKey]:
    """Return the keys that sign or will.

    One that somebody disabled or deleted in KMS is none: it is a failure, and unusable in the report. A key that only
    verifies may be in any state there.
    """
    usable = []
    for key in ring.published():
        if key.state is KeyState.DEACTIVATED or key.kid in report.unusable:
            continue
        fault: KeyturnError = KeyUnusable("somebody disabled or deleted it in KMS: another key takes its place")
        try:
            if keys.can_sign(key.arn):
                usable.append(key)
                continue
            report.unusable |= {key.kid}
        except KeyturnError as error:
            fault = error
        report.failures.append((Step(Action.CHECK_KEY, key.kid), fault))
    return usable


def repair_policies(keys: KeyProvisioner, ring: KeyRing, report: Report) -> None:
    """Put right the policies of the keys that sign or will: a role that was made anew is another principal."""
    for key in check_keys(keys, ring, report):
        step = Step(Action.REPAIR_POLICY, key.kid)
        try:
            if keys.repair_policy(key.arn):
                report.applied.append(step)
        except KeyturnError as fault:
            report.failures.append((step, fault))
