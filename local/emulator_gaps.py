"""What the emulator does otherwise than AWS: one table, printed at every start.

The template is written for AWS and deployed as it is. Where the emulator falls short, a row says so, and why it is no
harm or what makes up for it; a row with a repair is applied after each deployment. `tests/emulator` pins what the
project leans on, so that a row can leave when the emulator learns it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from local.emulator import Emulator

    Repair = Callable[[Emulator, Mapping[str, Any], Mapping[str, str]], None]


@dataclass(frozen=True, slots=True)
class Gap:
    """One difference: what it is about, and what happens here instead."""

    subject: str
    here: str
    repair: Repair | None = None


def set_table_features(emulator: Emulator, template: Mapping[str, Any], physical_ids: Mapping[str, str]) -> None:
    """Turn on what each table of the native template asks for and CloudFormation there ignores."""
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


GAPS = (
    Gap(
        "expiry and point-in-time recovery of tables",
        "ignored by CloudFormation, set by API calls after the deployment",
        set_table_features,
    ),
    Gap("processor and runtime of functions", "ignored: handlers run on this machine, on the Python of .venv"),
    Gap("packages of functions", "those of .venv are there too; a packaging test imports the artifacts alone"),
    Gap("kms:* and dynamodb:LeadingKeys conditions", "not evaluated; actions, resources and key policies are"),
    Gap("permissions to invoke a function", "not checked; tests/infrastructure reads them in the template"),
    Gap("throttling of HTTP APIs", "not enforced"),
    Gap("metrics from logs, and alarms", "not evaluated"),
    Gap("root credentials", "not checked: whoever reaches the port is root, so it listens on loopback alone"),
)


def repair_gaps(emulator: Emulator, template: Mapping[str, Any], physical_ids: Mapping[str, str]) -> None:
    """Apply every repair of the table; each may run again."""
    for gap in GAPS:
        if gap.repair is not None:
            gap.repair(emulator, template, physical_ids)
