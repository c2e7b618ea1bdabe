"""One run of the rotator: load the ring, plan, apply each step with one conditional write, until nothing is due.

A run may crash anywhere, be repeated, or meet another run: the ring records its steps, and the next run continues.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from dataclasses import dataclass

from key_rotator.kms_key_checks import check_keys, repair_policies
from key_rotator.orphans import find_orphans
from key_rotator.report import Report
from key_rotator.self_test import describe_key, prove_key
from keyturn.domain.errors import AccessDenied, AlreadyExists, KeyturnError, Throttled, VersionConflict
from keyturn.domain.keys import key_transition as transition
from keyturn.domain.keys.key_ring import DEFAULT_RING, Compromise, KeyRing
from keyturn.domain.keys.key_rotation import Action, Step, due_steps, planned_steps, rotate
from keyturn.domain.keys.key_transition import IntentGivenUp, active_key, find_intent, find_key, standby_key
from keyturn.domain.keys.rotation_policy import RotationPolicy
from keyturn.ports import Clock, KeyProvisioner, KeyRingStore

_CLOCK_TOLERANCE = 300
_DAY = 86_400
# An emergency is tried again when another run writes at the same time.
_EMERGENCY_ATTEMPTS = 5
_RECORD_ATTEMPTS = 3


class ClocksDisagree(KeyturnError):
    """This machine's clock and service time are more than five minutes apart: one of them is wrong (invariant I7)."""


