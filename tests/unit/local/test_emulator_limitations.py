"""The table of emulator gaps, and what it does about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from local.emulator_limitations import GAPS, adapt_template, repair_gaps

if TYPE_CHECKING:
    from local.emulator import Emulator


class RecordingDynamoDB:
    """Answers as a table without expiry would, and records what is turned on."""

    def __init__(self, expiry: str) -> None:
        self.expiry = expiry
        self.calls: list[tuple[str, str]] = []

    def describe_time_to_live(self, **_: object) -> dict[str, Any]:
        return {"TimeToLiveDescription": {"TimeToLiveStatus": self.expiry}}

    def update_time_to_live(self, **request: Any) -> None:
        self.calls.append(("expiry", request["TableName"]))

    def update_continuous_backups(self, **request: Any) -> None:
        self.calls.append(("recovery", request["TableName"]))


class StubEmulator:
    """Hands out one client."""

    def __init__(self, dynamodb: RecordingDynamoDB) -> None:
        self.dynamodb = dynamodb

    def client(self, service: str) -> RecordingDynamoDB:
        assert service == "dynamodb"
        return self.dynamodb


TEMPLATE = {
    "Resources": {
        "Table": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True},
                "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            },
        },
        "NotDeployed": {"Type": "AWS::DynamoDB::Table", "Properties": {"TimeToLiveSpecification": {}}},
        "Layer": {"Type": "AWS::Lambda::LayerVersion", "DeletionPolicy": "Retain", "Properties": {}},
    }
}


def test_every_gap_says_what_happens_instead() -> None:
    """Each row names its subject once and says what happens here."""
    assert len({gap.subject for gap in GAPS}) == len(GAPS)
    assert all(gap.subject and gap.here for gap in GAPS)


def test_tables_get_what_cloudformation_ignores() -> None:
    """Expiry and point-in-time recovery are turned on for the tables that exist and ask for them."""
    dynamodb = RecordingDynamoDB("DISABLED")
    repair_gaps(cast("Emulator", StubEmulator(dynamodb)), TEMPLATE, {"Table": "keyturn-Table-1"})

    assert sorted(dynamodb.calls) == [("expiry", "keyturn-Table-1"), ("recovery", "keyturn-Table-1")]


def test_a_repair_may_run_again() -> None:
    """Expiry that is on already is left alone, since DynamoDB refuses to turn it on twice."""
    dynamodb = RecordingDynamoDB("ENABLED")
    repair_gaps(cast("Emulator", StubEmulator(dynamodb)), TEMPLATE, {"Table": "keyturn-Table-1"})

    assert dynamodb.calls == [("recovery", "keyturn-Table-1")]


def test_old_layer_versions_do_not_pile_up() -> None:
    """Layer versions lose the Retain that the SAM transform gives them."""
    template: dict[str, Any] = {"Resources": {"Layer": dict(TEMPLATE["Resources"]["Layer"])}}
    adapt_template(template)

    assert template["Resources"]["Layer"]["DeletionPolicy"] == "Delete"


def test_alarms_on_metric_math_are_left_out() -> None:
    """The emulator refuses them; an alarm on one metric, and what has metrics of its own, stays."""
    single = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"MetricName": "Errors"}}
    math = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Metrics": [{"Expression": "SUM(METRICS())"}]}}
    other = {"Type": "AWS::CloudWatch::AnomalyDetector", "Properties": {"Metrics": []}}
    template: dict[str, Any] = {"Resources": {"Single": single, "Math": math, "Other": other}}
    adapt_template(template)

    assert template["Resources"].keys() == {"Single", "Other"}
