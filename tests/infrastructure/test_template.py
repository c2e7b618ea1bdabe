"""The template keeps the promises that no linter knows of."""

from __future__ import annotations

import json
import re
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest

from keyturn.domain.keys.rotation_policy import RING_WRITE_SECONDS, PolicyViolation
from keyturn_cli import uninstall
from tests.fakes.rotation_harness import rotation_policy
from tests.fakes.tables import TABLES
from tests.infrastructure.native_template import NativeTemplate, actions

ROOT = Path(__file__).parents[2]

# The MAX_SIZE of a template that a call takes as text; a larger one is read from S3.
TEMPLATE_BODY_BYTES = 51_200


def test_no_resource_depends_on_itself(template: NativeTemplate) -> None:
    """The transformed template has no cycle: the linter would miss it on the source."""
    order = TopologicalSorter({name: template.references(name) for name in template.resources})
    assert len(list(order.static_order())) == len(template.resources)


def test_lambda_filters_no_line_of_metrics(template: NativeTemplate) -> None:
    """Lambda counts a line of metrics as INFO: a higher application log level would silence the alarms."""
    for function in template.of_type("AWS::Lambda::Function").values():
        logging = function["LoggingConfig"]
        assert (logging["LogFormat"], logging.get("ApplicationLogLevel", "INFO")) == ("JSON", "INFO")


def test_a_cycle_would_be_found(template: NativeTemplate) -> None:
    """An issuer that takes its own id from the API that SAM makes of its events would be a cycle."""
    assert "TokenIssuerFunction" in template.references("IssuerIntegration")
    assert "IssuerApi" in template.references("TokenIssuerFunction")
    assert "IssuerIntegration" not in template.references("IssuerApi")


def test_every_parameter_says_what_it_is_and_what_it_takes(source: dict[str, Any]) -> None:
    """Each parameter has a description and a pattern, a range or a list of values."""
    for name, parameter in source["Parameters"].items():
        assert parameter["Description"], name
        assert parameter.keys() & {"AllowedPattern", "AllowedValues", "MinValue"}, name
        assert "Default" in parameter, name


def test_every_parameter_is_in_a_group_of_the_console(source: dict[str, Any]) -> None:
    """The console shows each parameter in a group, and each group's names exist."""
    groups = source["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    shown = [name for group in groups for name in group["Parameters"]]
    assert sorted(shown) == sorted(source["Parameters"])


@pytest.mark.parametrize("table", TABLES.values())
def test_a_table_survives_the_stack(template: NativeTemplate, table: str) -> None:
    """No table has a name of its own; each survives a deletion, has point-in-time recovery, and can be protected."""
    resource = template.resources[table]
    assert resource["DeletionPolicy"] == "Retain"
    assert resource["UpdateReplacePolicy"] == "Retain"
    properties = resource["Properties"]
    assert "TableName" not in properties
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["DeletionProtectionEnabled"] == {"Ref": "DeletionProtection"}


def test_the_tables_are_known(template: NativeTemplate) -> None:
    """No table is left out of what this file asks of each, and `keyturn uninstall` finds each by its logical id."""
    assert set(TABLES.values()) == set(uninstall.TABLES) == set(template.of_type("AWS::DynamoDB::Table"))


@pytest.mark.parametrize(
    "table", ["RevocationTable", "GrantTable", "CredentialTable", "SessionTable", "InteractionTable"]
)
def test_a_table_collects_its_garbage(template: NativeTemplate, table: str) -> None:
    """Expired items leave by the attribute that they carry."""
    ttl = template.properties(table)["TimeToLiveSpecification"]
    assert ttl == {"AttributeName": "expires_at", "Enabled": True}


@pytest.mark.parametrize("table", ["KeyRingTable", "ClientTable", "UserTable", "AuthorityTable"])
def test_a_table_without_an_expiry_keeps_its_items(template: NativeTemplate, table: str) -> None:
    """Keys, registrations and users are never removed by time."""
    assert "TimeToLiveSpecification" not in template.properties(table)


def test_each_function_has_a_role_and_a_log_group_of_its_own(template: NativeTemplate) -> None:
    """A function is a trust boundary: its role is nobody else's, and it writes to its own log group only."""
    functions = template.of_type("AWS::Lambda::Function")
    roles = [template.role_of(name) for name in functions]
    assert len(set(roles)) == len(functions) == 4
    for name, function in functions.items():
        group = function["LoggingConfig"]["LogGroup"]["Ref"]
        [logs] = [each for each in template.statements(template.role_of(name)) if each["Sid"] == "WriteOwnLogs"]
        assert logs["Resource"] == {"Fn::GetAtt": [group, "Arn"]}
        assert "RetentionInDays" in template.properties(group)


def test_the_custom_resource_sees_every_duration_that_the_rotator_sees(template: NativeTemplate) -> None:
    """A changed duration changes the custom resource, so that each deployment is checked against the rules."""
    variables = template.properties("KeyRotatorFunction")["Environment"]["Variables"]
    parameters = {value["Ref"] for value in variables.values() if value.get("Ref") in template.parameters}
    properties = template.properties("FirstKey").values()
    watched = {value["Ref"] for value in properties if isinstance(value, dict) and "Ref" in value}
    assert parameters == watched


def test_the_schedule_keeps_what_it_could_not_deliver(template: NativeTemplate) -> None:
    """A tick is retried, then kept in a queue that an alarm watches; only its own group may use its role."""
    target = template.properties("Schedule")["Target"]
    assert target["RetryPolicy"]["MaximumRetryAttempts"] > 0
    assert target["DeadLetterConfig"]["Arn"] == {"Fn::GetAtt": ["ScheduleDeadLetters", "Arn"]}
    [trust] = template.properties("ScheduleRole")["AssumeRolePolicyDocument"]["Statement"]
    assert set(trust["Condition"]["StringEquals"]) == {"aws:SourceAccount", "aws:SourceArn"}


def test_the_outputs_tell_what_one_needs_next(template: NativeTemplate) -> None:
    """Issuer, JWKS, token endpoint, sign-in, authorizer, tables and bound are outputs, each with a description."""
    wanted = {"IssuerUrl", "JwksUrl", "TokenEndpoint", "AuthorizerArn", "RevocationBoundSeconds"}
    wanted |= {"SignInUrl", "AccountUrl", "LoginFunctionName", "PepperKeyArn"} | {
        f"{table}Name" for table in TABLES.values()
    }
    assert wanted <= template.outputs.keys()
    assert all(output["Description"] for output in template.outputs.values())


def test_the_pepper_survives_and_is_used_by_the_login_alone(template: NativeTemplate) -> None:
    """The pepper is a multi-Region HMAC key that the stack retains; the login alone may generate MACs."""
    key = template.resources["PepperKey"]
    assert (key["DeletionPolicy"], key["UpdateReplacePolicy"]) == ("Retain", "Retain")
    properties = key["Properties"]
    assert (properties["KeySpec"], properties["KeyUsage"]) == ("HMAC_256", "GENERATE_VERIFY_MAC")
    assert properties["MultiRegion"] is True
    root, login = properties["KeyPolicy"]["Statement"]
    assert login["Principal"] == {"AWS": {"Fn::GetAtt": ["LoginRole", "Arn"]}}
    assert actions(login) == {"kms:GenerateMac"}
    assert root["Principal"] == {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}}
    assert "kms:PutKeyPolicy" in actions(root)


