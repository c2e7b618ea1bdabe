"""Lines of the functions' logs, and whether a metric filter of the template counts them: here, and on AWS."""

from __future__ import annotations

from typing import Any

_UNAUTHORIZED = {"errorType": "Exception", "errorMessage": "Unauthorized", "requestId": "r", "stackTrace": []}

# The filter's logical id, a line, and whether it matches.
LINES: list[tuple[str, dict[str, Any], bool]] = [
    ("AuthorizerFaults", {"level": "ERROR", "event": "authorizer_fault", "fault": "SettingsError"}, True),
    ("AuthorizerFaults", _UNAUTHORIZED, False),
    ("AuthorizerFaults", _UNAUTHORIZED | {"errorMessage": "unauthorized"}, True),
    ("AuthorizerFaults", _UNAUTHORIZED | {"errorType": "AuthorizerFault", "errorMessage": "its log says why"}, True),
    ("AuthorizerFaults", _UNAUTHORIZED | {"errorType": "Runtime.ImportModuleError", "errorMessage": "x"}, True),
    (
        "AuthorizerFaults",
        {"type": "platform.report", "record": {"status": "error", "errorType": "Exception"}},
        False,
    ),
    ("AuthorizerFaults", {"type": "platform.report", "record": {"errorType": "Runtime.ExitError"}}, True),
    ("AuthorizerFaults", {"level": "INFO", "event": "refused", "reason": "no_rule"}, False),
    ("AuthorizerFaults", {"level": "WARN", "event": "view_not_refreshed", "fault": "Throttled"}, False),
    ("AuthorizerOldViews", {"_aws": {}, "OldestView": 80.0}, True),
    ("AuthorizerOldViews", {"_aws": {}, "OldestView": 79.9}, False),
    ("AuthorizerOldViews", {"level": "WARN", "event": "strict_instead_of_snapshot"}, True),
    ("AuthorizerOldViews", {"level": "WARN", "event": "view_not_refreshed"}, False),
    ("AccessRulesNotRenewed", {"level": "ERROR", "event": "access_rules_not_renewed"}, True),
    ("KmsThrottled", {"event": "request", "detail": "Throttled: KMS Sign: ThrottlingException"}, True),
    ("KmsThrottled", {"event": "request", "detail": "Throttled: DynamoDB GetItem: x"}, False),
    ("FailedAuthorizationRequests", {"status": 303, "outcome": "server_error"}, True),
    ("FailedAuthorizationRequests", {"status": 303, "outcome": "temporarily_unavailable"}, True),
    ("FailedAuthorizationRequests", {"status": 303, "outcome": "access_denied"}, False),
    ("FailedAuthorizationRequests", {"status": 429, "outcome": "temporarily_unavailable"}, False),
]
