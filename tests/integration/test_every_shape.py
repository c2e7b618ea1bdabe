"""The examples and further kinds of API, deployed as a user does, under rules that SSM holds."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from unittest import mock

import pytest

from local import __main__ as command
from local.access_rules import PARAMETER
from local.examples import FOLDER as EXAMPLES
from local.ports import ANY_PORTS
from local.stack import EmbeddedStack
from tests.integration.aws import aws, backend_arn, function_name
from tests.integration.http import CLIENT, call, get_token, post, statuses
from tests.integration.websocket_handshake import open_websocket

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack_file import StackFile

TEMPLATE = Path(__file__).with_name("more_apis.yaml")
HTTP = ["Http10Api", "Http20PolicyApi"]


class Apis(NamedTuple):
    """A stack in a checkout `root`, the ids of the APIs beside it, and the URL of the WebSocket example."""

    root: Path
    stack: StackFile
    ids: dict[str, str]
    socket: str

    def get(self, name: str, path: str, token: str | None) -> tuple[int, str]:
        """Call an HTTP API; return the status and the body."""
        url = f"{self.stack.emulator['endpoint_url']}/_aws/execute-api/{self.ids[name]}{path}"
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        answer = CLIENT.get(url, headers=headers)
        return answer.status_code, answer.text

    def connect(self, **headers: str) -> int:
        """Return the status of the handshake of a WebSocket with these headers."""
        return open_websocket(self.socket, {name.replace("_", "-"): value for name, value in headers.items()})


@pytest.fixture(scope="module")
def apis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apis]:
    """Return the APIs, after rules for them were put where the authorizer looks."""
    root = tmp_path_factory.mktemp("shapes")
    with EmbeddedStack(root / ".local", ports=ANY_PORTS, parameters={"AccessRulesParameter": PARAMETER}) as stack:
        ids = deploy_more(stack)
        socket = deploy(root, EXAMPLES / "websocket-api")["SocketUrl"]
        put_rules(root, rules(ids))
        yield Apis(root, stack, ids, socket)


def type_command(root: Path, *arguments: str) -> str:
    """Run `python -m local` in a checkout, and return what it prints."""
    printed = io.StringIO()
    with (
        mock.patch.object(command, "ROOT", root),
        mock.patch.object(sys, "argv", ["local", *arguments]),
        contextlib.redirect_stdout(printed),
    ):
        assert command.main() == 0
    return printed.getvalue()


def deploy(root: Path, folder: Path) -> dict[str, str]:
    """Deploy a folder by the command, and return the outputs."""
    outputs: dict[str, str] = json.loads(type_command(root, "deploy", str(folder), "--json"))["outputs"]
    return outputs


def deploy_more(stack: StackFile) -> dict[str, str]:
    """Deploy the other kinds of API; return their ids."""
    cloudformation = aws(stack, "cloudformation")
    values = {"AuthorizerArn": stack.outputs["AuthorizerArn"], "BackendArn": backend_arn(stack, "http-api")}
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
    routes = {route: [needed] for route in ("GET /reports/{id}", "GET /reports", "GET /orders", "$connect")}
    routes["POST /orders"] = ["reports:write"]
    cached = {"GET /reports/{id}": [needed], "GET /reports/secret": ["reports:write"]}
    named = {
        ids["Http20PolicyApi"]: {"answer": "policy", "routes": routes},
        ids["CachedApi"]: {"answer": "policy", "cached_by": "token", "routes": cached},
    }
    return json.dumps({"apis": {"*": {"routes": routes}, **named}})


def put_rules(root: Path, text: str) -> None:
    """Put the document in force by the command."""
    (root / "rules.json").write_text(text)
    type_command(root, "rules", str(root / "rules.json"))


def break_rules(stack: StackFile) -> None:
    """Store a wrong document past the command's check, and let the next request be that of a new sandbox."""
    aws(stack, "ssm").put_parameter(Name=PARAMETER, Type="String", Value="{", Overwrite=True)
    lambda_, name = aws(stack, "lambda"), function_name(stack, "AuthorizerFunction")
    variables = lambda_.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    lambda_.update_function_configuration(FunctionName=name, Environment={"Variables": variables})


@pytest.mark.parametrize(("example", "bad"), [("http-api", 403), ("rest-api", 401)])
def test_a_copy_of_an_example_is_an_own_api(apis: Apis, example: str, bad: int) -> None:
    """R57: a copied folder with routes of its own answers 401, 403 and 200; an update and a deletion take effect."""
    folder = apis.root / f"own-{example}"
    shutil.copytree(EXAMPLES / example, folder)
    template = folder / "template.yaml"
    template.write_text(template.read_text().replace("Path: /reports", "Path: /orders"))
    url = deploy(apis.root, folder)["ReportsUrl"].replace("/reports", "/orders")
    reader = get_token(apis.stack, scope="reports:read")
    assert (call(url, reader).status_code, call(url, reader).json()["client_id"]) == (200, apis.stack.client_id)
    assert (call(url, None).status_code, call(url, reader, "POST").status_code) == (401, 403)
    assert call(url, reader[:-8] + "AAAAAAAA").status_code == bad
    template.write_text(template.read_text().replace("Path: /orders, Method: POST", "Path: /new, Method: POST"))
    deploy(apis.root, folder)
    # A route that is gone is 404 or, on a REST API, 403; the new one lacks a rule.
    assert call(url, reader, "POST").status_code in {403, 404}
    assert [call(url, reader).status_code, call(url.replace("/orders", "/new"), reader, "POST").status_code] == [
        200,
        403,
    ]
    type_command(apis.root, "delete", folder.name)
    assert call(url, reader).status_code == 404


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
        put_rules(apis.root, rules(apis.ids, needed="reports:write"))
        assert set(statuses(apis.stack, raw).values()) == {403}
        assert apis.get("Http10Api", "/reports/7", raw)[0] == 403
        break_rules(apis.stack)
        assert set(statuses(apis.stack, raw).values()) == {500}
    finally:
        put_rules(apis.root, rules(apis.ids))
    assert statuses(apis.stack, raw) == everywhere
