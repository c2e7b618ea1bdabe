"""The Lambda handler: the schedule's tick, the operator's commands, CloudFormation's custom resource."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from key_rotator.bootstrap import bootstrap
from key_rotator.custom_resource import apply_request, is_custom_resource_event, respond
from key_rotator.metrics import count_successful_run, measure_rings
from key_rotator.repeated_run import Patience
from key_rotator.report import Report, error_code, to_answer
from keyturn.domain.errors import KeyturnError
from keyturn.domain.keys.key_ring import DEFAULT_RING
from keyturn.domain.keys.rotation_refusal import RotationRefused
from keyturn.environment import is_on_emulator
from keyturn.observability import log_event

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_MAX_TEXT = 256


class MalformedEvent(RotationRefused):
    """The rotator does not know the event."""

    code = "malformed_event"


def lambda_handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Return the rings and the steps applied, due and planned; or an error with its message.

    A tick that fails raises: Lambda counts the error, the alarm rings, and the schedule tries again.
    """
    try:
        answer = _answer(event, context)
        reason = None
    except Exception as fault:
        # The message of a library's fault may hold a secret.
        reason = str(fault) if isinstance(fault, KeyturnError) else f"{type(fault).__name__}: see the rotator's log"
        log_event("ERROR", "key_rotator_failed", error=type(fault).__name__, message=str(fault))
        if not is_custom_resource_event(event):
            raise
        answer = {"error": "custom_resource_failed", "message": reason}
    if is_custom_resource_event(event):
        respond(event, reason, on_emulator=is_on_emulator(os.environ))
    return answer


def _answer(event: Any, context: LambdaContext) -> dict[str, Any]:
    if is_custom_resource_event(event):
        apply_request(event, bootstrap, Patience(lambda: context.get_remaining_time_in_millis() / 1000))
        log_event("INFO", "custom_resource", request_type=event["RequestType"])
        count_successful_run(context.function_name)
        return {}
    action = event.get("action") if isinstance(event, dict) else None
    if action == "tick":
        return _tick(context.function_name)
    try:
        reports = _command(action, event)
    except KeyturnError as fault:
        return _error(fault)
    return _log(str(action), reports)


def _tick(function_name: str) -> dict[str, Any]:
    rings = bootstrap()
    reports = rings.tick()
    answer = _log("tick", reports)
    measure_rings(reports, rings.policies(), function_name)
    for report in reports:
        report.check()
    count_successful_run(function_name)
    return answer


def _command(action: object, event: Any) -> list[Report]:
    if action == "plan":
        reports = bootstrap().plan()
        reports[0].check()
        return reports
    if action == "rotate":
        return bootstrap().rotate(_text(event, "ring") if "ring" in event else DEFAULT_RING)
    if action == "compromise":
        kid, reason, actor = (_text(event, name) for name in ("kid", "reason", "actor"))
        return bootstrap().compromise(kid, reason=reason, actor=actor)
    raise MalformedEvent('an event is {"action": "tick", "plan", "rotate" or "compromise"}')


def _text(event: dict[str, Any], name: str) -> str:
    value = event.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_TEXT or not value.isprintable():
        raise MalformedEvent(f"{name} is 1 to {_MAX_TEXT} printable characters")
    return value


def _error(fault: KeyturnError) -> dict[str, Any]:
    code = fault.code if isinstance(fault, RotationRefused) else error_code(fault)
    log_event(
        "WARN" if isinstance(fault, RotationRefused) else "ERROR", "command_failed", error=code, message=str(fault)
    )
    answer: dict[str, Any] = {"error": code, "message": str(fault)}
    if isinstance(fault, RotationRefused) and fault.retry_after is not None:
        answer["retry_after_seconds"] = fault.retry_after
    return answer


def _log(action: str, reports: list[Report]) -> dict[str, Any]:
    answer = to_answer(reports)
    steps = {name: value for name, value in answer.items() if name != "rings"}
    log_event("ERROR" if "failed" in answer else "INFO", "key_rotation", action=action, **steps)
    return answer
