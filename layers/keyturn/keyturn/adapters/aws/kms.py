"""A client of KMS over HTTP, without boto3."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from keyturn.adapters.aws.endpoints import service_origin
from keyturn.adapters.aws.json_service import JsonService, open_patient_connection
from keyturn.adapters.aws.system_clock import wall_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping


class Kms(JsonService):
    """KMS's operations that use a key: only the rotator has those that manage keys."""

    title = "KMS"
    name = "kms"
    target = "TrentService"
    json_version = "1.1"
    operations = frozenset({"GenerateMac", "Sign"})
    blobs = ("Mac", "Signature")


def kms_origin(environ: Mapping[str, str]) -> str:
    """Return KMS's URL, from AWS_ENDPOINT_URL_KMS first; raises SettingsError."""
    return service_origin(environ, "kms", "AWS_ENDPOINT_URL_KMS")


def open_kms(environ: Mapping[str, str]) -> Kms:
    """Return a client for a function that uses keys; raises SettingsError."""
    return Kms(kms_origin(environ), environ, wall_seconds, open_patient_connection, time.sleep)
