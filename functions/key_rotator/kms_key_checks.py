"""Checks of the keys in KMS: others may have disabled them, or changed their policies, since the last run."""

from __future__ import annotations

from key_rotator.report import Report
from keyturn.domain.errors import KeyturnError, KeyUnusable
from keyturn.domain.keys.key_ring import KeyRing, KeyState, RingKey
from keyturn.domain.keys.key_rotation import Action, Step
from keyturn.ports import KeyProvisioner


def check_keys(keys: KeyProvisioner, ring: KeyRing, report: Report) -> None:
    """Check each key that signs or will sign, and write failures and unusable keys into the report.

    A key that was disabled or deleted in KMS is unusable. A key that only verifies may be in any state there.
    """
    for key in _signing_keys(ring):
        if key.kid in report.unusable:
            continue
        fault: KeyturnError = KeyUnusable("somebody disabled or deleted it in KMS: another key takes its place")
        try:
            if keys.can_sign(key.arn):
                continue
            report.unusable |= {key.kid}
        except KeyturnError as error:
            fault = error
        report.failures.append((Step(Action.CHECK_KEY, key.kid), fault))


def repair_policies(keys: KeyProvisioner, ring: KeyRing, report: Report) -> None:
    """Repair the policies of the keys that sign or will sign: a role that was created again is another principal."""
    check_keys(keys, ring, report)
    for key in _signing_keys(ring):
        if report.has_failed(Step(Action.CHECK_KEY, key.kid)):
            continue
        step = Step(Action.REPAIR_POLICY, key.kid)
        try:
            if keys.repair_policy(key.arn):
                report.applied.append(step)
        except KeyturnError as fault:
            report.failures.append((step, fault))


def _signing_keys(ring: KeyRing) -> list[RingKey]:
    """Return the keys that sign or will sign."""
    return [key for key in ring.published() if key.state is not KeyState.DEACTIVATED]
