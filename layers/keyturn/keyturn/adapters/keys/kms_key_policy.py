"""Who may do what with a signing key: written into the key itself, at its birth.

Tags take minutes to count, and KMS's default policy lets every principal with kms:Sign on "*" mint tokens.
"""

from __future__ import annotations

import json
import re
from typing import Any

# Whose key it is: for orphans and bills, never for a right.
STACK_TAG = "keyturn:stack"

_ROLE_ARN = re.compile(r"(arn:[a-z-]+:iam::[0-9]{12}:)role/.+")

# No Sign, no CreateGrant: a grant would pass on the right to sign.
_MANAGE = [
    "kms:CancelKeyDeletion",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:EnableKey",
    "kms:GetKeyPolicy",
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
    """Return the policy of every signing key: the issuer signs, the rotator turns, the account manages and cannot sign.

    Takes the roles' ARNs; the account is the rotator's.
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
    """Return whether a stored policy says the same, whatever its order and spacing; text that is no JSON does not."""
    try:
        return bool(_canonical(json.loads(stored)) == _canonical(expected))
    except ValueError:
        return False


def _canonical(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _canonical(each) for name, each in value.items()}
    if isinstance(value, list):
        members = sorted((_canonical(each) for each in value), key=lambda each: json.dumps(each, sort_keys=True))
        # KMS may write a list of one as its member.
        return members[0] if len(members) == 1 else members
    return value
