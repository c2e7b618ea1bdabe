"""Routes, their functions and their limits: who reaches what, and how often."""

from __future__ import annotations

from typing import Any

from tests.fakes.provider_harness import is_of_login
from tests.infrastructure.native_template import NativeTemplate

ISSUER_ROUTES = {
    "ANY /oauth2/token",
    "ANY /oauth2/revoke",
    "ANY /oauth2/introspect",
    "ANY /.well-known/jwks.json",
    "ANY /.well-known/oauth-authorization-server",
    "ANY /.well-known/openid-configuration",
    "ANY /oauth2/authorize",
    "ANY /oauth2/userinfo",
}
LOGIN_ROUTES = {
    "ANY /login",
    "ANY /login/password",
    "ANY /login/consent",
    "ANY /login/confirm",
    "ANY /login/link",
    "ANY /account",
    "ANY /account/password",
    "ANY /account/sessions",
    "ANY /account/applications",
    "ANY /oauth2/logout",
    "GET /assets/{file}",
}


def test_every_route_is_the_issuers_or_the_logins(template: NativeTemplate) -> None:
    """The template has one API, whose open routes are those of the issuer and the login (G6)."""
    assert list(template.of_type("AWS::ApiGatewayV2::Api")) == ["IssuerApi"]
    assert template.of_type("AWS::ApiGateway::RestApi") == {}
    for name, route in template.of_type("AWS::ApiGatewayV2::Route").items():
        assert (route["AuthorizationType"], route["ApiId"]) == ("NONE", {"Ref": "IssuerApi"}), name
        assert route["RouteKey"] in ISSUER_ROUTES | LOGIN_ROUTES, name


def test_the_issuers_api_leaves_cors_to_the_issuer(template: NativeTemplate) -> None:
    """CORS of an HTTP API is API-wide and would override the function."""
    assert "CorsConfiguration" not in template.properties("IssuerApi")


def test_whoever_is_called_by_api_gateway_allows_it(template: NativeTemplate) -> None:
    """Each function behind an integration has a permission for that API alone."""
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
    assert len(callers) == 2
    assert callers <= permissions


def test_no_function_has_an_address_of_its_own(template: NativeTemplate, source: dict[str, Any]) -> None:
    """G11: the template has neither a function URL nor a permission to call one."""
    assert template.of_type("AWS::Lambda::Url") == {}
    for name, resource in source["Resources"].items():
        assert "FunctionUrlConfig" not in resource.get("Properties", {}), name
    for name, permission in template.of_type("AWS::Lambda::Permission").items():
        assert permission["Action"] == "lambda:InvokeFunction", name
        assert permission.keys().isdisjoint({"FunctionUrlAuthType", "EventSourceToken", "PrincipalOrgID"}), name


def test_only_an_api_of_this_account_may_call_a_function(template: NativeTemplate) -> None:
    """G11: each permission is API Gateway's for the issuer's API; another API's stack permits itself the authorizer."""
    own = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${IssuerApi}/*"
    for name, permission in template.of_type("AWS::Lambda::Permission").items():
        assert permission["FunctionName"] != {"Ref": "AuthorizerFunction"}, name
        assert permission["Principal"] == "apigateway.amazonaws.com", name
        assert permission["SourceArn"]["Fn::Sub"] == own, name


def test_the_issuers_routes_are_throttled(template: NativeTemplate) -> None:
    """Each of them has limits of its own, and is there before the stage that names it; the emulator throttles none."""
    routes = {
        name: route["RouteKey"]
        for name, route in template.of_type("AWS::ApiGatewayV2::Route").items()
        if route["ApiId"] == {"Ref": "IssuerApi"}
    }
    stage = template.resources["IssuerApiStage"]
    assert set(stage["DependsOn"]) - {"FirstKey"} == set(routes)
    settings = stage["Properties"]["RouteSettings"]
    assert settings.keys() == set(routes.values())
    for limits in (stage["Properties"]["DefaultRouteSettings"], *settings.values()):
        assert limits.keys() == {"ThrottlingBurstLimit", "ThrottlingRateLimit"}
        assert 0 < limits["ThrottlingRateLimit"] <= limits["ThrottlingBurstLimit"]


def test_each_route_of_the_issuers_api_leads_to_its_function(template: NativeTemplate) -> None:
    """The login's routes lead to the login, all others to the issuer, which takes OPTIONS on each for preflights."""
    routes = {
        route["RouteKey"]: template.references(name) - {"IssuerApi"}
        for name, route in template.of_type("AWS::ApiGatewayV2::Route").items()
        if route["ApiId"] == {"Ref": "IssuerApi"}
    }
    assert {key for key, leads_to in routes.items() if leads_to == {"IssuerIntegration"}} == ISSUER_ROUTES
    assert {key for key, leads_to in routes.items() if leads_to == {"LoginIntegration"}} == LOGIN_ROUTES
    assert routes.keys() == ISSUER_ROUTES | LOGIN_ROUTES
    # The fake of both functions behind one host leads the same paths to the same functions.
    assert {key for key in routes if is_of_login(key.partition(" ")[2])} == LOGIN_ROUTES
    for integration, function in (("IssuerIntegration", "TokenIssuerFunction"), ("LoginIntegration", "LoginFunction")):
        assert template.references(integration) == {"IssuerApi", function}
    assert all(key.startswith("ANY ") for key in ISSUER_ROUTES)


def test_a_password_is_guessed_at_no_faster_than_it_may_be_hashed(template: NativeTemplate) -> None:
    """Routes of passwords have lower limits than pages: each POST may cost a tenth of a second of CPU."""
    settings = template.properties("IssuerApiStage")["RouteSettings"]
    for route in ("ANY /login/password", "ANY /login/link", "ANY /account/password"):
        assert settings[route]["ThrottlingRateLimit"] < settings["ANY /login"]["ThrottlingRateLimit"], route
