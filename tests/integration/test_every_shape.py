"""The kinds of API that the examples leave out, deployed beside them and called, under rules that SSM holds."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from local.ports import ANY_PORTS
from local.stack import EmbeddedStack
from tests.integration.aws import aws, function_name
from tests.integration.http import CLIENT, get_token, post, statuses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack_file import StackFile

RULES = "/keyturn/access-rules"
TEMPLATE = Path(__file__).with_name("more_apis.yaml")
HTTP = ["Http10Api", "Http20PolicyApi"]


class Apis(NamedTuple):
    """A stack, and the ids of the APIs beside it."""

    stack: StackFile
    ids: dict[str, str]

    def get(self, name: str, path: str, token: str | None) -> tuple[int, str]:
        """Call an HTTP API; return the status and the body."""
        url = f"{self.stack.emulator['endpoint_url']}/_aws/execute-api/{self.ids[name]}{path}"
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        answer = CLIENT.get(url, headers=headers)
        return answer.status_code, answer.text

    def connect(self, **headers: str) -> int:
        """Open a WebSocket, and close it again; return the handshake's status (RFC 6455 §4.1)."""
        host = self.stack.emulator["endpoint_url"].removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=40)
        handshake = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        }
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request("GET", f"/_aws/execute-api/{self.ids['SocketApi']}/live", headers=handshake | sent)
            return connection.getresponse().status
        finally:
            connection.close()


@pytest.fixture(scope="module")
def apis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apis]:
    """Return the APIs, after rules for them were put where the authorizer looks."""
    directory = tmp_path_factory.mktemp("shapes")
    with EmbeddedStack(directory, ports=ANY_PORTS, parameters={"AccessRulesParameter": RULES}) as stack:
        ids = deploy_more(stack)
        put_rules(stack, rules(ids))
        yield Apis(stack, ids)


def deploy_more(stack: StackFile) -> dict[str, str]:
    """Deploy the other kinds of API; return their ids."""
    cloudformation = aws(stack, "cloudformation")
    backend = aws(stack, "lambda").get_function(FunctionName=function_name(stack, "ExampleBackendFunction"))
    values = {
        "AuthorizerArn": stack.outputs["AuthorizerArn"],
        "BackendArn": backend["Configuration"]["FunctionArn"],
    }
    cloudformation.create_stack(
        StackName="more-apis",
        TemplateBody=TEMPLATE.read_text(),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()],
    )
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="more-apis", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    [described] = cloudformation.describe_stacks(StackName="more-apis")["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}


def rules(ids: dict[str, str], needed: str = "reports:read") -> str:
    """Return the document: of the one API that wants a policy in words of its own, of all others in common ones."""
    routes = {"GET /reports/{id}": [needed], "GET /reports": [needed], "$connect": [needed]}
    cached = {"GET /reports/{id}": [needed], "GET /reports/secret": ["reports:write"]}
    named = {
        ids["Http20PolicyApi"]: {"answer": "policy", "routes": routes},
        ids["CachedApi"]: {"answer": "policy", "cached_by": "token", "routes": cached},
    }
    return json.dumps({"apis": {"*": {"routes": routes}, **named}})


def put_rules(stack: StackFile, text: str) -> None:
    """Put the document into the parameter, and let the next request be that of a new sandbox."""
    aws(stack, "ssm").put_parameter(Name=RULES, Type="String", Value=text, Overwrite=True)
    lambda_, name = aws(stack, "lambda"), function_name(stack, "AuthorizerFunction")
    variables = lambda_.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    lambda_.update_function_configuration(FunctionName=name, Environment={"Variables": variables})


@pytest.mark.parametrize("name", HTTP)
def test_an_http_api_lets_a_good_token_in_and_no_other(apis: Apis, name: str) -> None:
    """R57: payload format 1.0, and 2.0 with a policy: allowed, refused, forbidden and unasked, each in its own way."""
    # The emulator's 1.0 event lacks its version and passes for a REST API's, whose 401 an HTTP API knows not: 500.
    refused = 500 if name == "Http10Api" else 403
    raw, writer = get_token(apis.stack), get_token(apis.stack, scope="reports:write")
    status, body = apis.get(name, "/reports/7", raw)
    assert (status, json.loads(body)["client_id"]) == (200, apis.stack.client_id)
    assert apis.get(name, "/reports/7", raw[:-8] + "AAAAAAAA")[0] == refused
    assert apis.get(name, "/reports/7", writer)[0] == 403
    assert apis.get(name, "/reports/7", None)[0] == 401
    assert post(apis.stack, "revoke", token=raw).status_code == 200
    assert apis.get(name, "/reports/7", raw)[0] == refused


@pytest.mark.parametrize("first", ["/reports/7", "/reports/secret", "/other"])
def test_one_answer_that_api_gateway_keeps_is_right_for_every_route(apis: Apis, first: str) -> None:
    """R55: a cache by the token alone answers each route by its own rule, regardless of the first route."""
    raw = get_token(apis.stack, scope="reports:read")
    expected = {"/reports/7": 200, "/reports/8": 200, "/reports/secret": 403, "/other": 403}
    assert apis.get("CachedApi", first, raw)[0] == expected[first]
    # Nobody asks the authorizer any more: it would refuse each of them.
    assert post(apis.stack, "revoke", token=raw).status_code == 200
    assert {path: apis.get("CachedApi", path, raw)[0] for path in expected} == expected
    assert json.loads(apis.get("CachedApi", "/reports/8", raw)[1])["client_id"] == apis.stack.client_id


def test_a_websocket_connects_with_one_good_token(apis: Apis) -> None:
    """R60: the token is in the Authorization header or in the protocol after `bearer`, never in both."""
    raw, writer = get_token(apis.stack), get_token(apis.stack, scope="reports:write")
    assert apis.connect(Authorization=f"Bearer {raw}") == 101
    assert apis.connect(Sec_WebSocket_Protocol=f"bearer, {raw}") == 101
    assert apis.connect() == 403
    assert apis.connect(Authorization=f"Bearer {writer}") == 403
    assert apis.connect(Sec_WebSocket_Protocol=f"bearer, {raw}", Authorization=f"Bearer {raw}") == 403
    assert post(apis.stack, "revoke", token=raw).status_code == 200
    assert apis.connect(Authorization=f"Bearer {raw}") == 403


def test_rules_change_without_a_deployment(apis: Apis) -> None:
    """The parameter's document decides on every kind of API; a wrong one closes a cold sandbox: 500."""
    raw = get_token(apis.stack, scope="reports:read")
    everywhere = {"http": 200, "rest_token": 200, "rest_request": 200}
    assert statuses(apis.stack, raw) == everywhere
    try:
        put_rules(apis.stack, rules(apis.ids, needed="reports:write"))
        assert set(statuses(apis.stack, raw).values()) == {403}
        assert apis.get("Http10Api", "/reports/7", raw)[0] == 403
        put_rules(apis.stack, "{")
        assert set(statuses(apis.stack, raw).values()) == {500}
    finally:
        put_rules(apis.stack, rules(apis.ids))
    assert statuses(apis.stack, raw) == everywhere
