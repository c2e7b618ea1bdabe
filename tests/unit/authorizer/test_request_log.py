"""The log lines about one request: where it went, and nothing that its caller wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from authorizer.app import AuthorizerFault, lambda_handler
from keyturn.domain.errors import StoreUnavailable
from keyturn.domain.revocations.revocation import Revocation, Target, TargetKind
from tests.fakes.authorizer_events import API_ID, KINDS, authorizer_event, method_arn
from tests.fakes.lambda_context import lambda_context
from tests.fakes.token_factory import NOW, good_claims, make_token

if TYPE_CHECKING:
    from tests.unit.authorizer.conftest import AuthorizerWorld

INVOCATION = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
SECRET_PATH = "/reports/ada@example.com"


def handshake(token: str) -> dict[str, Any]:
    return {
        "type": "REQUEST",
        "methodArn": method_arn("$connect", ""),
        "headers": {"Authorization": f"Bearer {token}"},
        "requestContext": {"eventType": "CONNECT", "requestId": "ws-request", "apiId": API_ID},
    }


def ask(event: dict[str, Any]) -> None:
    context = lambda_context()
    context._aws_request_id = INVOCATION
    try:
        lambda_handler(event, context)
    except AuthorizerFault:
        raise
    except Exception as error:
        assert error.args == ("Unauthorized",)  # noqa: PT017 - the answer 401 is an exception


def request_id(event: dict[str, Any]) -> str:
    """Return the id by which the operator finds the request: a TOKEN event has the invocation's alone."""
    found: str = event.get("requestContext", {}).get("requestId", INVOCATION)
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("raw", ["x.y.z", make_token(claims={"scope": "reports:read"})])
def test_a_refusal_names_api_method_route_and_request(world: AuthorizerWorld, kind: str, raw: str) -> None:
    """R66: the line of an unauthorized and of a forbidden request says where it went, by the route's template."""
    event = authorizer_event(kind, raw, path=SECRET_PATH, template="/reports/{id}")
    ask(event)
    [line] = world.lines()
    assert (line["event"], line["api"], line["api_id"]) == ("refused", kind, API_ID)
    assert (line["method"], line["route"]) == ("GET", "/reports/{id}")
    assert line["request_id"] == request_id(event)
    assert "ada" not in str(line)


@pytest.mark.parametrize("raw", ["x.y.z", make_token(claims={"scope": "other"})])
def test_a_refused_handshake_names_its_api(world: AuthorizerWorld, raw: str) -> None:
    """R66, G12: the route of a handshake is `$connect`."""
    ask(handshake(raw))
    [line] = world.lines()
    assert (line["api"], line["api_id"], line["method"], line["route"]) == ("websocket", API_ID, "$connect", "$connect")
    assert line["request_id"] == "ws-request"


@pytest.mark.parametrize("kind", ["http_1.0", "http_2.0"])
def test_a_refusal_of_the_default_route_names_it(world: AuthorizerWorld, kind: str) -> None:
    """R66, G7: on `$default` the line has the event's own method, and its path stays out."""
    arn = method_arn("$default", "")
    event = authorizer_event(kind, make_token(claims={"scope": "other"}), path=SECRET_PATH, template="$default")
    ask(event | {"methodArn": arn, "routeArn": arn})
    [line] = world.lines()
    assert (line["method"], line["route"]) == ("GET", "$default")
    assert "ada" not in str(line)


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/reports", "/reports"),
        ("/reports/7", "/reports/{id}"),
        ("/%72eports/7", "/reports/{id}"),
        ("/reports/7/", "/reports/{id}"),
        ("/nowhere", None),
        ("/reports/..%2f", None),
    ],
)
def test_the_route_of_a_token_event_is_that_of_the_best_rule(
    world: AuthorizerWorld, path: str, route: str | None
) -> None:
    """R66, G7: a TOKEN event lacks the route, so that the line has the template of the best rule."""
    ask(authorizer_event("rest_token", make_token(claims={"scope": "other"}), path=path))
    [line] = world.lines()
    assert line.get("route") == route


def test_a_refusal_names_the_rule_that_refuses(world: AuthorizerWorld) -> None:
    """R66, G7: below a wider route another rule than the route's own may need more, and the line names it."""
    routes = {"ANY /{proxy+}": ["reports:read"], "ANY /admin/{proxy+}": ["reports:write"]}
    world.document = {"apis": {"*": {"routes": routes}}}
    world.authorizer = world.build("simple")
    raw = make_token(claims={"scope": "reports:read"})
    for kind in KINDS:
        ask(authorizer_event(kind, raw, path="/admin/users", template="/{proxy+}"))
    assert [line["rule"] for line in world.lines()] == ["ANY /admin/{proxy+}"] * len(KINDS)


def test_a_token_that_is_invalid_names_the_route_alone(world: AuthorizerWorld) -> None:
    """R57: the rule is named only where it is the reason, as it is not for a revoked token."""
    world.revoke(Revocation(Target.of(TargetKind.TOKEN, good_claims()["jti"]), expires_at=NOW + 3600))
    ask(authorizer_event("http_2.0", make_token(claims={"scope": "other"})))
    [line] = world.lines()
    assert (line["reason"], line["route"], "rule" in line) == ("revoked", "/reports", False)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["M-SEARCH", "get", "eyJhbGciOiJIUzI1NiJ9", "SECRET"])
def test_a_method_that_a_caller_made_up_stays_out(world: AuthorizerWorld, kind: str, method: str) -> None:
    """R66: a caller writes the method, so that the line has known methods alone."""
    ask(authorizer_event(kind, make_token(claims={"scope": "other"}), method=method))
    [line] = world.lines()
    assert (line["method"], line["event"]) == ("other", "refused")


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_names_api_method_route_and_request(world: AuthorizerWorld, kind: str) -> None:
    """R66: the line of a fault says which request could not be decided."""
    world.ring.fault = StoreUnavailable("DynamoDB GetItem: TimeoutError")
    event = authorizer_event(kind, make_token(), path=SECRET_PATH, template="/reports/{id}")
    with pytest.raises(AuthorizerFault):
        ask(event)
    [line] = world.lines()
    assert (line["event"], line["api"], line["api_id"], line["method"]) == ("authorizer_fault", kind, API_ID, "GET")
    assert line.get("route") == (None if kind == "rest_token" else "/reports/{id}")
    assert line["request_id"] == request_id(event)
    assert "ada" not in str(line)


def test_a_request_without_an_id_has_a_line_all_the_same(world: AuthorizerWorld) -> None:
    """R66: neither a missing context nor an event without an id is a fault."""
    event = authorizer_event("http_2.0", "x.y.z")
    del event["requestContext"]["requestId"]
    for each in (event, event | {"requestContext": None}, authorizer_event("rest_token", "x.y.z")):
        try:
            lambda_handler(each, None)
        except Exception as error:
            assert error.args == ("Unauthorized",)  # noqa: PT017 - the answer 401 is an exception
    assert [line["event"] for line in world.lines()] == ["refused"] * 3
