"""Limitations of the emulator, compared with AWS: one table, printed at every start.

The template is written for AWS. Each row has one behaviour of the emulator that differs. A row may have a function that
changes the native template before a deployment. Another one may repair the stack after it. `tests/emulator` tests each
behaviour: its test fails when the emulator gains the feature, and the row can be deleted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from local.api_bodies import expand_api_bodies, write_cors_in_api_case

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


class EmulatedAws(Protocol):
    """The emulator, as its root reaches it: from the process that started it, or from another one."""

    endpoint_url: str
    log: Path

    def client(self, service: str) -> Any:
        """Return a boto3 client of the service."""


if TYPE_CHECKING:
    Adapt = Callable[[dict[str, Any]], None]
    Repair = Callable[[EmulatedAws, Mapping[str, Any], Mapping[str, str]], None]


@dataclass(frozen=True, slots=True)
class Limitation:
    """One difference: its subject, the behaviour `here` on the emulator, and the functions that compensate for it."""

    subject: str
    here: str
    adapt: Adapt | None = None
    repair: Repair | None = None


def drop_old_layer_versions(template: dict[str, Any]) -> None:
    """Let an update delete the layer version that it replaces, which the SAM transform would retain."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Lambda::LayerVersion":
            resource["DeletionPolicy"] = "Delete"


def drop_metric_math(template: dict[str, Any]) -> None:
    """Remove alarms on metric math, which the emulator's CloudFormation refuses."""
    resources = template["Resources"]
    for logical_id, resource in list(resources.items()):
        if resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]:
            del resources[logical_id]


def drop_kms_conditions(template: dict[str, Any]) -> None:
    """Remove the conditions on `kms:*` keys: the emulator never has these keys, and would deny each call."""
    for resource in template["Resources"].values():
        for policy in (
            resource.get("Properties", {}).get("Policies", ()) if resource["Type"] == "AWS::IAM::Role" else ()
        ):
            for statement in policy["PolicyDocument"]["Statement"]:
                for keys in statement.get("Condition", {}).values():
                    for key in [key for key in keys if key.startswith("kms:")]:
                        del keys[key]


def set_table_features(emulator: EmulatedAws, template: Mapping[str, Any], physical_ids: Mapping[str, str]) -> None:
    """Turn on the table features of the native template that the emulator's CloudFormation ignores."""
    dynamodb = emulator.client("dynamodb")
    for logical_id, resource in template["Resources"].items():
        if resource["Type"] != "AWS::DynamoDB::Table" or logical_id not in physical_ids:
            continue
        table, properties = physical_ids[logical_id], resource["Properties"]
        recovery = properties.get("PointInTimeRecoverySpecification")
        if recovery is not None:
            dynamodb.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=recovery)
        expiry = properties.get("TimeToLiveSpecification")
        status = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]["TimeToLiveStatus"]
        if expiry is not None and status == "DISABLED":
            dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=expiry)


LIMITATIONS = (
    Limitation(
        "expiry and point-in-time recovery of tables",
        "ignored by CloudFormation, set by API calls after the deployment",
        repair=set_table_features,
    ),
    Limitation("old versions of layers", "deleted, since all are held in memory", adapt=drop_old_layer_versions),
    Limitation("processor and runtime of functions", "ignored: handlers run on this machine, on the Python of .venv"),
    Limitation(
        "packages of functions", "packages of .venv can be imported too; a packaging test imports the artifacts alone"
    ),
    Limitation(
        "kms:* and dynamodb:LeadingKeys conditions, and dynamodb:Attributes of updates",
        "not evaluated; actions, resources, tags and key policies are",
        adapt=drop_kms_conditions,
    ),
    Limitation("permissions to invoke a function", "not checked; tests/infrastructure reads them in the template"),
    Limitation("throttling of HTTP APIs", "not enforced"),
    Limitation(
        "OpenAPI bodies of APIs",
        "imported in part for a REST API, ignored for an HTTP API: deployed as resources of their own",
        adapt=expand_api_bodies,
    ),
    Limitation(
        "CORS configuration of HTTP APIs",
        "read from a template under the names of the API alone, and missing in answers of the authorizer",
        adapt=write_cors_in_api_case,
    ),
    Limitation("OPTIONS on HTTP APIs", "403 by the emulator itself: the front proxy asks the route's function instead"),
    Limitation("cookies sent to HTTP APIs", "not in the event: the front proxy asks the route's function"),
    Limitation(
        "source addresses at HTTP APIs", "127.0.0.1 in the event: from any other the front proxy asks the function"
    ),
    Limitation(
        "AWS_IAM on routes of HTTP APIs",
        "an unsigned request passes with any Authorization header; its event has no caller",
    ),
    Limitation("metrics from logs, and alarms", "not evaluated"),
    Limitation("alarms on metric math", "left out of the stack", adapt=drop_metric_math),
    Limitation("reserved concurrency of functions", "ignored by CloudFormation: no function is throttled"),
)


def adapt_template(template: dict[str, Any]) -> None:
    """Apply every adaptation of the table to the native template, in place."""
    for limitation in LIMITATIONS:
        if limitation.adapt is not None:
            limitation.adapt(template)


def repair_limitations(emulator: EmulatedAws, template: Mapping[str, Any], physical_ids: Mapping[str, str]) -> None:
    """Apply every repair of the table; each may run again."""
    for limitation in LIMITATIONS:
        if limitation.repair is not None:
            limitation.repair(emulator, template, physical_ids)
