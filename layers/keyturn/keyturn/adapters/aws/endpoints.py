"""The URLs of AWS's services in every partition, without boto3's data on endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.domain.issuer_url import check_issuer_url, is_on_this_machine
from keyturn.environment import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

# The DNS suffix of each partition, and that of its endpoints for IPv4 and IPv6 (botocore's partitions.json).
_DUAL_STACK = {
    "amazonaws.com": "api.aws",
    "amazonaws.com.cn": "api.amazonwebservices.com.cn",
    "amazonaws.eu": "api.amazonwebservices.eu",
    "c2s.ic.gov": "api.aws.ic.gov",
    "sc2s.sgov.gov": "api.aws.scloud",
    "cloud.adc-e.uk": "api.cloud-aws.adc-e.uk",
    "csp.hci.ic.gov": "api.aws.hci.ic.gov",
}


def service_origin(environ: Mapping[str, str], service: str, variable: str) -> str:
    """Return a service's URL: the value of `variable` or AWS_ENDPOINT_URL, else the Region's endpoint.

    Plain http is accepted for loopback hosts alone. A container may also use it for the machine that it runs on. Raises
    SettingsError that names the variable.
    """
    for name in (variable, "AWS_ENDPOINT_URL"):
        origin = environ.get(name, "").removesuffix("/")
        if is_on_this_machine(origin):
            return origin
        if origin:
            try:
                return check_issuer_url(origin)
            except ValueError:
                hosts = "localhost, 127.0.0.1 and host.docker.internal"
                raise SettingsError(f"{name} is https://host[:port], or http:// for {hosts} alone") from None
    return _regional(environ, service)


def _regional(environ: Mapping[str, str], service: str) -> str:
    """Return the Region's endpoint by the variables of AWS's SDKs: of FIPS 140, or for IPv4 and IPv6."""
    region = environ["AWS_REGION"]
    # Code is updated before its environment: the suffix is missing then.
    suffix = environ.get("URL_SUFFIX") or f"amazonaws.com{'.cn' if region.startswith('cn-') else ''}"
    dual_stack = _is_on(environ, "AWS_USE_DUALSTACK_ENDPOINT")
    # In GovCloud the plain endpoints are those of FIPS 140, apart from KMS's.
    is_plain = region.startswith("us-gov-") and service != "kms" and not dual_stack
    if _is_on(environ, "AWS_USE_FIPS_ENDPOINT") and not is_plain:
        service += "-fips"
    if dual_stack:
        suffix = _DUAL_STACK.get(suffix, "")
        if not suffix:
            raise SettingsError("AWS_USE_DUALSTACK_ENDPOINT is true, and this release knows no such endpoint here")
    return f"https://{service}.{region}.{suffix}"


def _is_on(environ: Mapping[str, str], name: str) -> bool:
    return environ.get(name, "").lower() == "true"
