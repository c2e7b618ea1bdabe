"""The repetition of a deployment's run: IAM and KMS are consistent up to a minute after a role or a key was created.

CloudFormation rolls a stack back after one failure, so that one early refusal would undo a whole deployment.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from key_rotator.report import Report
from keyturn.domain.errors import AccessDenied, KeyturnError, KeyUnusable, Throttled, VersionConflict

# Seconds; a minute in all.
_PAUSES = (3.0,) * 20
# Seconds that a further run and the response to CloudFormation may need.
_RESERVE = 45.0
# After StoreUnavailable a key may have been created: each repetition might create one more.
_PASSING = (AccessDenied, KeyUnusable, Throttled, VersionConflict)


class Patience(NamedTuple):
    """The seconds until Lambda ends the invocation, and a way to wait."""

    seconds_left: Callable[[], float]
    pause: Callable[[float], None] = time.sleep


def repeat(run: Callable[[], Sequence[Report]], patience: Patience) -> Sequence[Report]:
    """Return the reports of the run, which is repeated while its fault may pass and time is left; raises its fault.

    Each step is a conditional write, so that a repeated run continues where the last one stopped.
    """
    for wait in _PAUSES:
        if patience.seconds_left() < wait + _RESERVE:
            break
        try:
            reports = run()
        except _PASSING:
            patience.pause(wait)
            continue
        if not any(map(_may_pass, _faults(reports))):
            return reports
        patience.pause(wait)
    return run()


def _faults(reports: Sequence[Report]) -> list[KeyturnError]:
    return [fault for report in reports for _, fault in report.failures]


def _may_pass(fault: KeyturnError) -> bool:
    return isinstance(fault, _PASSING)
