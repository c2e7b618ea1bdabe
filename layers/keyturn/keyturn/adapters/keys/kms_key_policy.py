"""The key policy of every signing key, set when KMS creates the key.

Access rules by tags take minutes to apply. KMS's default policy lets every principal with kms:Sign on "*" sign tokens.
"""

from __future__ import annotations

import json
import re
from typing import Any

# The tag names the stack of a key, for orphaned keys and bills; permissions never depend on it.
STACK_TAG = "keyturn:stack"

_DESCRIPTION = "Keyturn signing key {} of {}"
_SIDS = ("TheAccountManagesAndCannotSign", "TheIssuerSigns", "TheRotatorTestsRepairsAndRetires")
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
            _allow(_SIDS[0], _account_root(rotator_role), _MANAGE),
            _allow(_SIDS[1], issuer_role, ["kms:Sign"]),
            _allow(_SIDS[2], rotator_role, _TURN),
        ],
    }


def key_description(algorithm: str, stack: str) -> str:
    """Return the description of a signing key.

    The policy gives kms:UpdateKeyDescription to nobody: the description names the stack that created the key.
    """
    return _DESCRIPTION.format(algorithm, stack)


def is_key_of(stack: str, description: str, stored_policy: str) -> bool:
    """Return whether a key has the description and the statements of a signing key of the stack.

    The principals are not compared: KMS shows the id of a deleted role instead of its ARN.
    """
    if re.fullmatch(_DESCRIPTION.format(r"\w+", re.escape(stack)), description) is None:
        return False
    try:
        statements = json.loads(stored_policy)["Statement"]
        return sorted(statement["Sid"] for statement in statements) == sorted(_SIDS)
    except (ValueError, KeyError, TypeError):
        return False


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
