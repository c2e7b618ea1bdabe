"""The KMS keys that carry a stack's tag, and whether Keyturn created them: any principal with kms:TagResource can tag.

A key that is deleted by mistake takes all data that it encrypts with it. So the tag is a filter and not a proof.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from keyturn.adapters.keys.dynamodb_key_rings import DynamoDbKeyRings
from keyturn.adapters.keys.kms_key_policy import STACK_TAG, is_key_of
from keyturn.domain.errors import KeyturnError

SIGNING, PEPPER, OTHER = "key", "pepper", "other key"

_USAGES = {"SIGN_VERIFY": SIGNING, "GENERATE_VERIFY_MAC": PEPPER}


class TaggedKey(NamedTuple):
    """A key with the stack's tag.

    `found` is KMS's description of it. `kind` is SIGNING only for a key of the stack. `doubt` is the reason for OTHER.
    """

    kind: str
    found: Mapping[str, Any]
    doubt: str = ""

    @property
    def arn(self) -> str:
        """The ARN of the key."""
        arn: str = self.found["Arn"]
        return arn


class StackKeys:
    """The keys of a stack's name in the account and Region of `session`; `tables` are the key ring tables it left."""

    def __init__(self, session: boto3.Session, stack: str, tables: Collection[str]) -> None:
        self._session = session
        self._stack = stack
        self._tables = tables
        self._kms = session.client("kms")

    def tagged(self) -> list[TaggedKey]:
        """Return the keys with the stack's tag; raises the errors of boto3."""
        pages = (
            self._session.client("resourcegroupstaggingapi")
            .get_paginator("get_resources")
            .paginate(TagFilters=[{"Key": STACK_TAG, "Values": [self._stack]}], ResourceTypeFilters=["kms:key"])
        )
        arns = [found["ResourceARN"] for page in pages for found in page["ResourceTagMappingList"]]
        in_rings = self._arns_in_rings() if arns else frozenset()
        return [self._judged(self._kms.describe_key(KeyId=arn)["KeyMetadata"], in_rings) for arn in arns]

    def _arns_in_rings(self) -> frozenset[str]:
        """Return the ARNs in the rings that outlived the stack; an unreadable ring counts as empty."""
        found: set[str] = set()
        for table in self._tables:
            try:
                rings = DynamoDbKeyRings(self._session.client("dynamodb"), table).load_all()
            except (KeyturnError, BotoCoreError, ClientError):
                continue
            found |= {key.arn for ring in rings for key in ring.keys}
        return frozenset(found)

    def _judged(self, found: Mapping[str, Any], in_rings: Collection[str]) -> TaggedKey:
        kind = _USAGES.get(found.get("KeyUsage", ""), OTHER)
        if kind != SIGNING:
            return TaggedKey(kind, found, "it does not sign" if kind == OTHER else "")
        # The rotator creates keys in KMS, for one Region.
        if found.get("MultiRegion"):
            return TaggedKey(OTHER, found, "it is a multi-Region key")
        if found.get("Origin") != "AWS_KMS":
            return TaggedKey(OTHER, found, f"its key material is of the origin {found.get('Origin')}")
        if found["Arn"] in in_rings or self._is_created_for_stack(found):
            return TaggedKey(SIGNING, found)
        return TaggedKey(OTHER, found, f"neither a key ring nor its key policy shows that it is of {self._stack}")

    def _is_created_for_stack(self, found: Mapping[str, Any]) -> bool:
        try:
            stored = self._kms.get_key_policy(KeyId=found["Arn"], PolicyName="default")["Policy"]
        except (BotoCoreError, ClientError):
            return False
        return is_key_of(self._stack, found.get("Description", ""), stored)
