"""KMS in this process, by moto, with the tag look-up that moto does not have."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
from moto import mock_aws

from keyturn.adapters.keys.kms_key_provisioner import KeyOwners, KmsClients, KmsKeyProvisioner

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

OWNERS = KeyOwners(
    "keyturn-test",
    "arn:aws:iam::123456789012:role/keyturn-issuer",
    "arn:aws:iam::123456789012:role/path/keyturn-rotator",
)


@contextmanager
def moto_kms() -> Iterator[KMSClient]:
    """Return a client of an empty KMS; nothing leaves the process."""
    with mock_aws():
        kms = boto3.client(
            "kms", region_name="eu-central-1", aws_access_key_id="testing", aws_secret_access_key="testing"
        )
        for operation in ("DisableKey", "ScheduleKeyDeletion"):
            kms.meta.events.register(f"provide-client-params.kms.{operation}", _use_key_id)
        yield kms


def _use_key_id(params: dict[str, Any], **_event: Any) -> Any:
    """Give moto the key's id: these two operations do not take an ARN there, as they do on AWS."""
    return params | {"KeyId": params["KeyId"].rpartition("/")[2]}


def provisioner(kms: KMSClient, pauses: list[float] | None = None, owners: KeyOwners = OWNERS) -> KmsKeyProvisioner:
    """Return the adapter; its pauses are noted instead of waited."""
    return KmsKeyProvisioner(
        KmsClients(kms, kms, TagLookUp(kms)), owners, (pauses if pauses is not None else []).append
    )


class TagLookUp:
    """The Resource Groups Tagging API's get_resources for keys, one page a key."""

    def __init__(self, kms: KMSClient) -> None:
        self._kms = kms

    def get_paginator(self, operation: str) -> TagLookUp:
        """Return itself."""
        assert operation == "get_resources"
        return self

    def paginate(self, *, TagFilters: list[Any], ResourceTypeFilters: list[str]) -> Iterator[Any]:  # noqa: N803 - boto3's names
        """Return the keys that have all the tags."""
        assert ResourceTypeFilters == ["kms:key"]
        for key in self._kms.list_keys()["Keys"]:
            tags = {tag["TagKey"]: tag["TagValue"] for tag in self._kms.list_resource_tags(KeyId=key["KeyId"])["Tags"]}
            matches = all(tags.get(each["Key"]) in each["Values"] for each in TagFilters)
            yield {"ResourceTagMappingList": [{"ResourceARN": key["KeyArn"]}] if matches else []}