def test_the_pepper_cannot_be_lost_by_one_call(template: NativeTemplate) -> None:
    """Passwords are lost with the key: its policy lets nobody disable, delete or pass it on without being rewritten."""
    allowed = {
        action
        for statement in template.properties("PepperKey")["KeyPolicy"]["Statement"]
        for action in actions(statement)
    }
    assert not allowed & {"kms:DisableKey", "kms:ScheduleKeyDeletion", "kms:CreateGrant", "kms:VerifyMac"}
    assert not any("*" in action for action in allowed)


def test_a_secret_parameter_is_never_shown(template: NativeTemplate) -> None:
    """The secret that a CDN shares is NoEcho, and no output names it."""
    assert template.parameters["ClientAddressSecret"]["NoEcho"] is True
    assert "ClientAddressSecret" not in json.dumps(template.outputs)


def test_the_template_goes_by_s3(template: NativeTemplate) -> None:
    """Over 51,200 bytes CloudFormation takes a template from S3 alone, so that no call may pass it as text."""
    assert len((ROOT / "template.yaml").read_bytes()) > TEMPLATE_BODY_BYTES
    for path in (ROOT / "local", ROOT / "cli", ROOT / "tests" / "aws", ROOT / "docs"):
        for file in path.rglob("*.*"):
            if file.suffix in {".py", ".md"}:
                assert not re.search(r"TemplateBody=|--template-body", file.read_text()), file
    environments = tomllib.loads((ROOT / "samconfig.toml").read_text())
    deployed = {
        name: each["deploy"]["parameters"]
        for name, each in environments.items()
        if isinstance(each, dict) and "deploy" in each
    }
    assert deployed.keys() == {"default", "dev", "staging", "prod"}
    assert all(parameters["resolve_s3"] is True for parameters in deployed.values())


@pytest.mark.parametrize("function", ["Authorizer", "TokenIssuer", "Login", "KeyRotator"])
def test_reserved_concurrency_is_none_unless_it_is_asked_for(template: NativeTemplate, function: str) -> None:
    """Empty leaves the property out; a number of 1 or more is taken, since 0 would turn the function off."""
    parameter = f"{function}ReservedConcurrency"
    reserved = template.properties(f"{function}Function")["ReservedConcurrentExecutions"]
    assert reserved == {"Fn::If": [f"Has{parameter}", {"Ref": parameter}, {"Ref": "AWS::NoValue"}]}
    assert template.conditions[f"Has{parameter}"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, ""]}]}
    allowed = re.compile(template.parameters[parameter]["AllowedPattern"])
    assert template.parameters[parameter]["Default"] == ""
    assert [bool(allowed.search(text)) for text in ("", "2", "10", "1000", "99999")] == [True] * 5
    assert bool(allowed.search("1")) is (function != "KeyRotator")  # a tick must not keep out the emergency
    assert [bool(allowed.search(text)) for text in ("0", "00", "01", "-1", "1.5", "100000", " ")] == [False] * 7


def test_the_durations_state_the_rules_of_the_rotator(template: NativeTemplate) -> None:
    """I1, I2: a description has the minimum of the rotator's refusal, with the time of a write."""
    broken = rotation_policy(publish_lead=1, retention=1, jwks_max_age=1)
    with pytest.raises(PolicyViolation) as refusal:
        broken.check()
    minima = re.findall(r"(\w+) must be at least (\w+(?: \+ \w+)+): 1 is less", str(refusal.value))
    assert [parameter for parameter, _ in minima] == ["PublishLeadSeconds", "RetentionSeconds"]
    for parameter, minimum in minima:
        assert f"At least {minimum}." in template.parameters[parameter]["Description"]
        assert minimum.endswith(f" + {RING_WRITE_SECONDS}")
