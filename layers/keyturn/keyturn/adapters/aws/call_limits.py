"""The limits of a call on AWS: time-outs, attempts, and the errors and pauses of botocore's mode `standard`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from keyturn.adapters.aws.service_errors import ServiceError

if TYPE_CHECKING:
    from typing import Final

# Seconds: botocore's defaults would wait for minutes.
CONNECT_TIMEOUT = 0.5
READ_TIMEOUT = 1.0
ATTEMPTS: Final = 2

_LONGEST_PAUSE = 0.05
_LONGEST_THROTTLED_PAUSE = 1.0

_TRANSIENT_STATUSES = frozenset({500, 502, 503, 504})
# ReplicatedWriteConflictException is DynamoDB's, whose model permits a retry.
_TRANSIENT_CODES = frozenset(
    {"PriorRequestNotComplete", "ReplicatedWriteConflictException", "RequestTimeout", "RequestTimeoutException"}
)
_THROTTLED_CODES = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)


def may_pass(error: ServiceError) -> bool:
    """Return whether another attempt may help: after a transient error, or throttling."""
    code = error.response["Error"]["Code"]
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return status in _TRANSIENT_STATUSES or code in _TRANSIENT_CODES or code in _THROTTLED_CODES


def back_off(error: Exception) -> float:
    """Return a random pause in seconds before the next attempt, so that callers do not come back all at once."""
    throttled = isinstance(error, ServiceError) and error.response["Error"]["Code"] in _THROTTLED_CODES
    longest = _LONGEST_THROTTLED_PAUSE if throttled else _LONGEST_PAUSE
    return longest * int.from_bytes(os.urandom(4), "big") / 2**32
