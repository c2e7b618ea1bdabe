"""The endpoints of AWS's services: those of botocore's rules, in each Region of each partition."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from botocore.endpoint_provider import EndpointProvider
from botocore.loaders import Loader

from keyturn.adapters.aws.dynamodb import dynamodb_origin
from keyturn.adapters.aws.kms import kms_origin
from keyturn.adapters.aws.ssm_parameters import ssm_origin
from keyturn.environment import SettingsError

ORIGINS = {"dynamodb": dynamodb_origin, "kms": kms_origin, "ssm": ssm_origin}
PARTITIONS: dict[str, Any] = {each["id"]: each for each in Loader().load_data("partitions")["partitions"]}
VARIANTS = [(fips, dual_stack) for fips in (False, True) for dual_stack in (False, True)]


@cache
def rules_of(service: str) -> EndpointProvider:
    """Return botocore's rules for the endpoints of a service."""
    rules = Loader().load_service_model(service, "endpoint-rule-set-1")
    return EndpointProvider(rules, Loader().load_data("partitions"))


def regions_of(partition: str) -> Iterator[str]:
    """Yield the Regions of a partition, without the names that stand for all of them."""
    yield from (region for region in PARTITIONS[partition]["regions"] if not region.startswith("aws-"))


@pytest.mark.parametrize("service", ORIGINS)
@pytest.mark.parametrize("partition", PARTITIONS)
def test_each_region_of_each_partition_has_the_endpoint_of_botocore(partition: str, service: str) -> None:
    """The endpoint is that of AWS's SDK in each Region, also for FIPS 140 and for IPv6."""
    suffix = PARTITIONS[partition]["outputs"]["dnsSuffix"]
    for region in regions_of(partition):
        for fips, dual_stack in VARIANTS:
            environ = {
                "AWS_REGION": region,
                "URL_SUFFIX": suffix,
                "AWS_USE_FIPS_ENDPOINT": str(fips),
                "AWS_USE_DUALSTACK_ENDPOINT": str(dual_stack).lower(),
            }
            expected = rules_of(service).resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dual_stack)
            assert ORIGINS[service](environ) == expected.url


def test_all_partitions_are_compared() -> None:
    """The data of botocore holds the partitions that AWS has today, with a Region in each."""
    assert {"aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f"} <= set(
        PARTITIONS
    )
    assert all(any(regions_of(partition)) for partition in PARTITIONS)


@pytest.mark.parametrize("region", [*regions_of("aws"), *regions_of("aws-cn"), *regions_of("aws-us-gov")])
def test_an_environment_of_the_release_before_has_its_endpoint(region: str) -> None:
    """An update changes the code first: without the suffix, the three older partitions have their endpoints."""
    expected = rules_of("dynamodb").resolve_endpoint(Region=region, UseFIPS=False, UseDualStack=False)
    assert dynamodb_origin({"AWS_REGION": region}) == expected.url
    assert dynamodb_origin({"AWS_REGION": region, "URL_SUFFIX": ""}) == expected.url


@pytest.mark.parametrize("origin", ORIGINS.values())
def test_an_unknown_partition_has_no_dual_stack_endpoint(origin: Any) -> None:
    """A later partition works by its suffix; its endpoints for IPv6 are refused by name rather than guessed."""
    environ = {"AWS_REGION": "xx-moon-1", "URL_SUFFIX": "aws.moon"}
    assert origin(environ).endswith(".xx-moon-1.aws.moon")
    with pytest.raises(SettingsError, match=r"^AWS_USE_DUALSTACK_ENDPOINT is true"):
        origin(environ | {"AWS_USE_DUALSTACK_ENDPOINT": "true"})


@pytest.mark.parametrize("variable", ["AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"])
def test_a_named_endpoint_goes_before_the_variants(variable: str) -> None:
    """An endpoint in the environment is used as it is, as in AWS's SDK."""
    environ = {"AWS_REGION": "us-east-1", variable: "true", "AWS_ENDPOINT_URL": "https://vpce.example"}
    assert dynamodb_origin(environ) == "https://vpce.example"


@pytest.mark.parametrize("value", ["", "0", "false", "yes", "1"])
def test_a_variant_is_on_by_true_alone(value: str) -> None:
    """A variable that AWS's SDK takes for false is false here."""
    environ = {"AWS_REGION": "us-east-1", "AWS_USE_FIPS_ENDPOINT": value, "AWS_USE_DUALSTACK_ENDPOINT": value}
    assert dynamodb_origin(environ) == "https://dynamodb.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    "origin",
    [
        *("https://vpce.example", "https://vpce.example:8443", "http://localhost:4566", "http://127.0.0.1"),
        "http://host.docker.internal:4566",
    ],
)
@pytest.mark.parametrize("slash", ["", "/"])
def test_a_named_endpoint_may_end_in_a_slash(origin: str, slash: str) -> None:
    """An endpoint of the environment is https, or http on the machine itself; its slash is not part of it."""
    environ = {"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": origin + slash}
    assert dynamodb_origin(environ) == origin
    assert dynamodb_origin(environ | {"AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_DYNAMODB": origin + slash}) == origin


@pytest.mark.parametrize(
    "origin",
    ["http://aws.example", "http://localhost.example", "http://10.0.0.1", "https://vpce.example/path", "vpce.example"],
)
@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"])
def test_another_endpoint_is_refused_by_the_name_of_its_variable(origin: str, variable: str) -> None:
    """R61: requests in plain text leave the machine for no endpoint, since they carry the role's session."""
    hosts = r"localhost, 127\.0\.0\.1 and host\.docker\.internal"
    with pytest.raises(SettingsError, match=rf"^{variable} is https://host\[:port\], or http:// for {hosts} alone$"):
        dynamodb_origin({"AWS_REGION": "us-east-1", variable: origin})
