"""Creates, finds, disables and deletes signing keys in KMS; only the rotator imports this module."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from botocore.exceptions import ClientError

from keyturn.adapters.aws.errors import aws_errors, error_code
from keyturn.adapters.keys.kms_key_policy import STACK_TAG, key_description, key_policy, same_policy
from keyturn.adapters.keys.kms_signer import KmsSigner, kms_algorithm
from keyturn.domain.errors import AccessDenied, KeyUnusable

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_kms.literals import KeySpecType
    from mypy_boto3_kms.type_defs import KeyMetadataTypeDef

_Answer = TypeVar("_Answer")

NONCE_TAG = "keyturn:nonce"
_PAUSES = (1.0, 2.0, 4.0, 8.0)  # seconds; IAM and KMS are consistent a little later
_RSA_SPECS: dict[int, KeySpecType] = {2048: "RSA_2048", 3072: "RSA_3072"}
_PENDING = frozenset({"PendingDeletion", "PendingReplicaDeletion"})
# KMS may answer so until it knows a new role, a new key, or the policy of a new key.
_UNKNOWN_ROLE = frozenset({"MalformedPolicyDocumentException"})
_UNKNOWN_KEY = frozenset({"NotFoundException"})
_NEW_KEY = frozenset({"AccessDeniedException", "NotFoundException"})


class KmsClients(NamedTuple):
    """boto3's clients: KMS, KMS with one attempt a call, and the Resource Groups Tagging API.

    CreateKey has no idempotency token: a second attempt after a lost response would create an orphaned key.
    """

    kms: KMSClient
    kms_once: KMSClient
    tagging: Any


class KeyOwners(NamedTuple):
    """The stack that owns the keys, and the ARNs of the roles that may use them."""

    stack: str
    issuer_role: str
    rotator_role: str


class KmsKeyProvisioner(KmsSigner):
    """A KeyProvisioner whose keys carry the stack's name and the creation's nonce in tags."""

    def __init__(self, clients: KmsClients, owners: KeyOwners, pause: Callable[[float], None] = time.sleep) -> None:
        """Raise ValueError for an ARN in `owners` that is not a role's."""
        super().__init__(clients.kms)
        self._kms_once = clients.kms_once
        self._tagging = clients.tagging
        self._stack = owners.stack
        self._policy = key_policy(owners.issuer_role, owners.rotator_role)
        self._pause = pause

    def create_key(self, algorithm: str, nonce: str, *, rsa_key_size: int = 2048) -> str:
        """Create a signing key with its policy and tags, and return its ARN; the size in bits, of RSA keys alone.

        After AccessDenied or Throttled no key was created. After StoreUnavailable a key may have been created.
        """

        spec = kms_algorithm(algorithm).key_spec

        def create() -> str:
            answer = self._kms_once.create_key(
                KeySpec=_RSA_SPECS[rsa_key_size] if spec == "RSA_2048" else spec,
                KeyUsage="SIGN_VERIFY",
                Description=key_description(algorithm, self._stack),
                Policy=json.dumps(self._policy),
                Tags=[{"TagKey": STACK_TAG, "TagValue": self._stack}, {"TagKey": NONCE_TAG, "TagValue": nonce}],
            )
            return answer["KeyMetadata"]["Arn"]

        return self._insist("KMS CreateKey", create, _UNKNOWN_ROLE)

    def public_key(self, arn: str) -> bytes:
        """Return the public key as DER SubjectPublicKeyInfo (RFC 5280 §4.1); waits for a key that was just created."""
        return self._insist("KMS GetPublicKey", lambda: self._kms.get_public_key(KeyId=arn)["PublicKey"], _NEW_KEY)

    def sign(self, arn: str, algorithm: str, signing_input: bytes) -> bytes:
        """Return KMS's signature; waits for a key that was just created, since only the self-test signs here."""
        for pause in _PAUSES:
            with contextlib.suppress(AccessDenied, KeyUnusable):
                return super().sign(arn, algorithm, signing_input)
            self._pause(pause)
        return super().sign(arn, algorithm, signing_input)

    def find_by_nonce(self, nonce: str, *, since: int) -> tuple[str, ...]:
        """Return the ARNs of this stack's signing keys with the nonce, created since then and not pending deletion.

        A key that the rotator may not describe is left out: it was created without the rotator's policy.
        """
        filters = [{"Key": STACK_TAG, "Values": [self._stack]}, {"Key": NONCE_TAG, "Values": [nonce]}]
        with aws_errors("tag GetResources"):
            pages = self._tagging.get_paginator("get_resources").paginate(
                TagFilters=filters, ResourceTypeFilters=["kms:key"]
            )
            arns = [found["ResourceARN"] for page in pages for found in page["ResourceTagMappingList"]]
        return tuple(arn for arn in arns if self._was_created_since(since, arn))

    def can_sign(self, arn: str) -> bool:
        """Return whether KMS signs with the key: False if it is disabled, pending deletion or deleted."""
        return self._state(arn) not in ("Disabled", *_PENDING, None)

    def repair_policy(self, arn: str) -> bool:
        """Set the expected key policy if the key has another one; return whether it had."""
        stored = self._insist(
            "KMS GetKeyPolicy",
            lambda: self._kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"],
            _UNKNOWN_KEY,
        )
        if same_policy(stored, self._policy):
            return False
        policy = json.dumps(self._policy)
        self._insist(
            "KMS PutKeyPolicy",
            lambda: self._kms.put_key_policy(KeyId=arn, PolicyName="default", Policy=policy),
            _UNKNOWN_KEY | _UNKNOWN_ROLE,
        )
        return True

    def disable(self, arn: str) -> None:
        """Disable the key; a key that is pending deletion or deleted is accepted, since it cannot sign."""
        self._retire("KMS DisableKey", arn, lambda: self._kms.disable_key(KeyId=arn))

    def schedule_deletion(self, arn: str, window_days: int) -> None:
        """Schedule the key's deletion; a key that is pending deletion or deleted is accepted."""
        self._retire(
            "KMS ScheduleKeyDeletion",
            arn,
            lambda: self._kms.schedule_key_deletion(KeyId=arn, PendingWindowInDays=window_days),
        )

    def _retire(self, what: str, arn: str, call: Callable[[], object]) -> None:
        """Make the call; raises KeyUnusable unless the key is pending deletion or deleted."""
        try:
            self._insist(what, call, _UNKNOWN_KEY)
        except KeyUnusable:
            # KMS reports an invalid state in other cases too.
            found = self._describe(arn)
            if found is not None and found.get("KeyState") not in _PENDING:
                raise

    def _was_created_since(self, since: int, arn: str) -> bool:
        """Return whether the key is a signing key that was created since then and is not pending deletion."""
        try:
            found = self._describe(arn)
        except AccessDenied:
            return False
        if found is None or found.get("KeyState") in _PENDING or found.get("KeyUsage") != "SIGN_VERIFY":
            return False
        return found["CreationDate"].timestamp() >= since

    def _state(self, arn: str) -> str | None:
        """Return KMS's name of the key's state, or None for a deleted key; waits for a key that was just created.

        A tick may read a key seconds after its creation: one early NotFound must not replace the key.
        """
        found = self._describe(arn)
        for pause in _PAUSES:
            if found is not None:
                break
            self._pause(pause)
            found = self._describe(arn)
        return None if found is None else found.get("KeyState")

    def _describe(self, arn: str) -> KeyMetadataTypeDef | None:
        """Return KMS's description of a key, or None for a deleted key."""
        with aws_errors("KMS DescribeKey"):
            try:
                return self._kms.describe_key(KeyId=arn)["KeyMetadata"]
            except self._kms.exceptions.NotFoundException:
                return None

    def _insist(self, what: str, call: Callable[[], _Answer], while_codes: frozenset[str]) -> _Answer:
        """Return the call's response; the call is repeated a few times while KMS answers with one of the codes."""
        for pause in _PAUSES:
            with aws_errors(what):
                try:
                    return call()
                except ClientError as error:
                    if error_code(error) not in while_codes:
                        raise
            self._pause(pause)
        with aws_errors(what):
            return call()
