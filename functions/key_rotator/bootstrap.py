"""The composition root: settings → adapters → rotator, once per cold start."""

from __future__ import annotations

import os
import secrets
from functools import cache

from key_rotator.rings import Rings
from key_rotator.rotation import Rotator
from key_rotator.settings import RotatorSettings
from keyturn.adapters.aws.boto3_clients import dynamodb_client, kms_client, tagging_client
from keyturn.adapters.aws.service_clock import ServiceClock
from keyturn.adapters.aws.system_clock import wall_seconds
from keyturn.adapters.keys.dynamodb_key_ring import DynamoDbKeyRingStore
from keyturn.adapters.keys.kms_key_provisioner import KeyOwners, KmsClients, KmsKeyProvisioner

# KMS makes an RSA key while it is asked for one.
_KMS_READ_TIMEOUT = 5.0


@cache
def bootstrap() -> Rings:
    """Return the rotators that the environment describes; raises SettingsError, again at each call."""
    return connect(RotatorSettings.from_environment(os.environ))


def connect(settings: RotatorSettings) -> Rings:
    """Return the rotators on AWS; DynamoDB's responses set their clock."""
    dynamodb = dynamodb_client()
    clients = KmsClients(
        kms=kms_client(read_timeout=_KMS_READ_TIMEOUT),
        kms_once=kms_client(read_timeout=_KMS_READ_TIMEOUT, attempts=1),
        tagging=tagging_client(),
    )
    owners = KeyOwners(settings.stack_name, settings.issuer_role_arn, settings.rotator_role_arn)
    store = DynamoDbKeyRingStore(dynamodb, settings.key_ring_table, settings.revocation_table)
    keys = KmsKeyProvisioner(clients, owners)
    clock = ServiceClock(dynamodb)
    return Rings(
        tuple(
            Rotator(
                store=store,
                keys=keys,
                clock=clock,
                policy=policy,
                local_time=wall_seconds,
                new_nonce=lambda: secrets.token_hex(16),
                ring_name=name,
            )
            for name, policy in settings.policies.items()
        )
    )
