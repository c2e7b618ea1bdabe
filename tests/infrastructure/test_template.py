"""The template keeps the promises that no linter knows of."""

from __future__ import annotations

import re
from graphlib import TopologicalSorter
from typing import Any

import pytest

from tests.infrastructure.native_template import NativeTemplate

OPEN_ROUTES = {
    "ANY /oauth2/token",
    "ANY /oauth2/revoke",
    "ANY /oauth2/introspect",
    "ANY /.well-known/jwks.json",
    "ANY /.well-known/oauth-authorization-server",
    "ANY /.well-known/openid-configuration",
}


def test_no_resource_depends_on_itself(template: NativeTemplate) -> None:
    """The transformed template has no cycle, which the linter cannot see on the source."""
    order = TopologicalSorter({name: template.references(name) for name in template.resources})
    assert len(list(order.static_order())) == len(template.resources)


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
    """The console shows each parameter in a group, and no group names one that is not there."""
    groups = source["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    shown = [name for group in groups for name in group["Parameters"]]
    assert sorted(shown) == sorted(source["Parameters"])


def test_every_route_has_an_authorizer_or_is_one_of_the_issuers(template: NativeTemplate) -> None:
    """No route of any API is open by accident (G6)."""
    for name, route in template.of_type("AWS::ApiGatewayV2::Route").items():
        if route["AuthorizationType"] == "NONE":
            assert route["RouteKey"] in OPEN_ROUTES, name
            assert route["ApiId"] == {"Ref": "IssuerApi"}, name
        else:
            assert route["AuthorizationType"] == "CUSTOM", name
            assert route["AuthorizerId"]["Ref"] in template.resources, name
    for name, method in template.of_type("AWS::ApiGateway::Method").items():
        assert method["AuthorizationType"] == "CUSTOM", name
        assert method["AuthorizerId"]["Ref"] in template.resources, name


def test_no_authorizer_answer_is_cached(template: NativeTemplate) -> None:
    """Every authorizer's TTL is written down and is 0: the default would be 300 s (G2, G3)."""
    authorizers = template.of_type("AWS::ApiGatewayV2::Authorizer") | template.of_type("AWS::ApiGateway::Authorizer")
    assert len(authorizers) == 3
    assert {each["AuthorizerResultTtlInSeconds"] for each in authorizers.values()} == {0}


def test_the_issuers_api_leaves_cors_to_the_issuer(template: NativeTemplate) -> None:
    """CORS of an HTTP API is API-wide and would override the function."""
    assert "CorsConfiguration" not in template.properties("IssuerApi")


@pytest.mark.parametrize("table", ["KeyRingTable", "RevocationTable", "ClientTable", "GrantTable"])
def test_a_table_survives_the_stack(template: NativeTemplate, table: str) -> None:
    """No table has a name of its own; each survives a deletion, has point-in-time recovery, and can be protected."""
    resource = template.resources[table]
    assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
    assert resource["UpdateReplacePolicy"] == "Retain"
    properties = resource["Properties"]
    assert "TableName" not in properties
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["DeletionProtectionEnabled"] == {"Ref": "DeletionProtection"}


def test_the_revocation_table_collects_its_garbage(template: NativeTemplate) -> None:
    """Expired revocations leave by the attribute that their items carry."""
    ttl = template.properties("RevocationTable")["TimeToLiveSpecification"]
    assert ttl == {"AttributeName": "expires_at", "Enabled": True}


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
    """Issuer, JWKS, token endpoint, authorizer and the revocation bound are outputs, each with a description."""
    wanted = {"IssuerUrl", "JwksUrl", "TokenEndpoint", "AuthorizerArn", "RevocationBoundSeconds"}
    assert wanted <= template.outputs.keys()
    assert all(output["Description"] for output in template.outputs.values())


def test_whoever_is_called_by_api_gateway_allows_it(template: NativeTemplate) -> None:
    """Each function behind an integration or an authorizer has a permission for that API alone."""
    permissions = {
        (permission["FunctionName"]["Ref"], reference)
        for name, permission in template.of_type("AWS::Lambda::Permission").items()
        for reference in template.references(name) - {permission["FunctionName"]["Ref"]}
        if permission["Principal"] == "apigateway.amazonaws.com" and "SourceArn" in permission
    }
    callers = {
        (function, resource["Properties"].get("ApiId", resource["Properties"].get("RestApiId"))["Ref"])
        for name, resource in template.resources.items()
        if resource["Type"].split("::")[-1] in {"Integration", "Authorizer", "Method"}
        for function in template.references(name)
        if template.resources[function]["Type"] == "AWS::Lambda::Function"
    }
    assert len(callers) == 7
    assert callers <= permissions


def test_no_function_has_an_address_of_its_own(template: NativeTemplate, source: dict[str, Any]) -> None:
    """G11: no function URL stands beside API Gateway, and nobody is permitted to call one."""
    assert template.of_type("AWS::Lambda::Url") == {}
    for name, resource in source["Resources"].items():
        assert "FunctionUrlConfig" not in resource.get("Properties", {}), name
    for name, permission in template.of_type("AWS::Lambda::Permission").items():
        assert permission["Action"] == "lambda:InvokeFunction", name
        assert permission.keys().isdisjoint({"FunctionUrlAuthType", "EventSourceToken", "PrincipalOrgID"}), name


def test_only_an_api_of_this_account_may_call_a_function(template: NativeTemplate) -> None:
    """G11: each permission is API Gateway's, for one API of this stack, and the authorizer's for authorizers alone."""
    apis = template.of_type("AWS::ApiGateway::RestApi") | template.of_type("AWS::ApiGatewayV2::Api")
    own = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:"
    for name, permission in template.of_type("AWS::Lambda::Permission").items():
        ends = ["/authorizers/*"] if permission["FunctionName"] == {"Ref": "AuthorizerFunction"} else ["/*"]
        assert permission["Principal"] == "apigateway.amazonaws.com", name
        assert permission["SourceArn"]["Fn::Sub"] in {f"{own}${{{api}}}{end}" for api in apis for end in ends}, name


def test_the_issuers_routes_are_throttled(template: NativeTemplate) -> None:
    """Each of them has limits of its own, and is there before the stage that names it; the emulator throttles none."""
    routes = {
        name: route["RouteKey"]
        for name, route in template.of_type("AWS::ApiGatewayV2::Route").items()
        if route["ApiId"] == {"Ref": "IssuerApi"}
    }
    stage = template.resources["IssuerApiStage"]
    assert set(stage["DependsOn"]) == set(routes)
    settings = stage["Properties"]["RouteSettings"]
    assert settings.keys() == set(routes.values())
    for limits in (stage["Properties"]["DefaultRouteSettings"], *settings.values()):
        assert limits.keys() == {"ThrottlingBurstLimit", "ThrottlingRateLimit"}
        assert 0 < limits["ThrottlingRateLimit"] <= limits["ThrottlingBurstLimit"]


def test_the_issuers_routes_take_preflights(template: NativeTemplate) -> None:
    """OPTIONS reaches the issuer on every path: without CORS of the API, a route for ANY method takes it too."""
    for route in template.of_type("AWS::ApiGatewayV2::Route").values():
        if route["ApiId"] == {"Ref": "IssuerApi"}:
            assert route["RouteKey"].startswith("ANY ")


@pytest.mark.parametrize("function", ["Authorizer", "TokenIssuer", "KeyRotator"])
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