@dataclass(frozen=True, kw_only=True)
class Rotator:
    """Rotates the keys of one ring; `local_time` is in seconds since the epoch, `new_nonce` names a creation.

    `elsewhere` is the number of keys that other rings have in the JWKS.
    """

    store: KeyRingStore
    keys: KeyProvisioner
    clock: Clock
    policy: RotationPolicy
    local_time: Callable[[], float]
    new_nonce: Callable[[], str]
    ring_name: str = DEFAULT_RING
    elsewhere: int = 0

    # ----- the commands

    def tick(self) -> Report:
        """Apply the steps that are due; a failed step is in the report and does not stop the others.

        Raises PolicyViolation, ClocksDisagree, KeyRingMissing, KeyRingEmpty, ItemDamaged before any change.
        """
        ring = self._load_to_change()
        report = Report(self.ring_name)
        repair_policies(self.keys, ring, report)
        return self._apply_due(report)

    def plan(self) -> Report:
        """Return the steps that are due and planned, without a change."""
        self.policy.check()
        report = Report(self.ring_name)
        check_keys(self.keys, self.store.load(self.ring_name), report)
        return self._conclude(report)

    def rotate(self) -> Report:
        """Promote the standby ahead of its time, then apply the steps due; raises RotationRefused."""
        report = Report(self.ring_name)
        for attempt in range(2):
            ring = self._load_to_change()
            check_keys(self.keys, ring, report)
            now, stamp = math.floor(self.clock.now().earliest), self._stamp()
            rotated = rotate(ring, self.policy, now=now, stamp=stamp, unusable=report.unusable)
            try:
                ring = self.store.save(rotated)
                break
            except VersionConflict:
                if attempt:
                    raise
        report.applied.append(Step(Action.PROMOTE, ring.active().kid))
        return self._follow_up(report)

    def compromise(self, kid: str, *, reason: str, actor: str) -> Report:
        """Take a key out of use everywhere, at once and for good (invariant I8); raises UnknownKey.

        Only the stores can stop this: durations that break a rule, or a wrong clock, do not.
        """
        report = Report(self.ring_name)
        self._compromise(kid, reason, actor, report)
        return self._follow_up(report, first=frozenset({Action.DISABLE}))

    def create_ring(self) -> Report:
        """Create the ring of a new stack, its first key, which signs at once, and the standby; existing keys stay.

        A first key signs at once only here: before it, no verifier can have cached a JWKS.
        """
        report = self.add_ring()
        ring = report.ring
        first = None if ring is None or active_key(ring) or ring.compromises else standby_key(ring)
        if ring is not None and first is not None:
            self.store.save(transition.promote(ring, first.kid, self._stamp()))
            report.applied.append(Step(Action.PROMOTE, first.kid))
            self._apply_due(report)
        return report

    def add_ring(self) -> Report:
        """Create a ring, or use one again: its first key waits for the lead, since verifiers cache the JWKS."""
        self.policy.check()
        with contextlib.suppress(AlreadyExists):
            lifetime = self.policy.max_token_lifetime
            self.store.create(KeyRing(name=self.ring_name, version=1, keys=(), longest_lifetime=lifetime))
        ring = self._load_to_change()
        if active_key(ring) is None and standby_key(ring) is None and not any(each.arn for each in ring.intents):
            # An intent without a key is from a run that crashed. Waiting for its end would delay the first signature.
            with contextlib.suppress(VersionConflict):
                self._create_key(ring, "")
        return self._apply_due(Report(self.ring_name))

    def accept_policy(self) -> Report:
        """Apply changed durations: the ring records the longest lifetime (invariant I2); raises PolicyViolation."""
        self.policy.check()
        return self._apply_due(Report(self.ring_name), only=frozenset({Action.RAISE_LONGEST_LIFETIME}))

    # ----- one run

    def _load_to_change(self) -> KeyRing:
        """Return the ring, after a check of policy and clocks; the response to its read sets the clock."""
        self.policy.check()
        ring = self.store.load(self.ring_name)
        local, service = self.local_time(), self.clock.now()
        if not service.earliest - _CLOCK_TOLERANCE <= local <= service.latest + _CLOCK_TOLERANCE:
            raise ClocksDisagree(f"this machine's clock is {local - service.earliest:+.0f} s from service time")
        return ring

    def _apply_due(self, report: Report, only: frozenset[Action] = frozenset(Action)) -> Report:
        """Apply the steps due, most urgent first, reading the ring for each; a failed step is not tried again."""
        met_another_run = False
        while True:
            self._conclude(report)
            ring = report.ring
            step = next((s for s in report.due if s.action in only and not report.has_failed(s)), None)
            if step is None or ring is None:
                return report
            try:
                self._apply(step, ring)
            except VersionConflict:
                if met_another_run:
                    report.notes.append("another run is active and applies the steps that are due")
                    return report
                met_another_run = True
            except KeyturnError as fault:
                report.failures.append((step, fault))
            else:
                report.applied.append(step)

    def _follow_up(self, report: Report, first: frozenset[Action] = frozenset()) -> Report:
        """Apply the steps due after a command: a later fault must not hide that the command was carried out."""
        try:
            self._apply_due(report, only=first)
            check_keys(self.keys, self._load_to_change(), report)
            self._apply_due(report)
        except KeyturnError as fault:
            report.failures.append((Step(Action.TICK), fault))
        return report

    def _conclude(self, report: Report) -> Report:
        """Write the present ring and its steps into the report, and return the report."""
        ring = self.store.load(self.ring_name)
        now = math.floor(self.clock.now().earliest)
        report.ring, report.now = ring, now
        report.due = due_steps(ring, self.policy, now, elsewhere=self.elsewhere, unusable=report.unusable)
        planned = planned_steps(ring, self.policy, report.unusable)
        report.planned = tuple(step for step in planned if step not in report.due)
        return report

    def _stamp(self) -> int:
        """Return the late end of the present: a wait that starts at it is never too short."""
        return math.ceil(self.clock.now().latest)

    # ----- one step

    def _apply(self, step: Step, ring: KeyRing) -> None:
        apply: dict[Action, Callable[[KeyRing, str], object]] = {
            Action.DISABLE: self._disable,
            Action.RAISE_LONGEST_LIFETIME: self._raise_longest_lifetime,
            Action.ABANDON_INTENT: self._abandon_intent,
            Action.PUBLISH: self._publish,
            Action.DEACTIVATE: self._deactivate,
            Action.DESTROY: self._destroy,
            Action.PROMOTE: self._promote,
            Action.SCHEDULE_DELETION: self._schedule_deletion,
            Action.FORGET: self._forget,
            Action.CREATE_KEY: self._create_key,
        }
        apply[step.action](ring, step.subject)

    def _disable(self, ring: KeyRing, kid: str) -> None:
        self.keys.disable(find_key(ring, kid).arn)
        self.store.save(transition.mark_disabled(ring, kid, self._stamp()))

    def _raise_longest_lifetime(self, ring: KeyRing, _subject: str) -> None:
        self.store.save(transition.raise_longest_lifetime(ring, self.policy.max_token_lifetime))

    def _abandon_intent(self, ring: KeyRing, nonce: str) -> None:
        intent = find_intent(ring, nonce)
        found = () if intent.arn is not None else find_orphans(self.keys, self.store, intent)
        self.store.save(transition.abandon_intent(ring, nonce, found, self._stamp()))

    def _publish(self, ring: KeyRing, nonce: str) -> None:
        prove_key(self.keys, find_intent(ring, nonce))
        self.store.save(transition.publish(ring, nonce, self._stamp()))

    def _deactivate(self, ring: KeyRing, kid: str) -> None:
        self.store.save(transition.deactivate(ring, kid, self._stamp()))

    def _destroy(self, ring: KeyRing, kid: str) -> None:
        self.store.save(transition.destroy(ring, kid, self._stamp()))

    def _promote(self, ring: KeyRing, kid: str) -> None:
        self.store.save(transition.promote(ring, kid, self._stamp()))

    def _schedule_deletion(self, ring: KeyRing, kid: str) -> None:
        days = self.policy.deletion_window_days
        self.keys.schedule_deletion(find_key(ring, kid).arn, days)
        self.store.save(transition.mark_deletion(ring, kid, self._stamp() + days * _DAY))

    def _forget(self, ring: KeyRing, kid: str) -> None:
        self.store.save(transition.forget(ring, kid))

    def _create_key(self, ring: KeyRing, _subject: str) -> None:
        """Record the intent, ask KMS, record the response; a step of its own publishes the key."""
        nonce, algorithm = self.new_nonce(), self.policy.algorithm
        opened = self.store.save(transition.open_intent(ring, nonce=nonce, algorithm=algorithm, now=self._stamp()))
        try:
            arn = self.keys.create_key(algorithm, nonce, rsa_key_size=self.policy.rsa_key_size)
        except (AccessDenied, Throttled):
            # KMS refused, so that later runs have no key to look for.
            with contextlib.suppress(KeyturnError):
                self.store.save(transition.drop_intent(opened, nonce))
            raise
        self._record_key(nonce, arn, describe_key(self.keys.public_key(arn), algorithm))

    def _record_key(self, nonce: str, arn: str, jwk: dict[str, str]) -> None:
        for attempt in range(_RECORD_ATTEMPTS):
            try:
                ring = self.store.load(self.ring_name)
                self.store.save(transition.record_key(ring, nonce, arn=arn, jwk=jwk))
                return
            except VersionConflict:
                if attempt == _RECORD_ATTEMPTS - 1:
                    raise
            except IntentGivenUp:
                # This run was too late, and only this run knows the key.
                self.keys.schedule_deletion(arn, self.policy.deletion_window_days)
                raise

    # ----- the emergency

    def _compromise(self, kid: str, reason: str, actor: str, report: Report) -> None:
        for _ in range(_EMERGENCY_ATTEMPTS):
            ring = self.store.load(self.ring_name)
            now = self._stamp()
            changed = transition.compromise(ring, Compromise(kid=kid, at=now, reason=reason, actor=actor))
            if changed is ring:
                report.notes.append(f"{kid} was compromised before")
                return
            try:
                self.store.save_compromise(changed, transition.compromised_since(changed, now - _DAY))
            except VersionConflict:
                continue
            report.applied.append(Step(Action.COMPROMISE, kid))
            report.notes += self._warnings(changed, now)
            return
        raise VersionConflict(f"the emergency met other writers {_EMERGENCY_ATTEMPTS} times: repeat it")

    def _warnings(self, ring: KeyRing, now: int) -> list[str]:
        active = active_key(ring)
        if active is None:
            return ["the standby was missing: nothing is signed until the next key is created"]
        known_in = active.published_at + self.policy.publish_lead - now
        if active.activated_at == now and known_in > 0:
            return [f"{active.kid} signs now; some verifiers may not know it for another {known_in} s"]
        return []
