"""A parameter of SSM Parameter Store, read without boto3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.adapters.aws.endpoints import service_origin
from keyturn.adapters.aws.errors import aws_errors
from keyturn.adapters.aws.json_service import JsonService
from keyturn.domain.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping


def ssm_origin(environ: Mapping[str, str]) -> str:
    """Return SSM's URL, from AWS_ENDPOINT_URL_SSM first; raises SettingsError."""
    return service_origin(environ, "ssm", "AWS_ENDPOINT_URL_SSM")


class SsmParameters(JsonService):
    """Reads parameters of type String."""

    title = "SSM"
    name = "ssm"
    target = "AmazonSSM"
    json_version = "1.1"
    operations = frozenset({"GetParameter"})

    def value(self, parameter: str) -> str:
        """Return the parameter's present value; raises AccessDenied, Throttled, StoreUnavailable."""
        with aws_errors("SSM GetParameter"):
            found = self.call("GetParameter", {"Name": parameter}).get("Parameter")
        value = found.get("Value") if isinstance(found, dict) and found.get("Type") == "String" else None
        if not isinstance(value, str):
            raise StoreUnavailable(f"SSM GetParameter: {parameter} is not a parameter of type String")
        return value
