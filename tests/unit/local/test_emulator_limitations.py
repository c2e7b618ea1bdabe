"""The table of emulator limitations, with its adaptations and repairs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from local.emulator_limitations import LIMITATIONS, adapt_template, repair_limitations

if TYPE_CHECKING:
    from local.emulator import Emulator


class RecordingDynamoDB:
    """Answers like a table without expiry, and records the features that are turned on."""

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
    """Returns one client."""

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


def test_every_limitation_says_what_happens_instead() -> None:
    """Each row names its subject once and says what happens here."""
    assert len({row.subject for row in LIMITATIONS}) == len(LIMITATIONS)
    assert all(row.subject and row.here for row in LIMITATIONS)


def test_tables_get_what_cloudformation_ignores() -> None:
    """Expiry and point-in-time recovery are turned on for each deployed table whose template names them."""
    dynamodb = RecordingDynamoDB("DISABLED")
    repair_limitations(cast("Emulator", StubEmulator(dynamodb)), TEMPLATE, {"Table": "keyturn-Table-1"})

    assert sorted(dynamodb.calls) == [("expiry", "keyturn-Table-1"), ("recovery", "keyturn-Table-1")]


def test_a_repair_may_run_again() -> None:
    """Expiry that is on already is left alone, since DynamoDB refuses to turn it on twice."""
    dynamodb = RecordingDynamoDB("ENABLED")
    repair_limitations(cast("Emulator", StubEmulator(dynamodb)), TEMPLATE, {"Table": "keyturn-Table-1"})

    assert dynamodb.calls == [("recovery", "keyturn-Table-1")]


def test_old_layer_versions_do_not_pile_up() -> None:
    """Layer versions lose the Retain that the SAM transform gives them."""
    template: dict[str, Any] = {"Resources": {"Layer": dict(TEMPLATE["Resources"]["Layer"])}}
    adapt_template(template)

    assert template["Resources"]["Layer"]["DeletionPolicy"] == "Delete"


def test_alarms_on_metric_math_are_left_out() -> None:
    """The emulator refuses alarms on metric math; an alarm on one metric and other resources with metrics stay."""
    single = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"MetricName": "Errors"}}
    math = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Metrics": [{"Expression": "SUM(METRICS())"}]}}
    other = {"Type": "AWS::CloudWatch::AnomalyDetector", "Properties": {"Metrics": []}}
    template: dict[str, Any] = {"Resources": {"Single": single, "Math": math, "Other": other}}
    adapt_template(template)

    assert template["Resources"].keys() == {"Single", "Other"}


def test_conditions_on_keys_of_kms_are_left_out() -> None:
    """The emulator never has the condition keys of KMS, which would deny each call; other conditions stay."""
    condition = {
        "StringEquals": {"kms:KeyUsage": "SIGN_VERIFY", "kms:KeySpec": ["RSA_2048"], "aws:RequestTag/a": "b"},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["a"]},
    }
    statements = [{"Action": "kms:CreateKey", "Condition": condition}, {"Action": "tag:GetResources"}]
    role = {"Type": "AWS::IAM::Role", "Properties": {"Policies": [{"PolicyDocument": {"Statement": statements}}]}}
    adapt_template({"Resources": {"Role": role, "Other": {"Type": "AWS::IAM::Role"}}})

    assert condition == {
        "StringEquals": {"aws:RequestTag/a": "b"},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["a"]},
    }
