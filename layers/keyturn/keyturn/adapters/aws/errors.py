"""The mapping from the exceptions of AWS's clients to the domain's, for every adapter."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from keyturn.adapters.aws.service_errors import connection_errors, credentials_errors, response_errors
from keyturn.domain.errors import AccessDenied, KeyUnusable, StoreUnavailable, Throttled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keyturn.adapters.aws.service_errors import AnswerError

_THROTTLED_CODES = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
# KMS calls a policy malformed if it names a role that IAM does not know.
_DENIED_CODES = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MalformedPolicyDocumentException",
        "MissingAuthenticationTokenException",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "UnrecognizedClientException",
    }
)
# NotFoundException is KMS's alone: a missing table is a ResourceNotFoundException.
_UNUSABLE_KEY_CODES = frozenset({"DisabledException", "KMSInvalidStateException", "NotFoundException"})
# These are the results of races; the adapters handle them.
_RACE_CODES = frozenset(
    {"ConditionalCheckFailedException", "TransactionCanceledException", "TransactionInProgressException"}
)


@contextmanager
def aws_errors(what: str) -> Iterator[None]:
    """Raise AccessDenied, Throttled, KeyUnusable or StoreUnavailable in place of a client's exceptions in the block.

    `what` names the call in the message. Failed conditions and cancelled transactions are raised unchanged.
    """
    try:
        yield
    except response_errors() as error:
        code = error_code(error)
        if code in _RACE_CODES:
            raise
        # The code alone: AWS's messages repeat ARNs and sometimes parts of the request.
        raise _domain_error(code)(f"{what}: {code}") from None
    except credentials_errors() as error:
        raise AccessDenied(f"{what}: {type(error).__name__}") from None
    except connection_errors() as error:
        raise StoreUnavailable(f"{what}: {type(error).__name__}") from None


def error_code(error: AnswerError) -> str:
    """Return the error's code without the namespace that some endpoints put in front."""
    return str(error.response.get("Error", {}).get("Code", "Unknown")).rpartition("#")[2]


def _domain_error(code: str) -> type[AccessDenied | KeyUnusable | StoreUnavailable]:
    if code in _THROTTLED_CODES:
        return Throttled
    if code in _DENIED_CODES:
        return AccessDenied
    if code in _UNUSABLE_KEY_CODES:
        return KeyUnusable
    return StoreUnavailable
