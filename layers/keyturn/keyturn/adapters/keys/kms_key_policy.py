"""The key policy of every signing key, set when KMS creates the key.

Access rules by tags take minutes to apply. KMS's default policy lets every principal with kms:Sign on "*" sign tokens.
"""

from __future__ import annotations

import json
import re
from typing import Any

# The tag names the stack of a key, for orphaned keys and bills; permissions never depend on it.
STACK_TAG = "keyturn:stack"

_ROLE_ARN = re.compile(r"(arn:[a-z-]+:iam::[0-9]{12}:)role/.+")

# The list lacks Sign and CreateGrant: a grant would pass on the right to sign.
_MANAGE = [
    "kms:CancelKeyDeletion",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:EnableKey",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:GetPublicKey",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
]
_TURN = [
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:GetKeyPolicy",
    "kms:GetPublicKey",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "kms:Sign",
]


def key_policy(issuer_role: str, rotator_role: str) -> dict[str, Any]:
    """Return the policy of a signing key: the issuer signs, the rotator rotates, and the account only manages.

    The parameters are the roles' ARNs; the account is the rotator's.
    """
    return {
        "Version": "2012-10-17",
        "Statement": [
            _allow("TheAccountManagesAndCannotSign", _account_root(rotator_role), _MANAGE),
            _allow("TheIssuerSigns", issuer_role, ["kms:Sign"]),
            _allow("TheRotatorTestsRepairsAndRetires", rotator_role, _TURN),
        ],
    }


def _allow(sid: str, principal: str, actions: list[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Principal": {"AWS": principal}, "Action": actions, "Resource": "*"}


def _account_root(role: str) -> str:
    match = _ROLE_ARN.fullmatch(role)
    if match is None:
        raise ValueError("a role's ARN is arn:<partition>:iam::<account>:role/<name>")
    return f"{match[1]}root"


def same_policy(stored: str, expected: dict[str, Any]) -> bool:
    """Return whether a stored policy equals the expected one, apart from order and spacing; False for invalid JSON."""
    try:
        return bool(_canonical(json.loads(stored)) == _canonical(expected))
    except ValueError:
        return False


def _canonical(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _canonical(each) for name, each in value.items()}
    if isinstance(value, list):
        members = sorted((_canonical(each) for each in value), key=lambda each: json.dumps(each, sort_keys=True))
        # KMS may return a list of one as its member.
        return members[0] if len(members) == 1 else members
    return value
