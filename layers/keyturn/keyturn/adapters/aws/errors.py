"""The mapping from botocore's exceptions to the domain's, for every boto3 adapter."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from keyturn.domain.errors import AccessDenied, KeyUnusable, StoreUnavailable, Throttled

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
    """Raise AccessDenied, Throttled, KeyUnusable or StoreUnavailable in place of boto3's exceptions in the block.

    `what` names the call in the message. Failed conditions and cancelled transactions are raised unchanged.
    """
    try:
        yield
    except ClientError as error:
        code = error_code(error)
        if code in _RACE_CODES:
            raise
        # The code alone: AWS's messages repeat ARNs and sometimes parts of the request.
        raise _domain_error(code)(f"{what}: {code}") from None
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise AccessDenied(f"{what}: {type(error).__name__}") from None
    except BotoCoreError as error:
        raise StoreUnavailable(f"{what}: {type(error).__name__}") from None


def error_code(error: ClientError) -> str:
    """Return the error's code without the namespace that some endpoints put in front."""
    return error.response.get("Error", {}).get("Code", "Unknown").rpartition("#")[2]


def _domain_error(code: str) -> type[AccessDenied | KeyUnusable | StoreUnavailable]:
    if code in _THROTTLED_CODES:
        return Throttled
    if code in _DENIED_CODES:
        return AccessDenied
    if code in _UNUSABLE_KEY_CODES:
        return KeyUnusable
    return StoreUnavailable
