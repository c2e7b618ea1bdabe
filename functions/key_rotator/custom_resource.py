"""The stack's custom resource: creates the first key, and refuses deployments whose durations break a rule.

CloudFormation waits for a response at a URL of its own: without a response, the stack is blocked for an hour.
"""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from key_rotator.repeated_run import Patience, repeat
from key_rotator.report import Report
from key_rotator.rings import Rings
from keyturn.domain.errors import KeyturnError

_PHYSICAL_ID = "keyturn-key-ring"
_LOOPBACK = frozenset({"localhost", "127.0.0.1"})
_TIMEOUT = 5.0
_PAUSES = (0.5, 2.0)
_MAX_REASON = 1000

Send = Callable[[urllib.request.Request], int]


class ResponseUndelivered(KeyturnError):
    """CloudFormation did not accept the response."""


class UnknownRequestType(KeyturnError):
    """The request is neither a creation, an update nor a deletion of the custom resource."""


def is_custom_resource_event(event: object) -> bool:
    """Return whether CloudFormation sent the event, and waits for a response."""
    return isinstance(event, dict) and isinstance(event.get("RequestType"), str) and "ResponseURL" in event


def apply_request(event: Mapping[str, Any], connect: Callable[[], Rings], patience: Patience) -> None:
    """Carry out CloudFormation's request; raises a fault, whose text is the reason in the response.

    An update is repeated as a creation is: if the update of a rollback fails, the stack accepts no deployment.
    """
    request = event["RequestType"]
    reports: Sequence[Report]
    if request == "Create":
        reports = repeat(connect().create, patience)
    elif request == "Update":
        reports = repeat(connect().update, patience)
    elif request != "Delete":
        raise UnknownRequestType(f"the request type is {request!r}")
    else:
        reports = []  # keys outlive the stack, as the tables do: an operator decides about both
    for report in reports:
        report.check()


def send(request: urllib.request.Request) -> int:
    """Return the status of the response to a request; raises OSError, HTTPException."""
    with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:  # noqa: S310 - _check_url checks its scheme
        return int(response.status)


def respond(
    event: Mapping[str, Any],
    reason: str | None,
    *,
    on_emulator: bool = False,
    put: Send = send,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Report success to CloudFormation, or the reason of the failure; raises ResponseUndelivered.

    On an emulator the URL may be plain http on loopback.
    """
    url = _check_url(event["ResponseURL"], on_emulator)
    body = json.dumps(_response(event, reason)).encode()
    # The URL is signed for an empty content type.
    request = urllib.request.Request(url, body, {"Content-Type": ""}, method="PUT")  # noqa: S310 - as above
    for wait in (*_PAUSES, None):
        try:
            if put(request) == http.client.OK:
                return
        except (OSError, http.client.HTTPException):
            # The error's text may hold the URL, and the URL is a credential.
            pass
        if wait is not None:
            pause(wait)
    raise ResponseUndelivered(f"CloudFormation did not accept the response in {len(_PAUSES) + 1} attempts")


def _response(event: Mapping[str, Any], reason: str | None) -> dict[str, Any]:
    return {
        "Status": "SUCCESS" if reason is None else "FAILED",
        "Reason": (reason or "done")[:_MAX_REASON],
        "PhysicalResourceId": event.get("PhysicalResourceId") or _PHYSICAL_ID,
        **{name: event.get(name) for name in ("StackId", "RequestId", "LogicalResourceId")},
    }


def _check_url(url: object, on_emulator: bool) -> str:
    """Return the URL if it may be written to: https, or the emulator's http on loopback."""
    if isinstance(url, str):
        parts = urlsplit(url)
        if parts.scheme == "https" or (on_emulator and parts.scheme == "http" and parts.hostname in _LOOPBACK):
            return url
    raise ResponseUndelivered("the ResponseURL is neither https nor that of an emulator on loopback")
